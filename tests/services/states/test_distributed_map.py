"""Distributed Map seen from outside: items of the state's input become executions of their own."""

from __future__ import annotations

from typing import Any

import pytest

from segue.services.states import map_work
from tests.services.states.machines import House, State, refusal, waiting

PASS: State = {"Type": "Pass", "End": True}


def mapping(*states: State, kind: str = "STANDARD", prefix: str = "I", **fields: Any) -> State:
    """A distributed Map whose processor has these states, one after the other."""
    last = len(states) - 1
    named = {f"{prefix}{n}": one if n == last else {**one, "Next": f"{prefix}{n + 1}"} for n, one in enumerate(states)}
    config = {"Mode": "DISTRIBUTED", "ExecutionType": kind}
    processor = {"ProcessorConfig": config, "StartAt": f"{prefix}0", "States": named}
    return {"Type": "Map", "ItemProcessor": processor, "End": True, **fields}


def fails_on(value: Any) -> tuple[State, State]:
    """States of a child that fails for one item, and gives all others back."""
    choice = {
        "Type": "Choice",
        "Choices": [{"Variable": "$", "NumericEquals": value, "Next": "Bad"}],
        "Default": "I1",
    }
    return choice, PASS


def failing(value: Any, **fields: Any) -> State:
    state = mapping(*fails_on(value), **fields)
    del state["ItemProcessor"]["States"]["I0"]["Next"]
    state["ItemProcessor"]["States"]["Bad"] = {"Type": "Fail", "Error": "Bad", "Cause": "luck"}
    return state


@pytest.mark.parametrize("kind", ["STANDARD", "EXPRESS"])
@pytest.mark.parametrize("count", [0, 1, 100])
def test_outputs_stand_in_the_order_of_the_items(house: House, kind: str, count: int) -> None:
    arn = house.start(house.machine(mapping(PASS, kind=kind)), list(range(count)))
    assert house.output(arn) == list(range(count))
    types = ["ExecutionStarted", "MapStateEntered", "MapStateStarted", "MapRunStarted", "MapRunSucceeded"]
    assert house.types(arn) == [*types, "MapStateSucceeded", "MapStateExited", "ExecutionSucceeded"]
    assert house.work() == []


def test_an_item_selector_sees_the_state_the_item_and_the_variables(house: House) -> None:
    selector = {
        "value.$": "$$.Map.Item.Value",
        "index.$": "$$.Map.Item.Index",
        "all.$": "$.all",
        "name.$": "$name",
        "execution.$": "$$.Execution.Name",
    }
    first = {"Type": "Pass", "Assign": {"name": "Ada"}}
    arn = house.start(
        house.machine(first, mapping(PASS, ItemsPath="$.items", ItemSelector=selector)),
        {"items": ["a", 2.0], "all": 12345678901234567890},
        name="outer",
    )
    same = {"all": 12345678901234567890, "name": "Ada", "execution": "outer"}
    assert house.output(arn) == [{"value": "a", "index": 0, **same}, {"value": 2.0, "index": 1, **same}]


def test_a_child_is_an_execution_of_its_own(house: House) -> None:
    whole = {"Type": "Pass", "Parameters": {"context.$": "$$"}, "End": True}
    arn = house.start(house.machine(mapping(whole, Label="each")), ["item"])
    (output,) = house.output(arn)
    context = output["context"]
    child = context["Execution"]["Id"]
    assert child.rpartition(":")[0].endswith(":execution:m/each")
    assert context["Execution"]["Input"] == "item"
    assert context["StateMachine"]["Name"] == "m/each"
    described = house.describe(child)
    run = house.events(arn)[3]["mapRunStartedEventDetails"]["mapRunArn"]
    assert described["mapRunArn"] == run
    assert ":mapRun:m/each:" in run
    assert described["stateMachineArn"].endswith(":stateMachine:m/each")
    assert house.types(child) == ["ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"]
    listed = house.states.list_executions(stateMachineArn=house.describe(arn)["stateMachineArn"])["executions"]
    assert [one["executionArn"] for one in listed] == [arn]


def test_only_so_many_run_at_once(house: House, tokens_queue: str) -> None:
    arn = house.start(house.machine(mapping(waiting(), MaxConcurrency=2)), list(range(5)))
    answered = []
    while tokens := house.tokens():
        assert len(tokens) <= 2
        for token in tokens:
            house.states.send_task_success(taskToken=token, output="1")
            answered.append(token)
        house.segue.settle()
    assert len(answered) == 5
    assert house.output(arn) == [1] * 5


