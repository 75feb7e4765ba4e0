"""On-demand backups: a table's items copied beside it, some at a time, and copied back into a new table.

As on AWS items that are written while a backup is made may be in it as they were before or after, and tags, policies,
streams and time to live are not restored.
Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/backuprestore_HowItWorks.html
"""

from __future__ import annotations

import json
from typing import Any

from segue import jobs
from segue.api import Call, Result
from segue.errors import AwsError, not_implemented
from segue.jobs import Again, Job
from segue.services.dynamodb import records, writes
from segue.services.dynamodb.backup_records import Backup, backups_of, delete_backup_row, find_backup, save_backup
from segue.services.dynamodb.indexes import PURGE_JOB
from segue.services.dynamodb.records import Place
from segue.services.dynamodb.schema import Table, resource, table_arn
from segue.services.dynamodb.service import SERVICE, operation
from segue.services.dynamodb.tables import create, table_named

BACKUP_JOB = "dynamodb:backup"
RESTORE_JOB = "dynamodb:restore"
PIECE_ITEMS = 500
PIECE_BYTES = 4_000_000
MAX_LISTED = 100

_OVERRIDES = {
    "BillingModeOverride": "BillingMode",
    "GlobalSecondaryIndexOverride": "GlobalSecondaryIndexes",
    "LocalSecondaryIndexOverride": "LocalSecondaryIndexes",
    "ProvisionedThroughputOverride": "ProvisionedThroughput",
    "OnDemandThroughputOverride": "OnDemandThroughput",
    "SSESpecificationOverride": "SSESpecification",
}
_INDEX_MEMBERS = ("IndexName", "KeySchema", "Projection", "ProvisionedThroughput", "OnDemandThroughput")


def _arn(_: Call, params: dict[str, Any]) -> str:
    return str(params["BackupArn"])


@operation("CreateBackup", resource=resource)
def create_backup(call: Call, params: dict[str, Any]) -> Result:
    """Begin a backup; a small table's is done with it."""
    table = _source_table(call, params["TableName"])
    item_count, size = records.count(call.tx, table.id)
    backup = Backup(
        arn=f"{table.arn}/backup/{call.now_ms:014d}-{call.tx.ids.seed() % 0x1_0000_0000:08x}",
        id=call.tx.ids.ordered(call.now_ms),
        table_arn=table.arn,
        name=params["BackupName"],
        created_at_ms=call.now_ms,
        status="CREATING",
        document={**table.document, "ItemCount": item_count, "SizeBytes": size},
    )
    save_backup(call.tx, backup)
    _copy_out(call, backup, table, None)
    return {"BackupDetails": _details(backup)}


@operation("DescribeBackup", reads=True, resource=_arn)
def describe_backup(call: Call, params: dict[str, Any]) -> Result:
    """A backup, and the table that it was made of."""
    return {"BackupDescription": _describe(_existing(call, params))}


@operation("DeleteBackup", resource=_arn)
def delete_backup(call: Call, params: dict[str, Any]) -> Result:
    """Delete a backup that is not being made or restored."""
    backup = _existing(call, params)
    if backup.status != "AVAILABLE" or jobs.exists(call.tx, RESTORE_JOB, backup.arn):
        raise AwsError("BackupInUseException", f"Backup is in use: {backup.arn}")
    description = _describe(backup)
    delete_backup_row(call.tx, backup.arn)
    jobs.enqueue(call.tx, PURGE_JOB, backup.arn, {"what": "items", "id": backup.id})
    description["BackupDetails"]["BackupStatus"] = "DELETED"
    return {"BackupDescription": description}


@operation("ListBackups", reads=True)
def list_backups(call: Call, params: dict[str, Any]) -> Result:
    """The backups of a table, or of all of the account's in this region, by their ARNs."""
    if params.get("BackupType", "USER") not in ("USER", "ALL"):
        return {"BackupSummaries": []}
    limit = min(params.get("Limit") or MAX_LISTED, MAX_LISTED)
    name = params.get("TableName")
    prefix = f"{table_arn(call, name)}/" if name else table_arn(call, "")
    span = (params.get("TimeRangeLowerBound") or 0, params.get("TimeRangeUpperBound"))
    found = backups_of(call.tx, prefix, params.get("ExclusiveStartBackupArn") or "", span, limit + 1)
    result: dict[str, Any] = {
        "BackupSummaries": [
            {
                "TableName": backup.document["TableName"],
                "TableId": backup.document["TableId"],
                "TableArn": backup.table_arn,
                **_details(backup),
            }
            for backup in found[:limit]
        ]
    }
    if len(found) > limit:
        result["LastEvaluatedBackupArn"] = found[limit - 1].arn
    return result


@operation("RestoreTableFromBackup", resource=_arn)
def restore_table_from_backup(call: Call, params: dict[str, Any]) -> Result:
    """A new table with the items of a backup; it is ``CREATING`` until they are all there."""
    if params.get("VectorIndexOverride"):
        raise not_implemented("dynamodb:RestoreTableFromBackup", "VectorIndexOverride")
    backup = _existing(call, params)
    if backup.status != "AVAILABLE":
        raise AwsError("BackupInUseException", f"Backup is in use: {backup.arn}")
    name = params["TargetTableName"]
    if records.table_row(call.tx, table_arn(call, name)) is not None:
        raise AwsError("TableAlreadyExistsException", f"Table already exists: {name}")
    restored = {
        "SourceBackupArn": backup.arn,
        "SourceTableArn": backup.table_arn,
        "RestoreDateTime": call.now_ms,
        "RestoreInProgress": True,
    }
    description = create(call, _table_params(backup, params), {"RestoreSummary": restored})
    _copy_in(call, backup, table_named(call, name), None)
    return {"TableDescription": description}


