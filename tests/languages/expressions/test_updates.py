"""Updates, projections, and the parameters from before the expressions."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.languages.expressions import (
    Binding,
    ExpressionError,
    compile_condition,
    compile_projection,
    compile_update,
    legacy,
    parse_projection,
    parse_update,
)

ITEM: dict[str, Any] = {
    "id": {"S": "a"},
    "n": {"N": "5"},
    "tags": {"SS": ["x", "y"]},
    "l": {"L": [{"N": "0"}, {"N": "1"}, {"N": "2"}]},
    "m": {"M": {"k": {"S": "v"}, "l": {"L": [{"M": {"x": {"N": "1"}}}]}}},
}
VALUES: dict[str, Any] = {
    ":one": {"N": "1"},
    ":s": {"S": "new"},
    ":z": {"SS": ["y", "z"]},
    ":xy": {"SS": ["x", "y"]},
    ":list": {"L": [{"S": "end"}]},
    ":empty": {"M": {}},
}


def updated(text: str, item: dict[str, Any] | None = None) -> dict[str, Any]:
    update = compile_update(parse_update(text), Binding({"#n": "n"}, VALUES))
    return update.apply(ITEM if item is None else item)


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        ("SET a = :s", {"a": {"S": "new"}}),
        ("set #n = #n + :one", {"n": {"N": "6"}}),
        ("SET n = n - :one, a = n", {"n": {"N": "4"}, "a": {"N": "5"}}),
        ("SET a = if_not_exists(a, :one) + :one", {"a": {"N": "2"}}),
        ("SET n = (if_not_exists(n, :one) + :one)", {"n": {"N": "6"}}),
        ("SET l = list_append(l, :list)", {"l": {"L": [{"N": "0"}, {"N": "1"}, {"N": "2"}, {"S": "end"}]}}),
        ("SET a = list_append(:list, :list)", {"a": {"L": [{"S": "end"}, {"S": "end"}]}}),
        ("SET l[1] = :s", {"l": {"L": [{"N": "0"}, {"S": "new"}, {"N": "2"}]}}),
        ("SET l[9] = :s, l[7] = :one", {"l": {"L": [{"N": "0"}, {"N": "1"}, {"N": "2"}, {"N": "1"}, {"S": "new"}]}}),
        ("SET m.k = :one", {"m": {"M": {"k": {"N": "1"}, "l": ITEM["m"]["M"]["l"]}}}),
        ("SET m.l[0].x = :s", {"m": {"M": {"k": {"S": "v"}, "l": {"L": [{"M": {"x": {"S": "new"}}}]}}}}),
        ("REMOVE l[0], l[2]", {"l": {"L": [{"N": "1"}]}}),
        ("REMOVE l[0] SET l[1] = :s", {"l": {"L": [{"S": "new"}, {"N": "2"}]}}),
        ("REMOVE absent, l[8]", {}),
        ("ADD n :one", {"n": {"N": "6"}}),
        ("ADD a :one", {"a": {"N": "1"}}),
        ("ADD tags :z", {"tags": {"SS": ["x", "y", "z"]}}),
        ("DELETE tags :z", {"tags": {"SS": ["x"]}}),
        ("DELETE absent :z", {}),
        ("SET a = n ADD n :one REMOVE m", {"a": {"N": "5"}, "n": {"N": "6"}, "m": None}),
        ("DELETE tags :xy", {"tags": None}),
    ],
)
def test_meaning(text: str, changes: dict[str, Any]) -> None:
    expected = {name: value for name, value in {**ITEM, **changes}.items() if value is not None}
    before = repr(ITEM)
    assert updated(text) == expected
    assert repr(ITEM) == before, "the old item is not changed"


def test_removals_under_and_beside_each_other() -> None:
    item = {"l": {"L": [{"N": "0"}, {"M": {"x": {"N": "1"}, "y": {"N": "2"}}}]}}
    assert updated("REMOVE l[0], l[1].x", item) == {"l": {"L": [{"M": {"y": {"N": "2"}}}]}}


_INVALID = "Invalid UpdateExpression: "


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", f"{_INVALID}The expression can not be empty;"),
        ("SET a = :s SET b = :s", f'{_INVALID}The "SET" section can only be used once in an update expression;'),
        ("PUT a = :s", f'{_INVALID}Syntax error; token: "PUT", near: "PUT a"'),
        (
            "SET m = :s, m.k = :s",
            f"{_INVALID}Two document paths overlap with each other; must remove or rewrite one of these paths; "
            "path one: [m], path two: [m, k]",
        ),
        (
            "SET m.k = :s, m[0] = :s",
            f"{_INVALID}Two document paths conflict with each other; must remove or rewrite one of these paths; "
            "path one: [m, k], path two: [m, [0]]",
        ),
        (
            "SET a = contains(m, :s)",
            f"{_INVALID}The function is not allowed in an update expression; function: contains",
        ),
        (
            "SET a = n + :s",
            f"{_INVALID}Incorrect operand type for operator or function; operator or function: +, operand type: S",
        ),
        (
            "ADD a :s",
            f"{_INVALID}Incorrect operand type for operator or function; operator: ADD, operand type: STRING, "
            "typeSet: ALLOWED_FOR_ADD_OPERAND",
        ),
        (
            "DELETE a :one",
            f"{_INVALID}Incorrect operand type for operator or function; operator: DELETE, operand type: NUMBER, "
            "typeSet: ALLOWED_FOR_DELETE_OPERAND",
        ),
        ("SET a = absent", "The provided expression refers to an attribute that does not exist in the item"),
        ("SET a = id + :one", "An operand in the update expression has an incorrect data type"),
        ("ADD id :one", "An operand in the update expression has an incorrect data type"),
        ("SET absent.k = :s", "The document path provided in the update expression is invalid for update"),
        ("SET id.k = :s", "The document path provided in the update expression is invalid for update"),
        ("SET l[9].k = :s", "The document path provided in the update expression is invalid for update"),
    ],
)
def test_what_is_wrong(text: str, message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        updated(text)
    assert caught.value.message == message


@given(st.lists(st.integers(0, 9), max_size=8), st.sets(st.integers(0, 9), min_size=1, max_size=5))
def test_removals_mean_the_places_before(elements: list[int], places: set[int]) -> None:
    item = {"l": {"L": [{"N": str(element)} for element in elements]}}
    after = updated("REMOVE " + ", ".join(f"l[{place}]" for place in places), item)
    assert [int(value["N"]) for value in after["l"]["L"]] == [
        element for place, element in enumerate(elements) if place not in places
    ]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("id, absent", {"id": {"S": "a"}}),
        ("m.k", {"m": {"M": {"k": {"S": "v"}}}}),
        ("l[2], l[0]", {"l": {"L": [{"N": "0"}, {"N": "2"}]}}),
        ("m.l[0].x, id", {"m": {"M": {"l": {"L": [{"M": {"x": {"N": "1"}}}]}}}, "id": {"S": "a"}}),
        ("m.nope, id.k, l[9]", {}),
    ],
)
def test_projection(text: str, kept: dict[str, Any]) -> None:
    project, _ = compile_projection(parse_projection(text), Binding())
    assert project(ITEM) == kept


def test_projections_do_not_overlap() -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_projection(parse_projection("m, m.k"), Binding())
    assert caught.value.message.startswith("Invalid ProjectionExpression: Two document paths overlap with each other;")


@pytest.mark.parametrize(
    ("given_conditions", "expected"),
    [
        ({"id": {"Value": {"S": "a"}}}, True),
        ({"id": {"Exists": False}}, False),
        ({"n": {"ComparisonOperator": "BETWEEN", "AttributeValueList": [{"N": "1"}, {"N": "9"}]}}, True),
        ({"n": {"ComparisonOperator": "IN", "AttributeValueList": [{"N": "1"}, {"N": "5.0"}]}}, True),
        ({"tags": {"ComparisonOperator": "NOT_CONTAINS", "AttributeValueList": [{"S": "q"}]}}, True),
        ({"id": {"ComparisonOperator": "BEGINS_WITH", "AttributeValueList": [{"S": "b"}]}}, False),
        ({"id": {"ComparisonOperator": "NULL"}}, False),
        ({"status": {"ComparisonOperator": "NULL"}}, True),
    ],
)
def test_older_conditions(given_conditions: dict[str, Any], expected: bool) -> None:
    condition = legacy.conditions(given_conditions, None)
    assert condition is not None
    assert compile_condition(condition, Binding(), "Expected")(ITEM) is expected


def test_older_conditions_combined() -> None:
    wrong = {"id": {"Value": {"S": "b"}}, "n": {"Value": {"N": "5"}}}
    for operator, expected in (("AND", False), ("OR", True)):
        condition = legacy.conditions(wrong, operator)
        assert condition is not None
        assert compile_condition(condition, Binding(), "Expected")(ITEM) is expected


def test_older_updates() -> None:
    actions = legacy.updates(
        {
            "status": {"Action": "PUT", "Value": {"S": "on"}},
            "n": {"Action": "ADD", "Value": {"N": "2"}},
            "tags": {"Action": "DELETE", "Value": {"SS": ["x"]}},
            "m": {"Action": "DELETE"},
            "l": {"Action": "ADD", "Value": {"L": [{"N": "3"}]}},
        }
    )
    after = compile_update(actions, Binding(), "AttributeUpdates").apply(ITEM)
    assert after["status"] == {"S": "on"}
    assert after["n"] == {"N": "7"}
    assert after["tags"] == {"SS": ["y"]}
    assert "m" not in after
    assert after["l"]["L"][-1] == {"N": "3"}
