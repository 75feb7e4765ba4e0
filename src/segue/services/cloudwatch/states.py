"""An alarm's state changes: written down, told to the bus, acted upon, and passed on to composite alarms.

Sources: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html (events and what
functions are given), .../AlarmThatSendsEmail.html (what topics are given).
"""

from __future__ import annotations

import json
from typing import Any

from segue import jobs
from segue.api import Call, Target, deliver
from segue.api.deliveries import Delivery, record
from segue.api.emit import emit
from segue.arn import parse_arn
from segue.services.cloudwatch import alarm_records
from segue.services.cloudwatch.alarm_records import Alarm
from segue.services.cloudwatch.messages import configuration, notification, subject
from segue.services.cloudwatch.service import LAMBDA_PRINCIPAL, PRINCIPAL, iso

ACTIONS_OF = {"ALARM": "AlarmActions", "OK": "OKActions", "INSUFFICIENT_DATA": "InsufficientDataActions"}
_DEEP = 20
_DEEP_DELAY_MS = 60_000


def change_state(call: Call, alarm: Alarm, state: str, reason: str, data: str, depth: int = 0) -> None:
    """Give an alarm a state. One that it has already only gets a new reason."""
    before = alarm
    details: dict[str, Any] = {"reason": reason, "updated_ms": call.now_ms}
    if data:
        details["data"] = data
    changes = state != before.state
    details["transitioned_ms"] = call.now_ms if changes else before.details["transitioned_ms"]
    alarm = before._replace(state=state, details=details)
    alarm_records.save_state(call.tx, alarm)
    if not changes:
        return
    change = {"version": "1.0", "oldState": _told(before), "newState": _told(alarm)}
    summary = f"Alarm updated from {before.state} to {state}"
    alarm_records.write_history(call, alarm, "StateUpdate", summary, change)
    emit(
        call,
        PRINCIPAL,
        "aws.cloudwatch",
        "CloudWatch Alarm State Change",
        alarm.arn,
        lambda: {
            "alarmName": alarm.name,
            "state": _state(alarm),
            "previousState": _state(before),
            "configuration": configuration(alarm),
        },
    )
    if alarm.document["ActionsEnabled"]:
        for arn in alarm.document[ACTIONS_OF[state]]:
            _act(call, alarm, before, arn)
    delay_ms = _DEEP_DELAY_MS if depth >= _DEEP else 0  # alarms that speak of each other in a circle are no hurry
    for parent in alarm_records.parents(call.tx, alarm.arn):
        payload = {"depth": depth + 1, "child": alarm.arn}
        jobs.enqueue(call.tx, "cloudwatch:composite", parent, payload, at_ms=call.now_ms + delay_ms)


def _told(alarm: Alarm) -> dict[str, Any]:
    told: dict[str, Any] = {"stateValue": alarm.state, "stateReason": alarm.details["reason"]}
    return told | ({"stateReasonData": _parsed(alarm.details["data"])} if alarm.details.get("data") else {})


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _state(alarm: Alarm) -> dict[str, Any]:
    told = {"value": alarm.state, "reason": alarm.details["reason"], "timestamp": iso(alarm.details["updated_ms"])}
    return told | ({"reasonData": alarm.details["data"]} if alarm.details.get("data") else {})


def _act(call: Call, alarm: Alarm, before: Alarm, arn: str) -> None:
    """Do what an alarm does when it gets into a state."""
    target = parse_arn(arn)
    if target.service == "sns":
        message = json.dumps(notification(call, alarm, before), ensure_ascii=False, separators=(",", ":"))
        params = {"TopicArn": arn, "Subject": subject(alarm, call.region)[:100], "Message": message}
        deliver(call, Target(PRINCIPAL, alarm.arn, arn, "sns:Publish", params))
    elif target.service == "lambda":
        event = {
            "source": "aws.cloudwatch",
            "alarmArn": alarm.arn,
            "accountId": parse_arn(alarm.arn).account,
            "time": iso(call.now_ms),
            "region": parse_arn(alarm.arn).region,
            "alarmData": {
                "alarmName": alarm.name,
                "state": _state(alarm),
                "previousState": _state(before),
                "configuration": configuration(alarm),
            },
        }
        payload = json.dumps(event, ensure_ascii=False).encode()
        invoke = {"FunctionName": arn, "InvocationType": "Event", "Payload": payload}
        deliver(call, Target(LAMBDA_PRINCIPAL, alarm.arn, arn, "lambda:Invoke", invoke))
    else:
        reason = f"Alarms act on topics and functions here, not on {target.service}"
        record(call, Delivery(alarm.arn, arn, "alarm action", "dropped", 1, reason))
        failed = {"version": "1.0", "actionState": "Failed", "error": reason, "resource": arn}
        alarm_records.write_history(call, alarm, "Action", f"Failed to execute action {arn}", failed)
        return
    done = {"version": "1.0", "actionState": "Succeeded", "resource": arn}
    alarm_records.write_history(call, alarm, "Action", f"Successfully executed action {arn}", done)
