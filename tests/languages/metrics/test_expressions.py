"""Metric math."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.languages.metrics.expressions import compile_expression
from segue.languages.metrics.series import MathError, Scope, Series

A = Series({0: 1.0, 60: 2.0, 120: 4.0}, 60, "a")
B = Series({0: 10.0, 120: 0.0}, 60, "b")
SCOPE = Scope({"a": A, "b": B, "n": 3.0}, ("a", "b"), 0, 240, 60)
CASES: list[tuple[str, Any]] = [
    ("a + 1", {0: 2, 60: 3, 120: 5}),
    ("1 - a", {0: 0, 60: -1, 120: -3}),
    ("a + b", {0: 11, 120: 4}),
    ("a / b", {0: 0.1}),
    ("-a * 2 ^ 2", {0: -4, 60: -8, 120: -16}),
    ("2 + 3 * 4 - 6 / 2", 11),
    ("(2 + 3) * n", 15),
    ("a > 1 AND a < 4", {0: 0, 60: 1, 120: 0}),
    ("a == 2 || b == 0", {0: 0, 120: 1}),
    ("SUM(a)", 7),
    ("AVG([a, b])", {0: 5.5, 60: 2, 120: 2}),
    ("MAX(METRICS())", {0: 10, 60: 2, 120: 4}),
    ('SUM(METRICS("b"))', {0: 10, 120: 0}),
    ("FILL(b, 7)", {0: 10, 60: 7, 120: 0, 180: 7}),
    ("FILL(b, REPEAT)", {0: 10, 60: 10, 120: 0, 180: 0}),
    ("FILL(b, LINEAR)", {0: 10, 60: 5, 120: 0}),
    ("FILL(b, a)", {0: 10, 60: 2, 120: 0}),
    ("IF(a > 1, a, 0)", {0: 0, 60: 2, 120: 4}),
    ("IF(a > 1, b)", {120: 0}),
    ("DIFF(a)", {60: 1, 120: 2}),
    ("RATE(a)", {60: 1 / 0.06, 120: 2 / 0.06}),
    ("RUNNING_SUM(a)", {0: 1, 60: 3, 120: 7}),
    ("PERIOD(a)", 0.06),
    ("DATAPOINT_COUNT(b)", 2),
    ("METRIC_COUNT(METRICS())", 2),
    ("TIME_SERIES(5)", {0: 5, 60: 5, 120: 5, 180: 5}),
    ("FIRST(SORT(METRICS(), MAX, DESC))", {0: 10, 120: 0}),
    ("LAST(SLICE([a, b], 0, 1))", {0: 1, 60: 2, 120: 4}),
    ("CEIL(a / 3) + FLOOR(a / 3) + ABS(0 - a)", {0: 2, 60: 3, 120: 7}),
    ("STDDEV(b)", 5),
    ("LOG10(b)", {0: 1}),
]
BAD = ["", "a +", "(a", "a b", "a $ b", "NONE(a)", "c", "IF(a)", "[1, 2]", "SUM(a, b)", "METRICS() + METRICS()", '"x"']


@pytest.mark.parametrize(("text", "value"), CASES)
def test_values(text: str, value: Any) -> None:
    found = compile_expression(text).evaluate(SCOPE)
    if isinstance(found, Series):
        assert dict(found.values) == pytest.approx(value)
    else:
        assert found == pytest.approx(value)


@pytest.mark.parametrize("text", [*BAD, "(" * 100 + "a" + ")" * 100, "a" * 3000])
def test_what_is_none(text: str) -> None:
    with pytest.raises(MathError):
        compile_expression(text).evaluate(SCOPE)


@pytest.mark.parametrize("text", ["SEARCH('{A}', 'Sum')", "ANOMALY_DETECTION_BAND(a)", "SELECT AVG(x) FROM y"])
def test_what_aws_has_and_we_do_not(text: str) -> None:
    with pytest.raises(NotImplementedError):
        compile_expression(text)


PARTS = [
    "a",
    "b",
    "n",
    "2",
    "+",
    "-",
    "/",
    "^",
    "(",
    ")",
    ",",
    "[",
    "]",
    "<",
    "SUM(",
    "FILL(",
    "IF(",
    "METRICS()",
    "AND",
]


@given(st.lists(st.sampled_from(PARTS), max_size=15))
def test_nothing_crashes(parts: list[str]) -> None:
    try:
        found = compile_expression(" ".join(parts)).evaluate(SCOPE)
    except MathError:
        return
    for series in found if isinstance(found, list) else [found]:
        assert not isinstance(series, Series) or all(math.isfinite(value) for value in series.values.values())
