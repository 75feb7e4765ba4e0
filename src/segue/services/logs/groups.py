"""Log groups: created, described, deleted; retention and tags."""

from __future__ import annotations

from typing import Any

from segue import jobs
from segue.api import Call, Result, tags
from segue.api.paginate import decode_token, encode_token
from segue.arn import make_arn
from segue.errors import AwsError
from segue.jobs import Again, Job
from segue.services.logs import records
from segue.services.logs.records import Group
from segue.services.logs.service import SERVICE, group_arn, invalid, no_group, resource

RETENTION_DAYS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
)  # fmt: skip
"""Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html"""

DAY_MS = 86_400_000
PURGE_JOB = "logs:purge"
RETAIN_JOB = "logs:retain"
_EVENTS_AT_ONCE = 250
_BAD_TOKEN = ("InvalidParameterException", "The specified nextToken is invalid.")


@SERVICE.operation("CreateLogGroup", resource=resource)
def create_log_group(call: Call, params: dict[str, Any]) -> Result:
    """A new group."""
    arn = group_arn(call, params)
    if records.group(call.tx, arn) is not None:
        raise AwsError("ResourceAlreadyExistsException", "The specified log group already exists")
    document = {"class": params.get("logGroupClass") or "STANDARD"}
    if params.get("kmsKeyId"):
        document["kmsKeyId"] = params["kmsKeyId"]
    if params.get("deletionProtectionEnabled"):
        document["deletionProtectionEnabled"] = True
    make_group(call, params["logGroupName"], document)
    tags.add_tags(call.tx, arn, params.get("tags") or {})
    return {}


def make_group(call: Call, name: str, document: dict[str, Any]) -> int:
    """The row of a new group; its id."""
    arn = make_arn("logs", call.region, call.account, f"log-group:{name}")
    return records.insert_group(call.tx, arn, _place(call), name, document)


@SERVICE.operation("DeleteLogGroup", resource=resource)
def delete_log_group(call: Call, params: dict[str, Any]) -> Result:
    """Delete a group with its streams and events."""
    group = found_group(call, params)
    if group.document.get("deletionProtectionEnabled"):
        raise AwsError("ValidationException", "The log group is protected against deletion.")
    records.delete_group(call.tx, group.id)
    tags.drop_tags(call.tx, group.arn)
    jobs.cancel(call.tx, RETAIN_JOB, group.arn)
    purge_later(call, "grp", group.id)
    return {}


def purge_later(call: Call, column: str, owner: int) -> None:
    """Delete the events of a gone group or stream: some now, the rest by a job."""
    if not records.delete_events(call.tx, column, owner, None, _EVENTS_AT_ONCE):
        jobs.enqueue(call.tx, PURGE_JOB, f"{column}:{owner}", {"column": column, "owner": owner})


@SERVICE.job("purge")
def purge(call: Call, job: Job) -> Again | None:
    """Delete what a gone group or stream has left, some events at a time."""
    done = records.delete_events(call.tx, job.payload["column"], job.payload["owner"], None, _EVENTS_AT_ONCE)
    return None if done else Again(call.now_ms)


@SERVICE.operation("DescribeLogGroups", reads=True)
def describe_log_groups(call: Call, params: dict[str, Any]) -> Result:
    """Groups by name: all, by prefix, or those with a text in their names."""
    prefix, pattern = params.get("logGroupNamePrefix"), params.get("logGroupNamePattern")
    if prefix is not None and pattern is not None:
        raise invalid("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.")
    limit = params.get("limit") or 50
    after = str(*decode_token(params["nextToken"], *_BAD_TOKEN)[:1]) if params.get("nextToken") else ""
    wanted = {each.rsplit(":log-group:", 1)[-1].removesuffix(":*") for each in params.get("logGroupIdentifiers") or ()}
    groups: list[Group] = []
    while len(groups) <= limit:
        page = records.groups_after(call.tx, _place(call), prefix or "", after, limit + 1)
        groups += [
            group
            for group in page
            if (pattern is None or pattern.lower() in group.name.lower())
            and (not wanted or group.name in wanted)
            and params.get("logGroupClass") in (None, group.document["class"])
        ]
        if len(page) <= limit:
            break
        after = page[-1].name
    result: dict[str, Any] = {"logGroups": [_described(call, group) for group in groups[:limit]]}
    if len(groups) > limit:
        result["nextToken"] = encode_token(groups[limit - 1].name)
    return result


def _described(call: Call, group: Group) -> dict[str, Any]:
    found: dict[str, Any] = {
        "logGroupName": group.name,
        "creationTime": group.created_at,
        "metricFilterCount": 0,
        "arn": f"{group.arn}:*",
        "logGroupArn": group.arn,
        "storedBytes": records.stored_bytes(call.tx, group.id),
        "logGroupClass": group.document["class"],
        "deletionProtectionEnabled": bool(group.document.get("deletionProtectionEnabled")),
    }
    if group.retention_days is not None:
        found["retentionInDays"] = group.retention_days
    if "kmsKeyId" in group.document:
        found["kmsKeyId"] = group.document["kmsKeyId"]
    return found


# retention


