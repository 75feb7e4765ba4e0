"""Whatever a state hands to an integration: it is taken, or the task fails; nothing else comes out."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segue.api.http_effect import HttpAnswer, HttpRequest
from segue.errors import AwsError
from segue.languages.asl import json_text
from segue.services.states import tasks
from segue.services.states.integrations import TaskError, resolve
from segue.services.states.integrations.http_task import request_of, result_of
from segue.wire.model import load_service
from segue.wire.validate import validate
from tests.services.states.machines import House, task

ARN = "arn:aws:states:us-east-1:000000000000:execution:m:e"
ROLE = "arn:aws:iam::000000000000:role/r"
FIELDS = {
    "sqs:sendMessage": ["QueueUrl", "MessageBody", "MessageAttributes", "DelaySeconds", "MessageGroupId"],
    "sns:publish": ["TopicArn", "Message", "MessageAttributes", "Subject", "MessageStructure"],
    "events:putEvents": ["Entries", "EndpointId"],
    "dynamodb:putItem": ["TableName", "Item", "Expected", "ExpressionAttributeValues"],
    "lambda:invoke": ["FunctionName", "Payload", "InvocationType", "Qualifier", "ClientContext"],
    "states:startExecution": ["StateMachineArn", "Input", "Name"],
    "http:invoke": [
        "ApiEndpoint",
        "Method",
        "InvocationConfig",
        "Headers",
        "QueryParameters",
        "RequestBody",
        "Transform",
    ],
    "aws-sdk:sqs:receiveMessage": ["QueueUrl", "AttributeNames", "WaitTimeSeconds", "MaxNumberOfMessages"],
    "aws-sdk:eventbridge:putEvents": ["Entries"],
    "aws-sdk:dynamodb:batchWriteItem": ["RequestItems"],
    "aws-sdk:lambda:invoke": ["FunctionName", "Payload"],
    "aws-sdk:sfn:listExecutions": ["StateMachineArn", "MaxResults", "StatusFilter"],
}
NAMES = st.sampled_from(
    ["Detail", "Source", "Resources", "Time", "S", "N", "B", "L", "M", "Bool", "Nul", "PutRequest", "ConnectionArn"]
)
TEXTS = ["GET", "POST", "URL_ENCODED", "http://h/p?q", "https://[::1", "2024-01-01T00:00:00Z", ARN, "true"]
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.sampled_from(
        ["GET", "POST", "URL_ENCODED", "http://h/p?q", "https://[::1", "2024-01-01T00:00:00Z", ARN, "true"]
    ),
)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=12
)


@pytest.mark.parametrize("resource", FIELDS)
@settings(max_examples=120, deadline=None)
@given(data=st.data())
def test_parameters(resource: str, data: st.DataObject) -> None:
    fields = st.dictionaries(st.sampled_from(FIELDS[resource]), VALUES, max_size=6)
    value = data.draw(st.one_of(fields, VALUES))
    kind, _, name = resource.rpartition(":")
    request = tasks.Request(ARN, 1, 1, kind, name, "request-response", json_text.dump(value), ROLE, "us-east-1")
    with suppress(TaskError, AwsError):
        integration, params, _ = tasks.prepare(request)
        service, _, operation = integration.operation.partition(":")
        if kind == "http":
            made = request_of(params, {"Headers": [], "QueryParameters": [], "BodyParameters": []}, "us-east-1")
            assert isinstance(made, HttpRequest)
        else:
            validate(load_service(service).operations[operation], params)


@given(
    st.integers(100, 599),
    st.binary(max_size=40) | VALUES.map(lambda value: json_text.dump(value).encode("utf-8", "replace")),
    st.sampled_from(["application/json", "text/html; charset=utf-8", "image/png", "", "application/problem+json"]),
)
def test_answers(status: int, body: bytes, content_type: str) -> None:
    with suppress(TaskError):
        result = result_of(HttpAnswer(status, "Reason", (("Content-Type", content_type),), body))
        assert json_text.parse(json_text.dump(result)) == result


@pytest.mark.parametrize("resource", ["aws-sdk:sqs:x", "aws-sdk:nosuch:do", "http:call", "sqs:none", "nowhere:go"])
def test_what_is_not_there(resource: str) -> None:
    kind, _, name = resource.rpartition(":")
    with pytest.raises(AwsError) as error:
        resolve(kind, name)
    assert error.value.status == 501


def test_events_name_their_senders() -> None:
    def prepared(entries: Any) -> Any:
        text = json_text.dump({"Entries": entries})
        request = tasks.Request(ARN, 1, 1, "events", "putEvents", "request-response", text, ROLE, "us-east-1")
        return tasks.prepare(request)[1]["Entries"]

    machine = "arn:aws:states:us-east-1:000000000000:stateMachine:m"
    assert prepared([{"Resources": ["a"]}, {}]) == [{"Resources": ["a", machine, ARN]}, {"Resources": [machine, ARN]}]
    with pytest.raises(TaskError, match="'Entries' has an invalid format"):
        prepared([None])


def test_a_mistake_of_ours_fails_the_task_and_is_logged(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(call: Any, params: Any) -> Any:
        raise KeyError("a mistake")

    operations = house.segue.server.api.services["sqs"].operations
    monkeypatch.setitem(operations, "ListQueues", replace(operations["ListQueues"], handler=broken))
    failing = task("aws-sdk:sqs:listQueues", {}, Retry=[{"ErrorEquals": ["Sqs.SqsException"], "IntervalSeconds": 1}])
    arn = house.start(house.machine(failing))
    monkeypatch.undo()
    house.segue.advance(1)
    house.output(arn)
    assert "aws-sdk:sqs:listQueues" in caplog.text
    assert "KeyError" in caplog.text
