"""Mock configuration files of Step Functions Local: read, refused in words, and played."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from segue.services.states import advance
from segue.services.states.mock_config import InvalidMockConfig, Response, parse_mock_config
from segue.testing import Segue
from tests.services.states.machines import PREFIX, House, refusal, task

RETRY = [{"ErrorEquals": ["Busy"], "IntervalSeconds": 10, "MaxAttempts": 5, "BackoffRate": 1}]
RESPONSES: dict[str, Any] = {
    "ok": {"0": {"Return": {"MessageId": "mocked"}}},
    "third time": {
        "0": {"Throw": {"Error": "Busy", "Cause": "c"}},
        "1": {"Throw": {"Error": "Busy"}},
        "2": {"Return": 1},
    },
    "many": {"0-1": {"Return": "early"}, "2-99": {"Return": "late"}},
    "answer": {"0": {"Return": {"StatusCode": 200, "Payload": {"n": 1}}}},
    "null": {"0": {"Return": None}},
}
CASES = {
    "Happy": {"S0": "ok"},
    "Busy": {"S0": "third time"},
    "Many": {"S0": "many", "I": "many"},
    "Answer": {"S0": "answer"},
    "Null": {"S0": "null"},
    "Nothing": {},
}
CONFIG = json.dumps({"StateMachines": {"m": {"TestCases": CASES}}, "MockedResponses": RESPONSES})
SEND = task("sqs:sendMessage", {"QueueUrl": "http://localhost:4566/000000000000/none", "MessageBody": "x"})


@pytest.fixture
def mocked() -> Iterator[House]:
    with Segue(mock_config=CONFIG) as segue:
        yield House(segue)


def run(house: House, case: str, *states: dict[str, Any]) -> str:
    return house.start(f"{house.machine(*states)}#{case}")


def test_nothing_is_called(mocked: House) -> None:
    arn = run(mocked, "Happy", SEND)
    assert mocked.output(arn) == {"MessageId": "mocked"}
    assert mocked.types(arn)[2:5] == ["TaskScheduled", "TaskStarted", "TaskSucceeded"]
    assert mocked.describe(arn)["stateMachineArn"] == f"{PREFIX}:stateMachine:m"


def test_what_is_not_mocked_is_done(mocked: House) -> None:
    arn = run(mocked, "Nothing", SEND)
    assert mocked.failure(arn)[0] == "SQS.QueueDoesNotExistException"
    assert mocked.failure(mocked.start(mocked.machine(SEND)))[0] == "SQS.QueueDoesNotExistException"


def test_each_attempt_has_its_answer(mocked: House) -> None:
    arn = run(mocked, "Busy", {**SEND, "Retry": RETRY})
    assert mocked.status(arn) == "RUNNING"
    mocked.segue.advance(20)
    assert mocked.output(arn) == 1
    failed = [event["taskFailedEventDetails"] for event in mocked.events(arn) if event["type"] == "TaskFailed"]
    named = {"resource": "sendMessage", "resourceType": "sqs", "error": "Busy"}
    assert failed == [{**named, "cause": "c"}, named]


@pytest.mark.parametrize(
    "config",
    [{"Mode": "INLINE"}] + [{"Mode": "DISTRIBUTED", "ExecutionType": kind} for kind in ("STANDARD", "EXPRESS")],
)
def test_one_counter_over_iterations(mocked: House, config: dict[str, str]) -> None:
    state = {
        "Type": "Map",
        "ItemsPath": "$.items",
        "MaxConcurrency": 1,
        "ItemProcessor": {"StartAt": "I", "States": {"I": SEND}, "ProcessorConfig": config},
        "End": True,
    }
    arn = mocked.start(f"{mocked.machine(state)}#Many", {"items": [1, 2, 3, 4]})
    assert mocked.output(arn) == ["early", "early", "late", "late"]


def test_more_invocations_than_answers(mocked: House) -> None:
    again = {
        "Type": "Choice",
        "Choices": [{"Variable": "$.MessageId", "IsPresent": True, "Next": "S0"}],
        "Default": "Done",
    }
    send = {name: value for name, value in SEND.items() if name != "End"}
    states = {"S0": {**send, "Next": "Again"}, "Again": again, "Done": {"Type": "Succeed"}}
    definition = {"StartAt": "S0", "States": states}
    error, cause = mocked.failure(mocked.start(f"{mocked.define(definition)}#Happy"))
    assert error == "States.Runtime"
    assert "has 1 mocked responses for the state 'S0'" in cause


@pytest.mark.parametrize(
    ("resource", "events"),
    [
        ("sqs:sendMessage.waitForTaskToken", ["TaskStarted", "TaskSubmitted", "TaskSucceeded"]),
        ("states:startExecution.sync:2", ["TaskStarted", "TaskSubmitted", "TaskSucceeded"]),
        ("aws-sdk:ec2:describeInstances", ["TaskStarted", "TaskSucceeded"]),
    ],
)
def test_every_kind_of_task(mocked: House, resource: str, events: list[str]) -> None:
    parameters = {"x.$": "$$.Task.Token"} if "Token" in resource else {}
    arn = run(mocked, "Happy", task(resource, parameters))
    assert mocked.output(arn) == {"MessageId": "mocked"}
    assert [type for type in mocked.types(arn) if type in events] == events


def test_an_activity_need_not_exist(mocked: House) -> None:
    arn = run(mocked, "Happy", {"Type": "Task", "Resource": f"{PREFIX}:activity:none", "End": True})
    assert mocked.output(arn) == {"MessageId": "mocked"}
    assert mocked.types(arn)[2:5] == ["ActivityScheduled", "ActivityStarted", "ActivitySucceeded"]


def test_a_function_answers_with_its_payload(mocked: House) -> None:
    resource = "arn:aws:lambda:us-east-1:000000000000:function:none"
    assert mocked.output(run(mocked, "Answer", {"Type": "Task", "Resource": resource, "End": True})) == {"n": 1}


def test_a_return_may_be_null(mocked: House) -> None:
    assert mocked.output(run(mocked, "Null", SEND)) is None


def test_express_executions(mocked: House) -> None:
    machine = mocked.machine(SEND, kind="EXPRESS")
    answer = mocked.states.start_sync_execution(stateMachineArn=f"{machine}#Happy")
    assert json.loads(answer["output"]) == {"MessageId": "mocked"}


def test_a_test_case_that_is_not_there(mocked: House) -> None:
    machine = mocked.machine(SEND)
    code, message = refusal(mocked.states.start_execution, stateMachineArn=f"{machine}#Other")
    assert code == "ValidationException"
    assert "no test case 'Other' for the state machine 'm' (it has: Happy, Busy" in message
    assert mocked.states.list_executions(stateMachineArn=machine)["executions"] == []


def test_without_a_configuration_there_are_no_test_cases(house: House) -> None:
    machine = house.machine(SEND)
    assert refusal(house.states.start_execution, stateMachineArn=f"{machine}#Happy")[0] == "StateMachineDoesNotExist"


@pytest.mark.parametrize("config", [CONFIG, ""])
def test_a_restart_changes_nothing(tmp_path: Path, config: str) -> None:
    with Segue(tmp_path, mock_config=CONFIG) as segue:
        arn = run(House(segue), "Busy", {**SEND, "Retry": RETRY})
        now_ms = segue.clock.now_ms()
    advance.TREES.clear()
    with Segue(tmp_path, mock_config=config, now_ms=now_ms) as segue:
        segue.advance(20)
        assert House(segue).output(arn) == 1


def test_it_is_forgotten_with_its_execution(mocked: House) -> None:
    run(mocked, "Happy", SEND)
    assert len(mocked.rows("SELECT * FROM states_mocks")) == 1
    mocked.segue.sleep(days=91)
    mocked.segue.advance(3_600)
    assert mocked.rows("SELECT * FROM states_mocks") == []


def test_what_is_read() -> None:
    config = parse_mock_config(CONFIG)
    assert config.machines["m"]["Busy"]["S0"][1:] == (Response(1, 1, error="Busy"), Response(2, 2, result="1"))
    assert config.machines["m"]["Many"]["S0"] == (Response(0, 1, '"early"'), Response(2, 99, '"late"'))


def changed(**fields: Any) -> str:
    return json.dumps({"StateMachines": {}, "MockedResponses": {}, **fields})


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "line 1, column 2: it is not JSON"),
        ('{"a": NaN}', "it is not JSON"),
        ("[]", "the file must be an object"),
        ("{}", "'StateMachines' is missing"),
        (changed(MockedResponse={}), "'MockedResponse' is not a field of the file"),
        (changed(StateMachines={"m": {}}), "StateMachines.m: 'TestCases' is missing"),
        (changed(StateMachines={"m": {"TestCases": []}}), "StateMachines.m.TestCases must be an object"),
        (
            changed(StateMachines={"m": {"TestCases": {"c": {"s": "none"}}}}),
            'StateMachines.m.TestCases.c.s: there is no mocked response "none"',
        ),
        (changed(MockedResponses={"r": {}}), "MockedResponses.r: it has no responses"),
        (
            changed(MockedResponses={"r": {"a": {"Return": 1}}}),
            "MockedResponses.r: 'a' is neither a number nor",
        ),
        (changed(MockedResponses={"r": {"1": {"Return": 1}}}), "number 0 is expected where 1 is"),
        (changed(MockedResponses={"r": {"0-2": {"Return": 1}, "2": {"Return": 1}}}), "number 3 is expected where 2 is"),
        (changed(MockedResponses={"r": {"2-0": {"Return": 1}}}), "the range '2-0' runs backwards"),
        (changed(MockedResponses={"r": {"0": {}}}), "it must have either 'Return' or 'Throw'"),
        (changed(MockedResponses={"r": {"0": {"Return": 1, "Throw": {}}}}), "it must have either 'Return' or 'Throw'"),
        (
            changed(MockedResponses={"r": {"0": {"Throw": {}}}}),
            "r.0.Throw: it must have the text 'Error'",
        ),
        (changed(MockedResponses={"r": {"0": {"Throw": "E"}}}), "MockedResponses.r.0.Throw must be an object"),
    ],
)
def test_a_bad_file_is_explained(text: str, problem: str) -> None:
    with pytest.raises(InvalidMockConfig) as invalid:
        parse_mock_config(text)
    assert any(line.startswith(problem) or problem in line for line in invalid.value.problems), invalid.value.problems


def test_everything_is_told_at_once() -> None:
    with pytest.raises(InvalidMockConfig) as invalid:
        parse_mock_config(changed(MockedResponses={"r": {"1": 2}, "s": 3}))
    assert len(invalid.value.problems) == 3
