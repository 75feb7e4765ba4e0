"""Query and Scan against a list of items sorted in Python."""

from decimal import Decimal
from typing import Any

import pytest
from boto3.dynamodb.conditions import Attr, Key
from botocore.exceptions import ClientError

pytestmark = pytest.mark.both_stores

NUMBERS = [Decimal(text) for text in ("-1000", "-2.5", "-2", "0", "0.001", "1", "9", "10", "10.5", "1000")]


@pytest.fixture
def things(resource: Any, table: str) -> Any:
    things = resource.Table(table)
    with things.batch_writer() as batch:
        for at, number in enumerate(reversed(NUMBERS)):
            item = {"pk": "a", "sk": number, "owner": f"o{at % 2}", "at": at, "title": f"t{at}", "rest": "x"}
            batch.put_item(Item=item)
        batch.put_item(Item={"pk": "b", "sk": 1, "rest": "y"})
    return things


def sort_keys(response: dict[str, Any]) -> list[Decimal]:
    return [item["sk"] for item in response["Items"]]


@pytest.mark.parametrize(
    ("condition", "keep"),
    [
        (None, lambda n: True),
        (Key("sk").eq(Decimal("10")), lambda n: n == 10),
        (Key("sk").lt(0), lambda n: n < 0),
        (Key("sk").lte(0), lambda n: n <= 0),
        (Key("sk").gt(Decimal("0.001")), lambda n: n > Decimal("0.001")),
        (Key("sk").gte(9), lambda n: n >= 9),
        (Key("sk").between(-2, 10), lambda n: -2 <= n <= 10),
    ],
)
@pytest.mark.parametrize("forward", [True, False])
def test_key_conditions(things: Any, condition: Any, keep: Any, forward: bool) -> None:
    whole = Key("pk").eq("a") if condition is None else Key("pk").eq("a") & condition
    expected = [number for number in NUMBERS if keep(number)]
    found = things.query(KeyConditionExpression=whole, ScanIndexForward=forward)
    assert sort_keys(found) == (expected if forward else expected[::-1])
    pages: list[Decimal] = []
    start: dict[str, Any] = {}
    while True:
        page = things.query(KeyConditionExpression=whole, ScanIndexForward=forward, Limit=2, **start)
        assert page["Count"] <= 2
        pages += sort_keys(page)
        if "LastEvaluatedKey" not in page:
            break
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
    assert pages == sort_keys(found)


def test_begins_with(client: Any) -> None:
    client.create_table(
        TableName="texts",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        BillingMode="PAY_PER_REQUEST",
    )
    for text in ("a", "ab", "abc", "abd", "ac", "b"):
        client.put_item(TableName="texts", Item={"pk": {"S": "p"}, "sk": {"S": text}})
    found = client.query(
        TableName="texts",
        KeyConditionExpression="pk = :p AND begins_with(sk, :ab)",
        ExpressionAttributeValues={":p": {"S": "p"}, ":ab": {"S": "ab"}},
    )
    assert [item["sk"]["S"] for item in found["Items"]] == ["ab", "abc", "abd"]


def test_filters_and_counts(things: Any) -> None:
    found = things.query(KeyConditionExpression=Key("pk").eq("a"), FilterExpression=Attr("owner").eq("o0"))
    assert (found["Count"], found["ScannedCount"]) == (5, 10)
    found = things.query(KeyConditionExpression=Key("pk").eq("a"), Select="COUNT", Limit=4)
    assert found["Count"] == 4
    assert "Items" not in found
    assert "LastEvaluatedKey" in found
    found = things.scan(FilterExpression=Attr("rest").eq("y"), ProjectionExpression="pk, sk")
    assert found["Items"] == [{"pk": "b", "sk": 1}]
    assert found["ScannedCount"] == 11


def test_older_query(client: Any, things: Any, table: str) -> None:
    found = client.query(
        TableName=table,
        KeyConditions={
            "pk": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "a"}]},
            "sk": {"ComparisonOperator": "GT", "AttributeValueList": [{"N": "9"}]},
        },
        QueryFilter={"title": {"ComparisonOperator": "NE", "AttributeValueList": [{"S": "t0"}]}},
        AttributesToGet=["sk"],
    )
    assert found["Items"] == [{"sk": {"N": "10"}}, {"sk": {"N": "10.5"}}]


