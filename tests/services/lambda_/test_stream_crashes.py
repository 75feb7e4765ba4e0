"""A stream feeds a function while the server dies again and again: every record arrives, each key's in order."""

from __future__ import annotations

import random
from typing import Any

import pytest

from segue.services import dynamodb, dynamodbstreams
from tests.services.lambda_.house import FunctionFailed, House

KEYS = "abcde"


@pytest.mark.parametrize("seed", range(12))
def test_nothing_is_lost_and_each_key_stays_in_order(seed: int) -> None:
    chance = random.Random(seed)
    house = House(dynamodb.SERVICE, dynamodbstreams.SERVICE)
    succeeded: dict[str, list[int]] = {key: [] for key in KEYS}

    def behave(event: Any) -> Any:
        if chance.random() < 0.3:
            raise FunctionFailed("bad luck")
        for record in event["Records"]:
            image = record["dynamodb"]["NewImage"]
            succeeded[image["pk"]["S"]].append(int(image["n"]["N"]))

    house.create_function("f", behave)
    stream = house.perform(
        "dynamodb:CreateTable",
        TableName="things",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )["TableDescription"]["LatestStreamArn"]
    house.perform(
        "lambda:CreateEventSourceMapping",
        FunctionName="f",
        EventSourceArn=stream,
        StartingPosition="TRIM_HORIZON",
        BatchSize=chance.randint(1, 6),
        MaximumBatchingWindowInSeconds=chance.choice([0, 2]),
        ParallelizationFactor=chance.choice([1, 3]),
        BisectBatchOnFunctionError=chance.random() < 0.5,
    )
    written = dict.fromkeys(KEYS, 0)
    under_way: list[Any] = []
    for _ in range(120):
        match chance.randrange(6):
            case 0 | 1:
                key = chance.choice(KEYS)
                item = {"pk": {"S": key}, "n": {"N": str(written[key])}}
                house.perform("dynamodb:PutItem", TableName="things", Item=item)
                written[key] += 1
            case 2:
                under_way += house.claim_jobs()
            case 3 if under_way:
                house.settle(under_way.pop(0))
            case 4:
                house.clock.advance(chance.randint(0, 3_000))
            case 5 if chance.random() < 0.3:  # the server dies: what is under way may have happened, and is not settled
                for _, outbound in under_way:
                    house._invoke(outbound.request)
                under_way = []
                house.restart()
    house.restart()
    house.advance(300)
    assert {key: sorted(set(numbers)) for key, numbers in succeeded.items()} == {
        key: list(range(count)) for key, count in written.items()
    }
    for numbers in succeeded.values():
        highest = -1
        for number in numbers:
            assert number <= highest + 1, f"{number} came before what was written before it: {numbers}"
            highest = max(highest, number)
    house.close()
