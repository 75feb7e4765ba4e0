"""Validation: what AWS refuses, with its words and places, and what it takes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.languages.asl.validate import Diagnostic, invalid_definition_message, validate

SCHEMA, TARGET = "SCHEMA_VALIDATION_FAILED", "MISSING_TRANSITION_TARGET"
END: dict[str, Any] = {"Type": "Pass", "End": True}
INTEGRATION = "arn:aws:states:::"


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
        (map_state(MaxConcurrency=-1), "Minimum value is 0", "/MaxConcurrency"),
        (map_state(ToleratedFailurePercentage=101), "Maximum value is 100.0", "/ToleratedFailurePercentage"),
        (
            map_state(MaxConcurrency=1, MaxConcurrencyPath="$.m"),
            "There should only be one of the following fields: [MaxConcurrency, MaxConcurrencyPath]",
            "",
        ),
        (map_state(MaxConcurrencyPath="$$.Execution.Input.n"), "Value is not a Reference Path", "/MaxConcurrencyPath"),
        (
            map_state(
                ItemReader={
                    "Resource": INTEGRATION + "s3:getObject",
                    "ReaderConfig": {"MaxItems": 1, "MaxItemsPath": "$"},
                }
            ),
            "There should only be one of the following fields: [MaxItems, MaxItemsPath]",
            "/ItemReader/ReaderConfig",
        ),
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


def test_places_reach_into_branches() -> None:
    branch = {"StartAt": "B", "States": {"B": {"Type": "Choice"}}}
    inner = {"Type": "Parallel", "End": True, "Branches": [branch]}
    outer = {"Type": "Parallel", "Next": "Z", "Branches": [{"StartAt": "P", "States": {"P": inner}}]}
    place = "/States/S/Branches[0]/States/P/Branches[0]/States/B"
    assert found(machine(outer)) == [(SCHEMA, "These fields are required: [Choices]", place)]


@pytest.mark.parametrize(
    ("definition", "diagnostics"),
    [
        ({}, [(SCHEMA, "These fields are required: [States, StartAt]", "/")]),
        ({"States": {"A": END}}, [(SCHEMA, "These fields are required: [StartAt]", "/")]),
        ({"StartAt": "A", "States": {"A": END}, "Extra": 1}, [(SCHEMA, "Field 'Extra' is not supported", "/")]),
        (
            {"StartAt": "A", "QueryLanguage": "JSONata", "States": {"A": {**END, "QueryLanguage": "JSONPath"}}},
            [
                (
                    SCHEMA,
                    "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine",
                    "/States/A",
                )
            ],
        ),
        ([], [(SCHEMA, "Definition must be a valid JSON object", None)]),
        ("  ", [(SCHEMA, "Definition must be a valid JSON object", None)]),
        (
            '{"StartAt":"A","States":{"A":{"Type":"Succeed"},"A":{"Type":"Succeed"}}}',
            [("DUPLICATE_STATE_NAME", "Duplicate State name: A", "/States/A")],
        ),
        ("[" * 300, [("TOO_DEEPLY_NESTED", "The definition is nested deeper than 200 levels", None)]),
    ],
)
def test_the_machine(definition: Any, diagnostics: list[tuple[str, str, str | None]]) -> None:
    assert found(definition) == diagnostics


@pytest.mark.parametrize(
    ("start", "states", "diagnostics"),
    [
        (
            "A",
            {"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Pass", "Next": "A"}},
            [("MISSING_END_STATE", "Workflow has no terminal state", None)],
        ),
        (
            "A",
            {"A": {"Type": "Pass", "Next": "A"}, "B": {"Type": "Pass", "Next": "A"}},
            [("MISSING_END_STATE", "Workflow has no terminal state", None)],
        ),
        (
            "A",
            {"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Pass", "Next": "A"}, "C": END},
            [(TARGET, 'State "C" is not reachable.', "/States/C")],
        ),
        (
            "A",
            {"A": {"Type": "Pass", "Next": "NOPE"}},
            [
                (TARGET, "Missing 'Next' target: NOPE", "/States/A/Next"),
                ("MISSING_END_STATE", "Workflow has no terminal state", None),
            ],
        ),
        (
            "Not sure",
            {"One": {"Type": "Pass", "Next": "Two"}, "Two": {"Type": "Succeed"}},
            [
                (TARGET, "Missing 'Next' target: Not sure", "/StartAt"),
                (TARGET, 'State "One" is not reachable.', "/States/One"),
            ],
        ),
        (
            "A",
            {
                "A": {"Type": "Choice", "Choices": [{"Variable": "$", "IsNull": True, "Next": "X"}], "Default": "Y"},
                "Z": END,
            },
            [
                (TARGET, "Missing 'Next' target: Y", "/States/A/Default"),
                (TARGET, "Missing 'Next' target: X", "/States/A/Choices[0]/Next"),
                (TARGET, 'State "Z" is not reachable.', "/States/Z"),
            ],
        ),
    ],
)
def test_transitions(start: str, states: dict[str, Any], diagnostics: list[tuple[str, str, str | None]]) -> None:
    assert found({"StartAt": start, "States": states}) == diagnostics


@pytest.mark.parametrize(
    ("resource", "pattern"),
    [
        ("sqs:sendMessage.waitForTaskToken", ".waitForTaskToken"),
        ("ecs:runTask.sync", ".sync"),
        ("states:startExecution.sync:2", ".sync"),
    ],
)
def test_express_does_not_wait(resource: str, pattern: str) -> None:
    definition = machine(task(Resource=INTEGRATION + resource))
    message = f"Express state machine does not support '{pattern}' service integration "
    assert found(definition) == []
    assert found(definition, "EXPRESS") == [(SCHEMA, message, "/States/S/Resource")]


@pytest.mark.parametrize(
    ("text", "message", "line", "column"),
    [
        (
            "not a definition",
            "Unrecognized token 'not': was expecting (JSON String, Number, Array, Object or token 'null', "
            "'true' or 'false')",
            1,
            4,
        ),
        (
            '{\n  "a": yes}',
            "Unrecognized token 'yes': was expecting (JSON String, Number, Array, Object or token 'null', "
            "'true' or 'false')",
            2,
            11,
        ),
        ("{a:1}", "Unexpected character ('a' (code 97)): was expecting double-quote to start field name", 1, 3),
        (
            '{"a" 1}',
            "Unexpected character ('1' (code 49)): was expecting a colon to separate field name and value",
            1,
            7,
        ),
        (
            '{"a":1 "b":2}',
            "Unexpected character ('\"' (code 34)): was expecting comma to separate Object entries",
            1,
            9,
        ),
        ('{"a":[1 2]}', "Unexpected character ('2' (code 50)): was expecting comma to separate Array entries", 1, 10),
        ('{"a":"b', "Unexpected end-of-input: was expecting closing quote for a string value", 1, 8),
    ],
)
def test_syntax_errors_are_those_of_jackson(text: str, message: str, line: int, column: int) -> None:
    place = f'[Source: (String)"{text}"; line: {line}, column: {column}]'
    assert found(text) == [("INVALID_JSON_DESCRIPTION", f"{message}\n at {place}", place)]


def test_the_end_of_input_names_the_open_container() -> None:
    ((code, message, _),) = found('{"a":[1')
    assert code == "INVALID_JSON_DESCRIPTION"
    assert message.startswith("Unexpected end-of-input: expected close marker for Array (start marker at [Source: ")


def test_the_message_of_invalid_definition() -> None:
    findings = [
        Diagnostic("ERROR", TARGET, "Missing 'Next' target: X", "/States/A/Next"),
        Diagnostic("ERROR", "MISSING_END_STATE", "Workflow has no terminal state"),
    ]
    assert invalid_definition_message(findings) == (
        "Invalid State Machine Definition: 'MISSING_TRANSITION_TARGET: Missing 'Next' target: X at /States/A/Next, "
        "MISSING_END_STATE: Workflow has no terminal state at null'"
    )


_junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["Pass", "Task", "Map", "$.a", "S", "{% 1 %}"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "StartAt",
                    "States",
                    "S",
                    "Type",
                    "Next",
                    "End",
                    "Choices",
                    "Branches",
                    "ItemProcessor",
                    "Retry",
                    "Catch",
                    "Not",
                    "And",
                    "Variable",
                    "IsNull",
                    "ErrorEquals",
                    "Parameters",
                    "a.$",
                    "QueryLanguage",
                    "Resource",
                    "ItemReader",
                    "ReaderConfig",
                    "Credentials",
                    "Seconds",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(_junk, st.sampled_from(["Pass", "Task", "Map", "Parallel", "Choice", "Wait", "Fail"]))
def test_no_definition_breaks_the_validator(junk: Any, kind: str) -> None:
    state = {**junk, "Type": kind} if isinstance(junk, dict) else junk
    for definition in (junk, {"StartAt": "S", "States": {"S": state}}):
        for entry in validate(json.dumps(definition), kind="EXPRESS"):
            assert entry.severity == "ERROR"


@given(st.text(max_size=40) | st.text(alphabet='{}[]":,\\n1 ab', max_size=40))
def test_no_text_breaks_the_validator(text: str) -> None:
    assert validate(text, kind="STANDARD") != []
