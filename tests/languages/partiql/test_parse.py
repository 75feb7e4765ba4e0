"""PartiQL statements parsed."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.languages.expressions import Binding, ExpressionError, compile_condition
from segue.languages.expressions.nodes import Action, Arithmetic, Comparison, Function, Literal, Path
from segue.languages.partiql import Delete, Exists, Insert, Select, Update, equalities, parse

A = Path(("a",), checked=False)
ITEM: Any = {
    "pk": {"S": "x"},
    "n": {"N": "5"},
    "tags": {"SS": ["x", "y"]},
    "deep": {"M": {"list": {"L": [{"S": "zero"}]}}},
    "nothing": {"NULL": True},
}


def one(number: int) -> Comparison:
    return Comparison("=", A, Literal({"N": str(number)}))


@pytest.mark.parametrize(
    ("text", "statement"),
    [
        ("SELECT * FROM t", Select("t", None, None, None)),
        ('select a, "b c".d[2] from "my-table"."by-a" where a = 1;',
         Select("my-table", "by-a", (A, Path(("b c", "d", 2), checked=False)), one(1))),
        ("SELECT * FROM t WHERE a=1 ORDER BY b DESC, c", Select("t", None, None, one(1), (("b", True), ("c", False)))),
        ("INSERT INTO t VALUE {'a': 'it''s', 'b': [1, -2.50, true, null], 'c': <<'x','y'>>, 'd': {'e': false}}",
         Insert("t", {
             "a": {"S": "it's"}, "b": {"L": [{"N": "1"}, {"N": "-2.5"}, {"BOOL": True}, {"NULL": True}]},
             "c": {"SS": ["x", "y"]}, "d": {"M": {"e": {"BOOL": False}}},
         })),
        ("UPDATE t SET a=a+1, b=list_append(b,['x']) SET c=set_add(c,<<1>>) REMOVE d.e WHERE a=1 RETURNING ALL NEW *",
         Update("t", (
             Action("SET", A, Arithmetic("+", A, Literal({"N": "1"}))),
             Action("SET", Path(("b",), False),
                    Function("list_append", (Path(("b",), False), Literal({"L": [{"S": "x"}]})))),
             Action("ADD", Path(("c",), False), Literal({"NS": ["1"]})),
             Action("REMOVE", Path(("d", "e"), False)),
         ), one(1), "ALL_NEW")),
        ("DELETE FROM t WHERE a=1 RETURNING ALL OLD *", Delete("t", one(1), "ALL_OLD")),
        ("EXISTS(SELECT * FROM t WHERE a=1)", Exists(Select("t", None, None, one(1)))),
    ],
)  # fmt: skip
def test_statements(text: str, statement: Any) -> None:
    assert parse(text) == statement


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("n = 5", True),
        ("n <> 5", False),
        ("n != 4", True),
        ("n BETWEEN 1 AND 5 AND NOT n > 9", True),
        ("n IN [1, 5]", True),
        ("n NOT IN (1, 5)", False),
        ("begins_with(pk, 'x') OR n = 0", True),
        ("contains(tags, 'z')", False),
        ("size(tags) = 2", True),
        ("attribute_type(n, 'N')", True),
        ("missing IS MISSING AND pk IS NOT MISSING", True),
        ("nothing IS NULL", True),
        ("pk IS NOT NULL", True),
        ("deep.list[0] = 'zero'", True),
        ("deep['list'][0] = 'zero'", True),
        ("(n = 5 OR n = 6) AND pk = ?", True),
    ],
)
def test_conditions(condition: str, holds: bool) -> None:
    statement = parse(f"SELECT * FROM t WHERE {condition}", [{"S": "x"}] if "?" in condition else ())
    assert isinstance(statement, Select)
    assert statement.condition is not None
    assert compile_condition(statement.condition, Binding(), "WHERE")(ITEM) is holds


def test_what_a_condition_holds_to_one_value() -> None:
    statement = parse("SELECT * FROM t WHERE a=? AND 'x'=b AND (c=1 OR d=2) AND e > 3 AND f.g = 1", [{"S": "?"}])
    assert isinstance(statement, Select)
    assert equalities(statement.condition) == {"a": {"S": "?"}, "b": {"S": "x"}}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "SELECT",
        "SELECT * FROM",
        "SELECT * FROM t WHERE",
        "SELECT * FROM t WHERE a",
        "SELECT * FROM t WHERE a = ",
        "SELECT * FROM t WHERE f(a)",
        "SELECT * FROM t WHERE size(a)",
        "SELECT * FROM t extra",
        "INSERT INTO t VALUE 1",
        "INSERT INTO t VALUE {'a' 1}",
        "INSERT INTO t VALUE {'a': <<1, 'x'>>}",
        "UPDATE t WHERE a=1",
        "UPDATE t SET a=1",
        "UPDATE t SET a=set_add(b,<<1>>) WHERE a=1",
        "DELETE FROM t",
        "DELETE FROM t WHERE a=1 RETURNING SOME *",
        "DROP TABLE t",
        "SELECT * FROM t WHERE a = 'x",
        "SELECT * FROM t WHERE a = §",
        "SELECT * FROM t WHERE " + "(" * 10_000,
        "SELECT * FROM t WHERE " + "NOT " * 10_000 + "a = 1",
        "INSERT INTO t VALUE " + "[" * 10_000,
        "SELECT * FROM t WHERE " + "a = 1 AND " * 5_000 + "a = 1",
    ],
)
def test_what_is_none(text: str) -> None:
    with pytest.raises(ExpressionError, match="Statement wasn't well formed, can't be processed"):
        parse(text)


@pytest.mark.parametrize("count", [0, 2])
def test_as_many_parameters_as_places(count: int) -> None:
    with pytest.raises(ExpressionError, match="Number of parameters in request and statement don't match"):
        parse("SELECT * FROM t WHERE a = ?", [{"S": "x"}] * count)


@given(st.text(st.sampled_from("SELECT*FROMtWHEREa=1 '\"?()[]{}<>,.:;-+INUPD\n"), max_size=60))
def test_no_text_breaks_the_parser(text: str) -> None:
    for prefix in ("", "SELECT * FROM t WHERE ", "INSERT INTO t VALUE ", "UPDATE t SET "):
        with suppress(ExpressionError):
            parse(prefix + text)
