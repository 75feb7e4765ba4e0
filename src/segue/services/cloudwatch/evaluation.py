"""Alarms look at their metrics: every minute, or every ten seconds where the period is shorter.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html. The periods that are
looked at end when the alarm looks. Gauges (the depth of a queue) are sampled then, for the minute that ends.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from segue.api import Call
from segue.api.caller import service_caller
from segue.arn import parse_arn
from segue.errors import AwsError
from segue.jobs import Again, Job
from segue.languages.metrics.judging import COMPARISONS, MORE_PERIODS, Condition, Verdict, judge
from segue.languages.metrics.series import MathError
from segue.services.cloudwatch import alarm_records, reading
from segue.services.cloudwatch.alarm_checks import period_of_queries
from segue.services.cloudwatch.alarm_records import Alarm
from segue.services.cloudwatch.queries import Query, as_series, check, evaluate, metric_of
from segue.services.cloudwatch.service import PRINCIPAL, SERVICE, iso, wrong
from segue.services.cloudwatch.states import change_state
from segue.store.tallies import MINUTE_MS

_SHORT_MS = 10_000


def queries_of(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The queries of an alarm's configuration; of one metric its own."""
    if document.get("Metrics"):
        return list(document["Metrics"])
    metric = {
        "Namespace": document["Namespace"],
        "MetricName": document["MetricName"],
        "Dimensions": document.get("Dimensions", []),
    }
    stat = {
        "Metric": metric,
        "Period": document["Period"],
        "Stat": document.get("Statistic") or document["ExtendedStatistic"],
    }
    if document.get("Unit"):
        stat["Unit"] = document["Unit"]
    return [{"Id": "m1", "MetricStat": stat, "ReturnData": True}]


def condition_of(document: Mapping[str, Any]) -> Condition:
    """When the alarm goes off."""
    periods = document["EvaluationPeriods"]
    return Condition(
        document["Threshold"],
        document["ComparisonOperator"],
        periods,
        document.get("DatapointsToAlarm", periods),
        document.get("TreatMissingData", "missing"),
    )


def next_look_ms(document: Mapping[str, Any], now_ms: int) -> int:
    """When an alarm looks the next time: as a minute ends, or a tenth of one."""
    period_ms = period_of_queries(check(queries_of(document), "cloudwatch:PutMetricAlarm", wrong))
    grid_ms = _SHORT_MS if period_ms < MINUTE_MS else MINUTE_MS
    return now_ms - now_ms % grid_ms + grid_ms


@SERVICE.job("evaluate")
def evaluate_alarm(call: Call, job: Job) -> Again | None:
    """Look at an alarm's metrics, and again in a minute."""
    alarm = alarm_records.find(call.tx, job.key)
    if alarm is None:
        return None
    call = call.as_caller(service_caller(PRINCIPAL, alarm.arn).in_region(parse_arn(alarm.arn).region))
    _evaluate(call, alarm)
    return Again(next_look_ms(alarm.document, call.now_ms))


def _evaluate(call: Call, alarm: Alarm) -> None:
    queries = check(queries_of(alarm.document), "cloudwatch:PutMetricAlarm", wrong)
    period_ms = period_of_queries(queries)
    grid_ms = _SHORT_MS if period_ms < MINUTE_MS else MINUTE_MS
    end_ms = call.now_ms - call.now_ms % grid_ms
    for query in queries:
        if query.expression is None:
            reading.sample(call, metric_of(call, query.given["MetricStat"]), end_ms - MINUTE_MS)
    condition = condition_of(alarm.document)
    many = condition.periods + MORE_PERIODS
    begin_ms = end_ms - many * period_ms
    try:
        values = _values(call, queries, begin_ms, end_ms)
    except (AwsError, MathError) as error:
        message = error.message if isinstance(error, AwsError) else str(error)
        change_state(call, alarm, "INSUFFICIENT_DATA", f"Unable to evaluate: {message}", "")
        return
    points = [values.get(begin_ms + number * period_ms) for number in range(many)]
    verdict = judge(condition, points)
    if verdict.state in ("", alarm.state):
        return
    reason = reason_of(condition, verdict, points, begin_ms, period_ms, alarm.state)
    data = _data(call, alarm.document, condition, points, begin_ms, period_ms)
    change_state(call, alarm, verdict.state, reason, data)


def _values(call: Call, queries: Sequence[Query], begin_ms: int, end_ms: int) -> Mapping[int, float]:
    found = evaluate(call, queries, lambda _period_ms: begin_ms, end_ms, wrong)
    returned = next(query for query in queries if query.returned)
    series = as_series(found[returned.id], returned.label)
    if len(series) != 1:
        raise MathError("the result is not one time series")
    return series[0].values


def reason_of(
    condition: Condition,
    verdict: Verdict,
    points: Sequence[float | None],
    begin_ms: int,
    period_ms: int,
    before: str,
) -> str:
    """Why, in AWS's words."""
    many, filled = condition.periods, verdict.filled
    if verdict.state == "INSUFFICIENT_DATA":
        return f"Insufficient Data: {many} datapoint{_s(many)} {_were(many)} unknown."
    if not verdict.used:
        treated = "Breaching" if condition.missing == "breaching" else "NonBreaching"
        return (
            f"Threshold Crossed: no datapoints were received for {many} period{_s(many)} and {filled} missing "
            f"datapoint{_s(filled)} {_were(filled)} treated as [{treated}]."
        )
    crossing = verdict.state == "ALARM"
    shown = [place for place in reversed(verdict.used) if condition.breaches(_known(points[place])) == crossing]
    listed = ", ".join(
        f"{float(_known(points[place]))!r} ({_time(begin_ms + place * period_ms)})" for place in shown[:5]
    )
    count = len(shown)
    words = COMPARISONS[condition.comparison][1]
    least = condition.datapoints if crossing else condition.periods - condition.datapoints + 1
    change = "OK -> ALARM" if crossing else "ALARM -> OK"
    return (
        f"Threshold Crossed: {count} out of the last {many} datapoints [{listed}] {_were(count)} "
        f"{'' if crossing else 'not '}{words} the threshold ({float(condition.threshold)!r}) (minimum {least} "
        f"datapoint{_s(least)} for {change} transition)."
    )


def _known(value: float | None) -> float:
    assert value is not None
    return value


def _s(count: int) -> str:
    return "" if count == 1 else "s"


def _were(count: int) -> str:
    return "was" if count == 1 else "were"


def _time(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC):%d/%m/%y %H:%M:%S}"


def _data(
    call: Call,
    document: Mapping[str, Any],
    condition: Condition,
    points: Sequence[float | None],
    begin_ms: int,
    period_ms: int,
) -> str:
    recent = list(enumerate(points))[MORE_PERIODS:]
    known = [(begin_ms + place * period_ms, value) for place, value in recent if value is not None]
    data = {
        "version": "1.0",
        "queryDate": iso(call.now_ms),
        "startDate": iso(known[0][0] if known else begin_ms),
        "statistic": document.get("Statistic") or document.get("ExtendedStatistic"),
        "period": period_ms // 1000,
        "recentDatapoints": [value for _, value in known],
        "threshold": condition.threshold,
        "evaluatedDatapoints": [{"timestamp": iso(at_ms), "value": value} for at_ms, value in reversed(known)],
    }
    return json.dumps({name: value for name, value in data.items() if value is not None}, separators=(",", ":"))
