"""Executions: start, describe, list, stop."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from segue import jobs
from segue.api import Call, Result
from segue.api.deliveries import Delivery, record
from segue.api.paginate import decode_token, encode_token
from segue.errors import AwsError
from segue.jobs import Job, Pending
from segue.languages import jackson
from segue.languages.asl import Stop, json_text
from segue.services.states import logging_configuration, map_children, map_records, mocks, records, version_records
from segue.services.states.advance import advance, begin, ended_key
from segue.services.states.arns import checked_arn, checked_name, execution_missing, machine_arn_of, machine_missing
from segue.services.states.machines import machine_members
from segue.services.states.qualified import Chosen, chosen, existing_machine, qualifier, refuse_deleting, unqualified
from segue.services.states.records import Execution
from segue.services.states.redrive import redrive_members
from segue.services.states.service import SERVICE

_SYNC_WAIT_MS = 300_000
_NO_BOUND = (1 << 63) - 1
_LOOKED_AT = 2_000
"""A page may have fewer than were asked for, and more behind it: API_ListExecutions.html, maxResults."""
_STANDARD_ONLY = (
    "redriveCount",
    "redriveStatus",
    "redriveStatusReason",
    "redriveDate",
    "stateMachineVersionArn",
    "stateMachineAliasArn",
)


def _machine(_: Call, params: dict[str, Any]) -> str:
    return str(params.get("stateMachineArn") or params["mapRunArn"])


def _started_machine(call: Call, params: dict[str, Any]) -> str:
    return mocks.split(call, str(params["stateMachineArn"]))[0]


def _execution(_: Call, params: dict[str, Any]) -> str:
    return str(params["executionArn"])


@SERVICE.operation("StartExecution", resource=_started_machine)
def start_execution(call: Call, params: dict[str, Any]) -> Result:
    machine_arn, case = mocks.split(call, params["stateMachineArn"])
    execution = _new_execution(call, params, chosen(call, machine_arn))
    existing = records.find_execution(call.tx, execution.arn) if "name" in params else None
    if existing is not None:
        same = existing.status == "RUNNING" and existing.input == execution.input
        if not same:
            raise AwsError("ExecutionAlreadyExists", f"Execution Already Exists: '{execution.arn}'")
        return {"executionArn": existing.arn, "startDate": existing.start_at_ms}
    if case:
        mocks.begin(call, machine_arn, execution.arn, case)
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


@SERVICE.operation("StartSyncExecution", resource=_started_machine)
def start_sync_execution(call: Call, params: dict[str, Any]) -> Result:
    machine_arn, case = mocks.split(call, params["stateMachineArn"])
    target = chosen(call, machine_arn)
    if target.machine.kind != "EXPRESS":
        raise AwsError("StateMachineTypeNotSupported", "This operation is not supported by this type of state machine")
    parent = params.get("_parent") or f"request {call.request_id}"
    execution = records.find_by_parent(call.tx, parent)
    if execution is None:
        execution = _new_execution(call, params, target, parent)
        if case:
            mocks.begin(call, machine_arn, execution.arn, case)
        execution = begin(call, execution)
    if execution.status == "RUNNING":
        return Pending((ended_key(execution.arn),), call.started_ms + _SYNC_WAIT_MS)
    if execution.chunks:
        records.delete_execution(call.tx, execution.arn)
    took_ms = (execution.stop_at_ms or call.now_ms) - execution.start_at_ms
    shown = description(call, execution, params.get("includedData"))
    shown = {name: value for name, value in shown.items() if name not in _STANDARD_ONLY}
    return {
        **shown,
        "outputDetails": shown["outputDetails"] or {"included": params.get("includedData") != "METADATA_ONLY"},
        "billingDetails": {
            "billedMemoryUsedInMB": 64,
            "billedDurationInMilliseconds": max(100, -(-took_ms // 100) * 100),
        },
    }


def _new_execution(call: Call, params: dict[str, Any], target: Chosen, parent: str = "") -> Execution:
    machine = refuse_deleting(target.machine)
    given = checked_name(params["name"]) if "name" in params else None
    text = checked_input(call, params.get("input", "{}"))
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
        version_arn=target.version_arn,
        alias_arn=target.alias_arn,
        logging=logging_configuration.of_execution(machine),
    )


def checked_input(call: Call, text: str) -> str:
    """An input that can be worked with; ``InvalidExecutionInput`` where it is too long or not JSON."""
    if len(text.encode()) > call.limits.execution_payload_bytes:
        raise AwsError(
            "InvalidExecutionInput",
            f"Invalid execution input: The input is larger than {call.limits.execution_payload_bytes} bytes",
        )
    try:
        json_text.parse(text)
    except ValueError as error:
        raise AwsError(
            "InvalidExecutionInput", f"Invalid State Machine Execution Input: '{jackson.explain(text, error)}'"
        ) from None
    return text


@SERVICE.operation("DescribeExecution", reads=True, resource=_execution)
def describe_execution(call: Call, params: dict[str, Any]) -> Result:
    execution = map_children.express_child(call, params["executionArn"])
    execution = execution or existing_execution(call, params["executionArn"])
    run_arn = map_records.run_arn_of(call.tx, execution)
    shown = description(call, execution, params.get("includedData"))
    return {**shown, "mapRunArn": run_arn}


def description(call: Call, execution: Execution, included: str | None = None) -> dict[str, Any]:
    """The members of DescribeExecution; with ``METADATA_ONLY`` neither input nor output."""
    data = included != "METADATA_ONLY"
    return {
        "executionArn": execution.arn,
        "stateMachineArn": execution.machine_arn,
        "stateMachineVersionArn": execution.version_arn or None,
        "stateMachineAliasArn": execution.alias_arn or None,
        "name": execution.name,
        "status": execution.status,
        "startDate": execution.start_at_ms,
        "stopDate": execution.stop_at_ms,
        "input": execution.input if data else None,
        "inputDetails": {"included": data},
        "output": execution.output if data else None,
        "outputDetails": None if execution.output is None else {"included": data},
        "error": execution.error,
        "cause": execution.cause,
        "traceHeader": execution.trace_header or None,
        **redrive_members(call, execution),
    }


@SERVICE.operation("DescribeStateMachineForExecution", reads=True, resource=_execution)
def describe_state_machine_for_execution(call: Call, params: dict[str, Any]) -> Result:
    execution = existing_execution(call, params["executionArn"])
    owner_arn, _, label = execution.machine_arn.partition("/")
    machine = records.find_machine(call.tx, owner_arn)
    if machine is None:
        raise execution_missing(execution.arn)
    updated_at_ms = machine.updated_at_ms
    version = version_records.find_version(call.tx, execution.version_arn) if execution.version_arn else None
    if version is not None:
        machine = replace(machine, revision_id=version.revision_id, settings=version.settings)
        updated_at_ms = version.created_at_ms
    return {
        "stateMachineArn": execution.machine_arn,
        "name": execution.machine_arn.split(":")[6],
        "updateDate": updated_at_ms,
        "mapRunArn": map_records.run_arn_of(call.tx, execution),
        "label": label or None,
        **machine_members(call, machine, execution.definition_hash, params.get("includedData")),
        "roleArn": execution.role_arn,
    }


@SERVICE.operation("ListExecutions", reads=True, resource=_machine)
def list_executions(call: Call, params: dict[str, Any]) -> Result:
    if "mapRunArn" in params:
        if "stateMachineArn" in params:
            raise AwsError("ValidationException", "Must provide either a StateMachine ARN or a MapRun ARN, not both")
        return map_children.list_children(call, params, listed)
    if "stateMachineArn" not in params:
        raise AwsError("ValidationException", "Must provide a StateMachine ARN or MapRun ARN")
    if "redriveFilter" in params or params.get("statusFilter") == "PENDING_REDRIVE":
        raise AwsError("ValidationException", "Redrives are filtered for a MapRun ARN only")
    arn = params["stateMachineArn"]
    machine = existing_machine(call, unqualified(arn))
    if machine.kind == "EXPRESS":
        raise AwsError("StateMachineTypeNotSupported", "This operation is not supported by this type of state machine")
    column = _column(call, arn)
    limit = params.get("maxResults") or 100
    before = int(decode_token(params["nextToken"], kinds=(int,))[0]) if "nextToken" in params else _NO_BOUND
    status = params.get("statusFilter")
    # The index by statuses has no SUCCEEDED: among those that run or failed a page of them is looked for so far only.
    first = records.nth_before(call.tx, arn, before, _LOOKED_AT, column) if status == "SUCCEEDED" else 0
    found = records.list_executions(call.tx, arn, status, before, limit + 1, column, first)
    shown = [listed(execution) for execution in found[:limit]]
    following = found[limit - 1].number if len(found) > limit else first
    return {"executions": shown, "nextToken": encode_token(following) if following else None}


def listed(execution: Execution) -> dict[str, Any]:
    """An execution in ListExecutions."""
    return {
        "executionArn": execution.arn,
        "stateMachineArn": execution.machine_arn,
        "stateMachineVersionArn": execution.version_arn or None,
        "stateMachineAliasArn": execution.alias_arn or None,
        "name": execution.name,
        "status": execution.status,
        "startDate": execution.start_at_ms,
        "stopDate": execution.stop_at_ms,
        "redriveCount": execution.redrive_count,
        "redriveDate": execution.redriven_at_ms,
    }


def _column(call: Call, arn: str) -> str:
    """The column by which executions belong to what the ARN names."""
    if not qualifier(arn):
        return "machine_arn"
    if qualifier(arn).isdigit():
        found: object = version_records.find_version(call.tx, arn)
    else:
        found = version_records.find_alias(call.tx, arn)
    if found is None:
        raise machine_missing(arn)
    return "version_arn" if qualifier(arn).isdigit() else "alias_arn"


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
