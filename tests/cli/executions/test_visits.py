"""Histories as trees of visits, what is waited for, and the table; of events as GetExecutionHistory gives them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.cli.executions import table
from segue.cli.executions.notes import in_words, notes
from segue.cli.executions.retries import next_attempt
from segue.cli.executions.visits import Account, Visit, details_of
from segue.cli.executions.waiting import states_of, waits

NOW = 100_000


def history(*events: tuple[int, str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Events of (the previous event's id, type, details), a second apart."""
    return [
        {"id": at, "previousEventId": before, "timestamp": 1000 * at, "type": kind, "anyEventDetails": details}
        for at, (before, kind, details) in enumerate(events, 1)
    ]


def entered(name: str) -> dict[str, Any]:
    return {"name": name, "input": "{}"}


def left(name: str) -> dict[str, Any]:
    return {"name": name, "output": "[]"}


def shape(visits: list[Visit], status: str) -> list[Any]:
    return [
        (visit.name, visit.status(status), {scope: shape(inner, status) for scope, inner in visit.inside.items()})
        if visit.inside
        else (visit.name, visit.status(status))
        for visit in visits
    ]


PARALLEL = history(
    (0, "ExecutionStarted", {}),
    (0, "ParallelStateEntered", entered("P")),
    (2, "ParallelStateStarted", {}),
    (3, "PassStateEntered", entered("A")),
    (3, "TaskStateEntered", entered("T")),
    (4, "PassStateExited", left("A")),
    (6, "WaitStateEntered", entered("W")),
    (5, "TaskScheduled", {"resourceType": "lambda", "resource": "invoke"}),
    (8, "TaskFailed", {"error": "E", "cause": "because"}),
    (9, "TaskScheduled", {"resourceType": "lambda", "resource": "invoke"}),
)


def test_branches_of_a_parallel_state() -> None:
    account = Account().tell(PARALLEL)
    branches = {0: [("A", "SUCCEEDED"), ("W", "RUNNING")], 1: [("T", "RUNNING")]}
    assert shape(account.visits, account.status) == [("P", "RUNNING", branches)]
    task = account.visits[0].inside[1][0]
    assert (task.attempts, task.error, task.cause) == (2, "E", "because")
    assert [account.depth_of(event) for event in PARALLEL] == [0, 0, 0, 1, 1, 1, 1, 1, 1, 1]


def test_an_expression_that_cannot_be_evaluated_fails_its_own_state() -> None:
    failed = history(
        (0, "ExecutionStarted", {}),
        (0, "PassStateEntered", entered("A")),
        (2, "PassStateExited", left("A")),
        (3, "PassStateEntered", entered("B")),
        (3, "EvaluationFailed", {"error": "States.QueryEvaluationError", "cause": "because", "state": "B"}),
        (5, "ExecutionFailed", {"error": "States.QueryEvaluationError"}),
    )
    account = Account().tell(failed)
    assert shape(account.visits, account.status) == [("A", "SUCCEEDED"), ("B", "FAILED")]
    assert account.visits[1].cause == "because"


def test_a_failure_stops_siblings_and_a_redrive_goes_on() -> None:
    failed = history(
        *[(event["previousEventId"], event["type"], details_of(event)) for event in PARALLEL],
        (10, "TaskFailed", {"error": "F"}),
        (11, "TaskStateAborted", {}),
        (7, "WaitStateAborted", {}),
        (11, "ParallelStateFailed", {}),
        (14, "ExecutionFailed", {"error": "F"}),
        (15, "ExecutionRedriven", {"redriveCount": 1}),
        (16, "TaskScheduled", {"resourceType": "lambda", "resource": "invoke"}),
        (17, "TaskSucceeded", {}),
        (18, "TaskStateExited", left("T")),
    )
    account = Account().tell(failed[:15])
    branches: dict[int, Any] = {0: [("A", "SUCCEEDED"), ("W", "ABORTED")], 1: [("T", "FAILED")]}
    assert shape(account.visits, account.status) == [("P", "FAILED", branches)]
    account.tell(failed[15:])
    branches = {0: [("A", "SUCCEEDED"), ("W", "RUNNING")], 1: [("T", "SUCCEEDED")]}
    assert shape(account.visits, account.status) == [("P", "RUNNING", branches)]
    assert account.redrives == [16_000]
    assert account.visits[0].inside[1][0].attempts == 3