def test_a_global_index(things: Any) -> None:
    found = things.query(IndexName="by-owner", KeyConditionExpression=Key("owner").eq("o1") & Key("at").gt(1), Limit=2)
    assert found["Items"] == [
        {"pk": "a", "sk": Decimal(at_key), "owner": "o1", "at": at, "title": f"t{at}"}
        for at, at_key in ((3, "9"), (5, "0.001"))
    ]
    assert set(found["LastEvaluatedKey"]) == {"pk", "sk", "owner", "at"}
    rest = things.query(
        IndexName="by-owner",
        KeyConditionExpression=Key("owner").eq("o1") & Key("at").gt(1),
        ExclusiveStartKey=found["LastEvaluatedKey"],
    )
    assert [item["at"] for item in rest["Items"]] == [7, 9]
    assert things.scan(IndexName="by-owner")["Count"] == 10, "what lacks the index's keys is not in it"
    things.update_item(Key={"pk": "a", "sk": 9}, UpdateExpression="REMOVE #o", ExpressionAttributeNames={"#o": "owner"})
    things.delete_item(Key={"pk": "a", "sk": Decimal("0.001")})
    left = things.query(IndexName="by-owner", KeyConditionExpression=Key("owner").eq("o1"))
    assert [item["at"] for item in left["Items"]] == [1, 7, 9]


def test_items_that_share_an_index_key_are_all_found(things: Any) -> None:
    for number in (2000, 2001, 2002):
        things.put_item(Item={"pk": "c", "sk": number, "owner": "same", "at": 5})
    seen: list[Decimal] = []
    start: dict[str, Any] = {}
    for _ in range(4):
        page = things.query(IndexName="by-owner", KeyConditionExpression=Key("owner").eq("same"), Limit=1, **start)
        seen += sort_keys(page)
        if "LastEvaluatedKey" not in page:
            break
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
    assert seen == [2000, 2001, 2002]


def test_a_local_index(things: Any) -> None:
    found = things.query(
        IndexName="by-time", KeyConditionExpression=Key("pk").eq("a"), ScanIndexForward=False, ConsistentRead=True
    )
    assert [item["at"] for item in found["Items"]] == list(range(9, -1, -1))
    assert found["Items"][0]["rest"] == "x"


def test_segments_share_a_scan(resource: Any, table: str) -> None:
    things = resource.Table(table)
    with things.batch_writer() as batch:
        for number in range(60):
            batch.put_item(Item={"pk": f"p{number}", "sk": number})
    seen = []
    for segment in range(4):
        start: dict[str, Any] = {}
        while True:
            page = things.scan(Segment=segment, TotalSegments=4, Limit=7, **start)
            seen += [item["sk"] for item in page["Items"]]
            if "LastEvaluatedKey" not in page:
                break
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
    assert sorted(seen) == list(range(60))


def test_a_page_ends_at_a_megabyte(client: Any, table: str) -> None:
    for number in range(4):
        client.put_item(
            TableName=table, Item={"pk": {"S": "a"}, "sk": {"N": str(number)}, "data": {"S": "x" * 399_000}}
        )
    pages = list(
        client.get_paginator("query").paginate(
            TableName=table, KeyConditionExpression="pk = :a", ExpressionAttributeValues={":a": {"S": "a"}}
        )
    )
    assert [page["Count"] for page in pages] == [2, 2]


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"KeyConditionExpression": "sk = :n"}, "Query condition missed key schema element: pk"),
        ({"KeyConditionExpression": "pk > :a"}, "Query key condition not supported"),
        (
            {"KeyConditionExpression": "pk = :n"},
            "One or more parameter values were invalid: Condition parameter type does not match schema type",
        ),
        (
            {"KeyConditionExpression": "pk = :a", "IndexName": "nope"},
            "The table does not have the specified index: nope",
        ),
        (
            {"KeyConditionExpression": "pk = :a", "FilterExpression": "sk = :n"},
            "Filter Expression can only contain non-primary key attributes: Primary key attribute: sk",
        ),
        (
            {},
            "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.",
        ),
        (
            {"KeyConditionExpression": "pk = :a", "ExclusiveStartKey": {"pk": {"S": "a"}}},
            "The provided starting key is invalid",
        ),
    ],
)
def test_queries_that_cannot_be(client: Any, table: str, request_: dict[str, Any], message: str) -> None:
    used = " ".join(str(text) for text in request_.values())
    values = {key: value for key, value in {":a": {"S": "a"}, ":n": {"N": "1"}}.items() if key in used}
    if values:
        request_ = {**request_, "ExpressionAttributeValues": values}
    with pytest.raises(ClientError) as caught:
        client.query(TableName=table, **request_)
    assert caught.value.response["Error"] == {"Code": "ValidationException", "Message": message}
