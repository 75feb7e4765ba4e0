"""Tables: created, described, listed, changed, deleted. A table is ``ACTIVE`` as soon as it is there."""

from __future__ import annotations

import json
from typing import Any

from segue import jobs
from segue.api import Call, Result, tags
from segue.arn import parse_arn
from segue.errors import AwsError
from segue.jobs import Again, Job
from segue.services.dynamodb import changes, records, table_requests
from segue.services.dynamodb.backup_records import is_being_made
from segue.services.dynamodb.indexes import PURGE_JOB, change_indexes, index_descriptions
from segue.services.dynamodb.schema import Table, check_name, load_table, resource, table_arn
from segue.services.dynamodb.service import SERVICE, invalid, operation
from segue.services.dynamodb.writes import EXPIRE_JOB

PURGE_ROWS = 1_000


@operation("CreateTable", resource=resource)
def create_table(call: Call, params: dict[str, Any]) -> Result:
    """A new table, with its indexes."""
    return {"TableDescription": create(call, params)}


def create(call: Call, params: dict[str, Any], more: dict[str, Any] | None = None) -> dict[str, Any]:
    """A new table as a request (and ``more`` of its description) wants it; its ``TableDescription``."""
    table_requests.refuse_unsupported("CreateTable", params)
    table_requests.check_create(params)
    arn = table_arn(call, params["TableName"])
    name = parse_arn(arn).resource.split("/", 1)[1]
    if records.table_row(call.tx, arn) is not None:
        raise AwsError("ResourceInUseException", f"Table already exists: {name}")
    document = _document(call, arn, name, params) | (more or {})
    records.insert_table(call.tx, arn, call.tx.ids.ordered(call.now_ms), _where(call), name, json.dumps(document))
    given = {tag["Key"]: tag["Value"] for tag in params.get("Tags") or ()}
    tags.add_tags(call.tx, arn, given)
    return describe(call, table_named(call, name))


@operation("DescribeTable", reads=True, resource=resource)
def describe_table(call: Call, params: dict[str, Any]) -> Result:
    """A table's description."""
    return {"Table": describe(call, table_named(call, params["TableName"]))}


@operation("ListTables", reads=True)
def list_tables(call: Call, params: dict[str, Any]) -> Result:
    """Names of the account's tables in this region, in order."""
    limit = params.get("Limit") or 100
    names = records.table_names(call.tx, _where(call), params.get("ExclusiveStartTableName") or "", limit + 1)
    result: dict[str, Any] = {"TableNames": names[:limit]}
    if len(names) > limit:
        result["LastEvaluatedTableName"] = names[limit - 1]
    return result


@operation("UpdateTable", resource=resource)
def update_table(call: Call, params: dict[str, Any]) -> Result:
    """Change billing, streams, protection or global indexes."""
    table_requests.refuse_unsupported("UpdateTable", params)
    table = table_named(call, params["TableName"])
    document = json.loads(json.dumps(table.document))
    if not any(name for name in params if name not in ("TableName", "AttributeDefinitions")):
        raise invalid(
            "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates or "
            "SSESpecification or ReplicaUpdates is required"
        )
    if "BillingMode" in params or "ProvisionedThroughput" in params:
        _bill(call, document, params)
    if "StreamSpecification" in params:
        wanted = params["StreamSpecification"]
        if wanted.get("StreamEnabled"):
            changes.enable(call, table.arn, document, wanted)
        else:
            changes.disable(call, document, wanted)
    for member in (
        "DeletionProtectionEnabled",
        "TableClass",
        "OnDemandThroughput",
        "SSESpecification",
        "WarmThroughput",
    ):
        if params.get(member) is not None:
            document[member] = params[member]
    change_indexes(call, table, document, params)
    records.update_table(call.tx, table.arn, json.dumps(document))
    return {"TableDescription": describe(call, table_named(call, table.name))}


@operation("DeleteTable", resource=resource)
def delete_table(call: Call, params: dict[str, Any]) -> Result:
    """Delete a table with all its items."""
    table = table_named(call, params["TableName"])
    if table.document.get("DeletionProtectionEnabled"):
        raise invalid(
            "Resource cannot be deleted as it is currently protected against deletion. "
            "Disable deletion protection first."
        )
    if is_being_made(call.tx, table.arn):
        raise AwsError("ResourceInUseException", f"Attempt to delete a table while it is backed up: {table.name}")
    description = describe(call, table)
    records.delete_table(call.tx, table.arn)
    changes.close(call.tx, dict(table.document))
    tags.drop_tags(call.tx, table.arn)
    jobs.cancel(call.tx, EXPIRE_JOB, table.arn)
    for what, row_id in (("items", table.id), *(("index_entries", index.id) for index in table.indexes.values())):
        if not records.purge(call.tx, what, row_id, PURGE_ROWS):
            jobs.enqueue(call.tx, PURGE_JOB, f"{table.arn}#{row_id}", {"what": what, "id": row_id})
    kept = (
        "TableName",
        "TableArn",
        "TableId",
        "ItemCount",
        "TableSizeBytes",
        "BillingModeSummary",
        "ProvisionedThroughput",
        "DeletionProtectionEnabled",
    )
    return {
        "TableDescription": {name: description[name] for name in kept if name in description}
        | {"TableStatus": "DELETING"}
    }


