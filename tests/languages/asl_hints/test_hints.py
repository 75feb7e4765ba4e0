"""Each trap is told of, where it is; and what only looks like one is not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from segue.languages.asl.validate import validate
from segue.languages.asl_hints import hints

WAITING = "arn:aws:states:::sns:publish.waitForTaskToken"
INVOKE = "arn:aws:states:::lambda:invoke"
ACTIVITY = "arn:aws:states:us-east-1:111111111111:activity:a"


def found(state: dict[str, Any], kind: str = "STANDARD", **more: Any) -> list[tuple[str, str | None]]:
    """Hints about a state S, which goes on to the states of ``more``."""
    definition = {
        "StartAt": "S",
        "States": {"S": {"Type": "Pass", "Next": "Z", **state}, **more.pop("states", {}), "Z": {"Type": "Succeed"}},
        **more,
    }
    if definition["States"]["S"].get("Next") is None:
        del definition["States"]["S"]["Next"]
    assert [one for one in validate(json.dumps(definition), kind=kind) if one.severity == "ERROR"] == []
    return [(hint.code, hint.location) for hint in hints(definition, kind=kind)]


def task(resource: str = INVOKE, **fields: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": resource, **fields}


def waiting(**fields: Any) -> dict[str, Any]:
    return task(WAITING, **{"TimeoutSeconds": 9, "Parameters": {"M.$": "$$.Task.Token"}, **fields})


def catching(**catcher: Any) -> dict[str, Any]:
    return task(Catch=[{"ErrorEquals": ["A"], "Next": "Z", "ResultPath": "$.e", **catcher}])


def retrying(*names: str, **fields: Any) -> dict[str, Any]:
    return task(Retry=[{"ErrorEquals": list(names), **fields}])


def choosing(*rules: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"Type": "Choice", "Next": None, "Choices": [{**rule, "Next": "Z"} for rule in rules], **fields}


JSONATA = {"QueryLanguage": "JSONata"}
IS_NULL = {"Variable": "$.a", "IsNull": True}

TRAPS: list[tuple[str, dict[str, Any], str]] = [
    ("CALLBACK_WITHOUT_TIMEOUT", task(WAITING, Parameters={"M.$": "$$.Task.Token"}), ""),
    ("CALLBACK_WITHOUT_TIMEOUT", task(ACTIVITY), ""),
    ("CALLBACK_WITHOUT_TOKEN", waiting(Parameters={"M": "x"}), "/Parameters"),
    ("CALLBACK_WITHOUT_TOKEN", task(WAITING, HeartbeatSeconds=5), ""),
    (
        "CALLBACK_WITHOUT_TOKEN",
        {**task(WAITING, TimeoutSeconds=5, Arguments={"M": "{% $states.input %}"}), **JSONATA},
        "/Arguments",
    ),
    ("CATCH_DROPS_INPUT", task(Catch=[{"ErrorEquals": ["A"], "Next": "Z"}]), "/Catch[0]"),
    ("CATCH_DROPS_INPUT", {**task(Catch=[{"ErrorEquals": ["A"], "Next": "Z"}]), **JSONATA}, "/Catch[0]"),
    ("POINTLESS_RETRY", retrying("A", "States.DataLimitExceeded"), "/Retry[0]/ErrorEquals[1]"),
    ("ERROR_NEVER_HANDLED", catching(ErrorEquals=["States.Runtime"]), "/Catch[0]/ErrorEquals[0]"),
    ("UNKNOWN_ERROR_NAME", retrying("States.TimeOut"), "/Retry[0]/ErrorEquals[0]"),
    (
        "INLINE_CONCURRENCY",
        {
            "Type": "Map",
            "MaxConcurrency": 41,
            "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Succeed"}}},
        },
        "/MaxConcurrency",
    ),
    ("CONTEXT_PATH", {"Parameters": {"a": {"b.$": "$.Execution.Id"}}}, "/Parameters/a/b.$"),
    ("CONTEXT_PATH", {"Parameters": {"a.$": "States.Format('{}', $.State.EnteredTime)"}}, "/Parameters/a.$"),
    ("CONTEXT_PATH", {"Parameters": {"a.$": "$$.Ex.Id"}}, "/Parameters/a.$"),
    ("CONTEXT_PATH", {"InputPath": "$$.Execution.Nam"}, "/InputPath"),
    ("CONTEXT_PATH", {"Output": "{% $states.context.Execution.id %}", **JSONATA}, "/Output"),
    ("TOKEN_WITHOUT_CALLBACK", task(Parameters={"t.$": "$$.Task.Token"}), "/Parameters/t.$"),
    ("JSONATA_IN_JSONPATH_STATE", {"Parameters": {"a": "{% $states.input %}"}}, "/Parameters/a"),
    ("JSONATA_WITHOUT_DELIMITERS", {"Output": {"a": "$states.input.x"}, **JSONATA}, "/Output/a"),
    ("JSONATA_WITHOUT_DELIMITERS", {"Output": " {% 1 %}", **JSONATA}, "/Output"),
    ("JSONATA_WITHOUT_DELIMITERS", {"Output": "{% 1", **JSONATA}, "/Output"),
    ("ODD_CHARACTER", {"Parameters": {"a.$": "$['b’s']"}}, "/Parameters/a.$"),
    ("ODD_CHARACTER", {"Output": "{% '\u00a0' & $states.input %}", **JSONATA}, "/Output"),
    ("CHOICE_WITHOUT_DEFAULT", choosing(IS_NULL), ""),
    ("UNASSIGNED_VARIABLE", {"Parameters": {"a.$": "States.Format('$no {}', $x.y)"}}, "/Parameters/a.$"),
    ("UNASSIGNED_VARIABLE", {"Output": "{% $map([1], $x) %}", **JSONATA}, "/Output"),
]


@pytest.mark.parametrize(("code", "state", "place"), TRAPS)
def test_traps(code: str, state: dict[str, Any], place: str) -> None:
    assert found(state) == [(code, f"/States/S{place}")]


HARMLESS: list[dict[str, Any]] = [
    waiting(),
    waiting(Parameters={"M": {"All.$": "$$"}}),
    task(WAITING, TimeoutSecondsPath="$.t", Parameters={"M.$": "$.myToken"}),
    task(ACTIVITY, HeartbeatSeconds=3),
    catching(),
    {**task(Catch=[{"ErrorEquals": ["A"], "Next": "Z", "Assign": {"e": "{% $states.errorOutput %}"}}]), **JSONATA},
    retrying("States.Timeout", "Lambda.ServiceException", "My.Error"),
    retrying("States.DataLimitExceeded", MaxAttempts=0),
    {"Parameters": {"a.$": "$.Executions.Id", "b.$": "$$.Execution.Input.whatever.x", "c.$": "$$.Map.Item.Value.y"}},
    {"Parameters": {"text": "$.Execution.Id is a path"}},
    {"Output": "{% $map($states.input.xs, $uppercase) ~> function($v){ $v } %}", **JSONATA},
    {"Output": "{% ($y := 1; $y) %}", **JSONATA},
    {"Comment": "{% “quoted” %}"},
    choosing(IS_NULL, Default="Z"),
    choosing(IS_NULL, {"Not": IS_NULL}),
    choosing({"Variable": "$.a", "IsPresent": True}, {"Variable": "$.a", "IsPresent": False}),
    {**choosing({"Condition": True}), **JSONATA},
]


@pytest.mark.parametrize("state", HARMLESS)
def test_what_only_looks_like_a_trap(state: dict[str, Any]) -> None:
    assert found(state) == []


def test_a_catch_that_ends_in_fail_may_drop_the_input() -> None:
    state = task(Catch=[{"ErrorEquals": ["A"], "Next": "F"}])
    assert found(state, states={"F": {"Type": "Fail"}}) == []


def test_variables_of_scopes() -> None:
    inner = {"Type": "Pass", "Assign": {"x": 2}, "Parameters": {"a.$": "$x", "b.$": "$y"}, "End": True}
    branch = {"StartAt": "I", "States": {"I": inner}}
    parallel = {"Type": "Parallel", "Branches": [branch], "Assign": {"x": 1}}
    place = "/States/S/Branches[0]/States/I"
    assert found(parallel) == [
        ("VARIABLE_HIDES_OUTER", f"{place}/Assign/x"),
        ("UNASSIGNED_VARIABLE", f"{place}/Parameters/b.$"),
    ]


def test_the_children_of_a_distributed_map_see_no_variables() -> None:
    config = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    inner = {"Type": "Pass", "Parameters": {"a.$": "$x"}, "End": True}
    state = {"Type": "Map", "Assign": {"x": 1}, "ItemProcessor": {"StartAt": "I", "States": {"I": inner}}}
    assert found(state) == []
    state["ItemProcessor"]["ProcessorConfig"] = config
    assert found(state) == [("UNASSIGNED_VARIABLE", "/States/S/ItemProcessor/States/I/Parameters/a.$")]


def test_islands_and_loops() -> None:
    states = {
        "S": {"Type": "Pass", "Next": "Z"},
        "Z": {"Type": "Succeed"},
        "I": {"Type": "Pass", "Next": "J"},
        "J": {"Type": "Pass", "Next": "I"},
    }
    definition = {"StartAt": "S", "States": states}
    assert validate(json.dumps(definition), kind="STANDARD") == []
    assert [(hint.code, hint.location) for hint in hints(definition, kind="STANDARD")] == [
        ("UNREACHABLE_STATE", "/States/I"),
        ("UNREACHABLE_STATE", "/States/J"),
        ("NO_WAY_OUT", "/States/I"),
        ("NO_WAY_OUT", "/States/J"),
    ]


def test_express_is_short() -> None:
    assert found({"Type": "Wait", "Seconds": 301}) == []
    assert found({"Type": "Wait", "Seconds": 301}, "EXPRESS") == [("TOO_LONG_FOR_EXPRESS", "/States/S/Seconds")]


def test_did_you_mean() -> None:
    definition = {
        "StartAt": "S",
        "States": {"S": {"Type": "Pass", "Parameters": {"a.$": "$$.Execution.ID"}, "End": True}},
    }
    (hint,) = hints(definition, kind="STANDARD")
    assert hint.message == "The context object has no $$.Execution.ID: did you mean $$.Execution.Id?"
