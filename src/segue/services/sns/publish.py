"""Publishing: what may be said, to a topic, a phone or a device; and the message on its way to each subscriber.

Source: conformance cases publish_*, empty_or_wrong_message_attributes, message_structure_json_exc.
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Any

from segue.api import Call
from segue.api.deduplication import remember_message
from segue.errors import AwsError
from segue.services.sns import metrics
from segue.services.sns.arns import check_arn, find_topic, invalid
from segue.services.sns.fan_out import fan_out
from segue.services.sns.message_attributes import check_attributes, size_bytes
from segue.services.sns.message_structure import bodies
from segue.services.sns.mobile import push
from segue.services.sns.notifications import Message
from segue.services.sns.records import Topic
from segue.services.sns.service import SERVICE
from segue.services.sns.sms import send_text

_SEQUENCE_OFFSET = 10**19
_PHONE = re.compile(r"\+[0-9]{1,20}", re.ASCII)
_ENTRY_ID = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_GROUP = re.compile(r"""[A-Za-z0-9!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~]{1,128}""", re.ASCII)


def _target(call: Call, params: dict[str, Any]) -> str:
    return str(params.get("TopicArn") or params.get("TargetArn") or "*")


@SERVICE.operation("Publish", resource=_target)
def publish(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Publish a message to a topic (``TopicArn`` or ``TargetArn``), a phone number or a device."""
    named = [name for name in ("TopicArn", "TargetArn", "PhoneNumber") if params.get(name) is not None]
    if len(named) != 1:
        raise invalid("TopicArn or TargetArn Reason: no value for required parameter")
    if named[0] == "PhoneNumber":
        return _publish_to_phone(call, params)
    arn: str = params[named[0]]
    check_arn(named[0], arn)
    if named[0] == "TargetArn" and ":endpoint/" in arn:
        return _publish_to_device(call, params)
    topic = find_topic(call, arn, named[0])
    _check(call, topic, params)
    _check_size(call, size_bytes(params), "Message too long")
    return _publish(call, topic, params)


@SERVICE.operation("PublishBatch", resource=_target, action="sns:Publish")
def publish_batch(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Publish up to ten messages; one that is malformed fails them all, as on AWS."""
    entries: list[dict[str, Any]] = params["PublishBatchRequestEntries"]
    _check_entries(entries)
    topic = find_topic(call, params["TopicArn"])
    for entry in entries:
        _check(call, topic, entry)
    if sum(map(size_bytes, entries)) > call.limits.publish_bytes:
        raise AwsError("BatchRequestTooLong", "The length of all the messages put together is more than the limit.")
    return {"Successful": [{"Id": entry["Id"], **_publish(call, topic, entry)} for entry in entries], "Failed": []}


def _publish(call: Call, topic: Topic, params: dict[str, Any]) -> dict[str, Any]:
    """Publish a checked message; its id, and its sequence number in a FIFO topic."""
    message_id = call.tx.ids.uuid()
    deduplication_id = sequence = None
    if topic.fifo:
        deduplication_id = params.get("MessageDeduplicationId") or sha256(params["Message"].encode()).hexdigest()
        row_id = call.tx.ids.ordered(call.now_ms)
        scope = params["MessageGroupId"] if topic.attributes.get("FifoThroughputScope") == "MessageGroup" else ""
        earlier = remember_message(call.tx, topic.arn, scope, deduplication_id, message_id, row_id)
        if earlier is not None:
            return {"MessageId": earlier[0], "SequenceNumber": str(_SEQUENCE_OFFSET + earlier[1])}
        sequence = str(_SEQUENCE_OFFSET + row_id)
    message = Message(
        id=message_id,
        bodies=bodies(params["Message"], params.get("MessageStructure")),
        subject=params.get("Subject"),
        attributes=params.get("MessageAttributes") or {},
        published_at_ms=call.now_ms,
        group_id=params.get("MessageGroupId"),
        deduplication_id=deduplication_id,
        sequence=sequence,
    )
    metrics.count(call, topic.arn, "NumberOfMessagesPublished")
    metrics.count(call, topic.arn, "PublishSize", size_bytes(params), "Bytes")
    fan_out(call, topic, message)
    return {"MessageId": message_id, "SequenceNumber": sequence} if sequence else {"MessageId": message_id}


def _publish_to_phone(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    number: str = params["PhoneNumber"]
    if not _PHONE.fullmatch(number):
        raise invalid(f"PhoneNumber Reason: {number} is not valid to publish to")
    _check_text(params)
    attributes = params.get("MessageAttributes") or {}
    check_attributes(attributes)
    message_id = call.tx.ids.uuid()
    text = bodies(params["Message"], params.get("MessageStructure"))
    send_text(call, number, text.get("sms", text["default"]), attributes, message_id)
    return {"MessageId": message_id}


def _publish_to_device(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    _check_text(params)
    check_attributes(params.get("MessageAttributes") or {})
    message_id = call.tx.ids.uuid()
    push(call, params["TargetArn"], bodies(params["Message"], params.get("MessageStructure")), message_id)
    return {"MessageId": message_id}


def _check(call: Call, topic: Topic, params: dict[str, Any]) -> None:
    _check_text(params)
    check_attributes(params.get("MessageAttributes") or {})
    group, deduplication = params.get("MessageGroupId"), params.get("MessageDeduplicationId")
    if group is not None and not _GROUP.fullmatch(group):
        raise invalid(_identifier_reason("MessageGroupId"))
    if not topic.fifo:
        if deduplication is not None:
            raise invalid(
                "MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that is not "
                "valid for this topic type"
            )
        return
    if group is None:
        raise invalid("The MessageGroupId parameter is required for FIFO topics")
    if deduplication is not None:
        if not _GROUP.fullmatch(deduplication):
            raise invalid(_identifier_reason("MessageDeduplicationId"))
    elif topic.attributes.get("ContentBasedDeduplication") != "true":
        raise invalid(
            "The topic should either have ContentBasedDeduplication enabled or "
            "MessageDeduplicationId provided explicitly"
        )


def _identifier_reason(name: str) -> str:
    return f"{name} Reason: {name} can only include alphanumeric and punctuation characters. 1 to 128 in length."


def _check_text(params: dict[str, Any]) -> None:
    if not params["Message"]:
        raise invalid("Empty message")
    subject: str | None = params.get("Subject")
    if subject is not None and (not 0 < len(subject) <= 100 or not subject.isprintable()):
        raise invalid("Subject")
    bodies(params["Message"], params.get("MessageStructure"))


def _check_size(call: Call, size: int, reason: str) -> None:
    if size > call.limits.publish_bytes:
        raise invalid(reason)


def _check_entries(entries: list[dict[str, Any]]) -> None:
    if not entries:
        raise AwsError("EmptyBatchRequest", "The batch request doesn't contain any entries.")
    if len(entries) > 10:
        raise AwsError("TooManyEntriesInBatchRequest", "The batch request contains more entries than permissible.")
    ids = [entry["Id"] for entry in entries]
    for entry_id in ids:
        if len(entry_id) > 80:
            raise AwsError(
                "InvalidBatchEntryId", f"The Id of a batch entry in the batch request is too long: {entry_id}"
            )
        if not _ENTRY_ID.fullmatch(entry_id):
            raise AwsError(
                "InvalidBatchEntryId",
                f"The Id of a batch entry in the batch request contains an impermissible character: {entry_id}",
            )
    if len(set(ids)) != len(ids):
        raise AwsError("BatchEntryIdsNotDistinct", "Two or more batch entries in the request have the same Id.")
