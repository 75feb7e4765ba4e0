"""TestState, by boto3."""

from __future__ import annotations

import io
import json
import threading
import zipfile
from typing import Any

import pytest

from segue.testing import Segue
from tests.outside import Outside, Reply
from tests.services.states.machines import ROLE, House, refusal, task

MAP = {
    "Type": "Map",
    "ItemProcessor": {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}},
    "End": True,
}
PASS = {"Type": "Pass", "End": True}
PARALLEL = {"Type": "Parallel", "Branches": [{"StartAt": name, "States": {name: PASS}} for name in "AB"], "End": True}
START = task("states:startExecution", {"StateMachineArn": "arn", "Input": {}})


def ask(definition: dict[str, Any], input: Any = None, **more: Any) -> dict[str, Any]:
    """Parameters of a request."""
    for member in ("context", "variables"):
        if member in more and not isinstance(more[member], str):
            more[member] = json.dumps(more[member])
    return {"definition": json.dumps(definition), "input": json.dumps({} if input is None else input), **more}


def tried(house: House, *given: Any, **more: Any) -> dict[str, Any]:
    answer: dict[str, Any] = house.states.test_state(**ask(*given, **more))
    return answer


def result(value: Any, **more: Any) -> dict[str, Any]:
    return {"result": json.dumps(value), **more}


ERROR = {"errorOutput": {"error": "E", "cause": "c"}}


def test_a_task_is_really_done(house: House) -> None:
    sqs = house.segue.client("sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    answer = tried(
        house, task("sqs:sendMessage", {"QueueUrl": url, "MessageBody.$": "$.m"}), {"m": "hello"}, roleArn=ROLE
    )
    assert answer["status"] == "SUCCEEDED"
    assert json.loads(answer["output"])["MD5OfMessageBody"]
    assert "inspectionData" not in answer
    assert [message["Body"] for message in sqs.receive_message(QueueUrl=url)["Messages"]] == ["hello"]


def test_a_task_that_really_fails(house: House) -> None:
    retry = [{"ErrorEquals": ["States.TaskFailed"], "IntervalSeconds": 5}]
    state = task(
        "sqs:sendMessage", {"QueueUrl": "http://localhost:4566/000000000000/none", "MessageBody": "x"}, Retry=retry
    )
    answer = tried(house, state, roleArn=ROLE, inspectionLevel="DEBUG")
    assert (answer["status"], answer["error"]) == ("RETRIABLE", "SQS.QueueDoesNotExistException")
    assert answer["inspectionData"]["errorDetails"] == {"retryIndex": 0, "retryBackoffIntervalSeconds": 5}


def test_a_function_is_really_invoked(house: House, segue: Segue) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as package:
        package.writestr("code.py", "def handler(event, context):\n    return {'got': event}\n")
    made = segue.client("lambda").create_function(
        FunctionName="f", Runtime="python3.12", Role=ROLE, Handler="code.handler", Code={"ZipFile": archive.getvalue()}
    )
    state = {"Type": "Task", "Resource": made["FunctionArn"], "ResultPath": "$.r", "Next": "N"}
    answer = tried(house, state, {"n": 1}, roleArn=ROLE)
    assert (json.loads(answer["output"]), answer["nextState"]) == ({"n": 1, "r": {"got": {"n": 1}}}, "N")
    missing = {"Type": "Task", "Resource": made["FunctionArn"] + "x", "End": True}
    assert tried(house, missing, roleArn=ROLE)["error"] == "Lambda.ResourceNotFoundException"


@pytest.mark.parametrize(("seconds", "status"), [(5, "SUCCEEDED"), (301, "FAILED")])
def test_a_wait_takes_its_time_but_not_more_than_five_minutes(house: House, seconds: int, status: str) -> None:
    answers: list[dict[str, Any]] = []
    state = {"Type": "Wait", "Seconds": seconds, "End": True}
    request = threading.Thread(target=lambda: answers.append(tried(house, state)))
    request.start()
    while request.is_alive():
        house.segue.advance(100 if status == "FAILED" else 5)
        request.join(0.01)
    assert answers[0]["status"] == status
    assert answers[0].get("error") == (None if status == "SUCCEEDED" else "States.Timeout")


def test_a_mock_calls_nothing(house: House) -> None:
    answer = tried(house, task("sqs:sendMessage", {"QueueUrl": "none"}), mock=result({"MessageId": "m"}))
    assert json.loads(answer["output"]) == {"MessageId": "m"}


@pytest.mark.parametrize("resource", ["sqs:sendMessage.waitForTaskToken", "states:startExecution.sync:2"])
def test_what_waits_for_somebody_needs_a_mock(house: House, resource: str) -> None:
    state = task(resource, {"x.$": "$$.Task.Token"} if "Token" in resource else {})
    assert refusal(house.states.test_state, **ask(state, roleArn=ROLE))[0] == "InvalidDefinition"
    mock = result({"any": "thing"}, fieldValidationMode="PRESENT")
    assert tried(house, state, mock=mock, context={"Task": {"Token": "t"}})["status"] == "SUCCEEDED"


