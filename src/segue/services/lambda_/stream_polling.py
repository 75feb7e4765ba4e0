"""Feeding functions from streams: one durable job a lane reads after its checkpoint and runs one batch at a time.

The checkpoint is a row. It moves in the transaction that settles an invocation, so that a crash between brings the same
records again and loses none. A lane with nothing to do parks on its stream and is woken by the next record.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from segue.api import Call
from segue.api.caller import service_caller
from segue.api.deliveries import Delivery, record
from segue.api.sources.lanes import StreamSource, find_lane, look, save_lane
from segue.api.sources.stream_batches import ALL, Lane, StreamBatch, after_failure, failed_from, retry_delay_ms
from segue.errors import AwsError
from segue.jobs import Again, Job, Outbound, Pending
from segue.services.lambda_.functions import existing
from segue.services.lambda_.invocation import EFFECT, InvokeOutcome
from segue.services.lambda_.invoke import invoke_request
from segue.services.lambda_.mapping_records import EventSourceMapping, as_role, find_mapping
from segue.services.lambda_.records import FunctionVersion
from segue.services.lambda_.service import SERVICE
from segue.services.lambda_.sessions import PRINCIPAL
from segue.services.lambda_.stream_failures import TOO_OFTEN, TOO_OLD, GivenUp, give_up
from segue.services.lambda_.stream_windows import (
    NO_STATE,
    answered_state,
    closed,
    event_of,
    is_over,
    opened,
    with_state,
)

log = logging.getLogger(__name__)

_TROUBLE_MS = 10_000
_PROBLEM = "PROBLEM: Function call failed"


@dataclass(frozen=True, slots=True)
class _Work:
    """A lane at work: its mapping, the function's version, its number, its shard, where it stands."""

    mapping: EventSourceMapping
    version: FunctionVersion
    number: int
    shard: str
    lane: Lane

    def save(self, call: Call, lane: Lane) -> _Work:
        save_lane(call.tx, self.mapping.uuid, self.number, lane)
        return replace(self, lane=lane)


@SERVICE.job("lane")
def run_lane(call: Call, job: Job) -> Again | Pending | Outbound | None:
    """Invoke the function with what comes next in the lane; or wait for it."""
    found = _work(call, job.payload)
    if found is None:
        return None
    mapping, number, shard, lane = found
    call = call.as_caller(service_caller(PRINCIPAL, mapping.function_arn))
    try:
        function, version = existing(call, mapping.function)
        work = _Work(mapping, version, number, shard, lane)
        return _run(call, as_role(call, function, version), work, job)
    except AwsError as error:
        return _trouble(call, mapping, job, error)


def _work(call: Call, payload: dict[str, Any]) -> tuple[EventSourceMapping, int, str, Lane] | None:
    mapping = find_mapping(call.tx, payload["mapping"])
    found = find_lane(call.tx, payload["mapping"], payload["lane"])
    if mapping is None or mapping.state != "Enabled" or found is None:
        return None
    return mapping, payload["lane"], *found


def _run(call: Call, reader: Call, work: _Work, job: Job) -> Again | Pending | Outbound:
    mapping, before = work.mapping, work.lane
    found = look(call, reader, _source(mapping), work.number, before)
    if found.forgotten:
        _note_forgotten(call, work, found.forgotten)
    if found.old:
        give_up(call, mapping, work.version, GivenUp(found.old, work.shard, TOO_OLD, before.attempts))
    if found.lane != before:
        work = work.save(call, found.lane)
    batch, wait = found.batch, found.wait
    length_ms = mapping.tumbling_window_ms
    if length_ms and is_over(work.lane, batch, isinstance(wait, Pending), call.now_ms, length_ms):
        return _close_window(call, work, job)
    if batch is None:
        assert wait is not None
        ends_at_ms = work.lane.window_start_ms + length_ms
        if length_ms and isinstance(wait, Pending) and call.now_ms < ends_at_ms < wait.until_ms:
            return Pending(wait.keys, ends_at_ms)
        return wait
    payload = batch.event
    if length_ms:
        lane, batch = opened(work.lane, batch, length_ms)
        work = replace(work, lane=lane)
        payload = event_of(lane, batch, length_ms, work.shard, mapping.source_arn)
    request_id = call.tx.ids.uuid()
    request = invoke_request(call, mapping.function, payload, request_id=request_id)
    return Outbound(EFFECT, request, partial(_settle, work, batch, request_id, job))


def _close_window(call: Call, work: _Work, job: Job) -> Outbound:
    """Invoke the function once more, with the state of the window that is over."""
    mapping = work.mapping
    payload = event_of(work.lane, None, mapping.tumbling_window_ms, work.shard, mapping.source_arn)
    request = invoke_request(call, mapping.function, payload, request_id=call.tx.ids.uuid())
    return Outbound(EFFECT, request, partial(_settle_window, work, job))


