"""What was measured, asked metric by metric."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from segue.api import Call
from segue.api.paginate import decode_token, encode_token
from segue.errors import not_implemented
from segue.languages.metrics.statistics import SIMPLE, compile_statistic
from segue.services.cloudwatch import records
from segue.services.cloudwatch.put_metrics import dimensions_of
from segue.services.cloudwatch.reading import in_periods, known_metrics, points
from segue.services.cloudwatch.records import Metric
from segue.services.cloudwatch.service import SERVICE, contradictory, invalid, scope_of
from segue.store.tallies import MINUTE_MS

_MOST_DATAPOINTS = 1_440
_PAGE = 500
_ACTIVE_MS = 3 * 3_600_000
_LISTED_MS = 14 * 86_400_000
_MOST_ROWS = 100_000
_DAY_MS = 86_400_000


@SERVICE.operation("GetMetricStatistics", reads=True)
def get_metric_statistics(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Statistics of one metric, period by period."""
    names = [*(params.get("Statistics") or ()), *(params.get("ExtendedStatistics") or ())]
    if not names:
        raise contradictory("At least one of the parameters Statistics and ExtendedStatistics must be specified.")
    if params.get("Statistics") and params.get("ExtendedStatistics"):
        raise contradictory("The parameters Statistics and ExtendedStatistics cannot be specified together.")
    statistics = {name: statistic(name, "ExtendedStatistics") for name in names}
    period_ms = period_of(params["Period"])
    begin_ms, end_ms = stretch(call, params, period_ms)
    wanted = -(-(end_ms - begin_ms) // period_ms)
    if wanted > _MOST_DATAPOINTS:
        raise contradictory(
            f"You have requested up to {wanted:,} datapoints, which exceeds the limit of {_MOST_DATAPOINTS:,}. You may "
            "reduce the datapoints requested by increasing Period, or decreasing the time range."
        )
    metric = Metric(scope_of(call), params["Namespace"], params["MetricName"], dimensions_of(params))
    found = sorted(points(call, metric, begin_ms, end_ms, params.get("Unit")), key=lambda point: point.unit)
    datapoints = []
    for unit, group in groupby(found, key=lambda point: point.unit):
        for point in in_periods(group, begin_ms, period_ms):
            values = {name: statistics[name](point) for name in names}
            datapoints.append({"Timestamp": point.at_ms, "Unit": unit, **_told(values)})
    return {"Label": params["MetricName"], "Datapoints": datapoints}


def _told(values: dict[str, float | None]) -> dict[str, Any]:
    simple = {name: value for name, value in values.items() if name in SIMPLE}
    others = {name: value for name, value in values.items() if name not in SIMPLE and value is not None}
    return {**simple, **({"ExtendedStatistics": others} if others else {})}


def statistic(name: str, parameter: str) -> Any:
    """The statistic of that name.

    Raises:
        AwsError: it names none.
    """
    try:
        return compile_statistic(name)
    except ValueError:
        raise invalid(f"The value {name} for parameter {parameter} is not supported.") from None


def period_of(seconds: int) -> int:
    """A period in milliseconds.

    Raises:
        AwsError: it is none that points can be put into.
    """
    if seconds not in (1, 5, 10, 20, 30) and (seconds < 60 or seconds % 60):
        raise invalid("The parameter Period must be 1, 5, 10, 20, 30, or a multiple of 60.")
    if seconds > 365 * 86_400:
        raise invalid("The parameter Period must not be longer than a year.")
    return seconds * 1000


def stretch(call: Call, params: dict[str, Any], period_ms: int) -> tuple[int, int]:
    """The stretch of time that is asked for; its begin is rounded down, the more the older it is.

    Raises:
        AwsError: it ends before it begins.
    """
    begin_ms, end_ms = params["StartTime"], params["EndTime"]
    if begin_ms >= end_ms:
        raise invalid("The parameter StartTime must be less than the parameter EndTime.")
    age_ms = call.now_ms - begin_ms
    grid_ms = 60 * MINUTE_MS if age_ms > 63 * _DAY_MS else 5 * MINUTE_MS if age_ms > 15 * _DAY_MS else MINUTE_MS
    grid_ms = min(grid_ms, period_ms) if period_ms < MINUTE_MS else grid_ms
    return begin_ms - begin_ms % grid_ms, end_ms


@SERVICE.operation("ListMetrics", reads=True)
def list_metrics(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """The series of the last two weeks (of three hours: ``RecentlyActive``), and what can be looked at now."""
    if params.get("IncludeLinkedAccounts") or params.get("OwningAccount", call.account) != call.account:
        raise not_implemented("cloudwatch:ListMetrics", "Linked accounts")
    since_ms = call.now_ms - (_ACTIVE_MS if params.get("RecentlyActive") else _LISTED_MS)
    after = ("", "", "")
    if params.get("NextToken"):
        given = decode_token(params["NextToken"], "InvalidNextToken", "The token is invalid.", (str, str, str))
        after = (given[0], given[1], given[2])
    wanted = [(one["Name"], one.get("Value")) for one in params.get("Dimensions") or ()]
    rows = records.list_series(call.tx, scope_of(call), after, since_ms, _MOST_ROWS)
    found = sorted({*rows, *known_metrics(call, since_ms)}, key=_place)
    kept = [metric for metric in found if _place(metric) > after and _fits(metric, params, wanted)]
    answer: dict[str, Any] = {"Metrics": [_view(metric) for metric in kept[:_PAGE]]}
    if len(kept) > _PAGE:
        answer["NextToken"] = encode_token(*_place(kept[_PAGE - 1]))
    return answer


def _place(metric: Metric) -> tuple[str, str, str]:
    return metric.namespace, metric.name, records.dimensions_text(metric.dimensions)


def _fits(metric: Metric, params: dict[str, Any], wanted: list[tuple[str, str | None]]) -> bool:
    if params.get("Namespace") not in (None, metric.namespace) or params.get("MetricName") not in (None, metric.name):
        return False
    own = dict(metric.dimensions)
    return all(name in own and value in (None, own[name]) for name, value in wanted)


def _view(metric: Metric) -> dict[str, Any]:
    dimensions = [{"Name": name, "Value": value} for name, value in metric.dimensions]
    return {"Namespace": metric.namespace, "MetricName": metric.name, "Dimensions": dimensions}
