"""Schedule groups."""

from __future__ import annotations

from typing import Any

from segue import jobs
from segue.api import Call
from segue.api.paginate import decode_token, encode_token
from segue.api.tags import add_tags, drop_tags
from segue.jobs import Again, Job
from segue.services.scheduler import records
from segue.services.scheduler.firing import forget
from segue.services.scheduler.idempotency import once
from segue.services.scheduler.records import DEFAULT_GROUP, Group
from segue.services.scheduler.service import SERVICE, conflict, group_arn, invalid, missing, scope_of

_PAGE = 100
_DELETED_AT_ONCE = 500


@SERVICE.operation("CreateScheduleGroup", resource=group_arn)
@once
def create_schedule_group(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """A new group."""
    arn = group_arn(call, params)
    if records.find_group(call.tx, arn) is not None:
        raise conflict(f"Schedule group {params['Name']} already exists.")
    records.save_group(call.tx, scope_of(call), Group(arn, params["Name"], "ACTIVE", call.now_ms, call.now_ms))
    add_tags(call.tx, arn, {tag["Key"]: tag["Value"] for tag in params.get("Tags", ())})
    return {"ScheduleGroupArn": arn}


@SERVICE.operation("GetScheduleGroup", reads=True, resource=group_arn)
def get_schedule_group(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """A group."""
    return _view(existing_group(call, params["Name"]))


@SERVICE.operation("ListScheduleGroups", reads=True)
def list_schedule_groups(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """The groups, by name; the default one among them."""
    limit = params.get("MaxResults", _PAGE)
    prefix = params.get("NamePrefix", "")
    after = str(decode_token(params["NextToken"], "ValidationException")[0]) if params.get("NextToken") else ""
    groups = records.list_groups(call.tx, scope_of(call), prefix, after, limit + 1)
    if after < DEFAULT_GROUP and DEFAULT_GROUP.startswith(prefix) and all(g.name != DEFAULT_GROUP for g in groups):
        default = records.find_group(call.tx, group_arn(call, {"Name": DEFAULT_GROUP}))
        assert default is not None
        groups = sorted([*groups, default], key=lambda group: group.name)
    answer: dict[str, Any] = {"ScheduleGroups": [_view(group) for group in groups[:limit]]}
    if len(groups) > limit:
        answer["NextToken"] = encode_token(groups[limit - 1].name)
    return answer


@SERVICE.operation("DeleteScheduleGroup", resource=group_arn)
@once
def delete_schedule_group(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Remove a group with its schedules: at once, or if they are many, a piece at a time (``DELETING``)."""
    if params["Name"] == DEFAULT_GROUP:
        raise invalid("The default schedule group cannot be deleted.")
    group = existing_group(call, params["Name"])
    if not _empty(call, group):
        records.save_group(call.tx, scope_of(call), group._replace(state="DELETING", modified_at_ms=call.now_ms))
        jobs.enqueue(call.tx, "scheduler:delete-group", group.arn, {"scope": scope_of(call)})
    return {}


@SERVICE.job("delete-group")
def delete_more(call: Call, job: Job) -> Again | None:
    """Go on with the deletion of a group."""
    group = records.find_group(call.tx, job.key)
    if group is None or _empty(call, group, job.payload["scope"]):
        return None
    return Again(call.now_ms)


def _empty(call: Call, group: Group, scope: str = "") -> bool:
    """Remove some schedules of a group, and itself if those were the last; whether it is gone."""
    scope = scope or scope_of(call)
    found = records.schedules_of(call.tx, scope, group.name, _DELETED_AT_ONCE + 1)
    for arn in found[:_DELETED_AT_ONCE]:
        forget(call.tx, arn)
    if len(found) > _DELETED_AT_ONCE:
        return False
    records.delete_group(call.tx, group.arn)
    drop_tags(call.tx, group.arn)
    return True


def existing_group(call: Call, name: str) -> Group:
    """The group; ``AwsError`` where there is none."""
    found = records.find_group(call.tx, group_arn(call, {"Name": name}))
    if found is None:
        raise missing(f"Schedule group {name}")
    return found


def _view(group: Group) -> dict[str, Any]:
    return {
        "Arn": group.arn,
        "Name": group.name,
        "State": group.state,
        "CreationDate": group.created_at_ms,
        "LastModificationDate": group.modified_at_ms,
    }
