"""Map Runs seen from outside: their counters, their children, what can be changed while they run."""

from __future__ import annotations

import json
from typing import Any

import pytest

from segue.services.states import map_records
from tests.services.states.machines import House, refusal, waiting
from tests.services.states.test_distributed_map import PASS, mapping

pytestmark = pytest.mark.both_stores


def run_of(house: House, arn: str) -> str:
    (run,) = house.states.list_map_runs(executionArn=arn)["mapRuns"]
    return str(run["mapRunArn"])


def counts(house: House, run: str) -> dict[str, int]:
    """The counters of children that are not zero, but for the total."""
    told = house.states.describe_map_run(mapRunArn=run)["executionCounts"]
    return {name: count for name, count in told.items() if count and name != "total"}


def test_counters_are_live(house: House, tokens_queue: str) -> None:
    state = mapping(waiting(), MaxConcurrency=2, ToleratedFailureCount=1, ItemBatcher={"MaxItemsPerBatch": 2})
    arn = house.start(house.machine(state), [1, 2, 3, 4, 5])
    run = run_of(house, arn)
    told = house.states.describe_map_run(mapRunArn=run)
    assert {name: told[name] for name in ("status", "maxConcurrency", "toleratedFailureCount", "redriveCount")} == {
        "status": "RUNNING",
        "maxConcurrency": 2,
        "toleratedFailureCount": 1,
        "redriveCount": 0,
    }
    assert (told["executionArn"], told["toleratedFailurePercentage"]) == (arn, 0.0)
    assert told["itemCounts"] == {
        "pending": 1,
        "running": 4,
        "succeeded": 0,
        "failed": 0,
        "timedOut": 0,
        "aborted": 0,
        "total": 5,
        "resultsWritten": 0,
        "failuresNotRedrivable": 0,
        "pendingRedrive": 0,
    }
    first, second = house.tokens()
    house.states.send_task_success(taskToken=first, output="1")
    house.segue.settle()
    assert counts(house, run) == {"running": 2, "succeeded": 1}
    house.states.send_task_failure(taskToken=second, error="Bad")
    house.segue.settle()
    items = house.states.describe_map_run(mapRunArn=run)["itemCounts"]
    assert (items["failed"], items["succeeded"], items["aborted"]) == (2, 2, 1)
    told = house.states.describe_map_run(mapRunArn=run)
    assert (told["status"], "stopDate" in told) == ("FAILED", True)


def test_what_can_be_changed(house: House, tokens_queue: str) -> None:
    arn = house.start(house.machine(mapping(waiting(), MaxConcurrency=1)), list(range(10)))
    run = run_of(house, arn)
    house.states.update_map_run(mapRunArn=run, maxConcurrency=4, toleratedFailureCount=3)
    house.segue.settle()
    assert counts(house, run) == {"running": 4, "pending": 6}
    for token in house.tokens()[:3]:
        house.states.send_task_failure(taskToken=token, error="Bad")
    house.segue.settle()
    assert counts(house, run) == {"running": 4, "pending": 3, "failed": 3}
    house.states.update_map_run(
        mapRunArn=run, toleratedFailurePercentage=50.0, toleratedFailureCount=5, maxConcurrency=0
    )
    house.segue.settle()
    told = house.states.describe_map_run(mapRunArn=run)
    assert (told["maxConcurrency"], told["toleratedFailurePercentage"]) == (0, 50.0)
    assert counts(house, run) == {"running": 7, "failed": 3}


def test_what_cannot_be_changed(house: House) -> None:
    arn = house.start(house.machine(mapping(PASS)), [1])
    run = run_of(house, arn)
    assert refusal(house.states.update_map_run, mapRunArn=run)[0] == "ValidationException"
    assert refusal(house.states.update_map_run, mapRunArn=run, maxConcurrency=1)[0] == "ValidationException"
    missing = run + "0"
    for operation in (house.states.update_map_run, house.states.describe_map_run):
        assert refusal(operation, mapRunArn=missing)[0] == "ResourceNotFound"
        assert refusal(operation, mapRunArn="arn:aws:states:us-east-1:1:execution:m:e")[0] == "InvalidArn"


