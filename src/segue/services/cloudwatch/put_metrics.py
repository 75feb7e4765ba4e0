"""Measurements come in."""

from __future__ import annotations

import math
from typing import Any

from segue.api import Call
from segue.errors import not_implemented
from segue.languages.metrics.statistics import Point, merge
from segue.services.cloudwatch import records
from segue.services.cloudwatch.records import Metric
from segue.services.cloudwatch.service import SERVICE, contradictory, invalid, scope_of
from segue.store.tallies import MINUTE_MS, Dimensions

_LARGEST = 2.0**360
_SMALLEST = 2.0**-360
_WEEKS_MS = 14 * 86_400_000
_HOURS_MS = 2 * 3_600_000


@SERVICE.operation("PutMetricData")
def put_metric_data(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Keep what was measured: values, values with counts, or statistics of values."""
    namespace = params["Namespace"]
    if namespace.startswith("AWS/"):
        raise invalid("The value AWS/ for parameter Namespace is invalid: names that begin so are AWS's own.")
    if params.get("EntityMetricData"):
        raise not_implemented("cloudwatch:PutMetricData", "EntityMetricData")
    points = [_point(call, datum, number) for number, datum in enumerate(params.get("MetricData", ()), 1)]
    for datum, point in zip(params.get("MetricData", ()), points, strict=True):
        put(call, namespace, datum["MetricName"], dimensions_of(datum), point, datum.get("StorageResolution", 60))
    return {}


@SERVICE.internal("PutLogMetrics", action=None)
def put_log_metrics(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """What CloudWatch Logs found in log events: by metric filters, or in the embedded metric format. ``Metrics`` are
    as those of ``PutMetricData``, each with its ``Namespace``; what is no measurement is left out.
    """
    for number, datum in enumerate(params["Metrics"], 1):
        point = _point(call, datum, number)
        put(
            call,
            datum["Namespace"],
            datum["MetricName"],
            dimensions_of(datum),
            point,
            datum.get("StorageResolution", 60),
        )
    return {}


def put(call: Call, namespace: str, name: str, dimensions: Dimensions, point: Point, resolution_seconds: int) -> None:
    """Keep one point."""
    series = records.series_id(call.tx, Metric(scope_of(call), namespace, name, dimensions), point.at_ms)
    records.add_point(call.tx, series, 1_000 if resolution_seconds == 1 else MINUTE_MS, point)


def dimensions_of(given: dict[str, Any]) -> Dimensions:
    """A request's dimensions, in their order.

    Raises:
        AwsError: one is given twice.
    """
    pairs = sorted((one["Name"], one["Value"]) for one in given.get("Dimensions") or ())
    if len({name for name, _ in pairs}) != len(pairs):
        raise invalid("The dimensions of a metric have different names.")
    return tuple(pairs)


def _point(call: Call, datum: dict[str, Any], number: int) -> Point:
    """What a datum says."""
    place, unit = f"MetricData.member.{number}", datum.get("Unit") or "None"
    at_ms = datum.get("Timestamp", call.now_ms)
    if not call.now_ms - _WEEKS_MS <= at_ms <= call.now_ms + _HOURS_MS:
        raise invalid(
            f"The parameter {place}.Timestamp must specify a time no more than two weeks in the past and no more than "
            "two hours in the future."
        )
    if datum.get("StorageResolution", 60) not in (1, 60):
        raise invalid(f"The parameter {place}.StorageResolution must be 1 or 60.")
    forms = [form for form in ("Value", "Values", "StatisticValues") if datum.get(form) is not None]
    if len(forms) != 1:
        raise contradictory(
            f"The parameters {place}.Value, {place}.Values and {place}.StatisticValues are mutually exclusive and you "
            "have specified more than one."
            if forms
            else f"At least one of the parameters must be specified: {place}.Value, {place}.Values, "
            f"{place}.StatisticValues."
        )
    if forms[0] == "StatisticValues":
        given = datum["StatisticValues"]
        for member in ("Sum", "Minimum", "Maximum", "SampleCount"):
            _check(given[member], f"{place}.StatisticValues.{member}")
        if given["SampleCount"] <= 0 or given["Minimum"] > given["Maximum"]:
            raise invalid(f"The value of {place}.StatisticValues is not of any values.")
        return Point(at_ms, given["Sum"], given["SampleCount"], given["Minimum"], given["Maximum"], None, unit)
    values = datum["Values"] if forms[0] == "Values" else [datum["Value"]]
    counts = datum.get("Counts") if forms[0] == "Values" else None
    counts = counts if counts is not None else [1.0] * len(values)
    if not values or len(values) > 150 or len(counts) != len(values):
        raise invalid(f"The parameters {place}.Values and {place}.Counts must have the same size, from 1 to 150.")
    for value, times in zip(values, counts, strict=True):
        _check(value, f"{place}.Value")
        _check(times, f"{place}.Counts")
        if times <= 0:
            raise invalid(f"The values of {place}.Counts must be greater than 0.")
    return merge(
        [
            Point(at_ms, value * times, times, value, value, {float(value): times}, unit)
            for value, times in zip(values, counts, strict=True)
        ],
        at_ms,
    )


def _check(value: float, name: str) -> None:
    if not math.isfinite(value):
        raise invalid(f"The value {value} for parameter {name} is invalid.")
    if abs(value) > _LARGEST or 0 < abs(value) < _SMALLEST:
        raise invalid(f"The value for parameter {name} is out of the range of -2^360 to 2^360.")
