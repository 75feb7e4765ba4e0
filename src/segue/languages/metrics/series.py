"""The values of metric math: numbers, time series, and arrays of series."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Series:
    """Values by the begin of their period; what is missing is not there.

    Attributes:
        period_ms: the length of a period.
        label: for people.
    """

    values: Mapping[int, float]
    period_ms: int
    label: str = ""

    def of(self, values: Mapping[int, float]) -> Series:
        """The same series with other values; those that are no numbers are left out."""
        kept = {at_ms: value for at_ms, value in values.items() if math.isfinite(value)}
        return Series(kept, self.period_ms, self.label)


Array = list[Series]
Value = float | Series | Array


@dataclass(frozen=True, slots=True)
class Scope:
    """What an expression is evaluated with.

    Attributes:
        named: the values of ids.
        metrics: the ids of metrics (not of expressions), for ``METRICS()``.
        begin_ms, end_ms, period_ms: the stretch of time; periods are counted from its begin.
    """

    named: Mapping[str, Value]
    metrics: tuple[str, ...]
    begin_ms: int
    end_ms: int
    period_ms: int

    def times(self) -> range:
        """The begins of all periods."""
        return range(self.begin_ms, self.end_ms, self.period_ms)


class MathError(ValueError):
    """An expression that cannot be compiled or evaluated, in words."""


def each(function: Callable[[float], float], value: Value) -> Value:
    """A function of every value; where it has no result, there is none."""
    if isinstance(value, list):
        return [_each_of(function, series) for series in value]
    if isinstance(value, Series):
        return _each_of(function, value)
    return _applied(function, value)


def _each_of(function: Callable[[float], float], series: Series) -> Series:
    return series.of({at_ms: _applied(function, value) for at_ms, value in series.values.items()})


def both(function: Callable[[float, float], float], left: Value, right: Value) -> Value:
    """A function of two operands, value by value; series meet where both have one.

    Raises:
        MathError: both are arrays.
    """
    if isinstance(left, list):
        if isinstance(right, list):
            raise MathError("an operator takes one array at most")
        return [_one(both(function, series, right)) for series in left]
    if isinstance(right, list):
        return [_one(both(function, left, series)) for series in right]
    if isinstance(left, Series):
        if isinstance(right, Series):
            shared = {at: (value, right.values[at]) for at, value in left.values.items() if at in right.values}
            return left.of({at: _applied(function, *pair) for at, pair in shared.items()})
        number = right
        return left.of({at: _applied(function, value, number) for at, value in left.values.items()})
    if isinstance(right, Series):
        given = left
        return right.of({at: _applied(function, given, value) for at, value in right.values.items()})
    return _applied(function, left, right)


def _one(value: Value) -> Series:
    assert isinstance(value, Series)
    return value


def _applied(function: Callable[..., float], *values: float) -> float:
    try:
        result = function(*values)
    except (ArithmeticError, ValueError):
        return math.nan
    return float(result) if not isinstance(result, complex) else math.nan