def test_iterations_of_a_map_in_a_map() -> None:
    account = Account().tell(
        history(
            (0, "ExecutionStarted", {}),
            (0, "MapStateEntered", entered("M")),
            (2, "MapStateStarted", {"length": 2}),
            (3, "MapIterationStarted", {"name": "M", "index": 0}),
            (3, "MapIterationStarted", {"name": "M", "index": 1}),
            (4, "MapStateEntered", entered("N")),
            (6, "MapStateStarted", {"length": 1}),
            (7, "MapIterationStarted", {"name": "N", "index": 0}),
            (8, "PassStateEntered", entered("I")),
            (9, "PassStateExited", left("I")),
            (10, "MapIterationSucceeded", {"name": "N", "index": 0}),
            (11, "MapStateSucceeded", {}),
            (11, "MapStateExited", left("N")),
            (13, "MapIterationSucceeded", {"name": "M", "index": 0}),
            (5, "FailStateEntered", entered("F")),
            (15, "MapIterationFailed", {"name": "M", "index": 1}),
        )
    )
    inner = [("N", "SUCCEEDED", {0: [("I", "SUCCEEDED")]})]
    assert shape(account.visits, account.status) == [("M", "RUNNING", {0: inner, 1: [("F", "FAILED")]})]


def scheduled(
    state: dict[str, Any], details: dict[str, Any], *more: tuple[int, str, dict[str, Any]]
) -> list[tuple[str, bool]]:
    """What a task waits for that is scheduled so."""
    events = history((0, "TaskStateEntered", entered("T")), (1, "TaskScheduled", details), *more)
    return [(wait.what, wait.stuck) for wait in waits(Account().tell(events), {"T": state})]


TOKEN = {"resourceType": "sqs", "resource": "sendMessage.waitForTaskToken"}
ACTIVITY = {"resource": "arn:aws:states:us-east-1:0:activity:cook"}
ON_TOKEN = "an answer to the token it gave to sqs:sendMessage"


@pytest.mark.parametrize(
    ("state", "details", "what", "stuck"),
    [
        ({}, TOKEN, f"{ON_TOKEN} (no timeout)", True),
        ({}, {**TOKEN, "timeoutInSeconds": 9}, f"{ON_TOKEN} (timeout 9 s)", False),
        ({"HeartbeatSecondsPath": "$.h"}, TOKEN, f"{ON_TOKEN} (a timeout of its own)", False),
        ({}, ACTIVITY, "a worker to take it from activity cook (no timeout)", True),
        ({}, {"resourceType": "lambda", "resource": "invoke"}, "lambda:invoke (no timeout)", False),
    ],
)
def test_tasks_wait(state: dict[str, Any], details: dict[str, Any], what: str, stuck: bool) -> None:
    assert scheduled(state, details) == [(what, stuck)]


def test_a_task_waits_for_its_next_attempt() -> None:
    assert scheduled({}, TOKEN, (2, "TaskFailed", {"error": "E"})) == [("its next attempt (1 failed: E)", False)]


