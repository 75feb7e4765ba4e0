"""Feeding functions from queues: a durable job polls a mapping's queue (``api/sources/queues.py``), others run batches.

As on AWS five batches run at once, unless the function's reserved concurrency, ``MaximumConcurrency`` or provisioned
pollers say otherwise.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from segue import jobs
from segue.api import Call
from segue.api.caller import service_caller
from segue.api.deliver import retry_delay_ms
from segue.api.deliveries import Delivery, record
from segue.api.sources.messages import Held, event_of, failed_ids
from segue.api.sources.queues import (
    CONCURRENT_BATCHES,
    QueueSource,
    batch_ended,
    delete_messages,
    poll,
    trouble,
)
from segue.arn import parse_arn
from segue.errors import AwsError
from segue.jobs import Again, Job, Outbound, Pending
from segue.services.lambda_.functions import existing
from segue.services.lambda_.invocation import EFFECT, InvokeOutcome
from segue.services.lambda_.invoke import invoke_request
from segue.services.lambda_.mapping_records import EventSourceMapping, as_role, find_mapping
from segue.services.lambda_.queue_sources import BATCH_JOB, POLL_JOB
from segue.services.lambda_.service import SERVICE
from segue.services.lambda_.sessions import PRINCIPAL
from segue.store import Transaction

log = logging.getLogger(__name__)

_THROTTLED_TRIES = 5
_BATCHES_A_POLLER = 10
"""Of a provisioned one: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html"""


@SERVICE.job("poll")
def poll_queue(call: Call, job: Job) -> Again | Pending | None:
    """Take what there is, as far as there is room; then wait for more, or for room."""
    mapping = find_mapping(call.tx, job.key)
    if mapping is None or mapping.state != "Enabled":
        return None
    call = call.as_caller(service_caller(PRINCIPAL, mapping.function_arn))
    try:
        function, version = existing(call, mapping.function)
        return poll(call, as_role(call, function, version), _source(mapping, function.reserved_concurrency))
    except AwsError as error:
        return trouble(call, mapping.source_arn, mapping.qualified_arn, job, error)


@SERVICE.invariant
def queues_are_polled(tx: Transaction) -> Iterator[str]:
    """Whoever is to be served from a queue has the job that polls it."""
    rows = tx.all("SELECT uuid, source_arn FROM lambda_event_source_mappings WHERE state = 'Enabled' ORDER BY uuid")
    for uuid, source_arn in rows:
        if parse_arn(source_arn).service == "sqs" and not jobs.exists(tx, POLL_JOB, uuid):
            yield f"event source mapping {uuid}: enabled, and {source_arn} is not polled"


def _source(mapping: EventSourceMapping, reserved: int | None) -> QueueSource:
    limit = mapping.maximum_concurrency or CONCURRENT_BATCHES
    if mapping.maximum_pollers is not None:
        limit = _BATCHES_A_POLLER * mapping.maximum_pollers
    return QueueSource(
        mapping.uuid,
        mapping.source_arn,
        mapping.batch_size,
        mapping.window_ms,
        mapping.filters,
        BATCH_JOB,
        min(limit, reserved) if reserved else limit,
    )


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
        batch_ended(call.tx, mapping.uuid)
        return None
    return Outbound(EFFECT, request, partial(_settle, mapping, batch))


def _settle(mapping: EventSourceMapping, batch: Batch, call: Call, outcome: InvokeOutcome) -> Again | None:
    call = call.as_caller(service_caller(PRINCIPAL, mapping.function_arn))
    refused = outcome.refused
    if refused is not None and refused.retryable and batch.throttles < _THROTTLED_TRIES:
        later: dict[str, Any] = {
            "request_id": batch.request_id, "messages": batch.messages, "throttles": batch.throttles + 1,
        }  # fmt: skip
        delay_ms = retry_delay_ms(batch.throttles + 1, jitter=call.tx.ids.random.random)
        return Again(call.now_ms + delay_ms, later, str(refused))
    ids = [message.message_id for message in batch.held]
    if refused is not None or outcome.function_error is not None:
        failed = set(ids)
    else:
        failed = failed_ids(outcome.payload, ids) if mapping.reports_item_failures else set()
    done = [message.receipt_handle for message in batch.held if message.message_id not in failed]
    if done:
        try:
            delete_messages(as_role(call, *existing(call, mapping.function)), mapping.source_arn, done)
        except AwsError as error:
            log.warning("%s: messages of %s could not be deleted: %s", mapping.qualified_arn, mapping.source_arn, error)
    reason = outcome.error_text or ("reported as failed by the function" if failed else "")
    _note(call, mapping, batch, failed, reason)
    batch_ended(call.tx, mapping.uuid)
    return None


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
