"""From streams of tables, through pipes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from segue.testing import Segue
from tests.services.pipes.house import House

FAIL = {"F": {"Type": "Fail", "Error": "No", "Cause": "way"}}


@pytest.fixture
def house(segue: Segue) -> House:
    return House(segue)


def table(house: House, name: str = "things") -> str:
    """A table's stream."""
    made = house.segue.client("dynamodb").create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )
    return str(made["TableDescription"]["LatestStreamArn"])


def put(house: House, *keys: str, name: str = "things") -> None:
    for key in keys:
        house.segue.client("dynamodb").put_item(TableName=name, Item={"k": {"S": key}})
    house.segue.settle()


def stream(position: str = "TRIM_HORIZON", **more: Any) -> dict[str, Any]:
    return {"DynamoDBStreamParameters": {"StartingPosition": position, **more}}


KEY = {"InputTemplate": "<$.dynamodb.Keys.k.S>"}


def test_changes_become_messages(house: House) -> None:
    arn, target = table(house), house.queue("out")
    put(house, "before")
    filters = {"Filters": [{"Pattern": '{"dynamodb": {"Keys": {"k": {"S": [{"anything-but": "no"}]}}}}'}]}
    source = {**stream(BatchSize=10), "FilterCriteria": filters}
    house.pipe(arn, target, SourceParameters=source, TargetParameters=KEY)
    put(house, "a", "no", "b")
    assert house.bodies("out") == ["before", "a", "b"]
    shown = house.pipes.describe_pipe(Name="p")["SourceParameters"]["DynamoDBStreamParameters"]
    assert (shown["MaximumRetryAttempts"], shown["ParallelizationFactor"]) == (-1, 1)


def test_it_goes_on_where_it_stood(house: House) -> None:
    house.pipe(table(house), house.queue("out"), SourceParameters=stream("LATEST", BatchSize=1), TargetParameters=KEY)
    put(house, "a")
    house.pipes.stop_pipe(Name="p")
    put(house, "b")
    assert house.bodies("out") == ["a"]
    house.pipes.update_pipe(Name="p", RoleArn="arn:aws:iam::000000000000:role/pipes", DesiredState="RUNNING")
    house.segue.settle()
    assert house.bodies("out") == ["b"]


def test_a_batch_that_fails_is_tried_again_and_given_up(house: House) -> None:
    dead = {"Arn": house.queue("dead")}
    source = stream(MaximumRetryAttempts=1, DeadLetterConfig=dead)
    arn = table(house)
    made = house.pipe(arn, house.machine("m", FAIL), SourceParameters=source)
    put(house, "a")
    house.segue.advance(minutes=2)
    (document,) = house.bodies("dead")
    assert document["context"] == {"partnerResourceArn": made["Arn"], "condition": "RetryAttemptsExhausted"}
    assert (document["DDBStreamBatchInfo"]["batchSize"], document["DDBStreamBatchInfo"]["streamArn"]) == (1, arn)
    outcomes = [status for operation, status in house.hops() if operation == "states:target"]
    assert outcomes == ["retrying", "dead-lettered"]


def test_failures_are_bisected(house: House) -> None:
    """The machine fails where the batch holds the bad one: only that is given up in the end."""
    choose = {
        "C": {
            "Type": "Choice",
            "Choices": [{"Variable": "$[0]", "StringEquals": "bad", "Next": "F"}],
            "Default": "P",
        },
        "P": {"Type": "Pass", "End": True},
        **FAIL,
    }
    dead = {"Arn": house.queue("dead")}
    source = stream(
        BatchSize=4, MaximumRetryAttempts=0, DeadLetterConfig=dead, OnPartialBatchItemFailure="AUTOMATIC_BISECT"
    )
    arn = table(house)
    put(house, "bad", "b", "c")
    house.pipe(arn, house.machine("m", choose), SourceParameters=source, TargetParameters=KEY)
    house.segue.advance(minutes=2)
    (document,) = house.bodies("dead")
    assert document["DDBStreamBatchInfo"]["batchSize"] == 1
    operations = [hop for hop in house.hops() if hop[1] == "delivered"]
    assert operations == [("stepfunctions:StartSyncExecution", "delivered")]


def test_an_enrichment_is_asked_once_for_a_batch(house: House) -> None:
    enrich = {"E": {"Type": "Wait", "Seconds": 10, "End": True}}
    arn = table(house)
    put(house, "a", "b")
    house.pipe(
        arn,
        house.queue("out"),
        SourceParameters=stream(BatchSize=10),
        Enrichment=house.machine("e", enrich),
        TargetParameters=KEY,
    )
    assert house.messages("out") == []
    house.segue.advance(11)
    assert house.bodies("out") == ["a", "b"]


def test_positions_are_needed_and_streams_must_be_there(house: House) -> None:
    arn, target = table(house), house.queue("out")
    with pytest.raises(house.pipes.exceptions.ValidationException, match="StartingPosition"):
        house.pipe(arn, target)
    house.pipe(f"{arn}x", target, "q", SourceParameters=stream(BatchSize=1))
    assert house.pipes.describe_pipe(Name="q")["CurrentState"] == "CREATE_FAILED"
    assert json.dumps(house.pipes.list_pipes(CurrentState="CREATE_FAILED")["Pipes"][0]["StateReason"])
