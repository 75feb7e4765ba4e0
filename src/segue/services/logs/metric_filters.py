"""Metric filters: what matches becomes a measurement in CloudWatch, as it is written. The embedded metric format, too.

Sources: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/MonitoringLogData.html and, of the format,
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from segue.api import Call, Result
from segue.errors import AwsError, not_implemented
from segue.services.logs.filter_patterns import compile_extractor, compile_pattern
from segue.services.logs.groups import found_group
from segue.services.logs.service import SERVICE, invalid, resource

MAX_FILTERS = 100
_PAGE = 50
_OPERATION = "logs:PutMetricFilter"
_EMBEDDED = '"_aws"'
_MOST_METRICS = 100
_MOST_VALUES = 100
_MOST_DIMENSIONS = 30
_LARGEST = 2.0**360
_WEEKS_MS = 14 * 86_400_000
_HOURS_MS = 2 * 3_600_000


@SERVICE.operation("PutMetricFilter", resource=resource)
def put_metric_filter(call: Call, params: dict[str, Any]) -> Result:
    """Measure a group's matching events."""
    for member in ("applyOnTransformedLogs", "fieldSelectionCriteria", "emitSystemFieldDimensions"):
        if params.get(member):
            raise not_implemented(_OPERATION, member)
    group = found_group(call, params)
    pattern, (transformation, *more) = params["filterPattern"], params["metricTransformations"]
    compile_pattern(pattern)
    if more:
        raise invalid("Only one metric transformation is allowed.")
    _check(pattern, transformation)
    name = params["filterName"]
    others = call.tx.one("SELECT COUNT(*) FROM logs_metric_filters WHERE grp = ? AND name <> ?", group.id, name)
    if others is not None and others[0] >= MAX_FILTERS:
        raise AwsError("LimitExceededException", "Resource limit exceeded.")
    document = {
        "filterName": name,
        "logGroupName": group.name,
        "filterPattern": pattern,
        "metricTransformations": [transformation],
        "creationTime": call.now_ms,
    }
    call.tx.run(
        "INSERT INTO logs_metric_filters VALUES (?, ?, ?)"
        " ON CONFLICT (grp, name) DO UPDATE SET document = excluded.document",
        group.id,
        name,
        json.dumps(document),
    )
    return {}


def _check(pattern: str, transformation: dict[str, Any]) -> None:
    value = transformation["metricValue"]
    if transformation["metricNamespace"].startswith("AWS/"):
        raise invalid("Invalid metric transformation: namespaces that begin with AWS/ are AWS's own.")
    if not value.startswith("$") and _number(value) is None:
        raise invalid(f"Invalid metric transformation: the metric value {value} is neither a number nor a field.")
    dimensions = transformation.get("dimensions") or {}
    if dimensions and transformation.get("defaultValue") is not None:
        raise invalid("Invalid metric transformation: dimensions and default value are mutually exclusive properties.")
    for field in (value, *dimensions.values()):
        if field.startswith("$"):
            compile_extractor(pattern, field)


@SERVICE.operation("DescribeMetricFilters", reads=True)
def describe_metric_filters(call: Call, params: dict[str, Any]) -> Result:
    """The metric filters of a group, or those of a metric of all groups, by name."""
    if params.get("logGroupName"):
        found = _filters(call, found_group(call, params).id)
    else:
        rows = call.tx.all(
            "SELECT f.document FROM logs_metric_filters f JOIN logs_groups g ON g.id = f.grp"
            " WHERE g.place = ? ORDER BY g.name, f.name",
            f"{call.account}/{call.region}",
        )
        found = [json.loads(row[0]) for row in rows]
    prefix, wanted = params.get("filterNamePrefix") or "", {}
    for member, own in (("metricName", "metricName"), ("metricNamespace", "metricNamespace")):
        if params.get(member):
            wanted[own] = params[member]
    kept = [
        each
        for each in found
        if each["filterName"].startswith(prefix)
        and all(each["metricTransformations"][0][name] == value for name, value in wanted.items())
    ]
    begin = int(params["nextToken"]) if params.get("nextToken", "").isdecimal() else 0
    limit = params.get("limit") or _PAGE
    answer: dict[str, Any] = {"metricFilters": kept[begin : begin + limit]}
    return answer | ({"nextToken": str(begin + limit)} if len(kept) > begin + limit else {})


@SERVICE.operation("DeleteMetricFilter", resource=resource)
def delete_metric_filter(call: Call, params: dict[str, Any]) -> Result:
    """Measure no more."""
    group = found_group(call, params)
    if not call.tx.run("DELETE FROM logs_metric_filters WHERE grp = ? AND name = ?", group.id, params["filterName"]):
        raise AwsError("ResourceNotFoundException", "The specified metric filter does not exist.")
    return {}


@SERVICE.operation("TestMetricFilter", reads=True)
def test_metric_filter(call: Call, params: dict[str, Any]) -> Result:
    """Which messages a pattern matches."""
    matches = compile_pattern(params["filterPattern"])
    found = (
        {"eventNumber": number, "eventMessage": message, "extractedValues": {}}
        for number, message in enumerate(params["logEventMessages"], 1)
        if matches(message)
    )
    return {"matches": list(found)}


