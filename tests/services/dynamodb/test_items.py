"""Items over the wire: written, read, conditions, return values, keys, numbers."""

from decimal import Decimal
from typing import Any

import pytest
from botocore.exceptions import ClientError

KEY = {"pk": {"S": "a"}, "sk": {"N": "1"}}


def error_of(caught: pytest.ExceptionInfo[ClientError]) -> tuple[str, str]:
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_a_list_of_maps_with_decimals_as_boto3_resources_write_it(resource: Any, table: str) -> None:
    things = resource.Table(table)
    item = {
        "pk": "loan",
        "sk": Decimal("7"),
        "Quotes": [
            {"rate": Decimal("5.25"), "bankId": "Premium"},
            {"rate": Decimal("3.10"), "bankId": "Universal", "tags": {"x", "y"}},
        ],
        "raw": b"\x00\xff",
        "none": None,
        "big": Decimal("1E+30"),
        "empty": {"text": "", "list": [], "map": {}},
    }
    things.put_item(Item=item)
    found = things.get_item(Key={"pk": "loan", "sk": 7}, ConsistentRead=True)["Item"]
    assert found == item
    assert found["raw"].value == b"\x00\xff"


def test_numbers_are_stored_by_value(client: Any, table: str) -> None:
    client.put_item(TableName=table, Item={"pk": {"S": "a"}, "sk": {"N": "1.0"}, "n": {"N": "00.50"}})
    item = client.get_item(TableName=table, Key=KEY)["Item"]
    assert (item["sk"], item["n"]) == ({"N": "1"}, {"N": "0.5"})


def test_nothing_there(client: Any, table: str) -> None:
    assert "Item" not in client.get_item(TableName=table, Key=KEY)
    assert "Attributes" not in client.delete_item(TableName=table, Key=KEY, ReturnValues="ALL_OLD")


def test_conditions_decide(client: Any, table: str) -> None:
    new = {"TableName": table, "Item": {**KEY, "v": {"N": "1"}}, "ConditionExpression": "attribute_not_exists(pk)"}
    client.put_item(**new)
    with pytest.raises(client.exceptions.ConditionalCheckFailedException) as caught:
        client.put_item(**new, ReturnValuesOnConditionCheckFailure="ALL_OLD")
    assert error_of(caught) == ("ConditionalCheckFailedException", "The conditional request failed")
    assert caught.value.response["Item"]["v"] == {"N": "1"}
    with pytest.raises(client.exceptions.ConditionalCheckFailedException):
        client.delete_item(
            TableName=table, Key=KEY, ConditionExpression="v > :n", ExpressionAttributeValues={":n": {"N": "5"}}
        )
    assert client.delete_item(TableName=table, Key=KEY, ReturnValues="ALL_OLD")["Attributes"]["v"] == {"N": "1"}


def test_older_conditions_decide(client: Any, table: str) -> None:
    client.put_item(TableName=table, Item=KEY, Expected={"pk": {"Exists": False}})
    with pytest.raises(client.exceptions.ConditionalCheckFailedException):
        client.put_item(TableName=table, Item=KEY, Expected={"pk": {"Exists": False}})


@pytest.mark.parametrize(
    ("returns", "attributes"),
    [
        ("NONE", None),
        ("ALL_OLD", {**KEY, "n": {"N": "1"}, "m": {"M": {"x": {"S": "1"}, "y": {"S": "2"}}}}),
        ("ALL_NEW", {**KEY, "n": {"N": "2"}, "m": {"M": {"x": {"S": "z"}, "y": {"S": "2"}}}, "z": {"S": "z"}}),
        ("UPDATED_OLD", {"n": {"N": "1"}, "m": {"M": {"x": {"S": "1"}}}}),
        ("UPDATED_NEW", {"n": {"N": "2"}, "m": {"M": {"x": {"S": "z"}}}, "z": {"S": "z"}}),
    ],
)
def test_what_an_update_returns(client: Any, table: str, returns: str, attributes: Any) -> None:
    item = {**KEY, "n": {"N": "1"}, "m": {"M": {"x": {"S": "1"}, "y": {"S": "2"}}}}
    client.put_item(TableName=table, Item=item)
    result = client.update_item(
        TableName=table,
        Key=KEY,
        UpdateExpression="SET n = n + :one, m.x = :z, #z = :z",
        ExpressionAttributeNames={"#z": "z"},
        ExpressionAttributeValues={":one": {"N": "1"}, ":z": {"S": "z"}},
        ReturnValues=returns,
    )
    assert result.get("Attributes") == attributes


