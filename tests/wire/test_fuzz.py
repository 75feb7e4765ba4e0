"""Whatever comes in: an answer of the operation, or an AwsError; never anything else."""

from __future__ import annotations

import contextlib
import random
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segue.errors import AwsError
from segue.wire.model import Protocol, load_service
from segue.wire.parse import decode_members, parse
from segue.wire.request import Request
from segue.wire.route import guess_protocol, route
from segue.wire.serialize import serialize_error
from segue.wire.sigv4 import parse_authorization, verify
from segue.wire.validate import validate

SERVICES = ["sqs", "sns", "lambda", "stepfunctions", "dynamodb", "events", "logs", "iam", "sts", "s3"]
OPERATIONS = [operation for name in SERVICES for operation in load_service(name).operations.values()]

header_text = st.text(st.characters(min_codepoint=1, max_codepoint=255), max_size=40)
headers = st.dictionaries(
    st.sampled_from(
        ["x-amz-target", "content-type", "authorization", "host", "smithy-protocol", "x-amz-date", "date",
         "x-amz-invocation-type", "x-amz-content-sha256"]
    ),
    header_text | st.sampled_from(
        ["AmazonSQS.SendMessage", "AWSStepFunctions.StartExecution", "application/x-www-form-urlencoded",
         "AWS4-HMAC-SHA256 Credential=A/20261121/us-east-1/sqs/aws4_request, SignedHeaders=host, Signature=0",
         "20261121T000000Z", "DynamoDB_20120810.PutItem", "rpc-v2-cbor"]
    ),
    max_size=5,
)  # fmt: skip
bodies = st.binary(max_size=60) | st.sampled_from(
    [b"[]", b"{", b"nul", b'"x"', b"1e999", b"Action=Publish&A.B.1=2", b'{"QueueUrl":{}}', b"[" * 5000, b'{"a":' * 2000]
)
paths = st.text(st.characters(min_codepoint=33, max_codepoint=255), max_size=30).map(lambda text: "/" + text)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def _handle(request: Request) -> None:
    found = None
    try:
        found = route(request, SERVICES)
        validate(found.operation, parse(found, request))
    except AwsError as error:
        protocol = found.protocol if found else guess_protocol(request)
        answer = serialize_error(protocol, found.service if found else None, error, "r")
        assert 400 <= answer.status < 600
        assert isinstance(answer.body, bytes)


@given(st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD", "x"]), paths, header_text, headers, bodies)
@settings(max_examples=400, deadline=None)
def test_any_request(method: str, path: str, query: str, given_headers: dict[str, str], body: bytes) -> None:
    request = Request(method, path, query, given_headers, body)
    _handle(request)
    parse_authorization(request)
    with contextlib.suppress(AwsError):
        verify(request, "secret", 1_800_000_000_000)


def _mutated(value: Any, random_: random.Random) -> Any:
    """A JSON value with one part of it replaced by something else."""
    if random_.random() < 0.3 or not isinstance(value, (dict, list)) or not value:
        return random_.choice([None, True, 1, -1.5, 10**30, "", "x", "\x00", [], {}, [None], {"": {}}, [[[]]], 1e308])
    if isinstance(value, dict):
        key = random_.choice([*value])
        return {**value, key: _mutated(value[key], random_)}
    at = random_.randrange(len(value))
    return [*value[:at], _mutated(value[at], random_), *value[at + 1 :]]


@given(st.integers(0, 2**32))
@settings(max_examples=30, deadline=None)
def test_wrong_types_anywhere(seed: int) -> None:
    from tests.wire.values import Values

    random_ = random.Random(seed)
    for operation in random_.sample(OPERATIONS, 40):
        if operation.input is None:
            continue
        good = Values(operation.service, seed, whole_seconds=True).structure(operation.input)
        value = orjson.loads(orjson.dumps(good, default=lambda raw: raw.hex()))
        with contextlib.suppress(AwsError):
            validate(operation, decode_members(operation, _mutated(value, random_)))


@given(st.sampled_from(OPERATIONS), json_values)
@settings(max_examples=300, deadline=None)
def test_any_json_for_any_operation(operation: Any, value: Any) -> None:
    with contextlib.suppress(AwsError):
        validate(operation, decode_members(operation, value))


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"a":' * 100_000])
def test_depth_is_refused_not_fatal(body: bytes) -> None:
    request = Request("POST", "/", "", {"x-amz-target": "DynamoDB_20120810.PutItem"}, body)
    with pytest.raises(AwsError) as caught:
        parse(route(request, SERVICES), request)
    assert caught.value.code == "SerializationException"


def test_depth_below_what_json_allows_is_read_or_refused() -> None:
    body = b'{"Item":{"x":' + b'{"M":{"a":' * 480 + b'{"S":""}' + b"}}" * 480 + b"}}"
    _handle(Request("POST", "/", "", {"x-amz-target": "DynamoDB_20120810.PutItem"}, body))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", None),
        (b'{"stateMachineArn":null}', None),
        (b"[]", "Start of list found where not expected"),
        (b'"x"', "STRING_VALUE can not be converted to Structure"),
        (b'{"stateMachineArn":1}', "NUMBER_VALUE can not be converted to String"),
        (b'{"stateMachineArn":true}', "TRUE_VALUE can not be converted to String"),
        (b'{"stateMachineArn":{}}', "Start of structure or map found where not expected."),
        (b'{"maxResults":"5"}', "STRING_VALUE can not be converted to Integer"),
        (b'{"maxResults":99999999999}', "Number is out of the range of Integer"),
        (b'{"maxResults":1.9}', None),
        (b'{"unknown":[null]}', None),
    ],
)
def test_json_texts(body: bytes, message: str | None) -> None:
    request = Request("POST", "/", "", {"x-amz-target": "AWSStepFunctions.ListExecutions"}, body)
    found = route(request, SERVICES)
    assert found.protocol is Protocol.JSON
    if message is None:
        parse(found, request)
        return
    with pytest.raises(AwsError) as caught:
        parse(found, request)
    assert (caught.value.code, caught.value.message) == ("SerializationException", message)


def test_nulls() -> None:
    operation = load_service("sqs").operations["CreateQueue"]
    assert decode_members(operation, {"QueueName": "q", "Attributes": {"a": None}}) == {
        "QueueName": "q",
        "Attributes": {},
    }
    with pytest.raises(AwsError, match="null"):
        decode_members(load_service("events").operations["PutEvents"], {"Entries": [None]})
