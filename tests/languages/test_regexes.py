"""Users' expressions match as Python's would, and in time that the text's length bounds."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segue.languages.regexes import InvalidRegex, Regex

items = st.sampled_from(
    [
        "a",
        "b",
        ".",
        "[ab]",
        "[^a]",
        r"\d",
        r"\w",
        r"\S",
        "1",
        " ",
        r"\.",
        "[a-c1]",
        r"\[",
        r"\x41",
        "[]a]",
        "é",
        "^",
        "$",
    ]
)
counts = st.sampled_from(["*", "+", "?", "{2}", "{1,2}", "{0,2}", "{1,}", "*?", "+?", "{0,1}?"])
expressions = st.recursive(
    items,
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3).map("".join)
        | st.tuples(inner, inner).map(lambda pair: f"({pair[0]}|{pair[1]})")
        | inner.map(lambda one: f"(?:{one})")
        | st.tuples(inner, counts).map(lambda pair: f"({pair[0]}){pair[1]}")
    ),
    max_leaves=8,
)


@given(expressions, st.text("ab1 .A[é]", max_size=8), st.booleans())
@settings(max_examples=500, deadline=None)
def test_as_python_matches(expression: str, text: str, ignore_case: bool) -> None:
    mine = Regex(expression, ignore_case=ignore_case)
    wanted = re.compile(expression, re.DOTALL | (re.IGNORECASE if ignore_case else 0))
    assert mine.is_in(text) == bool(wanted.search(text))
    assert mine.is_whole(text) == bool(wanted.fullmatch(text))


@pytest.mark.parametrize(
    "expression",
    [
        "a*a*a*b",
        "(a+)+c",
        ".*.*.*x",
        "(a|a)*(a|a)*b",
        "a{1,100}a{1,100}a{1,100}b",
        "[ab]*a[ab]{100}c",
        "(((a*)*)*)*b",
        f"{'a?' * 25}{'a' * 25}b",
    ],
)
@pytest.mark.parametrize("text", ["a" * 262_144, "abba" * 65_536])
def test_in_bounded_time(expression: str, text: str) -> None:
    regex, began = Regex(expression), time.process_time()
    regex.is_whole(text)
    regex.is_in(text)
    assert time.process_time() - began < 4


@pytest.mark.parametrize(
    "expression",
    [
        *[
            "(",
            ")",
            "[",
            "a{1001}",
            "((a{100}){100}){100}",
            "(?=a)",
            "(?P<x>a)",
            r"\1",
            r"\b",
            "*",
            "a**",
            "\\",
            "[z-a]",
        ],
        *["(" * 60 + ")" * 60, "a{2,1}", "[aaa"],
    ],
)
def test_what_is_not_supported_is_refused(expression: str) -> None:
    with pytest.raises(InvalidRegex):
        Regex(expression)
