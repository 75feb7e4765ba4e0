"""Choice rules: every operator, types that do not fit, composition, and paths that find nothing."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.languages.asl.choice import OPERATORS, compile_choice_rule
from segue.languages.asl.errors import InvalidExpression, StatesError
from segue.languages.asl.templates import Scope


def matches(rule: dict[str, Any], value: Any) -> bool:
    return compile_choice_rule(rule)(Scope(value, {"Execution": {"Name": "run"}}, {"v": 3}, random.Random(0)))


@pytest.mark.parametrize(
    ("operator", "operand", "variable", "expected"),
    [
        ("StringEquals", "a", "a", True),
        ("StringEquals", "a", "A", False),
        ("StringEquals", "1", 1, False),
        ("StringLessThan", "b", "a", True),
        ("StringGreaterThan", "é", "f", False),
        ("StringGreaterThan", "\uffff", "😀", False),  # by UTF-16 unit
        ("StringLessThanEquals", "a", "a", True),
        ("StringGreaterThanEquals", "a", "b", True),
        ("StringMatches", "log-*.txt", "log-1.txt", True),
        ("StringMatches", "log-*.txt", "log-1_txt", False),
        ("StringMatches", r"a\*b", "a*b", True),
        ("StringMatches", r"a\*b", "axb", False),
        ("StringMatches", r"a\\*", "a\\x", True),
        ("StringMatches", "*", "", True),
        ("StringMatches", "*", 1, False),
        ("NumericEquals", 1, 1.0, True),
        ("NumericEquals", 1, True, False),
        ("NumericEquals", 1, "1", False),
        ("NumericLessThan", 2, 1, True),
        ("NumericGreaterThan", 2, 2, False),
        ("NumericLessThanEquals", 2, 2, True),
        ("NumericGreaterThanEquals", 2, 1.9, False),
        ("BooleanEquals", True, True, True),
        ("BooleanEquals", False, True, False),
        ("BooleanEquals", True, 1, False),
        ("TimestampEquals", "2020-01-01T00:00:00Z", "2020-01-01T01:00:00+01:00", True),
        ("TimestampEquals", "2020-01-01T00:00:00Z", "2020-01-01T00:00:00.000Z", True),
        ("TimestampLessThan", "2020-01-01T00:00:00.002Z", "2020-01-01T00:00:00.001Z", True),
        ("TimestampGreaterThan", "2020-01-01T00:00:00Z", "2019-01-01T00:00:00Z", False),
        ("TimestampLessThanEquals", "2020-01-01T00:00:00Z", "soon", False),
        ("TimestampGreaterThanEquals", "2020-01-01T00:00:00Z", "2020-01-01T00:00:00Z", True),
        ("IsNull", True, None, True),
        ("IsNull", False, None, False),
        ("IsBoolean", True, False, True),
        ("IsNumeric", True, 1.5, True),
        ("IsNumeric", True, True, False),
        ("IsString", True, "", True),
        ("IsTimestamp", True, "2020-02-30T00:00:00Z", False),
        ("IsTimestamp", True, "2020-02-29T00:00:00Z", True),
        ("IsTimestamp", False, 5, True),
        ("IsPresent", True, None, True),
        ("IsPresent", False, 1, False),
    ],
)
def test_operators(operator: str, operand: Any, variable: Any, expected: bool) -> None:
    assert matches({"Variable": "$.x", operator: operand}, {"x": variable}) is expected
    if not operator.startswith("Is") and operator != "StringMatches":
        rule = {"Variable": "$.x", operator + "Path": "$.y"}
        assert matches(rule, {"x": variable, "y": operand}) is expected


def test_every_operator_of_the_language_is_there() -> None:
    assert len(OPERATORS) == 39


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"And": [{"Variable": "$.a", "NumericEquals": 1}, {"Variable": "$.b", "IsPresent": False}]}, True),
        ({"Or": [{"Variable": "$.a", "NumericEquals": 2}, {"Variable": "$.b", "IsPresent": False}]}, True),
        ({"Or": [{"Variable": "$.a", "NumericEquals": 2}]}, False),
        ({"Not": {"Variable": "$.a", "NumericEquals": 1}}, False),
        ({"And": [{"Not": {"Or": [{"Variable": "$.a", "NumericEquals": 2}]}}]}, True),
        ({"And": [{"Variable": "$.b", "IsPresent": True}, {"Variable": "$.b", "NumericEquals": 1}]}, False),
        ({"Variable": "$$.Execution.Name", "StringEquals": "run"}, True),
        ({"Variable": "$v", "NumericGreaterThanPath": "$.a"}, True),
        ({"Next": "N", "Comment": "c", "NumericEquals": 1, "Variable": "$.a"}, True),
    ],
)
def test_composition(rule: dict[str, Any], expected: bool) -> None:
    assert matches(rule, {"a": 1}) is expected


@pytest.mark.parametrize(
    "rule",
    [
        {"Variable": "$.b", "NumericEquals": 1},
        {"Variable": "$.b", "IsNull": True},
        {"Variable": "$.b", "StringMatches": "*"},
        {"Variable": "$.a", "NumericEqualsPath": "$.b"},
    ],
)
def test_a_path_that_finds_nothing_fails_the_state(rule: dict[str, Any]) -> None:
    with pytest.raises(StatesError) as raised:
        matches(rule, {"a": 1})
    assert raised.value.error == "States.Runtime"
    assert raised.value.cause == "Invalid path '$.b': The choice state's condition path references an invalid value."


@pytest.mark.parametrize("rule", [{}, {"Variable": "$.a"}, {"NumericEquals": 1}, {"Variable": "a", "IsNull": True}])
def test_what_is_no_rule_is_refused(rule: dict[str, Any]) -> None:
    with pytest.raises(InvalidExpression):
        compile_choice_rule(rule)


@given(st.text(max_size=8), st.text(max_size=8))
def test_strings_order_by_utf16(left: str, right: str) -> None:
    by_units = left.encode("utf-16-be", "surrogatepass") < right.encode("utf-16-be", "surrogatepass")
    assert matches({"Variable": "$.l", "StringLessThanPath": "$.r"}, {"l": left, "r": right}) is by_units
