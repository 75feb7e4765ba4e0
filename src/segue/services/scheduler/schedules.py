"""Schedules."""

from __future__ import annotations

from typing import Any

from segue.api import Call
from segue.api.paginate import decode_token, encode_token
from segue.services.scheduler import records
from segue.services.scheduler.checks import check
from segue.services.scheduler.firing import forget, plan
from segue.services.scheduler.groups import existing_group
from segue.services.scheduler.idempotency import once
from segue.services.scheduler.records import DEFAULT_GROUP, ScheduleRow
from segue.services.scheduler.service import SERVICE, conflict, missing, schedule_arn, scope_of

_PAGE = 100
_NOT_KEPT = ("Name", "GroupName", "State", "ClientToken")
_DEFAULTS = {"ScheduleExpressionTimezone": "UTC", "ActionAfterCompletion": "NONE"}
_RETRY_POLICY = {"MaximumEventAgeInSeconds": 86_400, "MaximumRetryAttempts": 185}


@SERVICE.operation("CreateSchedule", resource=schedule_arn)
@once
def create_schedule(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """A new schedule."""
    arn = schedule_arn(call, params)
    check(call, params)
    group = existing_group(call, params.get("GroupName") or DEFAULT_GROUP)
    if group.state == "DELETING":
        raise conflict(f"Schedule group {group.name} is being deleted.")
    if records.find_schedule(call.tx, arn) is not None:
        raise conflict(f"Schedule {params['Name']} already exists.")
    if group.name == DEFAULT_GROUP:
        records.save_group(call.tx, scope_of(call), group)
    _save(call, params, ScheduleRow(arn, group.name, params["Name"], "", {}, call.now_ms, call.now_ms))
    return {"ScheduleArn": arn}


@SERVICE.operation("UpdateSchedule", resource=schedule_arn)
@once
def update_schedule(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Make a schedule anew: what is not given is its default again."""
    known = _existing(call, params)
    check(call, params)
    _save(call, params, known)
    return {"ScheduleArn": known.arn}


def _save(call: Call, params: dict[str, Any], known: ScheduleRow) -> None:
    target = {**params["Target"], "RetryPolicy": {**_RETRY_POLICY, **params["Target"].get("RetryPolicy", {})}}
    document = {**_DEFAULTS, **params, "Target": target}
    for name in _NOT_KEPT:
        document.pop(name, None)
    state = params.get("State", "ENABLED")
    schedule = known._replace(state=state, document=document, modified_at_ms=call.now_ms)
    records.save_schedule(call.tx, scope_of(call), schedule)
    plan(call.tx, schedule)


@SERVICE.operation("GetSchedule", reads=True, resource=schedule_arn)
def get_schedule(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """A schedule."""
    schedule = _existing(call, params)
    return {**_summary(schedule), **schedule.document}


@SERVICE.operation("DeleteSchedule", resource=schedule_arn)
@once
def delete_schedule(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Remove a schedule; an invocation that is being tried again goes on."""
    forget(call.tx, _existing(call, params).arn)
    return {}


@SERVICE.operation("ListSchedules", reads=True)
def list_schedules(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Schedules, by group and name."""
    limit = params.get("MaxResults", _PAGE)
    if params.get("GroupName"):
        existing_group(call, params["GroupName"])
    token = params.get("NextToken")
    after = decode_token(token, "ValidationException", kinds=(str, str)) if token else ["", ""]
    found = records.list_schedules(
        call.tx,
        scope_of(call),
        params.get("GroupName", ""),
        params.get("NamePrefix", ""),
        params.get("State", ""),
        (after[0], after[1]),
        limit + 1,
    )
    answer: dict[str, Any] = {
        "Schedules": [
            {**_summary(schedule), "Target": {"Arn": schedule.document["Target"]["Arn"]}} for schedule in found[:limit]
        ]
    }
    if len(found) > limit:
        answer["NextToken"] = encode_token(found[limit - 1].group_name, found[limit - 1].name)
    return answer


def _existing(call: Call, params: dict[str, Any]) -> ScheduleRow:
    found = records.find_schedule(call.tx, schedule_arn(call, params))
    if found is None:
        raise missing(f"Schedule {params['Name']}")
    return found


def _summary(schedule: ScheduleRow) -> dict[str, Any]:
    return {
        "Arn": schedule.arn,
        "GroupName": schedule.group_name,
        "Name": schedule.name,
        "State": schedule.state,
        "CreationDate": schedule.created_at_ms,
        "LastModificationDate": schedule.modified_at_ms,
    }
