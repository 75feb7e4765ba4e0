"""What is known of a series: its rows, what was counted and is not on disk yet, and what can be looked at."""

from __future__ import annotations

from collections.abc import Iterable

from segue.api import Call
from segue.languages.metrics.statistics import Point, Statistic, merge
from segue.services.cloudwatch import records
from segue.services.cloudwatch.records import Metric
from segue.services.cloudwatch.service import scope_of
from segue.store.tallies import MINUTE_MS


def points(call: Call, metric: Metric, begin_ms: int, end_ms: int, unit: str | None = None) -> list[Point]:
    """The points of a stretch of time. A gauge has one for the present minute, and where alarms looked at it."""
    found = records.points_of(call.tx, metric, begin_ms, end_ms, unit)
    for minute, series, cell in call.api.tallies.seen():
        account, region, namespace, name, dimensions, its_unit = series
        wanted = begin_ms <= minute < end_ms and (unit is None or its_unit == unit)
        if wanted and Metric(f"{account}/{region}", namespace, name, dimensions) == metric:
            values = dict(cell.values)
            found.append(Point(minute, cell.sum, cell.count, cell.low, cell.high, values, its_unit))
    now_ms = call.now_ms - call.now_ms % MINUTE_MS
    if begin_ms <= now_ms < end_ms and (metric.namespace, metric.name) in call.api.gauges:
        looked = look(call, metric, now_ms)
        if looked is not None and (unit is None or looked.unit == unit):
            found = [point for point in found if point.at_ms != now_ms] + [looked]
    return found


def look(call: Call, metric: Metric, at_ms: int) -> Point | None:
    """What a gauge says now; ``None`` where it is none, or has nothing to say."""
    gauge = call.api.gauges.get((metric.namespace, metric.name))
    value = gauge.read(call, dict(metric.dimensions)) if gauge is not None else None
    if gauge is None or value is None:
        return None
    return Point(at_ms, value, 1, value, value, {value: 1}, gauge.unit)


def sample(call: Call, metric: Metric, at_ms: int) -> None:
    """Keep what a gauge says now as the value of the minute that begins at ``at_ms``."""
    looked = look(call, metric, at_ms)
    if looked is not None:
        records.put_point(call.tx, records.series_id(call.tx, metric, at_ms), MINUTE_MS, looked)


def in_periods(found: Iterable[Point], begin_ms: int, period_ms: int) -> list[Point]:
    """Points as one a period; periods are counted from ``begin_ms``."""
    groups: dict[int, list[Point]] = {}
    for point in found:
        groups.setdefault((point.at_ms - begin_ms) // period_ms, []).append(point)
    return [merge(group, begin_ms + number * period_ms) for number, group in sorted(groups.items())]


def statistics_of(found: Iterable[Point], statistic: Statistic, begin_ms: int, period_ms: int) -> dict[int, float]:
    """A statistic of each period, by its begin."""
    given = ((point.at_ms, statistic(point)) for point in in_periods(found, begin_ms, period_ms))
    return {at_ms: float(value) for at_ms, value in given if value is not None}


def known_metrics(call: Call, since_ms: int) -> list[Metric]:
    """The series of the caller's account and region that are not in rows: counted lately, or looked at."""
    scope, found = scope_of(call), set()
    for minute, series, _ in call.api.tallies.seen():
        if f"{series[0]}/{series[1]}" == scope and minute >= since_ms:
            found.add(Metric(scope, series[2], series[3], series[4]))
    for (namespace, name), gauge in call.api.gauges.items():
        for dimensions in gauge.resources(call):
            found.add(Metric(scope, namespace, name, tuple(sorted(dimensions.items()))))
    return sorted(found)
