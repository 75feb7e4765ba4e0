"""Streams of tables as sources: one job a lane takes batch after batch through the pipe (see ``api/sources/lanes.py``).

A batch that failed is tried again, cut in two where that is wanted, until it succeeds, is too old or has been tried too
often; what is given up goes to the dead-letter queue or topic as a document about it.
"""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from segue.api import Call, Target, deliver
from segue.api.deliveries import Delivery, record
from segue.api.sources.lanes import StreamSource, begin, drop_lanes, find_lane, look, save_lane, start_lanes
from segue.api.sources.queues import queue_url
from segue.api.sources.stream_batches import ALL, Chosen, Lane, StreamBatch, after_failure, retry_delay_ms
from segue.errors import AwsError
from segue.jobs import Again, Job, Outbound, Pending
from segue.services.pipes.authority import as_role
from segue.services.pipes.executions import Ended, Execution, go_on
from segue.services.pipes.records import Pipe, find_pipe
from segue.services.pipes.service import SERVICE

log = logging.getLogger(__name__)

_LANE = "pipes:lane"
_PRINCIPAL = "pipes.amazonaws.com"
_TROUBLE_MS = 10_000
_TOO_OFTEN = "RetryAttemptsExhausted"
_TOO_OLD = "RecordAgeExceeded"


def check(reader: Call, pipe: Pipe) -> None:
    """``AwsError`` where the stream is not there, or may not be read."""
    reader.perform("dynamodbstreams:DescribeStream", {"StreamArn": pipe.source})


def start(call: Call, pipe: Pipe) -> None:
    """Read from where it stood, or from the starting position."""
    position = pipe.source_parameters["StartingPosition"]
    first = partial(begin, as_role(call, pipe), pipe.source, position)
    start_lanes(call, pipe.arn, _source(pipe).lanes, first, _LANE, {"pipe": pipe.arn})


def stop(call: Call, pipe: Pipe, *, for_good: bool) -> None:
    """A lane's job finds out by itself that its pipe rests, when the batch that is under way is done."""
    if for_good:
        drop_lanes(call.tx, pipe.arn, _source(pipe).lanes, _LANE)


def _source(pipe: Pipe) -> StreamSource:
    parameters = pipe.source_parameters
    age_seconds = parameters["MaximumRecordAgeInSeconds"]
    return StreamSource(
        pipe.arn,
        pipe.source,
        parameters["BatchSize"],
        parameters["MaximumBatchingWindowInSeconds"] * 1_000,
        pipe.filters,
        parameters["ParallelizationFactor"],
        None if age_seconds == -1 else age_seconds * 1_000,
    )


@SERVICE.job("lane")
def run_lane(call: Call, job: Job) -> Again | Pending | Outbound | None:
    """Take what comes next in a lane through the pipe; or wait for it."""
    pipe, number = find_pipe(call.tx, job.payload["pipe"]), job.payload["lane"]
    found = find_lane(call.tx, job.payload["pipe"], number)
    if pipe is None or found is None:
        return None
    if "execution" in job.payload:
        return _go_on(call, pipe, job, *found)
    if pipe.current_state != "RUNNING":
        return None
    try:
        return _look(call, pipe, job, *found)
    except AwsError as error:
        return _trouble(call, pipe, job, error)


def _look(call: Call, pipe: Pipe, job: Job, shard: str, lane: Lane) -> Again | Pending:
    """The next batch is kept in the job before anything is made of it, so that it is the same whenever that goes on."""
    number = job.payload["lane"]
    found = look(call, as_role(call, pipe), _source(pipe), number, lane)
    if found.forgotten:
        reason = f"records from {lane.first} to before {found.forgotten} are older than their stream keeps them"
        record(call, _hop(pipe, "dropped", lane.attempts, reason, lane.first))
    if found.old:
        _give_up(call, pipe, shard, found.old, _TOO_OLD, lane.attempts)
    if found.lane != lane:
        save_lane(call.tx, pipe.arn, number, found.lane)
    if found.batch is None:
        assert found.wait is not None
        return found.wait
    records = found.batch.records
    events = [chosen.text for chosen in records]
    execution = Execution(
        call.tx.ids.uuid(), events, [json.loads(event)["eventID"] for event in events], started_at_ms=call.now_ms
    )
    batch = {"records": [[chosen.number, chosen.at_ms] for chosen in records], "upto": found.batch.upto}
    return Again(call.now_ms, {**_idle(job), "execution": execution.plain, "batch": {**batch, "texts": events}})


def _idle(job: Job) -> dict[str, Any]:
    return {"pipe": job.payload["pipe"], "lane": job.payload["lane"]}


