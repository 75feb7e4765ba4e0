"""RedriveExecution: an execution that did not succeed goes on from where it stopped."""

from __future__ import annotations

from typing import Any

from segue.api import Call, Result
from segue.errors import AwsError
from segue.languages.asl import MAX_EVENTS
from segue.services.states import map_dispatch, records
from segue.services.states.records import Execution
from segue.services.states.service import SERVICE

REDRIVABLE_MS = 14 * 86_400_000
"""How long after its end (API reference, RedriveExecution)."""

_MAX_OPEN_MS = 365 * 86_400_000
_TOKEN_MS = 15 * 60_000
_TOKENS = 10


def redrive_members(call: Call, execution: Execution) -> dict[str, Any]:
    """What DescribeExecution says of redriving."""
    status, reason = redrivable(call, execution)
    return {
        "redriveCount": execution.redrive_count,
        "redriveDate": execution.redriven_at_ms,
        "redriveStatus": status,
        "redriveStatusReason": reason,
    }


def redrivable(call: Call, execution: Execution) -> tuple[str, str | None]:
    """Whether an execution can be redriven, and why not: AWS's own words (API reference, DescribeExecution)."""
    reason = _why_not(call, execution)
    if reason is not None:
        return "NOT_REDRIVABLE", reason
    return ("REDRIVABLE_BY_MAP_RUN" if map_dispatch.is_child(execution) else "REDRIVABLE"), None


def _why_not(call: Call, execution: Execution) -> str | None:
    if execution.status in ("RUNNING", "SUCCEEDED"):
        return f"Execution is {execution.status} and cannot be redriven"
    if execution.kind == "EXPRESS":
        return None
    machine = records.find_machine(call.tx, execution.machine_arn)
    if machine is not None and machine.status == "DELETING":
        return "State machine is in DELETING status"
    if call.now_ms - (execution.stop_at_ms or call.now_ms) > REDRIVABLE_MS:
        return "Execution redrivable period exceeded"
    if call.now_ms - execution.start_at_ms > _MAX_OPEN_MS:
        return "Execution has exceeded the max execution time"
    if not records.is_kept(call.tx, execution.arn):
        return "Execution was started before the launch of RedriveExecution"
    if records.last_event(call.tx, execution.number) >= MAX_EVENTS - 1:
        return "Execution history event limit exceeded"
    return None


@SERVICE.operation("RedriveExecution", resource=lambda _, params: str(params["executionArn"]))
def redrive_execution(call: Call, params: dict[str, Any]) -> Result:
    from segue.services.states.advance import redrive
    from segue.services.states.executions import existing_execution

    execution = existing_execution(call, params["executionArn"])
    token = params.get("clientToken")
    earlier = records.redrive_of(call.tx, execution.number, token, call.now_ms - _TOKEN_MS, _TOKENS) if token else None
    if earlier is not None:
        return {"redriveDate": earlier}
    status, reason = redrivable(call, execution)
    if status == "REDRIVABLE_BY_MAP_RUN":
        reason = "The execution is a child of a Map Run, which redrives it when its parent is redriven"
    if reason is not None:
        raise AwsError("ExecutionNotRedrivable", f"Execution Not Redrivable: '{execution.arn}': {reason}")
    redrive(call, execution)
    if token:
        records.note_redrive(call.tx, execution.number, token, call.now_ms)
    return {"redriveDate": call.now_ms}
