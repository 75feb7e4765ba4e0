"""Queues as event sources: their settings, their queue, the job that polls it (see ``polling``)."""

from __future__ import annotations

from typing import Any

from segue import jobs
from segue.api import Call
from segue.api.sources.queues import forget_held, queue_url
from segue.errors import AwsError
from segue.services.lambda_.errors import invalid
from segue.services.lambda_.mapping_records import EventSourceMapping, as_role
from segue.services.lambda_.records import Function, FunctionVersion
from segue.services.lambda_.sources import Source

POLL_JOB = "lambda:poll"
BATCH_JOB = "lambda:batch"
_SMALL_BATCH = 10
_LEAST_POLLERS = 2
POLLERS = {"MinimumPollers": 2, "MaximumPollers": 200}
"""What of provisioned pollers nobody says: https://docs.aws.amazon.com/lambda/latest/api/API_ProvisionedPollerConfig.html"""


def _check(call: Call, mapping: EventSourceMapping, function: Function, version: FunctionVersion) -> None:
    if mapping.source_arn.endswith(".fifo"):
        if mapping.batch_size > _SMALL_BATCH:
            raise invalid(f"Maximum batch size for FIFO queues is {_SMALL_BATCH}.")
        if mapping.window_ms:
            raise invalid("Batching window is not supported for FIFO queues.")
    elif mapping.batch_size > _SMALL_BATCH and not mapping.window_ms:
        raise invalid("Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10")
    _check_pollers(mapping)
    _check_queue(as_role(call, function, version), mapping.source_arn, version.configuration["Timeout"])


def _check_pollers(mapping: EventSourceMapping) -> None:
    provisioned = mapping.configuration.get("ProvisionedPollerConfig")
    if not provisioned:
        return
    if mapping.maximum_concurrency is not None:
        raise invalid("MaximumConcurrency and ProvisionedPollerConfig cannot be configured together.")
    least, most = provisioned["MinimumPollers"], provisioned["MaximumPollers"]
    if least < _LEAST_POLLERS or most < _LEAST_POLLERS:
        raise invalid(f"MinimumPollers and MaximumPollers must be at least {_LEAST_POLLERS} for SQS event sources.")
    if least > most:
        raise invalid("MinimumPollers cannot be greater than MaximumPollers.")


def _check_queue(call: Call, source_arn: str, timeout_seconds: int) -> None:
    params = {"QueueUrl": queue_url(call, source_arn), "AttributeNames": ["VisibilityTimeout"]}
    try:
        result = call.perform("sqs:GetQueueAttributes", params)
    except AwsError as error:
        if error.code.startswith("AccessDenied"):
            raise invalid(
                "The function execution role does not have permissions to call ReceiveMessage on SQS"
            ) from error
        code = "AWS.SimpleQueueService.NonExistentQueue" if error.code == "QueueDoesNotExist" else error.code
        raise invalid(
            f"Error occurred while ReceiveMessage. SQS Error Code: {code}. SQS Error Message: {error.message}"
        ) from error
    assert isinstance(result, dict)
    visibility_seconds = int(result["Attributes"]["VisibilityTimeout"])
    if visibility_seconds < timeout_seconds:
        raise invalid(
            f"Queue visibility timeout: {visibility_seconds} seconds is less than Function timeout: "
            f"{timeout_seconds} seconds"
        )


def _start(call: Call, mapping: EventSourceMapping) -> None:
    if mapping.state == "Enabled":
        jobs.enqueue(call.tx, POLL_JOB, mapping.uuid, {})


def _stop(call: Call, mapping: EventSourceMapping, _: bool) -> None:
    """Nothing more is taken. Batches that run go on to their end; what was gathered becomes visible again in time."""
    jobs.cancel(call.tx, POLL_JOB, mapping.uuid)
    forget_held(call.tx, mapping.uuid)


def _told(_: Call, mapping: EventSourceMapping) -> dict[str, Any]:
    return {"StateTransitionReason": "USER_INITIATED"}


QUEUES = Source(
    name="SQS",
    settings=("ScalingConfig", "ProvisionedPollerConfig"),
    defaults={"BatchSize": 10, "MaximumBatchingWindowInSeconds": 0, "FunctionResponseTypes": []},
    check=_check,
    start=_start,
    stop=_stop,
    told=_told,
)
