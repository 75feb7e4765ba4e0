"""Whether the configuration of a metric alarm makes sense."""

from __future__ import annotations

from typing import Any

from segue.arn import is_arn
from segue.errors import not_implemented
from segue.languages.metrics.judging import COMPARISONS
from segue.languages.metrics.statistics import compile_statistic
from segue.services.cloudwatch.get_metrics import period_of
from segue.services.cloudwatch.put_metrics import dimensions_of
from segue.services.cloudwatch.queries import Query, check
from segue.services.cloudwatch.service import wrong

_OPERATION = "cloudwatch:PutMetricAlarm"
_MISSING_HERE = (
    "ThresholdMetricId",
    "EvaluationWindow",
    "WarmUpConfiguration",
    "EvaluationCriteria",
    "EvaluationInterval",
    "ActionConfiguration",
)
_SINGLE = ("MetricName", "Namespace", "Statistic", "ExtendedStatistic", "Dimensions", "Period", "Unit")
_TREATMENTS = ("breaching", "notBreaching", "ignore", "missing")
ACTIONS = ("OKActions", "AlarmActions", "InsufficientDataActions")
_DAY_SECONDS = 86_400


def check_alarm(params: dict[str, Any]) -> None:
    """Raise ``AwsError`` where an alarm cannot be as it is wanted; 501 where it wants what is not here."""
    for member in _MISSING_HERE:
        if params.get(member) is not None:
            raise not_implemented(_OPERATION, member)
    if params.get("ComparisonOperator", "").endswith(("UpperThreshold", "LowerThreshold")) and (
        params["ComparisonOperator"] not in COMPARISONS
    ):
        raise not_implemented(_OPERATION, "Anomaly detection")
    for member in ("ComparisonOperator", "EvaluationPeriods", "Threshold"):
        if params.get(member) is None:
            raise wrong(f"The parameter {member} is required.")
    if params.get("DatapointsToAlarm", 1) > params["EvaluationPeriods"]:
        raise wrong("DatapointsToAlarm must be less than or equal to EvaluationPeriods")
    if params.get("TreatMissingData", "missing") not in _TREATMENTS:
        raise wrong(f"The value {params['TreatMissingData']} is not supported for TreatMissingData parameter.")
    check_actions(params)
    if params.get("Metrics"):
        for member in _SINGLE:
            if params.get(member):
                raise wrong(f"No {member} is allowed where Metrics is given.")
        period_ms = _check_queries(params["Metrics"])
    else:
        period_ms = _check_metric(params)
    longest_seconds = _DAY_SECONDS if period_ms < 3_600_000 else 7 * _DAY_SECONDS
    if period_ms * params["EvaluationPeriods"] > longest_seconds * 1000:
        raise wrong(
            "Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be <= 86400), or with "
            "periods of an hour or more across seven."
        )


def check_actions(params: dict[str, Any]) -> None:
    """Raise ``AwsError`` for an action that is no ARN."""
    for member in ACTIONS:
        given = params.get(member) or ()
        if len(given) > 5:
            raise wrong(f"There may be at most 5 {member}.")
        for arn in given:
            if not is_arn(arn):
                raise wrong(f"Invalid arn syntax: {arn}")


def _check_metric(params: dict[str, Any]) -> int:
    for member in ("Namespace", "MetricName", "Period"):
        if params.get(member) is None:
            raise wrong(f"The parameter {member} is required: an alarm without Metrics has one metric.")
    simple, extended = params.get("Statistic"), params.get("ExtendedStatistic")
    if (simple is None) == (extended is None):
        raise wrong("Exactly one of Statistic and ExtendedStatistic must be specified")
    if extended is not None:
        try:
            compile_statistic(extended)
        except ValueError:
            raise wrong(f"The value {extended} for parameter ExtendedStatistic is not supported.") from None
    dimensions_of(params)
    return _alarm_period(params["Period"])


def _alarm_period(seconds: int) -> int:
    if seconds in (1, 5):
        raise wrong("The period of an alarm must be 10, 20, 30, or a multiple of 60.")
    return period_of(seconds)


def _check_queries(given: list[dict[str, Any]]) -> int:
    queries = check(given, _OPERATION, wrong)
    returned = [query for query in queries if query.returned]
    if len(returned) != 1:
        raise wrong("Exactly one element of the metrics list should return data.")
    if not any(query.expression is None for query in queries):
        raise wrong("At least one element of the metrics list must be a metric.")
    for query in queries:
        if query.period_ms:
            _alarm_period(query.period_ms // 1000)
    return period_of_queries(queries)


def period_of_queries(queries: list[Query]) -> int:
    """The period in which an alarm over several metrics looks: the longest of theirs."""
    return max((query.period_ms for query in queries if query.period_ms), default=60_000)
