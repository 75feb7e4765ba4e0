"""Oracle: what botocore sends we read back, and what we answer botocore reads back; every operation, random values."""

from __future__ import annotations

import copy
import gzip
import json
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from botocore.awsrequest import HeadersDict
from botocore.model import ServiceModel as BotocoreModel
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from hypothesis import given, settings
from hypothesis import strategies as st

from segue.wire import overlays
from segue.wire.model import OperationModel, Protocol, _data_directory, load_service
from segue.wire.parse import parse
from segue.wire.request import Request, Response
from segue.wire.route import route
from segue.wire.serialize import serialize
from tests.wire.values import Values, for_botocore

SERVICES = ("sqs", "sns", "lambda", "stepfunctions", "dynamodb", "events", "logs", "iam", "sts")
OTHERS = ("scheduler", "pipes", "cloudformation", "ssm", "secretsmanager", "apigateway", "s3", "route53", "cloudfront")
#: whose answer is the text of its root, which botocore reads by a handler of its own
HANDLED = ("GetBucketLocation",)
CASES = [
    (name, protocol)
    for name in SERVICES + OTHERS
    for protocol in load_service(name).protocols
    if protocol is not Protocol.CBOR
]


def _legacy_queue_shapes(raw: dict[str, Any]) -> dict[str, Any]:
    """SQS's model with the query names put back, so that botocore can speak its old protocol."""
    raw = copy.deepcopy(raw)
    raw["metadata"] |= {"protocol": "query", "protocols": ["query"], "xmlNamespace": "http://queue.amazonaws.com/"}
    names, entries = overlays.QUERY_ELEMENT_NAMES["sqs"], overlays.QUERY_ENTRY_NAMES["sqs"]
    for name, shape in raw["shapes"].items():
        for ref in shape.get("members", {}).values():
            if ref["shape"] in names and raw["shapes"][ref["shape"]]["type"] == "map":
                ref["locationName"] = names[ref["shape"]]
        if shape["type"] == "list":
            shape["member"]["locationName"] = names[name]
        elif shape["type"] == "map":
            shape["key"]["locationName"], shape["value"]["locationName"] = entries[name]
    for operation in raw["operations"].values():
        if "output" in operation:
            operation["output"]["resultWrapper"] = f"{operation['name']}Result"
    return raw


@cache
def _botocore_model(name: str, protocol: Protocol) -> BotocoreModel:
    file = sorted((_data_directory() / name).glob("*/service-2.json*"))[-1]
    raw = json.loads(gzip.decompress(file.read_bytes()))
    if name == "sqs" and protocol is Protocol.QUERY:
        raw = _legacy_queue_shapes(raw)
    return BotocoreModel(raw, name)


def _request(name: str, sent: dict[str, Any]) -> Request:
    """The HTTP request of what botocore's serializer made."""
    headers = {key.lower(): value for key, value in sent["headers"].items()}
    scope = f"AKID/20261121/us-east-1/{load_service(name).signing_name}/aws4_request"
    headers["authorization"] = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=00"
    body = sent["body"]
    if isinstance(body, dict):
        body = urlencode(body, doseq=True).encode()
    path, _, query = sent["url_path"].partition("?")
    query = "&".join(part for part in (query, urlencode(sent["query_string"], doseq=True)) if part)
    return Request(sent["method"], path, query, headers, body.encode() if isinstance(body, str) else body)


def _without_empty(value: Any) -> Any:
    """Empty maps and structures cannot be told from absent ones on the query protocol."""
    if isinstance(value, dict):
        cleaned = {key: _without_empty(item) for key, item in value.items()}
        return {key: item for key, item in cleaned.items() if item not in ({}, [], None)}
    if isinstance(value, list):
        return [item for item in map(_without_empty, value) if item not in ({}, [], None)]
    return value


def _check_request(operation: OperationModel, protocol: Protocol, seed: int) -> None:
    service = operation.service
    if operation.input is None or operation.name in overlays.SUPERSEDED.get(service.name, ()):
        return
    streams = [r for r in operation.input.members.values() if service.shape(r.shape_name).is_event_stream]
    if streams:
        return
    params = Values(service, seed, True, protocol is Protocol.REST_XML).structure(operation.input)
    model = _botocore_model(service.name, protocol).operation_model(operation.name)
    sent = create_serializer(str(protocol), include_validation=False).serialize_to_request(
        for_botocore(service, operation.input, params), model
    )
    request = _request(service.name, sent)
    found = route(request, [service.name])
    assert (found.operation, found.protocol) == (operation, protocol)
    read = parse(found, request)
    for name, ref in operation.input.members.items():
        if ref.traits.get("idempotencyToken") and name not in params:
            read.pop(name, None)
    if params.get("AttributeNames") and service.name == "sqs" and protocol is Protocol.QUERY:  # the older name wins
        params.pop("MessageSystemAttributeNames", None)
    payload = operation.input.traits.get("payload")
    if payload and payload not in params and read.get(payload) in ({}, b""):  # none is sent as an empty one
        del read[payload]
    if protocol in (Protocol.QUERY, Protocol.REST_XML):
        assert _without_empty(read) == _without_empty(params)
    else:
        assert read == params


