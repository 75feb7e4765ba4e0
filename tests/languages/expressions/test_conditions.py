"""Conditions: what they mean (against a naive model), and DynamoDB's words for what is wrong with them."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.languages.expressions import (
    Binding,
    ExpressionError,
    compile_condition,
    compile_key_condition,
    parse_condition,
)

ITEM: dict[str, Any] = {
    "id": {"S": "a1"},
    "n": {"N": "5"},
    "tags": {"SS": ["x", "y"]},
    "parts": {"L": [{"S": "x"}, {"N": "2"}]},
    "m": {"M": {"deep": {"M": {"k": {"N": "7"}}}}},
    "data1": {"B": b"abc"},
    "flag": {"BOOL": True},
    "none": {"NULL": True},
}
VALUES: dict[str, Any] = {
    ":s": {"S": "a1"},
    ":p": {"S": "a"},
    ":five": {"N": "5"},
    ":two": {"N": "2"},
    ":nine": {"N": "9"},
    ":x": {"S": "x"},
    ":t": {"S": "SS"},
    ":b": {"B": b"ab"},
    ":true": {"BOOL": True},
    ":yx": {"SS": ["y", "x"]},
}
NAMES = {"#s": "id", "#m": "m", "#d": "deep"}


def holds(text: str, item: dict[str, Any] | None = None) -> bool:
    binding = Binding(NAMES, VALUES)
    label = "ConditionExpression"
    return compile_condition(parse_condition(text, label), binding, label)(ITEM if item is None else item)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("id = :s", True),
        (":s = #s", True),
        ("n <> :five", False),
        ("absent <> :five", True),
        ("absent = :five", False),
        ("absent < :five", False),
        ("n < :nine AND n > :two", True),
        ("n < :nine OR n > :nine AND id = :p", True),
        ("(n < :nine OR n > :nine) AND id = :p", False),
        ("NOT n = :five", False),
        ("not NOT n = :five", True),
        ("n BETWEEN :two AND :nine AND id = :s", True),
        ("n BETWEEN :five AND :five", True),
        ("id BETWEEN :p AND :x", True),
        ("n IN (:two, :five)", True),
        ("n IN (:two, :nine)", False),
        ("id > :two", False),
        ("attribute_exists(id)", True),
        ("attribute_exists(#m.#d.k)", True),
        ("attribute_exists(m.nope.k)", False),
        ("attribute_not_exists(parts[2])", True),
        ("parts[1] = :two", True),
        ("attribute_type(tags, :t)", True),
        ("begins_with(id, :p)", True),
        ("begins_with(n, :p)", False),
        ("begins_with(data1, :b)", True),
        ("contains(id, :p)", True),
        ("contains(tags, :x)", True),
        ("contains(parts, :two)", True),
        ("contains(parts, :five)", False),
        ("contains(flag, :x)", False),
        ("size(id) = :two", True),
        ("size(tags) = size(parts)", True),
        ("size(n) = :two", False),
        ("tags = :yx", True),
        ("flag = :true", True),
        ("m.deep.k > n", True),
        ("n=:five AND(id=:s)", True),
    ],
)
def test_meaning(text: str, expected: bool) -> None:
    assert holds(text) is expected


def test_nothing_is_there_in_an_empty_item() -> None:
    assert holds("attribute_not_exists(id)", {}) is True
    assert holds("id = :s OR begins_with(id, :p)", {}) is False


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "The expression can not be empty;"),
        ("id = ", 'Syntax error; token: "<EOF>", near: "= "'),
        ("id == :s", 'Syntax error; token: "=", near: "== :s"'),
        ("id = :s)", 'Syntax error; token: ")", near: ":s)"'),
        ("id", 'Syntax error; token: "<EOF>", near: "id"'),
        ("id = ?", 'Syntax error; token: "?", near: "= ?"'),
        ("status = :s", "Attribute name is a reserved keyword; reserved keyword: status"),
        ("Name = :s", "Attribute name is a reserved keyword; reserved keyword: Name"),
        (
            "#q = :s",
            "An expression attribute name used in the document path is not defined; attribute name: #q",
        ),
        (
            "id = :q",
            "An expression attribute value used in expression is not defined; attribute value: :q",
        ),
        ("foo(id)", "Invalid function name; function: foo"),
        ("if_not_exists(id, :s)", "The function is not allowed in a condition expression; function: if_not_exists"),
        (
            "begins_with(id)",
            "Incorrect number of operands for operator or function; "
            "operator or function: begins_with, number of operands: 1",
        ),
        (
            "begins_with(id, :two)",
            "Incorrect operand type for operator or function; operator or function: begins_with, operand type: N",
        ),
        (
            "id < :yx",
            "Incorrect operand type for operator or function; operator or function: <, operand type: SS",
        ),
        (
            "attribute_exists(:s)",
            "Operator or function requires a document path; operator or function: attribute_exists",
        ),
        (
            "id = id",
            "The first operand must be distinct from the remaining operands for this operator or function; "
            "operator: =, first operand: [id]",
        ),
        (
            "n BETWEEN :nine AND :two",
            "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; "
            "lower bound operand: AttributeValue: {N:9}, upper bound operand: AttributeValue: {N:2}",
        ),
        (
            "n BETWEEN :two AND :s",
            "The BETWEEN operator requires same data type for lower and upper bounds; "
            "lower bound operand: AttributeValue: {N:2}, upper bound operand: AttributeValue: {S:a1}",
        ),
        ("((id = :s))", "The expression has redundant parentheses;"),
    ],
)
def test_what_is_wrong(text: str, message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        holds(text)
    assert caught.value.message == f"Invalid ConditionExpression: {message}"


def test_parentheses_that_are_not_redundant() -> None:
    assert holds("((id = :s) AND (n = :five))") is True


def test_nesting_is_bounded() -> None:
    with pytest.raises(ExpressionError):
        holds("(" * 2_000 + "id = :s" + ")" * 2_000)
    with pytest.raises(ExpressionError):
        holds(" AND ".join(["id = :s"] * 400))


def test_unused_placeholders_are_refused() -> None:
    binding = Binding({"#a": "a"}, {":v": {"S": "x"}, ":w": {"S": "y"}})
    compile_condition(parse_condition("#a = :v", "FilterExpression"), binding, "FilterExpression")
    with pytest.raises(ExpressionError) as caught:
        binding.check_used()
    assert caught.value.message == ("Value provided in ExpressionAttributeValues unused in expressions: keys: {:w}")


@pytest.mark.parametrize(
    ("names", "values", "expressions", "message"),
    [
        (
            {"#a": "a"},
            None,
            {"ConditionExpression": None},
            "ExpressionAttributeNames can only be specified when using expressions",
        ),
        (
            None,
            {":a": {"S": "a"}},
            {"ConditionExpression": None},
            "ExpressionAttributeValues can only be specified when using expressions: ConditionExpression is null",
        ),
        (
            None,
            {":a": {"S": "a"}},
            {"UpdateExpression": None, "ConditionExpression": None},
            "ExpressionAttributeValues can only be specified when using expressions: "
            "UpdateExpression and ConditionExpression are null",
        ),
        ({}, None, {"ConditionExpression": "a = b"}, "ExpressionAttributeNames must not be empty"),
        (
            {"a": "a"},
            None,
            {"ConditionExpression": "a = b"},
            'ExpressionAttributeNames contains invalid key: Syntax error; key: "a"',
        ),
    ],
)
def test_placeholders_without_need(names: Any, values: Any, expressions: Any, message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        Binding(names, values, expressions)
    assert caught.value.message == message


# against a naive model: a condition is generated together with its Python meaning

Model = Callable[[dict[str, int]], bool]

_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda left, right: left == right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}


def _leaf(name: str, operator: str, number: int) -> tuple[str, Model]:
    if operator == "<>":
        return f"{name} <> :v{number}", lambda item: item.get(name) != number
    test = _OPERATORS[operator]
    return f"{name} {operator} :v{number}", lambda item: name in item and test(item[name], number)


def _between(name: str, low: int, high: int) -> tuple[str, Model]:
    low, high = min(low, high), max(low, high)
    return f"{name} BETWEEN :v{low} AND :v{high}", lambda item: name in item and low <= item[name] <= high


def _in(name: str, choices: list[int]) -> tuple[str, Model]:
    listed = ", ".join(f":v{choice}" for choice in choices)
    return f"{name} IN ({listed})", lambda item: name in item and item[name] in choices


_names = st.sampled_from(["a", "b", "c"])
_numbers = st.integers(0, 4)
_leaves = st.one_of(
    st.builds(_leaf, _names, st.sampled_from([*_OPERATORS, "<>"]), _numbers),
    st.builds(_between, _names, _numbers, _numbers),
    st.builds(_in, _names, st.lists(_numbers, min_size=1, max_size=3)),
    st.builds(lambda name: (f"attribute_exists({name})", lambda item: name in item), _names),
    st.builds(lambda name: (f"attribute_not_exists({name})", lambda item: name not in item), _names),
)


def _both(left: tuple[str, Model], right: tuple[str, Model]) -> tuple[str, Model]:
    return f"({left[0]}) AND ({right[0]})", lambda item: left[1](item) and right[1](item)


def _either(left: tuple[str, Model], right: tuple[str, Model]) -> tuple[str, Model]:
    return f"({left[0]}) OR ({right[0]})", lambda item: left[1](item) or right[1](item)


_conditions = st.recursive(
    _leaves,
    lambda inner: st.one_of(
        st.builds(_both, inner, inner),
        st.builds(_either, inner, inner),
        st.builds(lambda one: (f"NOT ({one[0]})", lambda item: not one[1](item)), inner),
    ),
    max_leaves=8,
)


@given(_conditions, st.dictionaries(_names, _numbers))
def test_agrees_with_the_model(condition: tuple[str, Model], numbers: dict[str, int]) -> None:
    text, model = condition
    binding = Binding(None, {f":v{number}": {"N": str(number)} for number in range(5)})
    predicate = compile_condition(parse_condition(text, "FilterExpression"), binding, "FilterExpression")
    item = {name: {"N": str(number)} for name, number in numbers.items()}
    assert predicate(item) is model(numbers)


@given(st.text(alphabet="ab#:()[].,=<>+- 01ANDORIN", max_size=40))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    try:
        parse_condition(text, "ConditionExpression")
    except ExpressionError as error:
        message = error.message
    else:
        return
    assert message.startswith("Invalid ConditionExpression: ")


# key conditions


def key_condition(text: str) -> Any:
    return compile_key_condition(parse_condition(text, "KeyConditionExpression"), Binding(NAMES, VALUES))


def test_key_conditions_by_attribute() -> None:
    found = key_condition("#s = :s AND n BETWEEN :two AND :nine")
    assert found["id"].operator == "="
    assert found["n"].operator == "BETWEEN"
    assert found["n"].values == ({"N": "2"}, {"N": "9"})
    assert key_condition(":two < n")["n"].operator == ">"
    assert key_condition("begins_with(id, :p)")["id"].operator == "begins_with"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id = :s OR n = :two", "Invalid operator used in KeyConditionExpression: OR"),
        ("id <> :s", "Invalid operator used in KeyConditionExpression: <>"),
        ("attribute_exists(id)", "Invalid operator used in KeyConditionExpression: attribute_exists"),
        (
            "n > :two AND n < :nine",
            "Invalid KeyConditionExpression: KeyConditionExpressions must only contain one condition per key",
        ),
    ],
)
def test_what_keys_do_not_take(text: str, message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        key_condition(text)
    assert caught.value.message == message
