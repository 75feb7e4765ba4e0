"""Subscriptions: subscribe, describe, change, list. How they are confirmed and ended: ``confirmations``.

Source: conformance cases subscribe_*, set_subscription_attributes.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any, Final

from segue.api import Call
from segue.api.paginate import encode_token
from segue.arn import is_arn
from segue.errors import AwsError, not_implemented
from segue.services.sns import http_endpoints, mail, records
from segue.services.sns.archive import begin_replay, check_replay_policy, status, stop_replay
from segue.services.sns.arns import check_arn, find_topic, invalid, topic_arn
from segue.services.sns.confirmations import ask, must_confirm, new_token
from segue.services.sns.delivery_policy import effective_of_subscription
from segue.services.sns.records import Subscription, Topic
from segue.services.sns.service import SERVICE
from segue.services.sns.subscription_attributes import ATTRIBUTES, checked_attributes
from segue.services.sns.topics import PAGE, after_token

_SMS = re.compile(r"\+?[0-9]{1,20}", re.ASCII)
_PROTOCOLS: Final = {
    *http_endpoints.PROTOCOLS,
    *mail.PROTOCOLS,
    *("sms", "sqs", "lambda", "application", "firehose"),
}


@SERVICE.operation("Subscribe", resource=topic_arn)
def subscribe(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Subscribe an endpoint; those that have to be confirmed are pending."""
    topic = find_topic(call, params["TopicArn"])
    protocol: str = params["Protocol"]
    endpoint: str = params.get("Endpoint") or ""
    _check_endpoint(topic, protocol, endpoint)
    attributes = checked_attributes(params.get("Attributes") or {})
    if "ReplayPolicy" in attributes:
        check_replay_policy(attributes["ReplayPolicy"], topic)
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
        if same.pending:
            ask(call, topic, same)
        return _subscribed(same, params)
    pending = must_confirm(call, protocol, endpoint)
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
        token=new_token(call),
        attributes=attributes,
        raw=False,
        dead_letter_arn="",
    )
    records.save_subscription(call.tx, subscription)
    if "ReplayPolicy" in attributes:
        begin_replay(call, subscription)
    if pending:
        ask(call, topic, subscription)
    return _subscribed(subscription, params)


@SERVICE.operation("GetSubscriptionAttributes", reads=True)
def get_subscription_attributes(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    subscription = _find(call, params)
    attributes = {
        "SubscriptionArn": subscription.arn,
        "TopicArn": subscription.topic,
        "Protocol": subscription.protocol,
        "Endpoint": http_endpoints.shown(subscription.endpoint),
        "Owner": subscription.owner,
        "SubscriptionPrincipal": subscription.principal,
        "PendingConfirmation": str(subscription.pending).lower(),
        "ConfirmationWasAuthenticated": str(subscription.authenticated).lower(),
        "RawMessageDelivery": "false",
        **subscription.attributes,
    }
    if "FilterPolicy" not in attributes:
        attributes.pop("FilterPolicyScope", None)
    if "ReplayPolicy" in attributes:
        attributes["ReplayStatus"] = status(call.tx, subscription)
    if subscription.protocol in http_endpoints.PROTOCOLS:
        topic = records.topic_of(call.tx, subscription.topic)
        policy = effective_of_subscription(
            attributes.get("DeliveryPolicy"), topic.attributes.get("DeliveryPolicy") if topic else None
        )
        attributes["EffectiveDeliveryPolicy"] = json.dumps(policy, separators=(",", ":"))
    return {"Attributes": attributes}


@SERVICE.operation("SetSubscriptionAttributes")
def set_subscription_attributes(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    subscription = _find(call, params)
    name: str = params["AttributeName"]
    if name not in ATTRIBUTES:
        raise invalid("AttributeName")
    value = params.get("AttributeValue") or ""
    before = dict(subscription.attributes)
    after = checked_attributes({name: value}, before)
    changed = replace(subscription, attributes=after)
    if name == "ReplayPolicy" and "ReplayPolicy" in after:
        check_replay_policy(value, records.topic_of(call.tx, subscription.topic))
        begin_replay(call, changed)
    elif name == "ReplayPolicy":
        stop_replay(call, changed)
    records.save_subscription(call.tx, changed)
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
                "Endpoint": http_endpoints.shown(subscription.endpoint),
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
    if topic.fifo and protocol != "sqs":
        raise invalid("Invalid parameter: Endpoint Reason: Please use FIFO SQS queue")
    if protocol == "sms":
        if not _SMS.fullmatch(endpoint):
            raise AwsError("InvalidParameter", f"Invalid SMS endpoint: {endpoint}")
    elif protocol in http_endpoints.PROTOCOLS:
        http_endpoints.check_endpoint(protocol, endpoint)
    elif protocol in mail.PROTOCOLS:
        if not mail.is_address(endpoint):
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
    elif protocol == "firehose":
        raise not_implemented("sns:Subscribe", "The protocol firehose")
    elif not is_arn(endpoint):
        raise invalid("Endpoint ARN")
