"""What a TestState request may hold, and in which combinations; all refusals in AWS's words where those are known.

Sources: API reference, TestState; conformance cases sfn-teststate/state_mock_validation__*, *validation_failures*.
"""

from __future__ import annotations

from typing import Any

from segue.errors import AwsError
from segue.languages.asl import json_text
from segue.languages.asl.state import State
from segue.languages.asl.task_state import TaskState
from segue.services.states.mock_schema import MockMismatch, check_mock

_MOCKABLE = ("Task", "Map", "Parallel")
_NEEDS_MOCK_PATTERNS = ("sync", "sync:2", "waitForTaskToken", "activity")
_CONFIGURATION = ("mapIterationFailureCount", "retrierRetryCount", "errorCausedByState", "mapItemReaderData")

_TEXT, _NUMBER, _OBJECT, _ANY = "a string", "a number", "an object", ""
_CONTEXT: dict[str, Any] = {
    "Execution": {
        "Id": _TEXT,
        "Input": _ANY,
        "Name": _TEXT,
        "RoleArn": _TEXT,
        "StartTime": _TEXT,
        "RedriveCount": _NUMBER,
        "RedriveTime": _TEXT,
    },
    "State": {"EnteredTime": _TEXT, "Name": _TEXT, "RetryCount": _NUMBER},
    "StateMachine": {"Id": _TEXT, "Name": _TEXT},
    "Task": {"Token": _TEXT},
    "Map": {"Item": {"Index": _NUMBER, "Key": _TEXT, "Source": _TEXT, "Value": _ANY}},
}
"""Members of the context object (developer guide, "Accessing execution data from the Context object")."""


def invalid(message: str) -> AwsError:
    """``ValidationException`` with this sentence."""
    return AwsError("ValidationException", message)


def check_combination(params: dict[str, Any]) -> None:
    """What can be said before the definition is looked at."""
    mock = params.get("mock")
    if mock is None:
        for member in _CONFIGURATION:
            if member in params.get("stateConfiguration", {}):
                name = member[:1].upper() + member[1:]
                raise invalid(f"TestState does not support {name} when a mock is not specified.")
        return
    if params.get("revealSecrets"):
        raise invalid("TestState does not support RevealSecrets when a mock is specified.")
    if ("result" in mock) == ("errorOutput" in mock):
        raise invalid("A test mock should have only one of the following fields: [result, errorOutput].")


def check_state(params: dict[str, Any], state: State) -> None:
    """Whether a state of this kind can be tested with this request."""
    if "mock" in params:
        if state.type not in _MOCKABLE:
            raise invalid(f"State type '{state.type}' is not supported when a mock is specified")
        return
    if state.type in ("Map", "Parallel"):
        message = "TestState API does not support Map or Parallel states. Supported state types include: "
        raise AwsError("InvalidDefinition", f"{message}[Task, Wait, Pass, Succeed, Fail, Choice]")
    if isinstance(state, TaskState):
        if state.resource.pattern in _NEEDS_MOCK_PATTERNS:
            message = "TestState API does not support Activity tasks and tasks that end with .sync or .waitForTaskToken"
            raise AwsError("InvalidDefinition", f"{message} unless a mock is specified")
        if not params.get("roleArn"):
            raise invalid("RoleArn must be specified when testing a Task state")


def check_result(params: dict[str, Any], state: State, spec: dict[str, Any]) -> None:
    """Whether a mocked result is one that the state could have; ``spec`` is its definition."""
    mock = params.get("mock", {})
    if "result" not in mock:
        return
    try:
        value = json_text.parse(mock["result"])
    except ValueError:
        raise invalid("Mocked result must be valid JSON") from None
    if isinstance(state, TaskState):
        mode = mock.get("fieldValidationMode", "STRICT")
        if mode != "NONE":
            _check_fields(state, value, all_required=mode == "STRICT")
        return
    if "ResultWriter" in spec:
        if not isinstance(value, dict):
            raise invalid("Mocked result must be a JSON object.")
        return
    if not isinstance(value, list):
        raise invalid("Mocked result must be an array.")
    if state.type == "Parallel" and len(value) != len(spec["Branches"]):
        raise invalid("Mocked result must contain the same number of items as number of Parallel branches.")


def _check_fields(state: TaskState, value: Any, *, all_required: bool) -> None:
    resource = state.resource
    try:
        check_mock(resource.type, resource.name, resource.pattern, value, all_required=all_required)
    except MockMismatch as mismatch:
        raise invalid(str(mismatch)) from None


def given_context(params: dict[str, Any]) -> dict[str, Any] | None:
    """The context object of the request; None when it has none."""
    if "context" not in params:
        return None
    try:
        context = json_text.parse(params["context"])
    except ValueError:
        raise _invalid_context("not a valid JSON") from None
    if not isinstance(context, dict):
        raise _invalid_context("must be an object")
    _check_context(context, _CONTEXT, "")
    return context


def _check_context(value: dict[str, Any], members: dict[str, Any], where: str) -> None:
    for name, item in value.items():
        if name not in members:
            raise _invalid_context(f"Field '{name}' is not allowed")
        expected = members[name]
        if isinstance(expected, dict):
            if not isinstance(item, dict):
                raise _invalid_context(f"{where}{name} must be {_OBJECT}")
            _check_context(item, expected, f"{where}{name}.")
        elif expected == _TEXT and not isinstance(item, str):
            raise _invalid_context(f"{where}{name} must be {_TEXT}")
        elif expected == _NUMBER and (isinstance(item, bool) or not isinstance(item, (int, float))):
            raise _invalid_context(f"{where}{name} must be {_NUMBER}")


def _invalid_context(why: str) -> AwsError:
    return invalid(f"Invalid Context object provided: {why}")


def given_variables(params: dict[str, Any]) -> dict[str, Any]:
    """The workflow variables of the request."""
    try:
        variables = json_text.parse(params.get("variables", "{}"))
    except ValueError:
        variables = None
    if not isinstance(variables, dict):
        raise invalid("Variables must be a valid JSON object")
    return variables
