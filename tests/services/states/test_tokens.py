"""Tasks that wait for a token, and who answers it, when."""

from __future__ import annotations

import json
from typing import Any

import pytest

from segue.testing import Segue
from tests.services.states.machines import PREFIX, House, refusal, task, waiting

pytestmark = [pytest.mark.both_stores, pytest.mark.usefixtures("tokens_queue")]

INVALID = ("InvalidToken", "Invalid Token: 'Invalid token'")
LATE = ("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")


def test_the_answer_is_the_result(house: House) -> None:
    arn = house.start(house.machine(waiting()))
    (token,) = house.tokens()
    house.states.send_task_success(taskToken=token, output='{"n": 12345678901234567890}')
    assert house.output(arn) == {"n": 12345678901234567890}
    assert house.types(arn)[2:6] == ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded"]


def test_a_failure_is_caught_by_its_name(house: House) -> None:
    catch = [{"ErrorEquals": ["Refused"], "Next": "S1"}]
    arn = house.start(house.machine(waiting(Catch=catch), {"Type": "Pass", "End": True}))
    house.states.send_task_failure(taskToken=house.tokens()[0], error="Refused", cause="no")
    assert house.output(arn) == {"Error": "Refused", "Cause": "no"}


def test_a_failure_without_words(house: House) -> None:
    arn = house.start(house.machine(waiting()))
    house.states.send_task_failure(taskToken=house.tokens()[0])
    assert house.failure(arn) == ("", "")


def test_an_answer_counts_once(house: House) -> None:
    arn = house.start(house.machine(waiting(), {"Type": "Wait", "Seconds": 5, "End": True}))
    (token,) = house.tokens()
    house.states.send_task_success(taskToken=token, output="1")
    assert refusal(house.states.send_task_success, taskToken=token, output="2") == LATE
    assert refusal(house.states.send_task_failure, taskToken=token) == LATE
    assert refusal(house.states.send_task_heartbeat, taskToken=token) == LATE
    house.segue.advance(5)
    assert house.output(arn) == 1
    late = house.rows("SELECT operation FROM deliveries WHERE status = 'late' ORDER BY id")
    assert late == [("states:SendTaskSuccess",), ("states:SendTaskFailure",), ("states:SendTaskHeartbeat",)]


def test_what_is_no_answer_changes_nothing(house: House) -> None:
    arn = house.start(house.machine(waiting()))
    (token,) = house.tokens()
    success = house.states.send_task_success
    assert refusal(success, taskToken="nonsense", output="{}") == INVALID
    assert refusal(success, taskToken="nonsense", output="{") == INVALID  # the token is looked at first
    assert refusal(success, taskToken=token, output="{x}") == (
        "InvalidOutput",
        "Invalid Output: 'Unexpected character ('x' (code 120)): was expecting double-quote to start field name\n"
        ' at [Source: (String)"{x}"; line: 1, column: 3]\'',
    )
    assert refusal(success, taskToken=token, output='"' + "a" * 262_143 + '"')[0] in (
        "InvalidOutput",
        "ValidationException",
    )
    assert house.status(arn) == "RUNNING"
    success(taskToken=token, output='"' + "a" * 262_142 + '"')
    assert len(house.output(arn)) == 262_142


def test_heartbeats_keep_it_waiting_until_one_is_missed(house: House) -> None:
    arn = house.start(house.machine(waiting(HeartbeatSeconds=10)))
    (token,) = house.tokens()
    for _ in range(5):
        house.segue.advance(9)
        house.states.send_task_heartbeat(taskToken=token)
    house.segue.advance(9)
    assert house.status(arn) == "RUNNING"
    house.segue.advance(1)
    assert house.failure(arn)[0] == "States.Timeout"
    assert house.work() == []
    assert refusal(house.states.send_task_heartbeat, taskToken=token) == LATE


def test_a_timeout_and_its_retry_with_a_token_of_its_own(house: House) -> None:
    retry = [{"ErrorEquals": ["States.Timeout"], "IntervalSeconds": 5, "MaxAttempts": 1}]
    arn = house.start(house.machine(waiting(TimeoutSeconds=60, Retry=retry)))
    (first,) = house.tokens()
    house.segue.advance(65)
    (second,) = house.tokens()
    assert first != second
    assert refusal(house.states.send_task_success, taskToken=first, output="1") == LATE
    house.states.send_task_success(taskToken=second, output="2")
    assert house.output(arn) == 2
    assert house.work() == []


def test_branches_wait_beside_each_other_and_a_failure_ends_the_others(house: House) -> None:
    branches = [{"StartAt": f"W{n}", "States": {f"W{n}": waiting(TimeoutSeconds=500)}} for n in range(3)]
    arn = house.start(house.machine({"Type": "Parallel", "Branches": branches, "End": True}))
    one, two, three = house.tokens()
    house.states.send_task_success(taskToken=two, output='"b"')
    assert house.status(arn) == "RUNNING"
    house.states.send_task_failure(taskToken=one, error="E")
    assert house.failure(arn)[0] == "E"
    assert refusal(house.states.send_task_success, taskToken=three, output="1") == LATE
    assert house.work() == []


