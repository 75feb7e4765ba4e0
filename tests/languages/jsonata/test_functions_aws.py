"""The functions that AWS adds (developer guide, "Transforming data with JSONata"; floci-io/floci#2662, #2676)."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.languages import jsonata
from segue.languages.jsonata.functions_aws import java_random

U = jsonata.UNDEFINED


def evaluate(text: str, **variables: Any) -> Any:
    return jsonata.compile(text).evaluate(variables, jsonata.Moment(0, random.Random(0)))


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("$partition([1,2,3,4], 2)", [[1, 2], [3, 4]]),
        ("$partition([1..9], 4)", [[1, 2, 3, 4], [5, 6, 7, 8], [9]]),
        ("$partition([1,2,3], 2.9)", [[1, 2], [3]]),
        ("$partition([1,2], 5)", [[1, 2]]),
        ("$partition([1,2], 0)", U),
        ("$partition([], 2)", U),
        ("$range(0, 6, 2)", [0, 2, 4, 6]),
        ("$range(1, 9, 3)", [1, 4, 7]),
        ("$range(-1.7, 2, 1)", [-1, 0, 1, 2]),
        ("$range(3, 1, -1)", [3, 2, 1]),
        ("$range(3, 1, 1)", U),
        ("$range(1, 3, -1)", U),
        ("$range(1, 3)", U),
        ("$range(1, 3, 0)", U),
        ("$range(5, 5, 1)", 5),
        ("$hash('input', 'SHA-1')", "140f86aae51ab9e1cda9b4254fe98a74eb54c1a1"),
        ("$hash('input', 'MD5')", "a43c1b0aa53a0c908810c06ab1ff3967"),
        ("$hash('input')", U),
        ("$random(42)", 0.7275636800328681),
        ("$parse('{\"a\":1}').a", 1),
        ("$parse('-0')", 0),
        ("$parse('1.10')", 1.1),
        ("$parse('[1, 2, \"x\"]')", [1, 2, "x"]),
        ("$parse('123456789012345678')", 123456789012345678),
        ("$type($parse('null'))", "null"),
    ],
)
def test_values(expression: str, value: Any) -> None:
    assert evaluate(expression) == value


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("$eval('1+1')", "T1006: Attempted to invoke a non-function"),
        ("$randomSeeded(1)", "T1006: Attempted to invoke a non-function"),
        ("$partition([1], -1)", "chunk size"),
        ("$hash('a', 'SHA-2')", "SHA-2"),
        ("$hash('a', 'md5')", "md5"),
        ("$parse('{')", "JSON"),
        ("$parse(1)", 'T0410: Argument 1 of function "parse" does not match function signature'),
        ("$uuid(1)", 'T0410: Argument 1 of function "uuid" does not match function signature'),
    ],
)
def test_refusals(expression: str, words: str) -> None:
    with pytest.raises(jsonata.JsonataError) as caught:
        evaluate(expression)
    assert words in str(caught.value)


@given(st.lists(st.integers(), min_size=1, max_size=40), st.integers(1, 50))
def test_partitions_put_together_are_the_array(items: list[int], size: int) -> None:
    parts = evaluate("[$partition($a, $n)]", a=items, n=size)
    assert [item for part in parts for item in part] == items
    assert all(len(part) == size for part in parts[:-1])


@given(st.integers(-1000, 1000), st.integers(-1000, 1000), st.integers(-50, 50).filter(bool))
def test_ranges_are_those_of_python(start: int, end: int, step: int) -> None:
    expected = list(range(start, end + (1 if step > 0 else -1), step))
    found = evaluate("[$range($a, $b, $c)]", a=start, b=end, c=step)
    assert found == expected


@given(st.integers(-(2**47), 2**47))
def test_random_numbers_are_below_one(seed: int) -> None:
    assert 0 <= java_random(seed) < 1
