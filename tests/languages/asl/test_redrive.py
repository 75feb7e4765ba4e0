"""Redrive in the engine: any execution that ends without success goes on from where it was."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.languages import asl
from tests.languages.asl.harness import Harness, meta

_TASK = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "End": True}


def redrive(harness: Harness, count: int = 1) -> Harness:
    """The same execution, going on."""
    assert harness.last is not None
    assert harness.last.kept is not None, harness.status
    kept = json.loads(json.dumps(harness.last.kept))
    own = replace(harness.tree.meta, redrive_count=count, redriven_ms=harness.now_ms)
    harness.tree = asl.redriven_tree(own, harness.tree.input_text, kept)
    harness.last = None
    harness.send(asl.Redrive(count))
    return harness


def by_turns(*answers: Any) -> Any:
    """Tasks that fail with an exception's text, or succeed with a value, one after the other."""
    left = list(answers)

    def play(task: asl.ScheduleTask) -> list[asl.Command]:
        answer = left.pop(0)
        if isinstance(answer, Exception):
            return [asl.FailTask(task.key, str(answer), "")]
        return [asl.CompleteTask(task.key, json.dumps(answer))]

    return play


def parallel(*branches: dict[str, Any]) -> dict[str, Any]:
    return {
        "Type": "Parallel",
        "Branches": [{"StartAt": f"B{n}", "States": {f"B{n}": one}} for n, one in enumerate(branches)],
    }


def machine(**states: dict[str, Any]) -> dict[str, Any]:
    names = list(states)
    linked = {
        name: {**{k: v for k, v in state.items() if k != "End"}, "Next": names[n + 1]} if n + 1 < len(names) else state
        for n, (name, state) in enumerate(states.items())
    }
    return {"StartAt": names[0], "States": linked}


def ended(state: dict[str, Any]) -> dict[str, Any]:
    return {**state, "End": True}


def test_history_goes_on() -> None:
    harness = Harness(machine(A=_TASK, B=_TASK), play=by_turns(1, ValueError("Bad"), 2)).run()
    failed = len(harness.events)
    assert (harness.status, harness.error) == ("FAILED", "Bad")
    redrive(harness)
    assert harness.output == 2
    assert [event.id for event in harness.events] == list(range(1, len(harness.events) + 1))
    first, second = harness.events[failed : failed + 2]
    assert (first.type, first.details, first.previous_event_id) == ("ExecutionRedriven", {"redriveCount": 1}, failed)
    assert (second.type, second.previous_event_id) == ("TaskScheduled", first.id)


def test_the_context_knows_the_count() -> None:
    state = {**_TASK, "Parameters": {"count.$": "$$.Execution.RedriveCount"}}
    harness = Harness(machine(A=state), play=by_turns(ValueError("Bad"), 1)).run()
    redrive(harness)
    assert [task.parameters for task in harness.tasks] == [{"count": 0}, {"count": 1}]


def test_branches_that_ended_stay_ended() -> None:
    play = by_turns("a", ValueError("Bad"), "too late", "b", "c")
    harness = Harness(machine(P=ended(parallel(_TASK, _TASK, _TASK))), play=play).run()
    assert harness.status == "FAILED"
    redrive(harness)
    assert harness.output == ["a", "b", "c"]
    assert len(harness.tasks) == 5


def test_deep_below() -> None:
    inner = ended(parallel(_TASK, _TASK))
    play = by_turns("a", "b", ValueError("Bad"), "c")
    harness = Harness(machine(P=ended(parallel(_TASK, inner))), play=play).run()
    assert harness.status == "FAILED"
    redrive(harness)
    assert harness.output == ["a", ["b", "c"]]


@pytest.mark.parametrize("what", ["Retry", "Catch"])
def test_what_is_handled_above_is_no_failure_of_the_execution(what: str) -> None:
    handlers = {
        "Retry": [{"ErrorEquals": ["Bad"], "MaxAttempts": 1}],
        "Catch": [{"ErrorEquals": ["Bad"], "Next": "Z"}],
    }
    state = {**parallel(_TASK, _TASK), what: handlers[what]}
    answers = ["a", ValueError("Bad"), "b", "c"] if what == "Retry" else ["a", ValueError("Bad")]
    harness = Harness(machine(P=state, Z={"Type": "Pass", "End": True}), play=by_turns(*answers)).run()
    assert harness.status == "SUCCEEDED"
    assert all(step.kept is None for step in harness.steps)


