"""The context object, ``$$`` (developer guide, "Accessing execution data from the Context object")."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from segue.languages.asl.frames import Branch

if TYPE_CHECKING:
    from segue.languages.asl.run import Run
    from segue.languages.asl.state import State


def iso_ms(time_ms: int) -> str:
    """``2024-05-06T07:08:09.123Z``."""
    return f"{datetime.fromtimestamp(time_ms // 1000, UTC):%Y-%m-%dT%H:%M:%S}.{time_ms % 1000:03d}Z"


def context_object(run: Run, branch: Branch, state: State) -> Mapping[str, Any]:
    """What ``$$`` means in a state (keys and their order as recorded: sfn-base/base__query_context_object_values)."""
    if run.given_context is not None:
        return run.given_context
    context = {"Execution": _execution(run), "StateMachine": _state_machine(run)}
    context["State"] = {"Name": state.name, "EnteredTime": iso_ms(branch.entered_ms)}
    if state.counts_retries:
        context["State"]["RetryCount"] = branch.retry_count
    if state.has_token:
        context["Task"] = {"Token": run.token(branch)}
    item = map_item(run, branch)
    if item is not None:
        context["Map"] = {"Item": item}
    return context


def _execution(run: Run) -> dict[str, Any]:
    meta = run.meta
    start = iso_ms(meta.start_ms)
    # Standard and Express executions were recorded with their keys in different orders, Express without RedriveCount.
    if meta.kind == "EXPRESS":
        named = {"Id": meta.id, "Input": run.execution_input, "Name": meta.name}
        role = {"RoleArn": meta.role_arn} if meta.role_arn else {}  # TestState may do without one
        return {**named, **role, "StartTime": start}
    timed = {"Id": meta.id, "Input": run.execution_input, "StartTime": start, "Name": meta.name}
    return {**timed, "RoleArn": meta.role_arn, "RedriveCount": meta.redrive_count}


def _state_machine(run: Run) -> dict[str, Any]:
    return {"Id": run.meta.state_machine_id, "Name": run.meta.state_machine_name}


def map_item(run: Run, branch: Branch) -> dict[str, Any] | None:
    """``$$.Map.Item`` of the innermost iteration that a branch is part of."""
    while branch.parent:
        join = run.peek(branch.parent)
        if join.items:
            return {"Index": branch.index, "Value": run.peek(join.items).value[branch.index]}
        branch = run.peek(join.parent)
    return None
