"""The recorded AWS cases that need no engine: choice tables, Pass templates, definitions taken and refused."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from segue.languages.asl.choice import compile_choice_rule
from segue.languages.asl.templates import Scope, compile_template
from segue.languages.asl.validate import invalid_definition_message, validate, validate_state

CASES = Path(__file__).parents[3].parent / "shared" / "conformance"
FUNCTION = "arn:aws:lambda:us-east-1:111111111111:function:f"

pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason="the recorded cases are not beside this checkout")


def _cases(pattern: str) -> list[Any]:
    """Cases as they are, with partition and region filled in."""
    found = []
    for path in sorted(CASES.glob(pattern)):
        text = path.read_text().replace("<partition>", "aws").replace("<region>", "us-east-1")
        found.append(pytest.param(json.loads(text), id=f"{path.parent.name}/{path.stem}"))
    return found


def _scope(value: Any, context: dict[str, Any] | None = None) -> Scope:
    return Scope(value, context or {}, {}, random.Random(0))


@pytest.mark.parametrize("case", _cases("sfn-choice-tables/*.json"))
def test_choice_tables(case: dict[str, Any]) -> None:
    for row in case["rows"]:
        definition = row.get("definition") or case["definition"]
        (rule,) = definition["States"]["CheckValues"]["Choices"]
        assert compile_choice_rule(rule)(_scope(row["input"])) is row["matched"], (rule, row["input"])


def _pass_templates() -> Iterator[Any]:
    for parameter in _cases("sfn-intrinsics/*.json") + _cases("sfn-base/base__json_path_*.json"):
        (machine,) = parameter.values[0]["stateMachines"]
        ((_, state),) = machine["definition"]["States"].items()
        if "Parameters" in state:
            yield parameter


@pytest.mark.parametrize("case", list(_pass_templates()))
def test_pass_templates(case: dict[str, Any]) -> None:
    (machine,) = case["stateMachines"]
    ((_, state),) = machine["definition"]["States"].items()
    template = compile_template(state["Parameters"])
    for execution in case["executions"]:
        value = execution["input"]
        context = {
            "Execution": {"Name": execution["executionArn"].rpartition(":")[2], "Input": value},
            "StateMachine": {"Id": machine["arn"], "Name": machine["name"]},
        }
        assert template.evaluate(_scope(value, context)) == execution["expected"]["output"], value


def _with_functions(definition: Any) -> Any:
    """Task resources that were read from a created function stand in the recordings as bare names."""
    if isinstance(definition, dict):
        return {
            key: FUNCTION
            if key == "Resource" and isinstance(value, str) and not value.startswith("arn:")
            else _with_functions(value)
            for key, value in definition.items()
        }
    if isinstance(definition, list):
        return [_with_functions(item) for item in definition]
    return definition


def _diagnostics(definition: Any, kind: str | None) -> list[dict[str, Any]]:
    text = definition
    if isinstance(definition, dict):
        text = json.dumps(_with_functions(definition.get("$jsonText", definition)))
    members = ("code", "location", "message", "severity")
    found = validate(text, kind="EXPRESS" if kind == "EXPRESS" else "STANDARD")
    return [{name: getattr(entry, name) for name in members if getattr(entry, name) is not None} for entry in found]


@pytest.mark.parametrize("case", _cases("sfn-*/*.json"))
def test_definitions_that_ran_are_valid(case: dict[str, Any]) -> None:
    for machine in case.get("stateMachines", ()):
        if "definition" in machine:
            assert _diagnostics(machine["definition"], machine.get("type")) == []


def _definition_steps(operation: str) -> Iterator[Any]:
    for parameter in _cases("sfn-*/*.json"):
        for position, step in enumerate(parameter.values[0].get("steps", ())):
            if step.get("op") == operation and "definition" in step["params"]:
                yield pytest.param(step, id=f"{parameter.id}-{position}")


@pytest.mark.parametrize("step", list(_definition_steps("ValidateStateMachineDefinition")))
def test_diagnostics(step: dict[str, Any]) -> None:
    params = step["params"]
    assert _diagnostics(params["definition"], params["type"]) == step["expect"]["diagnostics"]


@pytest.mark.parametrize("step", list(_definition_steps("CreateStateMachine")))
def test_creation(step: dict[str, Any]) -> None:
    definition = step["params"]["definition"]
    error = step.get("expectError", {})
    if "InvalidDefinition" not in (error.get("code"), error.get("exception_typename")):
        assert _diagnostics(definition, step["params"].get("type")) == []
        return
    found = validate(json.dumps(definition["$jsonText"]), kind="STANDARD")
    message = invalid_definition_message(found)
    assert message == error.get("message", message)
    assert error.get("exception_value", message).endswith(message)


@pytest.mark.parametrize("step", list(_definition_steps("TestState")))
def test_states_for_testing(step: dict[str, Any]) -> None:
    """TestState also refuses some state types in words of its own; those are not about the definition."""
    definition = _with_functions(step["params"]["definition"]["$jsonText"])
    error = step.get("expectError", {})
    check = validate if "stateName" in step["params"] else validate_state
    message = invalid_definition_message(check(json.dumps(definition), kind="STANDARD"))
    if error.get("message", "").startswith("Invalid State Machine Definition"):
        assert message == error["message"]
    else:
        assert message == "Invalid State Machine Definition: ''"
