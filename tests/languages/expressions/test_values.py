"""Attribute values: rules, sizes, equality."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.languages.expressions import ExpressionError, normalize, normalize_item
from segue.languages.expressions.values import compare, equal

_INVALID = "One or more parameter values were invalid: "


def nested(depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {"S": "x"}
    for _ in range(depth):
        value = {"L": [value]}
    return value


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({}, "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"),
        (
            {"S": "a", "N": "1"},
            "Supplied AttributeValue has more than one datatypes set, "
            "must contain exactly one of the supported datatypes",
        ),
        ({"SS": []}, f"{_INVALID}An string set  may not be empty"),
        ({"NS": []}, f"{_INVALID}An number set  may not be empty"),
        ({"BS": []}, f"{_INVALID}Binary sets should not be empty"),
        ({"SS": ["a", "a"]}, f"{_INVALID}Input collection [a, a] contains duplicates."),
        ({"NS": ["1", "1.0"]}, f"{_INVALID}Input collection [1, 1.0] contains duplicates."),
        ({"BS": [b"a", b"a"]}, f"{_INVALID}Input collection of type BS contains duplicates."),
        ({"NULL": False}, f"{_INVALID}Null attribute value types must have the value of true"),
        (nested(33), "Nesting Levels have exceeded supported limits"),
    ],
)
def test_broken_rules(value: dict[str, Any], message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        normalize(value)
    assert caught.value.message == message


def test_nesting_to_the_limit() -> None:
    normalize(nested(32))


@pytest.mark.parametrize(
    ("item", "size"),
    [
        ({"id": {"S": "abc"}}, 5),
        ({"é": {"S": "é"}}, 4),
        ({"n": {"N": "123"}}, 4),
        ({"n": {"N": "-100"}}, 4),
        ({"b": {"B": b"1234"}}, 5),
        ({"t": {"BOOL": True}, "z": {"NULL": True}}, 4),
        ({"l": {"L": [{"S": "ab"}, {"BOOL": False}]}}, 1 + 3 + 2 + 2 + 1),
        ({"m": {"M": {"k": {"S": "ab"}}}}, 1 + 3 + 1 + 1 + 2),
        ({"s": {"SS": ["ab", "c"]}}, 4),
    ],
)
def test_sizes(item: dict[str, Any], size: int) -> None:
    assert normalize_item(item)[1] == size


def test_numbers_inside_are_canonical() -> None:
    item = {"a": {"L": [{"N": "1.0"}, {"M": {"b": {"NS": ["2.50", "1e1"]}}}]}}
    assert normalize_item(item)[0] == {"a": {"L": [{"N": "1"}, {"M": {"b": {"NS": ["2.5", "10"]}}}]}}
    assert item["a"]["L"][0] == {"N": "1.0"}, "the request is not changed"


values = st.recursive(
    st.one_of(
        st.text(max_size=3).map(lambda text: {"S": text}),
        st.integers(-3, 3).map(lambda number: {"N": str(number)}),
        st.booleans().map(lambda truth: {"BOOL": truth}),
        st.sets(st.sampled_from("abc"), min_size=1).map(lambda members: {"SS": sorted(members)}),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2).map(lambda members: {"L": members}),
        st.dictionaries(st.sampled_from("ab"), inner, max_size=2).map(lambda members: {"M": members}),
    ),
    max_leaves=4,
)


def plain(value: dict[str, Any]) -> Any:
    """A value that Python compares as DynamoDB does."""
    ((tag, content),) = value.items()
    if tag == "L":
        return tag, [plain(member) for member in content]
    if tag == "M":
        return tag, {name: plain(member) for name, member in content.items()}
    return tag, frozenset(content) if tag == "SS" else content


def shuffled(value: dict[str, Any]) -> dict[str, Any]:
    ((tag, content),) = value.items()
    if tag == "SS":
        return {"SS": content[::-1]}
    if tag == "L":
        return {"L": [shuffled(member) for member in content]}
    return {"M": {name: shuffled(content[name]) for name in reversed(content)}} if tag == "M" else value


@given(values, values)
def test_equality(left: dict[str, Any], right: dict[str, Any]) -> None:
    assert equal(left, right) == (plain(left) == plain(right))
    assert equal(left, shuffled(left))


def test_order_is_within_a_type() -> None:
    assert compare({"N": "9"}, {"N": "10"}) == -1
    assert compare({"S": "9"}, {"S": "10"}) == 1
    assert compare({"B": b"\xff"}, {"B": b"\x00"}) == 1
    assert compare({"S": "\uffff"}, {"S": "\U00010000"}) == -1
    assert compare({"S": "1"}, {"N": "1"}) is None
    assert compare({"BOOL": True}, {"BOOL": False}) is None
