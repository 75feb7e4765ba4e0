"""Intrinsic functions: the developer guide's examples, edges, and failures."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.languages.asl.errors import InvalidExpression, StatesError
from segue.languages.asl.java_text import java_double, java_text
from segue.languages.asl.templates import Scope, compile_expression

INPUT: dict[str, Any] = {
    "n": [1, 2, 3, 4, 5],
    "mixed": [1, 1.0, True, "1", None, [1], [1], {"a": 1, "b": 2}, {"b": 2, "a": 1}, 1, "1"],
    "o": {"a": 1, "b": {"c": [1, None]}},
    "s": "it's {} \\{x\\}",
    "json": '{"a":[1,2.50]}',
    "big": 12345678901234567890123,
    "five": 5,
}


def evaluate(text: str, value: Any = INPUT, seed: int = 1) -> Any:
    return compile_expression(text).evaluate(Scope(value, {"Execution": {"Name": "e"}}, {"v": 2}, random.Random(seed)))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("States.Array()", []),
        (
            "States.Array($.n[0], 'x', 1.5, -2, true, false, null, $v, $$.Execution.Name)",
            [1, "x", 1.5, -2, True, False, None, 2, "e"],
        ),
        ("States.ArrayPartition($.n, 4)", [[1, 2, 3, 4], [5]]),
        ("States.ArrayContains($.n, 5)", True),
        ("States.ArrayContains($.n, 5.0)", False),
        ("States.ArrayContains($.mixed, $.o)", False),
        ("States.ArrayContains(States.Array($.o, 2), $.o)", True),
        ("States.ArrayRange(1, 9, 2)", [1, 3, 5, 7, 9]),
        ("States.ArrayRange(5, 1, -2)", [5, 3, 1]),
        ("States.ArrayRange(1, 0, 1)", []),
        ("States.ArrayGetItem($.n, 4)", 5),
        ("States.ArrayLength($.n)", 5),
        ("States.ArrayLength($.n[?(@ > 3)])", 2),
        ("States.ArrayUnique($.mixed)", [1, 1.0, True, "1", None, [1], {"a": 1, "b": 2}]),
        ("States.Base64Encode('Data to encode')", "RGF0YSB0byBlbmNvZGU="),
        ("States.Base64Decode('w6k=')", "é"),
        ("States.Hash('input data', 'SHA-1')", "aaff4a450a104cd177d28d18d74485e8cae074b7"),
        ('States.JsonMerge($.o, States.StringToJson(\'{"b":1,"z":2}\'), false)', {"a": 1, "b": 1, "z": 2}),
        ("States.StringToJson($.json)", {"a": [1, 2.5]}),
        ("States.StringToJson('')", None),
        ("States.JsonToString($.o)", '{"a":1,"b":{"c":[1,null]}}'),
        ("States.JsonToString($.big)", "12345678901234567890123"),
        ("States.MathAdd($.five, -1)", 4),
        ("States.MathAdd($.big, 1)", 12345678901234567890124),
        ("States.StringSplit('a.b+c', '.+')", ["a", "b", "c"]),
        ("States.StringSplit('', ',')", []),
        ("States.Format('no place')", "no place"),
        ("States.Format('{}-{}', 'a', $.five)", "a-5"),
        (r"States.Format('\{{}\} it\'s \\ {x} {', 1)", r"{1} it's \ {x} {"),
        ("States.Format($.s, 1)", "it's 1 {x}"),
        ("States.Format('{}', $.o)", "{a=1, b={c=[1, null]}}"),
        ("States.Format('{}', States.Format('{}', States.ArrayLength($.n)))", "5"),
        (r"States.Array('a\'b', 'c\\d', 'e{}f')", ["a'b", "c\\d", "e{}f"]),
        ("States.Array( 1 ,2 )", [1, 2]),
        ("States.Array($['n'][0], $.n[0,1])", [1, [1, 2]]),
    ],
)
def test_functions(text: str, value: Any) -> None:
    found = evaluate(text)
    assert found == value
    assert repr(found) == repr(value)  # 1, 1.0 and True are not the same


@pytest.mark.parametrize(
    "text",
    [
        "States.ArrayPartition($.n, 0)",
        "States.ArrayPartition($.five, 1)",
        "States.ArrayContains('x', 1)",
        "States.ArrayRange(1, 2, 0)",
        "States.ArrayRange(1, 2000, 1)",
        "States.ArrayRange('1', 2, 1)",
        "States.ArrayGetItem($.n, -1)",
        "States.ArrayGetItem($.n, $.five)",
        "States.ArrayLength($.o)",
        "States.ArrayUnique($.s)",
        "States.Base64Encode(1)",
        "States.Base64Decode('%%')",
        "States.Base64Decode('/w==')",
        "States.Hash('x', 'SHA-3')",
        "States.JsonMerge($.o, $.n, false)",
        "States.JsonMerge($.o, $.o, true)",
        "States.StringToJson('{')",
        "States.StringToJson($.five)",
        "States.MathRandom(2, 2)",
        "States.MathAdd(true, 1)",
        "States.StringSplit($.five, ',')",
        "States.Format('{} {}', 1)",
        "States.Format('{}', 1, 2)",
        "States.Format(5)",
    ],
)
def test_failures_name_the_call(text: str) -> None:
    with pytest.raises(StatesError) as raised:
        evaluate(text)
    assert raised.value.error == "States.IntrinsicFailure"
    assert raised.value.cause.startswith(f"The function '{text}' had the following error: ")


def test_a_missing_argument_is_named() -> None:
    with pytest.raises(StatesError) as raised:
        evaluate("States.Format('{} to {}', $.fromDate, $.n)", {"n": 1})
    assert raised.value.error == "States.Runtime"
    assert raised.value.cause == (
        "The function 'States.Format('{} to {}', $.fromDate, $.n)' had the following error: "
        "The JsonPath argument for the field '$.fromDate' could not be found in the input '{\"n\":1}'"
    )


def test_a_failure_inside_names_the_inner_call() -> None:
    with pytest.raises(StatesError, match=r"The function 'States\.ArrayLength\(1\)'"):
        evaluate("States.Format('{}', States.ArrayLength(1))")


@pytest.mark.parametrize(
    "text",
    [
        "States.Nope(1)",
        "States.UUID(1)",
        "States.Array(",
        "States.Array(1",
        "States.Array(1,)",
        "States.Array('x)",
        "States.Array(1) x",
        "States.Array(x)",
        "States.Array($.)",
        "States.Hash('a')",
        "States.array()",
        "States.Array(1 2)",
        r"States.StringToJson('{\"a\":1}')",
        r"States.Format('a\n')",
    ],
)
def test_what_is_no_call_is_refused(text: str) -> None:
    with pytest.raises(InvalidExpression):
        compile_expression(text)


def test_nesting_ends_at_ten() -> None:
    def nested(depth: int) -> str:
        return "States.Array(" * depth + ")" * depth

    compile_expression(nested(10))
    with pytest.raises(InvalidExpression, match="nested"):
        compile_expression(nested(11))


def test_chance_is_handed_in() -> None:
    for text in ("States.UUID()", "States.MathRandom(1, 1000000)"):
        assert evaluate(text, seed=3) == evaluate(text, seed=3)
        assert evaluate(text, seed=3) != evaluate(text, seed=4)
    assert evaluate("States.UUID()")[14] == "4"
    assert evaluate("States.MathRandom(1, 1000000, 5)", seed=3) == evaluate("States.MathRandom(1, 1000000, 5)", seed=4)


@given(st.integers(-50, 50), st.integers(1, 50), st.integers())
def test_random_numbers_lie_from_start_to_before_end(start: int, width: int, seed: int) -> None:
    value = {"a": start, "b": start + width}
    assert start <= evaluate("States.MathRandom($.a, $.b)", value, seed) < start + width
    assert start <= evaluate("States.MathRandom($.a, $.b, $.a)", value, seed) < start + width


@given(st.text(max_size=50))
def test_base64_goes_there_and_back(text: str) -> None:
    assert evaluate("States.Base64Decode(States.Base64Encode($))", text) == text


@given(st.text(max_size=20))
def test_escaped_text_comes_through_format(text: str) -> None:
    escaped = "".join("\\" + c if c in "\\'{}" else c for c in text)
    assert evaluate(f"States.Format('{escaped}')") == text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1.0, "1.0"),
        (0.0, "0.0"),
        (-0.5, "-0.5"),
        (9999999.5, "9999999.5"),
        (1e7, "1.0E7"),
        (12345678.25, "1.234567825E7"),
        (1e21, "1.0E21"),
        (1.5e300, "1.5E300"),
        (0.001, "0.001"),
        (0.0001, "1.0E-4"),
        (-0.00025, "-2.5E-4"),
        (1e-9, "1.0E-9"),
    ],
)
def test_doubles_as_java_prints_them(number: float, text: str) -> None:
    assert java_double(number) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_java_text_keeps_the_number(number: float) -> None:
    assert float(java_double(number)) == number


def test_java_text() -> None:
    assert java_text([True, None, {"a": "x"}, 2]) == "[true, null, {a=x}, 2]"
