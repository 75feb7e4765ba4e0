"""Receiving: what may be taken now, what goes to the dead-letter queue instead, and waiting for more.

Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import msgpack

from segue.api import Call, Result
from segue.errors import AwsError
from segue.jobs import Pending
from segue.services.sqs import counts, fair, fifo, groups, message_attributes, metrics
from segue.services.sqs.addresses import arn_of_url, find_queue
from segue.services.sqs.dead_letters import move_to_dead_letters
from segue.services.sqs.messages import sequence_number
from segue.services.sqs.receipts import encode_receipt
from segue.services.sqs.records import Queue, drop_expired
from segue.services.sqs.service import SERVICE
from segue.store import Row, Transaction

_ATTEMPT_MS = 300_000
_ROUNDS = 20
"""So often a receive goes on looking where what it finds is to be moved away."""
_LOOK_ON_MS = 1
_COLUMNS: Final = (
    "id, message_id, body, body_md5, attributes, sender, sent_at, receive_count, first_received_at, group_id,"
    " deduplication_id, sequence, trace, trace_header, dead_letter_source"
)
_TAKE: Final = (
    "UPDATE sqs_messages SET visible_at = ?, receive_count = receive_count + 1, receipt = ?, received_at = ?,"
    " first_received_at = COALESCE(first_received_at, ?) WHERE id IN ({}) RETURNING " + _COLUMNS
)
_TAKE_OLDEST: Final = _TAKE.format(
    "SELECT id FROM sqs_messages WHERE queue = ? AND visible_at <= ? ORDER BY visible_at, id LIMIT ?"
)


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it was taken."""

    id: int
    message_id: str
    body: str
    body_md5: str
    attributes: bytes | None
    sender: str
    sent_at_ms: int
    receive_count: int
    first_received_at_ms: int
    group_id: str | None
    deduplication_id: str | None
    sequence: int | None
    trace: str
    trace_header: str | None
    dead_letter_source: str | None


SystemAttribute = Callable[[Message], str | None]

#: attribute → its value, or ``None`` where the message has none
_SYSTEM_ATTRIBUTES: Final[dict[str, SystemAttribute]] = {
    "SenderId": lambda message: message.sender,
    "SentTimestamp": lambda message: str(message.sent_at_ms),
    "ApproximateReceiveCount": lambda message: str(message.receive_count),
    "ApproximateFirstReceiveTimestamp": lambda message: str(message.first_received_at_ms),
    "SequenceNumber": lambda message: sequence_number(message.sequence) if message.sequence else None,
    "MessageDeduplicationId": lambda message: message.deduplication_id,
    "MessageGroupId": lambda message: message.group_id,
    "AWSTraceHeader": lambda message: message.trace_header,
    "DeadLetterQueueSourceArn": lambda message: message.dead_letter_source,
}


@SERVICE.operation("ReceiveMessage", resource=arn_of_url)
def receive_message(call: Call, params: dict[str, Any]) -> Result:
    """Take messages; where there is none and the receiver waits, ``Pending`` until one may be there."""
    queue = find_queue(call, params)
    count = _checked(params, "MaxNumberOfMessages", 1, 1, 10)
    visibility_seconds = _checked(params, "VisibilityTimeout", queue.visibility_timeout_seconds, 0, 43_200)
    wait_seconds = _checked(params, "WaitTimeSeconds", queue.wait_seconds, 0, 20)
    system = _system_attributes(params)
    attempt_id = params.get("ReceiveRequestAttemptId") if queue.fifo else None
    if attempt_id:
        message_attributes.check_identifier("ReceiveRequestAttemptId", attempt_id)
    taken = _taken_before(call.tx, queue, attempt_id, visibility_seconds) if attempt_id else None
    receipt = call.tx.ids.seed()
    if taken is None:
        may = _may_take(call, queue, wait_seconds > 0)
        found = take(call, queue, count, visibility_seconds, receipt) if may else []
        if found is None and wait_seconds:
            return Pending((queue.wake_key,), call.now_ms + _LOOK_ON_MS)
        taken = receipt, found or []
        if attempt_id and taken[1]:
            _remember_attempt(call.tx, queue, attempt_id, receipt, taken[1])
    receipt, messages = taken
    if messages:
        metrics.count(call, queue, "NumberOfMessagesReceived", len(messages))
    else:
        deadline_ms = call.started_ms + wait_seconds * 1_000
        if call.now_ms < deadline_ms:
            return Pending((queue.wake_key,), _until_ms(call.tx, queue, deadline_ms), deadline_ms)
        metrics.count(call, queue, "NumberOfEmptyReceives")
        return {}
    names = params.get("MessageAttributeNames") or []
    return {"Messages": [_shown(queue, message, receipt, system, names) for message in messages]}