def test_an_express_execution_keeps_nothing() -> None:
    harness = Harness(machine(A={"Type": "Fail"}), execution=meta(kind="EXPRESS")).run()
    assert harness.last is not None
    assert (harness.status, harness.last.kept) == ("FAILED", None)


def test_redrive_is_for_executions_that_ended_only() -> None:
    harness = Harness(machine(A=_TASK)).run()
    assert asl.step(harness.program, harness.tree, asl.Redrive(1), 0).journal == {}


def test_a_map_run_is_redriven_with_the_same_name() -> None:
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED"},
        "StartAt": "I",
        "States": {"I": {"Type": "Pass", "End": True}},
    }
    state = {"Type": "Map", "ItemProcessor": processor, "End": True}
    harness = Harness(
        machine(M=state), "[1]", play_map=lambda program, run: [asl.FailMapRun(run.key, "States.X", "why")]
    ).run()
    assert (harness.status, harness.error) == ("FAILED", "States.X")
    started = next(event.details for event in harness.events if event.type == "MapRunStarted")
    for count in (1, 2):
        redrive(harness, count)
        assert started is not None
        redriven = {"mapRunArn": started["mapRunArn"], "redriveCount": count}
        assert (harness.events[-1].type, harness.events[-1].details) == ("MapRunRedriven", redriven)
        harness.send(asl.FailMapRun((1, 1), "States.X", "why"))
        assert harness.status == "FAILED"
    redrive(harness, 3)
    harness.send(asl.CompleteMapRun((1, 1), "[7]"))
    assert harness.output == [7]
    assert harness.tree.frames == {}


def test_a_map_run_that_is_tried_again_leaves_nothing_behind() -> None:
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED"},
        "StartAt": "I",
        "States": {"I": {"Type": "Pass", "End": True}},
    }
    retry = [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 3}]
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "W"}]
    state = {"Type": "Map", "ItemProcessor": processor, "Retry": retry, "Catch": catch}
    wait = {"Type": "Wait", "Seconds": 9, "End": True}
    harness = Harness(
        machine(M=state, W=wait), "[1]", play_map=lambda program, run: [asl.FailMapRun(run.key, "States.X", "why")]
    )
    harness.run(until_ms=harness.now_ms + 8_000)
    assert [event.type for event in harness.events].count("MapRunStarted") == 4
    assert len(harness.tree.frames) == 1


def mapping(one: dict[str, Any]) -> dict[str, Any]:
    processor = {"StartAt": "I", "States": {"I": one}}
    return {"Type": "Map", "ItemsPath": "$$.Execution.Input", "ItemProcessor": processor, "End": True}


STATES = st.recursive(
    st.just(_TASK),
    lambda inner: st.lists(inner, min_size=1, max_size=3).map(lambda ones: ended(parallel(*ones))) | inner.map(mapping),
    max_leaves=6,
)


@given(STATES, st.lists(st.booleans(), max_size=30))
def test_redriven_until_it_succeeds_every_task_succeeds_once(state: dict[str, Any], fails: list[bool]) -> None:
    """However often tasks fail: nothing that succeeded is done again, and in the end all is done."""
    left = list(fails)

    def play(task: asl.ScheduleTask) -> list[asl.Command]:
        if left and left.pop(0):
            return [asl.FailTask(task.key, "Bad", "")]
        return [asl.CompleteTask(task.key, "1")]

    whole = Harness(machine(A=state), "[0, 1]", play=lambda task: [asl.CompleteTask(task.key, "1")]).run()
    harness = Harness(machine(A=state), "[0, 1]", play=play).run()
    count = 0
    while harness.status == "FAILED":
        count += 1
        assert count <= len(fails)
        redrive(harness, count)
    assert harness.output == whole.output
    types = [event.type for event in harness.events]
    assert types.count("TaskSucceeded") == len(whole.tasks)
    assert types.count("ExecutionRedriven") == count
    assert [event.id for event in harness.events] == list(range(1, len(harness.events) + 1))
