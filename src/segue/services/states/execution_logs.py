"""What executions log: their history events, in CloudWatch Logs, for the levels and data that were asked for.

A commit of an execution that is logged leaves a job; the job writes the commit's events. So nothing of it delays an
execution, and nothing is lost with the process. AWS's form: recorded in sfn-logs and sfn-express; levels, truncation
and delivery: developer guide, "Using CloudWatch Logs to log execution history in Step Functions". Streams are named as
on AWS, ``states/<state machine>/<yyyy-mm-dd-hh-mm>/<8 hexadecimal digits>``; an execution's events lie in one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from segue import jobs
from segue.api import Call
from segue.api.caller import service_caller
from segue.api.deliveries import Delivery, record
from segue.arn import parse_arn
from segue.errors import AwsError
from segue.jobs import Again, Job
from segue.languages.asl.history import HistoryEvent
from segue.services.states import chunks, records
from segue.services.states.records import Execution
from segue.services.states.service import SERVICE

DELIVERY = "delivery.logs.amazonaws.com"
PAYLOAD_BYTES = 248 * 1024
"""An event's input or output is cut here, counted as it is escaped in the message."""

_FATAL = ("ExecutionAborted", "ExecutionFailed", "ExecutionTimedOut")
_ERRORS = ("Failed", "TimedOut", "Aborted")
_DATA = {"input": "inputDetails", "output": "outputDetails", "parameters": ""}
_BATCH_BYTES = 900_000
_BATCH_EVENTS = 1_000
_EVENT_OVERHEAD_BYTES = 26
_STREAM_MS = 3_600_000


def is_logged(level: str, event_type: str) -> bool:
    """Whether events of that type are logged at ``ALL``, ``ERROR``, ``FATAL`` or ``OFF``."""
    if level == "ERROR":
        return event_type == "FailStateEntered" or event_type.endswith(_ERRORS)
    return level == "ALL" or (level == "FATAL" and event_type in _FATAL)


def message(event: HistoryEvent, arn: str, redrive_count: int, *, with_data: bool) -> str:
    """An event as its line in the log."""
    line: dict[str, Any] = {"id": str(event.id), "type": event.type}
    if event.details is not None:
        line["details"] = _details(event.details, with_data=with_data)
    line |= {
        "previous_event_id": str(event.previous_event_id),
        "event_timestamp": str(event.timestamp_ms),
        "execution_arn": arn,
        "redrive_count": str(redrive_count),
    }
    return json.dumps(line, separators=(",", ":"), ensure_ascii=False)


def _details(details: dict[str, Any], *, with_data: bool) -> dict[str, Any]:
    if not with_data:
        return {name: value for name, value in details.items() if name not in (*_DATA, *_DATA.values())}
    shown = dict(details)
    for name, about in _DATA.items():
        text = details.get(name)
        if isinstance(text, str) and len(text) > PAYLOAD_BYTES // 12 and (cut := _cut(text)) != text:
            shown[name] = cut
            if about:
                shown[about] = {"truncated": True}
    return shown


def _cut(text: str) -> str:
    """As much of a text as fits when it is escaped."""
    low, high = 0, len(text)
    if _escaped_bytes(text) <= PAYLOAD_BYTES:
        return text
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if _escaped_bytes(text[:middle]) <= PAYLOAD_BYTES else (low, middle - 1)
    return text[:low]


def _escaped_bytes(text: str) -> int:
    return len(json.dumps(text, ensure_ascii=False).encode("utf-8", "replace")) - 2


def log_later(call: Call, execution: Execution, events: Sequence[HistoryEvent], *, forget: bool = False) -> None:
    """Have the events of the execution's newest chunk logged; with ``forget`` its chunks are dropped then."""
    level = json.loads(execution.logging)["level"]
    if forget or any(is_logged(level, event.type) for event in events):
        payload = [
            execution.arn,
            execution.machine_arn,
            execution.number,
            execution.chunks,
            execution.start_at_ms,
            execution.redrive_count,
            execution.logging,
            forget,
            0,
        ]
        jobs.enqueue(call.tx, "stepfunctions:log", f"{execution.arn}/log", payload)


@SERVICE.job("log")
def write_logs(call: Call, job: Job) -> Again | None:
    """Write a chunk's events into the log, a batch at a time."""
    arn, machine_arn, number, chunk, start_at_ms, redrives, logging, forget, first = job.payload
    configuration = json.loads(logging)
    packed = records.chunk_events(call.tx, number, chunk)
    events = [
        event
        for event in (chunks.unpack_events(packed) if packed else ())
        if is_logged(configuration["level"], event.type)
    ]
    lines: list[dict[str, Any]] = []
    size = taken = 0
    for event in events[first : first + _BATCH_EVENTS]:
        text = message(event, arn, redrives, with_data=configuration.get("includeExecutionData", False))
        size += len(text.encode("utf-8", "replace")) + _EVENT_OVERHEAD_BYTES
        if lines and size > _BATCH_BYTES:
            break
        lines.append({"timestamp": event.timestamp_ms, "message": text})
        taken += 1
    if lines:
        lines.sort(key=lambda line: line["timestamp"])
        _put(call, machine_arn, arn, _group(configuration), stream_name(machine_arn, start_at_ms), lines)
    if first + taken < len(events):
        return Again(call.now_ms, [*job.payload[:-1], first + taken])
    if forget:
        records.drop_chunks(call.tx, number)
    return None


def stream_name(machine_arn: str, start_at_ms: int) -> str:
    """The stream for executions of a state machine, and of its maps, that started in the same hour."""
    machine_arn = machine_arn.partition("/")[0]
    began = datetime.fromtimestamp(start_at_ms // _STREAM_MS * _STREAM_MS / 1000, UTC).strftime("%Y-%m-%d-%H-%M")
    digest = hashlib.sha256(f"{machine_arn} {began}".encode()).hexdigest()[:8]
    return f"states/{machine_arn.split(':')[6]}/{began}/{digest}"


def _group(configuration: dict[str, Any]) -> str:
    return str(configuration["destinations"][0]["cloudWatchLogsLogGroup"]["logGroupArn"])


def _put(call: Call, machine_arn: str, arn: str, group_arn: str, stream: str, lines: list[dict[str, Any]]) -> None:
    group = parse_arn(group_arn)
    name = group.resource.removeprefix("log-group:").removesuffix(":*")
    writer = call.as_caller(service_caller(DELIVERY, machine_arn).in_region(group.region))
    try:
        with call.tx.savepoint():
            writer.perform("logs:PutLogEvents", {"logGroupName": name, "logStreamName": stream, "logEvents": lines})
    except AwsError as error:
        reason = f"{error.code}: {error.message}"
        record(call, Delivery(arn, group_arn, "logs:PutLogEvents", "dropped", 1, reason))
