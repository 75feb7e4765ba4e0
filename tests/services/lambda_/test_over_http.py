"""The service as clients see it: over HTTP, with real functions."""

from __future__ import annotations

import base64
import json
import os
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from segue.testing import Segue
from tests.services.lambda_.house import ROLE, package

CODE = """
import json, os

def echo(event, context):
    print("got", json.dumps(event))
    return event

def fails(event, context):
    raise ValueError("no luck")

def where(event, context):
    return {"env": {name: os.environ.get(name) for name in event}, "arn": context.invoked_function_arn,
            "id": context.aws_request_id}

def send(event, context):
    import boto3
    boto3.client("sqs").send_message(QueueUrl=event["url"], MessageBody="from inside")
"""


def create(segue: Segue, name: str, **params: Any) -> dict[str, Any]:
    defaults = {
        "Runtime": "python3.12",
        "Handler": f"a.{name}",
        "Role": ROLE,
        "Code": {"ZipFile": package({"a.py": CODE})},
    }
    client = segue.client("lambda")
    created = client.create_function(FunctionName=name, **{**defaults, **params})
    client.get_waiter("function_active_v2").wait(FunctionName=name)
    return created


def messages(segue: Segue, url: str) -> list[dict[str, Any]]:
    return segue.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])


def test_invoke_answers_with_headers_and_payload(segue: Segue) -> None:
    assert create(segue, "echo")["State"] == "Pending"
    result = segue.client("lambda").invoke(FunctionName="echo", Payload='{"a": [1.0, "ü"]}', LogType="Tail")
    assert json.loads(result["Payload"].read()) == {"a": [1.0, "ü"]}
    assert (result["StatusCode"], result["ExecutedVersion"]) == (200, "$LATEST")
    assert "FunctionError" not in result
    assert 'got {"a": [1.0, "\\u00fc"]}' in base64.b64decode(result["LogResult"]).decode()
    assert (
        "REPORT RequestId: " + result["ResponseMetadata"]["RequestId"] in base64.b64decode(result["LogResult"]).decode()
    )


