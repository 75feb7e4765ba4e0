"""Schedules and their groups in templates.

Source: CloudFormation template reference, AWS::Scheduler::Schedule, AWS::Scheduler::ScheduleGroup.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from segue.api.resource_types import Resource, ResourceRequest, ResourceType, note_ignored, remove, retag
from segue.services.scheduler.service import SERVICE, invalid
from segue.services.scheduler.targets import reaches

_LONGEST_NAME = 64
_DATES = ("StartDate", "EndDate")


def _schedule(request: ResourceRequest) -> dict[str, Any]:
    properties = dict(request.properties)
    note_ignored(request, "KmsKeyArn")
    target = properties.get("Target")
    if isinstance(target, dict) and not reaches(str(target.get("Arn", ""))):
        request.notes.append(f"Segue has no way to {target.get('Arn')}: the record of deliveries will tell of it")
    for name in _DATES:
        if isinstance(properties.get(name), str):
            properties[name] = _milliseconds(name, properties[name])
    return properties


def _milliseconds(name: str, text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise invalid(f"{name} is not a time in ISO 8601: {text}") from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1_000)


def _create_schedule(request: ResourceRequest) -> Resource:
    return _create_named(request, request.name("Name", _LONGEST_NAME))


def _create_named(request: ResourceRequest, name: str) -> Resource:
    made = request.perform("scheduler:CreateSchedule", {**_schedule(request), "Name": name})
    return Resource(name, {"Arn": made["ScheduleArn"]})


def _update_schedule(request: ResourceRequest) -> Resource:
    """A schedule that is to be in another group keeps its name, so it is no replacement to a stack."""
    if request.changed("GroupName"):
        before = {"Name": request.physical_id, "GroupName": request.previous.get("GroupName")}
        remove(request, "scheduler:DeleteSchedule", before)
        return _create_named(request, request.physical_id)
    request.perform("scheduler:UpdateSchedule", {**_schedule(request), "Name": request.physical_id})
    return Resource(request.physical_id, request.attributes)


def _delete_schedule(request: ResourceRequest) -> None:
    params = {"Name": request.physical_id, "GroupName": request.properties.get("GroupName")}
    remove(request, "scheduler:DeleteSchedule", params)


def _create_group(request: ResourceRequest) -> Resource:
    name = request.name("Name", _LONGEST_NAME)
    tags = [{"Key": key, "Value": value} for key, value in request.all_tags().items()]
    request.perform("scheduler:CreateScheduleGroup", {"Name": name, "Tags": tags})
    return _group(request, name)


def _group(request: ResourceRequest, name: str) -> Resource:
    found = request.perform("scheduler:GetScheduleGroup", {"Name": name})
    dates = {
        member: f"{datetime.fromtimestamp(found[member] / 1_000, UTC):%Y-%m-%dT%H:%M:%SZ}"
        for member in ("CreationDate", "LastModificationDate")
    }
    return Resource(name, {"Arn": found["Arn"], "State": found["State"], **dates})


def _update_group(request: ResourceRequest) -> Resource:
    retag(request, "scheduler", {"ResourceArn": request.attributes["Arn"]})
    return Resource(request.physical_id, request.attributes)


def _delete_group(request: ResourceRequest) -> None:
    remove(request, "scheduler:DeleteScheduleGroup", {"Name": request.physical_id})


SERVICE.resource_type(ResourceType("AWS::Scheduler::Schedule", _create_schedule, _delete_schedule, _update_schedule))
SERVICE.resource_type(ResourceType("AWS::Scheduler::ScheduleGroup", _create_group, _delete_group, _update_group))
