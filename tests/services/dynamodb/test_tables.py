"""Tables over the wire."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from segue.testing import Segue

KEYS: dict[str, Any] = {
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
}


def test_life_of_a_table(client: Any) -> None:
    created = client.create_table(TableName="loans", BillingMode="PAY_PER_REQUEST", **KEYS)["TableDescription"]
    assert created["TableArn"] == "arn:aws:dynamodb:us-east-1:000000000000:table/loans"
    assert created["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    client.get_waiter("table_exists").wait(TableName="loans", WaiterConfig={"Delay": 1, "MaxAttempts": 1})
    client.put_item(TableName="loans", Item={"id": {"S": "a"}})
    described = client.describe_table(TableName="loans")["Table"]
    assert (described["TableStatus"], described["ItemCount"], described["TableSizeBytes"]) == ("ACTIVE", 1, 3)
    assert client.delete_table(TableName="loans")["TableDescription"]["TableStatus"] == "DELETING"
    client.get_waiter("table_not_exists").wait(TableName="loans", WaiterConfig={"Delay": 1, "MaxAttempts": 1})
    client.create_table(TableName="loans", BillingMode="PAY_PER_REQUEST", **KEYS)
    assert client.scan(TableName="loans")["Items"] == [], "a new table of the same name is empty"


def test_provisioned_throughput_is_kept(client: Any) -> None:
    client.create_table(
        TableName="loans", ProvisionedThroughput={"ReadCapacityUnits": 3, "WriteCapacityUnits": 2}, **KEYS
    )
    throughput = client.describe_table(TableName="loans")["Table"]["ProvisionedThroughput"]
    assert (throughput["ReadCapacityUnits"], throughput["WriteCapacityUnits"]) == (3, 2)
    client.update_table(TableName="loans", BillingMode="PAY_PER_REQUEST")
    assert client.describe_table(TableName="loans")["Table"]["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"BillingMode": "PROVISIONED"}, "No provisioned throughput specified for the table"),
        (
            {"KeySchema": [{"AttributeName": "id", "KeyType": "RANGE"}]},
            "Invalid KeySchema: The first KeySchemaElement is not a HASH key type",
        ),
        (
            {"KeySchema": [{"AttributeName": "other", "KeyType": "HASH"}]},
            "One or more parameter values were invalid: Some index key attributes are not defined in "
            "AttributeDefinitions. Keys: [other], AttributeDefinitions: [id]",
        ),
        (
            {"AttributeDefinitions": [*KEYS["AttributeDefinitions"], {"AttributeName": "x", "AttributeType": "N"}]},
            "One or more parameter values were invalid: Number of attributes in KeySchema does not exactly match "
            "number of attributes defined in AttributeDefinitions",
        ),
        ({"TableName": "ab"}, "TableName must be at least 3 characters long and at most 255 characters long"),
        (
            {"TableName": "/loans"},
            "1 validation error detected: Value '/loans' at 'tableName' failed to satisfy constraint: "
            "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+",
        ),
        (
            {
                "LocalSecondaryIndexes": [
                    {
                        "IndexName": "local",
                        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
                        "Projection": {"ProjectionType": "ALL"},
                    }
                ]
            },
            "One or more parameter values were invalid: Table KeySchema does not have a range key, "
            "which is required when specifying a LocalSecondaryIndex",
        ),
    ],
)
def test_tables_that_cannot_be(client: Any, change: dict[str, Any], message: str) -> None:
    request = {"TableName": "loans", "BillingMode": "PAY_PER_REQUEST", **KEYS, **change}
    with pytest.raises(ClientError) as caught:
        client.create_table(**request)
    assert caught.value.response["Error"] == {"Code": "ValidationException", "Message": message}


def test_twice_the_same(client: Any) -> None:
    client.create_table(TableName="loans", BillingMode="PAY_PER_REQUEST", **KEYS)
    with pytest.raises(client.exceptions.ResourceInUseException, match="Table already exists: loans"):
        client.create_table(TableName="loans", BillingMode="PAY_PER_REQUEST", **KEYS)


def test_missing_tables(client: Any) -> None:
    with pytest.raises(client.exceptions.ResourceNotFoundException) as caught:
        client.describe_table(TableName="nope")
    assert caught.value.response["Error"]["Message"] == "Requested resource not found: Table: nope not found"
    with pytest.raises(client.exceptions.ResourceNotFoundException) as caught:
        client.put_item(TableName="nope", Item={"id": {"S": "a"}})
    assert caught.value.response["Error"]["Message"] == "Requested resource not found"


def test_listing_in_pages_and_by_region(segue: Segue, client: Any) -> None:
    for name in ("ccc", "aaa", "bbb"):
        client.create_table(TableName=name, BillingMode="PAY_PER_REQUEST", **KEYS)
    segue.client("dynamodb", region="eu-west-1").create_table(TableName="ddd", BillingMode="PAY_PER_REQUEST", **KEYS)
    pages = list(client.get_paginator("list_tables").paginate(PaginationConfig={"PageSize": 2}))
    assert [page["TableNames"] for page in pages] == [["aaa", "bbb"], ["ccc"]]


def test_protected_tables_stay(client: Any) -> None:
    client.create_table(TableName="loans", BillingMode="PAY_PER_REQUEST", DeletionProtectionEnabled=True, **KEYS)
    with pytest.raises(ClientError, match="protected against deletion"):
        client.delete_table(TableName="loans")
    client.update_table(TableName="loans", DeletionProtectionEnabled=False)
    client.delete_table(TableName="loans")
    assert client.list_tables()["TableNames"] == []


def test_an_index_is_added_filled_and_dropped(segue: Segue, client: Any) -> None:
    client.create_table(TableName="loans", BillingMode="PAY_PER_REQUEST", **KEYS)
    for number in range(60):
        client.put_item(TableName="loans", Item={"id": {"S": f"{number:04}"}, "bank": {"S": "abc"[number % 3]}})
    client.update_table(
        TableName="loans",
        AttributeDefinitions=[{"AttributeName": "bank", "AttributeType": "S"}],
        GlobalSecondaryIndexUpdates=[
            {
                "Create": {
                    "IndexName": "by-bank",
                    "KeySchema": [{"AttributeName": "bank", "KeyType": "HASH"}],
                    "Projection": {"ProjectionType": "ALL"},
                }
            }
        ],
    )
    segue.settle()
    index = client.describe_table(TableName="loans")["Table"]["GlobalSecondaryIndexes"][0]
    assert (index["IndexStatus"], index["ItemCount"]) == ("ACTIVE", 60)
    found = client.query(
        TableName="loans",
        IndexName="by-bank",
        KeyConditionExpression="bank = :b",
        ExpressionAttributeValues={":b": {"S": "a"}},
    )
    assert found["Count"] == 20
    client.update_table(TableName="loans", GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "by-bank"}}])
    described = client.describe_table(TableName="loans")["Table"]
    assert "GlobalSecondaryIndexes" not in described
    assert [each["AttributeName"] for each in described["AttributeDefinitions"]] == ["id"]


def test_a_stream_is_described(client: Any) -> None:
    specification = {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}
    created = client.create_table(
        TableName="loans", BillingMode="PAY_PER_REQUEST", StreamSpecification=specification, **KEYS
    )["TableDescription"]
    assert created["StreamSpecification"] == specification
    assert created["LatestStreamArn"] == f"{created['TableArn']}/stream/{created['LatestStreamLabel']}"


def test_time_to_live(segue: Segue, client: Any, table: str) -> None:
    now_seconds = segue.clock.now_ms() // 1000

    def put(number: int, expires: Any) -> None:
        item = {"pk": {"S": "a"}, "sk": {"N": str(number)}, "owner": {"S": "me"}, "at": {"N": "1"}, "ends": expires}
        client.put_item(TableName=table, Item=item)

    put(1, {"N": str(now_seconds + 60)})
    client.update_time_to_live(TableName=table, TimeToLiveSpecification={"Enabled": True, "AttributeName": "ends"})
    described = client.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    assert described == {"TimeToLiveStatus": "ENABLED", "AttributeName": "ends"}
    put(2, {"N": str(now_seconds + 30)})
    put(3, {"S": "never"})
    put(4, {"N": "1"})

    def numbers() -> list[str]:
        return sorted(item["sk"]["N"] for item in client.scan(TableName=table)["Items"])

    assert numbers() == ["1", "2", "3", "4"]
    segue.advance(31)
    assert numbers() == ["1", "3", "4"]
    segue.advance(31)
    assert numbers() == ["3", "4"], "what expired decades ago, or has no number, stays"
    assert client.scan(TableName=table, IndexName="by-owner")["Count"] == 2


def test_tags_and_policies(client: Any, table: str) -> None:
    arn = client.describe_table(TableName=table)["Table"]["TableArn"]
    client.tag_resource(ResourceArn=arn, Tags=[{"Key": "team", "Value": "loans"}])
    assert client.list_tags_of_resource(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "loans"}]
    client.untag_resource(ResourceArn=arn, TagKeys=["team"])
    assert client.list_tags_of_resource(ResourceArn=arn)["Tags"] == []
    policy = '{"Version":"2012-10-17","Statement":[]}'
    revision = client.put_resource_policy(ResourceArn=arn, Policy=policy)["RevisionId"]
    found = client.get_resource_policy(ResourceArn=arn)
    assert (found["Policy"], found["RevisionId"]) == (policy, revision)
    client.delete_resource_policy(ResourceArn=arn)
    with pytest.raises(client.exceptions.PolicyNotFoundException):
        client.get_resource_policy(ResourceArn=arn)


def test_what_is_missing_says_so(client: Any, table: str) -> None:
    with pytest.raises(ClientError) as caught:
        client.create_global_table(GlobalTableName=table, ReplicationGroup=[{"RegionName": "eu-west-1"}])
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert "dynamodb:CreateGlobalTable" in caught.value.response["Error"]["Message"]
    with pytest.raises(ClientError, match="PointInTimeRecoveryEnabled"):
        client.update_continuous_backups(
            TableName=table, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
        )
    assert client.describe_limits()["TableMaxReadCapacityUnits"] == 40_000