def test_errors_are_the_clients_exceptions(segue: Segue) -> None:
    client = segue.client("lambda")
    with pytest.raises(client.exceptions.ResourceNotFoundException) as missing:
        client.invoke(FunctionName="no")
    arn = "arn:aws:lambda:us-east-1:000000000000:function:no:$LATEST"  # sfn-error-handling/*no_such_function
    assert missing.value.response["Message"] == f"Function not found: {arn}"
    assert missing.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404
    create(segue, "fails")
    result = client.invoke(FunctionName="fails")
    assert result["FunctionError"] == "Unhandled"
    assert json.loads(result["Payload"].read())["errorType"] == "ValueError"
    with pytest.raises(client.exceptions.InvalidRequestContentException):
        client.invoke(FunctionName="fails", Payload="{")
    client.put_function_concurrency(FunctionName="fails", ReservedConcurrentExecutions=0)
    with pytest.raises(client.exceptions.TooManyRequestsException) as throttled:
        segue.client("lambda", config=_once()).invoke(FunctionName="fails")
    assert throttled.value.response["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"


def _once() -> Any:
    from botocore.config import Config

    return Config(retries={"max_attempts": 0})


def test_the_function_sees_its_environment(segue: Segue) -> None:
    create(segue, "where", Environment={"Variables": {"OWN": "value"}}, MemorySize=256)
    names = ["OWN", "AWS_REGION", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_ENDPOINT_URL"]
    result = segue.client("lambda").invoke(FunctionName="where", Payload=json.dumps(names))
    answer = json.loads(result["Payload"].read())
    assert answer["env"] == dict(zip(names, ["value", "us-east-1", "256", segue.endpoint_url], strict=True))
    assert answer["arn"] == "arn:aws:lambda:us-east-1:000000000000:function:where"
    assert answer["id"] == result["ResponseMetadata"]["RequestId"]


def test_a_function_uses_its_sdk_unchanged(segue: Segue) -> None:
    url = segue.client("sqs").create_queue(QueueName="q")["QueueUrl"]
    create(segue, "send", Timeout=30)
    result = segue.client("lambda").invoke(FunctionName="send", Payload=json.dumps({"url": url}))
    assert result["Payload"].read() == b"null"
    assert [message["Body"] for message in messages(segue, url)] == ["from inside"]


def test_later_with_destination_and_logs(segue: Segue) -> None:
    url = segue.client("sqs").create_queue(QueueName="done")["QueueUrl"]
    create(segue, "echo")
    client = segue.client("lambda")
    client.put_function_event_invoke_config(
        FunctionName="echo",
        DestinationConfig={"OnSuccess": {"Destination": "arn:aws:sqs:us-east-1:000000000000:done"}},
    )
    assert client.invoke(FunctionName="echo", InvocationType="Event", Payload='{"n": 1}')["StatusCode"] == 202
    segue.settle()
    (message,) = messages(segue, url)
    assert json.loads(message["Body"])["responsePayload"] == {"n": 1}
    logs = segue.client("logs")
    segue.advance(1)
    lines = [event["message"] for event in logs.filter_log_events(logGroupName="/aws/lambda/echo")["events"]]
    assert 'got {"n": 1}\n' in lines
    assert any(line.startswith("REPORT RequestId") for line in lines)


def test_a_queue_feeds_a_function(segue: Segue) -> None:
    sqs, client = segue.client("sqs"), segue.client("lambda")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    done = sqs.create_queue(QueueName="done")["QueueUrl"]
    create(segue, "echo")
    client.create_event_source_mapping(
        FunctionName="echo", EventSourceArn="arn:aws:sqs:us-east-1:000000000000:q", BatchSize=5
    )
    attribute = {"T": {"DataType": "String", "StringValue": "x"}}
    for body in "123456":
        sqs.send_message(QueueUrl=url, MessageBody=body, MessageAttributes=attribute)
    segue.settle()
    assert messages(segue, url) == []
    assert messages(segue, done) == []
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    assert counts == dict.fromkeys(names, "0")
    (mapping,) = client.list_event_source_mappings(FunctionName="echo")["EventSourceMappings"]
    assert mapping["State"] == "Enabled"
    client.delete_event_source_mapping(UUID=mapping["UUID"])


def test_an_update_is_what_runs_next(segue: Segue) -> None:
    create(segue, "echo")
    client = segue.client("lambda")
    assert client.invoke(FunctionName="echo", Payload="1")["Payload"].read() == b"1"
    client.update_function_code(
        FunctionName="echo", ZipFile=package({"a.py": "def echo(event, context): return event + 1"})
    )
    client.get_waiter("function_updated_v2").wait(FunctionName="echo")
    assert client.invoke(FunctionName="echo", Payload="1")["Payload"].read() == b"2"


def test_the_code_can_be_fetched_where_the_answer_says(segue: Segue) -> None:
    create(segue, "echo")
    location = segue.client("lambda").get_function(FunctionName="echo")["Code"]["Location"]
    with urllib.request.urlopen(location) as answer:
        assert answer.read() == package({"a.py": CODE})


def test_what_is_said_after_the_answer_is_in_the_log(tmp_path: Path) -> None:
    code = """
import threading

def late(event, context):
    def say():
        open(event["answered"]).read()
        print("afterthought", flush=True)
        open(event["said"], "w").close()

    threading.Thread(target=say).start()
"""
    pipes = {name: str(tmp_path / name) for name in ("answered", "said")}
    for pipe in pipes.values():
        os.mkfifo(pipe)
    with Segue(tmp_path / "data") as segue:
        create(segue, "late", Code={"ZipFile": package({"a.py": code})})
        segue.client("lambda").invoke(FunctionName="late", Payload=json.dumps(pipes))
        Path(pipes["answered"]).write_text("")
        Path(pipes["said"]).read_text()
    with Segue(tmp_path / "data") as segue:
        events = segue.client("logs").filter_log_events(logGroupName="/aws/lambda/late")["events"]
        assert "afterthought\n" in [event["message"] for event in events]


def test_a_table_feeds_a_function_and_what_it_cannot_do_goes_to_a_queue(segue: Segue) -> None:
    create(segue, "fails")
    tables, queues = segue.client("dynamodb"), segue.client("sqs")
    url = queues.create_queue(QueueName="dead")["QueueUrl"]
    stream = tables.create_table(
        TableName="things",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )["TableDescription"]["LatestStreamArn"]
    segue.client("lambda").create_event_source_mapping(
        FunctionName="fails",
        EventSourceArn=stream,
        StartingPosition="LATEST",
        MaximumRetryAttempts=1,
        DestinationConfig={"OnFailure": {"Destination": "arn:aws:sqs:us-east-1:000000000000:dead"}},
    )
    tables.put_item(TableName="things", Item={"pk": {"S": "a"}})
    segue.advance(5)
    (message,) = messages(segue, url)
    document = json.loads(message["Body"])
    assert document["requestContext"]["approximateInvokeCount"] == 2
    assert document["DDBStreamBatchInfo"]["streamArn"] == stream


def test_a_role_must_be_allowed_to_read_the_stream() -> None:
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    with Segue(iam="enforce") as segue:
        identities, tables, functions = segue.client("iam"), segue.client("dynamodb"), segue.client("lambda")
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        role = identities.create_role(RoleName="r", AssumeRolePolicyDocument=document)["Role"]["Arn"]
        stream = tables.create_table(
            TableName="things",
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
        )["TableDescription"]["LatestStreamArn"]
        create(segue, "echo", Role=role)
        mapping = {"FunctionName": "echo", "EventSourceArn": stream, "StartingPosition": "LATEST"}
        with pytest.raises(
            functions.exceptions.InvalidParameterValueException, match=r"Cannot access stream arn:.*IAM"
        ):
            functions.create_event_source_mapping(**mapping)
        allowed = "arn:aws:iam::aws:policy/service-role/AWSLambdaDynamoDBExecutionRole"
        identities.attach_role_policy(RoleName="r", PolicyArn=allowed)
        uuid = functions.create_event_source_mapping(**mapping)["UUID"]
        tables.put_item(TableName="things", Item={"pk": {"S": "a"}})
        segue.settle()
        assert functions.get_event_source_mapping(UUID=uuid)["LastProcessingResult"] == "OK"
