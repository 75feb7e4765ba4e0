"""Feeding functions from queues: one durable job polls a mapping's queue, another runs each batch.

The poll takes messages in its own transaction, together with the batches it makes of them, and parks on the queue when
it is empty: an idle mapping costs a row. As on AWS several batches run at once: five, unless the function's reserved
concurrency or ``MaximumConcurrency`` say otherwise, which is kept to by not taking more (on AWS too much is taken, and
goes back throttled).
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from segue import jobs
from segue.api import Call
from segue.api.caller import service_caller
from segue.api.deliveries import Delivery, record
from segue.errors import AwsError
from segue.jobs import Again, Job, Outbound, Pending
from segue.services.lambda_.batches import (
    MAXIMUM_BATCH_BYTES,
    Held,
    event_of,
    failed_ids,
    held,
    passes,
    record_of,
    split,
)
from segue.services.lambda_.functions import existing
from segue.services.lambda_.invocation import EFFECT, InvokeOutcome
from segue.services.lambda_.invoke import invoke_request
from segue.services.lambda_.mapping_records import EventSourceMapping, as_role, find_mapping, queue_url
from segue.services.lambda_.queue_sources import BATCH_JOB, capacity_key
from segue.services.lambda_.service import SERVICE
from segue.services.lambda_.sessions import PRINCIPAL

log = logging.getLogger(__name__)

_CONCURRENT_BATCHES = 5
_RECEIVES_PER_RUN = 25
_LOOK_AGAIN_MS = 20_000
_TROUBLE_MS = 10_000
_THROTTLED_TRIES = 5


@SERVICE.job("poll")
def poll(call: Call, job: Job) -> Again | Pending | None:
    """Take what there is, as far as there is room; then wait for more, or for room."""
    mapping = find_mapping(call.tx, job.key)
    if mapping is None or mapping.state != "Enabled":
        return None
    call = call.as_caller(service_caller(PRINCIPAL, mapping.function_arn))
    try:
        return _poll(call, mapping)
    except AwsError as error:
        return _trouble(call, mapping, job, error)


def _poll(call: Call, mapping: EventSourceMapping) -> Again | Pending:
    function, version = existing(call, mapping.function)
    reader = as_role(call, function, version)
    room = _room(call, mapping, function.reserved_concurrency)
    for _ in range(_RECEIVES_PER_RUN):
        if room <= 0:
            return Pending((capacity_key(mapping.uuid),), call.now_ms + _LOOK_AGAIN_MS)
        received = _receive(reader, mapping)
        if mapping.window_ms:
            _hold(call, mapping, [] if isinstance(received, Pending) else received)
            started = _start_held(call, mapping)
            room -= started
            if isinstance(received, Pending) and not started:
                return _wait(call, mapping, received)
        elif isinstance(received, Pending):
            return received
        else:
            for batch in split(received, mapping.batch_size):
                _start(call, mapping, batch)
                room -= 1
    return Again(call.now_ms)


def _trouble(call: Call, mapping: EventSourceMapping, job: Job, error: AwsError) -> Again:
    """The queue or the function is gone, or may not be read: said once, tried again until it is mended."""
    reason = str(error)
    if job.payload.get("trouble") != reason:
        log.warning("%s cannot be fed from %s: %s", mapping.qualified_arn, mapping.source_arn, reason)
        record(
            call,
            Delivery(
                mapping.source_arn, mapping.qualified_arn, "sqs:ReceiveMessage", "retrying", job.attempts + 1, reason
            ),
        )
    return Again(call.now_ms + _TROUBLE_MS, {"trouble": reason}, reason)


def _room(call: Call, mapping: EventSourceMapping, reserved: int | None) -> int:
    """How many more batches may run."""
    limit = mapping.maximum_concurrency or _CONCURRENT_BATCHES
    if reserved:
        limit = min(limit, reserved)
    row = call.tx.one("SELECT COUNT(*) FROM jobs WHERE key = ? AND kind = ?", mapping.uuid, BATCH_JOB)
    return limit - (int(row[0]) if row else 0)


def _receive(call: Call, mapping: EventSourceMapping) -> list[Held] | Pending:
    """Messages that pass the filters (those that do not are deleted), or until when to wait for some."""
    params = {
        "QueueUrl": queue_url(call, mapping.source_arn),
        "MaxNumberOfMessages": min(10, mapping.batch_size),
        # Named, the trace header is the conversation's, even where no sender gave one.
        "MessageSystemAttributeNames": ["All", "AWSTraceHeader"],
        "MessageAttributeNames": ["All"],
        "WaitTimeSeconds": 20,
    }
    result = call.perform("sqs:ReceiveMessage", params)
    if isinstance(result, Pending):
        return result
    assert isinstance(result, dict)
    taken, unwanted = [], []
    for message in result.get("Messages", []):
        event_record = record_of(message, mapping.source_arn)
        if passes(event_record, mapping.filters):
            taken.append(held(message, event_record))
        else:
            unwanted.append(message["ReceiptHandle"])
    _delete(call, mapping, unwanted)
    return taken


def _wait(call: Call, mapping: EventSourceMapping, pending: Pending) -> Pending:
    """Park until a message comes, or until what is gathered has waited long enough."""
    row = call.tx.one("SELECT MIN(held_at) FROM lambda_held_messages WHERE mapping = ?", mapping.uuid)
    if row is None or row[0] is None:
        return pending
    return Pending(pending.keys, min(pending.until_ms, row[0] + mapping.window_ms))


def _hold(call: Call, mapping: EventSourceMapping, messages: list[Held]) -> None:
    for message in messages:
        call.tx.run(
            "INSERT INTO lambda_held_messages (mapping, id, held_at, size, record) VALUES (?, ?, ?, ?, ?)",
            mapping.uuid,
            call.tx.ids.ordered(call.now_ms),
            call.now_ms,
            len(message.record.encode()),
            "\n".join(message.plain),
        )


def _start_held(call: Call, mapping: EventSourceMapping) -> int:
    """Start batches of what is gathered, if it is enough or has waited long enough; how many."""
    row = call.tx.one(
        "SELECT COUNT(*), COALESCE(SUM(size), 0), MIN(held_at) FROM lambda_held_messages WHERE mapping = ?",
        mapping.uuid,
    )
    if row is None or not row[0]:
        return 0
    is_late = call.now_ms >= row[2] + mapping.window_ms
    if row[0] < mapping.batch_size and row[1] < MAXIMUM_BATCH_BYTES and not is_late:
        return 0
    rows = call.tx.all(
        "SELECT id, record FROM lambda_held_messages WHERE mapping = ? ORDER BY id LIMIT ?",
        mapping.uuid,
        mapping.batch_size,
    )
    batch = next(split((Held(*text.split("\n", 3)) for _, text in rows), mapping.batch_size))
    call.tx.run("DELETE FROM lambda_held_messages WHERE mapping = ? AND id <= ?", mapping.uuid, rows[len(batch) - 1][0])
    _start(call, mapping, batch)
    return 1


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch on its way to the function: the job's payload."""

    request_id: str
    messages: list[list[str]] = field(default_factory=list)
    throttles: int = 0

    @property
    def held(self) -> list[Held]:
        """The messages."""
        return [Held(*message) for message in self.messages]


