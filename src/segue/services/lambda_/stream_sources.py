"""Streams of tables as event sources: their settings, their lanes, the jobs that read them (see ``stream_polling``)."""

from __future__ import annotations

from functools import partial
from typing import Any

from segue.api import Call
from segue.api.sources.lanes import begin, drop_lanes, lanes_of, start_lanes
from segue.errors import AwsError
from segue.services.lambda_.errors import invalid
from segue.services.lambda_.functions import existing
from segue.services.lambda_.mapping_records import EventSourceMapping, as_role
from segue.services.lambda_.records import Function, FunctionVersion
from segue.services.lambda_.sources import Source

LANE_JOB = "lambda:lane"
_DESTINATIONS = ("sqs", "sns", "s3")
_LEAST_AGE_SECONDS = 60
_LARGE_BATCH = 10


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
    if mapping.state == "Enabled":
        start_lanes(
            call, mapping.uuid, mapping.lanes, partial(_first, call, mapping), LANE_JOB, {"mapping": mapping.uuid}
        )


def _first(call: Call, mapping: EventSourceMapping) -> tuple[str, str]:
    reader = as_role(call, *existing(call, mapping.function))
    return begin(reader, mapping.source_arn, mapping.configuration["StartingPosition"])


def _stop(call: Call, mapping: EventSourceMapping, for_good: bool) -> None:
    """A lane's job finds out by itself that its mapping is disabled, when the batch that is under way is done."""
    if for_good:
        drop_lanes(call.tx, mapping.uuid, mapping.lanes, LANE_JOB)


def _told(call: Call, mapping: EventSourceMapping) -> dict[str, Any]:
    results = {lane.result for _, lane in lanes_of(call.tx, mapping.uuid)}
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
