"""The client's side of the wire against the server's: what one writes, the other reads."""

from __future__ import annotations

from typing import Any

import pytest

from segue.errors import AwsError
from segue.wire.client import fill_tokens, read_answer, write_request
from segue.wire.model import load_service
from segue.wire.parse import parse
from segue.wire.route import route
from segue.wire.serialize import serialize, serialize_error

NOW_MS = 1_700_000_000_123
CASES: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    ("kms", "Encrypt", {"KeyId": "k", "Plaintext": b"\x00\xff"}, {"CiphertextBlob": b"\x01", "KeyId": "k"}),
    ("sqs", "SendMessage", {"QueueUrl": "u", "MessageBody": "ü"}, {"MessageId": "m", "MD5OfMessageBody": "5"}),
    ("logs", "PutLogEvents", {"logGroupName": "g", "logStreamName": "s", "logEvents": []}, {}),
    ("sns", "Publish", {"TopicArn": "t", "Message": "a b&c"}, {"MessageId": "m"}),
    ("iam", "GetRole", {"RoleName": "r"}, {"Role": {"RoleName": "r", "CreateDate": 1_700_000_000_000}}),
    ("lambda", "Invoke", {"FunctionName": "f:1/x", "Payload": b"{}"}, {"StatusCode": 200, "Payload": b"[1]"}),
    ("s3", "PutObject", {"Bucket": "books", "Key": "a b/ü?", "Body": b"x"}, {"ETag": '"e"'}),
    ("s3", "GetObject", {"Bucket": "books", "Key": "k"}, {"Body": b"x", "LastModified": 1_700_000_000_000}),
    ("events", "PutEvents", {"Entries": [{"Time": NOW_MS // 1000 * 1000, "Source": "s"}]}, {"FailedEntryCount": 0}),
    ("scheduler", "ListSchedules", {"MaxResults": 3}, {"Schedules": [{"Name": "n", "CreationDate": NOW_MS}]}),
]


@pytest.mark.parametrize(("service", "name", "params", "result"), CASES, ids=[f"{one[0]}:{one[1]}" for one in CASES])
def test_round_trips(service: str, name: str, params: dict[str, Any], result: dict[str, Any]) -> None:
    model = load_service(service).operations[name]
    request = write_request(model, params)
    request.headers["host"] = f"{model.service.endpoint_prefix}.us-east-1.amazonaws.com"
    found = route(request, [service])
    assert found.operation is model
    assert {name: value for name, value in parse(found, request).items() if name in params} == params
    answer = serialize(found, result, "id")
    headers = {name.lower(): value for name, value in answer.headers.items()}
    read = read_answer(model, answer.status, headers, answer.body)
    assert {name: read.get(name) for name in result} == result


@pytest.mark.parametrize("service", ["sqs", "sns", "s3", "lambda"])
def test_errors_are_raised(service: str) -> None:
    model = load_service(service)
    operation = next(iter(model.operations.values()))
    answer = serialize_error(model.protocols[0], model, AwsError("Odd", "in words", status=418), "id")
    with pytest.raises(AwsError, match="Odd: in words") as raised:
        read_answer(
            operation, answer.status, {name.lower(): text for name, text in answer.headers.items()}, answer.body
        )
    assert raised.value.status == 418


@pytest.mark.parametrize("body", [b"<html>not what you think", b"", b"\xff\xfe"])
@pytest.mark.parametrize("service", ["kms", "sns", "s3", "lambda"])
def test_answers_that_are_none(service: str, body: bytes) -> None:
    operation = next(iter(load_service(service).operations.values()))
    with pytest.raises(AwsError) as raised:
        read_answer(operation, 502, {"content-type": "text/html"}, body)
    assert raised.value.status == 502


def test_tokens_are_filled_in_where_sdks_do() -> None:
    params: dict[str, Any] = {"Name": "n"}
    fill_tokens(load_service("secretsmanager").operations["CreateSecret"], params, lambda: "made")
    assert params["ClientRequestToken"] == "made"
