"""Tables and global tables as templates name them."""

from __future__ import annotations

from typing import Any

import pytest

from segue.errors import AwsError
from segue.languages.templates.schemas import schema_of
from segue.services.dynamodb.global_table import as_table
from segue.testing import Segue
from tests.services.resources import Resources

TABLE = "AWS::DynamoDB::Table"
ID = [{"AttributeName": "id", "KeyType": "HASH"}]


def defined(*names: str) -> list[dict[str, str]]:
    return [{"AttributeName": name, "AttributeType": "S"} for name in names]


def index(name: str, key: str, **more: Any) -> dict[str, Any]:
    keys = [{"AttributeName": key, "KeyType": "HASH"}]
    return {"IndexName": name, "KeySchema": keys, "Projection": {"ProjectionType": "ALL"}, **more}


@pytest.fixture
def resources(segue: Segue) -> Resources:
    return Resources(segue, team="a")


@pytest.fixture
def dynamodb(segue: Segue) -> Any:
    return segue.client("dynamodb")


def test_a_table_is_made_changed_and_removed(segue: Segue, resources: Resources, dynamodb: Any) -> None:
    on_demand: dict[str, Any] = {"BillingMode": "PAY_PER_REQUEST", "KeySchema": ID}
    made = resources.create(
        TABLE,
        "Orders",
        **on_demand,
        AttributeDefinitions=defined("id", "by"),
        GlobalSecondaryIndexes=[index("by-by", "by")],
        StreamSpecification={"StreamViewType": "NEW_IMAGE"},
        TimeToLiveSpecification={"AttributeName": "until", "Enabled": True},
        PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
        SSESpecification={"SSEEnabled": True},
        Tags=[{"Key": "own", "Value": "x"}],
    )
    name, arn = made.physical_id, made.attributes["Arn"]
    assert name == "app-Orders-ABCDEFGHIJKL"
    assert made.attributes["StreamArn"].startswith(f"{arn}/stream/")
    assert resources.notes == [
        "PointInTimeRecoverySpecification has no effect here: tables do not go back to a point in time"
    ]
    table = dynamodb.describe_table(TableName=name)["Table"]
    assert table["StreamSpecification"] == {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}
    assert table["SSEDescription"]["Status"] == "ENABLED"
    described = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    assert described == {"TimeToLiveStatus": "ENABLED", "AttributeName": "until"}
    changed = resources.update(
        "Orders",
        **on_demand,
        AttributeDefinitions=defined("id", "on", "of"),
        GlobalSecondaryIndexes=[index("on-on", "on"), index("of-of", "of")],
        TimeToLiveSpecification={"AttributeName": "end", "Enabled": True},
        DeletionProtectionEnabled=False,
    )
    segue.settle()
    table = dynamodb.describe_table(TableName=name)["Table"]
    assert [each["IndexName"] for each in table["GlobalSecondaryIndexes"]] == ["on-on", "of-of"]
    assert "StreamSpecification" not in table
    assert "StreamArn" not in changed.attributes
    assert dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]["AttributeName"] == "end"
    tags = {tag["Key"]: tag["Value"] for tag in dynamodb.list_tags_of_resource(ResourceArn=arn)["Tags"]}
    assert tags == {"team": "a", "aws:cloudformation:stack-name": "app"}
    resources.delete("Orders")
    resources.delete("Orders")
    assert dynamodb.list_tables()["TableNames"] == []


def test_capacity_changes_in_place(resources: Resources, dynamodb: Any) -> None:
    units = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 2}
    given: dict[str, Any] = {"KeySchema": ID, "AttributeDefinitions": defined("id"), "TableName": "t-1"}
    resources.create(TABLE, "T", **given, ProvisionedThroughput=units)
    assert dynamodb.describe_table(TableName="t-1")["Table"]["ProvisionedThroughput"]["WriteCapacityUnits"] == 2
    resources.update("T", **given, BillingMode="PAY_PER_REQUEST")
    table = dynamodb.describe_table(TableName="t-1")["Table"]
    assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    resources.update("T", **given, ProvisionedThroughput=units)
    assert dynamodb.describe_table(TableName="t-1")["Table"]["ProvisionedThroughput"]["ReadCapacityUnits"] == 1


