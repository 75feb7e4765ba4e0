"""Numbers and texts keep what they are."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.languages import jsonata
from segue.languages.jsonata.values import js_number

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def evaluate(text: str, **variables: Any) -> Any:
    return jsonata.compile(text).evaluate(variables, jsonata.Moment(0, random.Random(0)))


@given(_JSON)
def test_what_is_passed_on_is_the_same_to_the_letter(value: Any) -> None:
    assert json.dumps(evaluate("$v", v=value)) == json.dumps(value)
    assert json.dumps(evaluate("$v.a.b", v={"a": {"b": value}})) == json.dumps(value)
    assert json.dumps(evaluate("{'x': $v}", v=value)) == json.dumps({"x": value})
    assert evaluate("$v = $v", v=value) is True


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("1.0", "1"),
        ("$f", "1.0"),
        ("$f + 0", "1"),
        ("0.1 + 0.2", "0.30000000000000004"),
        ("$big", "12345678901234567890123"),
        ("$long", "9007199254740993"),
        ("$long + 0", "9007199254740992"),
        ("10 / 5", "2"),
        ("1/0", '"Infinity"'),
        ("[-1/0, 0/0]", '["-Infinity", "NaN"]'),
        ("{'k': 1e308 * 10}", '{"k": "Infinity"}'),
        ("$string(1e20)", '"100000000000000000000"'),
        ("$string(1e21)", '"1e+21"'),
        ("$string($two63)", '"9223372036854776000"'),
        ("'\\u00e9\\ud83d\\ude00'", '"é😀"'),
    ],
)
def test_numbers_as_aws_has_them(expression: str, text: str) -> None:
    variables = {"f": 1.0, "big": 12345678901234567890123, "long": 2**53 + 1, "two63": float(2**63)}
    assert json.dumps(evaluate(expression, **variables), ensure_ascii=False) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_as_text_are_the_same_numbers(number: float) -> None:
    assert float(js_number(number)) == number


@given(st.integers(-(2**53), 2**53), st.integers(-(2**53), 2**53), st.sampled_from("+-*"))
def test_integers_are_exact_as_far_as_doubles_are(left: int, right: int, symbol: str) -> None:
    exact = {"+": left + right, "-": left - right, "*": left * right}[symbol]
    found = evaluate(f"$a {symbol} $b", a=left, b=right)
    assert float(found) == float(exact)
    assert abs(exact) > 2**53 or (type(found) is int and found == exact)
