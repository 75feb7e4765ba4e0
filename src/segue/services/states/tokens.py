"""Task tokens: SendTaskSuccess, SendTaskFailure, SendTaskHeartbeat."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from segue.api import Call, Result
from segue.api.deliveries import Delivery, record
from segue.errors import AwsError
from segue.languages import jackson
from segue.languages.asl import Command, CompleteTask, FailTask, Heartbeat, json_text
from segue.languages.asl.commands import Key
from segue.services.states import tokens_records
from segue.services.states.advance import advance
from segue.services.states.arns import machine_arn_of
from segue.services.states.service import SERVICE


def _machine(call: Call, params: dict[str, Any]) -> str:
    """What a policy must allow the answer for: the state machine whose task waits (CDK's ``grantTaskResponse``)."""
    found = tokens_records.find(call.tx, params["taskToken"])
    return "*" if found is None else machine_arn_of(found[0]).partition("/")[0]


@SERVICE.operation("SendTaskSuccess", resource=_machine)
def send_task_success(call: Call, params: dict[str, Any]) -> Result:
    arn, key = _waiting(call, params["taskToken"])
    output = params["output"]
    try:
        json_text.parse(output)
    except ValueError as error:
        raise AwsError("InvalidOutput", f"Invalid Output: '{jackson.explain(output, error)}'") from None
    if len(output.encode()) > call.limits.execution_payload_bytes:
        raise AwsError("InvalidOutput", "Invalid Output: 'The output is larger than the service limit'")
    _answer(call, arn, CompleteTask(key, output))
    return {}


@SERVICE.operation("SendTaskFailure", resource=_machine)
def send_task_failure(call: Call, params: dict[str, Any]) -> Result:
    arn, key = _waiting(call, params["taskToken"])
    _answer(call, arn, FailTask(key, params.get("error"), params.get("cause")))
    return {}


@SERVICE.operation("SendTaskHeartbeat", resource=_machine)
def send_task_heartbeat(call: Call, params: dict[str, Any]) -> Result:
    arn, key = _waiting(call, params["taskToken"])
    if not advance(call, arn, Heartbeat(key)):
        raise _timed_out(Delivery(call.caller.principal_arn, arn, "states:SendTaskHeartbeat"))
    return {}


def _waiting(call: Call, token: str) -> tuple[str, Key]:
    found = tokens_records.find(call.tx, token)
    if found is None:
        raise AwsError("InvalidToken", "Invalid Token: 'Invalid token'")
    return found


def _answer(call: Call, arn: str, command: Command) -> None:
    """Give the answer to the execution, unless it comes too late."""
    operation = "states:SendTaskSuccess" if isinstance(command, CompleteTask) else "states:SendTaskFailure"
    hop = Delivery(call.caller.principal_arn, arn, operation)
    if not advance(call, arn, command):
        raise _timed_out(hop)
    record(call, hop)


def _timed_out(hop: Delivery) -> AwsError:
    late = replace(hop, status="late", reason="the task no longer waits for an answer; it does no harm")
    return AwsError("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'", note=late)
