"""Subscriptions: subscribe, confirm, describe, change, list, unsubscribe.

Source: conformance cases subscribe_*, unsubscribe_*, sns_confirm_subscription_wrong_token.
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import replace
from typing import Any, Final

from segue.api import Call
from segue.api.deliveries import Delivery, record
from segue.api.paginate import encode_token
from segue.arn import is_arn
from segue.errors import AwsError, not_implemented
from segue.languages.filterpolicy import InvalidFilterPolicy, Scope
from segue.languages.filterpolicy import compile as compile_filter_policy
from segue.services.sns import records
from segue.services.sns.arns import check_arn, find_topic, invalid, topic_arn
from segue.services.sns.records import Subscription, Topic
from segue.services.sns.service import SERVICE
from segue.services.sns.topics import DELIVERY_POLICY, PAGE, after_token

_TOKEN_BYTES = 144
_TOKEN = re.compile(r"[0-9a-f]{288}", re.ASCII)
_SMS = re.compile(r"\+?[0-9]{1,20}", re.ASCII)
#: protocols whose owner must confirm, by a message that goes to the endpoint
CONFIRMED_BY_MESSAGE: Final = frozenset(("http", "https", "email", "email-json"))
_PROTOCOLS: Final = CONFIRMED_BY_MESSAGE | {"sms", "sqs", "lambda", "application", "firehose"}
_ATTRIBUTES: Final = frozenset(
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
_SCOPES: Final[tuple[Scope, ...]] = ("MessageAttributes", "MessageBody")
NO_SENDER: Final = "Segue does not deliver to {protocol} endpoints yet"


@SERVICE.operation("Subscribe", resource=topic_arn)
def subscribe(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Subscribe an endpoint; those that have to be confirmed are pending."""
    topic = find_topic(call, params["TopicArn"])
    protocol: str = params["Protocol"]
    endpoint: str = params.get("Endpoint") or ""
    _check_endpoint(topic, protocol, endpoint)
    attributes = _checked_attributes(params.get("Attributes") or {})
    same = next(
        (
            subscription
            for subscription in records.subscriptions_of(call.tx, topic.arn)
            if (subscription.protocol, subscription.endpoint) == (protocol, endpoint)
        ),
        None,
    )
    if same is not None:
        if attributes and attributes != same.attributes:
            raise invalid("Attributes Reason: Subscription already exists with different attributes")
        return _subscribed(same, params)
    pending = protocol in CONFIRMED_BY_MESSAGE
    subscription = Subscription(
        arn=f"{topic.arn}:{call.tx.ids.uuid()}",
        id=call.tx.ids.ordered(call.now_ms),
        topic=topic.arn,
        protocol=protocol,
        endpoint=endpoint,
        owner=call.account,
        principal=_principal(call),
        pending=pending,
        authenticated=not pending,
        token=base64.b64decode(call.tx.ids.token(_TOKEN_BYTES)).hex(),
        attributes=attributes,
        raw=False,
        dead_letter_arn="",
    )
    records.save_subscription(call.tx, subscription)
    if pending:
        reason = f"{NO_SENDER.format(protocol=protocol)}: confirm it by ConfirmSubscription, token {subscription.token}"
        record(call, Delivery(topic.arn, endpoint, "sns:SubscriptionConfirmation", "failed", 1, reason))
    return _subscribed(subscription, params)