def take(call: Call, queue: Queue, count: int, visibility_seconds: int, receipt: int) -> list[Message] | None:
    """Take up to ``count`` messages for ``visibility_seconds``; what must not be received any more is moved away.

    ``None``: so much had to be moved away that others are let in before more is looked at.
    """
    tx = call.tx
    oldest_ms = tx.now_ms - queue.retention_ms
    taking = (tx.now_ms + visibility_seconds * 1_000, receipt, tx.now_ms, tx.now_ms)
    messages: list[Message] = []

    def take_these(ids: list[int]) -> list[Row]:
        return tx.all(_TAKE.format(", ".join("?" * len(ids))), *taking, *ids) if ids else []

    for _ in range(_ROUNDS):
        wanted = count - len(messages)
        if queue.fifo:
            rows = take_these(fifo.receivable(tx, queue, wanted, taken={message.id for message in messages}))
        else:
            # What was taken for no time at all is visible still; it is not to be taken twice by one call.
            if messages and visibility_seconds == 0:
                break
            fair_ids = fair.receivable(tx, queue, wanted)
            if fair_ids is None:
                rows = tx.all(_TAKE_OLDEST, *taking, queue.arn, tx.now_ms, wanted)
            else:
                rows = take_these(fair_ids)
        if not rows:
            break
        kept = _kept(call, queue, rows, oldest_ms)
        messages += kept
        if len(kept) == len(rows) or len(messages) == count:
            break
    else:
        if not messages:
            return None
    return sorted(messages, key=lambda message: message.id)


def _kept(call: Call, queue: Queue, rows: list[Row], oldest_ms: int) -> list[Message]:
    """Of the messages taken, those that may be received; the others are expired or go to the dead-letter queue."""
    kept = []
    for row in rows:
        message = Message(*row)
        if message.sent_at_ms <= oldest_ms:
            groups.delete(call.tx, "id = ?", message.id)
            drop_expired(call.tx, queue)
        elif queue.max_receive_count and message.receive_count > queue.max_receive_count:
            times = message.receive_count - 1
            if not move_to_dead_letters(call, queue, message.id, message.message_id, message.trace, times):
                kept.append(message)
        else:
            kept.append(message)
    return kept


def _may_take(call: Call, queue: Queue, waits: bool) -> bool:
    """Whether fewer messages are in flight than may be.

    Where they are not, a receiver that waits waits on, as does one of a FIFO queue; another is told.

    Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html

    Raises:
        AwsError: ``OverLimit``.
    """
    if counts.has_room(call, queue):
        return True
    if queue.fifo or waits:
        return False
    limit = call.limits.queue_in_flight_messages
    raise AwsError("OverLimit", f"The maximum number of in flight messages is reached: {limit}.", status=403)


def _until_ms(tx: Transaction, queue: Queue, deadline_ms: int) -> int:
    row = tx.one(
        "SELECT visible_at FROM sqs_messages WHERE queue = ? AND visible_at > ? ORDER BY visible_at LIMIT 1",
        queue.arn,
        tx.now_ms,
    )
    return deadline_ms if row is None else min(deadline_ms, row[0])


