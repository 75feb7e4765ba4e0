"""Random expressions, answered here and by ``jsonatapy``, which was made from the same reference independently."""

from __future__ import annotations

import json
import random
from typing import Any

import jsonatapy
from hypothesis import given, settings
from hypothesis import strategies as st

from segue.languages import jsonata

_DATA = {"a": {"b": {"c": 3}, "n": [1, 2, 3]}, "items": [{"k": "x", "q": 2}, {"k": "y", "q": 5}], "s": "text", "z": 0}
_PATHS = st.sampled_from(
    [
        "$v.a.b.c",
        "$v.a.n",
        "$v.a.nope",
        "$v.items",
        "$v.items.k",
        "$v.items.q",
        "$v.items[0].k",
        "$v.s",
        "$v.z",
        "$nope",
    ]
)
_LITERALS = st.sampled_from(["0", "1", "2.5", "-3", '"x"', '"text"', "true", "false", "null", "[]", "[1,2]", '{"k":1}'])
_UNARY = ["sum", "count", "max", "average", "string", "boolean", "not", "exists", "type", "reverse", "distinct", "keys"]


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    operators = st.sampled_from(["+", "-", "*", "=", "!=", "<", ">=", "&", "and", "or", "in"])
    return st.one_of(
        st.builds("({} {} {})".format, inner, operators, inner),
        st.builds("${}({})".format, st.sampled_from(_UNARY), inner),
        st.builds("({} ? {} : {})".format, inner, inner, inner),
        st.builds("[{}, {}]".format, inner, inner),
        st.builds('{{"p": {}, "q": {}}}'.format, inner, inner),
        st.builds("$map({}, function($x){{$x & {}}})".format, inner, inner),
        st.builds("{}[{}]".format, _PATHS, st.sampled_from(["0", "-1", "q > 2", 'k = "x"', "$ = 2"])),
        st.builds("($y := {}; $y)".format, inner),
    )


_EXPRESSIONS = st.recursive(_PATHS | _LITERALS, _grown, max_leaves=8)


def _ours(text: str) -> Any:
    try:
        value = jsonata.compile(text).evaluate({"v": _DATA}, jsonata.Moment(0, random.Random(0)))
    except jsonata.JsonataError:
        return "error"
    except jsonata.UnsupportedResult:
        return "unsupported"
    return None if value is jsonata.UNDEFINED else value


def _theirs(text: str) -> Any:
    try:
        return jsonatapy.compile(text).evaluate(None, {"v": _DATA})
    except ValueError:
        return "error"


@settings(max_examples=300, deadline=None)
@given(_EXPRESSIONS)
def test_both_say_the_same(text: str) -> None:
    ours = _ours(text)
    if ours != "unsupported":
        assert json.dumps(ours, sort_keys=True) == json.dumps(_theirs(text), sort_keys=True), text
