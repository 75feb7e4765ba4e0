"""RedriveExecution: what succeeded stays, what did not is done again."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.services.states.machines import House, State, refusal, task, waiting
from tests.services.states.test_distributed_map import PASS, mapping

DAY_MS = 86_400_000


def answer(house: House, **by_input: str) -> None:
    """Answer the tokens in the queue: an error for inputs named, their input for all others."""
    for token, given in house.asked():
        if str(given) in by_input:
            house.states.send_task_failure(taskToken=token, error=by_input[str(given)], cause="luck")
        else:
            house.states.send_task_success(taskToken=token, output=json.dumps(given))
    house.segue.settle()


def redrive(house: House, arn: str, **more: Any) -> int:
    answered = house.states.redrive_execution(executionArn=arn, **more)
    house.segue.settle()
    return int(answered["redriveDate"].timestamp() * 1000)


def test_a_task_is_done_again(house: House, tokens_queue: str) -> None:
    arn = house.start(house.machine({"Type": "Pass", "Result": "in"}, waiting(), PASS))
    answer(house, **{"in": "Bad"})
    assert house.failure(arn) == ("Bad", "luck")
    assert house.describe(arn)["redriveStatus"] == "REDRIVABLE"
    before = house.types(arn)
    house.segue.advance(60)
    redriven_at = redrive(house, arn)
    described = house.describe(arn)
    assert (described["status"], described["redriveCount"]) == ("RUNNING", 1)
    assert int(described["redriveDate"].timestamp() * 1000) == redriven_at
    assert not {"stopDate", "error", "cause"} & set(described)
    answer(house)
    assert house.output(arn) == "in"
    assert house.types(arn) == [
        *before,
        "ExecutionRedriven",
        "TaskScheduled",
        "TaskStarted",
        "TaskSubmitted",
        "TaskSucceeded",
        "TaskStateExited",
        "PassStateEntered",
        "PassStateExited",
        "ExecutionSucceeded",
    ]
    events = house.events(arn)
    assert [event["id"] for event in events] == list(range(1, len(events) + 1))
    redriven = events[len(before)]
    assert redriven["executionRedrivenEventDetails"] == {"redriveCount": 1}
    assert events[len(before) + 1]["previousEventId"] == redriven["id"]
    assert house.describe(arn)["redriveStatusReason"] == "Execution is SUCCEEDED and cannot be redriven"


def test_what_a_state_fails_again_with_can_be_redriven_again(house: House, tokens_queue: str) -> None:
    retry = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 1}]
    arn = house.start(house.machine(waiting(Retry=retry)), "x")
    for count in range(3):
        for _ in range(2):  # the retries are as new after each redrive
            assert house.status(arn) == "RUNNING"
            answer(house, x="Bad")
            house.segue.advance(1)
        assert house.failure(arn)[0] == "Bad"
        redrive(house, arn)
        assert house.describe(arn)["redriveCount"] == count + 1
    answer(house)
    assert house.output(arn) == "x"
    counts = [
        event["executionRedrivenEventDetails"] for event in house.events(arn) if event["type"] == "ExecutionRedriven"
    ]
    assert counts == [{"redriveCount": 1}, {"redriveCount": 2}, {"redriveCount": 3}]


@pytest.mark.parametrize("crash", [False, True])
def test_branches_that_succeeded_keep_their_results(house: House, tokens_queue: str, crash: bool) -> None:
    branches = [{"StartAt": n, "States": {n: {**waiting(), "Parameters": _told(n)}}} for n in ("A", "B", "C")]
    arn = house.start(house.machine({"Type": "Parallel", "Branches": branches, "End": True}, PASS))
    tokens = {given: token for token, given in house.asked()}
    house.states.send_task_success(taskToken=tokens["A"], output='"a"')
    house.states.send_task_failure(taskToken=tokens["B"], error="Bad")
    house.segue.settle()
    assert house.status(arn) == "FAILED"
    redrive(house, arn)
    if crash:
        house.forget()
    asked = {given: token for token, given in house.asked()}
    assert sorted(asked) == ["B", "C"]
    for name in asked:
        house.states.send_task_success(taskToken=asked[name], output=json.dumps(name.lower()))
    house.segue.settle()
    assert house.output(arn) == ["a", "b", "c"]


def _told(name: str) -> dict[str, Any]:
    body = {"token.$": "$$.Task.Token", "input": name}
    return {"QueueUrl": "http://localhost:4566/000000000000/tokens", "MessageBody": body}


def test_iterations_that_succeeded_keep_their_results(house: House, tokens_queue: str) -> None:
    processor = {"StartAt": "I", "States": {"I": waiting()}}
    arn = house.start(house.machine({"Type": "Map", "ItemProcessor": processor, "End": True}), ["a", "b", "c"])
    house_tokens = {given: token for token, given in house.asked()}
    house.states.send_task_success(taskToken=house_tokens["a"], output='"done"')
    house.states.send_task_failure(taskToken=house_tokens["c"], error="Bad")
    house.segue.settle()
    assert house.status(arn) == "FAILED"
    redrive(house, arn)
    answer(house)
    assert house.output(arn) == ["done", "b", "c"]


def test_a_result_that_could_not_be_used_is_made_again(house: House, tokens_queue: str) -> None:
    branches = [{"StartAt": "A", "States": {"A": waiting()}}]
    state = {"Type": "Parallel", "Branches": branches, "End": True, "ResultSelector": {"x.$": "$[0].x"}}
    arn = house.start(house.machine(state), "x")
    answer(house)
    assert house.status(arn) == "FAILED"
    redrive(house, arn)
    ((token, _),) = house.asked()
    house.states.send_task_success(taskToken=token, output='{"x":1}')
    assert house.output(arn) == {"x": 1}


def test_what_was_stopped_goes_on(house: House, tokens_queue: str) -> None:
    arn = house.start(house.machine(waiting()), "x")
    house.asked()
    house.states.stop_execution(executionArn=arn, error="No", cause="more")
    redrive(house, arn)
    answer(house)
    assert house.output(arn) == "x"


def test_time_counts_anew(house: House, tokens_queue: str) -> None:
    arn = house.start(house.machine(waiting(), TimeoutSeconds=10), "x")
    for _ in range(2):
        house.segue.advance(9)
        assert house.status(arn) == "RUNNING"
        house.segue.advance(1)
        assert house.status(arn) == "TIMED_OUT"
        redrive(house, arn)
    house.segue.advance(9)
    assert house.status(arn) == "RUNNING"


def test_an_old_answer_is_for_nobody(house: House, tokens_queue: str) -> None:
    arn = house.start(house.machine(waiting()), "x")
    ((old, _),) = house.asked()
    house.states.stop_execution(executionArn=arn)
    redrive(house, arn)
    assert refusal(house.states.send_task_success, taskToken=old, output="1")[0] == "TaskTimedOut"
    assert house.status(arn) == "RUNNING"


FAIL: State = {"Type": "Fail", "Error": "Bad"}


def test_the_same_token_redrives_once(house: House) -> None:
    arn = house.start(house.machine(FAIL))
    first = redrive(house, arn, clientToken="one")
    house.segue.advance(60)
    assert redrive(house, arn, clientToken="one") == first
    assert house.describe(arn)["redriveCount"] == 1
    redrive(house, arn, clientToken="two")
    house.segue.advance(15 * 60 + 1)
    redrive(house, arn, clientToken="one")
    assert house.describe(arn)["redriveCount"] == 3


REFUSED = [
    ("running", "Execution is RUNNING and cannot be redriven"),
    ("succeeded", "Execution is SUCCEEDED and cannot be redriven"),
    ("old", "Execution redrivable period exceeded"),
]


@pytest.mark.parametrize(("what", "reason"), REFUSED)
def test_what_cannot_be_redriven(house: House, what: str, reason: str) -> None:
    state = {"running": {"Type": "Wait", "Seconds": 60, "End": True}, "succeeded": PASS}.get(what, FAIL)
    arn = house.start(house.machine(state))
    if what == "old":
        house.segue.sleep(14 * 86_400 + 1)
    code, message = refusal(house.states.redrive_execution, executionArn=arn)
    assert code == "ExecutionNotRedrivable"
    assert message.endswith(reason)
    described = house.describe(arn)
    assert (described["redriveStatus"], described["redriveStatusReason"]) == ("NOT_REDRIVABLE", reason)


def test_a_full_history_cannot_be_redriven(house: House) -> None:
    more = {"Type": "Choice", "Choices": [{"Variable": "$.n", "IsPresent": True, "Next": "Z"}], "Default": "A"}
    states = {"A": {"Type": "Pass", "Next": "B"}, "B": more, "Z": {"Type": "Succeed"}}
    arn = house.start(house.define({"StartAt": "A", "States": states}))
    assert house.status(arn) == "FAILED"
    assert refusal(house.states.redrive_execution, executionArn=arn)[1].endswith(
        "Execution history event limit exceeded"
    )


def test_what_is_not_there_cannot_be_redriven(house: House) -> None:
    arn = house.start(house.machine(FAIL))
    assert refusal(house.states.redrive_execution, executionArn=arn + "x")[0] == "ExecutionDoesNotExist"
    assert refusal(house.states.redrive_execution, executionArn="arn:aws:states")[0] == "InvalidArn"


@pytest.mark.parametrize("kind", ["STANDARD", "EXPRESS"])
def test_a_map_run_does_only_what_failed_again(house: House, kind: str) -> None:
    """A child fails while its item is missing from a table."""
    sdk = {"TableName": "table", "Key": {"id": {"S.$": "$"}}}
    get = task("dynamodb:getItem", sdk, ResultSelector={"is.$": "$.Item.id.S"}, OutputPath="$.is")
    tables = house.segue.client("dynamodb")
    tables.create_table(
        TableName="table",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    for name in "abc":
        tables.put_item(TableName="table", Item={"id": {"S": name}})
    arn = house.start(house.machine(mapping(get, kind=kind, MaxConcurrency=1)), ["a", "x", "b", "c"])
    assert house.failure(arn)[0] == "States.ExceedToleratedFailureThreshold"
    run = house.states.list_map_runs(executionArn=arn)["mapRuns"][0]["mapRunArn"]
    first = {one["executionArn"] for one in children(house, run, kind)}
    tables.put_item(TableName="table", Item={"id": {"S": "x"}})
    redrive(house, arn)
    assert house.output(arn) == ["a", "x", "b", "c"]
    described = house.states.describe_map_run(mapRunArn=run)
    assert (described["status"], described["redriveCount"]) == ("SUCCEEDED", 1)
    counts = described["executionCounts"]
    assert (counts["succeeded"], counts["failed"], counts["pendingRedrive"], counts["total"]) == (4, 0, 0, 4)
    assert house.types(arn)[-6:] == [
        "ExecutionRedriven",
        "MapRunRedriven",
        "MapRunSucceeded",
        "MapStateSucceeded",
        "MapStateExited",
        "ExecutionSucceeded",
    ]
    redriven = next(event for event in house.events(arn) if event["type"] == "MapRunRedriven")
    assert redriven["mapRunRedrivenEventDetails"] == {"mapRunArn": run, "redriveCount": 1}
    if kind == "STANDARD":
        again = house.states.list_executions(mapRunArn=run, redriveFilter="REDRIVEN")["executions"]
        assert [one["redriveCount"] for one in again] == [1]
        assert {one["executionArn"] for one in again} <= first


def children(house: House, run: str, kind: str) -> list[dict[str, Any]]:
    if kind == "EXPRESS":
        return []
    found: list[dict[str, Any]] = house.states.list_executions(mapRunArn=run)["executions"]
    return found


def test_a_stopped_map_run_goes_on(house: House, tokens_queue: str) -> None:
    arn = house.start(house.machine(mapping(waiting(), MaxConcurrency=2)), ["a", "b", "c"])
    asked = {given: token for token, given in house.asked()}
    house.states.send_task_success(taskToken=asked["a"], output='"done"')
    house.segue.settle()
    house.asked()
    house.states.stop_execution(executionArn=arn)
    house.states.redrive_execution(executionArn=arn)  # while its children are still to be stopped
    house.segue.settle()
    while house.status(arn) == "RUNNING":
        answer(house)
    assert house.output(arn) == ["done", "b", "c"]


def test_a_child_is_redriven_by_its_map_run_alone(house: House) -> None:
    arn = house.start(house.machine(mapping(FAIL, ToleratedFailurePercentage=100)), [1])
    run = house.states.list_map_runs(executionArn=arn)["mapRuns"][0]["mapRunArn"]
    (child,) = house.states.list_executions(mapRunArn=run)["executions"]
    assert house.describe(child["executionArn"])["redriveStatus"] == "REDRIVABLE_BY_MAP_RUN"
    assert refusal(house.states.redrive_execution, executionArn=child["executionArn"])[0] == "ExecutionNotRedrivable"
