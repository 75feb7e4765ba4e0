"""A DynamoDB table."""

from __future__ import annotations

from measuring import Bench, measurement

_KEYS = 1_000
_VERSIONS = 4


def table_request(bench: Bench, name: str) -> bytes:
    """Makes a table whose items have an ``id``."""
    return bench.client.json(
        "dynamodb",
        "CreateTable",
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


@measurement()
async def table(bench: Bench) -> None:
    client, name = bench.client, bench.name("table")
    await client.call(table_request(bench, name))
    puts = []
    for index in range(_KEYS * _VERSIONS):  # SQLite sees an item that stays the same and writes nothing
        item = {"id": {"S": f"key-{index % _KEYS}"}, "count": {"N": str(index)}, "text": {"S": "x" * 100}}
        puts.append(client.json("dynamodb", "PutItem", TableName=name, Item=item))
    gets = [client.json("dynamodb", "GetItem", TableName=name, Key={"id": {"S": f"key-{i}"}}) for i in range(_KEYS)]
    await client.load(32, 10, lambda connection, index: connection.result(puts[index]), most=_KEYS)
    await bench.load("put_item", 32, lambda connection, index: connection.result(puts[index % len(puts)]))
    await bench.load("get_item", 32, lambda connection, index: connection.result(gets[index % _KEYS]))
