"""Whether an alarm's datapoints make it go off: M out of N, and what is missing.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
(its tables are the tests of this module).
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

MORE_PERIODS: Final = 2
"""How many periods before the evaluated ones are looked at, for points in place of missing ones."""

COMPARISONS: Final[Mapping[str, tuple[Callable[[float, float], bool], str]]] = {
    "GreaterThanOrEqualToThreshold": (operator.ge, "greater than or equal to"),
    "GreaterThanThreshold": (operator.gt, "greater than"),
    "LessThanThreshold": (operator.lt, "less than"),
    "LessThanOrEqualToThreshold": (operator.le, "less than or equal to"),
}


@dataclass(frozen=True, slots=True)
class Condition:
    """When an alarm goes off.

    Attributes:
        threshold, comparison: ``comparison`` is a key of :data:`COMPARISONS`.
        periods: how many datapoints are evaluated (N).
        datapoints: how many of them must breach (M).
        missing: ``missing``, ``ignore``, ``breaching`` or ``notBreaching``.
    """

    threshold: float
    comparison: str
    periods: int = 1
    datapoints: int = 1
    missing: str = "missing"

    def breaches(self, value: float) -> bool:
        """Whether a datapoint does."""
        return COMPARISONS[self.comparison][0](value, self.threshold)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What comes of it.

    Attributes:
        state: ``OK``, ``ALARM``, ``INSUFFICIENT_DATA``, or empty: it stays as it is.
        used: the places (in what was judged) of the datapoints that were looked at, newest last.
        filled: how many missing ones were counted as the condition treats them.
    """

    state: str
    used: tuple[int, ...] = ()
    filled: int = 0


def judge(condition: Condition, values: Sequence[float | None]) -> Verdict:
    """Judge the datapoints of ``periods + MORE_PERIODS`` periods, oldest first; ``None`` is missing."""
    there = [place for place, value in enumerate(values) if value is not None]
    if len(there) >= condition.periods:
        used = tuple(there[len(there) - condition.periods :])
        return Verdict("ALARM" if _breaching(condition, values, used) >= condition.datapoints else "OK", used)
    used, filled = tuple(there), condition.periods - len(there)
    breaching = _breaching(condition, values, used)
    if breaching >= condition.datapoints:
        return Verdict("ALARM", used, filled)
    if condition.missing == "breaching":
        return Verdict("ALARM" if breaching + filled >= condition.datapoints else "OK", used, filled)
    if condition.missing == "notBreaching":
        return Verdict("OK", used, filled)
    if not there:
        return Verdict("" if condition.missing == "ignore" else "INSUFFICIENT_DATA", used, filled)
    if breaching < len(used):
        return Verdict("OK", used, filled)
    if condition.missing == "ignore":
        return Verdict("", used, filled)
    # all there is breaches: an alarm once the oldest of it is as old as so many periods
    is_old = len(values) - there[0] >= condition.datapoints
    return Verdict("ALARM" if is_old else "", used, filled)


def _breaching(condition: Condition, values: Sequence[float | None], used: Sequence[int]) -> int:
    given = (values[place] for place in used)
    return sum(1 for value in given if value is not None and condition.breaches(value))