def _filters(call: Call, group_id: int) -> list[dict[str, Any]]:
    rows = call.tx.all("SELECT document FROM logs_metric_filters WHERE grp = ? ORDER BY name", group_id)
    return [json.loads(row[0]) for row in rows]


def measure(call: Call, group_id: int, events: list[tuple[int, str]], *, filtered: bool) -> None:
    """Put what a group's filters (if it has any), and the messages themselves, say was measured."""
    metrics = [metric for at_ms, text in events if _EMBEDDED in text for metric in embedded(at_ms, text)]
    if filtered:
        for document in _filters(call, group_id):
            metrics += _filtered(document, events)
    if metrics:
        begin_ms, end_ms = call.now_ms - _WEEKS_MS, call.now_ms + _HOURS_MS
        known = [metric for metric in metrics if begin_ms <= metric["Timestamp"] <= end_ms]
        call.perform("cloudwatch:PutLogMetrics", {"Metrics": known})


def _filtered(document: dict[str, Any], events: list[tuple[int, str]]) -> Iterable[dict[str, Any]]:
    pattern, transformation = document["filterPattern"], document["metricTransformations"][0]
    matches, value_of = compile_pattern(pattern), _extractor(pattern, transformation["metricValue"])
    dimensions = {name: _extractor(pattern, field) for name, field in (transformation.get("dimensions") or {}).items()}
    default = transformation.get("defaultValue")
    for at_ms, message in events:
        value = _number(value_of(message)) if matches(message) else default
        if value is None:
            continue
        found = {name: extract(message) for name, extract in dimensions.items()}
        if any(not isinstance(text, (str, int, float)) or not str(text) for text in found.values()):
            continue  # an event without one of the dimensions is not measured
        yield {
            "Namespace": transformation["metricNamespace"],
            "MetricName": transformation["metricName"],
            "Dimensions": [{"Name": name, "Value": str(text)[:1024]} for name, text in found.items()],
            "Value": float(value),
            "Timestamp": at_ms,
            "Unit": transformation.get("unit") or "None",
        }


def _extractor(pattern: str, field: str) -> Callable[[str], Any]:
    return compile_extractor(pattern, field) if field.startswith("$") else lambda _message: field


def _number(value: Any) -> float | None:
    """A value as a number that can be measured."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if number == 0 or 1 / _LARGEST <= abs(number) <= _LARGEST else None


def embedded(at_ms: int, text: str) -> Iterable[dict[str, Any]]:
    """The measurements that a message brings in the embedded metric format; what is malformed brings none."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return
    told = document.get("_aws") if isinstance(document, dict) else None
    directives = told.get("CloudWatchMetrics") if isinstance(told, dict) else None
    if not isinstance(told, dict) or not isinstance(directives, list):
        return
    when = told.get("Timestamp")
    at_ms = when if isinstance(when, int) and not isinstance(when, bool) else at_ms
    for directive in directives[:_MOST_METRICS]:
        if isinstance(directive, dict):
            yield from _directive(document, directive, at_ms)


def _directive(document: dict[str, Any], directive: dict[str, Any], at_ms: int) -> Iterable[dict[str, Any]]:
    namespace, metrics = directive.get("Namespace"), directive.get("Metrics")
    sets = directive.get("Dimensions") or [[]]
    if not isinstance(namespace, str) or not namespace or namespace.startswith("AWS/") or not isinstance(metrics, list):
        return
    for metric in metrics[:_MOST_METRICS]:
        name = metric.get("Name") if isinstance(metric, dict) else None
        if not isinstance(name, str) or not name:
            continue
        given = document.get(name)
        values = [_number(value) for value in (given if isinstance(given, list) else [given])[:_MOST_VALUES]]
        numbers = [value for value in values if value is not None]
        for names in sets if isinstance(sets, list) else ():
            dimensions = _dimensions(document, names)
            if numbers and dimensions is not None:
                yield {
                    "Namespace": namespace[:256],
                    "MetricName": name[:255],
                    "Dimensions": dimensions,
                    "Values": numbers,
                    "Timestamp": at_ms,
                    "Unit": metric["Unit"] if isinstance(metric.get("Unit"), str) else "None",
                    "StorageResolution": 1 if metric.get("StorageResolution") == 1 else 60,
                }


def _dimensions(document: dict[str, Any], names: Any) -> list[dict[str, str]] | None:
    """The dimensions that a set names; ``None`` where the message lacks one."""
    if not isinstance(names, list) or len(names) > _MOST_DIMENSIONS:
        return None
    found = []
    for name in dict.fromkeys(name for name in names if isinstance(name, str)):
        value = document.get(name)
        if isinstance(value, (dict, list)) or value is None or not str(value):
            return None
        found.append({"Name": name, "Value": str(value)[:1024]})
    return found
