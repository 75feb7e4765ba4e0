"""Points of measurement, and what statistics make of them.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Final


@dataclass(frozen=True, slots=True)
class Point:
    """What was measured in a stretch of time.

    Attributes:
        at_ms: its begin.
        sum, count, low, high: of its values.
        values: how often each came; ``None`` where only the rest is known.
        unit: ``None`` is AWS's own word for none.
    """

    at_ms: int
    sum: float
    count: float
    low: float
    high: float
    values: Mapping[float, float] | None = None
    unit: str = "None"

    @property
    def known_values(self) -> Mapping[float, float] | None:
        """Its values, also where what is known leaves only one possibility."""
        if self.values is None and self.low == self.high:
            return {self.low: self.count}
        return self.values


def merge(points: Iterable[Point], at_ms: int) -> Point:
    """Several stretches as one. At least one point is given."""
    found = tuple(points)
    values: dict[float, float] | None = {}
    for point in found:
        known = point.known_values
        if known is None or values is None:
            values = None
            continue
        for value, times in known.items():
            values[value] = values.get(value, 0) + times
    return Point(
        at_ms,
        sum(point.sum for point in found),
        sum(point.count for point in found),
        min(point.low for point in found),
        max(point.high for point in found),
        values,
        found[0].unit,
    )


Statistic = Callable[[Point], float | None]
"""A statistic of a point; ``None`` where it cannot be known."""

SIMPLE: Final[Mapping[str, Statistic]] = {
    "SampleCount": lambda point: point.count,
    "Average": lambda point: point.sum / point.count if point.count else None,
    "Sum": lambda point: point.sum,
    "Minimum": lambda point: point.low,
    "Maximum": lambda point: point.high,
}
_NUMBER = r"\d{1,15}(?:\.\d{1,10})?"
_SHORT = re.compile(rf"(p|tm|wm|tc|ts)({_NUMBER})", re.ASCII)
_LONG = re.compile(rf"(TM|WM|TC|TS|PR)\((-?{_NUMBER}%?)?:(-?{_NUMBER}%?)?\)", re.ASCII)


@lru_cache(maxsize=1024)
def compile_statistic(text: str) -> Statistic:
    """The statistic that a text names: ``Sum``, ``p99``, ``tm90``, ``TM(10%:90%)``, ``PR(100:2000)``, ``IQM``.

    Raises:
        ValueError: it names none.
    """
    if text in SIMPLE:
        return SIMPLE[text]
    if text == "IQM":
        return partial(_of_range, "tm", (25.0, True), (75.0, True))
    short = _SHORT.fullmatch(text)
    if short is not None and float(short[2]) <= 100:
        share = float(short[2])
        return partial(_percentile, share) if short[1] == "p" else partial(_of_range, short[1], None, (share, True))
    long = _LONG.fullmatch(text)
    if long is not None and (long[2] or long[3]):
        low, high = _bound(long[2]), _bound(long[3])
        shares = [bound for bound, is_share in filter(None, (low, high)) if is_share]
        mixed = low is not None and high is not None and low[1] != high[1]
        if not mixed and not (long[1] == "PR" and shares) and all(0 <= share <= 100 for share in shares):
            return partial(_of_range, long[1].lower(), low, high)
    raise ValueError(f"{text!r} is no statistic")


_Bound = tuple[float, bool]
"""A value, and whether it is a share of the values, in percent."""


def _bound(text: str | None) -> _Bound | None:
    return None if text is None else (float(text.rstrip("%")), text.endswith("%"))


def _percentile(share: float, point: Point) -> float | None:
    values = point.known_values
    if not values or point.count <= 0:
        return None
    return _at_share(sorted(values.items()), share)


def _at_share(ordered: list[tuple[float, float]], share: float) -> float:
    """The least value that so many percent of the values do not exceed."""
    wanted, seen = share / 100 * sum(times for _, times in ordered), 0.0
    for value, times in ordered:
        seen += times
        if seen >= wanted * (1 - 1e-12):
            return value
    return ordered[-1][0]


def _of_range(kind: str, low: _Bound | None, high: _Bound | None, point: Point) -> float | None:
    values = point.known_values
    if not values or point.count <= 0:
        return None
    ordered = sorted(values.items())
    total = sum(times for _, times in ordered)
    kept = _by_share(ordered, total, low, high) if _is_share(low, high) else _by_value(ordered, low, high)
    count, amount = sum(times for _, times in kept), sum(value * times for value, times in kept)
    if kind == "tc":
        return count
    if kind == "ts":
        return amount
    if kind == "pr":
        return 100 * count / total
    if kind == "wm":  # what lies outside counts as what lies at the edge
        if not kept:
            return None
        below = sum(times for value, times in ordered if value < kept[0][0])
        return (amount + kept[0][0] * below + kept[-1][0] * (total - count - below)) / total
    return amount / count if count else None


def _is_share(low: _Bound | None, high: _Bound | None) -> bool:
    return any(bound is not None and bound[1] for bound in (low, high))


def _by_value(ordered: list[tuple[float, float]], low: _Bound | None, high: _Bound | None) -> list[tuple[float, float]]:
    return [
        (value, times)
        for value, times in ordered
        if (low is None or value > low[0]) and (high is None or value <= high[0])
    ]


def _by_share(
    ordered: list[tuple[float, float]], total: float, low: _Bound | None, high: _Bound | None
) -> list[tuple[float, float]]:
    begin = total * (low[0] if low else 0) / 100
    end = total * (high[0] if high else 100) / 100
    kept, seen = [], 0.0
    for value, times in ordered:
        inside = min(seen + times, end) - max(seen, begin)
        if inside > 1e-9:
            kept.append((value, inside))
        seen += times
    return kept
