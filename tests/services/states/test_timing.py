"""Waits, timeouts and retries, in virtual time."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.services.states.machines import House, State, task

NO_QUEUE = {"QueueUrl": "http://localhost:4566/000000000000/none", "MessageBody": "x"}


def failing(**more: object) -> State:
    return task("sqs:sendMessage", NO_QUEUE, **more)


def attempts(house: House, arn: str) -> list[float]:
    """When each attempt was made, in seconds after the first."""
    times = [event["timestamp"] for event in house.events(arn) if event["type"] == "TaskScheduled"]
    return [(time - times[0]) / timedelta(seconds=1) for time in times]


@pytest.mark.parametrize(
    ("retrier", "expected"),
    [
        ({}, [0, 1, 3, 7]),
        ({"IntervalSeconds": 3, "BackoffRate": 2, "MaxAttempts": 2}, [0, 3, 9]),
        ({"IntervalSeconds": 10, "MaxAttempts": 4, "BackoffRate": 2, "MaxDelaySeconds": 25}, [0, 10, 30, 55, 80]),
        ({"MaxAttempts": 0}, [0]),
    ],
)
def test_retries_come_when_they_are_due(house: House, retrier: dict[str, float], expected: list[float]) -> None:
    arn = house.start(house.machine(failing(Retry=[{"ErrorEquals": ["States.ALL"], **retrier}])))
    house.segue.advance(minutes=5)
    assert house.failure(arn)[0] == "SQS.QueueDoesNotExistException"
    assert attempts(house, arn) == expected
    assert house.work() == []


def test_jitter_spreads_what_comes_again(house: House) -> None:
    retry = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 100, "MaxAttempts": 1, "JitterStrategy": "FULL"}]
    machine = house.machine(failing(Retry=retry))
    arns = [house.start(machine) for _ in range(8)]
    house.segue.advance(200)
    second = [attempts(house, arn)[1] for arn in arns]
    assert all(0 <= at <= 100 for at in second)
    assert len(set(second)) > 1


def test_a_week_passes(house: House) -> None:
    arn = house.start(house.machine({"Type": "Wait", "Seconds": 7 * 86_400, "End": True}))
    house.segue.advance(-1, days=7)
    assert house.status(arn) == "RUNNING"
    house.segue.advance(1)
    assert house.status(arn) == "SUCCEEDED"


@pytest.mark.parametrize("field", ["SecondsPath", "TimestampPath"])
def test_waits_as_long_as_the_input_says(house: House, field: str) -> None:
    machine = house.machine({"Type": "Wait", field: "$.until", "End": True})
    arn = house.start(machine, {"until": 30 if field == "SecondsPath" else "2023-11-14T22:13:50Z"})
    house.segue.advance(29)
    assert house.status(arn) == "RUNNING"
    house.segue.advance(1)
    assert house.status(arn) == "SUCCEEDED"
    error, cause = house.failure(house.start(machine, {"until": "2016-13-05T21:29:29Z"}))
    assert (error, "2016-13-05T21:29:29Z" in cause) == ("States.Runtime", True)


def test_a_task_that_is_too_slow_is_not_waited_for(house: House) -> None:
    activity = house.states.create_activity(name="slow")["activityArn"]
    state = {"Type": "Task", "Resource": activity, "TimeoutSecondsPath": "$.seconds", "End": True}
    arn = house.start(house.machine(state), {"seconds": 30})
    house.segue.advance(30)
    assert house.types(arn)[-2:] == ["ActivityTimedOut", "ExecutionFailed"]
    assert house.failure(arn)[0] == "States.Timeout"
    assert house.rows("SELECT * FROM states_activity_tasks") == []
