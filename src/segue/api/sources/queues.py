"""Polling a queue for a reader: messages become batches, batches become the reader's jobs.

The poll takes messages in its own transaction, together with the batches it makes of them, and parks on the queue when
it is empty: an idle reader costs a row. As on AWS several batches run at once; the limit is kept to by not taking more
(on AWS too much is taken, and goes back throttled).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from segue import jobs
from segue.api.call import Call
from segue.api.deliveries import Delivery, record
from segue.api.sources.messages import MAXIMUM_BATCH_BYTES, Held, held, passes, record_of, split
from segue.errors import AwsError
from segue.jobs import Again, Job, Pending
from segue.store import Transaction

log = logging.getLogger(__name__)

MIGRATIONS = (
    """
    CREATE TABLE held_messages (
        owner TEXT NOT NULL,
        id BIGINT NOT NULL,
        held_at BIGINT NOT NULL,
        size BIGINT NOT NULL,
        record TEXT NOT NULL,
        PRIMARY KEY (owner, id)
    );
    """,
)

CONCURRENT_BATCHES = 5
"""How many batches of a queue run at once, unless told."""

_RECEIVES_PER_RUN = 25
_LOOK_AGAIN_MS = 20_000
_TROUBLE_MS = 10_000


@dataclass(frozen=True, slots=True)
class QueueSource:
    """A queue, and how its messages are wanted.

    Attributes:
        owner: names the reader (a mapping's id, a pipe's ARN); the key of its batches' jobs.
        source_arn: the queue.
        batch_size, window_ms: how many messages make a batch, and for how long they are gathered.
        filters: event patterns, of which one must match.
        batch_job: the kind of job that a batch becomes; its payload has ``request_id`` and ``messages`` (plain).
        limit: how many batches may run at once.
    """

    owner: str
    source_arn: str
    batch_size: int
    window_ms: int
    filters: Sequence[str]
    batch_job: str
    limit: int = CONCURRENT_BATCHES


def poll(call: Call, reader: Call, source: QueueSource) -> Again | Pending:
    """Take what there is, as far as there is room; then wait for more, or for room.

    Args:
        reader: the same transaction, on the authority with which the queue is read.
    """
    room, gathered = _room(call, source), _gathered(call, source)
    for to_come in reversed(range(_RECEIVES_PER_RUN)):
        if room <= 0:
            return Pending((_capacity_key(source.owner),), call.now_ms + _LOOK_AGAIN_MS)
        received = _receive(reader, source)
        if source.window_ms:
            messages = [] if isinstance(received, Pending) else received
            _hold(call, source, messages)
            gathered += len(messages)
            if messages and to_come and gathered < source.batch_size:
                continue  # what is held is weighed once for all that is taken now
            started = _start_held(call, source)
            gathered = _gathered(call, source) if started else gathered
            room -= started
            if isinstance(received, Pending) and not started:
                return _wait(call, source, received)
        elif isinstance(received, Pending):
            return received
        else:
            for batch in split(received, source.batch_size):
                _start(call, source, batch)
                room -= 1
    return Again(call.now_ms)


def batch_ended(tx: Transaction, owner: str) -> None:
    """There is room for another batch."""
    jobs.wake(tx, _capacity_key(owner))


def forget_held(tx: Transaction, owner: str) -> None:
    """Nothing more is to be made of what was gathered; the queue makes it visible again in time."""
    tx.run("DELETE FROM held_messages WHERE owner = ?", owner)


def delete_messages(reader: Call, source_arn: str, receipt_handles: Sequence[str]) -> None:
    """Have the queue forget messages."""
    for start in range(0, len(receipt_handles), 10):
        entries = [
            {"Id": str(number), "ReceiptHandle": handle}
            for number, handle in enumerate(receipt_handles[start : start + 10])
        ]
        reader.perform("sqs:DeleteMessageBatch", {"QueueUrl": queue_url(reader, source_arn), "Entries": entries})


def still_held(reader: Call, source_arn: str, batch: Sequence[Held]) -> list[Held]:
    """Without those messages that became visible again and are another batch's by now, or soon."""
    handles = [message.receipt_handle for message in batch]
    held = reader.perform("sqs:HeldMessages", {"QueueUrl": queue_url(reader, source_arn), "ReceiptHandles": handles})
    assert isinstance(held, dict)
    return [message for message in batch if message.receipt_handle in held["ReceiptHandles"]]


