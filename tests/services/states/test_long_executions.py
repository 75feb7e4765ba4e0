"""Executions of many events, many commits and more than one life of the server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from segue.services.states import advance
from segue.testing import Segue
from tests.services.states.machines import House, State, waiting

LOOP: dict[str, State] = {
    "Add": {"Type": "Pass", "Parameters": {"n.$": "States.MathAdd($.n, 1)"}, "Next": "Enough"},
    "Enough": {
        "Type": "Choice",
        "Choices": [{"Variable": "$.n", "NumericGreaterThanEquals": 0, "Next": "Done"}],
        "Default": "Add",
    },
    "Done": {"Type": "Succeed"},
}


def loop(house: House, until: int) -> str:
    states = {**LOOP, "Enough": {**LOOP["Enough"]}}
    states["Enough"]["Choices"] = [{"Variable": "$.n", "NumericGreaterThanEquals": until, "Next": "Done"}]
    return house.define({"StartAt": "Add", "States": states})


def test_a_long_loop_is_cut_into_several_commits(house: House) -> None:
    arn = house.start(loop(house, 3_000), {"n": 0})
    assert house.output(arn) == {"n": 3_000}
    assert house.rows("SELECT COUNT(*) FROM states_chunks")[0][0] > 3
    assert [event["id"] for event in house.events(arn, PaginationConfig={"PageSize": 999})] == list(range(1, 12_005))
    assert house.work() == []


def test_a_history_ends_with_25_000_events(house: House) -> None:
    arn = house.start(loop(house, 1 << 60), {"n": 0})
    error, cause = house.failure(arn)
    assert error == "States.Runtime"
    assert cause == "The execution reached the maximum number of history events (25000)."
    last = house.states.get_execution_history(executionArn=arn, reverseOrder=True, maxResults=1)["events"][0]
    assert (last["id"], last["type"]) == (25_000, "ExecutionFailed")
    assert house.work() == []


def test_others_are_served_while_a_loop_runs(house: House) -> None:
    machine = loop(house, 1 << 60)
    arn = house.states.start_execution(stateMachineArn=machine, input='{"n": 0}')["executionArn"]
    answered = 0
    while house.states.describe_execution(executionArn=arn)["status"] == "RUNNING":
        house.states.list_state_machines()
        answered += 1
    assert answered >= 3
    assert house.failure(arn)[0] == "States.Runtime"


def test_heavy_states_are_committed_in_small_pieces(house: House) -> None:
    add = {"Type": "Pass", "Result": 1, "ResultPath": "$.x"}
    chain: dict[str, State] = {f"S{n}": {**add, "Next": f"S{n + 1}"} for n in range(100)}
    states = {**chain, "S100": {"Type": "Succeed"}}
    arn = house.start(house.define({"StartAt": "S0", "States": states}), {"long": "x" * 200_000})
    assert house.output(arn)["x"] == 1
    assert house.rows("SELECT MAX(LENGTH(events)) < 16000000, COUNT(*) >= 4 FROM states_chunks") == [(1, 1)]


def test_a_snapshot_now_and_then_spares_old_journals(house: House) -> None:
    wait = {"Type": "Wait", "Seconds": 1, "End": True}
    arn = house.start(house.machine(*[wait] * 150, {"Type": "Pass", "Parameters": {"all.$": "$"}, "End": True}), "x")
    house.segue.advance(100)
    kept = house.rows("SELECT COUNT(*) FROM states_chunks WHERE journal IS NOT NULL")[0][0]
    assert 0 < kept < 64
    advance.TREES.clear()  # as after a crash: snapshot and journals give the tree back
    house.segue.advance(60)
    assert house.output(arn) == {"all": "x"}
    assert house.rows("SELECT COUNT(*) FROM states_chunks WHERE journal IS NOT NULL") == [(0,)]


def test_a_map_goes_on_where_each_commit_left_it(house: House, tokens_queue: str) -> None:
    iterate = {"StartAt": "W", "States": {"W": {**waiting(), "Next": "P"}, "P": {"Type": "Pass", "End": True}}}
    iterate["States"]["W"].pop("End")  # type: ignore[index]
    arn = house.start(house.machine({"Type": "Map", "ItemProcessor": iterate, "End": True}), list(range(20)))
    for n, token in enumerate(house.tokens()):
        advance.TREES.clear()
        house.states.send_task_success(taskToken=token, output=str(n))
    assert sorted(house.output(arn)) == list(range(20))


def machines_of(data: Path, now_ms: int) -> tuple[Segue, House]:
    segue = Segue(data, now_ms=now_ms).start()
    return segue, House(segue)


def test_another_server_goes_on_with_what_this_one_left(tmp_path: Path) -> None:
    states: list[dict[str, Any]] = [
        {"Type": "Wait", "Seconds": 100, "ResultPath": None, "End": True},
        waiting(HeartbeatSeconds=50),
        {"Type": "Pass", "End": True},
    ]
    states[0].pop("ResultPath")
    segue, house = machines_of(tmp_path, 1_700_000_000_000)
    segue.client("sqs").create_queue(QueueName="tokens")
    arn = house.start(house.machine(*states), {"n": 1})
    segue.advance(40)
    segue.stop()
    advance.TREES.clear()

    segue, house = machines_of(tmp_path, 1_700_000_050_000)
    assert house.status(arn) == "RUNNING"
    segue.advance(49)
    assert house.tokens() == []
    segue.advance(2)
    (token,) = house.tokens()
    segue.stop()
    advance.TREES.clear()

    segue, house = machines_of(tmp_path, 1_700_000_120_000)
    house.states.send_task_success(taskToken=token, output='{"done": true}')
    assert house.output(arn) == {"done": True}
    assert [event["id"] for event in house.events(arn)] == list(range(1, len(house.events(arn)) + 1))
    assert house.work() == []
    segue.stop()


def test_a_timer_that_fell_due_while_nobody_was_there(tmp_path: Path) -> None:
    segue, house = machines_of(tmp_path, 1_700_000_000_000)
    arn = house.start(house.machine({"Type": "Wait", "Seconds": 10, "End": True}))
    segue.stop()
    advance.TREES.clear()
    segue, house = machines_of(tmp_path, 1_700_000_060_000)
    segue.settle()
    assert house.status(arn) == "SUCCEEDED"
    segue.stop()
