"""What may be set of a subscription, and how it is kept.

Source: conformance cases subscribe_attributes, set_subscription_attributes, validate_policy_*.
"""

from __future__ import annotations

import json
from typing import Final

from segue.arn import is_arn
from segue.languages.filterpolicy import InvalidFilterPolicy, Scope
from segue.languages.filterpolicy import compile as compile_filter_policy
from segue.services.sns.arns import invalid
from segue.services.sns.delivery_policy import check_subscription_policy

ATTRIBUTES: Final = frozenset(
    (
        "DeliveryPolicy",
        "FilterPolicy",
        "FilterPolicyScope",
        "RawMessageDelivery",
        "RedrivePolicy",
        "ReplayPolicy",
        "SubscriptionRoleArn",
    )
)
_REMOVED_BY_AN_OBJECT: Final = ("DeliveryPolicy", "RedrivePolicy", "ReplayPolicy")
"""What an empty object removes, as nothing does."""
_SCOPES: Final[tuple[Scope, ...]] = ("MessageAttributes", "MessageBody")


def checked_attributes(asked: dict[str, str], before: dict[str, str] | None = None) -> dict[str, str]:
    """Attributes after a change; an empty value stands for "remove it"."""
    after = dict(before or {})
    for name, value in asked.items():
        if name not in ATTRIBUTES:
            raise invalid("AttributeName")
        if name == "RawMessageDelivery":
            if value.lower() not in ("true", "false"):
                raise invalid(f"Attributes Reason: RawMessageDelivery: Invalid value [{value}]. Must be true or false.")
            after[name] = value.lower()
        elif name == "FilterPolicyScope":
            if value not in _SCOPES:
                raise invalid(
                    f"Attributes Reason: FilterPolicyScope: Invalid value [{value}]. "
                    "Please use either MessageBody or MessageAttributes"
                )
            after[name] = value
        elif not value or (name in _REMOVED_BY_AN_OBJECT and value.strip() == "{}"):
            after.pop(name, None)
        else:
            after[name] = _checked_document(name, value)
    _check_filter_policy(after)
    if "DeliveryPolicy" in asked and after.get("DeliveryPolicy"):
        check_subscription_policy(after["DeliveryPolicy"], after.get("RawMessageDelivery") == "true")
    return after


def _checked_document(name: str, value: str) -> str:
    if name in ("SubscriptionRoleArn", "ReplayPolicy"):  # a replay is checked with its topic
        return value
    try:
        document = json.loads(value)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise invalid(f"Attributes Reason: {name}: failed to parse JSON.")
    if name == "RedrivePolicy":
        target = document.get("deadLetterTargetArn")
        if not isinstance(target, str) or not is_arn(target) or target.split(":")[2] != "sqs":
            raise invalid("RedrivePolicy: deadLetterTargetArn is an invalid arn")
    return value


def _check_filter_policy(attributes: dict[str, str]) -> None:
    text = attributes.get("FilterPolicy")
    if not text:
        return
    scope: Scope = "MessageBody" if attributes.get("FilterPolicyScope") == "MessageBody" else "MessageAttributes"
    attributes["FilterPolicyScope"] = scope
    try:
        compile_filter_policy(text, scope)
    except InvalidFilterPolicy as error:
        raise invalid(f"Attributes Reason: FilterPolicy: {error}") from None
