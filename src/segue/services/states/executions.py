"""Executions: start, describe, list, stop."""

from __future__ import annotations

from typing import Any

from segue import jobs
from segue.api import Call, Result
from segue.api.deliveries import Delivery, record
from segue.api.paginate import decode_token, encode_token
from segue.errors import AwsError
from segue.jobs import Job, Pending
from segue.languages.asl import Stop, json_text
from segue.services.states import records
from segue.services.states.advance import advance, begin, ended_key
from segue.services.states.arns import checked_arn, checked_name, execution_missing, machine_arn_of
from segue.services.states.machines import existing_machine, machine_members
from segue.services.states.records import Execution
from segue.services.states.service import SERVICE

_SYNC_WAIT_MS = 300_000
_NO_BOUND = (1 << 63) - 1


def _machine(_: Call, params: dict[str, Any]) -> str:
    return str(params["stateMachineArn"])


def _execution(_: Call, params: dict[str, Any]) -> str:
    return str(params["executionArn"])


@SERVICE.operation("StartExecution", resource=_machine)
def start_execution(call: Call, params: dict[str, Any]) -> Result:
    execution = _new_execution(call, params)
    existing = records.find_execution(call.tx, execution.arn) if "name" in params else None
    if existing is not None:
        same = existing.status == "RUNNING" and existing.input == execution.input
        if not same:
            raise AwsError("ExecutionAlreadyExists", f"Execution Already Exists: '{execution.arn}'")
        return {"executionArn": existing.arn, "startDate": existing.start_at_ms}
    if call.nested:
        # Within another operation's transaction (a bus's, another execution's) it only begins; it runs by itself.
        records.insert_execution(call.tx, execution)
        jobs.enqueue(call.tx, "stepfunctions:start", execution.arn, execution.arn, trace=call.trace)
    else:
        begin(call, execution)
        record(call, Delivery(call.caller.principal_arn, execution.arn, "states:StartExecution"))
    return {"executionArn": execution.arn, "startDate": execution.start_at_ms}


@SERVICE.job("start")
def run_start(call: Call, job: Job) -> None:
    """An execution that was started within another operation's transaction begins to run, if it has not begun yet."""
    execution = records.find_execution(call.tx, job.payload)
    if execution is not None and execution.chunks == 0:
        advance(call, execution.arn)


