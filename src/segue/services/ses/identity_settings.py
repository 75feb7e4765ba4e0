"""What is set of an identity: notification topics, forwarding, DKIM, MAIL FROM, policies (the older API)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from segue.api import Call
from segue.errors import AwsError
from segue.languages.policy import MalformedPolicy, validate_document
from segue.services.ses import feedback, verification
from segue.services.ses.addresses import invalid
from segue.services.ses.identities import canonical, change, dkim_tokens, find, identity, kind_of
from segue.services.ses.records import IDENTITY, Thing
from segue.services.ses.service import SERVICE, named

_identity = named(IDENTITY, "Identity")
_KINDS: Final = ("Bounce", "Complaint", "Delivery")
_MOST_POLICIES: Final = 20
_LONGEST_POLICY: Final = 4_096


def _each(call: Call, params: dict[str, Any], show: Callable[[Thing], dict[str, Any] | None]) -> dict[str, Any]:
    """What is shown of each identity that is asked for and there."""
    found = {name: find(call, name if "@" in name else name.lower()) for name in params["Identities"]}
    return {name: show(thing) for name, thing in found.items() if thing is not None}


@SERVICE.operation("SetIdentityNotificationTopic", resource=_identity)
def set_identity_notification_topic(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Have a topic told of what happens to an identity's mail; no topic: nobody."""
    found, kind, topic = identity(call, params["Identity"]), params["NotificationType"], params.get("SnsTopic")
    topics = {name: arn for name, arn in (found.document.get("Topics") or {}).items() if name != kind}
    if topic:
        feedback.greet_topic(call, found.name, kind, topic)
        topics[kind] = topic
    change(call, found.name, Topics=topics)
    return {}