def _go_on(call: Call, pipe: Pipe, job: Job, shard: str, lane: Lane) -> Again | Pending | Outbound | None:
    kept = job.payload["batch"]
    chosen = tuple(
        Chosen(number, at_ms, text) for (number, at_ms), text in zip(kept["records"], kept["texts"], strict=True)
    )
    batch = StreamBatch(chosen, kept["upto"], True)
    return go_on(
        call,
        pipe,
        Execution(**job.payload["execution"]),
        partial(_finish, pipe, job, shard, lane, batch),
        lambda later: {**job.payload, "execution": later.plain},
    )


def _finish(pipe: Pipe, job: Job, shard: str, lane: Lane, batch: StreamBatch, call: Call, ended: Ended) -> Again:
    number, idle = job.payload["lane"], _idle(job)
    if ended.failed is not None and not ended.failed:
        record(call, _hop(pipe, "delivered", lane.attempts + 1, "", batch.records[0].number, ended))
        save_lane(call.tx, pipe.arn, number, replace(lane.moved(batch.upto), result="OK"))
        return Again(call.now_ms, idle)
    parameters = pipe.source_parameters
    after, given_up_from = after_failure(
        lane,
        [chosen.number for chosen in batch.records],
        batch.upto,
        ALL if ended.failed is None else min(ended.failed),
        bisects=parameters.get("OnPartialBatchItemFailure") == "AUTOMATIC_BISECT",
        maximum_retries=parameters["MaximumRetryAttempts"],
    )
    save_lane(call.tx, pipe.arn, number, after)
    if given_up_from is not None:
        _give_up(call, pipe, shard, batch.records[given_up_from:], _TOO_OFTEN, lane.attempts + 1, ended)
        return Again(call.now_ms, idle)
    record(call, _hop(pipe, "retrying", lane.attempts + 1, ended.reason, batch.records[0].number, ended))
    delay_ms = retry_delay_ms(after.attempts - 1) if after.attempts else 0
    return Again(call.now_ms + delay_ms, idle, ended.reason)


def _hop(pipe: Pipe, status: str, attempts: int, reason: str, subject: str, ended: Ended | None = None) -> Delivery:
    arn, operation = (ended.arn, ended.operation) if ended is not None else (str(pipe.target), "dynamodb:GetRecords")
    return Delivery(pipe.source, arn, operation, status, attempts, reason, subject)


def _give_up(
    call: Call,
    pipe: Pipe,
    shard: str,
    records: tuple[Chosen, ...],
    condition: str,
    attempts: int,
    ended: Ended | None = None,
) -> None:
    """Hand a document about the records to the dead-letter queue or topic; that they are gone is recorded."""
    queue = pipe.source_parameters.get("DeadLetterConfig", {}).get("Arn", "")
    reason = f"{condition}: {ended.reason}" if ended is not None and ended.reason else condition
    record(call, _hop(pipe, "dead-lettered" if queue else "dropped", attempts, reason, records[0].number, ended))
    if not queue:
        return
    text = json.dumps(_document(call, pipe, shard, records, condition), separators=(",", ":"))
    if queue.split(":")[2] == "sqs":
        operation, params = "sqs:SendMessage", {"QueueUrl": queue_url(call, queue), "MessageBody": text}
    else:
        operation, params = "sns:Publish", {"TopicArn": queue, "Message": text}
    target = Target(
        service=_PRINCIPAL,
        source_arn=pipe.arn,
        target_arn=queue,
        operation=operation,
        params=params,
        role_arn=pipe.role_arn,
        subject=records[0].number,
    )
    deliver(call, target)


def _document(call: Call, pipe: Pipe, shard: str, records: tuple[Chosen, ...], condition: str) -> dict[str, Any]:
    """As Lambda's for its mappings, with the pipe in its context.

    Source: user guide, "Amazon EventBridge Pipes error handling and troubleshooting".
    """
    return {
        "context": {"partnerResourceArn": pipe.arn, "condition": condition},
        "version": "1.0",
        "timestamp": f"{datetime.fromtimestamp(call.now_ms / 1_000, UTC).isoformat(timespec='milliseconds')[:-6]}Z",
        "DDBStreamBatchInfo": {
            "shardId": shard,
            "startSequenceNumber": records[0].number,
            "endSequenceNumber": records[-1].number,
            "approximateArrivalOfFirstRecord": _second(records[0].at_ms),
            "approximateArrivalOfLastRecord": _second(records[-1].at_ms),
            "batchSize": len(records),
            "streamArn": pipe.source,
        },
    }


def _second(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms // 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _trouble(call: Call, pipe: Pipe, job: Job, error: AwsError) -> Again:
    """The stream may not be read: said once, tried again until it is mended."""
    reason = str(error)
    if job.payload.get("trouble") != reason:
        log.warning("%s cannot read %s: %s", pipe.arn, pipe.source, reason)
        record(call, Delivery(pipe.source, pipe.arn, "dynamodb:GetRecords", "retrying", job.attempts, reason))
    return Again(call.now_ms + _TROUBLE_MS, {**_idle(job), "trouble": reason}, reason)