@SERVICE.job("purge")
def purge(call: Call, job: Job) -> Again | None:
    """Delete what a gone table or index has left, some rows at a time."""
    done = records.purge(call.tx, job.payload["what"], job.payload["id"], PURGE_ROWS)
    return None if done else Again(call.now_ms)


def table_named(call: Call, name: str) -> Table:
    """The table, for an operation on tables.

    Raises:
        AwsError: ``ResourceNotFoundException``, which names the table here.
    """
    check_name(name)
    arn = table_arn(call, name)
    row = records.table_row(call.tx, arn)
    if row is None:
        shown = name if not name.startswith("arn:") else parse_arn(arn).resource.split("/", 1)[-1]
        raise AwsError("ResourceNotFoundException", f"Requested resource not found: Table: {shown} not found")
    return load_table(call, arn, row[0], row[1])


def describe(call: Call, table: Table) -> dict[str, Any]:
    """A table as ``TableDescription``."""
    document = table.document
    count, size = records.count(call.tx, table.id)
    found: dict[str, Any] = {
        "AttributeDefinitions": document["AttributeDefinitions"],
        "TableName": table.name,
        "KeySchema": document["KeySchema"],
        "TableStatus": "CREATING" if table.is_restoring else "ACTIVE",
        "CreationDateTime": document["CreationDateTime"],
        "ProvisionedThroughput": {"NumberOfDecreasesToday": 0, **document["ProvisionedThroughput"]},
        "TableSizeBytes": size,
        "ItemCount": count,
        "TableArn": table.arn,
        "TableId": document["TableId"],
        "DeletionProtectionEnabled": document.get("DeletionProtectionEnabled", False),
    }
    for member in (
        "BillingModeSummary",
        "StreamSpecification",
        "LatestStreamLabel",
        "OnDemandThroughput",
        "RestoreSummary",
    ):
        if member in document:
            found[member] = document[member]
    if "LatestStreamLabel" in document:
        found["LatestStreamArn"] = f"{table.arn}/stream/{document['LatestStreamLabel']}"
    if "TableClass" in document:
        found["TableClassSummary"] = {"TableClass": document["TableClass"]}
    sse = document.get("SSESpecification") or {}
    if sse.get("Enabled"):
        found["SSEDescription"] = {"Status": "ENABLED", "SSEType": sse.get("SSEType", "KMS")}
        if "KMSMasterKeyId" in sse:
            found["SSEDescription"]["KMSMasterKeyArn"] = sse["KMSMasterKeyId"]
    warm = document.get("WarmThroughput") or {"ReadUnitsPerSecond": 12_000, "WriteUnitsPerSecond": 4_000}
    found["WarmThroughput"] = {**warm, "Status": "ACTIVE"}
    return found | index_descriptions(call, table, count)


def _where(call: Call) -> str:
    return f"{call.account}:{call.region}"


def _document(call: Call, arn: str, name: str, params: dict[str, Any]) -> dict[str, Any]:
    document: dict[str, Any] = {
        "TableName": name,
        "AttributeDefinitions": params["AttributeDefinitions"],
        "KeySchema": params["KeySchema"],
        "CreationDateTime": call.now_ms,
        "TableId": call.tx.ids.uuid(),
        "ProvisionedThroughput": {"ReadCapacityUnits": 0, "WriteCapacityUnits": 0},
        "IndexIds": {},
    }
    kept = (
        "DeletionProtectionEnabled",
        "TableClass",
        "OnDemandThroughput",
        "SSESpecification",
        "WarmThroughput",
        "LocalSecondaryIndexes",
        "GlobalSecondaryIndexes",
        "ResourcePolicy",
    )
    document |= {member: params[member] for member in kept if params.get(member) is not None}
    for index in (*document.get("LocalSecondaryIndexes", ()), *document.get("GlobalSecondaryIndexes", ())):
        document["IndexIds"][index["IndexName"]] = call.tx.ids.ordered(call.now_ms)
    _bill(call, document, {"BillingMode": "PROVISIONED", **params})
    if params.get("StreamSpecification", {}).get("StreamEnabled"):
        changes.enable(call, arn, document, params["StreamSpecification"])
    return document


def _bill(call: Call, document: dict[str, Any], params: dict[str, Any]) -> None:
    mode = params.get("BillingMode") or document.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED")
    throughput = params.get("ProvisionedThroughput")
    table_requests.check_billing(mode, throughput)
    document["ProvisionedThroughput"] = throughput or {"ReadCapacityUnits": 0, "WriteCapacityUnits": 0}
    if mode == "PAY_PER_REQUEST":
        document["BillingModeSummary"] = {
            "BillingMode": mode,
            "LastUpdateToPayPerRequestDateTime": call.now_ms,
        }
    elif "BillingModeSummary" in document:
        document["BillingModeSummary"]["BillingMode"] = mode
