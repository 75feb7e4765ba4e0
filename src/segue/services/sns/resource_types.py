"""Topics, their policies and subscriptions in templates.

Source: CloudFormation template reference, AWS::SNS::Topic, Subscription, TopicPolicy, TopicInlinePolicy.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from segue.api.resource_types import (
    Resource,
    ResourceRequest,
    ResourceType,
    note_ignored,
    refuse_existing,
    remove,
    retag,
)
from segue.arn import parse_arn
from segue.errors import AwsError
from segue.services.sns import records
from segue.services.sns.service import SERVICE

_LONGEST_NAME = 256
_TOPIC = (
    "ArchivePolicy",
    "ContentBasedDeduplication",
    "DisplayName",
    "FifoThroughputScope",
    "KmsMasterKeyId",
    "SignatureVersion",
    "TracingConfig",
)
_IGNORED = ("MaximumMessageSize",)
_FEEDBACK = ("SuccessFeedbackRoleArn", "SuccessFeedbackSampleRate", "FailureFeedbackRoleArn")
_PROTOCOLS = {"http": "HTTP", "http/s": "HTTP", "https": "HTTP", "sqs": "SQS", "lambda": "Lambda"} | {
    "application": "Application",
    "firehose": "Firehose",
}


def _create_topic(request: ResourceRequest) -> Resource:
    fifo = request.properties.get("FifoTopic") is True
    made_up = fifo and "TopicName" not in request.properties
    name = request.name("TopicName", _LONGEST_NAME - 5 * made_up) + ".fifo" * made_up
    arn = request.call.arn("sns", name)
    refuse_existing(request, arn, "sns:GetTopicAttributes", {"TopicArn": arn})
    attributes = _attributes(request.properties)
    if fifo:
        attributes["FifoTopic"] = "true"
    params = {"Name": name, "Attributes": attributes, "Tags": request.all_tags()}
    request.perform("sns:CreateTopic", params)
    _protect(request, arn)
    _subscribe_inline(request, arn)
    note_ignored(request, *_IGNORED)
    return Resource(arn, {"TopicArn": arn, "TopicName": name})


def _attributes(properties: dict[str, Any]) -> dict[str, Any]:
    """A topic's properties as its attributes, those of delivery's logs under the name of their protocol."""
    found = {name: properties[name] for name in _TOPIC if properties.get(name) not in (None, "")}
    if not found.get("ContentBasedDeduplication") and not properties.get("FifoTopic"):
        found.pop("ContentBasedDeduplication", None)  # the API refuses it of a standard topic, whatever it says
    for status in properties.get("DeliveryStatusLogging") or ():
        protocol = _PROTOCOLS.get(str(status.get("Protocol", "")).lower())
        if protocol is None:
            raise AwsError("ValidationError", f"DeliveryStatusLogging: {status.get('Protocol')} is no protocol")
        found |= {f"{protocol}{name}": status[name] for name in _FEEDBACK if name in status}
    return found


def _protect(request: ResourceRequest, arn: str) -> None:
    policy, before = (given.get("DataProtectionPolicy") or "" for given in (request.properties, request.previous))
    if policy != before:
        request.perform("sns:PutDataProtectionPolicy", {"ResourceArn": arn, "DataProtectionPolicy": policy})
    if policy:
        request.notes.append("DataProtectionPolicy is kept; no message is changed or stopped by it")


def _subscribe_inline(request: ResourceRequest, arn: str) -> None:
    """Subscribe those of a topic's own ``Subscription``, and let go of those that it no longer names."""
    wanted = [_pair(each) for each in request.properties.get("Subscription") or ()]
    for pair in (_pair(each) for each in request.previous.get("Subscription") or ()):
        if pair not in wanted:
            for subscription in records.subscriptions_of(request.call.tx, arn):
                if (subscription.protocol, subscription.endpoint) == pair:
                    remove(request, "sns:Unsubscribe", {"SubscriptionArn": subscription.arn})
    for protocol, endpoint in wanted:
        _note_sender(request, protocol)
        request.perform("sns:Subscribe", {"TopicArn": arn, "Protocol": protocol, "Endpoint": endpoint})


def _note_sender(request: ResourceRequest, protocol: str) -> None:
    """What does not arrive as it would on AWS."""
    if protocol == "application":
        request.notes.append("Segue does not send push notifications; segue deliveries shows what it would")


def _pair(subscription: dict[str, Any]) -> tuple[str, str]:
    return str(subscription["Protocol"]), str(subscription["Endpoint"])