def queue_url(call: Call, queue_arn: str) -> str:
    """The URL of a queue, for calls from inside."""
    *_, account, name = queue_arn.split(":")
    return f"{call.api.settings.endpoint_url}/{account}/{name}"


def trouble(call: Call, source_arn: str, reader_arn: str, job: Job, error: AwsError) -> Again:
    """The queue or its reader is gone, or may not be read: said once, tried again until it is mended."""
    reason = str(error)
    if job.payload.get("trouble") != reason:
        log.warning("%s cannot be fed from %s: %s", reader_arn, source_arn, reason)
        record(call, Delivery(source_arn, reader_arn, "sqs:ReceiveMessage", "retrying", job.attempts + 1, reason))
    return Again(call.now_ms + _TROUBLE_MS, {"trouble": reason}, reason)


def _capacity_key(owner: str) -> str:
    return f"sources:capacity:{owner}"


def _room(call: Call, source: QueueSource) -> int:
    """How many more batches may run."""
    row = call.tx.one("SELECT COUNT(*) FROM jobs WHERE key = ? AND kind = ?", source.owner, source.batch_job)
    return source.limit - (int(row[0]) if row else 0)


def _gathered(call: Call, source: QueueSource) -> int:
    """How many messages are held for a batch."""
    if not source.window_ms:
        return 0
    row = call.tx.one("SELECT COUNT(*) FROM held_messages WHERE owner = ?", source.owner)
    return int(row[0]) if row else 0


def _receive(reader: Call, source: QueueSource) -> list[Held] | Pending:
    """Messages that pass the filters (those that do not are deleted), or until when to wait for some."""
    params = {
        "QueueUrl": queue_url(reader, source.source_arn),
        "MaxNumberOfMessages": min(10, source.batch_size),
        # Named, the trace header is the conversation's, even where no sender gave one.
        "MessageSystemAttributeNames": ["All", "AWSTraceHeader"],
        "MessageAttributeNames": ["All"],
        "WaitTimeSeconds": 20,
    }
    result = reader.perform("sqs:ReceiveMessage", params)
    if isinstance(result, Pending):
        return result
    assert isinstance(result, dict)
    taken, unwanted = [], []
    for message in result.get("Messages", []):
        event_record = record_of(message, source.source_arn)
        if passes(event_record, source.filters):
            taken.append(held(message, event_record))
        else:
            unwanted.append(message["ReceiptHandle"])
    delete_messages(reader, source.source_arn, unwanted)
    return taken


def _wait(call: Call, source: QueueSource, pending: Pending) -> Pending:
    """Park until a message comes, or until what is gathered has waited long enough."""
    row = call.tx.one("SELECT MIN(held_at) FROM held_messages WHERE owner = ?", source.owner)
    if row is None or row[0] is None:
        return pending
    return Pending(pending.keys, min(pending.until_ms, row[0] + source.window_ms))


def _hold(call: Call, source: QueueSource, messages: list[Held]) -> None:
    for message in messages:
        call.tx.run(
            "INSERT INTO held_messages (owner, id, held_at, size, record) VALUES (?, ?, ?, ?, ?)",
            source.owner,
            call.tx.ids.ordered(call.now_ms),
            call.now_ms,
            len(message.record.encode()),
            "\n".join(message.plain),
        )


def _start_held(call: Call, source: QueueSource) -> int:
    """Start batches of what is gathered, if it is enough or has waited long enough; how many."""
    row = call.tx.one(
        "SELECT COUNT(*), COALESCE(SUM(size), 0), MIN(held_at) FROM held_messages WHERE owner = ?", source.owner
    )
    if row is None or not row[0]:
        return 0
    is_late = call.now_ms >= row[2] + source.window_ms
    if row[0] < source.batch_size and row[1] < MAXIMUM_BATCH_BYTES and not is_late:
        return 0
    rows = call.tx.all(
        "SELECT id, record FROM held_messages WHERE owner = ? ORDER BY id LIMIT ?", source.owner, source.batch_size
    )
    batch = next(split((Held(*text.split("\n", 3)) for _, text in rows), source.batch_size))
    call.tx.run("DELETE FROM held_messages WHERE owner = ? AND id <= ?", source.owner, rows[len(batch) - 1][0])
    _start(call, source, batch)
    return 1


def _start(call: Call, source: QueueSource, batch: list[Held]) -> None:
    payload = {"request_id": call.tx.ids.uuid(), "messages": [message.plain for message in batch]}
    jobs.enqueue(call.tx, source.batch_job, source.owner, payload, trace=batch[0].trace)
