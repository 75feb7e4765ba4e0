"""The rules about single states: what each type takes, and AWS's words and places for what it does not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from segue.languages.asl.validate import validate, validate_state

SCHEMA = "SCHEMA_VALIDATION_FAILED"
INTEGRATION = "arn:aws:states:::"
END: dict[str, Any] = {"Type": "Pass", "End": True}


def machine(state: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A machine whose first state is ``state`` and whose second is where it may go."""
    return {"StartAt": "S", "States": {"S": state, "Z": END}, **fields}


def found(definition: Any, kind: str = "STANDARD") -> list[tuple[str, str, str | None]]:
    text = definition if isinstance(definition, str) else json.dumps(definition)
    return [(entry.code, entry.message, entry.location) for entry in validate(text, kind=kind)]


def task(**fields: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:111111111111:function:f", "Next": "Z", **fields}


def map_state(**fields: Any) -> dict[str, Any]:
    return {"Type": "Map", "ItemProcessor": {"StartAt": "I", "States": {"I": END}}, "Next": "Z", **fields}


VALID: list[dict[str, Any]] = [
    {
        "Type": "Pass",
        "Next": "Z",
        "Parameters": {"a.$": "$.b", "c.$": "States.UUID()", "d.$": "$$.State.Name", "e.$": "$v"},
    },
    {
        "Type": "Pass",
        "Next": "Z",
        "Result": {"a.$": "no path"},
        "ResultPath": None,
        "InputPath": None,
        "OutputPath": "$",
    },
    {"Type": "Pass", "Next": "Z", "Assign": {"x.$": "$.y"}},
    task(TimeoutSecondsPath="$.t", HeartbeatSeconds=5, ResultSelector={"x.$": "$.Payload"}, ResultPath="$.r"),
    task(
        Retry=[
            {
                "ErrorEquals": ["A"],
                "IntervalSeconds": 1,
                "MaxAttempts": 0,
                "BackoffRate": 1.5,
                "MaxDelaySeconds": 9,
                "JitterStrategy": "FULL",
            },
            {"ErrorEquals": ["States.ALL"]},
        ]
    ),
    task(Catch=[{"ErrorEquals": ["States.ALL"], "Next": "Z", "ResultPath": "$.error", "Assign": {"e.$": "$.Error"}}]),
    task(Credentials={"RoleArn.$": "$.role"}),
    task(Resource=INTEGRATION + "sqs:sendMessage.waitForTaskToken"),
    task(Resource=INTEGRATION + "states:startExecution.sync:2"),
    task(Resource=INTEGRATION + "aws-sdk:dynamodb:query"),
    task(Resource="arn:aws:states:us-east-1:111111111111:activity:a"),
    {"Type": "Wait", "Seconds": 0, "Next": "Z"},
    {"Type": "Wait", "TimestampPath": "$.t", "Next": "Z"},
    {"Type": "Wait", "Timestamp": "2030-01-01T00:00:00Z", "Next": "Z"},
    {"Type": "Choice", "Choices": [{"Variable": "$.a", "IsPresent": True, "Next": "Z"}]},
    {
        "Type": "Choice",
        "Choices": [{"And": [{"Variable": "$.a", "NumericEqualsPath": "$.b"}], "Next": "Z"}],
        "Default": "Z",
    },
    map_state(
        ItemsPath="$.i", MaxConcurrency=2, ItemSelector={"v.$": "$$.Map.Item.Value"}, ToleratedFailurePercentage=5
    ),
    map_state(ItemsPath="$$.Execution.Input.i", MaxConcurrencyPath="$max.of[0]", Label="L"),
    {"Type": "Parallel", "Branches": [{"StartAt": "B", "States": {"B": {"Type": "Succeed"}}}], "Next": "Z"},
    {"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% 1 %}", "Assign": {"x": "{% 2 %}"}, "Next": "Z"},
    {"Type": "Wait", "QueryLanguage": "JSONata", "Seconds": "{% $s %}", "Next": "Z"},
    {"Type": "Choice", "QueryLanguage": "JSONata", "Choices": [{"Condition": "{% true %}", "Next": "Z", "Output": 1}]},
    map_state(QueryLanguage="JSONata", Items="{% $states.input %}", ItemSelector="{% 1 %}", MaxConcurrency="{% 2 %}"),
    task(
        QueryLanguage="JSONata",
        Arguments={"a": "{% $x %}"},
        TimeoutSeconds="{% 3 %}",
        Catch=[{"ErrorEquals": ["A"], "Output": "{% 1 %}", "Next": "Z"}],
    ),
]


@pytest.mark.parametrize("state", VALID, ids=lambda state: f"{state['Type']}-{'-'.join(list(state)[1:4])}")
def test_what_aws_takes_is_taken(state: dict[str, Any]) -> None:
    assert found(machine(state, Comment="c", TimeoutSeconds=10, Version="1.0")) == []


UNSUPPORTED = [
    *[(field, kind) for field in ("Catch", "Retry") for kind in ("Pass", "Wait", "Choice", "Succeed", "Fail")],
    *[("TimeoutSeconds", kind) for kind in ("Pass", "Wait", "Choice", "Succeed", "Fail", "Map", "Parallel")],
    *[("ResultPath", kind) for kind in ("Wait", "Choice", "Succeed", "Fail")],
    ("Coment", "Pass"),
    ("Result", "Task"),
]


@pytest.mark.parametrize(("field", "kind"), UNSUPPORTED)
def test_fields_belong_to_types(field: str, kind: str) -> None:
    place = (SCHEMA, f"Field '{field}' is not supported", "/States/S")
    assert place in found(machine({"Type": kind, field: []}))


@pytest.mark.parametrize(
    ("state", "message", "location"),
    [
        ({}, "These fields are required: [Type]", ""),
        (
            {"Type": "Nope"},
            "The field 'Type' should have one of these values: "
            "[Task, Wait, Pass, Succeed, Fail, Choice, Parallel, Map]",
            "/Type",
        ),
        ({"Type": "Choice"}, "These fields are required: [Choices]", ""),
        ({"Type": "Choice", "Choices": []}, "Value cannot be empty", "/Choices"),
        (
            {"Type": "Choice", "Choices": [{"Variable": "$", "StringMatches": "T"}]},
            "These fields are required: [Next]",
            "/Choices[0]",
        ),
        (
            {"Type": "Choice", "Choices": [{"Variable": "x", "IsNull": True, "Next": "Z"}]},
            "Value must be a valid JSONPath.",
            "/Choices[0]/Variable",
        ),
        (
            {"Type": "Choice", "Choices": [{"And": [{"IsNull": True}], "Next": "Z"}]},
            "These fields are required: [Variable]",
            "/Choices[0]/And[0]",
        ),
        (
            {"Type": "Choice", "QueryLanguage": "JSONata", "Choices": [{"Next": "Z"}]},
            "These fields are required: [Condition]",
            "/Choices[0]",
        ),
        ({"Type": "Parallel", "Branches": [], "Next": "Z"}, "Value cannot be empty", "/Branches"),
        ({"Type": "Pass", "OutputPath": "Test", "Next": "Z"}, "Value must be a valid JSONPath.", "/OutputPath"),
        ({"Type": "Pass", "ResultPath": "$.a[*]", "Next": "Z"}, "Value is not a Reference Path", "/ResultPath"),
        ({"Type": "Pass", "ResultPath": "$$.a", "Next": "Z"}, "Value is not a Reference Path", "/ResultPath"),
        (
            {"Type": "Pass", "Parameters": {"a": {"b.$": "States.Nope()"}}, "Next": "Z"},
            "The value for the field 'b.$' must be a valid JSONPath or a valid intrinsic function call",
            "/Parameters/a",
        ),
        (
            {"Type": "Pass", "Next": "Z", "End": True},
            "There should only be one of the following fields: [Next, End]",
            "",
        ),
        ({"Type": "Pass"}, "There should be exactly one of the following fields: [Next, End]", ""),
        (
            {"Type": "Pass", "Output": 1, "Next": "Z"},
            "The QueryLanguage is set to 'JSONPath', but field 'Output' is only "
            "supported for the 'JSONata' QueryLanguage",
            "",
        ),
        (
            {"Type": "Pass", "QueryLanguage": "JSONata", "InputPath": "$", "Next": "Z"},
            "The QueryLanguage is set to 'JSONata', "
            "but field 'InputPath' is only supported for the 'JSONPath' QueryLanguage",
            "",
        ),
        (
            task(Resource="arn:aws:states:::dynamodb:query"),
            "The resource provided arn:aws:states:::dynamodb:query is not "
            "recognized. The value is not a valid resource ARN, or the resource is not available in this region.",
            "/Resource",
        ),
        (task(Credentials={}), "The field 'RoleArn' is required but was missing", "/Credentials"),
        (task(TimeoutSeconds=0), "Minimum value is 1", "/TimeoutSeconds"),
        (
            task(Retry=[{"ErrorEquals": ["States.ALL"]}, {"ErrorEquals": ["A"]}]),
            "States.ALL must appear alone and at end of list",
            "/Retry[0]/ErrorEquals[0]",
        ),
        (
            task(Catch=[{"ErrorEquals": ["A", "States.ALL"], "Next": "Z"}]),
            "States.ALL must appear alone and at end of list",
            "/Catch[0]/ErrorEquals[1]",
        ),
        (task(Retry=[{}]), "These fields are required: [ErrorEquals]", "/Retry[0]"),
        (task(Catch=[{"ErrorEquals": []}]), "These fields are required: [Next]", "/Catch[0]"),
        (task(Retry=[{"ErrorEquals": ["A"], "BackoffRate": 0.5}]), "Minimum value is 1.0", "/Retry[0]/BackoffRate"),
        (
            task(TimeoutSeconds=5, HeartbeatSeconds=5),
            "HeartbeatSeconds must be less than TimeoutSeconds",
            "/HeartbeatSeconds",
        ),
        (
            task(Retry=[{"ErrorEquals": ["A"], "IntervalSeconds": 5, "MaxDelaySeconds": 5}]),
            "MaxDelaySeconds must be greater than IntervalSeconds",
            "/Retry[0]/MaxDelaySeconds",
        ),
        (
            map_state(ItemProcessor={"StartAt": "I", "States": {"I": END}, "ProcessorConfig": {"Mode": "DISTRIBUTED"}}),
            "These fields are required: [ExecutionType]",
            "/ItemProcessor/ProcessorConfig",
        ),
        (
            map_state(ItemProcessor={"StartAt": "I", "States": {"I": END}, "ProcessorConfig": {"Mode": "X"}}),
            "The field 'Mode' should have one of these values: [INLINE, DISTRIBUTED]",
            "/ItemProcessor/ProcessorConfig/Mode",
        ),
        (map_state(MaxConcurrency=-1), "Minimum value is 0", "/MaxConcurrency"),
        (map_state(ToleratedFailurePercentage=101), "Maximum value is 100.0", "/ToleratedFailurePercentage"),
        (
            map_state(MaxConcurrency=1, MaxConcurrencyPath="$.m"),
            "There should only be one of the following fields: [MaxConcurrency, MaxConcurrencyPath]",
            "",
        ),
        (map_state(MaxConcurrencyPath="$$.Execution.Input.n"), "Value is not a Reference Path", "/MaxConcurrencyPath"),
        (
            map_state(ItemProcessor={"StartAt": "I", "States": {"I": END}, "QueryLanguage": "JSONata"}),
            "Field 'QueryLanguage' is not supported",
            "/ItemProcessor",
        ),
        (map_state(ItemProcessor={"StartAt": "I"}), "These fields are required: [States]", "/ItemProcessor"),
        (
            {"Type": "Wait", "Seconds": 1, "SecondsPath": "$.s", "Next": "Z"},
            "There should only be one of the following fields: [Seconds, SecondsPath, Timestamp, TimestampPath]",
            "",
        ),
    ],
)
def test_the_schema_of_states(state: dict[str, Any], message: str, location: str) -> None:
    assert found(machine(state)) == [(SCHEMA, message, f"/States/S{location}")]


def test_a_state_alone_is_checked_without_its_transitions() -> None:
    assert validate_state(json.dumps({"Type": "Pass", "Next": "elsewhere"}), kind="STANDARD") == []
    (found_alone,) = validate_state(json.dumps({"Type": "Parallel", "Branches": [], "End": True}), kind="STANDARD")
    assert (found_alone.message, found_alone.location) == ("Value cannot be empty", "/States/StateName/Branches")
    assert [entry.message for entry in validate_state("[]", kind="STANDARD")] == [
        "Definition must be a valid JSON object"
    ]
