"""What an expression refers to, as those want to know who look at definitions."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.languages.jsonata import InvalidJsonata, compile
from segue.languages.jsonata.references import references


@pytest.mark.parametrize(
    ("text", "top_level", "states", "variables"),
    [
        ("$states.input.a & $x", [], ["input"], ["states", "x"]),
        ("$states.input.a", [], ["input"], ["states"]),
        ("a.b + c[d] & e", ["a", "c", "e"], [], []),
        ("$x.(a & b)[c]^(d){e: f}", [], [], ["x"]),
        ("'a'.b", ["a"], [], []),
        ("$$ & $.a & $x.$", ["$$", "$"], [], ["x"]),
        ("$map($states.result, function($v, $i){ $v.a & $i & b })", ["b"], ["result"], ["map", "states"]),
        ("($a := 1; $a + $b)", [], [], ["b"]),
        ("$states[0].input & $states.`context`.x", [], ["input", "context"], ["states"]),
        ("$x ~> |a|{'b': c}|", [], [], ["x"]),
        ("$x@$y#$i.($y & $i & $z)", [], [], ["x", "z"]),
        ("{'k': a, 'l': $b}.c ? [d] : -e", ["a", "d", "e"], [], ["b"]),
    ],
)
def test_references(text: str, top_level: list[str], states: list[str], variables: list[str]) -> None:
    found = references(compile(text).tree)
    assert found.top_level == top_level
    assert found.states == states
    assert sorted(found.variables) == sorted(variables)


_texts = st.text(max_size=40) | st.text("$abc.[](){}'\"`1+?:,;|/x=^@#*%<>~& ", max_size=40)


@given(_texts)
def test_no_text_breaks_it(text: str) -> None:
    with contextlib.suppress(InvalidJsonata):
        references(compile(text).tree)


@pytest.mark.parametrize("text", ["1+" * 20_000 + "1", "$x." * 5_000 + "y", "(" * 5_000, "-" * 5_000 + "1"])
def test_nothing_is_too_deep_to_be_refused(text: str) -> None:
    with contextlib.suppress(InvalidJsonata):
        references(compile(text).tree)


@pytest.mark.parametrize("text", ["$x.true", "$x.null.y", "$x.1", "$x.", "$x y"])
def test_what_only_looks_plain_is_refused_at_once(text: str) -> None:
    with pytest.raises(InvalidJsonata):
        compile(text)


@pytest.mark.parametrize("text", ["$x.truest", "$x.in.and.or", "$x"])
def test_plain_expressions_are_parsed_when_somebody_looks(text: str) -> None:
    assert references(compile(text).tree).variables == ["x"]