def _check_answer(operation: OperationModel, protocol: Protocol, seed: int) -> None:
    service = operation.service
    if operation.output is None or operation.name in overlays.SUPERSEDED.get(service.name, ()):
        return
    streams = [r for r in operation.output.members.values() if service.shape(r.shape_name).is_event_stream]
    if streams or operation.name in HANDLED:
        return
    result = Values(service, seed, whole_seconds=False).structure(operation.output)
    for name, ref in operation.output.members.items():
        if ref.location == "statusCode":
            result[name] = 202
    found = route(_route_request(operation, protocol), [service.name])
    answer = serialize(found, result, "request-1")
    got = _parsed(answer, service.name, protocol, operation)
    expected = for_botocore(service, operation.output, result)
    payload = operation.output.traits.get("payload")
    if payload and payload not in expected:  # a body is always there: botocore reads an empty one as empty
        got.pop(payload, None)
    for name, ref in operation.output.members.items():
        if (ref.location_name or "").lower() == "content-type" and name not in expected:
            got.pop(name, None)  # an answer has a content type, whether the operation says one or not
    clean = _without_empty if protocol in (Protocol.QUERY, Protocol.REST_XML) else lambda value: value
    assert clean(got) == clean(expected)


def _parsed(answer: Response, name: str, protocol: Protocol, operation: OperationModel) -> dict[str, Any]:
    output = _botocore_model(name, protocol).operation_model(operation.name).output_shape
    raw = {"status_code": answer.status, "headers": HeadersDict(answer.headers), "body": answer.body}
    payload = operation.output.traits.get("payload") if operation.output is not None else None
    if payload and operation.output is not None:
        shape = operation.service.shape(operation.output.members[payload].shape_name)
        if shape.type == "blob":  # botocore hands these on as a stream; it decodes nothing but ``bytes``
            raw["body"] = bytearray(answer.body)
    got = create_parser(str(protocol)).parse(raw, output)
    assert got.pop("ResponseMetadata")["HTTPStatusCode"] == answer.status
    return dict(got)


def _route_request(operation: OperationModel, protocol: Protocol) -> Request:
    service = operation.service
    scope = f"AKID/20261121/us-east-1/{service.signing_name}/aws4_request"
    headers = {"authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=00"}
    if protocol is Protocol.JSON:
        headers["x-amz-target"] = f"{service.target_prefix}.{operation.name}"
        return Request("POST", "/", "", headers)
    if protocol is Protocol.QUERY:
        headers["content-type"] = "application/x-www-form-urlencoded"
        return Request("POST", "/", "", headers, f"Action={operation.name}&Version={service.api_version}".encode())
    path, _, query = operation.uri.partition("?")
    segments = [quote("x") if part.startswith("{") else part for part in path.split("/")]
    shape = operation.input
    required = [shape.members[name] for name in sorted(shape.required)] if shape is not None else []
    query = "&".join((query, *(f"{ref.location_name}=1" for ref in required if ref.location == "querystring")))
    headers |= {(ref.location_name or "").lower(): "1" for ref in required if ref.location == "header"}
    return Request(operation.method, "/".join(segments), query, headers)


@pytest.mark.parametrize(("name", "protocol"), CASES)
@given(seed=st.integers(0, 2**32))
@settings(max_examples=8, deadline=None)
def test_what_botocore_sends_is_read_back(name: str, protocol: Protocol, seed: int) -> None:
    for operation in load_service(name).operations.values():
        _check_request(operation, protocol, seed)


@pytest.mark.parametrize(("name", "protocol"), CASES)
@given(seed=st.integers(0, 2**32))
@settings(max_examples=8, deadline=None)
def test_what_we_answer_botocore_reads_back(name: str, protocol: Protocol, seed: int) -> None:
    for operation in load_service(name).operations.values():
        _check_answer(operation, protocol, seed)
