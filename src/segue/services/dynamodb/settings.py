"""What hangs on tables: time to live, tags, resource policies, backups' state; and the account's limits."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

from segue import jobs
from segue.api import Call, Result, tags
from segue.errors import AwsError, not_implemented
from segue.jobs import Again, Job
from segue.services.dynamodb import pages, records, writes
from segue.services.dynamodb.records import Place
from segue.services.dynamodb.schema import Table, find_table, key_of, key_place, resource
from segue.services.dynamodb.service import SERVICE, invalid, operation
from segue.services.dynamodb.tables import table_named
from segue.store import Transaction

DATE_JOB = "dynamodb:date"
EXPIRE_ITEMS = 200


@operation("UpdateTimeToLive", resource=resource)
def update_time_to_live(call: Call, params: dict[str, Any]) -> Result:
    """Have items expire at the time in one of their attributes, or no more."""
    table = table_named(call, params["TableName"])
    specification = params["TimeToLiveSpecification"]
    enabled, name = specification["Enabled"], specification["AttributeName"]
    if enabled and table.ttl_attribute:
        raise invalid("TimeToLive is already enabled")
    if not enabled and not table.ttl_attribute:
        raise invalid("TimeToLive is already disabled")
    if not enabled and name != table.ttl_attribute:
        raise invalid(
            f"TimeToLive is active on a different AttributeName: current AttributeName is {table.ttl_attribute}"
        )
    _change(call, table, {"TimeToLive": name if enabled else ""})
    if enabled:
        jobs.cancel(call.tx, DATE_JOB, table.arn)
        jobs.enqueue(call.tx, DATE_JOB, table.arn, {"table": table.arn, "after": None})
    else:
        call.tx.run("UPDATE dynamodb_items SET expires_at = NULL WHERE tbl = ? AND expires_at IS NOT NULL", table.id)
    return {"TimeToLiveSpecification": specification}


@operation("DescribeTimeToLive", reads=True, resource=resource)
def describe_time_to_live(call: Call, params: dict[str, Any]) -> Result:
    """Whether, and by which attribute, items expire."""
    name = table_named(call, params["TableName"]).ttl_attribute
    description = {"TimeToLiveStatus": "ENABLED", "AttributeName": name} if name else {"TimeToLiveStatus": "DISABLED"}
    return {"TimeToLiveDescription": description}


@SERVICE.job("date")
def date_items(call: Call, job: Job) -> Again | None:
    """Give the items that were there before their table's time to live was enabled their times, some at a time."""
    table = _table_of(call, job.payload["table"])
    if table is None or not table.ttl_attribute:
        return None
    where = pages.segment_range(0, 1)
    if job.payload["after"] is not None:
        after = Place(*job.payload["after"])
        where = pages.Range(start=(after, after))
    page = pages.read(call.tx, table, None, where, EXPIRE_ITEMS, True)
    for item in page.items:
        expires_at_ms = writes.expiry_ms(call, table, item)
        if expires_at_ms is not None:
            at = key_place(table, key_of(table, item))
            call.tx.run(
                "UPDATE dynamodb_items SET expires_at = ? WHERE tbl = ? AND bucket = ? AND hash = ? AND sort = ?",
                expires_at_ms,
                table.id,
                *at,
            )
    writes.arrange_expiry(call, table)
    if page.last is None:
        return None
    return Again(call.now_ms, {**job.payload, "after": list(key_place(table, key_of(table, page.last)))})


@SERVICE.job("expire")
def expire(call: Call, job: Job) -> Again | None:
    """Delete the items of a table whose time has come (AWS takes up to some days for it)."""
    table = _table_of(call, job.key)
    if table is None:
        return None
    rows = call.tx.all(
        "SELECT bucket, hash, sort, item, size FROM dynamodb_items WHERE tbl = ? AND expires_at <= ?"
        " ORDER BY expires_at LIMIT ?",
        table.id,
        call.now_ms,
        EXPIRE_ITEMS,
    )
    for bucket, hash_key, sort_key, item, size in rows:
        planned = writes.Plan(table, Place(bucket, hash_key, sort_key), "Delete", None)
        writes.apply(call, writes.Change(planned, records.unpack(item), size, None, 0), expired=True)
    following = call.tx.one(
        "SELECT MIN(expires_at) FROM dynamodb_items WHERE tbl = ? AND expires_at IS NOT NULL", table.id
    )
    return Again(max(following[0], call.now_ms)) if following and following[0] is not None else None


@operation("TagResource", resource=lambda call, params: str(params["ResourceArn"]))
def tag_resource(call: Call, params: dict[str, Any]) -> Result:
    """Tag a table."""
    _tagged(call, params)
    tags.add_tags(call.tx, params["ResourceArn"], {tag["Key"]: tag["Value"] for tag in params["Tags"]})
    return {}


@operation("UntagResource", resource=lambda call, params: str(params["ResourceArn"]))
def untag_resource(call: Call, params: dict[str, Any]) -> Result:
    """Remove tags from a table."""
    _tagged(call, params)
    tags.remove_tags(call.tx, params["ResourceArn"], params["TagKeys"])
    return {}


