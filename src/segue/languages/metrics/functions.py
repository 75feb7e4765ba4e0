"""The functions of metric math.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

from __future__ import annotations

import math
import statistics
from bisect import bisect
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from itertools import pairwise
from typing import Final

from segue.languages.metrics.series import Array, MathError, Scope, Series, Value, both, each

Argument = Value | str
Function = Callable[[Scope, Sequence[Argument]], Value]

MISSING: Final = frozenset(
    ("SEARCH", "ANOMALY_DETECTION_BAND", "INSIGHT_RULE_METRIC", "SERVICE_QUOTA", "DB_PERF_INSIGHTS", "LAMBDA", "EMF")
)
"""What AWS has and we do not."""


def _count(name: str, given: Sequence[Argument], least: int, most: int) -> None:
    if not least <= len(given) <= most:
        raise MathError(f"{name} takes {least}{'' if least == most else f' to {most}'} arguments, not {len(given)}")


def _value(name: str, given: Argument) -> Value:
    if isinstance(given, str):
        raise MathError(f"{name} takes no text")
    return given


def _series(name: str, given: Argument) -> Series:
    if not isinstance(given, Series):
        raise MathError(f"{name} takes a time series")
    return given


def _array(name: str, given: Argument) -> Array:
    if isinstance(given, Series):
        return [given]
    if not isinstance(given, list):
        raise MathError(f"{name} takes an array of time series")
    return given


def _number(name: str, given: Argument) -> float:
    if not isinstance(given, (int, float)):
        raise MathError(f"{name} takes a number")
    return float(given)


def _mapping(name: str, function: Callable[[float], float]) -> Function:
    def call(_scope: Scope, given: Sequence[Argument]) -> Value:
        _count(name, given, 1, 1)
        return each(function, _value(name, given[0]))

    return call


def _gathering(name: str, function: Callable[[list[float]], float]) -> Function:
    """Of a series one number; of an array a series, period by period."""

    def call(_scope: Scope, given: Sequence[Argument]) -> Value:
        _count(name, given, 1, 1)
        value = _value(name, given[0])
        if isinstance(value, Series):
            return function(list(value.values.values())) if value.values else math.nan
        if not isinstance(value, list):
            return function([value])
        if not value:
            return []
        times = sorted({at_ms for series in value for at_ms in series.values})
        gathered = {at: [series.values[at] for series in value if at in series.values] for at in times}
        return value[0].of({at: function(found) for at, found in gathered.items()})

    return call


def _changing(name: str, function: Callable[[Series], Mapping[int, float]]) -> Function:
    """Of each series another one."""

    def call(_scope: Scope, given: Sequence[Argument]) -> Value:
        _count(name, given, 1, 1)
        value = given[0]
        if isinstance(value, list):
            return [series.of(function(series)) for series in value]
        series = _series(name, value)
        return series.of(function(series))

    return call


def _steps(series: Series) -> list[tuple[int, float, int, float]]:
    """Each point with the one before it."""
    points = sorted(series.values.items())
    return [(*after, *before) for before, after in pairwise(points)]


def _diff(series: Series) -> dict[int, float]:
    return {at: value - before for at, value, _, before in _steps(series)}


def _diff_time(series: Series) -> dict[int, float]:
    return {at: (at - then) / 1000 for at, _, then, _ in _steps(series)}


def _rate(series: Series) -> dict[int, float]:
    return {at: (value - before) / ((at - then) / 1000) for at, value, then, before in _steps(series)}


def _running_sum(series: Series) -> dict[int, float]:
    total, sums = 0.0, {}
    for at, value in sorted(series.values.items()):
        total += value
        sums[at] = total
    return sums


def _clock(part: Callable[[datetime], float]) -> Callable[[Series], dict[int, float]]:
    return lambda series: {at: part(datetime.fromtimestamp(at / 1000, UTC)) for at in series.values}


def _fill(scope: Scope, given: Sequence[Argument]) -> Value:
    _count("FILL", given, 2, 2)
    value = given[0]
    if isinstance(value, list):
        return [_filled(scope, series, given[1]) for series in value]
    return _filled(scope, _series("FILL", value), given[1])


def _filled(scope: Scope, series: Series, filler: Argument) -> Series:
    values = dict(series.values)
    absent = [at for at in scope.times() if at not in values]
    if isinstance(filler, Series):
        values |= {at: filler.values[at] for at in absent if at in filler.values}
    elif isinstance(filler, str):
        values |= _guessed(series, absent, filler)
    else:
        values |= dict.fromkeys(absent, _number("FILL", filler))
    return series.of(dict(sorted(values.items())))


def _guessed(series: Series, absent: Sequence[int], how: str) -> dict[int, float]:
    """What is missing, as the points beside it suggest."""
    if how not in ("REPEAT", "LINEAR"):
        raise MathError("FILL takes a number, a time series, REPEAT or LINEAR")
    known, found = sorted(series.values), {}
    for at in absent:
        place = bisect(known, at)
        if place == 0 or (how == "LINEAR" and place == len(known)):
            continue
        before = known[place - 1]
        low = found[at] = series.values[before]
        if how == "LINEAR":
            after = known[place]
            found[at] = low + (series.values[after] - low) * (at - before) / (after - before)
    return found


def _if(scope: Scope, given: Sequence[Argument]) -> Value:
    _count("IF", given, 2, 3)
    condition, yes = _value("IF", given[0]), _value("IF", given[1])
    no = _value("IF", given[2]) if len(given) == 3 else None
    if isinstance(condition, list) or isinstance(yes, list) or isinstance(no, list):
        raise MathError("IF takes no arrays")
    if not isinstance(condition, Series):
        chosen = yes if condition else no
        return math.nan if chosen is None else chosen
    times = set(condition.values) | (set(yes.values) if isinstance(yes, Series) else set())
    values = {}
    for at in sorted(times):
        if at not in condition.values:
            continue
        branch = yes if condition.values[at] else no
        found = branch.values.get(at) if isinstance(branch, Series) else branch
        if found is not None:
            values[at] = found
    return condition.of(values)


def _metrics(scope: Scope, given: Sequence[Argument]) -> Value:
    _count("METRICS", given, 0, 1)
    part = given[0] if given else ""
    if not isinstance(part, str):
        raise MathError("METRICS takes a text")
    found = (scope.named[name] for name in scope.metrics if part in name)
    return [series for series in found if isinstance(series, Series)]


def _time_series(scope: Scope, given: Sequence[Argument]) -> Value:
    _count("TIME_SERIES", given, 1, 1)
    number = _number("TIME_SERIES", given[0])
    return Series(dict.fromkeys(scope.times(), number), scope.period_ms)


def _period(_scope: Scope, given: Sequence[Argument]) -> Value:
    _count("PERIOD", given, 1, 1)
    return _series("PERIOD", given[0]).period_ms / 1000


def _datapoint_count(_scope: Scope, given: Sequence[Argument]) -> Value:
    _count("DATAPOINT_COUNT", given, 1, 1)
    if isinstance(given[0], Series):
        return float(len(given[0].values))
    return _gathering("DATAPOINT_COUNT", lambda found: float(len(found)))(_scope, given)


def _metric_count(_scope: Scope, given: Sequence[Argument]) -> Value:
    _count("METRIC_COUNT", given, 1, 1)
    return float(len(_array("METRIC_COUNT", given[0])))


def _remove_empty(_scope: Scope, given: Sequence[Argument]) -> Value:
    _count("REMOVE_EMPTY", given, 1, 1)
    return [series for series in _array("REMOVE_EMPTY", given[0]) if series.values]


def _picked(name: str, place: int) -> Function:
    def call(_scope: Scope, given: Sequence[Argument]) -> Value:
        _count(name, given, 1, 1)
        array = _array(name, given[0])
        if not array:
            raise MathError(f"{name} takes an array that is not empty")
        return array[place]

    return call


def _slice(_scope: Scope, given: Sequence[Argument]) -> Value:
    _count("SLICE", given, 2, 3)
    bounds = [int(_number("SLICE", item)) for item in given[1:]]
    return _array("SLICE", given[0])[slice(*bounds) if len(bounds) == 2 else slice(bounds[0], None)]


_ORDERS: Final[Mapping[str, Callable[[Sequence[float]], float]]] = {
    "AVG": statistics.fmean,
    "MIN": min,
    "MAX": max,
    "SUM": sum,
}


def _sort(_scope: Scope, given: Sequence[Argument]) -> Value:
    _count("SORT", given, 3, 4)
    order, direction = given[1], given[2]
    if not isinstance(order, str) or order not in _ORDERS or direction not in ("ASC", "DESC"):
        raise MathError("SORT takes an array, one of AVG, MIN, MAX and SUM, ASC or DESC, and perhaps how many")

    def key(series: Series) -> float:
        return _ORDERS[str(order)](list(series.values.values())) if series.values else -math.inf

    found = sorted(_array("SORT", given[0]), key=key, reverse=direction == "DESC")
    return found[: int(_number("SORT", given[3]))] if len(given) == 4 else found


def _stddev(values: list[float]) -> float:
    return statistics.pstdev(values)


FUNCTIONS: Final[Mapping[str, Function]] = {
    "ABS": _mapping("ABS", abs),
    "AVG": _gathering("AVG", statistics.fmean),
    "CEIL": _mapping("CEIL", lambda value: float(math.ceil(value))),
    "DATAPOINT_COUNT": _datapoint_count,
    "DATE": _changing("DATE", _clock(lambda time: time.day)),
    "DAY": _changing("DAY", _clock(lambda time: time.isoweekday())),
    "DIFF": _changing("DIFF", _diff),
    "DIFF_TIME": _changing("DIFF_TIME", _diff_time),
    "EPOCH": _changing("EPOCH", lambda series: {at: at / 1000 for at in series.values}),
    "FILL": _fill,
    "FIRST": _picked("FIRST", 0),
    "FLOOR": _mapping("FLOOR", lambda value: float(math.floor(value))),
    "HOUR": _changing("HOUR", _clock(lambda time: time.hour)),
    "IF": _if,
    "LAST": _picked("LAST", -1),
    "LOG": _mapping("LOG", math.log),
    "LOG10": _mapping("LOG10", math.log10),
    "MAX": _gathering("MAX", max),
    "METRICS": _metrics,
    "METRIC_COUNT": _metric_count,
    "MIN": _gathering("MIN", min),
    "MINUTE": _changing("MINUTE", _clock(lambda time: time.minute)),
    "MONTH": _changing("MONTH", _clock(lambda time: time.month)),
    "PERIOD": _period,
    "RATE": _changing("RATE", _rate),
    "REMOVE_EMPTY": _remove_empty,
    "RUNNING_SUM": _changing("RUNNING_SUM", _running_sum),
    "SLICE": _slice,
    "SORT": _sort,
    "STDDEV": _gathering("STDDEV", _stddev),
    "SUM": _gathering("SUM", math.fsum),
    "TIME_SERIES": _time_series,
    "YEAR": _changing("YEAR", _clock(lambda time: time.year)),
}


def _truth(function: Callable[[float, float], bool]) -> Callable[[float, float], float]:
    return lambda left, right: float(function(left, right))


OPERATORS: Final[Mapping[str, Callable[[Value, Value], Value]]] = {
    "+": partial(both, lambda left, right: left + right),
    "-": partial(both, lambda left, right: left - right),
    "*": partial(both, lambda left, right: left * right),
    "/": partial(both, lambda left, right: left / right),
    "^": partial(both, lambda left, right: left**right),
    "==": partial(both, _truth(lambda left, right: left == right)),
    "!=": partial(both, _truth(lambda left, right: left != right)),
    "<": partial(both, _truth(lambda left, right: left < right)),
    "<=": partial(both, _truth(lambda left, right: left <= right)),
    ">": partial(both, _truth(lambda left, right: left > right)),
    ">=": partial(both, _truth(lambda left, right: left >= right)),
    "AND": partial(both, _truth(lambda left, right: bool(left and right))),
    "OR": partial(both, _truth(lambda left, right: bool(left or right))),
}
