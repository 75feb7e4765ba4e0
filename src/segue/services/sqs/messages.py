"""Sending messages, one or a batch."""

from __future__ import annotations

from hashlib import md5, sha256
from typing import Any

import msgpack

from segue import jobs
from segue.api import Call
from segue.api.deduplication import remember_message
from segue.api.deliveries import Delivery, record
from segue.errors import AwsError
from segue.services.sqs import groups, message_attributes, metrics
from segue.services.sqs.addresses import arn_of_url, find_queue
from segue.services.sqs.batches import check_entries, each
from segue.services.sqs.records import Queue, drop_expired
from segue.services.sqs.service import SERVICE

_SEQUENCE_OFFSET = 10**19
#: What the SenderId of a message is that came from a topic.
_SERVICE_SENDERS = {"sns.amazonaws.com": "AIDAIT2UOQQY3AUEKVGXU"}


@SERVICE.operation("SendMessage", resource=arn_of_url)
def send_message(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Put a message into a queue."""
    queue = find_queue(call, params)
    _check(queue, params)
    limit = min(queue.maximum_message_bytes, call.limits.message_bytes)
    if _size_bytes(params) > limit:
        raise _too_long(limit, "are invalid")
    answer = send(call, queue, params)
    jobs.wake(call.tx, queue.wake_key)
    return answer


@SERVICE.operation("SendMessageBatch", resource=arn_of_url, action="sqs:SendMessage")
def send_message_batch(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Put up to ten messages into a queue; some may fail."""
    queue = find_queue(call, params)
    entries: list[dict[str, Any]] = params["Entries"]
    check_entries(entries, "SendMessageBatchRequestEntry")
    for entry in entries:
        _check_fifo(queue, entry, "InvalidParameterValue")
    sizes = {entry["Id"]: _size_bytes(entry) for entry in entries}
    total = sum(sizes.values())
    if total > call.limits.message_bytes:
        raise AwsError(
            "BatchRequestTooLong",
            f"Batch requests cannot be longer than {call.limits.message_bytes} bytes. You have sent {total} bytes.",
        )
    limit = min(queue.maximum_message_bytes, call.limits.message_bytes)

    def send_one(entry: dict[str, Any]) -> dict[str, Any]:
        _check(queue, entry)
        if sizes[entry["Id"]] > limit:
            raise _too_long(limit, "cannot be validated")
        return send(call, queue, entry)

    answer = each(entries, send_one)
    jobs.wake(call.tx, queue.wake_key)
    return answer


def send(call: Call, queue: Queue, entry: dict[str, Any]) -> dict[str, Any]:
    """Write a checked message down; ``SendMessage``'s answer. The caller wakes the receivers."""
    tx = call.tx
    body: str = entry["MessageBody"]
    body_md5 = md5(body.encode(), usedforsecurity=False).hexdigest()
    answer: dict[str, Any] = {"MD5OfMessageBody": body_md5}
    attributes = entry.get("MessageAttributes")
    if attributes:
        answer["MD5OfMessageAttributes"] = message_attributes.digest(attributes)
    system = entry.get("MessageSystemAttributes")
    if system:
        answer["MD5OfMessageSystemAttributes"] = message_attributes.digest(system)
    row_id = tx.ids.ordered(tx.now_ms)
    message_id = tx.ids.uuid()
    sequence = deduplication_id = None
    if queue.fifo:
        deduplication_id = entry.get("MessageDeduplicationId") or sha256(body.encode()).hexdigest()
        scope = entry["MessageGroupId"] if queue.deduplicates_by_group else ""
        earlier = remember_message(tx, queue.arn, scope, deduplication_id, message_id, row_id)
        if earlier is not None:
            return answer | {"MessageId": earlier[0], "SequenceNumber": sequence_number(earlier[1])}
        sequence = row_id
        answer["SequenceNumber"] = sequence_number(row_id)
    answer["MessageId"] = message_id
    metrics.count(call, queue, "NumberOfMessagesSent")
    delay = entry.get("DelaySeconds")
    header = _trace_header(call, system)
    tx.run(
        "INSERT INTO sqs_messages (id, queue, message_id, body, body_md5, attributes, sender, sent_at, visible_at,"
        " group_id, deduplication_id, sequence, trace, trace_header, behind)"
        f" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, {groups.BEHIND if queue.fifo else 'NULL'})",
        row_id,
        queue.arn,
        message_id,
        body,
        body_md5,
        msgpack.packb(attributes) if attributes else None,
        _sender(call),
        tx.now_ms,
        tx.now_ms + (queue.delay_seconds if delay is None else delay) * 1_000,
        entry.get("MessageGroupId"),
        deduplication_id,
        sequence,
        header or call.trace,
        header,
        *((queue.arn, entry["MessageGroupId"]) if queue.fifo else ()),
    )
    if call.continues and not call.nested:
        # Sent by a function, as a rule. Who performs this for somebody else (a topic, a rule) has a record of its own.
        record(call, Delivery(call.caller.principal_arn, queue.arn, "sqs:SendMessage", subject=message_id))
    # A queue that nobody reads must not keep what nobody may read: about one send in sixty looks.
    if tx.now_ms & 63 == 0:
        drop_expired(tx, queue)
    return answer


def sequence_number(sequence: int) -> str:
    """A FIFO message's sequence number, in AWS's twenty digits."""
    return str(_SEQUENCE_OFFSET + sequence)


def _check(queue: Queue, entry: dict[str, Any]) -> None:
    body: str = entry["MessageBody"]
    if not body:
        raise AwsError("MissingParameter", "The request must contain the parameter MessageBody.")
    # Printable ASCII, the usual case, cannot hold a character that XML refuses.
    if not (body.isascii() and body.isprintable()):
        message_attributes.check_text(body)
    if entry.get("MessageAttributes"):
        message_attributes.check_attributes(entry["MessageAttributes"])
    _check_system_attributes(entry.get("MessageSystemAttributes") or {})
    delay = entry.get("DelaySeconds")
    if delay is not None and not 0 <= delay <= 900:
        raise AwsError(
            "InvalidParameterValue",
            f"Value {delay} for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900.",
        )
    _check_fifo(queue, entry, "MissingParameter")


def _check_fifo(queue: Queue, entry: dict[str, Any], missing: str) -> None:
    group, deduplication = entry.get("MessageGroupId"), entry.get("MessageDeduplicationId")
    if group is not None:
        message_attributes.check_identifier("MessageGroupId", group)
    if not queue.fifo:
        if deduplication is not None:
            raise _not_for_this_kind("MessageDeduplicationId", deduplication)
        return
    if entry.get("DelaySeconds"):
        raise _not_for_this_kind("DelaySeconds", entry["DelaySeconds"])
    if group is None:
        raise AwsError(missing, "The request must contain the parameter MessageGroupId.")
    if deduplication is not None:
        message_attributes.check_identifier("MessageDeduplicationId", deduplication)
    elif not queue.content_based_deduplication:
        raise AwsError(
            "InvalidParameterValue",
            "The queue should either have ContentBasedDeduplication enabled or "
            "MessageDeduplicationId provided explicitly",
        )


def _not_for_this_kind(name: str, value: Any) -> AwsError:
    return AwsError(
        "InvalidParameterValue",
        f"Value {value} for parameter {name} is invalid. "
        "Reason: The request include parameter that is not valid for this queue type.",
    )


def _check_system_attributes(attributes: dict[str, dict[str, Any]]) -> None:
    for name, attribute in attributes.items():
        if name != "AWSTraceHeader":
            raise AwsError(
                "InvalidParameterValue",
                f"Value {name} for parameter MessageSystemAttributes is invalid. "
                "Reason: Only AWSTraceHeader is supported.",
            )
        if attribute.get("DataType") != "String" or not attribute.get("StringValue"):
            raise AwsError(
                "InvalidParameterValue",
                "Message (system) attribute 'AWSTraceHeader' must contain a non-empty value of type 'String'.",
            )


def _size_bytes(entry: dict[str, Any]) -> int:
    body: str = entry["MessageBody"]
    size = len(body) if body.isascii() else len(body.encode())
    attributes = entry.get("MessageAttributes")
    return size + message_attributes.size_bytes(attributes) if attributes else size


def _too_long(limit: int, what: str) -> AwsError:
    return AwsError(
        "InvalidParameterValue", f"One or more parameters {what}. Reason: Message must be shorter than {limit} bytes."
    )


def _trace_header(call: Call, system: dict[str, Any] | None) -> str | None:
    """The trace header that AWS would show: the one given, or the one that came with the request.

    A header that this server made up for a request that had none names no parent, and is not shown.
    """
    if system:
        given: str = system["AWSTraceHeader"]["StringValue"]
        return given
    return call.trace if "Parent=" in call.trace else None


def _sender(call: Call) -> str:
    caller = call.caller
    if caller.kind == "root":
        return caller.account
    return _SERVICE_SENDERS.get(caller.service) or caller.service or caller.principal_arn