def _checked(params: dict[str, Any], name: str, default: int, least: int, greatest: int) -> int:
    value = params.get(name)
    if value is None:
        return default
    if not least <= value <= greatest:
        reason = f"Must be between {least} and {greatest}" if least else f"Must be >= {least} and <= {greatest}"
        raise AwsError(
            "InvalidParameterValue", f"Value {value} for parameter {name} is invalid. Reason: {reason}, if provided."
        )
    return int(value)


def _system_attributes(params: dict[str, Any]) -> dict[str, SystemAttribute]:
    """The system attributes that a receiver asked for.

    ``All`` shows the trace header that a sender gave, as AWS does. Asked for by name it is that of the conversation
    that the message belongs to, whoever began it: so event source mappings go on with it.
    """
    names = [*(params.get("AttributeNames") or ()), *(params.get("MessageSystemAttributeNames") or ())]
    for name in names:
        if name != "All" and name not in _SYSTEM_ATTRIBUTES:
            raise AwsError("InvalidAttributeName", f"Unknown Attribute {name}.")
    asked = _SYSTEM_ATTRIBUTES if "All" in names else {name: _SYSTEM_ATTRIBUTES[name] for name in names}
    if "AWSTraceHeader" not in names:
        return asked
    return {**asked, "AWSTraceHeader": lambda message: message.trace or None}


def _shown(
    queue: Queue, message: Message, receipt: int, system: dict[str, SystemAttribute], names: list[str]
) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "MessageId": message.message_id,
        "ReceiptHandle": encode_receipt(queue.arn, message.id, receipt),
        "MD5OfBody": message.body_md5,
        "Body": message.body,
    }
    if system:
        values = {name: read(message) for name, read in system.items()}
        shown["Attributes"] = {name: value for name, value in values.items() if value is not None}
    if names and message.attributes:
        wanted = message_attributes.wanted(msgpack.unpackb(message.attributes), names)
        if wanted:
            shown["MD5OfMessageAttributes"] = message_attributes.digest(wanted)
            shown["MessageAttributes"] = wanted
    return shown


def _taken_before(
    tx: Transaction, queue: Queue, attempt_id: str, visibility_seconds: int
) -> tuple[int, list[Message]] | None:
    """What an earlier receive with this attempt id took, if all of it is still held by that receive."""
    row = tx.one(
        "SELECT receipt, message_ids FROM sqs_receive_attempts WHERE queue = ? AND attempt_id = ? AND expires_at > ?",
        queue.arn,
        attempt_id,
        tx.now_ms,
    )
    if row is None:
        return None
    receipt, ids = row[0], json.loads(row[1])
    marks = ", ".join("?" * len(ids))
    rows = tx.all(
        f"SELECT {_COLUMNS} FROM sqs_messages WHERE id IN ({marks}) AND receipt = ? AND visible_at > ? ORDER BY id",
        *ids,
        receipt,
        tx.now_ms,
    )
    if len(rows) != len(ids):
        return None
    tx.run(
        f"UPDATE sqs_messages SET visible_at = ? WHERE id IN ({marks})", tx.now_ms + visibility_seconds * 1_000, *ids
    )
    return receipt, [Message(*row) for row in rows]


def _remember_attempt(tx: Transaction, queue: Queue, attempt_id: str, receipt: int, messages: list[Message]) -> None:
    tx.run("DELETE FROM sqs_receive_attempts WHERE queue = ? AND expires_at <= ?", queue.arn, tx.now_ms)
    tx.run(
        "INSERT INTO sqs_receive_attempts VALUES (?, ?, ?, ?, ?) ON CONFLICT (queue, attempt_id) DO UPDATE"
        " SET receipt = excluded.receipt, message_ids = excluded.message_ids, expires_at = excluded.expires_at",
        queue.arn,
        attempt_id,
        receipt,
        json.dumps([message.id for message in messages]),
        tx.now_ms + _ATTEMPT_MS,
    )
