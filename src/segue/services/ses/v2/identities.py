"""Identities: made, described, listed, changed, deleted; their policies."""

from __future__ import annotations

from typing import Any, Final

from segue.api import Call
from segue.api.tags import add_tags, tags_of
from segue.errors import AwsError
from segue.services.ses import identities, verification
from segue.services.ses.identities import canonical, change, kind_of
from segue.services.ses.identity_settings import delete_policy, put_policy, set_mail_from
from segue.services.ses.records import CONFIGURATION_SET, IDENTITY, Thing
from segue.services.ses.service import arn_of, existing, named, page
from segue.services.ses.v2.service import bad_request, not_found, operation

_identity = named(IDENTITY, "EmailIdentity")
_BEHAVIORS: Final = {"USE_DEFAULT_VALUE": "UseDefaultValue", "REJECT_MESSAGE": "RejectMessage"}
_OLD_BEHAVIORS: Final = {old: new for new, old in _BEHAVIORS.items()}


def _found(call: Call, params: dict[str, Any]) -> Thing:
    name = params["EmailIdentity"]
    thing = identities.find(call, canonical(name))
    if thing is None:
        raise not_found(f"Email identity {name} does not exist.")
    return thing


def listed_tags(tags: dict[str, str]) -> list[dict[str, str]]:
    """Tags as this API lists them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def given_tags(params: dict[str, Any]) -> dict[str, str]:
    """Tags as this API takes them."""
    return {tag["Key"]: tag["Value"] for tag in params.get("Tags") or ()}


@operation("CreateEmailIdentity", resource=_identity)
def create_email_identity(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """A new identity, which is verified as all are (see :mod:`segue.services.ses.verification`)."""
    name, set_name = canonical(params["EmailIdentity"]), params.get("ConfigurationSetName")
    if identities.find(call, name) is not None:
        raise AwsError("AlreadyExistsException", f"Email identity {name} already exist.")
    if set_name:
        existing(call, CONFIGURATION_SET, set_name)
    thing = identities.verify(call, name)
    signing = params.get("DkimSigningAttributes") or {}
    origin = "EXTERNAL" if signing.get("DomainSigningSelector") else "AWS_SES"
    change(call, name, ConfigurationSet=set_name, DkimOrigin=origin if kind_of(name) == "DOMAIN" else None)
    add_tags(call.tx, arn_of(call, IDENTITY, name), given_tags(params))
    thing = _found(call, params)
    return {
        "IdentityType": kind_of(name),
        "VerifiedForSendingStatus": _is_verified(thing),
        "DkimAttributes": _dkim(thing),
    }


def _is_verified(thing: Thing) -> bool:
    return bool(thing.document["Verified"] == verification.SUCCESS)


def _status(thing: Thing) -> str:
    return str(thing.document["Verified"]).upper()


def _dkim(thing: Thing) -> dict[str, Any]:
    tokens = thing.document.get("DkimTokens")
    if not tokens:
        return {"SigningEnabled": False, "Status": "NOT_STARTED", "SigningAttributesOrigin": "AWS_SES"}
    return {
        "SigningEnabled": thing.document.get("DkimEnabled", True),
        "Status": _status(thing),
        "Tokens": tokens,
        "SigningAttributesOrigin": thing.document.get("DkimOrigin", "AWS_SES"),
        "NextSigningKeyLength": "RSA_2048_BIT",
        "CurrentSigningKeyLength": "RSA_2048_BIT",
        "LastKeyGenerationTimestamp": thing.created_at_ms,
    }


@operation("GetEmailIdentity", reads=True, resource=_identity)
def get_email_identity(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    thing = _found(call, params)
    mail_from = thing.document.get("MailFrom")
    answer: dict[str, Any] = {
        "IdentityType": kind_of(thing.name),
        "FeedbackForwardingStatus": thing.document.get("Forwarding", True),
        "VerifiedForSendingStatus": _is_verified(thing),
        "DkimAttributes": _dkim(thing),
        "Policies": thing.document.get("Policies") or {},
        "Tags": listed_tags(tags_of(call.tx, arn_of(call, IDENTITY, thing.name))),
        "ConfigurationSetName": thing.document.get("ConfigurationSet"),
        "VerificationStatus": _status(thing),
        "VerificationInfo": {"LastCheckedTimestamp": thing.changed_at_ms},
    }
    if mail_from:
        answer["MailFromAttributes"] = {
            "MailFromDomain": mail_from["Domain"],
            "MailFromDomainStatus": mail_from["Status"].upper(),
            "BehaviorOnMxFailure": _OLD_BEHAVIORS.get(mail_from["Behavior"], "USE_DEFAULT_VALUE"),
        }
    return answer


@operation("ListEmailIdentities", reads=True)
def list_email_identities(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    found, token = page(call, IDENTITY, params, params.get("PageSize"), 1_000)
    infos = [
        {
            "IdentityType": kind_of(thing.name),
            "IdentityName": thing.name,
            "SendingEnabled": True,
            "VerificationStatus": _status(thing),
        }
        for thing in found
    ]
    return {"EmailIdentities": infos, "NextToken": token}


@operation("DeleteEmailIdentity", resource=_identity)
def delete_email_identity(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    identities.remove(call, _found(call, params).name)
    return {}


@operation("PutEmailIdentityFeedbackAttributes", resource=_identity)
def put_feedback_attributes(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    change(call, _found(call, params).name, Forwarding=params.get("EmailForwardingEnabled") is True)
    return {}


@operation("PutEmailIdentityMailFromAttributes", resource=_identity)
def put_mail_from_attributes(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    behavior = _BEHAVIORS.get(params.get("BehaviorOnMxFailure") or "")
    set_mail_from(call, _found(call, params).name, params.get("MailFromDomain"), behavior)
    return {}


@operation("PutEmailIdentityConfigurationSetAttributes", resource=_identity)
def put_configuration_set_attributes(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """The configuration set of mail that names none."""
    thing, set_name = _found(call, params), params.get("ConfigurationSetName") or None
    if set_name:
        existing(call, CONFIGURATION_SET, set_name)
    change(call, thing.name, ConfigurationSet=set_name)
    return {}


@operation("PutEmailIdentityDkimAttributes", resource=_identity)
def put_dkim_attributes(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    change(call, _found(call, params).name, DkimEnabled=params.get("SigningEnabled") is True)
    return {}


@operation("PutEmailIdentityDkimSigningAttributes", resource=_identity)
def put_dkim_signing_attributes(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Kept; nothing is signed here: a mail server that mail goes through may do that."""
    thing = _found(call, params)
    if kind_of(thing.name) != "DOMAIN":
        raise bad_request("DKIM signing attributes are those of a domain.")
    change(call, thing.name, DkimOrigin=params["SigningAttributesOrigin"])
    return {"DkimStatus": _status(thing), "DkimTokens": thing.document.get("DkimTokens")}


@operation("CreateEmailIdentityPolicy", resource=_identity)
def create_policy(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    thing = _found(call, params)
    if params["PolicyName"] in (thing.document.get("Policies") or {}):
        raise AwsError("AlreadyExistsException", f"Policy {params['PolicyName']} already exists.")
    put_policy(call, thing.name, params["PolicyName"], params["Policy"])
    return {}


@operation("UpdateEmailIdentityPolicy", resource=_identity)
def update_policy(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    thing = _found(call, params)
    if params["PolicyName"] not in (thing.document.get("Policies") or {}):
        raise not_found(f"Policy {params['PolicyName']} does not exist.")
    put_policy(call, thing.name, params["PolicyName"], params["Policy"])
    return {}


@operation("DeleteEmailIdentityPolicy", resource=_identity)
def delete_identity_policy(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    delete_policy(call, _found(call, params).name, params["PolicyName"])
    return {}


@operation("GetEmailIdentityPolicies", reads=True, resource=_identity)
def get_policies(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    return {"Policies": _found(call, params).document.get("Policies") or {}}
