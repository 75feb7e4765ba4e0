"""Task: its events for each kind of resource, its answers, its parameters."""

from __future__ import annotations

from typing import Any

import pytest

from segue.languages import asl
from tests.languages.asl.harness import Harness, done, machine, meta

FUNCTION = "arn:aws:lambda:us-east-1:111111111111:function:f"
ACTIVITY = "arn:aws:states:us-east-1:111111111111:activity:a"
SEND = "arn:aws:states:::sqs:sendMessage"


def task(resource: str, **fields: Any) -> dict[str, Any]:
    return machine(("T", {"Type": "Task", "Resource": resource, **fields}))


def events(harness: Harness) -> list[tuple[str, dict[str, Any] | None]]:
    """Those of the task itself."""
    return [(event.type, event.details) for event in harness.events[2:-2]]


def test_a_function() -> None:
    harness = Harness(task(FUNCTION), '{"a": 1}', done({"b": 2})).run()
    not_truncated = {"truncated": False}
    assert events(harness) == [
        ("LambdaFunctionScheduled", {"resource": FUNCTION, "input": '{"a": 1}', "inputDetails": not_truncated}),
        ("LambdaFunctionStarted", None),
        ("LambdaFunctionSucceeded", {"output": '{"b":2}', "outputDetails": not_truncated}),
    ]
    assert harness.tasks[0].pattern == "lambda"
    assert harness.output == {"b": 2}


def test_an_activity() -> None:
    harness = Harness(task(ACTIVITY, TimeoutSeconds=60, HeartbeatSeconds=5), '{"a":1}')
    harness.send(asl.Start())
    key = harness.tasks[0].key
    assert harness.tasks[0].token
    harness.send(asl.TaskStarted(key, "worker"))
    harness.send(asl.CompleteTask(key, "3"))
    assert harness.output == 3
    scheduled, started, succeeded = events(harness)
    assert scheduled[0] == "ActivityScheduled"
    assert scheduled[1] is not None
    assert (scheduled[1]["timeoutInSeconds"], scheduled[1]["heartbeatInSeconds"]) == (60, 5)
    assert started == ("ActivityStarted", {"workerName": "worker"})
    assert succeeded == ("ActivitySucceeded", {"output": "3", "outputDetails": {"truncated": False}})


def test_a_request() -> None:
    definition = task(
        SEND,
        Parameters={"QueueUrl.$": "$.q", "MessageBody": "hello"},
        Credentials={"RoleArn.$": "$.role"},
        ResultSelector={"id.$": "$.MessageId"},
        ResultPath="$.sent",
    )
    harness = Harness(definition, '{"q":"Q","role":"R"}', done({"MessageId": "m", "MD5": "x"})).run()
    assert events(harness) == [
        (
            "TaskScheduled",
            {
                "resource": "sendMessage",
                "resourceType": "sqs",
                "region": "us-east-1",
                "parameters": '{"QueueUrl":"Q","MessageBody":"hello"}',
                "taskCredentials": {"roleArn": "R"},
            },
        ),
        ("TaskStarted", {"resource": "sendMessage", "resourceType": "sqs"}),
        (
            "TaskSucceeded",
            {
                "resource": "sendMessage",
                "resourceType": "sqs",
                "output": '{"MessageId":"m","MD5":"x"}',
                "outputDetails": {"truncated": False},
            },
        ),
    ]
    assert harness.tasks[0].credentials == {"roleArn": "R"}
    assert harness.tasks[0].token is None
    assert harness.output == {"q": "Q", "role": "R", "sent": {"id": "m"}}


@pytest.mark.parametrize("resource", [f"{SEND}.waitForTaskToken", "arn:aws:states:::states:startExecution.sync:2"])
def test_what_is_submitted_first(resource: str) -> None:
    harness = Harness(task(resource))
    harness.send(asl.Start())
    key = harness.tasks[0].key
    harness.send(asl.TaskSubmitted(key, '{"MessageId":"m"}'))
    assert harness.send(asl.TaskSubmitted(key, '{"MessageId":"m"}')).events == []
    harness.send(asl.CompleteTask(key, '"answer"'))
    assert harness.types[2:-2] == ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded"]
    assert harness.output == "answer"


