"""A table, and clients of it."""

from typing import Any

import boto3
import pytest

from segue.testing import Segue


@pytest.fixture
def client(segue: Segue) -> Any:
    return segue.client("dynamodb")


@pytest.fixture
def table(client: Any) -> str:
    """A table with partition key ``pk`` (S) and sort key ``sk`` (N), a global and a local index."""
    client.create_table(
        TableName="things",
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "N"},
            {"AttributeName": "owner", "AttributeType": "S"},
            {"AttributeName": "at", "AttributeType": "N"},
        ],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by-owner",
                "KeySchema": [
                    {"AttributeName": "owner", "KeyType": "HASH"},
                    {"AttributeName": "at", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["title"]},
            }
        ],
        LocalSecondaryIndexes=[
            {
                "IndexName": "by-time",
                "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "at", "KeyType": "RANGE"}],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    return "things"


@pytest.fixture
def resource(segue: Segue) -> Any:
    return boto3.resource(
        "dynamodb",
        region_name="us-east-1",
        endpoint_url=segue.endpoint_url,
        aws_access_key_id="000000000000",
        aws_secret_access_key="test",
    )