def test_an_activity_needs_a_mock(house: House) -> None:
    state = {"Type": "Task", "Resource": "arn:aws:states:us-east-1:000000000000:activity:a", "End": True}
    assert refusal(house.states.test_state, **ask(state, roleArn=ROLE))[0] == "InvalidDefinition"
    assert json.loads(tried(house, state, mock=result([1]))["output"]) == [1]


FUNCTION = task("aws-sdk:lambda:getFunction", {})
MISMATCHES = [
    (START, {}, "Required field 'ExecutionArn' is missing"),
    (START, {"ExecutionArn": "a"}, "Required field 'StartDate' is missing"),
    (START, {"ExecutionArn": 1, "StartDate": "x"}, "Field 'ExecutionArn' must be a string"),
    (START, {"ExecutionArn": "", "StartDate": "x"}, "Field 'ExecutionArn' is smaller than the minimum length"),
    (task("lambda:invoke", {}), {"StatusCode": True}, "Field 'StatusCode' must be a number"),
    (task("aws-sdk:dynamodb:getItem", {}), {"Item": []}, "Field 'Item' must be an object"),
    (task("aws-sdk:dynamodb:getItem", {}), {"Item": {"a": {"Bool": 1}}}, "Field 'Bool' must be a boolean"),
    (task("aws-sdk:sqs:listQueues", {}), {"QueueUrls": [1]}, "Field 'QueueUrls' must be a string"),
    (task("aws-sdk:s3:getObject", {}), {"StorageClass": "X"}, "Field 'StorageClass' is not an expected value"),
    (
        task("aws-sdk:lambda:getFunction", {}),
        {"Configuration": {"MemorySize": 1}},
        "Field 'MemorySize' is less than the minimum value",
    ),
    (task("states:startExecution.sync:2", {}), {"Output": {}}, "Field 'Output' must be a string"),
]


@pytest.mark.parametrize(("state", "value", "message"), MISMATCHES, ids=[message for *_, message in MISMATCHES])
def test_a_mock_must_be_what_the_operation_answers(house: House, state: Any, value: Any, message: str) -> None:
    mode = "PRESENT" if "sync" in state["Resource"] else "STRICT"
    request = ask(state, mock=result(value, fieldValidationMode=mode))
    expected = ("ValidationException", f"Mock result schema validation error: {message}")
    assert refusal(house.states.test_state, **request) == expected
    assert tried(house, state, mock=result(value, fieldValidationMode="NONE"))["status"] == "SUCCEEDED"


@pytest.mark.parametrize("payload", ["text", {"n": 1}, None])
def test_a_functions_answer_may_be_anything(house: House, payload: Any) -> None:
    answer = tried(house, task("lambda:invoke", {}), mock=result({"StatusCode": 200, "Payload": payload}))
    assert json.loads(answer["output"])["Payload"] == payload


REFUSALS: list[tuple[dict[str, Any], str]] = [
    (ask(PASS, mock=ERROR), "State type 'Pass' is not supported when a mock is specified"),
    (ask({"Type": "Fail"}, mock=ERROR), "State type 'Fail' is not supported when a mock is specified"),
    (ask(START), "RoleArn must be specified when testing a Task state"),
    (ask(START, mock=ERROR, revealSecrets=True), "TestState does not support RevealSecrets when a mock is specified."),
    (
        ask(START, mock={**ERROR, "result": "{}"}),
        "A test mock should have only one of the following fields: [result, errorOutput].",
    ),
    (
        ask(MAP, stateConfiguration={"mapIterationFailureCount": 1}),
        "TestState does not support MapIterationFailureCount when a mock is not specified.",
    ),
    (ask(MAP, mock=result({})), "Mocked result must be an array."),
    (
        ask(PARALLEL, mock=result([1])),
        "Mocked result must contain the same number of items as number of Parallel branches.",
    ),
    (ask(START, mock={"result": "{"}), "Mocked result must be valid JSON"),
    (
        ask(MAP, [1], mock=result([1]), stateConfiguration={"mapIterationFailureCount": 2}),
        "Map iteration failure count must be less than or equal to the number of Map iterations",
    ),
    (ask(PASS, context={"Execution": {"x": 1}}), "Invalid Context object provided: Field 'x' is not allowed"),
    (
        ask(PASS, context={"State": {"RetryCount": "1"}}),
        "Invalid Context object provided: State.RetryCount must be a number",
    ),
    (ask(PASS, context={"Map": {"Item": 1}}), "Invalid Context object provided: Map.Item must be an object"),
    (ask({"StartAt": "A", "States": {"A": PASS}}, stateName="B"), "State not found in definition"),
]


@pytest.mark.parametrize(("asked", "message"), REFUSALS)
def test_what_is_refused(house: House, asked: dict[str, Any], message: str) -> None:
    assert refusal(house.states.test_state, **asked) == ("ValidationException", message)


