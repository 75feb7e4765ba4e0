"""Functions as enrichments and targets: they get arrays, and may say what of them failed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from segue.testing import Segue
from tests.services.lambda_.house import package
from tests.services.pipes.house import ROLE, House

CODE = """
import json

def enrich(records, context):
    return [{"id": record["messageId"], "n": int(record["body"])} for record in records]

def target(events, context):
    print("got", json.dumps([event["n"] for event in events]))
    if any(event["n"] < 0 for event in events):
        raise ValueError("negative")
    return {"batchItemFailures": [{"itemIdentifier": event["id"]} for event in events if event["n"] == 13]}
"""


@pytest.fixture
def house(segue: Segue) -> House:
    return House(segue)


def function(house: House, name: str) -> str:
    made = house.segue.client("lambda").create_function(
        FunctionName=name,
        Runtime="python3.12",
        Handler=f"f.{name}",
        Role=ROLE,
        Code={"ZipFile": package({"f.py": CODE})},
    )
    return str(made["FunctionArn"])


def got(house: House) -> list[Any]:
    house.segue.advance(1)
    lines = house.segue.client("logs").filter_log_events(logGroupName="/aws/lambda/target")["events"]
    return [json.loads(line["message"][4:]) for line in lines if line["message"].startswith("got ")]


def test_enriched_and_sent(house: House) -> None:
    batch = {"SqsQueueParameters": {"BatchSize": 3, "MaximumBatchingWindowInSeconds": 2}}
    house.pipe(
        house.queue("in", VisibilityTimeout="300"),
        function(house, "target"),
        Enrichment=function(house, "enrich"),
        SourceParameters=batch,
    )
    house.send("in", "1", "13", "2")
    house.segue.advance(3)
    assert house.count("in") == 1
    house.send("in", "-1")
    house.segue.advance(3)
    assert got(house) == [[1, 13, 2], [-1]]
    assert house.count("in") == 2
    reasons = {hop for hop in house.hops() if hop[0] != "sqs:ReceiveMessage"}
    assert reasons == {("lambda:Invoke", "delivered"), ("lambda:Invoke", "failed"), ("lambda:target", "failed")}


def test_sent_for_later(house: House) -> None:
    parameters = {"LambdaFunctionParameters": {"InvocationType": "FIRE_AND_FORGET"}, "InputTemplate": '{"n": <$.body>}'}
    house.pipe(house.queue("in"), function(house, "target"), TargetParameters=parameters)
    house.send("in", "4")
    assert got(house) == [[4]]
    assert house.count("in") == 0