@SERVICE.job("backup")
def continue_backup(call: Call, job: Job) -> Again | None:
    """Copy another piece of a table into its backup."""
    backup = find_backup(call.tx, job.key)
    row = None if backup is None else records.table_row(call.tx, backup.table_arn)
    if backup is None or row is None:
        return None
    return _copy_out(call, backup, table_named(call, backup.table_arn), job)


@SERVICE.job("restore")
def continue_restore(call: Call, job: Job) -> Again | None:
    """Copy another piece of a backup into its new table."""
    backup = find_backup(call.tx, job.key)
    row = records.table_row(call.tx, job.payload["table"])
    if backup is None or row is None or row[0] != job.payload["id"]:
        return None
    return _copy_in(call, backup, table_named(call, job.payload["table"]), job)


def _copy_out(call: Call, backup: Backup, table: Table, job: Job | None) -> Again | None:
    last = records.copy_items(call.tx, table.id, backup.id, _after(job), PIECE_ITEMS, PIECE_BYTES)
    if last is None:
        save_backup(call.tx, backup.available())
        return None
    return _go_on(call, BACKUP_JOB, backup.arn, {"after": list(last)}, job)


def _copy_in(call: Call, backup: Backup, table: Table, job: Job | None) -> Again | None:
    rows, last = records.items_after(call.tx, backup.id, _after(job), PIECE_ITEMS, PIECE_BYTES)
    for at, item, size in rows:
        planned = writes.Plan(table, at, "Put", None, item, size)
        writes.apply(call, writes.Change(planned, None, 0, item, size))
    if last is not None:
        return _go_on(call, RESTORE_JOB, backup.arn, {"table": table.arn, "id": table.id, "after": list(last)}, job)
    document = json.loads(json.dumps(table.document))
    document["RestoreSummary"]["RestoreInProgress"] = False
    records.update_table(call.tx, table.arn, json.dumps(document))
    return None


def _after(job: Job | None) -> Place | None:
    return None if job is None else Place(*job.payload["after"])


def _go_on(call: Call, kind: str, key: str, payload: dict[str, Any], job: Job | None) -> Again | None:
    if job is not None:
        return Again(call.now_ms, payload)
    jobs.enqueue(call.tx, kind, key, payload)
    return None


def _source_table(call: Call, name: str) -> Table:
    try:
        table = table_named(call, name)
    except AwsError as error:
        if error.code != "ResourceNotFoundException":
            raise
        raise AwsError("TableNotFoundException", f"Table not found: {name}") from None
    if table.is_restoring:
        raise AwsError("TableInUseException", f"Table is being created: {name}")
    return table


def _existing(call: Call, params: dict[str, Any]) -> Backup:
    backup = find_backup(call.tx, params["BackupArn"])
    if backup is None:
        raise AwsError("BackupNotFoundException", f"Backup not found: {params['BackupArn']}")
    return backup


def _table_params(backup: Backup, params: dict[str, Any]) -> dict[str, Any]:
    """The CreateTable request that the restored table comes of."""
    document = backup.document
    wanted: dict[str, Any] = {
        "TableName": params["TargetTableName"],
        "AttributeDefinitions": document["AttributeDefinitions"],
        "KeySchema": document["KeySchema"],
        "BillingMode": _billing_mode(document),
        "ProvisionedThroughput": document["ProvisionedThroughput"],
    }
    for member in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes", "OnDemandThroughput", "SSESpecification"):
        if member in document:
            wanted[member] = document[member]
    wanted |= {member: params[override] for override, member in _OVERRIDES.items() if override in params}
    if wanted["BillingMode"] == "PAY_PER_REQUEST":
        del wanted["ProvisionedThroughput"]
    keys = [wanted, *wanted.get("GlobalSecondaryIndexes", ()), *wanted.get("LocalSecondaryIndexes", ())]
    used = {key["AttributeName"] for each in keys for key in each["KeySchema"]}
    wanted["AttributeDefinitions"] = [each for each in wanted["AttributeDefinitions"] if each["AttributeName"] in used]
    return wanted


def _billing_mode(document: dict[str, Any]) -> str:
    return str(document.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED"))


def _details(backup: Backup) -> dict[str, Any]:
    return {
        "BackupArn": backup.arn,
        "BackupName": backup.name,
        "BackupSizeBytes": backup.document["SizeBytes"],
        "BackupStatus": backup.status,
        "BackupType": "USER",
        "BackupCreationDateTime": backup.created_at_ms,
    }


def _describe(backup: Backup) -> dict[str, Any]:
    document = backup.document
    features: dict[str, Any] = {}
    for kind in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes"):
        if kind in document:
            features[kind] = [
                {member: index[member] for member in _INDEX_MEMBERS if member in index} for index in document[kind]
            ]
    if "StreamSpecification" in document:
        features["StreamDescription"] = document["StreamSpecification"]
    if document.get("TimeToLive"):
        features["TimeToLiveDescription"] = {"TimeToLiveStatus": "ENABLED", "AttributeName": document["TimeToLive"]}
    return {
        "BackupDetails": _details(backup),
        "SourceTableDetails": {
            "TableName": document["TableName"],
            "TableId": document["TableId"],
            "TableArn": backup.table_arn,
            "TableSizeBytes": document["SizeBytes"],
            "KeySchema": document["KeySchema"],
            "TableCreationDateTime": document["CreationDateTime"],
            "ProvisionedThroughput": document["ProvisionedThroughput"],
            "ItemCount": document["ItemCount"],
            "BillingMode": _billing_mode(document),
        },
        "SourceTableFeatureDetails": features,
    }
