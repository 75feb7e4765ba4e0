"""Texts of templates."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from segue.languages.templates import TemplateError, check_size, read_template
from segue.languages.templates.reading import MAX_DEPTH, read_value


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a: !Ref B", {"a": {"Ref": "B"}}),
        ("a: !Condition B", {"a": {"Condition": "B"}}),
        ("a: !GetAtt B.C.D", {"a": {"Fn::GetAtt": ["B", "C.D"]}}),
        ("a: !GetAtt [B, C]", {"a": {"Fn::GetAtt": ["B", "C"]}}),
        ("a: !GetAtt B", {"a": {"Fn::GetAtt": ["B"]}}),
        ("a: !Sub x", {"a": {"Fn::Sub": "x"}}),
        ("a: !Sub\n  - x\n  - {y: !Ref Z}", {"a": {"Fn::Sub": ["x", {"y": {"Ref": "Z"}}]}}),
        ("a: !Join [',', [!Ref B, !GetAZs '']]", {"a": {"Fn::Join": [",", [{"Ref": "B"}, {"Fn::GetAZs": ""}]]}}),
        ("a: !Transform {Name: M}", {"a": {"Fn::Transform": {"Name": "M"}}}),
        ("a: !If [C, !Ref AWS::NoValue, 1]", {"a": {"Fn::If": ["C", {"Ref": "AWS::NoValue"}, 1]}}),
        ("a: !Sub |\n  one\n  two\n", {"a": {"Fn::Sub": "one\ntwo\n"}}),
        ("a: !Sub >-\n  one\n  two\n", {"a": {"Fn::Sub": "one two"}}),
        ("a: !Ref 'B'", {"a": {"Ref": "B"}}),
        ("a: !Select [0, b]", {"a": {"Fn::Select": [0, "b"]}}),
        ("a: 2010-09-09", {"a": "2010-09-09"}),
        ("a: 2012-10-17", {"a": "2012-10-17"}),
        ("a: 012345678901", {"a": "012345678901"}),
        ("a: 123456789012", {"a": 123456789012}),
        ("a: [1, -2, 1.5, 1e3, .5, 0]", {"a": [1, -2, 1.5, "1e3", 0.5, 0]}),
        ("a: [true, yes, on, 'yes', no, ~, null, '']", {"a": [True, True, True, "yes", False, None, None, ""]}),
        ("a: 10:30", {"a": "10:30"}),
        ("1: x\ntrue: y", {"1": "x", "true": "y"}),
        ("a: &x {b: 1}\nc: *x", {"a": {"b": 1}, "c": {"b": 1}}),
        ("a: &x {b: 1, c: 2}\nd:\n  <<: *x\n  c: 3", {"a": {"b": 1, "c": 2}, "d": {"b": 1, "c": 3}}),
        ("a: 1\na: 2", {"a": 2}),
        ('{"a": 1, "a": 2}', {"a": 2}),
        ('\ufeff{"a": 1}', {"a": 1}),
        ("---\n# remark\na: 1\n", {"a": 1}),
        ('{"a": 123456789012345678901234567890}', {"a": 123456789012345678901234567890}),
        ('{"a":\t1}', {"a": 1}),
    ],
)
def test_values(text: str, wanted: Any) -> None:
    assert read_template(text) == wanted


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Template format error: unsupported structure."),
        ("just words", "Template format error: unsupported structure."),
        ("[1, 2]", "Template format error: unsupported structure."),
        ('{"a": 1', "Template format error: JSON not well-formed. (line 1, column 8)"),
        ('{\n "a": }', "Template format error: JSON not well-formed. (line 2, column 7)"),
        ("a: b: c", "Template format error: YAML not well-formed. (line 1, column 5)"),
        ("a: [1", "Template format error: YAML not well-formed. (line 2, column 1)"),
        ("{a: b}", "Template format error: JSON not well-formed. (line 1, column 2)"),
        ("a:\n\t- b", "Template format error: YAML not well-formed. (line 2, column 1)"),
        ("{[a]: b}", None),
        ("a: *nobody", None),
        ("a: \x07", None),
        ("? {a: b}\n: c", None),
    ],
)
def test_what_is_no_template(text: str, message: str | None) -> None:
    with pytest.raises(TemplateError) as caught:
        read_template(text)
    assert message is None or caught.value.message == message


LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{one}: &{one} [{', '.join([f'*{before}'] * 10)}]\n" for before, one in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    "text",
    [
        LAUGHS,
        "[" * 100_000,
        '{"a":' * 100_000,
        "{a: " * 50_000,
        "- " * 50_000,
        '{"a": ' + "[" * MAX_DEPTH + "]" * MAX_DEPTH + "}",
        "a: &x [*x]",
        "a: " + "{b: " * 100_000,
        "a: " + "[" * 100_000,
        "? " * 50_000,
    ],
)
def test_what_is_too_deep_or_too_much_ends(text: str) -> None:
    with pytest.raises(TemplateError):
        read_template(text)


def test_bounds_of_size() -> None:
    check_size("x" * 51_200)
    check_size("x" * 1_000_000, stored=True)
    with pytest.raises(TemplateError, match="Member must have length less than or equal to 51200"):
        check_size("ä" * 25_601)
    with pytest.raises(TemplateError, match="Template may not exceed 1000000 bytes in size"):
        check_size("x" * 1_000_001, stored=True)


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(st.characters(codec="utf-8"), max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abcXY_", min_size=1, max_size=5), inner),
    max_leaves=20,
)


@settings(max_examples=40)
@given(st.dictionaries(st.text("abcXY", min_size=1, max_size=5), PLAIN))
def test_json_and_yaml_of_a_value_are_read_as_it(value: dict[str, Any]) -> None:
    assert read_template(json.dumps(value)) == value
    assert read_template(yaml.safe_dump(value)) == value


@given(st.text(st.sampled_from(list("{}[]:,-&*!|>'\"#\n\t ab1.<?%@`~")), max_size=60) | st.text(max_size=60))
def test_any_text_is_a_value_or_an_error(text: str) -> None:
    with contextlib.suppress(TemplateError):
        read_value(text)
