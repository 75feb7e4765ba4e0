from __future__ import annotations

import json
import zlib
from xml.etree import ElementTree

import pytest

from segue.errors import AwsError
from segue.wire.model import Protocol, load_service
from segue.wire.request import Request
from segue.wire.route import route
from segue.wire.serialize import serialize, serialize_error


@pytest.mark.parametrize(
    ("service", "error", "status", "type_", "query_error"),
    [
        (
            "sqs",
            AwsError("QueueDoesNotExist", "gone"),
            400,
            "com.amazonaws.sqs#QueueDoesNotExist",
            "AWS.SimpleQueueService.NonExistentQueue;Sender",
        ),
        (
            "sqs",
            AwsError("AWS.SimpleQueueService.NonExistentQueue", "gone"),
            400,
            "com.amazonaws.sqs#QueueDoesNotExist",
            "AWS.SimpleQueueService.NonExistentQueue;Sender",
        ),
        (
            "sqs",
            AwsError("InvalidParameterValue", "bad"),
            400,
            "com.amazonaws.sqs#InvalidParameterValue",
            "InvalidParameterValue;Sender",
        ),
        (
            "stepfunctions",
            AwsError("StateMachineDoesNotExist", "gone"),
            400,
            "com.amazonaws.swf.service.v2.model#StateMachineDoesNotExist",
            None,
        ),
        (
            "stepfunctions",
            AwsError("ValidationException", "v"),
            400,
            "com.amazon.coral.validate#ValidationException",
            None,
        ),
        ("events", AwsError("ResourceNotFoundException", "gone"), 400, "ResourceNotFoundException", None),
        (
            "dynamodb",
            AwsError("InternalServerError", "oops"),
            500,
            "com.amazonaws.dynamodb.v20120810#InternalServerError",
            None,
        ),
    ],
)
def test_json_errors(service: str, error: AwsError, status: int, type_: str, query_error: str | None) -> None:
    answer = serialize_error(Protocol.JSON, load_service(service), error, "r-1")
    body = json.loads(answer.body)
    assert (answer.status, body["__type"]) == (status, type_)
    assert error.message in (body.get("message"), body.get("Message"))
    assert answer.headers["x-amzn-RequestId"] == "r-1"
    assert answer.headers.get("x-amzn-query-error") == query_error


def test_rest_json_errors_carry_their_type_in_a_header() -> None:
    answer = serialize_error(
        Protocol.REST_JSON, load_service("lambda"), AwsError("ResourceNotFoundException", "gone"), "r"
    )
    assert (answer.status, answer.headers["x-amzn-ErrorType"]) == (404, "ResourceNotFoundException")
    assert json.loads(answer.body) == {"Type": "User", "Message": "gone"}


def test_error_members_go_by_the_model() -> None:
    error = AwsError("TransactionCanceledException", "no", members={"CancellationReasons": [{"Code": "None"}], "x": 1})
    answer = serialize_error(Protocol.JSON, load_service("dynamodb"), error, "r")
    body = json.loads(answer.body)
    assert body["CancellationReasons"] == [{"Code": "None"}]
    assert "x" not in body
    assert answer.headers["x-amz-crc32"] == str(zlib.crc32(answer.body))


def test_query_errors() -> None:
    answer = serialize_error(Protocol.QUERY, load_service("sns"), AwsError("NotFoundException", "no <topic>"), "r-1")
    namespace = "{http://sns.amazonaws.com/doc/2010-03-31/}"
    root = ElementTree.fromstring(answer.body)
    assert answer.status == 404
    assert root.tag == f"{namespace}ErrorResponse"
    assert [(child.tag.removeprefix(namespace), child.text) for child in root[0]] == [
        ("Type", "Sender"),
        ("Code", "NotFound"),
        ("Message", "no <topic>"),
    ]
    assert root[1].text == "r-1"


def test_errors_without_a_route() -> None:
    error = AwsError("UnknownOperationException", "what?\nso\u20ac")
    for protocol in Protocol:
        answer = serialize_error(protocol, None, error, "r")
        assert answer.status == 400
        assert b"UnknownOperationException" in answer.body or "UnknownOperationException" in answer.headers.values()


def test_what_xml_cannot_hold_is_replaced() -> None:
    found = route(Request("GET", "/", "Action=Publish&Version=2010-03-31"), ["sns"])
    answer = serialize(found, {"MessageId": "a\x00b\ud800c\r\n<&>\"'"}, "r")
    text = ElementTree.fromstring(answer.body).findtext(".//{*}MessageId")
    assert text == "a\ufffdb\ufffdc\r\n<&>\"'"


def test_lone_surrogates_are_sent_as_json_escapes() -> None:
    found = route(Request("POST", "/", "", {"x-amz-target": "AWSStepFunctions.DescribeExecution"}), ["stepfunctions"])
    answer = serialize(found, {"output": "\ud800"}, "r")
    assert answer.body == b'{"output":"\\ud800"}'


def test_absent_and_unknown_members_are_left_out_and_seconds_are_as_java_prints_doubles() -> None:
    found = route(Request("POST", "/", "", {"x-amz-target": "AWSStepFunctions.StartExecution"}), ["stepfunctions"])
    result = {"executionArn": "e", "startDate": 1_691_851_539_120, "nothing": None, "unknown": 1}
    assert serialize(found, result, "r").body == b'{"executionArn":"e","startDate":1.69185153912E9}'


def test_seconds_beside_what_the_fast_writer_refuses() -> None:
    found = route(Request("POST", "/", "", {"x-amz-target": "AWSStepFunctions.StartExecution"}), ["stepfunctions"])
    answer = serialize(found, {"executionArn": "\ud800", "startDate": 1500}, "r")
    assert answer.body == b'{"executionArn":"\\ud800","startDate":1.5}'


def test_operations_without_output_answer_an_empty_body() -> None:
    found = route(Request("POST", "/", "", {"x-amz-target": "AmazonSQS.DeleteMessage"}), ["sqs"])
    assert serialize(found, {}, "r").body == b""
