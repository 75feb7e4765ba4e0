"""Composite alarms: rules over the states of other alarms, evaluated when one of these changes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from segue import jobs
from segue.api import Call
from segue.api.caller import service_caller
from segue.arn import is_arn, parse_arn
from segue.errors import not_implemented
from segue.jobs import Job
from segue.languages.metrics.rules import Rule, compile_rule
from segue.services.cloudwatch import alarm_records
from segue.services.cloudwatch.alarm_checks import check_actions
from segue.services.cloudwatch.alarm_records import Alarm
from segue.services.cloudwatch.metric_alarms import put_alarm
from segue.services.cloudwatch.service import PRINCIPAL, SERVICE, alarm_arn, alarm_resource, iso, scope_of, wrong
from segue.services.cloudwatch.states import change_state

_OPERATION = "cloudwatch:PutCompositeAlarm"
_MISSING_HERE = (
    "ActionsSuppressor",
    "ActionsSuppressorWaitPeriod",
    "ActionsSuppressorExtensionPeriod",
    "ActionConfiguration",
)


@SERVICE.operation("PutCompositeAlarm", resource=alarm_resource)
def put_composite_alarm(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Make a composite alarm, or give one a new rule."""
    for member in _MISSING_HERE:
        if params.get(member) is not None:
            raise not_implemented(_OPERATION, member)
    check_actions(params)
    rule = _compiled(params["AlarmRule"])
    arn = alarm_resource(call, params)
    children = [_arn(call, name) for name in rule.alarms]
    missing = [child for child in children if alarm_records.find(call.tx, child) is None]
    if missing or arn in children:
        names = ", ".join(child.rpartition(":alarm:")[2] for child in missing or [arn])
        raise wrong(f"Error in AlarmRule: the alarms {names} {'do not exist' if missing else 'cannot be spoken of'}")
    alarm = put_alarm(call, params, "CompositeAlarm", ("AlarmDescription", "AlarmRule"))
    alarm_records.save(call.tx, scope_of(call), alarm, ())
    alarm_records.set_children(call.tx, arn, children)
    jobs.enqueue(call.tx, "cloudwatch:composite", arn, {"depth": 0, "child": ""})
    return {}


def _compiled(text: str) -> Rule:
    try:
        return compile_rule(text)
    except ValueError as error:
        raise wrong(f"Error in AlarmRule: {error}") from None


def _arn(call: Call, name: str) -> str:
    return name if is_arn(name) else alarm_arn(call, name)


@SERVICE.job("composite")
def evaluate_composite(call: Call, job: Job) -> None:
    """Evaluate a composite alarm's rule."""
    alarm = alarm_records.find(call.tx, job.key)
    if alarm is None:
        return
    here = call.as_caller(service_caller(PRINCIPAL, alarm.arn).in_region(parse_arn(alarm.arn).region))
    rule = _compiled(alarm.document["AlarmRule"])

    def state_of(name: str) -> str | None:
        found = alarm_records.find(here.tx, _arn(here, name))
        return None if found is None else found.state

    state = "ALARM" if rule.holds(state_of) else "OK"
    if state == alarm.state:
        return
    child = alarm_records.find(here.tx, job.payload["child"])
    reason = _reason(child, alarm, state)
    change_state(here, alarm, state, reason, _data(child), job.payload["depth"])


def _reason(child: Alarm | None, alarm: Alarm, state: str) -> str:
    if child is None:
        return f"{alarm.arn} was created and its alarm rule evaluates to {'TRUE' if state == 'ALARM' else 'FALSE'}"
    at = datetime.fromtimestamp(child.details["transitioned_ms"] / 1000, UTC)
    return f"{child.arn} transitioned to {child.state} at {at:%A %d %B, %Y %H:%M:%S} UTC"


def _data(child: Alarm | None) -> str:
    if child is None:
        return ""
    state = {"value": child.state, "timestamp": iso(child.details["transitioned_ms"])}
    return json.dumps({"triggeringAlarms": [{"arn": child.arn, "state": state}]}, separators=(",", ":"))