@pytest.mark.parametrize(
    ("action", "more"), [("sendTaskSuccess", {"Output": '{"by": "other"}'}), ("sendTaskFailure", {"Error": "E"})]
)
def test_another_execution_answers(house: House, action: str, more: dict[str, str]) -> None:
    arn = house.start(house.machine(waiting(), name="waits"))
    answer = task(f"aws-sdk:sfn:{action}", {"TaskToken.$": "$.token", **more})
    answering = house.start(house.machine(answer, name="answers"), {"token": house.tokens()[0]})
    assert house.output(answering) == {}
    if action == "sendTaskSuccess":
        assert house.output(arn) == {"by": "other"}
    else:
        assert house.failure(arn)[0] == "E"


def test_one_branch_keeps_another_alive_and_answers_it(house: House) -> None:
    # both are the same execution: the answer comes out of the middle of its own history
    token = {"TaskToken.$": "$.token"}
    beat, answer = (
        task("aws-sdk:sfn:sendTaskHeartbeat", token, ResultPath=None),
        task("aws-sdk:sfn:sendTaskSuccess", {**token, "Output": "1"}),
    )
    receive = task(
        "aws-sdk:sqs:receiveMessage",
        {"QueueUrl": "http://localhost:4566/000000000000/tokens", "WaitTimeSeconds": 5},
        ResultSelector={"token.$": "States.ArrayGetItem($.Messages[*].Body, 0)"},
    )
    unpack = {"Type": "Pass", "Parameters": {"body.$": "States.StringToJson($.token)"}, "OutputPath": "$.body"}
    names = {"Receive": receive, "Unpack": unpack, "Beat": beat, "Answer": answer}
    order = list(names)
    states = {
        name: {k: v for k, v in state.items() if k != "End"} | ({"Next": order[n + 1]} if n < 3 else {"End": True})
        for n, (name, state) in enumerate(names.items())
    }
    branches = [
        {"StartAt": "W", "States": {"W": waiting(HeartbeatSeconds=100)}},
        {"StartAt": "Receive", "States": states},
    ]
    arn = house.start(house.machine({"Type": "Parallel", "Branches": branches, "End": True}))
    house.segue.advance(10)
    assert house.output(arn) == [1, {}]
    assert house.work() == []


def test_two_at_once_in_a_map_of_tokens(house: House) -> None:
    iterate = {"StartAt": "W", "States": {"W": waiting()}}
    items = {"Type": "Map", "ItemProcessor": iterate, "MaxConcurrency": 2, "End": True}
    arn = house.start(house.machine(items), list(range(5)))
    answered = 0
    while tokens := house.tokens():
        assert len(tokens) <= 2
        for token in tokens:
            house.states.send_task_success(taskToken=token, output=str(answered))
            answered += 1
    assert house.output(arn) == [0, 1, 2, 3, 4]


def test_more_tasks_than_a_commit_does(house: House) -> None:
    iterate = {"StartAt": "W", "States": {"W": waiting()}}
    arn = house.start(house.machine({"Type": "Map", "ItemProcessor": iterate, "End": True}), list(range(100)))
    seen: set[str] = set()
    while tokens := house.tokens():
        assert len(tokens) <= 40  # an inline Map runs forty at once
        for token in tokens:
            house.states.send_task_success(taskToken=token, output="1")
        house.segue.settle()
        seen.update(tokens)
    assert len(seen) == 100
    assert house.output(arn) == [1] * 100


def allowed(segue: Segue, role: str, action: str, resource: str) -> None:
    """A role that everybody may assume, which may do one thing."""
    iam = segue.client("iam")

    def policy(**statement: Any) -> str:
        return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})

    trust = policy(Principal={"Service": "states.amazonaws.com", "AWS": "*"}, Action="sts:AssumeRole")
    iam.create_role(RoleName=role, AssumeRolePolicyDocument=trust)
    iam.put_role_policy(RoleName=role, PolicyName="p", PolicyDocument=policy(Action=action, Resource=resource))


def test_where_policies_are_enforced_the_answer_is_allowed_for_a_state_machine() -> None:
    """As CDK's ``grantTaskResponse`` grants it: on the machine whose task waits."""
    with Segue(iam="enforce") as segue:
        segue.client("sqs").create_queue(QueueName="tokens")
        allowed(segue, "states", "sqs:SendMessage", "*")
        allowed(segue, "answerer", "states:SendTask*", f"{PREFIX}:stateMachine:m")
        house = House(segue)
        given = segue.client("sts").assume_role(
            RoleArn="arn:aws:iam::000000000000:role/answerer", RoleSessionName="session"
        )["Credentials"]
        answerer = segue.client(
            "stepfunctions",
            aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
            aws_session_token=given["SessionToken"],
        )
        arn = house.start(house.machine(waiting()))
        answerer.send_task_success(taskToken=house.tokens()[0], output="1")
        assert house.output(arn) == 1
        house.start(house.machine(waiting(), name="other"))
        code, message = refusal(answerer.send_task_success, taskToken=house.tokens()[0], output="1")
        assert code == "AccessDeniedException"
        assert f"states:SendTaskSuccess on resource: {PREFIX}:stateMachine:other" in message
