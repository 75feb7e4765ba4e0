"""Alarms and their history, told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from segue.api import Call
from segue.api.paginate import decode_token, encode_token
from segue.services.cloudwatch import alarm_records
from segue.services.cloudwatch.alarm_records import Alarm
from segue.services.cloudwatch.metric_alarms import metric_key
from segue.services.cloudwatch.put_metrics import dimensions_of
from segue.services.cloudwatch.service import SERVICE, alarm_arn, scope_of, wrong

_PAGE = 50
_CHUNK = 200
_FOREVER_MS = 1 << 62


@SERVICE.operation("DescribeAlarms", reads=True)
def describe_alarms(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Alarms by name; metric alarms alone unless other types are asked for."""
    if params.get("AlarmNames") and params.get("AlarmNamePrefix"):
        raise wrong("AlarmNames and AlarmNamePrefix cannot be given together")
    limit = params.get("MaxRecords") or _PAGE
    after = _after(params)
    found: list[Alarm] = []
    for alarm in _chosen(call, params, after):
        if _fits(alarm, params):
            found.append(alarm)
        if len(found) > limit:
            break
    answer: dict[str, Any] = {"MetricAlarms": [], "CompositeAlarms": []}
    for alarm in found[:limit]:
        answer[f"{alarm.kind}s"].append(view(alarm))
    if len(found) > limit:
        answer["NextToken"] = encode_token(found[limit - 1].name)
    return answer


def _after(params: dict[str, Any]) -> str:
    token = params.get("NextToken")
    return str(decode_token(token, "InvalidNextToken", "The token is invalid.")[0]) if token else ""


def _chosen(call: Call, params: dict[str, Any], after: str) -> Iterator[Alarm]:
    related: list[str] | None = None
    if params.get("ChildrenOfAlarmName"):
        related = alarm_records.children(call.tx, alarm_arn(call, params["ChildrenOfAlarmName"]))
    elif params.get("ParentsOfAlarmName"):
        related = alarm_records.parents(call.tx, alarm_arn(call, params["ParentsOfAlarmName"]))
    elif params.get("AlarmNames"):
        related = [alarm_arn(call, name) for name in sorted(set(params["AlarmNames"]))]
    if related is not None:
        found = (alarm_records.find(call.tx, arn) for arn in related)
        yield from (alarm for alarm in found if alarm is not None and alarm.name > after)
        return
    while chunk := alarm_records.page(call.tx, scope_of(call), params.get("AlarmNamePrefix") or "", after, _CHUNK):
        yield from chunk
        after = chunk[-1].name


def _fits(alarm: Alarm, params: dict[str, Any]) -> bool:
    related = params.get("ChildrenOfAlarmName") or params.get("ParentsOfAlarmName")
    kinds = params.get("AlarmTypes") or (("MetricAlarm", "CompositeAlarm") if related else ("MetricAlarm",))
    if alarm.kind not in kinds or params.get("StateValue") not in (None, alarm.state):
        return False
    prefix = params.get("ActionPrefix")
    actions = ("AlarmActions", "OKActions", "InsufficientDataActions")
    return not prefix or any(arn.startswith(prefix) for name in actions for arn in alarm.document[name])


def view(alarm: Alarm) -> dict[str, Any]:
    """An alarm as the API tells it."""
    document = {name: value for name, value in alarm.document.items() if not name.startswith("_")}
    if alarm.kind == "MetricAlarm" and "Metrics" not in document:
        document.setdefault("Dimensions", [])
    return {
        "AlarmName": alarm.name,
        "AlarmArn": alarm.arn,
        **document,
        "AlarmConfigurationUpdatedTimestamp": alarm.document["_updated_ms"],
        "StateValue": alarm.state,
        "StateReason": alarm.details["reason"],
        "StateReasonData": alarm.details.get("data"),
        "StateUpdatedTimestamp": alarm.details["updated_ms"],
        "StateTransitionedTimestamp": alarm.details["transitioned_ms"],
    }


@SERVICE.operation("DescribeAlarmsForMetric", reads=True)
def describe_alarms_for_metric(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """The alarms of one metric."""
    key = metric_key(params["Namespace"], params["MetricName"], dimensions_of(params))
    wanted = ("Statistic", "ExtendedStatistic", "Period", "Unit")
    found = [
        alarm
        for alarm in alarm_records.by_metric(call.tx, scope_of(call), key)
        if all(params.get(name) in (None, alarm.document.get(name)) for name in wanted)
    ]
    return {"MetricAlarms": [view(alarm) for alarm in found]}


@SERVICE.operation("DescribeAlarmHistory", reads=True)
def describe_alarm_history(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """What happened to alarms, newest first unless told otherwise; of deleted ones too, for thirty days."""
    limit, kinds = params.get("MaxRecords") or 100, params.get("AlarmTypes") or ["MetricAlarm"]
    up = params.get("ScanBy") == "TimestampAscending"
    after = None
    if params.get("NextToken"):
        after = int(decode_token(params["NextToken"], "InvalidNextToken", "The token is invalid.", (int,))[0])
    begin_ms, end_ms = params.get("StartDate", 0), params.get("EndDate", _FOREVER_MS)
    found: list[alarm_records.Noted] = []
    while len(found) <= limit:
        chunk = alarm_records.history(
            call.tx, scope_of(call), params.get("AlarmName"), begin_ms, end_ms, after, _CHUNK, up=up
        )
        found += [item for item in chunk if item.kind in kinds and params.get("HistoryItemType") in (None, item.type)]
        if len(chunk) < _CHUNK:
            break
        after = chunk[-1].id
    answer: dict[str, Any] = {"AlarmHistoryItems": [_item(item) for item in found[:limit]]}
    if len(found) > limit:
        answer["NextToken"] = encode_token(found[limit - 1].id)
    return answer


def _item(item: alarm_records.Noted) -> dict[str, Any]:
    return {
        "AlarmName": item.alarm,
        "AlarmType": item.kind,
        "Timestamp": item.at_ms,
        "HistoryItemType": item.type,
        "HistorySummary": item.summary,
        "HistoryData": item.data,
    }
