"""The account: what it may send, its suppression list, tags of all things."""

from __future__ import annotations

from typing import Any

from segue.api import Call
from segue.api.tags import add_tags, remove_tags, tags_of
from segue.arn import is_arn, parse_arn
from segue.services.ses import records, suppression
from segue.services.ses.accounts import account_of, change_account, quota
from segue.services.ses.addresses import checked
from segue.services.ses.records import SUPPRESSED, Thing
from segue.services.ses.service import page, scope_of, scope_of_arn
from segue.services.ses.v2.identities import given_tags, listed_tags
from segue.services.ses.v2.service import not_found, operation


@operation("GetAccount", reads=True)
def get_account(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    account = account_of(call)
    return {
        "DedicatedIpAutoWarmupEnabled": False,
        "EnforcementStatus": "HEALTHY",
        "ProductionAccessEnabled": not call.api.settings.ses_sandbox,
        "SendQuota": quota(call),
        "SendingEnabled": account["SendingEnabled"],
        "SuppressionAttributes": {"SuppressedReasons": account["SuppressedReasons"]},
        "Details": account.get("Details"),
    }


@operation("PutAccountDetails")
def put_account_details(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """What AWS would review before an account leaves the sandbox. Nobody reviews here: how the server was started says
    whether it is in it.
    """
    members = ("MailType", "WebsiteURL", "ContactLanguage", "UseCaseDescription", "AdditionalContactEmailAddresses")
    details = {member: params[member] for member in members if params.get(member) is not None}
    review = {"Status": "PENDING" if call.api.settings.ses_sandbox else "GRANTED", "CaseId": "1"}
    change_account(call, Details={**details, "ReviewDetails": review})
    return {}


@operation("PutAccountSendingAttributes")
def put_account_sending_attributes(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    change_account(call, SendingEnabled=params.get("SendingEnabled") is True)
    return {}


@operation("PutAccountSuppressionAttributes")
def put_account_suppression_attributes(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    change_account(call, SuppressedReasons=params.get("SuppressedReasons") or [])
    return {}


@operation("PutSuppressedDestination")
def put_suppressed_destination(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    suppression.add(call, checked(params["EmailAddress"]), params["Reason"])
    return {}


@operation("GetSuppressedDestination", reads=True)
def get_suppressed_destination(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    found = records.find(call.tx, scope_of(call), SUPPRESSED, params["EmailAddress"].lower())
    if found is None:
        raise _not_suppressed(params)
    return {"SuppressedDestination": _summary(found)}


@operation("DeleteSuppressedDestination")
def delete_suppressed_destination(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    if not records.delete(call.tx, scope_of(call), SUPPRESSED, params["EmailAddress"].lower()):
        raise _not_suppressed(params)
    return {}


def _not_suppressed(params: dict[str, Any]) -> Exception:
    return not_found(f"Email address {params['EmailAddress']} does not exist on your suppression list.")


def _summary(thing: Thing) -> dict[str, Any]:
    return {
        "EmailAddress": thing.document["Address"],
        "Reason": thing.document["Reason"],
        "LastUpdateTime": thing.changed_at_ms,
    }


@operation("ListSuppressedDestinations", reads=True)
def list_suppressed_destinations(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    found, token = page(call, SUPPRESSED, params, params.get("PageSize"), 1_000)
    since_ms, until_ms = params.get("StartDate") or 0, params.get("EndDate") or call.now_ms
    reasons = params.get("Reasons") or ("BOUNCE", "COMPLAINT")
    kept = [
        _summary(thing)
        for thing in found
        if since_ms <= thing.changed_at_ms <= until_ms and thing.document["Reason"] in reasons
    ]
    return {"SuppressedDestinationSummaries": kept, "NextToken": token}


def _tagged(call: Call, params: dict[str, Any]) -> str:
    return str(params["ResourceArn"])


def _existing_arn(call: Call, params: dict[str, Any]) -> str:
    arn: str = params["ResourceArn"]
    kind, _, name = parse_arn(arn).resource.partition("/") if is_arn(arn) else ("", "", "")
    if records.find(call.tx, scope_of_arn(arn) if kind else "", kind, name) is None:
        raise not_found(f"The resource {arn} does not exist.")
    return arn


@operation("TagResource", resource=_tagged)
def tag_resource(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    add_tags(call.tx, _existing_arn(call, params), given_tags(params))
    return {}


@operation("UntagResource", resource=_tagged)
def untag_resource(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    remove_tags(call.tx, _existing_arn(call, params), params["TagKeys"])
    return {}


@operation("ListTagsForResource", reads=True, resource=_tagged)
def list_tags_for_resource(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    return {"Tags": listed_tags(tags_of(call.tx, _existing_arn(call, params)))}