@SERVICE.operation("SetIdentityHeadersInNotificationsEnabled", resource=_identity)
def set_identity_headers_in_notifications_enabled(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    found = identity(call, params["Identity"])
    headers = {**(found.document.get("Headers") or {}), params["NotificationType"]: params["Enabled"]}
    change(call, found.name, Headers=headers)
    return {}


@SERVICE.operation("SetIdentityFeedbackForwardingEnabled", resource=_identity)
def set_identity_feedback_forwarding_enabled(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Bounces and complaints must be told to somebody: by mail, or to a topic each."""
    found = identity(call, params["Identity"])
    topics = found.document.get("Topics") or {}
    if not params["ForwardingEnabled"] and not {"Bounce", "Complaint"} <= topics.keys():
        raise invalid(f"Identity <{found.name}> is not configured with an Amazon SNS topic for bounces and complaints.")
    change(call, found.name, Forwarding=params["ForwardingEnabled"])
    return {}


@SERVICE.operation("GetIdentityNotificationAttributes", reads=True)
def get_identity_notification_attributes(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    def show(thing: Thing) -> dict[str, Any]:
        topics, headers = thing.document.get("Topics") or {}, thing.document.get("Headers") or {}
        shown: dict[str, Any] = {f"{kind}Topic": topics[kind] for kind in _KINDS if kind in topics}
        shown |= {f"HeadersIn{kind}NotificationsEnabled": headers.get(kind, False) for kind in _KINDS}
        return {**shown, "ForwardingEnabled": thing.document.get("Forwarding", True)}

    return {"NotificationAttributes": _each(call, params, show)}


@SERVICE.operation("SetIdentityDkimEnabled", resource=_identity)
def set_identity_dkim_enabled(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    found = identity(call, params["Identity"])
    tokens = found.document.get("DkimTokens") or (dkim_tokens(call) if kind_of(found.name) == "DOMAIN" else None)
    change(call, found.name, DkimEnabled=params["DkimEnabled"], DkimTokens=tokens)
    return {}


@SERVICE.operation("GetIdentityDkimAttributes", reads=True)
def get_identity_dkim_attributes(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    def show(thing: Thing) -> dict[str, Any]:
        tokens = thing.document.get("DkimTokens")
        status = thing.document["Verified"] if tokens else "NotStarted"
        enabled = thing.document.get("DkimEnabled", False)
        return {"DkimEnabled": enabled, "DkimVerificationStatus": status, "DkimTokens": tokens}

    return {"DkimAttributes": _each(call, params, show)}


@SERVICE.operation("SetIdentityMailFromDomain", resource=_identity)
def set_identity_mail_from_domain(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    set_mail_from(call, params["Identity"], params.get("MailFromDomain"), params.get("BehaviorOnMXFailure"))
    return {}


def set_mail_from(call: Call, name: str, domain: str | None, behavior: str | None) -> None:
    """Set an identity's MAIL FROM domain, which must be below its own; none: AWS's."""
    found = identity(call, name)
    if not domain:
        change(call, found.name, MailFrom=None)
        return
    own = found.name.rpartition("@")[2]
    wanted = canonical(domain)
    if not wanted.endswith(f".{own}"):
        raise invalid(f"Provided MAIL-FROM domain <{domain}> is not subdomain of the domain of the identity <{own}>.")
    status = verification.begin(call, found.name, verification.MAIL_FROM)
    mail_from = {"Domain": wanted, "Behavior": behavior or "UseDefaultValue", "Status": status}
    change(call, found.name, MailFrom=mail_from)


@SERVICE.operation("GetIdentityMailFromDomainAttributes", reads=True)
def get_identity_mail_from_domain_attributes(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    def show(thing: Thing) -> dict[str, Any]:
        mail_from = thing.document.get("MailFrom") or {}
        return {
            "MailFromDomain": mail_from.get("Domain", ""),
            "MailFromDomainStatus": mail_from.get("Status", verification.SUCCESS),
            "BehaviorOnMXFailure": mail_from.get("Behavior", "UseDefaultValue"),
        }

    return {"MailFromDomainAttributes": _each(call, params, show)}


@SERVICE.operation("PutIdentityPolicy", resource=_identity)
def put_identity_policy(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    put_policy(call, params["Identity"], params["PolicyName"], params["Policy"])
    return {}


def put_policy(call: Call, name: str, policy_name: str, policy: str) -> None:
    """Attach a policy to an identity, or change it.

    Raises:
        AwsError: ``InvalidPolicy``: it is none; ``LimitExceeded``: there are twenty.
    """
    found = identity(call, name)
    try:
        if len(policy) > _LONGEST_POLICY:
            raise MalformedPolicy(f"The policy is longer than {_LONGEST_POLICY} characters.")
        validate_document(policy, "resource")
    except MalformedPolicy as error:
        raise AwsError("InvalidPolicy", str(error)) from None
    policies = {**(found.document.get("Policies") or {}), policy_name: policy}
    if len(policies) > _MOST_POLICIES:
        raise AwsError("LimitExceeded", f"An identity has at most {_MOST_POLICIES} policies.")
    change(call, found.name, Policies=policies)


@SERVICE.operation("DeleteIdentityPolicy", resource=_identity)
def delete_identity_policy(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    delete_policy(call, params["Identity"], params["PolicyName"])
    return {}


def delete_policy(call: Call, name: str, policy_name: str) -> None:
    """Take a policy off an identity; one that is not there is no error."""
    found = identity(call, name)
    policies = {key: text for key, text in (found.document.get("Policies") or {}).items() if key != policy_name}
    change(call, found.name, Policies=policies)


@SERVICE.operation("GetIdentityPolicies", reads=True, resource=_identity)
def get_identity_policies(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    policies = identity(call, params["Identity"]).document.get("Policies") or {}
    return {"Policies": {name: policies[name] for name in params["PolicyNames"] if name in policies}}


@SERVICE.operation("ListIdentityPolicies", reads=True, resource=_identity)
def list_identity_policies(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    return {"PolicyNames": sorted(identity(call, params["Identity"]).document.get("Policies") or {})}
