"""The tables of AWS's user guide, "Configuring how CloudWatch alarms treat missing data"."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.languages.metrics.judging import MORE_PERIODS, Condition, judge

TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")
OK, ALARM, KEEP, UNKNOWN = "OK", "ALARM", "", "INSUFFICIENT_DATA"

# "0" does not breach, "X" does, "-" is missing; then what comes of it, by treatment
THREE_OF_THREE = [
    ("0 - X - X", (OK, OK, OK, OK)),
    ("- - - - 0", (OK, OK, OK, OK)),
    ("- - - - -", (UNKNOWN, KEEP, ALARM, OK)),
    ("0 X X - X", (ALARM, ALARM, ALARM, ALARM)),
    ("- - X - -", (ALARM, KEEP, ALARM, OK)),
]
TWO_OF_THREE = [
    ("0 - X - X", (ALARM, ALARM, ALARM, ALARM)),
    ("0 0 X 0 X", (ALARM, ALARM, ALARM, ALARM)),
    ("0 - X - -", (OK, OK, ALARM, OK)),
    ("- - - - 0", (OK, OK, ALARM, OK)),
    ("- - - X -", (ALARM, KEEP, ALARM, OK)),
]
CASES = [(3, 3, *case) for case in THREE_OF_THREE] + [(3, 2, *case) for case in TWO_OF_THREE]


@pytest.mark.parametrize(("periods", "datapoints", "text", "states"), CASES)
def test_tables(periods: int, datapoints: int, text: str, states: tuple[str, ...]) -> None:
    values = [{"0": 0.0, "X": 9.0, "-": None}[sign] for sign in text.split()]
    found = tuple(
        judge(Condition(5, "GreaterThanThreshold", periods, datapoints, missing), values).state
        for missing in TREATMENTS
    )
    assert found == states


@given(st.data())
def test_whatever_comes_there_is_a_verdict(data: st.DataObject) -> None:
    periods = data.draw(st.integers(1, 6))
    condition = Condition(
        1,
        data.draw(st.sampled_from(["LessThanThreshold", "GreaterThanOrEqualToThreshold"])),
        periods,
        data.draw(st.integers(1, periods)),
        data.draw(st.sampled_from(TREATMENTS)),
    )
    many = periods + MORE_PERIODS
    values = data.draw(st.lists(st.none() | st.floats(-2, 2), min_size=many, max_size=many))
    verdict = judge(condition, values)
    assert all(values[place] is not None for place in verdict.used)
    assert len(verdict.used) + verdict.filled == periods
    breaching = sum(condition.breaches(values[place] or 0.0) for place in verdict.used)
    if verdict.state == "OK" and condition.missing != "notBreaching":
        assert breaching < condition.datapoints
