"""Tasks that wait for ever are told to the default event bus, if it is wanted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from segue.testing import Segue
from tests.services.states.machines import House, waiting

QUEUE = "arn:aws:sqs:us-east-1:000000000000:{}"


@pytest.fixture
def house() -> Iterator[House]:
    """A server that tells after a minute; what it tells lies in the queue ``told``."""
    with Segue(stuck_after_ms=60_000) as segue:
        sqs, events = segue.client("sqs"), segue.client("events")
        for name in ("tokens", "told"):
            sqs.create_queue(QueueName=name)
        events.put_rule(Name="r", EventPattern=json.dumps({"source": ["segue.states"]}))
        events.put_targets(Rule="r", Targets=[{"Id": "t", "Arn": QUEUE.format("told")}])
        yield House(segue)


def told(house: House) -> list[dict[str, Any]]:
    sqs = house.segue.client("sqs")
    url = sqs.get_queue_url(QueueName="told")["QueueUrl"]
    found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    return [json.loads(message["Body"]) for message in found]


def test_a_task_without_an_end_is_told_once(house: House) -> None:
    arn = house.start(house.machine(waiting()))
    house.segue.advance(59)
    assert told(house) == []
    house.segue.advance(hours=10)
    (event,) = told(house)
    assert (event["source"], event["detail-type"], event["resources"]) == ("segue.states", "Task Stuck", [arn])
    assert event["detail"] == {
        "executionArn": arn,
        "stateMachineArn": "arn:aws:states:us-east-1:000000000000:stateMachine:m",
        "stateName": "S0",
        "resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "scheduledDate": 1_700_000_000_000,
        "waitingSeconds": 60,
    }
    house.states.send_task_success(taskToken=house.tokens()[0], output="1")
    assert house.output(arn) == 1


@pytest.mark.parametrize("end", [{"TimeoutSeconds": 300}, {"HeartbeatSeconds": 300}])
def test_a_task_with_an_end_is_not_stuck(house: House, end: dict[str, int]) -> None:
    house.start(house.machine(waiting(**end)))
    house.segue.advance(299)
    assert told(house) == []


def test_a_task_that_was_answered_is_not_stuck(house: House) -> None:
    house.start(house.machine(waiting(), waiting(TimeoutSeconds=900)))
    house.segue.advance(30)
    house.states.send_task_success(taskToken=house.tokens()[0], output="1")
    house.segue.advance(100)
    assert told(house) == []


def test_an_activity_without_workers_is_told(house: House) -> None:
    activity = house.states.create_activity(name="a")["activityArn"]
    house.start(house.machine({"Type": "Task", "Resource": activity, "End": True}))
    house.segue.advance(60)
    (event,) = told(house)
    assert event["detail"]["resource"] == activity