def test_a_protected_table_cannot_be_deleted(resources: Resources) -> None:
    given: dict[str, Any] = {"KeySchema": ID, "AttributeDefinitions": defined("id"), "BillingMode": "PAY_PER_REQUEST"}
    resources.create(TABLE, "T", **given, DeletionProtectionEnabled=True)
    with pytest.raises(AwsError, match="protected against deletion"):
        resources.delete("T")
    resources.update("T", **given)
    resources.delete("T")


def test_a_key_keeps_its_type(resources: Resources) -> None:
    given: dict[str, Any] = {"KeySchema": ID, "BillingMode": "PAY_PER_REQUEST"}
    resources.create(TABLE, "T", **given, AttributeDefinitions=defined("id"))
    with pytest.raises(AwsError, match="The type of the attribute id cannot be changed in place"):
        resources.update("T", **given, AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "N"}])


def test_a_global_table_is_one_table(resources: Resources, dynamodb: Any) -> None:
    replicas = [{"Region": "us-east-1", "Tags": [{"Key": "own", "Value": "x"}]}, {"Region": "eu-west-1"}]
    given: dict[str, Any] = {"BillingMode": "PAY_PER_REQUEST", "KeySchema": ID, "TableName": "everywhere"}
    streamed = {"StreamSpecification": {"StreamViewType": "KEYS_ONLY"}}
    made = resources.create(
        "AWS::DynamoDB::GlobalTable", "T", **given, **streamed, AttributeDefinitions=defined("id"), Replicas=replicas
    )
    assert {"Arn", "StreamArn", "TableId"} == set(made.attributes)
    assert resources.notes == ["Replicas: there is no replica in eu-west-1 here"]
    resources.update(
        "T",
        **given,
        **streamed,
        AttributeDefinitions=defined("id", "by"),
        GlobalSecondaryIndexes=[index("by-by", "by")],
        Replicas=replicas[:1],
    )
    assert resources.notes == []
    table = dynamodb.describe_table(TableName="everywhere")["Table"]
    assert table["GlobalSecondaryIndexes"][0]["IndexName"] == "by-by"
    resources.delete("T")


def test_a_global_table_needs_a_replica_here() -> None:
    with pytest.raises(AwsError, match="one must be in us-east-1"):
        as_table("us-east-1", {"Replicas": [{"Region": "eu-west-1"}]}, [])


def test_a_global_table_s_capacity_is_where_its_scaling_begins() -> None:
    scaling = {"MinCapacity": 3, "MaxCapacity": 9, "TargetTrackingScalingPolicyConfiguration": {}}
    reads = {"ReadCapacityUnits": 4}
    given = {
        "Replicas": [{"Region": "r", "ReadProvisionedThroughputSettings": reads}],
        "WriteProvisionedThroughputSettings": {"WriteCapacityAutoScalingSettings": scaling},
        "GlobalSecondaryIndexes": [index("by-by", "by")],
    }
    table = as_table("r", given, [])
    assert table["ProvisionedThroughput"] == {"ReadCapacityUnits": 4, "WriteCapacityUnits": 3}
    assert table["GlobalSecondaryIndexes"][0]["ProvisionedThroughput"] == {
        "ReadCapacityUnits": 5,
        "WriteCapacityUnits": 5,
    }


@pytest.mark.parametrize("type_name", [TABLE, "AWS::DynamoDB::GlobalTable"])
def test_a_key_schema_is_a_list(type_name: str) -> None:
    schema = schema_of(type_name)
    assert schema is not None
    given = {"KeySchema": ID, "AttributeDefinitions": defined("id"), "Replicas": [{"Region": "us-east-1"}]}
    if type_name == TABLE:
        del given["Replicas"]
    assert schema.coerce(given) == (given, [])