BATCHES: list[tuple[dict[str, Any], list[Any]]] = [
    ({"MaxItemsPerBatch": 2}, [[0, 1], [2, 3], [4]]),
    ({"MaxInputBytesPerBatch": 16}, [[0, 1], [2, 3], [4]]),
    ({"MaxInputBytesPerBatch": 15, "MaxItemsPerBatch": 5}, [[0, 1], [2, 3], [4]]),
    ({"MaxInputBytesPerBatch": 14}, [[0], [1], [2], [3], [4]]),
    ({"MaxItemsPerBatch": 9}, [[0, 1, 2, 3, 4]]),
]


@pytest.mark.parametrize(("batcher", "batches"), BATCHES)
def test_batches(house: House, batcher: dict[str, Any], batches: list[Any]) -> None:
    arn = house.start(house.machine(mapping(PASS, ItemBatcher=batcher)), [0, 1, 2, 3, 4])
    assert house.output(arn) == [{"Items": batch} for batch in batches]


def test_a_batch_has_its_common_input(house: House) -> None:
    batcher = {"MaxItemsPerBatchPath": "$.size", "BatchInput": {"common.$": "$.common"}}
    state = mapping(PASS, ItemBatcher=batcher, ItemsPath="$.items", ItemSelector={"i.$": "$$.Map.Item.Index"})
    arn = house.start(house.machine(state), {"size": 2, "common": "c", "items": ["x", "y", "z"]})
    expected = [{"BatchInput": {"common": "c"}, "Items": [{"i": n} for n in batch]} for batch in ([0, 1], [2])]
    assert house.output(arn) == expected


TOLERATED: list[tuple[dict[str, Any], int, bool]] = [
    ({}, 1, False),
    ({"ToleratedFailureCount": 1}, 1, True),
    ({"ToleratedFailureCount": 1}, 2, False),
    ({"ToleratedFailurePercentage": 20}, 2, True),
    ({"ToleratedFailurePercentage": 19.9}, 2, False),
    ({"ToleratedFailurePercentage": 100}, 10, True),
]


@pytest.mark.parametrize(("tolerated", "failed", "is_borne"), TOLERATED)
def test_tolerated_failures(house: House, tolerated: dict[str, Any], failed: int, is_borne: bool) -> None:
    items = [7] * failed + [1] * (10 - failed)
    arn = house.start(house.machine(failing(7, **tolerated)), items)
    if is_borne:
        assert house.output(arn) == [1] * (10 - failed)
    else:
        error, cause = house.failure(arn)
        assert error == "States.ExceedToleratedFailureThreshold"
        assert cause == "The specified tolerated failure threshold was exceeded"
        assert house.types(arn)[-3:] == ["MapRunFailed", "MapStateFailed", "ExecutionFailed"]


def test_a_failure_is_tried_again_and_caught(house: House) -> None:
    retry = {"ErrorEquals": ["States.ExceedToleratedFailureThreshold"], "IntervalSeconds": 1, "MaxAttempts": 1}
    catch = {"ErrorEquals": ["States.ALL"], "Next": "S1"}
    arn = house.start(house.machine(failing(7, Retry=[retry], Catch=[catch]), PASS), [7])
    house.segue.advance(1)
    assert house.output(arn)["Error"] == "States.ExceedToleratedFailureThreshold"
    assert house.types(arn).count("MapRunStarted") == 2


def test_children_are_called_off_when_the_map_run_fails(house: House, tokens_queue: str) -> None:
    state = failing(7)
    state["ItemProcessor"]["States"]["I1"] = waiting()
    arn = house.start(house.machine(state), [1, 2, 7, 3])
    assert house.failure(arn)[0] == "States.ExceedToleratedFailureThreshold"
    run = house.states.list_map_runs(executionArn=arn)["mapRuns"][0]["mapRunArn"]
    counts = house.states.describe_map_run(mapRunArn=run)["executionCounts"]
    assert {name: counts[name] for name in ("failed", "aborted", "running", "pending")} == {
        "failed": 1,
        "aborted": 2,
        "running": 0,
        "pending": 1,
    }
    assert house.work() == []


@pytest.mark.parametrize("end", ["stopped", "another branch fails"])
def test_children_are_called_off_with_their_parent(house: House, tokens_queue: str, end: str) -> None:
    fails = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 5, "Next": "F"}, "F": {"Type": "Fail"}}}
    branches = [{"StartAt": "M", "States": {"M": mapping(waiting())}}, *([fails] if end != "stopped" else [])]
    arn = house.start(house.machine({"Type": "Parallel", "Branches": branches, "End": True}), [1, 2])
    run = house.states.list_map_runs(executionArn=arn)["mapRuns"][0]["mapRunArn"]
    assert house.states.describe_map_run(mapRunArn=run)["executionCounts"]["running"] == 2
    if end == "stopped":
        house.states.stop_execution(executionArn=arn)
    house.segue.advance(5)
    described = house.states.describe_map_run(mapRunArn=run)
    assert (described["status"], described["executionCounts"]["aborted"]) == ("ABORTED", 2)
    assert house.work() == []


