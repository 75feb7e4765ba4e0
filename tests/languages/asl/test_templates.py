"""Payload templates and expressions."""

from __future__ import annotations

import random
from types import MappingProxyType
from typing import Any

import pytest

from segue.languages.asl.errors import InvalidExpression, StatesError
from segue.languages.asl.templates import Scope, compile_expression, compile_template


@pytest.fixture
def scope() -> Scope:
    return Scope(
        {"a": {"b": 1}, "list": [1, 2, 3], "none": None},
        {"Execution": {"Name": "run-1", "Input": {"q": 5}}, "Map": {"Item": {"Index": 0}}},
        {"customer": {"id": 7}, "flag": False},
        random.Random(1),
        "Prepare",
    )


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ({}, {}),
        ("$.a", "$.a"),
        ({"k": "$.a"}, {"k": "$.a"}),
        ({"k.$": "$.a.b"}, {"k": 1}),
        ({"k.$": "$"}, {"k": {"a": {"b": 1}, "list": [1, 2, 3], "none": None}}),
        ({"k.$": "$.none"}, {"k": None}),
        ({"k.$": "$$.Execution.Name", "all.$": "$$.Map"}, {"k": "run-1", "all": {"Item": {"Index": 0}}}),
        ({"k.$": "$$"}, {"k": {"Execution": {"Name": "run-1", "Input": {"q": 5}}, "Map": {"Item": {"Index": 0}}}}),
        ({"k.$": "$customer.id", "f.$": "$flag"}, {"k": 7, "f": False}),
        ({"k.$": "$.list[1:]", "e.$": "$.absent[*]"}, {"k": [2, 3], "e": []}),
        ({"k.$": "States.ArrayLength($.list)"}, {"k": 3}),
        ({"deep": {"x": [{"y.$": "$.a.b", "z": 1}, 2]}}, {"deep": {"x": [{"y": 1, "z": 1}, 2]}}),
        ([{"k.$": "$.a.b"}, "$.a"], [{"k": 1}, "$.a"]),
    ],
)
def test_templates(scope: Scope, template: Any, value: Any) -> None:
    assert compile_template(template).evaluate(scope) == value


def test_keys_keep_their_order(scope: Scope) -> None:
    made = compile_template({"z": 1, "y.$": "$.a.b", "x": 2, "w.$": "$flag"}).evaluate(scope)
    assert list(made) == ["z", "y", "x", "w"]


def test_literals_are_made_once(scope: Scope) -> None:
    template = compile_template({"big": {"x": [1, 2]}, "k.$": "$.a"})
    assert not template.is_literal
    assert template.evaluate(scope)["big"] is template.evaluate(scope)["big"]
    assert compile_template({"big": 1}).is_literal


@pytest.mark.parametrize(
    ("template", "cause"),
    [
        (
            {"address.$": "$.application.address"},
            "The JSONPath '$.application.address' specified for the field 'address.$' could not be found in the input "
            "'{\"flagged\":false}'",
        ),
        (
            {"deep": {"id.$": "$[0]"}},
            "The JSONPath '$[0]' specified for the field 'id.$' could not be found in the input '{\"flagged\":false}'",
        ),
    ],
)
def test_a_path_that_finds_nothing_fails_in_the_words_of_aws(template: Any, cause: str) -> None:
    scope = Scope({"flagged": False}, {}, {}, random.Random(0))
    with pytest.raises(StatesError) as raised:
        compile_template(template).evaluate(scope)
    assert (raised.value.error, raised.value.cause) == ("States.Runtime", cause)


def test_an_unknown_variable_fails(scope: Scope) -> None:
    scope.variables = MappingProxyType({"customer": 1})
    with pytest.raises(StatesError, match=r"States\.Runtime"):
        compile_expression("States.Format('{}', $nobody)").evaluate(scope)
    with pytest.raises(StatesError, match=r"\$nobody"):
        compile_expression("$nobody.id", "k.$").evaluate(scope)


@pytest.mark.parametrize("value", ["", "text", "$.", 1, None, "States.Nope()", "$a b", "{% $x %}"])
def test_what_is_no_expression_is_refused(value: Any) -> None:
    with pytest.raises(InvalidExpression):
        compile_template({"k.$": value})


def test_a_null_input_has_its_own_words() -> None:
    with pytest.raises(StatesError, match="Unable to apply Path transformation to null or empty input"):
        compile_expression("$.a", "k.$").evaluate(Scope(None, {}, {}, random.Random(0)))