@pytest.mark.parametrize("state", [MAP, PARALLEL])
def test_branches_need_a_mock(house: House, state: dict[str, Any]) -> None:
    message = "TestState API does not support Map or Parallel states. Supported state types include: "
    expected = ("InvalidDefinition", f"{message}[Task, Wait, Pass, Succeed, Fail, Choice]")
    assert refusal(house.states.test_state, **ask(state)) == expected


@pytest.mark.parametrize(
    ("member", "text", "code"),
    [
        ("definition", "{", "InvalidDefinition"),
        ("definition", '{"Type": "Nothing"}', "InvalidDefinition"),
        ("input", "{", "InvalidExecutionInput"),
        ("context", "{", "ValidationException"),
        ("context", "[]", "ValidationException"),
        ("variables", "[]", "ValidationException"),
        ("roleArn", "role", "InvalidArn"),
        ("variables", "{", "ValidationException"),
    ],
)
def test_texts_that_are_none(house: House, member: str, text: str, code: str) -> None:
    assert refusal(house.states.test_state, **{**ask(PASS), member: text})[0] == code


def test_the_state_thinks_it_is_in_an_express_execution(house: House) -> None:
    state = {"Type": "Pass", "Parameters": {"c.$": "$$"}, "End": True}
    context = json.loads(tried(house, state, [1], roleArn=ROLE)["output"])["c"]
    machine, name = context["StateMachine"]["Name"], context["Execution"]["Name"]
    assert context["Execution"]["Id"] == f"arn:aws:states:us-east-1:000000000000:express:{machine}:{name}"
    assert (context["Execution"]["Input"], context["Execution"]["RoleArn"]) == ([1], ROLE)
    assert context["State"]["Name"] == "StateName"
    assert "RoleArn" not in json.loads(tried(house, state, [1])["output"])["c"]["Execution"]


def test_a_state_of_a_definition(house: House) -> None:
    definition = {"StartAt": "M", "States": {"M": {**MAP, "ResultPath": None}}}
    answer = tried(house, definition, "x", stateName="P", inspectionLevel="TRACE", variables={"v": 1})
    assert answer["output"] == '"x"'
    assert answer["inspectionData"]["variables"] == '{"v":1}'


def test_a_failed_map(house: House) -> None:
    catch = [{"ErrorEquals": ["E"], "Next": "N", "ResultPath": "$.e"}]
    definition = {
        "StartAt": "M",
        "States": {"M": {**MAP, "ItemsPath": "$.i", "Catch": catch}, "N": {"Type": "Succeed"}},
    }
    more = {"stateName": "M", "mock": ERROR, "stateConfiguration": {"errorCausedByState": "P"}}
    answer = tried(house, definition, {"i": [1]}, **more)
    assert (answer["status"], answer["nextState"], answer["error"]) == ("CAUGHT_ERROR", "N", "E")
    assert json.loads(answer["output"]) == {"i": [1], "e": {"Error": "E", "Cause": "c"}}


@pytest.mark.parametrize("revealed", [True, False])
@pytest.mark.parametrize("status", [200, 500])
def test_an_http_task_shows_what_was_said(house: House, status: int, revealed: bool) -> None:
    secrets = {
        "ApiKeyAuthParameters": {"ApiKeyName": "X-Key", "ApiKeyValue": "k3y"},
        "InvocationHttpParameters": {"BodyParameters": [{"Key": "pin", "Value": "1234", "IsValueSecret": True}]},
    }
    events = house.segue.client("events")
    made = events.create_connection(Name="c", AuthorizationType="API_KEY", AuthParameters=secrets)
    house.segue.settle()
    with Outside() as outside:
        outside.answer = lambda sent: Reply(b'{"n":1}', status, (("Content-Type", "application/json"),))
        fields = {"ApiEndpoint": outside.url + "/x?a=1", "Method": "POST", "RequestBody": {"q": 1}}
        state = task("http:invoke", {**fields, "InvocationConfig": {"ConnectionArn": made["ConnectionArn"]}})
        answer = tried(house, state, roleArn=ROLE, inspectionLevel="TRACE", revealSecrets=revealed)
        assert (outside.sent[0].headers["x-key"], outside.sent[0].body) == ("k3y", b'{"q":1,"pin":"1234"}')
    assert answer["status"] == ("SUCCEEDED" if status == 200 else "FAILED")
    request, response = answer["inspectionData"]["request"], answer["inspectionData"]["response"]
    assert (request["protocol"], request["method"], request["url"]) == ("http", "POST", outside.url + "/x?a=1")
    assert request["headers"].startswith(
        "[user-agent: Amazon|StepFunctions|HttpInvoke|us-east-1, range: bytes=0-262144"
    )
    assert ("x-key: k3y" in request["headers"]) is revealed
    assert request["body"] == ('{"q":1,"pin":"1234"}' if revealed else '{"q":1}')
    assert (response["statusCode"], response["body"]) == (str(status), '{"n":1}')
    assert "content-type: application/json" in response["headers"]
    plain = tried(house, state, roleArn=ROLE, inspectionLevel="DEBUG")
    assert "request" not in plain["inspectionData"]