def _settle_window(work: _Work, job: Job, call: Call, outcome: InvokeOutcome) -> Again | None:
    mapping, lane = work.mapping, work.lane
    call = call.as_caller(service_caller(PRINCIPAL, mapping.function_arn))
    if outcome.refused is not None:
        return _trouble(call, mapping, job, outcome.refused)
    ends_at = f"the window from {lane.window_start_ms}"
    if outcome.function_error is None:
        work.save(call, replace(closed(lane), result="OK"))
        _record(call, work, "delivered", subject=ends_at)
        return Again(call.now_ms, {**job.payload, "trouble": "", "tries": 0})
    failures = lane.failures + 1
    if 0 <= mapping.maximum_retries < failures:
        work.save(call, replace(closed(lane), result=_PROBLEM))
        _record(call, work, "dropped", f"{TOO_OFTEN}: {outcome.error_text}", ends_at)
        return Again(call.now_ms)
    work.save(call, replace(lane, failures=failures, attempts=lane.attempts + 1, result=_PROBLEM))
    _record(call, work, "retrying", outcome.error_text, ends_at)
    return Again(call.now_ms + retry_delay_ms(lane.attempts), reason=outcome.error_text)


def _source(mapping: EventSourceMapping) -> StreamSource:
    return StreamSource(
        mapping.uuid,
        mapping.source_arn,
        mapping.batch_size,
        mapping.window_ms,
        mapping.filters,
        mapping.lanes,
        mapping.maximum_age_ms,
    )


def _settle(
    work: _Work, batch: StreamBatch, request_id: str, job: Job, call: Call, outcome: InvokeOutcome
) -> Again | None:
    mapping = work.mapping
    call = call.as_caller(service_caller(PRINCIPAL, mapping.function_arn))
    if outcome.refused is not None:  # the batch has not reached the function, so this is no failure of its
        return _trouble(call, mapping, job, outcome.refused)
    numbers = [chosen.number for chosen in batch.records]
    failed, reason = _judged(mapping, numbers, outcome)
    if mapping.tumbling_window_ms and failed != ALL:
        state = answered_state(outcome.payload)
        if state is None:
            failed, reason = ALL, NO_STATE
        else:
            work = replace(work, lane=with_state(work.lane, state))
    if failed is None:
        _note(call, work, batch, "delivered")
        work.save(call, replace(work.lane.moved(batch.upto), result="OK"))
        return Again(call.now_ms, {**job.payload, "trouble": "", "tries": 0})
    lane, given_up_from = after_failure(
        work.lane, numbers, batch.upto, failed, bisects=mapping.bisects, maximum_retries=mapping.maximum_retries
    )
    work.save(call, replace(lane, result=_PROBLEM))
    if given_up_from is not None:
        dropped = GivenUp(
            batch.records[given_up_from:], work.shard, TOO_OFTEN, work.lane.attempts + 1, request_id, outcome
        )
        give_up(call, mapping, work.version, dropped)
        return Again(call.now_ms)
    _note(call, work, batch, "retrying", reason)
    delay_ms = retry_delay_ms(lane.attempts - 1) if lane.attempts else 0
    return Again(call.now_ms + delay_ms, reason=reason)


def _judged(mapping: EventSourceMapping, numbers: list[str], outcome: InvokeOutcome) -> tuple[int | None, str]:
    """From which record on a batch has failed (``None``: it has not), and why."""
    if outcome.function_error is not None:
        return ALL, outcome.error_text
    failed = failed_from(outcome.payload, numbers) if mapping.reports_item_failures else None
    return failed, "reported as failed by the function"


def _trouble(call: Call, mapping: EventSourceMapping, job: Job, error: AwsError) -> Again | None:
    """The stream may not be read, or the function not be run: said once, tried again until it is mended.

    A stream that is gone stays so: its name is the time at which it began.
    """
    reason = str(error)
    for_good = error.code == "ResourceNotFoundException" and "Stream:" in error.message
    if job.payload.get("trouble") != reason:
        log.warning("%s cannot be fed from %s: %s", mapping.qualified_arn, mapping.source_arn, reason)
        status = "failed" if for_good else "retrying"
        hop = Delivery(mapping.source_arn, mapping.qualified_arn, "dynamodb:GetRecords", status, job.attempts, reason)
        record(call, hop)
    if for_good:
        return None
    tries = job.payload.get("tries", 0)
    delay_ms = retry_delay_ms(tries) if error.retryable else _TROUBLE_MS
    return Again(call.now_ms + delay_ms, {**job.payload, "trouble": reason, "tries": tries + 1}, reason)


def _note(call: Call, work: _Work, batch: StreamBatch, status: str, reason: str = "") -> None:
    _record(call, work, status, reason, batch.records[0].number)


def _record(call: Call, work: _Work, status: str, reason: str = "", subject: str = "") -> None:
    mapping = work.mapping
    attempts = work.lane.attempts + 1
    hop = Delivery(mapping.source_arn, mapping.qualified_arn, "lambda:Invoke", status, attempts, reason, subject)
    record(call, hop)


def _note_forgotten(call: Call, work: _Work, following: str) -> None:
    """Records that had failed are no longer kept: their stream does for a day."""
    mapping, first = work.mapping, work.lane.first
    reason = f"records from {first} to before {following} are older than their stream keeps them"
    hop = Delivery(
        mapping.source_arn, mapping.qualified_arn, "lambda:Invoke", "dropped", work.lane.attempts, reason, first
    )
    record(call, hop)
