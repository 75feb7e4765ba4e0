"""Payload JSON keeps what it is given."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.languages.asl import json_text

_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=15,
)


@given(_json)
def test_there_and_back(value: Any) -> None:
    assert repr(json_text.parse(json_text.dump(value))) == repr(value)


@given(_json)
def test_it_means_the_same_as_the_standard_library(value: Any) -> None:
    assert repr(json.loads(json_text.dump(value))) == repr(value)
    assert repr(json_text.parse(json.dumps(value))) == repr(value)


@pytest.mark.parametrize(
    ("text", "dumped"),
    [
        ('{ "b" : 1.0, "a" : [ 1, -0 ] }', '{"b":1.0,"a":[1,0]}'),
        ("123456789012345678901234567890", "123456789012345678901234567890"),
        ("18446744073709551616", "18446744073709551616"),
        ('"é😀"', '"é😀"'),
        (r'"\u00e9\n\"\u2028"', '"é\\n\\"\u2028"'),
        ('{"a":1,"b":2,"a":3}', '{"a":3,"b":2}'),
        (" null ", "null"),
    ],
)
def test_the_text(text: str, dumped: str) -> None:
    assert json_text.dump(json_text.parse(text)) == dumped


@pytest.mark.parametrize(
    "text", ["", " ", "{", "nope", "NaN", "[Infinity]", "-Infinity", "1e999", "{'a':1}", "[1,]", "1 2", "\ufeff1"]
)
def test_what_is_not_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        json_text.parse(text)


def test_the_position_is_told() -> None:
    with pytest.raises(json.JSONDecodeError) as raised:
        json_text.parse('{"a":1,}')
    assert raised.value.pos == 7


def test_depth_is_bounded() -> None:
    deepest = "[" * json_text.MAX_DEPTH + "]" * json_text.MAX_DEPTH
    assert json_text.dump(json_text.parse(deepest)) == deepest
    with pytest.raises(json_text.DepthExceeded):
        json_text.parse("[" + deepest + "]")
    with pytest.raises(json_text.DepthExceeded):
        json_text.parse('{"a":' * 100_000)
    wide = "[" + ",".join(["[]"] * 1000) + ',"' + "[" * 1000 + '"]'
    assert json_text.dump(json_text.parse(wide)) == wide


_TEXTS = st.text(alphabet='[]{}"\\\\é\ud800 a', max_size=8)
_VALUES = st.recursive(
    st.none() | st.integers() | _TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXTS, inner, max_size=4),
    max_leaves=40,
)


def _levels(value: Any) -> int:
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inside is None else 1 + max(map(_levels, inside), default=0)


@given(_VALUES, st.booleans())
def test_the_depth_is_that_of_the_value(value: Any, ascii: bool) -> None:
    assert json_text.nesting(json.dumps(value, ensure_ascii=ascii)) == _levels(value)


@given(st.text(alphabet='[]{}"\\\\,', max_size=30))
def test_the_depth_of_any_text_ends(text: str) -> None:
    assert 0 <= json_text.nesting(text) <= len(text)


def test_a_lone_surrogate_survives() -> None:
    assert json_text.parse(r'"\ud800"') == "\ud800"
