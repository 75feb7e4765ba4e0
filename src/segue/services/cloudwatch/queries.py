"""Queries of metric data, as ``GetMetricData`` and alarms over several metrics have them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from segue.api import Call
from segue.errors import AwsError, not_implemented
from segue.languages.metrics.expressions import Expression, compile_expression
from segue.languages.metrics.series import MathError, Scope, Series, Value
from segue.languages.metrics.statistics import compile_statistic
from segue.services.cloudwatch.get_metrics import period_of
from segue.services.cloudwatch.put_metrics import dimensions_of
from segue.services.cloudwatch.reading import points, statistics_of
from segue.services.cloudwatch.records import Metric
from segue.services.cloudwatch.service import scope_of

_MOST_WORK = 4_000_000
"""Points times characters of expressions: more would make everybody wait."""

Failure = Callable[[str], AwsError]


@dataclass(frozen=True, slots=True)
class Query:
    """One query, checked.

    Attributes:
        id, label, returned, period_ms: as given; the period is 0 where an expression has that of its metrics.
        given: the query itself.
        expression: compiled, where it is one.
    """

    id: str
    label: str
    returned: bool
    period_ms: int
    given: dict[str, Any]
    expression: Expression | None


def check(given: Sequence[dict[str, Any]], operation: str, failure: Failure) -> list[Query]:
    """The queries, checked, in an order in which each has what it speaks of before it.

    Raises:
        AwsError: one cannot be evaluated; 501 where it wants what is not here.
    """
    queries: dict[str, Query] = {}
    for one in given:
        query = _check_one(one, operation, failure)
        if query.id in queries:
            raise failure(f"The values for parameter id in MetricDataQueries are not unique: {query.id}")
        queries[query.id] = query
    ordered: dict[str, Query] = {}
    waiting = dict(queries)
    while waiting:
        ready = [query for query in waiting.values() if _needs(query, queries, failure) <= set(ordered)]
        if not ready:
            raise failure("Error in expressions: they speak of each other in a circle")
        for query in ready:
            ordered[query.id] = waiting.pop(query.id)
    return list(ordered.values())


def _needs(query: Query, queries: dict[str, Query], failure: Failure) -> set[str]:
    if query.expression is None:
        return set()
    for name in query.expression.names:
        if name not in queries:
            raise failure(f"Error in expression '{query.id}': Undefined variable name {name}")
    needed = set(query.expression.names)
    if query.expression.uses_metrics:
        needed |= {other.id for other in queries.values() if other.expression is None}
    return needed


def _check_one(one: dict[str, Any], operation: str, failure: Failure) -> Query:
    name = one["Id"]
    if not (name[:1].isascii() and name[:1].islower()):
        raise failure(f"The value {name} for parameter Id is invalid: it begins with a lowercase letter.")
    if one.get("AccountId"):
        raise not_implemented(operation, "AccountId (metrics of other accounts)")
    stat, text = one.get("MetricStat"), one.get("Expression")
    if (stat is None) == (text is None):
        raise failure(f"Either MetricStat or Expression must be specified for {name}.")
    returned = one.get("ReturnData") is not False
    if stat is not None:
        try:
            compile_statistic(stat["Stat"])
        except ValueError:
            raise failure(f"The value {stat['Stat']} for parameter Stat is not supported.") from None
        label = one.get("Label") or stat["Metric"].get("MetricName", "")
        return Query(name, label, returned, period_of(stat["Period"]), one, None)
    try:
        expression = compile_expression(str(text))
    except NotImplementedError as missing:
        raise not_implemented(operation, str(missing)) from None
    except MathError as error:
        raise failure(f"Error in expression '{name}': {error}") from None
    period_ms = period_of(one["Period"]) if one.get("Period") else 0
    return Query(name, one.get("Label") or name, returned, period_ms, one, expression)


def metric_of(call: Call, stat: dict[str, Any]) -> Metric:
    """The metric of a ``MetricStat``."""
    given = stat["Metric"]
    return Metric(scope_of(call), given.get("Namespace", ""), given.get("MetricName", ""), dimensions_of(given))


def evaluate(
    call: Call, queries: Sequence[Query], begin_ms: Callable[[int], int], end_ms: int, failure: Failure
) -> dict[str, Value]:
    """The values of all queries.

    Args:
        begin_ms: when periods of a length (in milliseconds) begin to be counted.

    Raises:
        AwsError: an expression cannot be evaluated.
    """
    values: dict[str, Value] = {}
    periods: dict[str, int] = {}
    work = 0
    for query in queries:
        period_ms = _period(query, periods)
        periods[query.id] = period_ms
        begin = begin_ms(period_ms)
        if query.expression is None:
            stat = query.given["MetricStat"]
            found = points(call, metric_of(call, stat), begin, end_ms, stat.get("Unit"))
            statistic = compile_statistic(stat["Stat"])
            values[query.id] = Series(statistics_of(found, statistic, begin, period_ms), period_ms, query.label)
            continue
        many = len(queries) if query.expression.uses_metrics else 1
        work += (end_ms - begin) // period_ms * len(query.given["Expression"]) * many
        if work > _MOST_WORK:
            raise failure("These expressions are too much work over so many periods: ask for fewer at a time.")
        metrics = tuple(other.id for other in queries if other.expression is None and other.id in values)
        scope = Scope(values, metrics, begin, end_ms, period_ms)
        try:
            values[query.id] = query.expression.evaluate(scope)
        except MathError as error:
            raise failure(f"Error in expression '{query.id}': {error}") from None
    return values


def _period(query: Query, periods: dict[str, int]) -> int:
    """A query's own period, or the longest of those it speaks of."""
    if query.period_ms:
        return query.period_ms
    names = query.expression.names if query.expression is not None else ()
    spoken = [periods[name] for name in names] or list(periods.values())
    return max(spoken, default=60_000)


def as_series(value: Value, label: str) -> list[Series]:
    """A value as series: a number is none, of an array each is one.

    Raises:
        MathError: a number.
    """
    if isinstance(value, list):
        return [series if series.label else Series(series.values, series.period_ms, label) for series in value]
    if isinstance(value, Series):
        return [Series(value.values, value.period_ms, label)]
    if math.isnan(value):
        return [Series({}, 60_000, label)]
    raise MathError("the result is a number, not a time series: TIME_SERIES() makes one of it")
