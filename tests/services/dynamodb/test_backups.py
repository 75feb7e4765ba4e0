"""Backups on demand, over the wire."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from segue.services.dynamodb import backups
from segue.testing import Segue


def fill(client: Any, count: int) -> None:
    for number in range(count):
        item = {"pk": {"S": "a"}, "sk": {"N": str(number)}, "owner": {"S": "me"}, "at": {"N": str(-number)}}
        client.put_item(TableName="things", Item=item)


def numbers(client: Any, name: str, **more: Any) -> list[int]:
    query = {"KeyConditionExpression": "pk = :a", "ExpressionAttributeValues": {":a": {"S": "a"}}, **more}
    return [int(item["sk"]["N"]) for item in client.query(TableName=name, **query)["Items"]]


def by_owner(client: Any, name: str) -> list[int]:
    return numbers(
        client,
        name,
        IndexName="by-owner",
        KeyConditionExpression="#o = :me",
        ExpressionAttributeNames={"#o": "owner"},
        ExpressionAttributeValues={":me": {"S": "me"}},
    )


def test_a_backup_outlives_its_table_and_is_restored(client: Any, table: str) -> None:
    fill(client, 3)
    details = client.create_backup(TableName=table, BackupName="first")["BackupDetails"]
    assert (details["BackupStatus"], details["BackupType"]) == ("CREATING", "USER")
    arn = details["BackupArn"]
    client.put_item(TableName=table, Item={"pk": {"S": "a"}, "sk": {"N": "99"}})
    client.delete_table(TableName=table)
    described = client.describe_backup(BackupArn=arn)["BackupDescription"]
    assert described["BackupDetails"]["BackupStatus"] == "AVAILABLE"
    assert described["SourceTableDetails"]["ItemCount"] == 3
    assert described["SourceTableDetails"]["BillingMode"] == "PAY_PER_REQUEST"
    assert described["SourceTableFeatureDetails"]["GlobalSecondaryIndexes"][0]["IndexName"] == "by-owner"
    restored = client.restore_table_from_backup(TargetTableName="again", BackupArn=arn)["TableDescription"]
    assert (restored["TableStatus"], restored["RestoreSummary"]["RestoreInProgress"]) == ("CREATING", True)
    found = client.describe_table(TableName="again")["Table"]
    assert (found["TableStatus"], found["RestoreSummary"]["SourceBackupArn"]) == ("ACTIVE", arn)
    assert numbers(client, "again") == [0, 1, 2]
    assert by_owner(client, "again") == [2, 1, 0]


def test_large_tables_are_copied_a_piece_at_a_time(
    segue: Segue, client: Any, table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backups, "PIECE_ITEMS", 4)
    fill(client, 10)
    arn = client.create_backup(TableName=table, BackupName="large")["BackupDetails"]["BackupArn"]
    segue.settle()
    assert client.describe_backup(BackupArn=arn)["BackupDescription"]["BackupDetails"]["BackupStatus"] == "AVAILABLE"
    client.restore_table_from_backup(TargetTableName="again", BackupArn=arn)
    segue.settle()
    assert numbers(client, "again") == list(range(10))
    assert by_owner(client, "again") == list(range(9, -1, -1))
    client.delete_backup(BackupArn=arn)
    segue.settle()
    kept = segue.transact(lambda tx: tx.all("SELECT tbl, COUNT(*) FROM dynamodb_items GROUP BY tbl"))
    assert [count for _, count in kept] == [10, 10]


def test_overrides(client: Any, table: str) -> None:
    arn = client.create_backup(TableName=table, BackupName="first")["BackupDetails"]["BackupArn"]
    restored = client.restore_table_from_backup(
        TargetTableName="again",
        BackupArn=arn,
        BillingModeOverride="PROVISIONED",
        ProvisionedThroughputOverride={"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
        GlobalSecondaryIndexOverride=[],
    )["TableDescription"]
    assert "GlobalSecondaryIndexes" not in restored
    assert restored["ProvisionedThroughput"]["ReadCapacityUnits"] == 1
    assert {each["AttributeName"] for each in restored["AttributeDefinitions"]} == {"pk", "sk", "at"}


def test_backups_are_listed(segue: Segue, client: Any, table: str) -> None:
    arns = []
    for name in ("one", "two", "three"):
        arns.append(client.create_backup(TableName=table, BackupName=name)["BackupDetails"]["BackupArn"])
        segue.advance(60)
    listed = client.list_backups(TableName=table)["BackupSummaries"]
    assert [each["BackupName"] for each in listed] == ["one", "two", "three"]
    assert {each["TableName"] for each in listed} == {table}
    page = client.list_backups(Limit=2)
    assert [each["BackupArn"] for each in page["BackupSummaries"]] == arns[:2]
    rest = client.list_backups(ExclusiveStartBackupArn=page["LastEvaluatedBackupArn"])
    assert [each["BackupArn"] for each in rest["BackupSummaries"]] == arns[2:]
    since = listed[1]["BackupCreationDateTime"]
    assert len(client.list_backups(TimeRangeLowerBound=since)["BackupSummaries"]) == 2
    assert client.list_backups(TableName="other")["BackupSummaries"] == []
    assert client.list_backups(BackupType="SYSTEM")["BackupSummaries"] == []
    assert client.delete_backup(BackupArn=arns[0])["BackupDescription"]["BackupDetails"]["BackupStatus"] == "DELETED"
    with pytest.raises(client.exceptions.BackupNotFoundException):
        client.describe_backup(BackupArn=arns[0])


def test_what_is_refused(client: Any, table: str) -> None:
    with pytest.raises(client.exceptions.TableNotFoundException):
        client.create_backup(TableName="nothing", BackupName="first")
    arn = client.create_backup(TableName=table, BackupName="first")["BackupDetails"]["BackupArn"]
    with pytest.raises(client.exceptions.TableAlreadyExistsException):
        client.restore_table_from_backup(TargetTableName=table, BackupArn=arn)
    with pytest.raises(client.exceptions.BackupNotFoundException):
        client.restore_table_from_backup(TargetTableName="again", BackupArn=f"{arn}0")
    with pytest.raises(ClientError, match="PointInTimeRecoveryEnabled"):
        client.update_continuous_backups(
            TableName=table, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
        )
