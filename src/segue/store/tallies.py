"""What is counted as work is done: in memory, by series and minute, until somebody writes it down.

A unit tallies (``tx.tally``) as it wakes: what it counted counts when it is committed, and costs no row then. Whoever
keeps measurements takes what has gathered every few seconds. A process that is killed loses what it had not taken:
counts are not data.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

Dimensions = tuple[tuple[str, str], ...]
"""Names and values, in the order of the names."""

Series = tuple[str, str, str, str, Dimensions, str]
"""Account, region, namespace, name, dimensions (sorted), unit."""

Tally = tuple[Series, float]

MINUTE_MS: Final = 60_000
_EXACTNESS: Final = ((3, 150), (2, 500))
"""So many digits, for the first so many values."""


@dataclass(slots=True)
class Tallied:
    """The values of one series in one minute.

    ``values`` are as exact as three digits (two, where there are many), each with how often it came.
    """

    sum: float = 0.0
    count: float = 0.0
    low: float = float("inf")
    high: float = float("-inf")
    values: dict[float, float] = field(default_factory=dict)

    def add(self, value: float) -> None:
        """One more."""
        self.sum += value
        self.count += 1
        if value < self.low:
            self.low = value
        if value > self.high:
            self.high = value
        if value not in self.values:
            value = self._known(value)
        self.values[value] = self.values.get(value, 0) + 1

    def _known(self, value: float) -> float:
        """What a value is counted as: less exact where there are many."""
        for digits, most in _EXACTNESS:
            rounded = float(f"{value:.{digits}g}")
            if rounded in self.values or len(self.values) < most:
                return rounded
        return min(self.values, key=lambda other: abs(other - value))


Cells = dict[tuple[int, Series], Tallied]
"""By the minute's begin (milliseconds since the epoch) and the series."""


class Tallies:
    """What has gathered."""

    def __init__(self) -> None:
        self._gathering: Cells = {}
        self._taken: Cells = {}

    def add(self, tallies: Iterable[Tally], now_ms: int) -> None:
        """Count what a committed unit tallied."""
        minute = now_ms - now_ms % MINUTE_MS
        for series, value in tallies:
            key = (minute, series)
            cell = self._gathering.get(key)
            if cell is None:
                cell = self._gathering[key] = Tallied()
            cell.add(value)

    def take(self) -> Cells:
        """What has gathered, to be written down; it can be seen until :meth:`written` is told. What was taken before
        and is not on disk is taken again first.
        """
        if not self._taken:
            self._taken, self._gathering = self._gathering, {}
        return self._taken

    def written(self) -> None:
        """What was taken is on disk."""
        self._taken = {}

    def seen(self) -> list[tuple[int, Series, Tallied]]:
        """All that is not on disk yet."""
        return [
            (minute, series, cell)
            for cells in (self._taken, self._gathering)
            for (minute, series), cell in cells.items()
        ]