SAGA = {"Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 10, "MaxAttempts": 2, "BackoffRate": 1.5}]}
PICKY = {
    "Retry": [
        {"ErrorEquals": ["E"], "IntervalSeconds": 4, "MaxAttempts": 1},
        {"ErrorEquals": ["States.TaskFailed"], "IntervalSeconds": 7, "MaxAttempts": 5, "JitterStrategy": "FULL"},
    ]
}


@pytest.mark.parametrize(
    ("state", "errors", "seconds", "words"),
    [
        (SAGA, "E", 10, "retry 1 of 2"),
        (SAGA, "EF", 15, "retry 2 of 2"),
        (SAGA, "EFG", None, None),
        (PICKY, "E", 4, "retry 1 of 1"),
        (PICKY, "EF", 7, "retry 1 of 5"),
        (PICKY, "FEF", 14, "retry 2 of 5"),
        (PICKY, "EE", None, None),
        ({}, "E", None, None),
        ({"Retry": [7]}, "E", None, None),
        ({"Retry": [{"ErrorEquals": None}]}, "E", None, None),
    ],
)
def test_when_a_failure_is_tried_again(state: Any, errors: str, seconds: int | None, words: str | None) -> None:
    visit = Visit("T", "Task", 0, failures=list(errors), last={"timestamp": 500})
    coming = next_attempt(visit, state)
    assert (coming and coming.at_ms, coming and coming.words) == (seconds and 500 + 1000 * seconds, words)


def test_a_task_waits_for_a_retry_until_a_time() -> None:
    events = history((0, "TaskStateEntered", entered("T")), (1, "TaskScheduled", {}), (2, "TaskFailed", {"error": "E"}))
    (wait,) = waits(Account().tell(events), {"T": SAGA})
    assert (wait.what.startswith("retry 1 of 2 at "), wait.until_ms) == (True, 13_000)


@pytest.mark.parametrize(
    ("cause", "said"),
    [
        ('{"errorType": "Error", "errorMessage": "AD is down"}', "E: AD is down"),
        ("because", "E: because"),
        ('{"errorMessage": 7}', 'E: {"errorMessage": 7}'),
        (None, "E"),
    ],
)
def test_errors_in_words(cause: str | None, said: str) -> None:
    assert in_words("E", cause) == said


def test_a_failed_parallel_state_tells_of_its_branches() -> None:
    error = {"error": "F"}
    account = Account().tell(
        history(
            (0, "ParallelStateEntered", {"name": "P", "input": '{"user": 1}'}),
            (1, "ParallelStateStarted", {}),
            (2, "PassStateEntered", entered("Done")),
            (3, "PassStateExited", left("Done")),
            (2, "TaskStateEntered", entered("Fails")),
            (2, "TaskStateEntered", entered("Works")),
            (6, "LambdaFunctionScheduled", {}),
            (5, "LambdaFunctionFailed", error),
            (8, "TaskStateAborted", {}),
            (7, "TaskStateAborted", {}),
            (8, "ParallelStateFailed", {}),
            (11, "ParallelStateExited", {"name": "P", "output": '{"Error": "F", "Cause": "c"}'}),
        )
    )
    parallel = account.visits[0]
    of_branches, lost = notes(parallel, account.status)
    assert of_branches == "of 3 branches: 1 completed (Done), 1 failed (Fails), 1 stopped (Works)"
    assert "in the place of the input" in lost
    done, fails, works = (parallel.inside[scope][0] for scope in range(3))
    assert "its function was not" in notes(works, account.status)[0]
    assert notes(done, account.status) == notes(fails, account.status) == []
    assert (fails.ended_ms("FAILED"), works.ended_ms("ABORTED"), works.ended_ms("RUNNING")) == (9_000, 10_000, None)
    parallel.output = '{"user": 1, "error": {"Error": "F"}}'
    assert notes(parallel, account.status) == [of_branches]


@pytest.mark.parametrize(
    ("state", "what"),
    [
        ({"Seconds": 10**20}, "a timer"),
        ({"SecondsPath": "$.n[0]"}, "a timer: $.n[0]"),
        ({"Timestamp": "2030-01-01T00:00:00Z"}, "a timer: 2030-01-01T00:00:00Z"),
        ({"Seconds": "{% $n %}"}, "a timer: {% $n %}"),
        ({}, "a timer"),
    ],
)
def test_timers(state: dict[str, Any], what: str) -> None:
    events = history((0, "WaitStateEntered", entered("W")))
    assert [wait.what for wait in waits(Account().tell(events), {"W": state})] == [what]


def test_states_of_nested_machines_are_found() -> None:
    inner = {"States": {"B": {"Type": "Pass"}}}
    definition = {"States": {"A": {"Branches": [inner, 7]}, "M": {"ItemProcessor": {"States": {"C": 1}}}}}
    assert sorted(states_of(definition)) == ["A", "B", "C", "M"]
    assert states_of([]) == {}


def test_of_many_items_those_that_failed_are_shown() -> None:
    events: list[tuple[int, str, dict[str, Any]]] = [(0, "MapStateEntered", entered("M")), (1, "MapStateStarted", {})]
    for index in range(50):
        events.append((2, "MapIterationStarted", {"name": "M", "index": index}))
        events.append((len(events), "FailStateEntered" if index == 40 else "PassStateEntered", entered("I")))
        if index != 40:
            events.append((len(events), "PassStateExited", left("I")))
        how = "Failed" if index == 40 else "Succeeded"
        events.append((len(events), f"MapIteration{how}", {"name": "M", "index": index}))
    account = Account().tell(history(*events))
    headings = [row.text for row in table.rows(account) if row.visit is None]
    assert headings == [*(f"item {at}" for at in range(6)), "item 40", "… 43 more items (--full shows them)"]
    assert len([row for row in table.rows(account, full=True) if row.visit is None]) == 50


def test_lines_keep_to_the_width() -> None:
    events = history(
        (0, "TaskStateEntered", {"name": "T" * 80, "input": "x\n" * 500}),
        (1, "TaskFailed", {"error": "E", "cause": "c" * 500}),
    )
    lines = table.lines(Account().tell(events), 100, NOW)
    assert max(map(len, lines)) <= 100
    assert lines[2].strip().startswith("E: ccc")
    whole = table.lines(Account().tell(events), 100, NOW, full=True)
    assert any(line.strip() == f"E: {'c' * 500}" for line in whole)


KINDS = ["TaskStateEntered", "TaskStateExited", "ParallelStateStarted", "MapIterationStarted", "MapIterationFailed"]
KINDS += ["MapStateEntered", "MapStateExited", "TaskScheduled", "TaskFailed", "ExecutionRedriven", "ExecutionFailed"]
EVENT = st.tuples(st.integers(0, 12), st.sampled_from(KINDS), st.fixed_dictionaries({"name": st.sampled_from("AB")}))


@given(st.lists(EVENT, max_size=12))
def test_no_history_breaks_the_table(events: list[tuple[int, str, dict[str, Any]]]) -> None:
    told = history(*events)
    account = Account().tell(told)
    assert len(list(account.all())) == sum(kind.endswith("StateEntered") for _, kind, _ in events)
    assert len(table.lines(account, 80, NOW, full=True)) > len(list(account.all()))
    waits(account, {})
    assert all(account.depth_of(event) >= 0 for event in told)


RECORDED = Path(__file__).parents[4] / "shared/conformance"


@pytest.mark.skipif(not RECORDED.exists(), reason="the recorded results are not here")
def test_recorded_histories_make_trees_without_loose_ends() -> None:
    checked = 0
    for path in sorted(RECORDED.glob("sfn-*/*.json")):
        for events in _histories(json.loads(path.read_text())):
            account = Account().tell(events)
            assert len(list(account.all())) == sum(event["type"].endswith("StateEntered") for event in events), path
            if account.status == "SUCCEEDED":
                assert {visit.status("SUCCEEDED") for visit in account.visits} <= {"SUCCEEDED", "CAUGHT"}, path
            checked += 1
    assert checked


def _histories(value: Any) -> list[list[dict[str, Any]]]:
    """The whole histories in a recorded result, oldest event first; recorded outputs may be parsed already."""
    if isinstance(value, list):
        return [found for one in value for found in _histories(one)]
    if not isinstance(value, dict):
        return []
    events = value.get("events")
    if not (
        isinstance(events, list)
        and events
        and all(isinstance(one, dict) and isinstance(one.get("id"), int) for one in events)
    ):
        return [found for one in value.values() for found in _histories(one)]
    whole = sorted(events, key=lambda event: event["id"])
    if whole[0]["id"] != 1 or any("type" not in event for event in whole):
        return []
    return [[_told(event) for event in whole]]


def _told(event: dict[str, Any]) -> dict[str, Any]:
    details: dict[str, Any] = {
        name: part if isinstance(part, str) else json.dumps(part) for name, part in details_of(event).items()
    }
    if "index" in details:
        details["index"] = int(details["index"])
    plain = {name: event[name] for name in ("id", "type", "previousEventId") if name in event}
    return {**plain, "timestamp": 0, "anyEventDetails": details}
