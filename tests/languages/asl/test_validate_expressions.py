"""The rules about JSONata expressions, and about the names of variables in both languages."""

from __future__ import annotations

import json
from typing import Any

import pytest

from segue.languages.asl.validate import validate

INVALID, UNSUPPORTED = "INVALID_JSONATA_EXPRESSION", "UNSUPPORTED_JSONATA_EXPRESSION"
FUNCTION = "arn:aws:states:::lambda:invoke"


def found(state: dict[str, Any], language: str = "JSONata") -> list[tuple[str, str, str | None]]:
    definition = {
        "QueryLanguage": language,
        "StartAt": "S",
        "States": {"S": {"Type": "Pass", "Next": "Z", **state}, "Z": {"Type": "Succeed"}},
    }
    return [(entry.code, entry.message, entry.location) for entry in validate(json.dumps(definition), kind="STANDARD")]


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("a[1,2)", 'Expected "]", got ","'),
        ('"unterminated', "String literal must be terminated by a matching quote"),
        ("1 +", "Unexpected end of expression"),
        ('{"a":}', 'The symbol "}" cannot be used as a unary operator'),
        ("$x :=", "Unexpected end of expression"),
        ('$match("a", /abc', "No terminating / in regular expression"),
    ],
)
def test_expressions_must_parse(expression: str, message: str) -> None:
    """The table of floci-io/floci#2745, measured on AWS."""
    assert found({"Output": f"{{% {expression} %}}"}) == [(INVALID, message, "/States/S/Output")]


def test_places_reach_into_objects_and_arrays() -> None:
    state = {"Output": {"a": {"b": [1, "{% phone & $$.x %}"]}}, "Assign": {"c": "{% $ %}"}}
    assert found(state) == [
        (UNSUPPORTED, "Reference to 'phone' at the top level is not supported.", "/States/S/Output/a/b[1]"),
        (UNSUPPORTED, "Reference to '$$' at the top level is not supported.", "/States/S/Output/a/b[1]"),
        (UNSUPPORTED, "Reference to '$' at the top level is not supported.", "/States/S/Assign/c"),
    ]


NO_ERROR_OUTPUT = "Field '$states.errorOutput' does not exist."


@pytest.mark.parametrize(
    ("state", "diagnostics"),
    [
        ({"Output": "{% $states.errorOutput %}"}, [(NO_ERROR_OUTPUT, "/Output")]),
        (
            {"Type": "Task", "Resource": FUNCTION, "Arguments": {"e": "{% $states.errorOutput.Error %}"}},
            [(NO_ERROR_OUTPUT, "/Arguments/e")],
        ),
        (
            {
                "Type": "Task",
                "Resource": FUNCTION,
                "Output": "{% $states.result %}",
                "Catch": [
                    {
                        "ErrorEquals": ["States.ALL"],
                        "Next": "Z",
                        "Output": "{% $states.errorOutput %}",
                        "Assign": {"a": "{% $states.result %}"},
                    }
                ],
            },
            [("Field '$states.result' does not exist.", "/Catch[0]/Assign/a")],
        ),
        (
            {"Type": "Wait", "Seconds": "{% $states.result %}"},
            [("Field '$states.result' does not exist.", "/Seconds")],
        ),
        ({"Output": "{% $states.nope.x %}"}, [("Field '$states.nope' does not exist.", "/Output")]),
        ({"Output": "{% $states.context.Execution.Id & $undefined %}"}, []),
        ({"Comment": "{% not an expression"}, []),
        ({"Output": " {% nor this %} "}, []),
        ({"Output": "{% $count($states.input[$ = 1 and x]) %}"}, []),
    ],
)
def test_expressions_read_what_there_is(state: dict[str, Any], diagnostics: list[tuple[str, str]]) -> None:
    assert found(state) == [(UNSUPPORTED, message, f"/States/S{place}") for message, place in diagnostics]


def test_choice_rules() -> None:
    choices = [{"Condition": "{% 1 + %}", "Next": "Z"}, {"Condition": True, "Next": "Z"}]
    state = {"Type": "Choice", "Choices": choices, "Default": "Z"}
    del state["Default"]
    definition = {"QueryLanguage": "JSONata", "StartAt": "S", "States": {"S": state, "Z": {"Type": "Succeed"}}}
    diagnostics = validate(json.dumps(definition), kind="STANDARD")
    assert [(entry.code, entry.location) for entry in diagnostics] == [(INVALID, "/States/S/Choices[0]/Condition")]


def test_schema_errors_hide_those_of_expressions() -> None:
    ((code, _, place),) = found({"Output": "{% 1 + %}", "Coment": "x"})
    assert (code, place) == ("SCHEMA_VALIDATION_FAILED", "/States/S")


@pytest.mark.parametrize(
    ("language", "assigned", "message"),
    [
        ("JSONata", {"états": 1, "a_1": 2}, None),
        ("JSONPath", {"x.$": "$.a", "y": 1}, None),
        ("JSONata", {"states": 1}, "The variable name 'states' is reserved"),
        ("JSONata", {"1a": 1}, "'1a' is not a valid variable name"),
        ("JSONata", {"a-b": 1}, "'a-b' is not a valid variable name"),
        ("JSONPath", {"a b.$": "$"}, "'a b' is not a valid variable name"),
        ("JSONata", {"x" * 81: 1}, "Variable names must be at most 80 characters long"),
    ],
)
def test_names_of_variables(language: str, assigned: dict[str, Any], message: str | None) -> None:
    diagnostics = found({"Assign": assigned}, language)
    place = f"/States/S/Assign/{next(iter(assigned))}"
    assert diagnostics == ([("SCHEMA_VALIDATION_FAILED", message, place)] if message else [])


@pytest.mark.parametrize("language", [None, "XPath", 3])
def test_what_is_not_jsonpath_counts_as_jsonata(language: Any) -> None:
    definition = {
        "StartAt": "S",
        "QueryLanguage": language,
        "States": {"S": {"Type": "Pass", "End": True, "InputPath": "$"}},
    }
    places = [entry.location for entry in validate(json.dumps(definition), kind="STANDARD")]
    assert places == ["/QueryLanguage", "/States/S"]
