"""Metric alarms, and what all alarms have in common: made, described, switched, removed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from segue import jobs
from segue.api import Call
from segue.api.tags import add_tags, drop_tags
from segue.errors import AwsError
from segue.services.cloudwatch import alarm_records
from segue.services.cloudwatch.alarm_checks import ACTIONS, check_alarm
from segue.services.cloudwatch.alarm_records import Alarm
from segue.services.cloudwatch.evaluation import next_look_ms
from segue.services.cloudwatch.put_metrics import dimensions_of
from segue.services.cloudwatch.records import dimensions_text
from segue.services.cloudwatch.service import SERVICE, alarm_arn, alarm_resource, scope_of
from segue.services.cloudwatch.states import change_state
from segue.store.tallies import Dimensions

_KEPT = (
    "AlarmDescription",
    "MetricName",
    "Namespace",
    "Statistic",
    "ExtendedStatistic",
    "Dimensions",
    "Period",
    "Unit",
    "EvaluationPeriods",
    "DatapointsToAlarm",
    "Threshold",
    "ComparisonOperator",
    "TreatMissingData",
    "EvaluateLowSampleCountPercentile",
    "Metrics",
)


@SERVICE.operation("PutMetricAlarm", resource=alarm_resource)
def put_metric_alarm(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Make an alarm, or give one a new configuration; its state stays until it is evaluated."""
    check_alarm(params)
    alarm = put_alarm(call, params, "MetricAlarm", _KEPT)
    alarm_records.save(call.tx, scope_of(call), alarm, _metrics(alarm.document))
    jobs.cancel(call.tx, "cloudwatch:evaluate", alarm.arn)
    jobs.enqueue(call.tx, "cloudwatch:evaluate", alarm.arn, {}, at_ms=next_look_ms(alarm.document, call.now_ms))
    return {}


def put_alarm(call: Call, params: dict[str, Any], kind: str, kept: tuple[str, ...]) -> Alarm:
    """The alarm as it is to be written; noted in the history.

    Raises:
        AwsError: there is one of another kind with that name.
    """
    name, arn = params["AlarmName"], alarm_arn(call, params["AlarmName"])
    document = {member: params[member] for member in kept if params.get(member) is not None}
    document |= {member: params.get(member) or [] for member in ACTIONS}
    document["ActionsEnabled"] = params.get("ActionsEnabled") is not False
    document["_updated_ms"] = call.now_ms
    before = alarm_records.find(call.tx, arn)
    if before is not None and before.kind != kind:
        raise AwsError("ValidationException", f"There is an alarm of another type named {name}.")
    if before is None:
        details = {
            "reason": "Unchecked: Initial alarm creation",
            "updated_ms": call.now_ms,
            "transitioned_ms": call.now_ms,
        }
        alarm = Alarm(arn, name, kind, document, "INSUFFICIENT_DATA", details)
        add_tags(call.tx, arn, {tag["Key"]: tag["Value"] for tag in params.get("Tags") or ()})
    else:
        alarm = before._replace(document=document)
    done = "created" if before is None else "updated"
    data = {"version": "1.0", "type": "Create" if before is None else "Update"}
    alarm_records.write_history(call, alarm, "ConfigurationUpdate", f'Alarm "{name}" {done}', data)
    return alarm


def _metrics(document: Mapping[str, Any]) -> list[str]:
    if document.get("Metrics"):
        return []
    return [metric_key(document["Namespace"], document["MetricName"], dimensions_of(dict(document)))]


def metric_key(namespace: str, name: str, dimensions: Dimensions) -> str:
    """What the alarms of a metric are found by."""
    return f"{namespace}\x1d{name}\x1d{dimensions_text(dimensions)}"


@SERVICE.operation("DeleteAlarms")
def delete_alarms(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Remove alarms; those that are not there do no harm, as long as they are not the only one named."""
    names = params["AlarmNames"]
    arns = [alarm_arn(call, name) for name in names]
    found = [alarm for alarm in (alarm_records.find(call.tx, arn) for arn in arns) if alarm is not None]
    if len(found) < len(names) and len(names) == 1:
        raise no_alarm(names[0])
    for alarm in found:
        remaining = [parent for parent in alarm_records.parents(call.tx, alarm.arn) if parent not in arns]
        if remaining:
            parents = ", ".join(arn.rpartition(":alarm:")[2] for arn in remaining)
            raise AwsError("ValidationException", f"{alarm.name} is used by the composite alarms {parents}")
    for alarm in found:
        alarm_records.delete(call.tx, alarm.arn)
        drop_tags(call.tx, alarm.arn)
        jobs.cancel_all(call.tx, alarm.arn)
        data = {"version": "1.0", "type": "Delete"}
        alarm_records.write_history(call, alarm, "ConfigurationUpdate", f'Alarm "{alarm.name}" deleted', data)
    return {}


@SERVICE.operation("EnableAlarmActions")
def enable_alarm_actions(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Let alarms act."""
    return _switch(call, params["AlarmNames"], enabled=True)


@SERVICE.operation("DisableAlarmActions")
def disable_alarm_actions(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Let alarms change their states only."""
    return _switch(call, params["AlarmNames"], enabled=False)


def _switch(call: Call, names: list[str], *, enabled: bool) -> dict[str, Any]:
    for name in names:
        alarm = alarm_records.find(call.tx, alarm_arn(call, name))
        if alarm is not None:
            alarm.document["ActionsEnabled"] = enabled
            alarm.document["_updated_ms"] = call.now_ms
            alarm_records.save_document(call.tx, alarm)
            data = {"version": "1.0", "type": "Update"}
            alarm_records.write_history(call, alarm, "ConfigurationUpdate", f'Alarm "{name}" updated', data)
    return {}


@SERVICE.operation("SetAlarmState", resource=alarm_resource)
def set_alarm_state(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Put an alarm into a state until it is evaluated again; its actions are performed."""
    alarm = alarm_records.find(call.tx, alarm_resource(call, params))
    if alarm is None:
        raise no_alarm(params["AlarmName"])
    change_state(call, alarm, params["StateValue"], params["StateReason"], params.get("StateReasonData") or "")
    return {}


def no_alarm(name: str) -> AwsError:
    """``ResourceNotFound``."""
    return AwsError("ResourceNotFound", f"Alarm {name} does not exist", status=404)
