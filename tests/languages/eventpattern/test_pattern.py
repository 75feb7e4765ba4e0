"""Event patterns by tables: what AWS's guide says of each operator, of arrays, of ``$or`` and of dotted names."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.languages.eventpattern import InvalidPattern, compile

SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=5)
)


def matches(pattern: Any, event: Any) -> bool:
    return compile(json.dumps(pattern)).matches(event)


@pytest.mark.parametrize(
    ("leaf", "value", "expected"),
    [
        ("a", "a", True),
        ("1", 1, False),
        (1, "1", False),
        (300, 300.0, True),
        (1, True, False),
        (True, True, True),
        (True, 1, False),
        (None, None, True),
        (None, "null", False),
        ("", "", True),
        ("2001:db8::1", "2001:0db8:0:0::1", True),
        ({"prefix": "ab"}, "abc", True),
        ({"prefix": {"equals-ignore-case": "AB"}}, "abc", True),
        ({"prefix": "1"}, 1, False),
        ({"suffix": ".png"}, "a.png", True),
        ({"suffix": {"equals-ignore-case": ".PNG"}}, "a.png", True),
        ({"equals-ignore-case": "ALICE"}, "alice", True),
        ({"wildcard": "a*c"}, "abbc", True),
        ({"wildcard": "a\\*c"}, "a*c", True),
        ({"wildcard": "a\\*c"}, "abc", False),
        ({"anything-but": "a"}, "b", True),
        ({"anything-but": "1"}, 1, True),
        ({"anything-but": [1, 2]}, 2.0, False),
        ({"anything-but": {"wildcard": "a*"}}, "abc", False),
        ({"anything-but": {"equals-ignore-case": ["A", "B"]}}, "b", False),
        ({"numeric": [">", 0, "<=", 5]}, 5, True),
        ({"numeric": [">", 0, "<=", 5]}, 0, False),
        ({"numeric": ["=", 3.0]}, 3, True),
        ({"numeric": ["<", 10]}, "3", False),
        ({"numeric": ["<", 10]}, True, False),
        ({"cidr": "10.0.0.0/24"}, "10.0.0.255", True),
        ({"cidr": "10.0.0.0/24"}, "10.0.1.0", False),
        ({"exists": True}, None, True),
        ({"exists": True}, {"b": 1}, False),
        ({"exists": True}, [], False),
        ({"exists": False}, {"b": 1}, True),
        ({"exists": False}, [], True),
        ({"exists": False}, "x", False),
    ],
)
def test_leaves(leaf: Any, value: Any, expected: bool) -> None:
    assert matches({"a": [leaf]}, {"a": value}) is expected


@pytest.mark.parametrize(
    ("pattern", "event", "expected"),
    [
        # One element of an array is enough, whatever the operator.
        ({"a": ["x"]}, {"a": ["y", "x"]}, True),
        ({"a": [{"anything-but": "x"}]}, {"a": ["x", "y"]}, True),
        ({"a": [{"anything-but": "x"}]}, {"a": ["x"]}, False),
        # Fields of one array of objects match in the same element.
        ({"a": {"b": [1], "c": [2]}}, {"a": [{"b": 1, "c": 1}, {"b": 1, "c": 2}]}, True),
        ({"a": {"b": [1], "c": [2]}}, {"a": [{"b": 1, "c": 1}, {"b": 2, "c": 2}]}, False),
        ({"a": {"b": [1], "c": {"d": [2]}}}, {"a": [{"b": 1, "c": [{"d": 3}, {"d": 2}]}]}, True),
        # Absence is asked of the whole event.
        ({"a": {"b": [{"exists": False}]}}, {"a": [{"b": 1}, {"c": 1}]}, False),
        ({"a": {"b": [{"exists": False}]}}, {"a": [{"c": 1}]}, True),
        ({"a": {"b": [{"exists": False}]}}, {}, True),
        ({"a": {"b": [{"exists": False}, "x"]}}, {"a": {"b": "x"}}, True),
        # Names joined by dots.
        ({"a.b": [1]}, {"a": {"b": 1}}, True),
        ({"a": {"b": [1]}}, {"a.b": 1}, True),
        ({"a": {"b.c": [1]}}, {"a": {"b": [{"c": 1}]}}, True),
        # $or
        ({"$or": [{"a": [1]}, {"b": [1]}]}, {"b": 1}, True),
        ({"$or": [{"a": [1]}, {"b": [1]}]}, {"b": 2}, False),
        ({"c": [1], "$or": [{"a": [1]}, {"b": [1]}]}, {"b": 1, "c": 2}, False),
        ({"x": {"$or": [{"a": [1]}, {"b": [1], "c": [1]}]}}, {"x": {"b": 1, "c": 1}}, True),
        ({"$or": [{"a": [1]}, {"b": [1]}], "c": [1]}, {"a": 1, "c": 1}, True),
    ],
)
def test_structure(pattern: Any, event: Any, expected: bool) -> None:
    assert matches(pattern, event) is expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{}", "Empty objects are not allowed"),
        ('{"a": []}', "Empty arrays are not allowed"),
        ('{"a": [[1]]}', "Match value must be String, number, true, false, or null"),
        ('{"a": [{}]}', "Match expression name not found"),
        ('{"a": [{"exists": "yes"}]}', "exists match pattern must be either true or false."),
        ('{"a": [{"numeric": 5}]}', "Value of numeric must be an array."),
        ('{"a": [{"numeric": ["<", "5"]}]}', "Value of < must be numeric"),
        ('{"a": [{"numeric": [">", 5, "<", 1]}]}', "Bottom must be less than top"),
        ('{"a": [{"prefix": "a", "suffix": "b"}]}', "Only one key allowed in match expression"),
        ('{"a": [{"anything-but": ["a", 1]}]}', "Inside anything but list, either all values are number or string, "),
        ('{"a": [{"wildcard": "a\\\\b"}]}', "Invalid escape character at pos 2"),
        ('{"$or": [{"a": [1]}]}', "There must have at least 2 Objects in $or relationship."),
        ('{"a": ["x"', "Unexpected end-of-input: expected close marker for Array"),
        ("", "Unexpected end-of-input"),
        (
            "{'bad': 'quotation'}",
            "Unexpected character (''' (code 39)): was expecting double-quote to start field name",
        ),
        ('{"not": closed mark"', "Unrecognized token 'closed': was expecting (JSON String, Number, Array, Object or"),
    ],
)
def test_invalid_patterns(text: str, reason: str) -> None:
    with pytest.raises(InvalidPattern) as raised:
        compile(text)
    assert str(raised.value).startswith(reason)


def test_or_is_bounded() -> None:
    pair = {"$or": [{"a": [1]}, {"b": [1]}]}
    pattern: dict[str, Any] = {f"k{i}": pair for i in range(20)}
    with pytest.raises(InvalidPattern, match="more than 1000 combinations"):
        compile(json.dumps(pattern))


def test_depth_is_bounded_and_deep_events_are_walked() -> None:
    for text in ('{"a":' * 300 + "[1]" + "}" * 300, json.dumps({".".join("a" * 300): [1]})):
        with pytest.raises(InvalidPattern, match="nested deeper"):
            compile(text)
    deep: Any = 1
    for _ in range(499):
        deep = [deep]
    assert matches({"a": [1]}, {"a": deep})
    assert not matches({"a": [2]}, {"a": deep})


def test_explain_names_the_first_leaf_that_failed() -> None:
    pattern = compile(
        '{"source": ["shop"], "detail": {"state": [{"prefix": "pend"}], "total": [{"numeric": [">", 5]}]}}'
    )
    found = pattern.explain({"source": "shop", "detail": {"state": "done", "total": 1}})
    assert found is not None
    assert str(found) == 'detail.state: [{"prefix": "pend"}] does not match "done"'
    absent = pattern.explain({"detail": {}})
    assert absent is not None
    assert str(absent) == 'source: ["shop"] does not match an absent field'
    together = compile('{"a": {"b": [1], "c": [2]}}').explain({"a": [{"b": 1, "c": 1}, {"b": 2, "c": 2}]})
    assert together is not None
    assert together.together


def test_rules_can_be_looked_up_by_their_strings() -> None:
    assert compile('{"source": ["a", "b"], "detail-type": [{"prefix": "x"}]}').strings_of("source") == {"a", "b"}
    assert compile('{"source": ["a", {"prefix": "b"}]}').strings_of("source") is None
    assert compile('{"$or": [{"source": ["a"]}, {"source": ["b"]}]}').strings_of("source") == {"a", "b"}
    assert compile('{"$or": [{"source": ["a"]}, {"detail-type": ["b"]}]}').strings_of("source") is None


@given(st.dictionaries(st.text(min_size=1, max_size=4), SCALARS, min_size=1, max_size=4))
def test_an_event_matches_the_pattern_made_of_its_own_values(event: dict[str, Any]) -> None:
    pattern = {name: [value] for name, value in event.items() if name != "$or"}
    if pattern and len({n.split(".")[0] for n in pattern}) == len(pattern):
        assert matches(pattern, event)


@given(st.text(max_size=40))
def test_any_text_is_a_pattern_or_refused(text: str) -> None:
    try:
        compile(text)
    except InvalidPattern:
        return
    assert isinstance(json.loads(text), dict)
