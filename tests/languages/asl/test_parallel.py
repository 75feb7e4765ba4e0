"""Parallel: branches, their first failure, what is called off."""

from __future__ import annotations

from typing import Any

import pytest

from segue.languages import asl
from tests.languages.asl.harness import Harness, machine

_TASK = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage"}


def parallel(*branches: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return machine(("P", {"Type": "Parallel", "Branches": list(branches), **fields}))


def test_outputs_stand_in_the_order_of_the_branches() -> None:
    slow = machine(("W", {"Type": "Wait", "Seconds": 5}), ("A", {"Type": "Pass", "Result": "slow"}))
    fast = machine(("B", {"Type": "Pass", "Result": "fast"}))
    harness = Harness(parallel(slow, fast)).run()
    assert harness.output == ["slow", "fast"]


def test_no_branches() -> None:
    assert Harness(parallel()).run().output == []


def test_texts_of_the_branches_outputs_are_not_made_anew() -> None:
    harness = Harness(parallel(machine(("A", {"Type": "Pass"})), machine(("B", {"Type": "Pass"}))), "[1,  2.0]").run()
    assert harness.last is not None
    assert harness.last.output_text == "[[1,  2.0],[1,  2.0]]"


def test_the_chain_of_two_branches() -> None:
    harness = Harness(parallel(machine(("A", {"Type": "Pass"})), machine(("B", {"Type": "Pass"})))).run()
    assert harness.chain == [
        (1, 0, "ExecutionStarted"),
        (2, 0, "ParallelStateEntered"),
        (3, 2, "ParallelStateStarted"),
        (4, 3, "PassStateEntered"),
        (5, 4, "PassStateExited"),
        (6, 3, "PassStateEntered"),
        (7, 6, "PassStateExited"),
        (8, 7, "ParallelStateSucceeded"),
        (9, 7, "ParallelStateExited"),
        (10, 9, "ExecutionSucceeded"),
    ]


def test_the_first_failure_calls_the_others_off() -> None:
    waiting = machine(("W", {"Type": "Wait", "Seconds": 50}))
    tasking = machine(("T", dict(_TASK)))
    nested = parallel(machine(("T2", dict(_TASK))))
    failing = machine(("V", {"Type": "Wait", "Seconds": 1}), ("F", {"Type": "Fail", "Error": "E", "Cause": "C"}))
    harness = Harness(parallel(waiting, tasking, nested, failing)).run()
    assert (harness.status, harness.error, harness.cause) == ("FAILED", "E", "C")
    end = harness.types.index("FailStateEntered")
    assert harness.types[end + 1 :] == [
        "WaitStateAborted",
        "TaskStateAborted",
        "TaskStateAborted",
        "ParallelStateAborted",
        "ParallelStateFailed",
        "ExecutionFailed",
    ]
    failed = harness.events[-2]
    assert failed.previous_event_id == harness.events[end].id
    assert harness.last is not None
    cancelled = {action.key for action in harness.last.actions if isinstance(action, asl.CancelTask)}
    assert cancelled == {task.key for task in harness.tasks}
    assert harness.timers == {}
    assert harness.tree.frames == {}


def test_late_answers_of_called_off_tasks_are_dropped() -> None:
    failing = machine(("F", {"Type": "Fail", "Error": "E"}))
    catch = {"ErrorEquals": ["E"], "Next": "After"}
    definition = parallel(machine(("T", dict(_TASK))), failing, Catch=[catch])
    definition["States"]["After"] = {"Type": "Wait", "Seconds": 9, "End": True}
    harness = Harness(definition)
    harness.send(asl.Start())
    assert harness.send(asl.CompleteTask(harness.tasks[0].key, "{}")).journal == {}
    assert harness.run().output == {"Error": "E", "Cause": None}


def test_a_failing_tasks_state_is_aborted_too_and_the_retry_follows_the_failure() -> None:
    """Recorded with JSONata: sfn-states-object/error_output__parallel_catch_error_…_OUTPUT_WITH_RETRY."""
    retry = {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 1}
    definition = parallel(machine(("T", dict(_TASK))), Retry=[retry])
    harness = Harness(definition, play=lambda task: [asl.FailTask(task.key, "Exception", "why")]).run()
    assert harness.chain[3:9] == [
        (4, 3, "TaskStateEntered"),
        (5, 4, "TaskScheduled"),
        (6, 5, "TaskStarted"),
        (7, 6, "TaskFailed"),
        (8, 7, "TaskStateAborted"),
        (9, 7, "ParallelStateStarted"),
    ]
    assert harness.chain[-4:] == [
        (13, 12, "TaskFailed"),
        (14, 13, "TaskStateAborted"),
        (15, 13, "ParallelStateFailed"),
        (16, 15, "ExecutionFailed"),
    ]


def test_a_runtime_error_in_a_branch_ends_the_execution_at_once() -> None:
    """Nothing catches States.Runtime, and no event stands between the branch and the end."""
    catch = {"ErrorEquals": ["States.ALL"], "Next": "P"}
    broken = machine(("A", {"Type": "Pass", "InputPath": "$.nope"}))
    harness = Harness(parallel(machine(("W", {"Type": "Wait", "Seconds": 5})), broken, Catch=[catch])).run()
    assert harness.types[-2:] == ["PassStateEntered", "ExecutionFailed"]
    assert harness.error == "States.Runtime"


def test_result_fields_of_parallel() -> None:
    branch = machine(("A", {"Type": "Pass", "Result": 7}))
    fields = {"ResultSelector": {"first.$": "$[0]"}, "ResultPath": "$.r", "OutputPath": "$.r.first"}
    assert Harness(parallel(branch, **fields)).run().output == 7
    fields = {"Parameters": {"p.$": "$.q"}}
    echo = machine(("A", {"Type": "Pass"}))
    assert Harness(parallel(echo, **fields), '{"q":1}').run().output == [{"p": 1}]


def test_variables_reach_into_branches_and_not_out() -> None:
    inner = machine(
        ("I", {"Type": "Pass", "Assign": {"inner.$": "$outer"}}),
        ("J", {"Type": "Pass", "Parameters": {"i.$": "$inner", "o.$": "$outer"}}),
    )
    definition = machine(
        ("A", {"Type": "Pass", "Assign": {"outer": 5}}),
        ("P", {"Type": "Parallel", "Branches": [inner]}),
        ("Z", {"Type": "Pass", "Parameters": {"x.$": "$inner"}}),
    )
    harness = Harness(definition, is_reloaded=True).run()
    exits = [event.details for event in harness.events if event.type == "ParallelStateExited"]
    assert exits[0] is not None
    assert exits[0]["output"] == '[{"i":5,"o":5}]'
    assert harness.error == "States.Runtime"


@pytest.mark.parametrize("budget", [1, 2, 3, 1000])
def test_a_budget_changes_no_result(budget: int) -> None:
    branches = [machine(*((f"S{n}", {"Type": "Pass"}) for n in range(4))) for _ in range(3)]
    harness = Harness(parallel(*branches), '{"a":1}', budget=budget, is_reloaded=True).run()
    assert harness.output == [{"a": 1}] * 3
    assert len(harness.events) == 3 + 3 * 8 + 3