@pytest.mark.parametrize(
    ("resource", "at_submission", "event"),
    [
        (SEND, True, "TaskFailed"),
        (f"{SEND}.waitForTaskToken", True, "TaskSubmitFailed"),
        (f"{SEND}.waitForTaskToken", False, "TaskFailed"),
        (FUNCTION, False, "LambdaFunctionFailed"),
        (ACTIVITY, False, "ActivityFailed"),
    ],
)
def test_failing(resource: str, at_submission: bool, event: str) -> None:
    harness = Harness(task(resource), play=lambda one: [asl.FailTask(one.key, "E", "C", at_submission)]).run()
    assert harness.types[-2:] == [event, "ExecutionFailed"]
    assert harness.events[-1].details == {"error": "E", "cause": "C"}
    assert harness.chain[-2][1] == harness.chain[-3][0]


def test_a_failure_without_words() -> None:
    harness = Harness(task(f"{SEND}.waitForTaskToken"), play=lambda one: [asl.FailTask(one.key)]).run()
    assert harness.events[-2].details == {"resource": "sendMessage.waitForTaskToken", "resourceType": "sqs"}
    assert harness.events[-1].details == {}


def test_the_token_in_the_parameters_is_the_tasks_and_differs_from_try_to_try() -> None:
    definition = task(
        f"{SEND}.waitForTaskToken",
        Parameters={"MessageBody": {"t.$": "$$.Task.Token"}},
        Retry=[{"ErrorEquals": ["E"], "MaxAttempts": 1}],
    )
    harness = Harness(definition, play=lambda one: [asl.FailTask(one.key, "E")]).run()
    tokens = [one.token for one in harness.tasks]
    assert [one.parameters["MessageBody"]["t"] for one in harness.tasks] == tokens
    assert len(set(tokens)) == 2
    assert all(token is not None and 400 < len(token) <= 1024 for token in tokens)
    again = Harness(definition, play=lambda one: [asl.FailTask(one.key, "E")]).run()
    assert [one.token for one in again.tasks] == tokens
    other = Harness(definition, play=lambda one: [], execution=meta(seed=7)).run()
    assert other.tasks[0].token != tokens[0]


def test_a_result_that_is_too_long() -> None:
    long = '"' + "x" * 262_144 + '"'
    for resource, name in ((FUNCTION, FUNCTION), (SEND, "sqs")):
        harness = Harness(task(resource), play=lambda one: [asl.CompleteTask(one.key, long)]).run()
        assert harness.error == "States.DataLimitExceeded"
        assert harness.cause is not None
        assert harness.cause.startswith(f"The state/task '{name}' returned a result with a size exceeding")
        assert harness.types[-2].endswith("Failed")


def test_a_refused_task_is_never_scheduled() -> None:
    reason = f"The activity {ACTIVITY} does not exist."
    harness = Harness(task(ACTIVITY), refuse=lambda one: reason).run()
    assert harness.types[-2:] == ["TaskStateEntered", "ExecutionFailed"]
    where = "An error occurred while executing the state 'T' (entered at the event id #2)."
    assert (harness.error, harness.cause) == ("States.Runtime", f"{where} {reason}")
    assert harness.tasks == []


def test_a_result_that_is_no_json() -> None:
    harness = Harness(task(FUNCTION), play=lambda one: [asl.CompleteTask(one.key, "{")]).run()
    assert (harness.status, harness.error) == ("FAILED", "States.Runtime")


def test_numbers_survive() -> None:
    harness = Harness(task(FUNCTION), "[123456789012345678901234567890, 1.0]").run()
    assert harness.tasks[0].parameters_text == "[123456789012345678901234567890, 1.0]"
    harness.send(asl.CompleteTask(harness.tasks[0].key, '{"n": 123456789012345678901234567890}'))
    assert harness.output == {"n": 123456789012345678901234567890}


def test_parameters_that_are_too_large_are_not_sent() -> None:
    """Developer guide, "Error names": States.DataLimitExceeded, after Parameters processing."""
    item = {"Type": "Task", "Resource": SEND, "Parameters": {"a": "x" * 262_144}}
    harness = Harness(machine(("T", item))).run()
    assert (harness.status, harness.tasks) == ("FAILED", [])
    assert harness.events[-1].details is not None
    assert harness.events[-1].details["error"] == "States.DataLimitExceeded"
    catch = [{"ErrorEquals": ["States.DataLimitExceeded"], "Next": "C", "ResultPath": None}]
    caught = Harness(machine(("T", {**item, "Catch": catch}), ("C", {"Type": "Pass"})), '{"a":1}').run()
    assert caught.output == {"a": 1}
