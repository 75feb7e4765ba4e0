"""What is counted adds up, is as exact as it is said to be, and is bounded."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from segue.store.tallies import Tallied


@given(st.lists(st.floats(0.001, 1e6), min_size=1, max_size=2_000))
def test_every_value_counts_once_and_almost_as_what_it_is(values: list[float]) -> None:
    tallied = Tallied()
    for value in values:
        tallied.add(value)
    assert tallied.count == len(values) == sum(tallied.values.values())
    assert (tallied.low, tallied.high) == (min(values), max(values))
    if len(set(values)) <= 150:
        for value in values:
            assert min(abs(known - value) for known in tallied.values) <= value * 0.006


def test_many_values_are_kept_less_exactly() -> None:
    tallied = Tallied()
    for number in range(100_000):
        tallied.add(float(number))
    assert len(tallied.values) <= 500
    assert all(min(abs(known - value) for known in tallied.values) <= value * 0.06 for value in range(1, 100_000, 997))
