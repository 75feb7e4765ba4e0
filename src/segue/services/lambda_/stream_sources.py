"""Streams of tables as event sources: their settings, their lanes, the jobs that read them (see ``stream_polling``)."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from segue import jobs
from segue.api import Call
from segue.errors import AwsError, not_implemented
from segue.services.lambda_.errors import invalid
from segue.services.lambda_.functions import existing
from segue.services.lambda_.mapping_records import EventSourceMapping, as_role
from segue.services.lambda_.records import Function, FunctionVersion
from segue.services.lambda_.sources import Source
from segue.services.lambda_.stream_batches import Lane
from segue.store import Transaction

LANE_JOB = "lambda:lane"
_DESTINATIONS = ("sqs", "sns", "s3")
_LEAST_AGE_SECONDS = 60
_LARGE_BATCH = 10


def lane_key(uuid: str, lane: int) -> str:
    """The key of a lane's job."""
    return f"{uuid}/{lane}"


def find_lane(tx: Transaction, uuid: str, lane: int) -> tuple[str, Lane] | None:
    """The shard of a lane, and where it stands."""
    row = tx.one("SELECT shard, state FROM lambda_stream_lanes WHERE mapping = ? AND lane = ?", uuid, lane)
    return None if row is None else (row[0], _lane(row[1]))


def save_lane(tx: Transaction, uuid: str, number: int, lane: Lane) -> None:
    """Where a lane stands now."""
    tx.run(
        "UPDATE lambda_stream_lanes SET state = ? WHERE mapping = ? AND lane = ?",
        json.dumps(asdict(lane)),
        uuid,
        number,
    )


def _lane(state: str) -> Lane:
    stored = json.loads(state)
    return Lane(**{**stored, "ends": tuple(stored["ends"])})


def _lanes(tx: Transaction, uuid: str) -> list[tuple[str, Lane]]:
    rows = tx.all("SELECT shard, state FROM lambda_stream_lanes WHERE mapping = ? ORDER BY lane", uuid)
    return [(shard, _lane(state)) for shard, state in rows]


def _check(call: Call, mapping: EventSourceMapping, function: Function, version: FunctionVersion) -> None:
    settings = mapping.configuration
    position = settings.get("StartingPosition")
    if position is None:
        raise invalid(
            "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: "
            "Member must not be null."
        )
    if position == "AT_TIMESTAMP":
        raise invalid(f"Unsupported starting position for arn type: {mapping.source_arn}")
    if settings["TumblingWindowInSeconds"]:
        raise not_implemented("lambda:CreateEventSourceMapping", "TumblingWindowInSeconds")
    if mapping.batch_size > _LARGE_BATCH * 1_000:
        raise invalid("Maximum batch size for DynamoDB streams is 10000.")
    if 0 <= settings["MaximumRecordAgeInSeconds"] < _LEAST_AGE_SECONDS:
        raise invalid("Maximum record age must be -1 or at least 60 seconds.")
    _check_destination(mapping.on_failure)
    _check_stream(as_role(call, function, version), mapping.source_arn)


def _check_destination(arn: str) -> None:
    if not arn:
        return
    parts = arn.split(":", 5)
    if len(parts) < 6 or parts[2] not in _DESTINATIONS or arn.endswith(".fifo"):
        raise invalid(f"The provided destination config DestinationConfig is invalid: {arn}")


def _check_stream(call: Call, source_arn: str) -> None:
    try:
        call.perform("dynamodbstreams:DescribeStream", {"StreamArn": source_arn})
    except AwsError as error:
        if error.code.startswith("AccessDenied"):
            raise invalid(
                f"Cannot access stream {source_arn}. Please ensure the role can perform the GetRecords, "
                "GetShardIterator, DescribeStream, and ListStreams Actions on your stream in IAM."
            ) from error
        raise invalid(f"Stream not found: {source_arn}") from error


def _start(call: Call, mapping: EventSourceMapping) -> None:
    """Have as many lanes as are wanted, and for each of them its job."""
    if mapping.state != "Enabled":
        return
    lanes = _lanes(call.tx, mapping.uuid)
    if len(lanes) != mapping.lanes:
        shard, begin = _first(call, mapping) if not lanes else (lanes[0][0], min(lane.checkpoint for _, lane in lanes))
        _drop(call, mapping.uuid, len(lanes))
        state = json.dumps(asdict(Lane(begin)))
        for lane in range(mapping.lanes):
            call.tx.run("INSERT INTO lambda_stream_lanes VALUES (?, ?, ?, ?)", mapping.uuid, lane, shard, state)
    for lane in range(mapping.lanes):
        key = lane_key(mapping.uuid, lane)
        if jobs.exists(call.tx, LANE_JOB, key):
            jobs.hurry(call.tx, LANE_JOB, key)
        else:
            jobs.enqueue(call.tx, LANE_JOB, key, {"mapping": mapping.uuid, "lane": lane})


def _first(call: Call, mapping: EventSourceMapping) -> tuple[str, str]:
    """The stream's shard, and the checkpoint at which reading begins."""
    reader = as_role(call, *existing(call, mapping.function))
    params = {"StreamArn": mapping.source_arn, "StartingPosition": mapping.configuration["StartingPosition"]}
    begin = reader.perform("dynamodbstreams:StartAt", params)
    assert isinstance(begin, dict)
    return begin["ShardId"], begin["Checkpoint"]


def _stop(call: Call, mapping: EventSourceMapping, for_good: bool) -> None:
    """A lane's job finds out by itself that its mapping is disabled, when the batch that is under way is done."""
    if for_good:
        _drop(call, mapping.uuid, mapping.lanes)


def _drop(call: Call, uuid: str, count: int) -> None:
    for lane in range(count):
        jobs.cancel(call.tx, LANE_JOB, lane_key(uuid, lane))
    call.tx.run("DELETE FROM lambda_stream_lanes WHERE mapping = ?", uuid)


def _told(call: Call, mapping: EventSourceMapping) -> dict[str, Any]:
    results = {lane.result for _, lane in _lanes(call.tx, mapping.uuid)}
    problems = sorted(result for result in results if result.startswith("PROBLEM"))
    return {
        "DestinationConfig": {"OnFailure": {"Destination": mapping.on_failure} if mapping.on_failure else {}},
        "LastProcessingResult": (problems or sorted(results, reverse=True) or ["No records processed"])[0],
        "StateTransitionReason": "User action",
    }


TABLE_STREAMS = Source(
    name="DynamoDB",
    settings=(
        "StartingPosition",
        "DestinationConfig",
        "MaximumRecordAgeInSeconds",
        "MaximumRetryAttempts",
        "BisectBatchOnFunctionError",
        "TumblingWindowInSeconds",
        "ParallelizationFactor",
    ),
    defaults={
        "BatchSize": 100,
        "MaximumBatchingWindowInSeconds": 0,
        "ParallelizationFactor": 1,
        "MaximumRecordAgeInSeconds": -1,
        "BisectBatchOnFunctionError": False,
        "MaximumRetryAttempts": -1,
        "TumblingWindowInSeconds": 0,
        "FunctionResponseTypes": [],
    },
    check=_check,
    start=_start,
    stop=_stop,
    told=_told,
)
"""https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-params.html"""
