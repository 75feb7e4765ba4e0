"""Templates with placeholders, and parameters that are paths."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.languages.input_templates import MISSING, InputTemplate, InputTooLarge, dynamic, found_at

NAME = re.compile(r"<([a-z]+)>")
VALUES: dict[str, Any] = {"t": 'a "b"\n', "n": 1.0, "l": [1, "x"], "o": {"k": "v"}, "b": True, "z": None}


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("plain <unclosed", "plain <unclosed"),
        ("<n>", "1.0"),
        ("<t>", '"a \\"b\\"\\n"'),
        ('{"a": <t>, "b": "<t>"}', '{"a": "a \\"b\\"\\n", "b": "a \\"b\\"\\n"}'),
        ('"<n> <b> <z>"', '"1.0 true null"'),
        ('"<l> <o>"', '"[1,x] {k:v}"'),
        ("<l><o>", '[1,"x"]{"k":"v"}'),
        ('<none> "<none>"', '"" ""'),
        (r'"\"<t>"', r'"\"a \"b\"\n"'),
    ],
)
def test_filled(template: str, expected: str) -> None:
    assert InputTemplate(template, NAME).fill(lambda name: VALUES.get(name, MISSING)) == expected


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=3))


@given(JSON, st.text())
def test_what_is_made_in_the_open_is_json(value: Any, text: str) -> None:
    filled = InputTemplate('{"open": <a>, "inside": "x<b>y"}', NAME).fill({"a": value, "b": text}.__getitem__)
    assert json.loads(filled) == {"open": value, "inside": f"x{text}y"}


def test_parameters_that_are_paths() -> None:
    event = {"a": {"b": ["x", 2]}, "t": "text"}
    given = {"p": "$.a.b[0]", "q": ["$.a", "plain", "$.no"], "n": 3, "bad": "$.[", "t": "$.t"}
    assert dynamic(given, event) == {"p": "x", "q": ['{"b":["x",2]}', "plain", ""], "n": 3, "bad": "", "t": "text"}
    assert found_at("$.a.c", event) is MISSING


def test_templates_become_no_more_than_a_function_is_given() -> None:
    with pytest.raises(InputTooLarge):
        InputTemplate("<a>" * 100, NAME).fill(lambda name: "x" * 100_000)