@operation("ListTagsOfResource", reads=True, resource=lambda call, params: str(params["ResourceArn"]))
def list_tags_of_resource(call: Call, params: dict[str, Any]) -> Result:
    """A table's tags."""
    _tagged(call, params)
    found = tags.tags_of(call.tx, params["ResourceArn"])
    return {"Tags": [{"Key": key, "Value": value} for key, value in found.items()]}


@operation("PutResourcePolicy", resource=lambda call, params: str(params["ResourceArn"]))
def put_resource_policy(call: Call, params: dict[str, Any]) -> Result:
    """Attach a policy to a table."""
    table = _tagged(call, params)
    try:
        json.loads(params["Policy"])
    except (ValueError, RecursionError):
        raise invalid("Resource-based policy must be a valid JSON document") from None
    expected = params.get("ExpectedRevisionId")
    current = table.document.get("ResourcePolicy")
    if expected is not None and (current is None) != (expected == "NO_POLICY"):
        raise AwsError("PolicyNotFoundException", "Resource-based policy not found for the provided ResourceArn")
    _change(call, table, {"ResourcePolicy": params["Policy"]})
    return {"RevisionId": _revision(params["Policy"])}


@operation("GetResourcePolicy", reads=True, resource=lambda call, params: str(params["ResourceArn"]))
def get_resource_policy(call: Call, params: dict[str, Any]) -> Result:
    """The policy attached to a table."""
    policy = _tagged(call, params).document.get("ResourcePolicy")
    if policy is None:
        raise AwsError("PolicyNotFoundException", "Resource-based policy not found for the provided ResourceArn")
    return {"Policy": policy, "RevisionId": _revision(policy)}


@operation("DeleteResourcePolicy", resource=lambda call, params: str(params["ResourceArn"]))
def delete_resource_policy(call: Call, params: dict[str, Any]) -> Result:
    """Detach the policy of a table."""
    table = _tagged(call, params)
    policy = table.document.get("ResourcePolicy")
    if policy is None:
        return {}
    _change(call, table, {"ResourcePolicy": None})
    return {"RevisionId": _revision(policy)}


@operation("DescribeContinuousBackups", reads=True, resource=resource)
def describe_continuous_backups(call: Call, params: dict[str, Any]) -> Result:
    """Point-in-time recovery, which is not there: disabled."""
    table_named(call, params["TableName"])
    return {
        "ContinuousBackupsDescription": {
            "ContinuousBackupsStatus": "ENABLED",
            "PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": "DISABLED"},
        }
    }


@operation("UpdateContinuousBackups", resource=resource)
def update_continuous_backups(call: Call, params: dict[str, Any]) -> Result:
    """Point-in-time recovery can be left off; turning it on is refused."""
    if params["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]:
        raise not_implemented("dynamodb:UpdateContinuousBackups", "PointInTimeRecoveryEnabled = true")
    return describe_continuous_backups(call, params)


@operation("DescribeLimits", reads=True)
def describe_limits(call: Call, params: dict[str, Any]) -> Result:
    """The default quotas of an account; throughput is not limited here."""
    return {
        "AccountMaxReadCapacityUnits": 80_000,
        "AccountMaxWriteCapacityUnits": 80_000,
        "TableMaxReadCapacityUnits": 40_000,
        "TableMaxWriteCapacityUnits": 40_000,
    }


@operation("DescribeEndpoints", reads=True)
def describe_endpoints(call: Call, params: dict[str, Any]) -> Result:
    """Where clients that discover endpoints go: here."""
    address = call.api.settings.endpoint_url.split("://", 1)[1]
    return {"Endpoints": [{"Address": address, "CachePeriodInMinutes": 1_440}]}


def resource_policy(tx: Transaction, arn: str) -> str | None:
    """The policy of a table, for authorization."""
    row = tx.one("SELECT document FROM dynamodb_tables WHERE arn = ?", arn.split("/index/", 1)[0])
    policy = json.loads(row[0]).get("ResourcePolicy") if row else None
    return policy if isinstance(policy, str) else None


SERVICE.resource_policy = resource_policy


def _table_of(call: Call, arn: str) -> Table | None:
    try:
        return find_table(call, arn)
    except AwsError:
        return None


def _tagged(call: Call, params: dict[str, Any]) -> Table:
    arn = params["ResourceArn"]
    if not arn.startswith("arn:"):
        raise invalid(f"Invalid TableArn: Invalid ResourceArn provided as input {arn}")
    table = _table_of(call, arn)
    if table is None:
        raise AwsError("ResourceNotFoundException", f"Requested resource not found: ResourcArn: {arn} not found")
    return table


def _change(call: Call, table: Table, members: dict[str, Any]) -> None:
    document = {name: value for name, value in {**table.document, **members}.items() if value is not None}
    records.update_table(call.tx, table.arn, json.dumps(document))


def _revision(policy: str) -> str:
    return str(int(sha256(policy.encode()).hexdigest()[:12], 16))