@SERVICE.operation("ConfirmSubscription", resource=topic_arn)
def confirm_subscription(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    token: str = params["Token"]
    check_arn("TopicArn", params["TopicArn"])
    if not _TOKEN.fullmatch(token):
        raise AwsError("InvalidParameter", "Invalid token")
    subscription = records.subscription_by_token(call.tx, params["TopicArn"], token)
    if subscription is None:
        raise invalid("Token")
    authenticated = params.get("AuthenticateOnUnsubscribe", "").lower() == "true"
    if subscription.pending:
        records.save_subscription(call.tx, replace(subscription, pending=False, authenticated=authenticated))
    return {"SubscriptionArn": subscription.arn}


@SERVICE.operation("Unsubscribe")
def unsubscribe(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Remove a subscription; one that is not there is no error."""
    arn: str | None = params.get("SubscriptionArn")
    if arn is None:
        raise invalid("SubscriptionArn Reason: no value for required parameter")
    check_arn("SubscriptionArn", arn)
    if arn.count(":") < 6:
        raise invalid("SubscriptionId")
    subscription = records.subscription_of(call.tx, arn)
    if subscription is not None:
        records.delete_subscription(call.tx, subscription)
    return {}


@SERVICE.operation("GetSubscriptionAttributes", reads=True)
def get_subscription_attributes(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    subscription = _find(call, params)
    attributes = {
        "SubscriptionArn": subscription.arn,
        "TopicArn": subscription.topic,
        "Protocol": subscription.protocol,
        "Endpoint": subscription.endpoint,
        "Owner": subscription.owner,
        "SubscriptionPrincipal": subscription.principal,
        "PendingConfirmation": str(subscription.pending).lower(),
        "ConfirmationWasAuthenticated": str(subscription.authenticated).lower(),
        "RawMessageDelivery": "false",
        **subscription.attributes,
    }
    if "FilterPolicy" not in attributes:
        attributes.pop("FilterPolicyScope", None)
    if subscription.protocol in ("http", "https"):
        own = json.loads(attributes.get("DeliveryPolicy") or "{}")
        attributes["EffectiveDeliveryPolicy"] = json.dumps(
            {"healthyRetryPolicy": DELIVERY_POLICY["http"]["defaultHealthyRetryPolicy"], **own}, separators=(",", ":")
        )
    return {"Attributes": attributes}


@SERVICE.operation("SetSubscriptionAttributes")
def set_subscription_attributes(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    subscription = _find(call, params)
    name: str = params["AttributeName"]
    if name not in _ATTRIBUTES:
        raise invalid("AttributeName")
    value = params.get("AttributeValue") or ""
    before = dict(subscription.attributes)
    after = _checked_attributes({name: value}, before)
    records.save_subscription(call.tx, replace(subscription, attributes=after))
    return {}


@SERVICE.operation("ListSubscriptions", reads=True)
def list_subscriptions(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    after = str(after_token(params) or "")
    found = records.subscriptions_after(call.tx, call.arn("sns", ""), after, PAGE + 1)
    return _page(found, found[PAGE - 1].arn if len(found) > PAGE else None)


@SERVICE.operation("ListSubscriptionsByTopic", reads=True, resource=topic_arn)
def list_subscriptions_by_topic(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    topic = find_topic(call, params["TopicArn"])
    found = records.subscriptions_of(call.tx, topic.arn, int(after_token(params, int) or 0), PAGE + 1)
    return _page(found, found[PAGE - 1].id if len(found) > PAGE else None)


def _page(found: list[Subscription], last: str | int | None) -> dict[str, Any]:
    page: dict[str, Any] = {
        "Subscriptions": [
            {
                "SubscriptionArn": "PendingConfirmation" if subscription.pending else subscription.arn,
                "Owner": subscription.owner,
                "Protocol": subscription.protocol,
                "Endpoint": subscription.endpoint,
                "TopicArn": subscription.topic,
            }
            for subscription in found[:PAGE]
        ]
    }
    if last is not None:
        page["NextToken"] = encode_token(last)
    return page


def _subscribed(subscription: Subscription, params: dict[str, Any]) -> dict[str, Any]:
    shown = not subscription.pending or params.get("ReturnSubscriptionArn")
    return {"SubscriptionArn": subscription.arn if shown else "pending confirmation"}


def _find(call: Call, params: dict[str, Any]) -> Subscription:
    arn: str = params["SubscriptionArn"]
    check_arn("SubscriptionArn", arn)
    if arn.count(":") < 6:
        raise invalid("SubscriptionId")
    subscription = records.subscription_of(call.tx, arn)
    if subscription is None:
        raise AwsError("NotFound", "Subscription does not exist", status=404)
    return subscription


def _principal(call: Call) -> str:
    """Who subscribed. What calls with an account's key alone is shown as a user of that account, as AWS's users are."""
    principal = call.caller.principal_arn
    return f"{principal[: -len('root')]}user/root" if principal.endswith(":root") else principal


def _check_endpoint(topic: Topic, protocol: str, endpoint: str) -> None:
    if protocol not in _PROTOCOLS:
        raise invalid(f"Amazon SNS does not support this protocol string: {protocol}")
    if topic.fifo and protocol not in ("sqs", "lambda"):
        raise invalid("Invalid parameter: Endpoint Reason: Please use FIFO SQS queue")
    if protocol == "sms":
        if not _SMS.fullmatch(endpoint):
            raise AwsError("InvalidParameter", f"Invalid SMS endpoint: {endpoint}")
    elif protocol in ("http", "https"):
        if not endpoint.startswith(f"{protocol}://"):
            raise invalid("Endpoint must match the specified protocol")
    elif protocol in ("email", "email-json"):
        if not re.fullmatch(r"[^@\s]+@[^@\s]+", endpoint):
            raise invalid("Email address")
    elif protocol == "sqs":
        if not is_arn(endpoint) or endpoint.split(":")[2] != "sqs":
            raise invalid("SQS endpoint ARN")
        if endpoint.endswith(".fifo") and not topic.fifo:
            raise invalid(
                "Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics"
            )
    elif protocol == "lambda":
        if not is_arn(endpoint) or endpoint.split(":")[2] != "lambda":
            raise invalid("Lambda endpoint ARN")
    elif not is_arn(endpoint):
        raise invalid("Endpoint ARN" if protocol == "application" else "Firehose endpoint ARN")


def _checked_attributes(asked: dict[str, str], before: dict[str, str] | None = None) -> dict[str, str]:
    """Attributes after a change; an empty value stands for "remove it"."""
    after = dict(before or {})
    for name, value in asked.items():
        if name not in _ATTRIBUTES:
            raise invalid("AttributeName")
        if name == "ReplayPolicy":
            raise not_implemented("sns:Subscribe", "ReplayPolicy")
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
        elif not value:
            after.pop(name, None)
        else:
            after[name] = _checked_document(name, value)
    _check_filter_policy(after)
    return after


def _checked_document(name: str, value: str) -> str:
    if name == "SubscriptionRoleArn":
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