@SERVICE.operation("PutRetentionPolicy", resource=resource)
def put_retention_policy(call: Call, params: dict[str, Any]) -> Result:
    """Keep events for so many days."""
    days = params["retentionInDays"]
    if days not in RETENTION_DAYS:
        raise invalid(
            f"1 validation error detected: Value '{days}' at 'retentionInDays' failed to satisfy constraint: "
            f"Member must satisfy enum value set: [{', '.join(map(str, RETENTION_DAYS))}]"
        )
    group = found_group(call, params)
    _retain(call, group, days)
    jobs.enqueue(call.tx, RETAIN_JOB, group.arn, {})
    return {}


@SERVICE.operation("DeleteRetentionPolicy", resource=resource)
def delete_retention_policy(call: Call, params: dict[str, Any]) -> Result:
    """Keep events for good."""
    _retain(call, found_group(call, params), None)
    return {}


def _retain(call: Call, group: Group, days: int | None) -> None:
    jobs.cancel(call.tx, RETAIN_JOB, group.arn)
    call.tx.run("UPDATE logs_groups SET retention_days = ? WHERE id = ?", days, group.id)


@SERVICE.job("retain")
def retain(call: Call, job: Job) -> Again | None:
    """Delete a group's events that are older than its retention, some at a time; look again the next day."""
    group = records.group(call.tx, job.key)
    if group is None or group.retention_days is None:
        return None
    before_ms = call.now_ms - group.retention_days * DAY_MS
    done = records.delete_events(call.tx, "grp", group.id, before_ms, _EVENTS_AT_ONCE)
    return Again(call.now_ms + DAY_MS if done else call.now_ms)


@SERVICE.housekeeping.append
def _forget_events(call: Call, after: int | None) -> int | None:
    """Forget a piece of what the next group keeps that says nothing of how long it keeps events; where to go on."""
    kept_ms = call.api.settings.kept.logs_ms
    row = records.group_without_retention(call.tx, after or 0) if kept_ms else None
    if row is None:
        return None
    done = records.delete_events(call.tx, "grp", row, call.now_ms - kept_ms, _EVENTS_AT_ONCE)
    done = done and records.delete_empty_streams(call.tx, row, call.now_ms - kept_ms, _EVENTS_AT_ONCE)
    return row if done else row - 1


def oldest_kept_ms(group: Group, now_ms: int) -> int:
    """The time before which a group's events are no longer shown."""
    return 0 if group.retention_days is None else now_ms - group.retention_days * DAY_MS


# keys and tags


@SERVICE.operation("AssociateKmsKey", resource=resource)
def associate_kms_key(call: Call, params: dict[str, Any]) -> Result:
    """Name the key that a group is encrypted with; nothing is encrypted here."""
    group = found_group(call, params)
    records.update_group(call.tx, group.id, group.document | {"kmsKeyId": params["kmsKeyId"]})
    return {}


@SERVICE.operation("DisassociateKmsKey", resource=resource)
def disassociate_kms_key(call: Call, params: dict[str, Any]) -> Result:
    """Name no key any more."""
    group = found_group(call, params)
    kept = {name: value for name, value in group.document.items() if name != "kmsKeyId"}
    records.update_group(call.tx, group.id, kept)
    return {}


@SERVICE.operation("TagLogGroup", resource=resource)
def tag_log_group(call: Call, params: dict[str, Any]) -> Result:
    """Tag a group by name."""
    tags.add_tags(call.tx, found_group(call, params).arn, params["tags"])
    return {}


@SERVICE.operation("UntagLogGroup", resource=resource)
def untag_log_group(call: Call, params: dict[str, Any]) -> Result:
    """Remove tags of a group by name."""
    tags.remove_tags(call.tx, found_group(call, params).arn, params["tags"])
    return {}


@SERVICE.operation("ListTagsLogGroup", reads=True, resource=resource)
def list_tags_log_group(call: Call, params: dict[str, Any]) -> Result:
    """A group's tags, by its name."""
    return {"tags": tags.tags_of(call.tx, found_group(call, params).arn)}


@SERVICE.operation("TagResource", resource=lambda call, params: str(params["resourceArn"]))
def tag_resource(call: Call, params: dict[str, Any]) -> Result:
    """Tag a group by ARN."""
    tags.add_tags(call.tx, _tagged(call, params), params["tags"])
    return {}


@SERVICE.operation("UntagResource", resource=lambda call, params: str(params["resourceArn"]))
def untag_resource(call: Call, params: dict[str, Any]) -> Result:
    """Remove tags of a group by ARN."""
    tags.remove_tags(call.tx, _tagged(call, params), params["tagKeys"])
    return {}


@SERVICE.operation("ListTagsForResource", reads=True, resource=lambda call, params: str(params["resourceArn"]))
def list_tags_for_resource(call: Call, params: dict[str, Any]) -> Result:
    """A group's tags, by its ARN."""
    return {"tags": tags.tags_of(call.tx, _tagged(call, params))}


def found_group(call: Call, params: dict[str, Any]) -> Group:
    """The group that a request names.

    Raises:
        AwsError: it is not there.
    """
    group = records.group(call.tx, group_arn(call, params))
    if group is None:
        raise no_group()
    return group


def _tagged(call: Call, params: dict[str, Any]) -> str:
    group = records.group(call.tx, params["resourceArn"].removesuffix(":*"))
    if group is None:
        raise AwsError("ResourceNotFoundException", "The specified resource does not exist.")
    return group.arn


def _place(call: Call) -> str:
    return f"{call.account}:{call.region}"
