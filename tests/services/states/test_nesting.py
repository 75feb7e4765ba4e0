"""Executions that start executions, and wait for them, or are called off while they wait."""

from __future__ import annotations

import json

import pytest

from tests.services.states.machines import PREFIX, House, task

CHILD = f"{PREFIX}:stateMachine:child"
PASS = {"Type": "Pass", "End": True}
FAIL = {"Type": "Fail", "Error": "Bad", "Cause": "luck"}


def wait(seconds: int) -> dict[str, object]:
    return {"Type": "Wait", "Seconds": seconds, "End": True}


def start(pattern: str = "", **more: object) -> dict[str, object]:
    return task(f"states:startExecution{pattern}", {"StateMachineArn": CHILD, "Input": {"a": [1.0]}}, **more)


def test_without_waiting(house: House) -> None:
    house.machine(wait(5), name="child")
    arn = house.start(house.machine(start()))
    child = house.output(arn)["ExecutionArn"]
    assert house.status(child) == "RUNNING"
    house.segue.advance(5)
    assert house.output(child) == {"a": [1.0]}


@pytest.mark.parametrize(("pattern", "output"), [(".sync", '{"a":[1.0]}'), (".sync:2", {"a": [1.0]})])
def test_with_waiting(house: House, pattern: str, output: object) -> None:
    house.machine(wait(5), name="child")
    arn = house.start(house.machine(start(pattern)))
    assert house.types(arn)[-1] == "TaskSubmitted"
    house.segue.advance(5)
    result = house.output(arn)
    assert (result["Status"], result["Output"]) == ("SUCCEEDED", output)
    assert house.work() == []


def test_a_child_that_fails(house: House) -> None:
    house.machine(FAIL, name="child")
    error, cause = house.failure(house.start(house.machine(start(".sync:2"))))
    assert error == "States.TaskFailed"
    assert {name: json.loads(cause)[name] for name in ("Status", "Error", "Cause")} == {
        "Status": "FAILED",
        "Error": "Bad",
        "Cause": "luck",
    }


def test_a_child_that_is_stopped(house: House) -> None:
    house.machine(wait(100), name="child")
    arn = house.start(house.machine(start(".sync")))
    child = house.states.list_executions(stateMachineArn=CHILD)["executions"][0]["executionArn"]
    house.states.stop_execution(executionArn=child)
    house.segue.settle()
    assert json.loads(house.failure(arn)[1])["Status"] == "ABORTED"


@pytest.mark.parametrize("end", ["stopped", "timed out", "the other branch fails"])
def test_a_parent_that_waits_no_longer_stops_its_children(house: House, end: str) -> None:
    house.machine(wait(100), name="child")
    house.machine(start(".sync", ResultPath=None), name="middle")
    middle = task("states:startExecution.sync", {"StateMachineArn": f"{PREFIX}:stateMachine:middle"}, TimeoutSeconds=20)
    other = {"StartAt": "X", "States": {"X": {**wait(10), "Next": "F"}, "F": FAIL}}
    other["States"]["X"].pop("End")  # type: ignore[index]
    fails = end == "the other branch fails"
    branches = [{"StartAt": "M", "States": {"M": middle}}, *([other] if fails else [])]
    arn = house.start(house.machine({"Type": "Parallel", "Branches": branches, "End": True}))
    child = house.states.list_executions(stateMachineArn=CHILD)["executions"][0]["executionArn"]
    assert house.status(child) == "RUNNING"
    if end == "stopped":
        house.states.stop_execution(executionArn=arn)
    house.segue.advance(20)
    assert house.status(child) == "ABORTED"
    assert house.status(arn) == ("ABORTED" if end == "stopped" else "FAILED")
    assert house.work() == []


def test_an_execution_starts_another_of_its_own_name(house: House) -> None:
    again = task(
        "states:startExecution",
        {"StateMachineArn.$": "$$.StateMachine.Id", "Name.$": "$$.Execution.Name", "Input": "{}"},
    )
    # running, and with the same input: AWS answers with the one that is there
    arn = house.start(house.machine(again), name="self")
    assert house.output(arn)["ExecutionArn"] == arn


def test_an_execution_looks_at_itself_and_stops_itself(house: House) -> None:
    me = {"ExecutionArn.$": "$$.Execution.Id"}
    look = task("aws-sdk:sfn:describeExecution", me, ResultPath="$.seen")
    arn = house.start(house.machine(look, task("aws-sdk:sfn:stopExecution", me)))
    assert house.status(arn) == "ABORTED"
    assert [event["id"] for event in house.events(arn)] == list(range(1, len(house.events(arn)) + 1))
    seen = [event for event in house.events(arn) if event["type"] == "TaskStateExited"]
    assert json.loads(seen[0]["stateExitedEventDetails"]["output"])["seen"]["Status"] == "RUNNING"
    assert house.work() == []


def test_express_children_answer_each_its_own_task(house: House) -> None:
    house.machine({"Type": "Wait", "Seconds": 2, "End": True}, name="child", kind="EXPRESS")
    call = task("aws-sdk:sfn:startSyncExecution", {"StateMachineArn": CHILD, "Input.$": "States.JsonToString($)"})
    mapped = {"Type": "Map", "ItemProcessor": {"StartAt": "C", "States": {"C": call}}, "End": True}
    arn = house.start(house.machine(mapped), [1, 2, 3])
    house.segue.advance(3)
    assert [result["Output"] for result in house.output(arn)] == ["1", "2", "3"]
    assert house.work() == []
    assert house.rows("SELECT arn FROM states_executions WHERE kind = 'EXPRESS'") == []


def test_a_child_that_does_not_exist(house: House) -> None:
    arn = house.start(house.machine(start(".sync")))
    assert house.failure(arn)[0] == "StepFunctions.StateMachineDoesNotExistException"
    assert "TaskSubmitFailed" in house.types(arn)


def test_a_machine_that_starts_itself_without_end_does_not_stop_the_server(house: House) -> None:
    again = task("states:startExecution", {"StateMachineArn.$": "$$.StateMachine.Id", "Input.$": "$"})
    pause = {"Type": "Wait", "Seconds": 1, "End": True}
    machine = house.machine(pause, again)
    house.start(machine)
    house.segue.advance(5.5)
    assert len(house.states.list_executions(stateMachineArn=machine)["executions"]) == 6
