"""``.waitForTaskToken``: wherever a token can be handed on, the task ends when it comes back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from segue.testing import Segue
from tests.services.states.machines import PREFIX, House, refusal, task

TOKEN = {"token.$": "$$.Task.Token"}
URL = "http://localhost:4566/000000000000/tokens"
TOPIC = "arn:aws:sns:us-east-1:000000000000:t"
QUEUE = "arn:aws:sqs:us-east-1:000000000000:tokens"
CHILD = f"{PREFIX}:stateMachine:child"
TABLE = {"KeySchema": [{"AttributeName": "token", "KeyType": "HASH"}], "BillingMode": "PAY_PER_REQUEST"}
ENTRY = {"Detail": TOKEN, "DetailType": "T", "Source": "s", "EventBusName": "default"}

# resource, parameters, a member of the answer that TaskSubmitted shows
WAYS: dict[str, tuple[dict[str, Any], str]] = {
    "sqs:sendMessage": ({"QueueUrl": URL, "MessageBody": TOKEN}, "MD5OfMessageBody"),
    "aws-sdk:sqs:sendMessage": ({"QueueUrl": URL, "MessageBody.$": "States.JsonToString($$.Task)"}, "Md5OfMessageBody"),
    "sns:publish": ({"TopicArn": TOPIC, "Message": TOKEN}, "MessageId"),
    "events:putEvents": ({"Entries": [ENTRY]}, "Entries"),
    "states:startExecution": ({"StateMachineArn": CHILD, "Input": TOKEN}, "ExecutionArn"),
    "aws-sdk:sfn:startExecution": ({"StateMachineArn": CHILD, "Input": TOKEN}, "ExecutionArn"),
    "aws-sdk:dynamodb:putItem": ({"TableName": "tokens", "Item": {"token": {"S.$": "$$.Task.Token"}}}, ""),
}


@pytest.fixture
def world(segue: Segue) -> None:
    """Everything that a token can go through on its way into the queue ``tokens``, or into a table or an execution."""
    segue.client("sqs").create_queue(QueueName="tokens")
    sns, events, states = segue.client("sns"), segue.client("events"), segue.client("stepfunctions")
    sns.create_topic(Name="t")
    sns.subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=QUEUE, Attributes={"RawMessageDelivery": "true"})
    events.put_rule(Name="r", EventPattern='{"source": ["s"]}')
    events.put_targets(Rule="r", Targets=[{"Id": "q", "Arn": QUEUE, "InputPath": "$.detail"}])
    definition = json.dumps({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}})
    states.create_state_machine(name="child", definition=definition, roleArn="arn:aws:iam::000000000000:role/r")
    attributes = [{"AttributeName": "token", "AttributeType": "S"}]
    segue.client("dynamodb").create_table(TableName="tokens", AttributeDefinitions=attributes, **TABLE)


def token_of(house: House) -> str:
    """The token, wherever it has come to."""
    found = house.segue.client("sqs").receive_message(QueueUrl=URL).get("Messages", [])
    if found:
        body = json.loads(found[0]["Body"])
        return str(body.get("token") or body["Token"])
    items = house.segue.client("dynamodb").scan(TableName="tokens")["Items"]
    if items:
        return str(items[0]["token"]["S"])
    (execution,) = house.states.list_executions(stateMachineArn=CHILD)["executions"]
    return str(json.loads(house.describe(execution["executionArn"])["input"])["token"])


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize(("resource", "parameters", "member"), [(name, *way) for name, way in WAYS.items()])
def test_the_answer_is_the_result(house: House, resource: str, parameters: dict[str, Any], member: str) -> None:
    arn = house.start(house.machine(task(f"{resource}.waitForTaskToken", parameters)))
    assert house.status(arn) == "RUNNING"
    types = ["TaskScheduled", "TaskStarted", "TaskSubmitted"]
    assert house.types(arn)[2:] == types
    submitted = json.loads(house.events(arn)[4]["taskSubmittedEventDetails"]["output"])
    assert not member or member in submitted
    token = token_of(house)
    house.states.send_task_success(taskToken=token, output='{"n":1.0}')
    assert house.output(arn) == {"n": 1.0}
    assert house.types(arn)[2:6] == [*types, "TaskSucceeded"]
    assert refusal(house.states.send_task_success, taskToken=token, output="{}")[0] == "TaskTimedOut"


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize(
    ("resource", "parameters", "error"),
    [
        ("sqs:sendMessage", {"QueueUrl": URL + "-none", "MessageBody": TOKEN}, "SQS.QueueDoesNotExistException"),
        ("aws-sdk:sqs:sendMessage", {"QueueUrl": URL + "-none", "MessageBody": "m"}, "Sqs.QueueDoesNotExistException"),
        ("sns:publish", {"TopicArn": TOPIC + "-none", "Message": TOKEN}, "SNS.NotFoundException"),
        ("events:putEvents", {"Entries": [{**ENTRY, "Source": ""}]}, "EventBridge.FailedEntry"),
        (
            "states:startExecution",
            {"StateMachineArn": CHILD + "-none"},
            "StepFunctions.StateMachineDoesNotExistException",
        ),
    ],
)
def test_what_is_not_taken_fails_at_once(house: House, resource: str, parameters: dict[str, Any], error: str) -> None:
    arn = house.start(house.machine(task(f"{resource}.waitForTaskToken", parameters)))
    assert house.failure(arn)[0] == error
    assert house.types(arn)[4] in ("TaskSubmitFailed", "TaskFailed")


@pytest.mark.usefixtures("world")
def test_retries_have_tokens_of_their_own(house: House) -> None:
    retry = [{"ErrorEquals": ["Mine"], "IntervalSeconds": 1}]
    parameters = {"QueueUrl": URL, "MessageBody": TOKEN}
    arn = house.start(house.machine(task("sqs:sendMessage.waitForTaskToken", parameters, Retry=retry)))
    (first,) = house.tokens()
    house.states.send_task_failure(taskToken=first, error="Mine", cause="c")
    house.segue.advance(1)
    (second,) = house.tokens()
    assert first != second
    assert refusal(house.states.send_task_success, taskToken=first, output="1")[0] == "TaskTimedOut"
    house.states.send_task_success(taskToken=second, output="2")
    assert house.output(arn) == 2
