"""Queues and their policies in templates.

Source: CloudFormation template reference, AWS::SQS::Queue, AWS::SQS::QueuePolicy, AWS::SQS::QueueInlinePolicy.
"""

from __future__ import annotations

from typing import Any

from segue.api.resource_types import Resource, ResourceRequest, ResourceType, refuse_existing, remove
from segue.services.sqs.addresses import arn_of_url
from segue.services.sqs.service import SERVICE

_LONGEST_NAME = 80
_NOT_ATTRIBUTES = ("QueueName", "Tags")


def _attributes(properties: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in properties.items() if name not in _NOT_ATTRIBUTES}


def _create_queue(request: ResourceRequest) -> Resource:
    fifo = request.properties.get("FifoQueue") is True
    made_up = "QueueName" not in request.properties and fifo
    name = request.name("QueueName", _LONGEST_NAME - 5 * made_up) + ".fifo" * made_up
    attributes = _attributes(request.properties)
    if not fifo:
        attributes.pop("FifoQueue", None)  # the API refuses what the template may say
        if attributes.get("ContentBasedDeduplication") is False:
            del attributes["ContentBasedDeduplication"]
    refuse_existing(request, name, "sqs:GetQueueUrl", {"QueueName": name})
    made = request.perform("sqs:CreateQueue", {"QueueName": name, "Attributes": attributes, "tags": request.all_tags()})
    return _queue(request, made["QueueUrl"], name)


def _queue(request: ResourceRequest, url: str, name: str) -> Resource:
    return Resource(url, {"Arn": arn_of_url(request.call, {"QueueUrl": url}), "QueueName": name, "QueueUrl": url})


def _update_queue(request: ResourceRequest) -> Resource:
    url, attributes = request.physical_id, _attributes(request.properties)
    gone = {name: _DEFAULTS.get(name, "") for name in _attributes(request.previous) if name not in attributes}
    for fixed in (attributes, gone):
        fixed.pop("FifoQueue", None)
    request.perform("sqs:SetQueueAttributes", {"QueueUrl": url, "Attributes": {**gone, **attributes}})
    tags = request.all_tags()
    before = request.perform("sqs:ListQueueTags", {"QueueUrl": url}).get("Tags", {})
    if stale := [key for key in before if key not in tags]:
        request.perform("sqs:UntagQueue", {"QueueUrl": url, "TagKeys": stale})
    if tags:
        request.perform("sqs:TagQueue", {"QueueUrl": url, "Tags": tags})
    return Resource(url, request.attributes)


_DEFAULTS = {
    "ContentBasedDeduplication": "false",
    "DeduplicationScope": "queue",
    "DelaySeconds": "0",
    "FifoThroughputLimit": "perQueue",
    "KmsDataKeyReusePeriodSeconds": "300",
    "MaximumMessageSize": "1048576",
    "MessageRetentionPeriod": "345600",
    "ReceiveMessageWaitTimeSeconds": "0",
    "SqsManagedSseEnabled": "true",
    "VisibilityTimeout": "30",
}
"""What an attribute is again when a template no longer names it."""


def _delete_queue(request: ResourceRequest) -> None:
    remove(request, "sqs:DeleteQueue", {"QueueUrl": request.physical_id})


def _put_policy(request: ResourceRequest) -> Resource:
    queues = _queues(request.properties)
    for url in _queues(request.previous):
        if url not in queues:
            remove(request, "sqs:SetQueueAttributes", {"QueueUrl": url, "Attributes": {"Policy": ""}})
    for url in queues:
        _set_policy(request, url, request.properties["PolicyDocument"])
    made = request.physical_id or request.name("", 128)
    return Resource(made, {"Id": made})


def _queues(properties: dict[str, Any]) -> list[str]:
    """Of a policy of several queues those, of one of a single queue that."""
    return list(properties.get("Queues") or ([properties["Queue"]] if "Queue" in properties else []))


def _set_policy(request: ResourceRequest, url: str, policy: Any) -> None:
    request.perform("sqs:SetQueueAttributes", {"QueueUrl": url, "Attributes": {"Policy": policy}})


def _delete_policy(request: ResourceRequest) -> None:
    for url in _queues(request.properties):
        remove(request, "sqs:SetQueueAttributes", {"QueueUrl": url, "Attributes": {"Policy": ""}})


SERVICE.resource_type(ResourceType("AWS::SQS::Queue", _create_queue, _delete_queue, _update_queue))
SERVICE.resource_type(ResourceType("AWS::SQS::QueuePolicy", _put_policy, _delete_policy, _put_policy))
SERVICE.resource_type(ResourceType("AWS::SQS::QueueInlinePolicy", _put_policy, _delete_policy, _put_policy))
