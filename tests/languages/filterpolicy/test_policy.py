from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.languages.filterpolicy import InvalidFilterPolicy, Scope, compile


def text(value: str, kind: str = "String") -> dict[str, Any]:
    return {"DataType": kind, "StringValue": value}


def by_attributes(policy: dict[str, Any], attributes: dict[str, Any]) -> bool:
    return compile(json.dumps(policy), "MessageAttributes").matches("text", attributes)


def by_body(policy: dict[str, Any], body: Any) -> bool:
    return compile(json.dumps(policy), "MessageBody").matches(body if isinstance(body, str) else json.dumps(body), {})


@pytest.mark.parametrize(
    ("policy", "attributes", "passes"),
    [
        ({}, {}, True),
        ({"store": ["a"]}, {"store": text("a")}, True),
        ({"store": ["a"]}, {"store": text("b")}, False),
        ({"store": ["a"]}, {}, False),
        ({"store": ["a"], "kind": ["x"]}, {"store": text("a")}, False),
        ({"store": ["a"]}, {"store": text('["b", "a"]', "String.Array")}, True),
        ({"store": ["a"]}, {"store": text('["b", "c"]', "String.Array")}, False),
        ({"n": [{"numeric": [">", 0, "<=", 100]}]}, {"n": text("99", "Number")}, True),
        ({"n": [{"numeric": [">", 0, "<=", 100]}]}, {"n": text("111", "Number")}, False),
        ({"n": [{"numeric": [">", 0, "<=", 100]}]}, {"n": text("99")}, False),
        ({"n": [{"numeric": ["=", 3.5]}]}, {"n": text("3.50", "Number.decimal")}, True),
        ({"n": [None, {"anything-but": "whatever"}]}, {}, False),
        ({"n": [{"anything-but": ["x"]}]}, {"n": text("y")}, True),
        ({"n": [{"exists": True}]}, {"n": text("y")}, True),
        ({"n": [{"exists": True}]}, {}, False),
        ({"n": [{"exists": False}]}, {}, True),
        ({"n": [{"exists": False}]}, {"n": text("y")}, False),
        ({"n": [{"exists": True}]}, {"n": {"DataType": "Binary", "BinaryValue": b"x"}}, False),
        ({"n": [{"prefix": "ab"}]}, {"n": text("abc")}, True),
        ({"n": [{"suffix": "bc"}]}, {"n": text("abc")}, True),
        ({"n": [{"equals-ignore-case": "ABC"}]}, {"n": text("abc")}, True),
        ({"$or": [{"a": ["1"]}, {"b": ["2"]}]}, {"b": text("2")}, True),
        ({"$or": [{"a": ["1"]}, {"b": ["2"]}]}, {"b": text("1")}, False),
    ],
)
def test_attributes_pass_or_not(policy: dict[str, Any], attributes: dict[str, Any], passes: bool) -> None:
    assert by_attributes(policy, attributes) is passes


@pytest.mark.parametrize(
    ("policy", "body", "passes"),
    [
        ({"a": {"b": ["x"]}}, {"a": {"b": "x"}}, True),
        ({"a": {"b": ["x"]}}, {"a": {"b": "y"}}, False),
        ({"a": {"b": ["x"]}}, {"a": {"b": ["y", "x"]}}, True),
        ({"a": ["x"]}, "just text", False),
        ({"a": ["x"]}, '"x"', False),
        ({"a": ["x"]}, '[{"a": "x"}]', False),
        ({"a.b": ["x"]}, {"a": {"b": "x"}}, True),
        ({"a.b": ["x"]}, {"a.b": "x"}, True),
        ({"a": [300]}, {"a": 3e2}, True),
        ({"ip": [{"cidr": "10.0.0.0/24"}]}, {"ip": "10.0.0.255"}, True),
        ({"ip": [{"cidr": "10.0.0.0/24"}]}, {"ip": "10.0.0.256"}, False),
        ({"r": {"k": [{"prefix": "a"}], "e": ["c"]}}, {"r": [{"k": "ab", "e": "d"}, {"k": "b", "e": "c"}]}, False),
        ({"r": {"k": [{"prefix": "a"}], "e": ["c"]}}, {"r": [{"k": "ab", "e": "c"}]}, True),
    ],
)
def test_bodies_pass_or_not(policy: dict[str, Any], body: Any, passes: bool) -> None:
    assert by_body(policy, body) is passes


@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        ("{", "failed to parse JSON."),
        ('{"key": []}', 'Empty arrays are not allowed\n at [Source: (String)"{"key":[]}"; line: 1, column: 10]'),
        (
            '{"key": [{"suffix": 100}]}',
            "suffix match pattern must be a string\n"
            ' at [Source: (String)"{"key":[{"suffix":100}]}"; line: 1, column: 22]',
        ),
        (
            '{"key": {"no": "x"}}',
            '"no" must be an object or an array\n at [Source: (String)"{"key":{"no":"x"}}"; line: 1, column: 15]',
        ),
        ('{"key": [{"cidr": "bad"}]}', "Malformed CIDR, one '/' required"),
        ('{"key": {"nested": ["x"]}}', "Filter policy scope MessageAttributes does not support nested filter policy"),
        (
            json.dumps({f"key{n}": ["x"] for n in range(6)}),
            "Filter policy can not have more than 5 keys",
        ),
        (json.dumps({"key": [str(n) for n in range(151)]}), "Filter policy is too complex"),
        (
            json.dumps({"a": [str(n) for n in range(13)], "b": [str(n) for n in range(12)]}),
            "Filter policy is too complex",
        ),
    ],
)
def test_what_is_no_policy_is_refused_in_the_words_of_aws(policy: str, reason: str) -> None:
    with pytest.raises(InvalidFilterPolicy) as refused:
        compile(policy, "MessageAttributes")
    assert str(refused.value) == reason


@pytest.mark.parametrize(
    ("scope", "last", "accepted"),
    [("MessageAttributes", 7, True), ("MessageAttributes", 8, False)],
)
def test_alternatives_add_up_and_keys_multiply(scope: Scope, last: int, accepted: bool) -> None:
    policy = {
        "source": ["a", "b", "c"],
        "$or": [
            {"metric": [str(n) for n in range(6)]},
            {"type": ["1", "2", "3", "4"], "$or": [{"id": [1, 2, 3, 4]}, {"space": list(range(last))}]},
        ],
    }
    if accepted:
        compile(json.dumps(policy), scope)
    else:
        with pytest.raises(InvalidFilterPolicy, match="too complex"):
            compile(json.dumps(policy), scope)


def test_nesting_weighs() -> None:
    policy = {"a": {"b": {"c": [str(n) for n in range(50)]}}}
    compile(json.dumps(policy), "MessageBody")
    policy["a"]["b"]["c"].append("50")
    with pytest.raises(InvalidFilterPolicy, match="too complex"):
        compile(json.dumps(policy), "MessageBody")


words = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), min_size=1, max_size=8).filter(
    lambda word: ":" not in word
)


@given(listed=st.lists(words, min_size=1, max_size=5), value=words)
def test_a_list_of_strings_is_membership_and_anything_but_its_opposite(listed: list[str], value: str) -> None:
    attributes = {"key": text(value)}
    assert by_attributes({"key": listed}, attributes) is (value in listed)
    assert by_attributes({"key": [{"anything-but": listed}]}, attributes) is (value not in listed)
    assert by_body({"key": listed}, {"key": value}) is (value in listed)
