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


def test_express_runs_neither_activities_nor_distributed_maps() -> None:
    activity = machine(task(Resource="arn:aws:states:us-east-1:111111111111:activity:a"))
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "I",
        "States": {"I": END},
    }
    distributed = machine({"Type": "Map", "ItemProcessor": processor, "Next": "Z"})
    for definition, place in ((activity, "Resource"), (distributed, "ItemProcessor/ProcessorConfig/Mode")):
        assert found(definition) == []
        ((code, _, location),) = found(definition, "EXPRESS")
        assert (code, location) == (SCHEMA, f"/States/S/{place}")


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
