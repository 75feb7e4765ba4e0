"""``aws-sdk:*``: members, errors and what is missing, in the names of the SDK for Java 2."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.services.states.machines import House, task

TABLE = {
    "TableName": "table",
    "KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}


def test_members_are_spelled_as_the_sdk_does(house: House) -> None:
    url = house.segue.client("sqs").create_queue(QueueName="q")["QueueUrl"]
    send = task("aws-sdk:sqs:sendMessage", {"QueueUrl": url, "MessageBody": "m"}, ResultPath="$.sent")
    receive = task("aws-sdk:sqs:receiveMessage", {"QueueUrl": url}, ResultPath="$.received")
    result = house.output(house.start(house.machine(send, receive)))
    assert sorted(result["sent"]) == ["Md5OfMessageBody", "MessageId"]
    assert sorted(result["received"]["Messages"][0]) == ["Body", "Md5OfBody", "MessageId", "ReceiptHandle"]


def test_attribute_values_of_tables_go_both_ways(house: House) -> None:
    house.segue.client("dynamodb").create_table(**TABLE)
    item = {"k": {"S": "x"}, "b": {"Bool": True}, "n": {"Nul": True}, "s": {"Ss": ["a"]}, "l": {"L": [{"N": "1"}]}}
    put = task("aws-sdk:dynamodb:putItem", {"TableName": "table", "Item": item}, ResultPath=None)
    get = task("aws-sdk:dynamodb:getItem", {"TableName": "table", "Key": {"k": {"S": "x"}}})
    assert house.output(house.start(house.machine(put, get)))["Item"] == item
    optimized = task("dynamodb:getItem", {"TableName": "table", "Key": {"k": {"S": "x"}}})
    shown = house.output(house.start(house.machine(optimized, name="optimized")))["Item"]
    assert (shown["b"], shown["n"]) == ({"BOOL": True}, {"NULL": True})


FAILURES: dict[str, tuple[str, dict[str, Any], str, str]] = {
    "a name that the model shortens": (
        "aws-sdk:sqs:receiveMessage",
        {"QueueUrl": "http://localhost:4566/000000000000/none"},
        "Sqs.QueueDoesNotExistException",
        "(Service: Sqs, Status Code: 400, Request ID: ",
    ),
    "a condition": (
        "aws-sdk:dynamodb:putItem",
        {"TableName": "table", "Item": {"k": {"S": "x"}}, "ConditionExpression": "attribute_exists(k)"},
        "DynamoDb.ConditionalCheckFailedException",
        "The conditional request failed (Service: DynamoDb, Status Code: 400, Request ID: ",
    ),
    "an error that the model does not know": (
        "aws-sdk:dynamodb:putItem",
        {"TableName": "table", "Item": {}},
        "DynamoDb.DynamoDbException",
        "(Service: DynamoDb, Status Code: 400, Request ID: ",
    ),
    "a service of two words": (
        "aws-sdk:cloudwatchlogs:createLogStream",
        {"LogGroupName": "none", "LogStreamName": "s"},
        "CloudWatchLogs.ResourceNotFoundException",
        "(Service: CloudWatchLogs, Status Code: 400, Request ID: ",
    ),
    "an optimized one": (
        "dynamodb:putItem",
        {"TableName": "table", "Item": {"k": {"S": "x"}}, "ConditionExpression": "attribute_exists(k)"},
        "DynamoDB.ConditionalCheckFailedException",
        "(Service: AmazonDynamoDBv2; Status Code: 400; Error Code: ConditionalCheckFailedException; Request ID: ",
    ),
}


@pytest.mark.parametrize(("resource", "parameters", "error", "cause"), FAILURES.values(), ids=FAILURES.keys())
def test_errors_can_be_caught_by_their_names(
    house: House, resource: str, parameters: dict[str, Any], error: str, cause: str
) -> None:
    house.segue.client("dynamodb").create_table(**TABLE)
    catch = [{"ErrorEquals": [error], "Next": "Caught"}]
    failing = {"Type": "Task", "Resource": f"arn:aws:states:::{resource}", "Parameters": parameters, "Catch": catch}
    states = {"Fails": {**failing, "End": True}, "Caught": {"Type": "Pass", "End": True}}
    caught = house.output(house.start(house.define({"StartAt": "Fails", "States": states})))
    assert (caught["Error"], cause in caught["Cause"]) == (error, True)


@pytest.mark.parametrize(
    ("resource", "named"),
    [
        ("ecs:runTask.sync", "ecs:runTask"),
        ("glue:startJobRun", "glue:startJobRun"),
        ("aws-sdk:athena:listWorkGroups", "athena:ListWorkGroups"),
        ("batch:submitJob.sync", "batch:submitJob"),
    ],
)
def test_what_is_not_there_fails_with_its_name(house: House, resource: str, named: str) -> None:
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "S0"}]
    arn = house.start(house.machine(task(resource, {}, Catch=catch)))
    error, cause = house.failure(arn)
    assert error == "States.Runtime"
    assert "Segue does not implement" in cause
    assert named in cause
    (hop,) = house.segue.transact(lambda tx: tx.all("SELECT status, reason FROM deliveries WHERE status = 'failed'"))
    assert named in json.dumps(hop)
