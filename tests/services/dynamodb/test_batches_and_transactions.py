"""Batches and transactions over the wire."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from segue.testing import Segue

pytestmark = pytest.mark.both_stores


def key(number: int) -> dict[str, Any]:
    return {"pk": {"S": "a"}, "sk": {"N": str(number)}}


def numbers(client: Any, table: str) -> list[int]:
    return sorted(int(item["sk"]["N"]) for item in client.scan(TableName=table)["Items"])


def test_batches(client: Any, table: str) -> None:
    puts = [{"PutRequest": {"Item": key(number)}} for number in range(25)]
    assert client.batch_write_item(RequestItems={table: puts})["UnprocessedItems"] == {}
    client.batch_write_item(
        RequestItems={table: [{"DeleteRequest": {"Key": key(3)}}, {"PutRequest": {"Item": key(99)}}]}
    )
    found = client.batch_get_item(RequestItems={table: {"Keys": [key(1), key(3), key(99)]}})
    assert sorted(int(item["sk"]["N"]) for item in found["Responses"][table]) == [1, 99]
    assert found["UnprocessedKeys"] == {}


def test_batches_are_checked_whole(client: Any, table: str) -> None:
    with pytest.raises(ClientError, match="Provided list of item keys contains duplicates"):
        client.batch_write_item(RequestItems={table: [{"PutRequest": {"Item": key(1)}}] * 2})
    with pytest.raises(ClientError, match="Provided list of item keys contains duplicates"):
        client.batch_get_item(RequestItems={table: {"Keys": [key(1), key(1)]}})
    with pytest.raises(ClientError, match="The provided key element does not match the schema"):
        client.batch_write_item(
            RequestItems={table: [{"PutRequest": {"Item": key(1)}}, {"DeleteRequest": {"Key": {"pk": {"S": "a"}}}}]}
        )
    assert numbers(client, table) == []


def test_all_or_nothing(client: Any, table: str) -> None:
    client.put_item(TableName=table, Item={**key(1), "v": {"N": "5"}})
    client.transact_write_items(
        TransactItems=[
            {"Put": {"TableName": table, "Item": key(2)}},
            {
                "Update": {
                    "TableName": table,
                    "Key": key(1),
                    "UpdateExpression": "SET v = v - :n",
                    "ConditionExpression": "v >= :n",
                    "ExpressionAttributeValues": {":n": {"N": "5"}},
                }
            },
        ]
    )
    with pytest.raises(client.exceptions.TransactionCanceledException) as caught:
        client.transact_write_items(
            TransactItems=[
                {"Put": {"TableName": table, "Item": key(3)}},
                {
                    "ConditionCheck": {
                        "TableName": table,
                        "Key": key(1),
                        "ConditionExpression": "v > :n",
                        "ExpressionAttributeValues": {":n": {"N": "0"}},
                        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
                    }
                },
                {"Delete": {"TableName": table, "Key": key(2)}},
            ]
        )
    assert caught.value.response["Error"]["Message"] == (
        "Transaction cancelled, please refer cancellation reasons for specific reasons "
        "[None, ConditionalCheckFailed, None]"
    )
    reasons = caught.value.response["CancellationReasons"]
    assert [reason["Code"] for reason in reasons] == ["None", "ConditionalCheckFailed", "None"]
    assert reasons[1]["Message"] == "The conditional request failed"
    assert reasons[1]["Item"]["v"] == {"N": "0"}
    assert numbers(client, table) == [1, 2]


def test_a_token_makes_it_once(segue: Segue, client: Any, table: str) -> None:
    client.put_item(TableName=table, Item={**key(1), "v": {"N": "0"}})

    def add(amount: int) -> None:
        client.transact_write_items(
            ClientRequestToken="once",
            TransactItems=[
                {
                    "Update": {
                        "TableName": table,
                        "Key": key(1),
                        "UpdateExpression": "ADD v :n",
                        "ExpressionAttributeValues": {":n": {"N": str(amount)}},
                    }
                }
            ],
        )

    add(1)
    add(1)
    assert client.get_item(TableName=table, Key=key(1))["Item"]["v"] == {"N": "1"}
    with pytest.raises(client.exceptions.IdempotentParameterMismatchException):
        add(2)
    segue.advance(601)
    add(1)
    assert client.get_item(TableName=table, Key=key(1))["Item"]["v"] == {"N": "2"}


def test_one_item_once(client: Any, table: str) -> None:
    with pytest.raises(ClientError, match="Transaction request cannot include multiple operations on one item"):
        client.transact_write_items(
            TransactItems=[
                {"Put": {"TableName": table, "Item": key(1)}},
                {"Delete": {"TableName": table, "Key": key(1)}},
            ]
        )


def test_reading_at_one_moment(client: Any, table: str) -> None:
    client.put_item(TableName=table, Item={**key(1), "v": {"N": "1"}})
    found = client.transact_get_items(
        TransactItems=[
            {"Get": {"TableName": table, "Key": key(1), "ProjectionExpression": "v"}},
            {"Get": {"TableName": table, "Key": key(2)}},
        ]
    )
    assert found["Responses"] == [{"Item": {"v": {"N": "1"}}}, {}]


def test_each_write_of_a_transaction_is_authorized() -> None:
    with Segue(iam="enforce") as segue:
        client = segue.client("dynamodb")
        client.create_table(
            TableName="things",
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
        iam = segue.client("iam")
        iam.create_user(UserName="reader")
        allowed = {"Effect": "Allow", "Action": ["dynamodb:PutItem"], "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
        iam.put_user_policy(UserName="reader", PolicyName="p", PolicyDocument=policy)
        key = iam.create_access_key(UserName="reader")["AccessKey"]
        credentials = {
            "aws_access_key_id": key["AccessKeyId"],
            "aws_secret_access_key": key["SecretAccessKey"],
        }
        user = segue.client("dynamodb", **credentials)
        put = {"Put": {"TableName": "things", "Item": {"pk": {"S": "a"}}}}
        user.transact_write_items(TransactItems=[put])
        delete = {"Delete": {"TableName": "things", "Key": {"pk": {"S": "b"}}}}
        with pytest.raises(ClientError, match="not authorized to perform: dynamodb:DeleteItem"):
            user.transact_write_items(TransactItems=[put, delete])
        with pytest.raises(ClientError, match="not authorized to perform: dynamodb:BatchGetItem"):
            user.batch_get_item(RequestItems={"things": {"Keys": [{"pk": {"S": "a"}}]}})