def _start(call: Call, mapping: EventSourceMapping, batch: list[Held]) -> None:
    payload = {"request_id": call.tx.ids.uuid(), "messages": [message.plain for message in batch]}
    jobs.enqueue(call.tx, BATCH_JOB, mapping.uuid, payload, trace=batch[0].trace)


@SERVICE.job("batch")
def run_batch(call: Call, job: Job) -> Outbound | None:
    """Invoke the function with the batch. What fails stays in the queue, whose visibility timeout brings it back."""
    mapping = find_mapping(call.tx, job.key)
    if mapping is None:
        return None
    batch = Batch(**job.payload)
    call = call.as_caller(service_caller(PRINCIPAL, mapping.function_arn))
    try:
        request = invoke_request(call, mapping.function, event_of(batch.held), request_id=batch.request_id)
    except AwsError as error:
        _note(call, mapping, batch, {message.message_id for message in batch.held}, str(error))
        jobs.wake(call.tx, capacity_key(mapping.uuid))
        return None
    return Outbound(EFFECT, request, partial(_settle, mapping, batch))


def _settle(mapping: EventSourceMapping, batch: Batch, call: Call, outcome: InvokeOutcome) -> Again | None:
    call = call.as_caller(service_caller(PRINCIPAL, mapping.function_arn))
    refused = outcome.refused
    if refused is not None and refused.retryable and batch.throttles < _THROTTLED_TRIES:
        later: dict[str, Any] = {
            "request_id": batch.request_id, "messages": batch.messages, "throttles": batch.throttles + 1,
        }  # fmt: skip
        return Again(call.now_ms + 1_000 * 2**batch.throttles, later, str(refused))
    ids = [message.message_id for message in batch.held]
    if refused is not None or outcome.function_error is not None:
        failed = set(ids)
    else:
        failed = failed_ids(outcome.payload, ids) if mapping.reports_item_failures else set()
    done = [message.receipt_handle for message in batch.held if message.message_id not in failed]
    if done:
        try:
            _delete(as_role(call, *existing(call, mapping.function)), mapping, done)
        except AwsError as error:
            log.warning("%s: messages of %s could not be deleted: %s", mapping.qualified_arn, mapping.source_arn, error)
    reason = outcome.error_text or ("reported as failed by the function" if failed else "")
    _note(call, mapping, batch, failed, reason)
    jobs.wake(call.tx, capacity_key(mapping.uuid))
    return None


def _delete(call: Call, mapping: EventSourceMapping, receipt_handles: list[str]) -> None:
    for start in range(0, len(receipt_handles), 10):
        entries = [
            {"Id": str(number), "ReceiptHandle": handle}
            for number, handle in enumerate(receipt_handles[start : start + 10])
        ]
        call.perform("sqs:DeleteMessageBatch", {"QueueUrl": queue_url(call, mapping.source_arn), "Entries": entries})


def _note(call: Call, mapping: EventSourceMapping, batch: Batch, failed: set[str], reason: str) -> None:
    """One hop a message, each in its own conversation."""
    for message in batch.held:
        is_failed = message.message_id in failed
        hop = Delivery(
            mapping.source_arn,
            mapping.qualified_arn,
            "lambda:Invoke",
            "failed" if is_failed else "delivered",
            reason=reason if is_failed else "",
            subject=message.message_id,
        )
        record(replace(call, trace=message.trace or call.trace), hop)
