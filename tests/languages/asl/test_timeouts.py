"""Timeouts and heartbeats of tasks."""

from __future__ import annotations

from typing import Any

import pytest

from segue.languages import asl
from tests.languages.asl.harness import START_MS, Harness, machine

TOKEN = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"


def task(**fields: Any) -> dict[str, Any]:
    return machine(("T", {"Type": "Task", "Resource": TOKEN, **fields}))


@pytest.mark.parametrize(
    ("fields", "input_text", "seconds"),
    [
        ({"TimeoutSeconds": 5}, "{}", 5),
        ({"TimeoutSecondsPath": "$.t"}, '{"t":7}', 7),
        ({"HeartbeatSeconds": 5}, "{}", 5),
        ({"TimeoutSeconds": 600, "HeartbeatSecondsPath": "$.h"}, '{"h":3}', 3),
        ({"TimeoutSeconds": 2, "HeartbeatSeconds": 5}, "{}", 2),
    ],
)
def test_overdue(fields: dict[str, Any], input_text: str, seconds: int) -> None:
    harness = Harness(task(**fields), input_text, is_reloaded=True).run()
    assert harness.types[-2:] == ["TaskTimedOut", "ExecutionFailed"]
    assert harness.events[-2].details == {
        "resource": "sendMessage.waitForTaskToken",
        "resourceType": "sqs",
        "error": "States.Timeout",
    }
    assert harness.events[-1].details == {"error": "States.Timeout"}
    assert harness.now_ms == START_MS + seconds * 1000
    assert harness.last is not None
    assert asl.CancelTask(*harness.tasks[0].key) in harness.last.actions
    assert harness.timers == {}


@pytest.mark.parametrize("found", ["0", "-1", '"5"', "1.5", "null"])
def test_seconds_that_cannot_be(found: str) -> None:
    harness = Harness(task(TimeoutSecondsPath="$.t"), f'{{"t":{found}}}').run()
    assert (harness.status, harness.error) == ("FAILED", "States.Runtime")
    assert harness.tasks == []


def test_heartbeats_put_the_end_off() -> None:
    harness = Harness(task(HeartbeatSeconds=10))
    harness.send(asl.Start())
    key = harness.tasks[0].key
    for _ in range(3):
        harness.now_ms += 9_000
        result = harness.send(asl.Heartbeat(key))
        assert result.actions == [asl.SetTimer(*key, "heartbeat", harness.now_ms + 10_000)]
        assert result.events == []
    early = harness.send(asl.FireTimer(key, "heartbeat"))
    assert early.actions == [asl.SetTimer(*key, "heartbeat", harness.now_ms + 10_000)]
    assert harness.status == "RUNNING"
    harness.run()
    assert harness.now_ms == START_MS + 37_000
    assert harness.error == "States.Timeout"


def test_a_heartbeat_of_a_task_without_heartbeats_does_nothing() -> None:
    harness = Harness(task(TimeoutSeconds=100))
    harness.send(asl.Start())
    assert harness.send(asl.Heartbeat(harness.tasks[0].key)).actions == []


@pytest.mark.parametrize("name", ["States.Timeout", "States.HeartbeatTimeout", "States.ALL"])
def test_catching_a_missing_heartbeat(name: str) -> None:
    definition = task(HeartbeatSeconds=1, Catch=[{"ErrorEquals": [name], "Next": "After"}])
    definition["States"]["After"] = {"Type": "Pass", "End": True}
    assert Harness(definition).run().output == {"Error": "States.Timeout", "Cause": None}


def test_each_attempt_has_a_time_of_its_own_and_the_old_token_is_dead() -> None:
    definition = task(TimeoutSeconds=5, Retry=[{"ErrorEquals": ["States.Timeout"], "MaxAttempts": 1}])
    harness = Harness(definition).run(START_MS + 7_000)
    assert [one.key for one in harness.tasks] == [(1, 1), (1, 3)]
    assert harness.timers == {((1, 3), "timeout"): START_MS + 11_000}
    assert harness.send(asl.CompleteTask((1, 1), '"late"')).journal == {}
    harness.send(asl.CompleteTask((1, 3), '"in time"'))
    assert harness.output == "in time"
    assert harness.timers == {}


def test_an_activity_that_nobody_took_times_out_without_having_started() -> None:
    activity = "arn:aws:states:us-east-1:111111111111:activity:a"
    state = {"Type": "Task", "Resource": activity, "TimeoutSeconds": 5}
    harness = Harness(machine(("T", state))).run()
    assert harness.types[2:] == ["ActivityScheduled", "ActivityTimedOut", "ExecutionFailed"]
