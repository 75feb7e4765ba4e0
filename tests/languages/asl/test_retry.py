"""Retry and Catch: which errors they mean, how long they wait, what is passed on."""

from __future__ import annotations

import random
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.languages import asl
from segue.languages.asl.retry import Failure, Retrier
from tests.languages.asl.harness import START_MS, Harness, failing, machine

FUNCTION = "arn:aws:lambda:us-east-1:111111111111:function:f"


def task(**fields: Any) -> dict[str, Any]:
    return machine(("T", {"Type": "Task", "Resource": FUNCTION, **fields}))


def caught(names: list[str], error: str | None) -> bool:
    definition = task(Catch=[{"ErrorEquals": names, "Next": "After"}])
    definition["States"]["After"] = {"Type": "Pass", "End": True}
    return Harness(definition, play=failing(error)).run().status == "SUCCEEDED"


@pytest.mark.parametrize(
    ("names", "error", "is_caught"),
    [
        (["E"], "E", True),
        (["D", "E"], "E", True),
        (["D"], "E", False),
        (["States.ALL"], "E", True),
        (["States.ALL"], None, True),
        (["States.ALL"], "States.Timeout", True),
        (["States.ALL"], "States.DataLimitExceeded", True),
        (["States.TaskFailed"], "E", True),
        (["States.TaskFailed"], "States.Timeout", False),
        (["States.ALL"], "States.Runtime", False),
        (["States.Runtime"], "States.Runtime", False),
        (["States.Timeout"], "States.Timeout", True),
        (["e"], "E", False),
    ],
)
def test_which_errors_a_catcher_means(names: list[str], error: str | None, is_caught: bool) -> None:
    assert caught(names, error) is is_caught


@pytest.mark.parametrize(
    ("fields", "delays"),
    [
        ({}, [1, 2, 4]),
        ({"IntervalSeconds": 3, "MaxAttempts": 2, "BackoffRate": 1}, [3, 3]),
        ({"IntervalSeconds": 2, "BackoffRate": 1.5, "MaxAttempts": 4}, [2, 3, 4.5, 6.75]),
        ({"IntervalSeconds": 5, "BackoffRate": 10, "MaxDelaySeconds": 60}, [5, 50, 60]),
        ({"MaxAttempts": 0}, []),
    ],
)
def test_waiting_between_attempts(fields: dict[str, Any], delays: list[float]) -> None:
    definition = task(Retry=[{"ErrorEquals": ["States.ALL"], **fields}])
    harness = Harness(definition, play=failing("E"), is_reloaded=True).run()
    assert harness.types.count("LambdaFunctionFailed") == len(delays) + 1
    starts = [event.timestamp_ms for event in harness.events if event.type == "LambdaFunctionScheduled"]
    assert [(later - earlier) / 1000 for earlier, later in pairwise(starts)] == delays
    assert starts[0] == START_MS


@given(st.integers(0, 400), st.floats(1, 50), st.integers(1, 99_999), st.integers(1, 3_000_000), st.integers())
def test_jitter_stays_below_the_delay(before: int, rate: float, interval: int, longest: int, seed: int) -> None:
    spec = {
        "ErrorEquals": ["E"],
        "IntervalSeconds": interval,
        "BackoffRate": rate,
        "MaxDelaySeconds": longest,
    }
    steady = Retrier.of(spec).delay_ms(before, random.Random(seed))
    jittered = Retrier.of({**spec, "JitterStrategy": "FULL"}).delay_ms(before, random.Random(seed))
    assert 0 <= jittered <= steady <= longest * 1000


def test_each_retrier_counts_for_itself_and_the_first_that_means_the_error_decides() -> None:
    errors = iter(["A", "B", "A", "B", "A"])
    definition = task(
        Retry=[
            {"ErrorEquals": ["A"], "MaxAttempts": 2, "IntervalSeconds": 1},
            {"ErrorEquals": ["B"], "MaxAttempts": 5, "IntervalSeconds": 10, "BackoffRate": 1},
        ]
    )
    harness = Harness(definition, play=lambda one: [asl.FailTask(one.key, next(errors))]).run()
    assert (harness.status, harness.error) == ("FAILED", "A")
    starts = [event.timestamp_ms for event in harness.events if event.type == "LambdaFunctionScheduled"]
    assert [(later - earlier) // 1000 for earlier, later in pairwise(starts)] == [1, 10, 2, 10]


def test_retry_count_in_the_context_object() -> None:
    definition = task(
        Parameters={"n.$": "$$.State.RetryCount"},
        Retry=[{"ErrorEquals": ["States.ALL"], "MaxAttempts": 2}],
        Catch=[{"ErrorEquals": ["States.ALL"], "Next": "U"}],
    )
    definition["States"]["U"] = {**definition["States"]["T"], "Catch": []}
    harness = Harness(definition, play=failing("E")).run()
    assert [one.parameters["n"] for one in harness.tasks] == [0, 1, 2, 0, 1, 2]


def test_a_catcher_takes_the_raw_input_and_its_own_result_path_only() -> None:
    definition = task(
        InputPath="$.a",
        ResultPath="$.b",
        OutputPath="$.b",
        Catch=[
            {"ErrorEquals": ["X"], "Next": "Wrong"},
            {"ErrorEquals": ["E"], "ResultPath": "$.error", "Next": "After", "Assign": {"why.$": "$.Cause"}},
        ],
    )
    definition["States"]["Wrong"] = {"Type": "Fail"}
    definition["States"]["After"] = {"Type": "Pass", "End": True}
    harness = Harness(definition, '{"a":{"x":1}}', failing("E", "C")).run()
    assert harness.output == {"a": {"x": 1}, "error": {"Error": "E", "Cause": "C"}}
    exited = next(event.details for event in harness.events if event.type == "TaskStateExited")
    assert exited is not None
    assert exited["assignedVariables"] == {"why": '"C"'}


def test_an_intrinsic_failure_can_be_caught() -> None:
    definition = task(
        Parameters={"x.$": "States.StringToJson($.a)"}, Catch=[{"ErrorEquals": ["States.ALL"], "Next": "After"}]
    )
    definition["States"]["After"] = {"Type": "Pass", "End": True}
    harness = Harness(definition, '{"a":"no json"}').run()
    assert harness.output["Error"] == "States.IntrinsicFailure"
    assert harness.output["Cause"].startswith(
        "An error occurred while executing the state 'T' (entered at the event id #2)."
    )


def test_names_under_which_a_missing_heartbeat_is_known() -> None:
    overdue = Failure("States.Timeout", None, "States.HeartbeatTimeout")
    assert overdue.matches(frozenset(("States.Timeout",)))
    assert overdue.matches(frozenset(("States.HeartbeatTimeout",)))
    assert not overdue.matches(frozenset(("States.TaskFailed",)))
    assert not Failure("States.Timeout", None).matches(frozenset(("States.HeartbeatTimeout",)))
