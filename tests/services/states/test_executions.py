"""Executions: start, describe, list, stop, and what is refused."""

from __future__ import annotations

import json

import pytest

from tests.services.states.machines import PREFIX, House, refusal, task, waiting

pytestmark = pytest.mark.both_stores

PASS = {"Type": "Pass", "End": True}
WAIT = {"Type": "Wait", "Seconds": 60, "End": True}


def test_a_name_is_good_for_one_execution(house: House) -> None:
    machine = house.machine(WAIT)
    first = house.start(machine, {"a": 1}, name="x")
    assert house.start(machine, {"a": 1}, name="x") == first  # running, and the same input
    expected = ("ExecutionAlreadyExists", f"Execution Already Exists: '{first}'")
    start = house.states.start_execution
    assert refusal(start, stateMachineArn=machine, name="x", input='{"a": 2}') == expected
    house.segue.advance(60)
    assert house.output(first) == {"a": 1}
    assert refusal(start, stateMachineArn=machine, name="x", input='{"a": 1}') == expected


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"input": "{"}, "InvalidExecutionInput"),
        ({"input": json.dumps("a" * 262_144)}, "InvalidExecutionInput"),
        ({"name": "a b"}, "InvalidName"),
        ({"name": "a" * 81}, "InvalidName"),
        ({"stateMachineArn": f"{PREFIX}:stateMachine:none"}, "StateMachineDoesNotExist"),
        ({"stateMachineArn": "nothing"}, "InvalidArn"),
        ({"stateMachineArn": f"{PREFIX}:activity:m"}, "InvalidArn"),
    ],
)
def test_what_cannot_be_started(house: House, params: dict[str, str], code: str) -> None:
    machine = house.machine(PASS)
    given = {"stateMachineArn": machine, **params}
    assert refusal(house.states.start_execution, **given)[0] in (code, "ValidationException")
    assert house.states.list_executions(stateMachineArn=machine)["executions"] == []


def test_an_input_of_256_kib_is_taken(house: House) -> None:
    text = "a" * (262_144 - 2)
    assert house.output(house.start(house.machine(PASS), text)) == text


def test_what_is_too_long_is_counted_in_bytes(house: House) -> None:
    """``ö`` has two of them."""
    twice = {"Type": "Pass", "Parameters": {"a.$": "$.v", "b.$": "$.v"}, "End": True}  # {"a":"…","b":"…"}
    machine = house.machine(twice)
    for number, status in ((65_532, "SUCCEEDED"), (65_533, "FAILED")):
        text = json.dumps({"v": "ö" * number}, ensure_ascii=False)
        execution = house.states.start_execution(stateMachineArn=machine, input=text)["executionArn"]
        house.segue.settle()
        assert house.status(execution) == status, number
    assert house.failure(execution)[0] == "States.DataLimitExceeded"
    for number, taken in ((131_071, True), (131_072, False)):
        text = json.dumps("ö" * number, ensure_ascii=False)
        if taken:
            house.states.start_execution(stateMachineArn=machine, input=text)
        else:
            refused = refusal(house.states.start_execution, stateMachineArn=machine, input=text)
            assert refused[0] == "InvalidExecutionInput"


def test_listed_newest_first_by_status_and_in_pages(house: House) -> None:
    done, lasting = house.machine(PASS, name="done"), house.machine(WAIT, name="lasting")
    started = [house.start(machine, name=f"e{n}") for n in range(3) for machine in (done, lasting)]
    house.states.stop_execution(executionArn=started[1])
    listed = house.states.list_executions(stateMachineArn=done)["executions"]
    assert [each["executionArn"] for each in listed] == started[4::-2]
    only = house.states.list_executions(stateMachineArn=lasting, statusFilter="ABORTED")["executions"]
    assert [each["executionArn"] for each in only] == [started[1]]
    pages = list(
        house.states.get_paginator("list_executions").paginate(stateMachineArn=done, PaginationConfig={"PageSize": 1})
    )
    assert [page["executions"][0]["executionArn"] for page in pages if page["executions"]] == started[4::-2]
    refused = refusal(house.states.list_executions, stateMachineArn=done, nextToken="rubbish")
    assert refused[0] == "InvalidToken"


def test_stopping_calls_everything_off(house: House, tokens_queue: str) -> None:
    machine = house.machine(waiting(TimeoutSeconds=100, HeartbeatSeconds=50), TimeoutSeconds=1000)
    arn = house.start(machine)
    assert len(house.work()) == 3
    house.states.stop_execution(executionArn=arn, error="E", cause="why")
    described = house.describe(arn)
    assert (described["status"], described["error"], described["cause"]) == ("ABORTED", "E", "why")
    assert house.types(arn)[-1] == "ExecutionAborted"
    assert house.work() == []
    stopped_at = described["stopDate"]
    house.segue.advance(10)
    assert house.states.stop_execution(executionArn=arn)["stopDate"] == stopped_at
    token = house.tokens()[0]
    assert refusal(house.states.send_task_success, taskToken=token, output="{}")[0] == "TaskTimedOut"


def test_a_machine_that_is_deleted_takes_its_executions_along(house: House) -> None:
    machine = house.machine(WAIT)
    running = [house.start(machine) for _ in range(60)]  # more than one commit aborts
    house.states.delete_state_machine(stateMachineArn=machine)
    house.segue.settle()
    assert {house.status(arn) for arn in running} == {"ABORTED"}
    assert house.work() == []
    assert refusal(house.states.start_execution, stateMachineArn=machine)[0] == "StateMachineDoesNotExist"


def test_the_machine_bounds_the_time_of_all(house: House) -> None:
    arn = house.start(house.machine(WAIT, TimeoutSeconds=10))
    house.segue.advance(10)
    described = house.describe(arn)
    assert described["status"] == "TIMED_OUT"
    assert (described["stopDate"] - described["startDate"]).total_seconds() == 10
    assert house.work() == []


def test_what_ends_in_the_house_long_ago_is_forgotten_and_its_name_is_free(house: House) -> None:
    machine = house.machine(PASS)
    arn = house.start(machine, name="again")
    house.segue.sleep(days=89)
    assert house.status(arn) == "SUCCEEDED"
    house.segue.advance(days=2)
    assert refusal(house.states.describe_execution, executionArn=arn)[0] == "ExecutionDoesNotExist"
    assert house.rows("SELECT * FROM states_chunks") == []
    assert house.start(machine, name="again") == arn


def test_one_that_is_stopped_before_it_began(house: House) -> None:
    # started by another's transaction, it begins by a job of its own: a stop may come first
    house.machine(WAIT, name="child")
    target = f"{PREFIX}:stateMachine:child"
    child = f"{PREFIX}:execution:child:c"
    stop = task("aws-sdk:sfn:stopExecution", {"ExecutionArn": child})
    parent = house.machine(task("states:startExecution", {"StateMachineArn": target, "Name": "c"}), stop, name="parent")
    assert house.status(house.start(parent)) == "SUCCEEDED"
    assert house.status(child) == "ABORTED"
    assert house.types(child) == ["ExecutionStarted", "WaitStateEntered", "ExecutionAborted"]
    assert house.work() == []
