"""AWS's three warnings."""

from __future__ import annotations

import json
from typing import Any

import pytest

from segue.languages.asl.validate import validate


def warned(state: dict[str, Any], **fields: Any) -> list[tuple[str, str | None]]:
    definition = {"StartAt": "S", "States": {"S": {"Type": "Pass", "End": True, **state}}, **fields}
    text = json.dumps(definition)
    assert validate(text, kind="STANDARD") == []
    found = validate(text, kind="STANDARD", warnings=True)
    assert {entry.severity for entry in found} <= {"WARNING"}
    return [(entry.code, entry.location) for entry in found]


FUNCTION = "arn:aws:states:::lambda:invoke"


@pytest.mark.parametrize(
    ("state", "code", "place"),
    [
        ({"Parameters": {"a": {"b": "$.c"}}}, "NO_DOLLAR", "/Parameters/a/b"),
        ({"Parameters": {"a": ["States.UUID()"]}}, "NO_DOLLAR", "/Parameters/a[0]"),
        ({"Assign": {"a": "$$.Execution.Id"}}, "NO_DOLLAR", "/Assign/a"),
        ({"Result": {"a.$": "$.b"}}, "PASS_RESULT_IS_STATIC", "/Result/a.$"),
        ({"Result": "$.b"}, "PASS_RESULT_IS_STATIC", "/Result"),
        (
            {"Type": "Task", "Resource": FUNCTION, "ResultSelector": {"a": "$.Payload"}},
            "NO_DOLLAR",
            "/ResultSelector/a",
        ),
    ],
)
def test_paths_that_are_taken_as_texts(state: dict[str, Any], code: str, place: str) -> None:
    assert warned(state) == [(code, f"/States/S{place}")]


def test_comparisons_with_what_looks_like_a_path() -> None:
    rule = {"And": [{"Variable": "$.a", "StringEquals": "$.b"}], "Next": "Z"}
    definition = {
        "StartAt": "C",
        "States": {"C": {"Type": "Choice", "Choices": [rule]}, "Z": {"Type": "Fail", "Error": "$.error"}},
    }
    found = validate(json.dumps(definition), kind="STANDARD", warnings=True)
    assert [(entry.code, entry.location) for entry in found] == [
        ("NO_PATH", "/States/C/Choices[0]/And[0]"),
        ("NO_PATH", "/States/Z/Error"),
    ]


@pytest.mark.parametrize("state", [{"Parameters": {"a": "$5", "b.$": "$.c", "c": "costs $.50"}}, {"Comment": "$.a"}])
def test_other_texts_are_left_alone(state: dict[str, Any]) -> None:
    assert warned(state) == []


def test_jsonata_states_are_left_alone() -> None:
    assert warned({"Output": {"a": "$.b"}}, QueryLanguage="JSONata") == []
