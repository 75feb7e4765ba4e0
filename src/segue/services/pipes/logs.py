"""What executions log: a record for each step, in a log group, for the level and the data that were asked for.

Sources: user guide, "EventBridge Pipes log schema reference", "EventBridge Pipes execution steps", "Specifying
EventBridge Pipes log level".
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from segue.api import Call
from segue.api.caller import service_caller
from segue.api.deliveries import Delivery, record
from segue.arn import parse_arn
from segue.errors import AwsError
from segue.services.pipes.records import Pipe

if TYPE_CHECKING:
    from segue.services.pipes.executions import Execution
    from segue.services.pipes.stages import Request

_DELIVERY = "delivery.logs.amazonaws.com"
_LEVELS = {"OFF": 0, "ERROR": 1, "INFO": 2, "TRACE": 3}
_LONGEST = 200_000
_TRACED = ("TRANSFORMATION_STARTED", "TRANSFORMATION_SUCCEEDED", "INVOCATION_STARTED")


def stage(
    call: Call,
    pipe: Pipe,
    execution: Execution,
    name: str,
    how: str,
    request: Request | None,
    reason: str = "",
    error: AwsError | None = None,
) -> None:
    """Log a stage that has ended: ``ENRICHMENT`` or ``TARGET``; ``SUCCEEDED``, ``FAILED`` or ``PARTIALLY_FAILED``."""
    if _level(pipe) == 0:
        return
    begins = name == "ENRICHMENT" or not execution.enriched
    steps: list[tuple[int, str, dict[str, Any]]] = []
    if begins:
        steps.append((2, "EXECUTION_STARTED", _payload(pipe, execution)))
    steps.append((2, f"{name}_STAGE_ENTERED", _payload(pipe, execution)))
    if request is not None:
        steps += [(3, f"{name}_{step}", _payload(pipe, execution)) for step in _TRACED]
    ending = 1 if how != "SUCCEEDED" else 3
    said = _error(reason, error) if reason else {}
    steps.append((ending, f"{name}_INVOCATION_{how}", {**_request(pipe, request), **said}))
    steps.append((1 if how != "SUCCEEDED" else 2, f"{name}_STAGE_{how}", said))
    if name == "TARGET" or how != "SUCCEEDED":
        steps.append((1 if how != "SUCCEEDED" else 2, f"EXECUTION_{how}", said))
    _write(call, pipe, execution, steps)


def skipped(call: Call, pipe: Pipe, execution: Execution) -> None:
    """Log that an enrichment has left nothing for the target."""
    _write(call, pipe, execution, [(2, "TARGET_STAGE_SKIPPED", {}), (2, "EXECUTION_SUCCEEDED", {})])


def _level(pipe: Pipe) -> int:
    configuration = pipe.document.get("LogConfiguration", {})
    return _LEVELS[configuration.get("Level", "OFF")] if "CloudwatchLogsLogDestination" in configuration else 0


def _with_data(pipe: Pipe) -> bool:
    return "ALL" in pipe.document["LogConfiguration"].get("IncludeExecutionData", ())


def _payload(pipe: Pipe, execution: Execution) -> dict[str, Any]:
    return {"payload": f"[{','.join(execution.events)}]"} if _with_data(pipe) else {}


def _request(pipe: Pipe, request: Request | None) -> dict[str, Any]:
    if request is None or not _with_data(pipe):
        return {}
    return {"awsRequest": json.dumps(request.params, default=lambda value: bytes(value).decode("utf-8", "replace"))}


def _error(reason: str, error: AwsError | None) -> dict[str, Any]:
    return {"error": {"message": reason, **({"httpStatusCode": error.status} if error is not None else {})}}


def _write(call: Call, pipe: Pipe, execution: Execution, steps: list[tuple[int, str, dict[str, Any]]]) -> None:
    level = _level(pipe)
    lines = [_line(call, pipe, execution, step, more) for least, step, more in steps if level >= least]
    if not lines:
        return
    arn = parse_arn(pipe.document["LogConfiguration"]["CloudwatchLogsLogDestination"]["LogGroupArn"])
    group = arn.resource.removeprefix("log-group:").removesuffix(":*")
    params = {
        "logGroupName": group,
        "logStreamName": f"pipes/{pipe.name}",
        "logEvents": [{"timestamp": call.now_ms, "message": line} for line in lines],
    }
    writer = call.as_caller(service_caller(_DELIVERY, pipe.arn).in_region(arn.region))
    try:
        with call.tx.savepoint():
            writer.perform("logs:PutLogEvents", params)
    except AwsError as error:
        record(call, Delivery(pipe.arn, str(arn), "logs:PutLogEvents", "dropped", 1, str(error), execution.id))


def _line(call: Call, pipe: Pipe, execution: Execution, step: str, more: dict[str, Any]) -> str:
    entry: dict[str, Any] = {
        "resourceArn": pipe.arn,
        "timestamp": call.now_ms,
        "executionId": execution.id,
        "messageType": step,
        "logLevel": pipe.document["LogConfiguration"]["Level"],
    }
    truncated = []
    for name, value in more.items():
        if isinstance(value, str) and len(value) > _LONGEST:
            value = value[:_LONGEST]
            truncated.append(name)
        entry[name] = value
    if truncated:
        entry["truncatedFields"] = truncated
    return json.dumps(entry, ensure_ascii=False, separators=(",", ":"))
