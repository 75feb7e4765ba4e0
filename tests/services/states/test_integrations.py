"""What Task states can ask for, with its parameters, results and errors in Step Functions' shapes."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest

from segue.testing import Segue
from tests.services.states.machines import PREFIX, ROLE, House, refusal, task

FUNCTION = """
def handler(event, context):
    if isinstance(event, dict) and event.get("fail"):
        raise ValueError("as told")
    return {"got": event}
"""


@pytest.fixture
def function(segue: Segue) -> str:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as package:
        package.writestr("code.py", FUNCTION)
    client = segue.client("lambda")
    made = client.create_function(
        FunctionName="f", Runtime="python3.12", Role=ROLE, Handler="code.handler", Code={"ZipFile": archive.getvalue()}
    )
    return str(made["FunctionArn"])


def run(house: House, state: dict[str, Any], input: Any = None) -> str:
    return house.start(house.machine(state), input)


def test_a_function_by_its_arn(house: House, function: str) -> None:
    state = {"Type": "Task", "Resource": function, "End": True}
    arn = run(house, state, {"n": 1})
    assert house.output(arn) == {"got": {"n": 1}}
    assert house.types(arn)[2:5] == ["LambdaFunctionScheduled", "LambdaFunctionStarted", "LambdaFunctionSucceeded"]
    error, cause = house.failure(house.start(f"{PREFIX}:stateMachine:m", {"fail": True}))
    assert (error, json.loads(cause)["errorMessage"]) == ("ValueError", "as told")


@pytest.mark.usefixtures("function")
def test_a_function_by_its_name(house: House) -> None:
    state = task("lambda:invoke", {"FunctionName": "f", "Payload.$": "$.payload"})
    result = house.output(run(house, state, {"payload": {"n": 1}}))
    assert (result["Payload"], result["StatusCode"], result["ExecutedVersion"]) == ({"got": {"n": 1}}, 200, "$LATEST")
    machine = f"{PREFIX}:stateMachine:m"
    assert house.output(house.start(machine, {"payload": None}))["Payload"] == {"got": {}}  # null is no payload
    error, cause = house.failure(house.start(machine, {"payload": {"fail": True}}))
    assert error == "ValueError"
    assert cause.startswith('{"errorMessage":"as told","errorType":"ValueError"')


def test_a_function_that_does_not_exist(house: House) -> None:
    error, cause = house.failure(run(house, task("lambda:invoke", {"FunctionName": "none"})))
    assert error == "Lambda.ResourceNotFoundException"
    assert "function:none:$LATEST (Service: AWSLambda; Status Code: 404" in cause


def test_a_message_into_a_queue_and_out_of_it(house: House) -> None:
    url = house.segue.client("sqs").create_queue(QueueName="q")["QueueUrl"]
    send = task("sqs:sendMessage", {"QueueUrl": url, "MessageBody": {"a": 1}}, ResultPath=None)
    receive = task("aws-sdk:sqs:receiveMessage", {"QueueUrl": url, "WaitTimeSeconds": 5})
    result = house.output(house.start(house.machine(send, receive)))
    assert json.loads(result["Messages"][0]["Body"]) == {"a": 1}


def test_a_long_poll_that_finds_nothing_ends(house: House) -> None:
    url = house.segue.client("sqs").create_queue(QueueName="q")["QueueUrl"]
    arn = run(house, task("aws-sdk:sqs:receiveMessage", {"QueueUrl": url, "WaitTimeSeconds": 5}))
    house.segue.advance(4)
    assert house.status(arn) == "RUNNING"
    house.segue.advance(2)
    assert house.output(arn) == {}
    assert house.work() == []


def test_a_notification_reaches_its_subscribers(house: House) -> None:
    sqs, sns = house.segue.client("sqs"), house.segue.client("sns")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    topic = sns.create_topic(Name="t")["TopicArn"]
    queue = "arn:aws:sqs:us-east-1:000000000000:q"
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue, Attributes={"RawMessageDelivery": "true"})
    result = house.output(run(house, task("sns:publish", {"TopicArn": topic, "Message": {"a": 1}})))
    assert sorted(result) == ["MessageId", "SdkHttpMetadata", "SdkResponseMetadata"]
    assert result["SdkHttpMetadata"]["HttpHeaders"]["Content-Length"] == "294"
    assert json.loads(sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"]) == {"a": 1}


def test_events_onto_a_bus(house: House) -> None:
    entry = {"Detail": {"n": 1}, "DetailType": "T", "Source": "s", "EventBusName": "default"}
    result = house.output(run(house, task("events:putEvents", {"Entries": [entry]})))
    assert result["FailedEntryCount"] == 0
    error, _ = house.failure(house.start(house.machine(task("events:putEvents", {"Entries": []}), name="none")))
    assert error.startswith("EventBridge.")


def test_events_name_who_put_them(house: House) -> None:
    sqs, events = house.segue.client("sqs"), house.segue.client("events")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    events.put_rule(Name="r", EventPattern='{"source": ["s"]}')
    events.put_targets(Rule="r", Targets=[{"Id": "q", "Arn": "arn:aws:sqs:us-east-1:000000000000:q"}])
    entry = {"Detail": {}, "DetailType": "T", "Source": "s", "Resources": ["arn:own"]}
    arn = run(house, task("events:putEvents", {"Entries": [entry]}))
    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    assert json.loads(message["Body"])["resources"] == ["arn:own", f"{PREFIX}:stateMachine:m", arn]


def test_items_of_a_table(house: House) -> None:
    table = {
        "TableName": "table",
        "KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
    }
    house.segue.client("dynamodb").create_table(**table)
    key = {"k": {"S": "x"}}
    put = task("dynamodb:putItem", {"TableName": "table", "Item": {**key, "n": {"N": "1"}}}, ResultPath=None)
    values = {"ExpressionAttributeValues": {":one": {"N": "1"}}, "UpdateExpression": "SET n = n + :one"}
    update = task("dynamodb:updateItem", {"TableName": "table", "Key": key, **values}, ResultPath=None)
    get = task("dynamodb:getItem", {"TableName": "table", "Key": key})
    result = house.output(house.start(house.machine(put, update, get)))
    assert result["Item"] == {**key, "n": {"N": "2"}}
    missing = task("aws-sdk:dynamodb:getItem", {"TableName": "none", "Key": key})
    error, cause = house.failure(house.start(house.machine(missing, name="missing")))
    assert error == "DynamoDb.ResourceNotFoundException"
    assert cause.startswith("Requested resource not found (Service: DynamoDb, Status Code: 400, Request ID: ")


def test_a_task_that_fails_leaves_nothing_of_it_behind(house: House) -> None:
    # the second entry of a transaction is refused: neither the first nor anything else of it is there
    table = {"KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}], "BillingMode": "PAY_PER_REQUEST"}
    attributes = [{"AttributeName": "k", "AttributeType": "S"}]
    dynamodb = house.segue.client("dynamodb")
    dynamodb.create_table(TableName="table", AttributeDefinitions=attributes, **table)
    item = {"TableName": "table", "Item": {"k": {"S": "x"}}}
    refused = {"Put": {**item, "Item": {"k": {"S": "y"}}, "ConditionExpression": "attribute_exists(k)"}}
    both = task("aws-sdk:dynamodb:transactWriteItems", {"TransactItems": [{"Put": item}, refused]})
    error, _ = house.failure(run(house, both))
    assert error == "DynamoDb.TransactionCanceledException"
    assert dynamodb.scan(TableName="table")["Items"] == []


def test_operations_of_all_services_by_the_names_of_the_sdk(house: House) -> None:
    made = house.output(run(house, task("aws-sdk:sns:createTopic", {"Name": "t"})))
    assert made == {"TopicArn": "arn:aws:sns:us-east-1:000000000000:t"}
    listed = house.output(house.start(house.machine(task("aws-sdk:sfn:listStateMachines", {}), name="list")))
    assert [machine["Name"] for machine in listed["StateMachines"]] == ["list", "m"]
    assert listed["StateMachines"][0]["CreationDate"].endswith("Z")


@pytest.mark.parametrize(
    ("parameters", "error"),
    [({"Nonsense": 1}, "States.Runtime"), ({}, "Sqs.")],
)
def test_parameters_that_an_operation_does_not_take(house: House, parameters: dict[str, Any], error: str) -> None:
    failed, cause = house.failure(run(house, task("aws-sdk:sqs:sendMessage", parameters)))
    assert failed.startswith(error)
    assert cause


@pytest.mark.parametrize(
    ("resource", "parameters", "field"),
    [
        ("aws-sdk:dynamodb:getItem", {"TableName": "t", "Key": "x"}, "Key"),
        ("aws-sdk:dynamodb:getItem", {"TableName": "t", "Key": {"k": 5}}, "k"),
        ("dynamodb:putItem", {"TableName": "t", "Item": [1]}, "Item"),
        ("sqs:sendMessage", {"QueueUrl": "x", "MessageBody": "b", "DelaySeconds": "soon"}, "DelaySeconds"),
        ("sqs:sendMessage", {"QueueUrl": "x", "MessageBody": "b", "DelaySeconds": 1.5}, "DelaySeconds"),
        ("sqs:sendMessage", {"QueueUrl": "x", "MessageBody": "b", "DelaySeconds": True}, "DelaySeconds"),
        ("events:putEvents", {"Entries": [1]}, "Entries"),
        ("aws-sdk:sqs:createQueue", {"QueueName": "q", "Attributes": "x"}, "Attributes"),
        ("aws-sdk:dynamodb:getItem", {"TableName": "t", "Key": {}, "ConsistentRead": "perhaps"}, "ConsistentRead"),
    ],
)
def test_values_of_another_type(house: House, resource: str, parameters: dict[str, Any], field: str) -> None:
    error, cause = house.failure(run(house, task(resource, parameters)))
    assert error == "States.Runtime"
    assert f"[The value of the field '{field}' has an invalid format]" in cause


def test_what_is_no_integration_is_refused_at_creation(house: House) -> None:
    definition = {"StartAt": "S", "States": {"S": task("dynamodb:query", {})}}
    code, message = refusal(
        house.states.create_state_machine, name="m", roleArn=ROLE, definition=json.dumps(definition)
    )
    assert (code, "dynamodb:query is not recognized" in message) == ("InvalidDefinition", True)


def test_what_is_not_there_yet_says_so(house: House) -> None:
    error, cause = house.failure(run(house, task("aws-sdk:polly:synthesizeSpeech", {"Text": "x"})))
    assert (error, "polly" in cause) == ("States.Runtime", True)