def _update_topic(request: ResourceRequest) -> Resource:
    arn = request.physical_id
    attributes, before = _attributes(request.properties), _attributes(request.previous)
    for name, value in {**dict.fromkeys(before, ""), **attributes}.items():
        if before.get(name) != value and not (value == "" and name == "ContentBasedDeduplication"):
            params = {"TopicArn": arn, "AttributeName": name, "AttributeValue": value}
            request.perform("sns:SetTopicAttributes", params)
    _protect(request, arn)
    _subscribe_inline(request, arn)
    retag(request, "sns", {"ResourceArn": arn})
    note_ignored(request, *_IGNORED)
    return Resource(arn, request.attributes)


def _delete_topic(request: ResourceRequest) -> None:
    remove(request, "sns:DeleteTopic", {"TopicArn": request.physical_id})


_SUBSCRIPTION = (
    "DeliveryPolicy",
    "FilterPolicy",
    "FilterPolicyScope",
    "RawMessageDelivery",
    "RedrivePolicy",
    "ReplayPolicy",
    "SubscriptionRoleArn",
)


def _in_region(request: ResourceRequest, topic: str) -> ResourceRequest:
    """The same request, made where the topic is: it may be subscribed to from another region."""
    region = request.properties.get("Region") or parse_arn(topic).region
    return replace(request, call=request.call.as_caller(request.call.caller.in_region(region)))


def _create_subscription(request: ResourceRequest) -> Resource:
    given = request.properties
    _note_sender(request, str(given["Protocol"]))
    params = {
        "TopicArn": given["TopicArn"],
        "Protocol": given["Protocol"],
        "Endpoint": given.get("Endpoint"),
        "Attributes": _subscription_attributes(given),
        "ReturnSubscriptionArn": True,
    }
    arn = _in_region(request, given["TopicArn"]).perform("sns:Subscribe", params)["SubscriptionArn"]
    return Resource(arn, {"Arn": arn})


def _subscription_attributes(properties: dict[str, Any]) -> dict[str, Any]:
    return {name: properties[name] for name in _SUBSCRIPTION if properties.get(name) is not None}


def _update_subscription(request: ResourceRequest) -> Resource:
    wanted, before = _subscription_attributes(request.properties), _subscription_attributes(request.previous)
    unset = {"FilterPolicyScope": "MessageAttributes", "RawMessageDelivery": "false"}
    gone = {name: unset.get(name, "") for name in before if name not in wanted}
    changes = [(name, value) for name, value in {**gone, **wanted}.items() if before.get(name) != value]
    if any(name == "FilterPolicyScope" for name, _ in changes):
        # a filter policy is checked by the scope that stands: it makes room first, and comes back last
        others = [(name, value) for name, value in changes if name != "FilterPolicy"]
        changes = [("FilterPolicy", ""), *others, ("FilterPolicy", wanted.get("FilterPolicy", ""))]
    there = _in_region(request, request.properties["TopicArn"])
    for name, value in changes:
        params = {"SubscriptionArn": request.physical_id, "AttributeName": name, "AttributeValue": value}
        there.perform("sns:SetSubscriptionAttributes", params)
    return Resource(request.physical_id, request.attributes)


def _delete_subscription(request: ResourceRequest) -> None:
    topic = request.properties.get("TopicArn") or request.physical_id
    remove(_in_region(request, topic), "sns:Unsubscribe", {"SubscriptionArn": request.physical_id})


def _put_policy(request: ResourceRequest) -> Resource:
    topics = _topics(request.properties)
    for arn in _topics(request.previous):
        if arn not in topics:
            _set_policy(request, arn, "")
    for arn in topics:
        _set_policy(request, arn, request.properties["PolicyDocument"])
    made = request.physical_id or request.name("", 128)
    return Resource(made, {"Id": made})


def _topics(properties: dict[str, Any]) -> list[str]:
    """Of a policy of several topics those, of one of a single topic that."""
    return list(properties.get("Topics") or ([properties["TopicArn"]] if "TopicArn" in properties else []))


def _set_policy(request: ResourceRequest, arn: str, policy: Any) -> None:
    params = {"TopicArn": arn, "AttributeName": "Policy", "AttributeValue": policy}
    if policy == "":
        remove(request, "sns:SetTopicAttributes", params)
    else:
        request.perform("sns:SetTopicAttributes", params)


def _delete_policy(request: ResourceRequest) -> None:
    for arn in _topics(request.properties):
        _set_policy(request, arn, "")


SERVICE.resource_type(ResourceType("AWS::SNS::Topic", _create_topic, _delete_topic, _update_topic))
SERVICE.resource_type(
    ResourceType("AWS::SNS::Subscription", _create_subscription, _delete_subscription, _update_subscription)
)
SERVICE.resource_type(ResourceType("AWS::SNS::TopicPolicy", _put_policy, _delete_policy, _put_policy))
SERVICE.resource_type(ResourceType("AWS::SNS::TopicInlinePolicy", _put_policy, _delete_policy, _put_policy))
