"""The client's side of the wire: an operation's input into a request, and its answer into members.

By botocore's own serializers and parsers, which speak all protocols; they are imported at the first use (a tenth of a
second). Timestamps are ``int`` milliseconds, blobs ``bytes``, as everywhere inside.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import md5
from typing import Any
from urllib.parse import urlsplit

from segue.errors import AwsError, not_implemented
from segue.wire.model import OperationModel, ServiceModel, Shape
from segue.wire.request import Request

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HOST = "http://localhost"


@cache
def _botocore(service: str) -> tuple[Any, Any, Any]:
    """Botocore's model, serializer and parser of a service."""
    from botocore.loaders import Loader
    from botocore.model import ServiceModel as BotocoreModel
    from botocore.parsers import create_parser
    from botocore.serialize import create_serializer

    model = BotocoreModel(Loader().load_service_model(service, "service-2"), service)
    protocol = model.resolved_protocol
    return model, create_serializer(protocol, include_validation=False), create_parser(protocol)


def fill_tokens(operation: OperationModel, params: dict[str, Any], token: Callable[[], str]) -> None:
    """Give the members that make a request idempotent a value, as SDKs do, where the caller gave none."""
    shape = operation.input
    for name, ref in shape.members.items() if shape is not None else ():
        if ref.traits.get("idempotencyToken") and name not in params:
            params[name] = token()


def write_request(operation: OperationModel, params: Mapping[str, Any]) -> Request:
    """The request of an operation, unsigned and without a ``Host``.

    Raises:
        AwsError: 501 for what has no answer of its own (event streams); ``ValidationException`` for a value that
            cannot be written.
    """
    from botocore.awsrequest import create_request_object, prepare_request_dict

    model, serializer, _ = _botocore(operation.service.name)
    operation_model = model.operation_model(operation.name)
    if operation_model.has_event_stream_output or operation_model.has_event_stream_input:
        raise not_implemented(repr(operation), "the event stream")
    given = _to_botocore(operation.service, operation.input, dict(params)) if operation.input is not None else {}
    try:
        made = serializer.serialize_to_request(given, operation_model)
        prepare_request_dict(made, _HOST)
        prepared = create_request_object(made).prepare()
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise AwsError("ValidationException", f"The input of {operation!r} cannot be sent: {error}") from None
    parts = urlsplit(prepared.url)
    body = prepared.body or b""
    body = body.encode() if isinstance(body, str) else bytes(body)
    headers = {name.lower(): _text(value) for name, value in prepared.headers.items()}
    headers.pop("content-length", None)
    if operation_model.http_checksum_required and "content-md5" not in headers:
        headers["content-md5"] = b64encode(md5(body, usedforsecurity=False).digest()).decode()
    return Request(prepared.method, parts.path or "/", parts.query, headers, body)


def read_answer(operation: OperationModel, status: int, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    """The members of an answer.

    Args:
        headers: names in lower case.

    Raises:
        AwsError: what the answer says went wrong; 502 for one that cannot be read.
    """
    from botocore.compat import HTTPHeaders
    from botocore.parsers import ResponseParserError

    model, _, parser = _botocore(operation.service.name)
    given = HTTPHeaders.from_dict(headers)
    operation_model = model.operation_model(operation.name)
    # what botocore takes for a stream it hands on as it is: a body of bytes it would decode
    content = bytearray(body) if operation_model.has_streaming_output and status < 300 else body
    answer = {"status_code": status, "headers": given, "body": content, "context": {"operation_name": operation.name}}
    try:
        parsed = parser.parse(answer, operation_model.output_shape)
    except (ResponseParserError, KeyError, TypeError, ValueError) as error:
        raise AwsError(
            "ServiceUnavailable", f"The answer to {operation!r} cannot be read: {error}"[:1024], status=502
        ) from None
    parsed.pop("ResponseMetadata", None)
    told = parsed.pop("Error", None) or {}
    if status >= 300 or told:
        members = {name: _from_botocore(value) for name, value in parsed.items() if name not in ("message", "Message")}
        code = str(told.get("Code") or "Unknown").partition(":")[0]
        raise AwsError(code, str(told.get("Message") or ""), status=status if status >= 400 else 400, members=members)
    return {name: _from_botocore(value) for name, value in parsed.items()}


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _to_botocore(service: ServiceModel, shape: Shape, value: Any) -> Any:
    """With times as ``datetime``: as numbers they would be taken for seconds."""
    if shape.type == "timestamp" and isinstance(value, int):
        return _EPOCH + timedelta(milliseconds=value)
    if shape.type == "structure" and isinstance(value, dict) and not shape.is_document:
        known = ((name, service.shape(ref.shape_name)) for name, ref in shape.members.items() if name in value)
        return {name: _to_botocore(service, inner, value[name]) for name, inner in known if value[name] is not None}
    if shape.type == "list" and isinstance(value, list) and shape.element is not None:
        inner = service.shape(shape.element.shape_name)
        return [_to_botocore(service, inner, item) for item in value]
    if shape.type == "map" and isinstance(value, dict) and shape.value is not None:
        inner = service.shape(shape.value.shape_name)
        return {key: _to_botocore(service, inner, item) for key, item in value.items()}
    return value


def _from_botocore(value: Any) -> Any:
    if isinstance(value, datetime):
        aware = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
        return (aware - _EPOCH) // timedelta(milliseconds=1)
    if isinstance(value, dict):
        return {key: _from_botocore(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_from_botocore(item) for item in value]
    return bytes(value) if isinstance(value, bytearray) else value
