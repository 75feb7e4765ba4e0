"""What alarms tell topics, functions and the bus."""

from __future__ import annotations

from typing import Any, Final

from segue.api import Call
from segue.arn import parse_arn
from segue.services.cloudwatch.alarm_records import Alarm
from segue.services.cloudwatch.service import iso

_REGIONS: Final = {
    "us-east-1": "US East (N. Virginia)",
    "us-east-2": "US East (Ohio)",
    "us-west-1": "US West (N. California)",
    "us-west-2": "US West (Oregon)",
    "ca-central-1": "Canada (Central)",
    "eu-west-1": "EU (Ireland)",
    "eu-west-2": "EU (London)",
    "eu-west-3": "EU (Paris)",
    "eu-central-1": "EU (Frankfurt)",
    "eu-north-1": "EU (Stockholm)",
    "eu-south-1": "EU (Milan)",
    "ap-south-1": "Asia Pacific (Mumbai)",
    "ap-northeast-1": "Asia Pacific (Tokyo)",
    "ap-northeast-2": "Asia Pacific (Seoul)",
    "ap-southeast-1": "Asia Pacific (Singapore)",
    "ap-southeast-2": "Asia Pacific (Sydney)",
    "sa-east-1": "South America (Sao Paulo)",
}
_STATISTICS: Final = {
    "Average": "AVERAGE",
    "Sum": "SUM",
    "Minimum": "MINIMUM",
    "Maximum": "MAXIMUM",
    "SampleCount": "SAMPLE_COUNT",
}


def subject(alarm: Alarm, region: str) -> str:
    """The subject of an alarm's notification."""
    return f'{alarm.state}: "{alarm.name}" in {_REGIONS.get(region, region)}'


def notification(call: Call, alarm: Alarm, before: Alarm) -> dict[str, Any]:
    """The message that a topic gets."""
    document, arn = alarm.document, parse_arn(alarm.arn)
    told: dict[str, Any] = {
        "AlarmName": alarm.name,
        "AlarmDescription": document.get("AlarmDescription"),
        "AWSAccountId": arn.account,
        "AlarmConfigurationUpdatedTimestamp": iso(document["_updated_ms"]),
        "NewStateValue": alarm.state,
        "NewStateReason": alarm.details["reason"],
        "StateChangeTime": iso(call.now_ms),
        "Region": _REGIONS.get(arn.region, arn.region),
        "AlarmArn": alarm.arn,
        "OldStateValue": before.state,
        "OKActions": document["OKActions"],
        "AlarmActions": document["AlarmActions"],
        "InsufficientDataActions": document["InsufficientDataActions"],
    }
    if alarm.kind == "CompositeAlarm":
        return told | {"AlarmRule": document["AlarmRule"]}
    return told | {"Trigger": _trigger(document)}


def _trigger(document: dict[str, Any]) -> dict[str, Any]:
    common = {
        "EvaluationPeriods": document["EvaluationPeriods"],
        **({"DatapointsToAlarm": document["DatapointsToAlarm"]} if "DatapointsToAlarm" in document else {}),
        "ComparisonOperator": document["ComparisonOperator"],
        "Threshold": document["Threshold"],
        "TreatMissingData": document.get("TreatMissingData", "missing"),
        "EvaluateLowSampleCountPercentile": document.get("EvaluateLowSampleCountPercentile", ""),
    }
    if document.get("Metrics"):
        period = max((_period(one) for one in document["Metrics"]), default=60)
        return {"Period": period, **common, "Metrics": [_query(one) for one in document["Metrics"]]}
    extended = document.get("ExtendedStatistic")
    return {
        "MetricName": document["MetricName"],
        "Namespace": document["Namespace"],
        "StatisticType": "ExtendedStatistic" if extended else "Statistic",
        **({"ExtendedStatistic": extended} if extended else {"Statistic": _STATISTICS[document["Statistic"]]}),
        "Unit": document.get("Unit"),
        "Dimensions": _dimensions(document),
        "Period": document["Period"],
        **common,
    }


def _period(query: dict[str, Any]) -> int:
    stat = query.get("MetricStat")
    return int(stat["Period"] if stat is not None else query.get("Period") or 0)


def _dimensions(given: dict[str, Any]) -> list[dict[str, str]]:
    return [{"value": one["Value"], "name": one["Name"]} for one in given.get("Dimensions") or ()]


def _query(one: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {name: one[name] for name in ("Expression", "Id", "Label") if name in one}
    told["ReturnData"] = one.get("ReturnData") is not False
    if "MetricStat" in one:
        stat = one["MetricStat"]
        metric = {**stat["Metric"], "Dimensions": _dimensions(stat["Metric"])}
        told["MetricStat"] = {"Metric": metric, "Period": stat["Period"], "Stat": stat["Stat"]}
    return told


def configuration(alarm: Alarm) -> dict[str, Any]:
    """The configuration as events tell it."""
    document = alarm.document
    told: dict[str, Any] = {}
    if document.get("AlarmDescription"):
        told["description"] = document["AlarmDescription"]
    if alarm.kind == "CompositeAlarm":
        return {"alarmRule": document["AlarmRule"], **told}
    metrics = document.get("Metrics") or [
        {
            "Id": alarm.name,
            "MetricStat": {
                "Metric": {name: document.get(name) for name in ("Namespace", "MetricName", "Dimensions")},
                "Period": document["Period"],
                "Stat": document.get("Statistic") or document.get("ExtendedStatistic"),
            },
        }
    ]
    return {**told, "metrics": [_event_query(one) for one in metrics]}


def _event_query(one: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {"id": one["Id"]}
    for name in ("Expression", "Label"):
        if one.get(name):
            told[name.lower()] = one[name]
    if "MetricStat" in one:
        stat = one["MetricStat"]
        given = stat["Metric"]
        metric = {
            "namespace": given.get("Namespace"),
            "name": given.get("MetricName"),
            "dimensions": {each["Name"]: each["Value"] for each in given.get("Dimensions") or ()},
        }
        told["metricStat"] = {"metric": metric, "period": stat["Period"], "stat": stat["Stat"]}
    return told | {"returnData": one.get("ReturnData") is not False}
