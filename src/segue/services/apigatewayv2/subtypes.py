"""Operations of services as integrations of HTTP APIs.

Source: API Gateway developer guide, "Integration subtype reference".
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from segue.errors import AwsError

Params = dict[str, str]


@dataclass(frozen=True, slots=True)
class Subtype:
    """One subtype: the operation, how its parameters are made, how its result is told."""

    operation: str
    params: Callable[[Params], dict[str, Any]]
    told: Callable[[dict[str, Any]], dict[str, Any]] = lambda result: result


def _event(params: Params) -> dict[str, Any]:
    entry: dict[str, Any] = {name: params[name] for name in ("Source", "DetailType", "Detail") if name in params}
    entry |= {name: params[name] for name in ("EventBusName", "TraceHeader") if name in params}
    if "Resources" in params:
        entry["Resources"] = _list(params["Resources"])
    return {"Entries": [entry]}


def _list(text: str) -> list[Any]:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    return found if isinstance(found, list) else [text]


def _message(params: Params) -> dict[str, Any]:
    message: dict[str, Any] = {name: params[name] for name in ("QueueUrl", "MessageBody") if name in params}
    message |= {name: params[name] for name in ("MessageDeduplicationId", "MessageGroupId") if name in params}
    if "DelaySeconds" in params:
        message["DelaySeconds"] = _whole(params["DelaySeconds"], "DelaySeconds")
    if "MessageAttributes" in params:
        message["MessageAttributes"] = _object(params["MessageAttributes"], "MessageAttributes")
    return message


def _receive(params: Params) -> dict[str, Any]:
    names = ("MaxNumberOfMessages", "VisibilityTimeout", "WaitTimeSeconds")
    numbers = {name: _whole(params[name], name) for name in names if name in params}
    return {"QueueUrl": params.get("QueueUrl", ""), **numbers}


def _execution(params: Params) -> dict[str, Any]:
    names = {"StateMachineArn": "stateMachineArn", "Input": "input", "Name": "name", "TraceHeader": "traceHeader"}
    return {member: params[name] for name, member in names.items() if name in params}


def _stop(params: Params) -> dict[str, Any]:
    names = {"ExecutionArn": "executionArn", "Cause": "cause", "Error": "error"}
    return {member: params[name] for name, member in names.items() if name in params}


def _only(*names: str) -> Callable[[Params], dict[str, Any]]:
    return lambda params: {name: params[name] for name in names if name in params}


def _whole(text: str, name: str) -> int:
    if not text.lstrip("-").isdigit():
        raise AwsError("BadRequestException", f"{name} must be a number")
    return int(text)


def _object(text: str, name: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise AwsError("BadRequestException", f"{name} must be an object")
    return found


def _in_seconds(result: dict[str, Any]) -> dict[str, Any]:
    """Times as the service's JSON protocol writes them: seconds."""
    return {
        name: value / 1000 if name.endswith("Date") and isinstance(value, int) else value
        for name, value in result.items()
    }


SUBTYPES = {
    "EventBridge-PutEvents": Subtype("events:PutEvents", _event),
    "SQS-SendMessage": Subtype("sqs:SendMessage", _message),
    "SQS-ReceiveMessage": Subtype("sqs:ReceiveMessage", _receive),
    "SQS-DeleteMessage": Subtype("sqs:DeleteMessage", _only("QueueUrl", "ReceiptHandle")),
    "SQS-PurgeQueue": Subtype("sqs:PurgeQueue", _only("QueueUrl")),
    "StepFunctions-StartExecution": Subtype("stepfunctions:StartExecution", _execution, _in_seconds),
    "StepFunctions-StartSyncExecution": Subtype("stepfunctions:StartSyncExecution", _execution, _in_seconds),
    "StepFunctions-StopExecution": Subtype("stepfunctions:StopExecution", _stop, _in_seconds),
}