@SERVICE.operation("StartSyncExecution", resource=_machine)
def start_sync_execution(call: Call, params: dict[str, Any]) -> Result:
    machine = existing_machine(call, params["stateMachineArn"])
    if machine.kind != "EXPRESS":
        raise AwsError("StateMachineTypeNotSupported", "This operation is not supported by this type of state machine")
    parent = params.get("_parent") or f"request {call.request_id}"
    execution = records.find_by_parent(call.tx, parent)
    if execution is None:
        execution = begin(call, _new_execution(call, params, parent))
    if execution.status == "RUNNING":
        return Pending((ended_key(execution.arn),), call.started_ms + _SYNC_WAIT_MS)
    if execution.chunks:
        records.delete_execution(call.tx, execution.arn)
    took_ms = (execution.stop_at_ms or call.now_ms) - execution.start_at_ms
    shown = description(execution)
    return {
        **{name: value for name, value in shown.items() if not name.startswith("redrive")},
        "outputDetails": {"included": True},
        "billingDetails": {
            "billedMemoryUsedInMB": 64,
            "billedDurationInMilliseconds": max(100, -(-took_ms // 100) * 100),
        },
    }


def _new_execution(call: Call, params: dict[str, Any], parent: str = "") -> Execution:
    machine = existing_machine(call, params["stateMachineArn"])
    given = checked_name(params["name"]) if "name" in params else None
    text = params.get("input", "{}")
    _check_input(call, text)
    name = given or call.tx.ids.uuid_by_time(call.now_ms)
    if machine.kind == "EXPRESS":
        arn = f"{machine.arn.replace(':stateMachine:', ':express:')}:{name}:{call.tx.ids.uuid()}"
    else:
        arn = f"{machine.arn.replace(':stateMachine:', ':execution:')}:{name}"
    return Execution(
        arn=arn,
        number=call.tx.ids.ordered(call.now_ms),
        machine_arn=machine.arn,
        name=name,
        kind=machine.kind,
        definition_hash=machine.definition_hash,
        role_arn=machine.role_arn,
        seed=call.tx.ids.seed(),
        status="RUNNING",
        start_at_ms=call.now_ms,
        stop_at_ms=None,
        input=text,
        output=None,
        error=None,
        cause=None,
        trace=params.get("traceHeader") or call.trace,
        trace_header=params.get("traceHeader", ""),
        parent=parent or params.get("_parent", ""),
        revision=0,
        chunks=0,
        snapshot_chunk=0,
    )


def _check_input(call: Call, text: str) -> None:
    if len(text.encode()) > call.limits.execution_payload_bytes:
        raise AwsError(
            "InvalidExecutionInput",
            f"Invalid execution input: The input is larger than {call.limits.execution_payload_bytes} bytes",
        )
    try:
        json_text.parse(text)
    except ValueError as error:
        raise AwsError("InvalidExecutionInput", f"Invalid State Machine Execution Input: '{error}'") from None


@SERVICE.operation("DescribeExecution", reads=True, resource=_execution)
def describe_execution(call: Call, params: dict[str, Any]) -> Result:
    return description(existing_execution(call, params["executionArn"]))


def description(execution: Execution) -> dict[str, Any]:
    """The members of DescribeExecution."""
    redrive = _redrive(execution)
    return {
        "executionArn": execution.arn,
        "stateMachineArn": execution.machine_arn,
        "name": execution.name,
        "status": execution.status,
        "startDate": execution.start_at_ms,
        "stopDate": execution.stop_at_ms,
        "input": execution.input,
        "inputDetails": {"included": True},
        "output": execution.output,
        "outputDetails": None if execution.output is None else {"included": True},
        "error": execution.error,
        "cause": execution.cause,
        "traceHeader": execution.trace_header or None,
        **redrive,
    }


def _redrive(execution: Execution) -> dict[str, Any]:
    status = {"redriveCount": 0, "redriveStatus": "NOT_REDRIVABLE"}
    if execution.status == "RUNNING":
        return {**status, "redriveStatusReason": "Execution is RUNNING and cannot be redriven"}
    if execution.status == "SUCCEEDED":
        return {**status, "redriveStatusReason": "Execution is SUCCEEDED and cannot be redriven"}
    return {"redriveCount": 0, "redriveStatus": "REDRIVABLE"}


@SERVICE.operation("DescribeStateMachineForExecution", reads=True, resource=_execution)
def describe_state_machine_for_execution(call: Call, params: dict[str, Any]) -> Result:
    execution = existing_execution(call, params["executionArn"])
    machine = records.find_machine(call.tx, execution.machine_arn)
    if machine is None:
        raise execution_missing(execution.arn)
    return {
        "stateMachineArn": machine.arn,
        "name": machine.name,
        "updateDate": machine.updated_at_ms,
        **machine_members(call, machine, execution.definition_hash),
        "roleArn": execution.role_arn,
    }


@SERVICE.operation("ListExecutions", reads=True, resource=_machine)
def list_executions(call: Call, params: dict[str, Any]) -> Result:
    if "stateMachineArn" not in params:
        raise AwsError("ValidationException", "Must provide a StateMachine ARN or MapRun ARN")
    machine = existing_machine(call, params["stateMachineArn"])
    if machine.kind == "EXPRESS":
        raise AwsError("StateMachineTypeNotSupported", "This operation is not supported by this type of state machine")
    limit = params.get("maxResults") or 100
    before = int(decode_token(params["nextToken"], kinds=(int,))[0]) if "nextToken" in params else _NO_BOUND
    found = records.list_executions(call.tx, machine.arn, params.get("statusFilter"), before, limit + 1)
    shown = [
        {
            "executionArn": execution.arn,
            "stateMachineArn": execution.machine_arn,
            "name": execution.name,
            "status": execution.status,
            "startDate": execution.start_at_ms,
            "stopDate": execution.stop_at_ms,
            "redriveCount": 0,
        }
        for execution in found[:limit]
    ]
    return {"executions": shown, "nextToken": encode_token(found[limit - 1].number) if len(found) > limit else None}


@SERVICE.operation("StopExecution", resource=_execution)
def stop_execution(call: Call, params: dict[str, Any]) -> Result:
    execution = existing_execution(call, params["executionArn"])
    if advance(call, execution.arn, Stop(params.get("error"), params.get("cause"))):
        return {"stopDate": call.now_ms}
    return {"stopDate": execution.stop_at_ms}


def existing_execution(call: Call, arn: str) -> Execution:
    """The Standard execution of that ARN; ``AwsError`` where there is none."""
    checked_arn(arn, "execution|express")
    if ":express:" in arn:
        raise AwsError("InvalidArn", f"Invalid Arn: 'Resource type not valid in this context: {arn.split(':')[5]}'")
    execution = records.find_execution(call.tx, arn)
    if execution is None:
        raise execution_missing(arn)
    assert machine_arn_of(arn) == execution.machine_arn
    return execution