def test_children_are_listed_page_by_page(house: House) -> None:
    arn = house.start(house.machine(mapping(PASS, ItemBatcher={"MaxItemsPerBatch": 2})), [0, 1, 2, 3, 4])
    run = run_of(house, arn)
    pages = list(house.states.get_paginator("list_executions").paginate(mapRunArn=run, maxResults=2))
    assert [len(page["executions"]) for page in pages] == [2, 1]
    listed = [one for page in pages for one in page["executions"]]
    assert [one["itemCount"] for one in listed] == [1, 2, 2]
    assert {one["mapRunArn"] for one in listed} == {run}
    inputs = [json.loads(house.describe(one["executionArn"])["input"])["Items"] for one in listed]
    assert inputs == [[4], [2, 3], [0, 1]]


FILTERS: list[tuple[dict[str, Any], int]] = [
    ({"statusFilter": "SUCCEEDED"}, 2),
    ({"statusFilter": "FAILED"}, 0),
    ({"statusFilter": "PENDING_REDRIVE"}, 0),
    ({"redriveFilter": "REDRIVEN"}, 0),
    ({"redriveFilter": "NOT_REDRIVEN"}, 2),
]


@pytest.mark.parametrize(("filters", "count"), FILTERS)
def test_filters(house: House, filters: dict[str, Any], count: int) -> None:
    arn = house.start(house.machine(mapping(PASS)), [1, 2])
    assert len(house.states.list_executions(mapRunArn=run_of(house, arn), **filters)["executions"]) == count


@pytest.mark.parametrize(("filters", "count"), FILTERS)
def test_what_is_filtered_may_be_pages_further(
    house: House, filters: dict[str, Any], count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(map_records, "LOOKED_AT", 1)
    arn = house.start(house.machine(mapping(PASS)), [1, 2])
    pages = house.states.get_paginator("list_executions").paginate(mapRunArn=run_of(house, arn), **filters)
    assert sum(len(page["executions"]) for page in pages) == count


def test_express_children_are_listed_and_described(house: House) -> None:
    arn = house.start(house.machine(mapping(PASS, kind="EXPRESS")), ["a", "b"])
    run = run_of(house, arn)
    listed = house.states.list_executions(mapRunArn=run)["executions"]
    told = [house.describe(one["executionArn"]) for one in listed]
    assert [(one["status"], one["input"], one["output"]) for one in told] == [
        ("SUCCEEDED", '"b"', '"b"'),
        ("SUCCEEDED", '"a"', '"a"'),
    ]
    assert {one["mapRunArn"] for one in told} == {run}
    house.segue.advance(25 * 3_600)
    assert house.states.list_executions(mapRunArn=run)["executions"] == []
    assert house.states.describe_map_run(mapRunArn=run)["executionCounts"]["succeeded"] == 2


def test_wrong_filters(house: House) -> None:
    machine = house.machine(mapping(PASS, kind="EXPRESS"))
    arn = house.start(machine, [1])
    run, ask = run_of(house, arn), house.states.list_executions
    assert refusal(ask, mapRunArn=run, stateMachineArn=machine)[0] == "ValidationException"
    assert refusal(ask, stateMachineArn=machine, redriveFilter="REDRIVEN")[0] == "ValidationException"
    assert refusal(ask, stateMachineArn=machine, statusFilter="PENDING_REDRIVE")[0] == "ValidationException"
    assert refusal(ask, mapRunArn=run + "0")[0] == "ResourceNotFound"


def test_map_runs_of_an_execution_page_by_page(house: House) -> None:
    arn = house.start(house.machine(*(mapping(PASS, prefix=f"I{n}", Label=f"l{n}") for n in range(3))), [1])
    pages = list(house.states.get_paginator("list_map_runs").paginate(executionArn=arn, maxResults=2))
    runs = [run for page in pages for run in page["mapRuns"]]
    assert [run["mapRunArn"].rpartition(":")[0].rpartition("/")[2] for run in runs] == ["l0", "l1", "l2"]
    assert all("stopDate" in run and run["executionArn"] == arn for run in runs)
    other = house.start(house.machine(PASS, name="other"))
    assert house.states.list_map_runs(executionArn=other)["mapRuns"] == []


def test_the_machine_of_a_child(house: House) -> None:
    arn = house.start(house.machine(mapping(PASS, Label="each")), [1])
    run = run_of(house, arn)
    (child,) = house.states.list_executions(mapRunArn=run)["executions"]
    told = house.states.describe_state_machine_for_execution(executionArn=child["executionArn"])
    assert (told["mapRunArn"], told["label"], told["name"]) == (run, "each", "m/each")
    assert json.loads(told["definition"])["States"] == {"I0": PASS}
    own = house.states.describe_state_machine_for_execution(executionArn=arn)
    assert not {"mapRunArn", "label"} & set(own)