def test_nested_and_in_a_loop(house: House) -> None:
    inner = mapping(PASS, prefix="J", ItemsPath="$.inner")
    state = mapping(inner, Label="outer", ItemsPath="$.outer", ResultPath="$.outer")
    loop = {
        "Type": "Pass",
        "Parameters": {"n.$": "States.MathAdd($.n, -1)", "outer.$": "$.again", "again.$": "$.again"},
    }
    more = {
        "Type": "Choice",
        "Choices": [{"Variable": "$.n", "NumericGreaterThan": 0, "Next": "S0"}],
        "Default": "S3",
    }
    machine = {"StartAt": "S0", "States": {"S0": loop, "S1": state, "S2": more, "S3": {"Type": "Succeed"}}}
    loop["Next"], state["Next"] = "S1", "S2"
    del state["End"]
    again = [{"inner": [1, 2]}, {"inner": []}, {"inner": ["x"]}]
    arn = house.start(house.define(machine), {"n": 3, "again": again})
    assert house.output(arn)["outer"] == [[1, 2], [], ["x"]]
    assert house.types(arn).count("MapRunSucceeded") == 3


def test_a_result_that_is_too_large_fails_the_state(house: House) -> None:
    large = {"Type": "Pass", "Result": "x" * 30_000, "End": True}
    arn = house.start(house.machine(mapping(large)), list(range(9)))
    assert house.failure(arn)[0] == "States.DataLimitExceeded"


def test_an_item_selector_that_fails_fails_the_map_run(house: House) -> None:
    arn = house.start(house.machine(mapping(PASS, ItemSelector={"a.$": "$$.Map.Item.Value.a"})), [{"a": 1}, {}])
    error, cause = house.failure(arn)
    assert error == "States.Runtime"
    assert "Map.Item.Value.a" in cause


def test_what_is_not_needed_is_forgotten(house: House) -> None:
    good = house.start(house.machine(mapping(PASS, kind="EXPRESS")), [1, 2])
    bad = house.start(house.machine(failing(7, kind="EXPRESS"), name="bad"), [7])
    assert house.status(good) == "SUCCEEDED"
    house.segue.advance(3 * 3_600)
    assert house.rows("SELECT COUNT(*) FROM states_executions WHERE parent LIKE 'map/%'") == [(3,)]
    house.segue.advance(25 * 3_600)  # what failed may be redriven
    assert house.rows("SELECT COUNT(*) FROM states_executions WHERE parent LIKE 'map/%'") == [(1,)]
    house.segue.sleep(days=91)
    for table in ("states_executions", "states_map_runs", "states_map_plans", "states_map_items"):
        assert house.rows(f"SELECT COUNT(*) FROM {table}") == [(0,)]
    assert refusal(house.states.describe_execution, executionArn=bad)[0] == "ExecutionDoesNotExist"


def test_where_there_is_much_else_to_do_children_wait_but_all_begin(
    house: House, tokens_queue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy = [True]
    monkeypatch.setattr(map_work, "_is_busy", lambda call, run: busy[0] and run.running > 0)
    arn = house.start(house.machine(mapping(waiting())), list(range(100)))
    run = house.states.list_map_runs(executionArn=arn)["mapRuns"][0]["mapRunArn"]

    def counts() -> tuple[int, int]:
        told = house.states.describe_map_run(mapRunArn=run)["executionCounts"]
        return told["running"], told["pending"]

    assert counts() == (32, 68)
    busy[0] = False
    house.segue.advance(1)
    assert counts() == (100, 0)
    for token in house.tokens():
        house.states.send_task_success(taskToken=token, output="1")
    house.segue.settle()
    assert house.output(arn) == [1] * 100


def test_the_end_of_a_child_brings_a_parked_run_back_at_once(
    house: House, tokens_queue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(map_work, "_is_busy", lambda call, run: run.running > 0)
    arn = house.start(house.machine(mapping(waiting())), list(range(70)))
    for _ in range(3):
        for token in house.tokens():
            house.states.send_task_success(taskToken=token, output="1")
        house.segue.settle()
    assert house.output(arn) == [1] * 70
