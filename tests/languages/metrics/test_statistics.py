"""Statistics of points."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.languages.metrics.statistics import Point, compile_statistic, merge

TEN = merge((Point(0, value, 1, value, value, {float(value): 1}) for value in range(1, 11)), 0)
SET = Point(0, 30, 4, 1, 20)  # nobody knows its values
CASES = [
    ("SampleCount", 10),
    ("Sum", 55),
    ("Average", 5.5),
    ("Minimum", 1),
    ("Maximum", 10),
    ("p50", 5),
    ("p90", 9),
    ("p99.9", 10),
    ("p0", 1),
    ("p100", 10),
    ("tm90", 5),
    ("TM(10%:90%)", 5.5),
    ("TM(2:4)", 3.5),
    ("IQM", 5.5),
    ("TC(2:4)", 2),
    ("TS(80%:)", 19),
    ("tc50", 5),
    ("PR(:3)", 30),
    ("wm80", 5.2),
]
BAD = ["", "sum", "p", "p101", "p-1", "PR(10%:)", "TM()", "TM(:)", "TM(1:5%)", "tm200", "IQM5", "TM(-5%:)"]


@pytest.mark.parametrize(("text", "value"), CASES)
def test_statistics(text: str, value: float) -> None:
    assert compile_statistic(text)(TEN) == pytest.approx(value)


@pytest.mark.parametrize("text", BAD)
def test_what_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="is no statistic"):
        compile_statistic(text)


def test_of_a_set_percentiles_are_not_known() -> None:
    assert compile_statistic("Average")(SET) == 7.5
    assert compile_statistic("p50")(SET) is None
    assert compile_statistic("p50")(Point(0, 12, 3, 4, 4)) == 4, "all its values are the same"


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30), st.sampled_from([text for text, _ in CASES]))
def test_they_stay_within_the_values(values: list[float], text: str) -> None:
    point = merge((Point(0, value, 1, value, value, {value: 1.0}) for value in values), 0)
    found = compile_statistic(text)(point)
    assert (
        found is None
        or text[:2] in ("TC", "TS", "tc", "Su", "Sa", "PR")
        or (min(values) - 1e-6 <= found <= max(values) + 1e-6)
    )