def test_an_update_creates(client: Any, table: str) -> None:
    result = client.update_item(
        TableName=table,
        Key=KEY,
        UpdateExpression="ADD hits :one",
        ExpressionAttributeValues={":one": {"N": "1"}},
        ReturnValues="ALL_NEW",
    )
    assert result["Attributes"] == {**KEY, "hits": {"N": "1"}}
    result = client.update_item(
        TableName=table,
        Key=KEY,
        AttributeUpdates={"hits": {"Action": "ADD", "Value": {"N": "2"}}},
        ReturnValues="UPDATED_NEW",
    )
    assert result["Attributes"] == {"hits": {"N": "3"}}


_INVALID = "One or more parameter values were invalid: "
_EMPTY = "One or more parameter values are not valid. "


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ({"sk": {"N": "1"}}, f"{_INVALID}Missing the key pk in the item"),
        ({"pk": {"N": "1"}, "sk": {"N": "1"}}, f"{_INVALID}Type mismatch for key pk expected: S actual: N"),
        (
            {"pk": {"S": ""}, "sk": {"N": "1"}},
            f"{_EMPTY}The AttributeValue for a key attribute cannot contain an empty string value. Key: pk",
        ),
        (
            {**KEY, "owner": {"N": "1"}},
            f"{_INVALID}Type mismatch for Index Key owner Expected: S Actual: N IndexName: by-owner",
        ),
        ({**KEY, "s": {"SS": ["a", "a"]}}, f"{_INVALID}Input collection [a, a] contains duplicates."),
        ({**KEY, "n": {"N": "x"}}, "The parameter cannot be converted to a numeric value: x"),
        ({**KEY, "s": {"S": "x" * 409_600}}, "Item size has exceeded the maximum allowed size"),
        (
            {"pk": {"S": "x" * 2_049}, "sk": {"N": "1"}},
            f"{_INVALID}Size of hashkey has exceeded the maximum size limit of2048 bytes",
        ),
    ],
)
def test_items_that_cannot_be(client: Any, table: str, item: dict[str, Any], message: str) -> None:
    with pytest.raises(ClientError) as caught:
        client.put_item(TableName=table, Item=item)
    assert error_of(caught) == ("ValidationException", message)
    assert client.scan(TableName=table)["Count"] == 0


@pytest.mark.parametrize("key", [{"pk": {"S": "a"}}, {"pk": {"S": "a"}, "sk": {"S": "1"}}, {**KEY, "more": {"S": "x"}}])
def test_keys_that_are_none(client: Any, table: str, key: dict[str, Any]) -> None:
    with pytest.raises(ClientError) as caught:
        client.get_item(TableName=table, Key=key)
    assert error_of(caught) == ("ValidationException", "The provided key element does not match the schema")


def test_keys_do_not_change(client: Any, table: str) -> None:
    with pytest.raises(ClientError) as caught:
        client.update_item(
            TableName=table, Key=KEY, UpdateExpression="SET sk = :n", ExpressionAttributeValues={":n": {"N": "2"}}
        )
    assert error_of(caught)[1] == f"{_INVALID}Cannot update attribute sk. This attribute is part of the key"


def test_new_and_old_parameters_do_not_mix(client: Any, table: str) -> None:
    with pytest.raises(ClientError) as caught:
        client.update_item(TableName=table, Key=KEY, UpdateExpression="REMOVE x", AttributeUpdates={})
    assert error_of(caught)[1] == (
        "Can not use both expression and non-expression parameters in the same request: "
        "Non-expression parameters: {AttributeUpdates} Expression parameters: {UpdateExpression}"
    )


def test_consumed_capacity(client: Any, table: str) -> None:
    item = {**KEY, "s": {"S": "x" * 5_000}, "owner": {"S": "me"}, "at": {"N": "1"}}
    written = client.put_item(TableName=table, Item=item, ReturnConsumedCapacity="INDEXES")["ConsumedCapacity"]
    assert written["TableName"] == table
    assert written["Table"] == {"CapacityUnits": 5.0}
    assert written["CapacityUnits"] == 15.0
    read = client.get_item(TableName=table, Key=KEY, ReturnConsumedCapacity="TOTAL")["ConsumedCapacity"]
    assert read["CapacityUnits"] == 1.0
    read = client.get_item(TableName=table, Key=KEY, ReturnConsumedCapacity="TOTAL", ConsistentRead=True)
    assert read["ConsumedCapacity"]["CapacityUnits"] == 2.0


def test_a_failed_update_leaves_nothing(client: Any, table: str) -> None:
    client.put_item(TableName=table, Item={**KEY, "a": {"S": "x"}})
    with pytest.raises(ClientError, match="An operand in the update expression has an incorrect data type"):
        client.update_item(
            TableName=table,
            Key=KEY,
            UpdateExpression="SET b = :n ADD a :n",
            ExpressionAttributeValues={":n": {"N": "1"}},
        )
    assert client.get_item(TableName=table, Key=KEY)["Item"] == {**KEY, "a": {"S": "x"}}
