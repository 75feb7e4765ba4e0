"""rest-json: members in the path, query string, headers, status and body of a request or an answer."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

from segue.errors import AwsError, not_implemented
from segue.wire import timestamps
from segue.wire.json_values import (
    JsonDecoders,
    JsonEncoders,
    dump_json,
    load_json,
    serialization_error,
    timestamp_encoder,
)
from segue.wire.model import OperationModel, Ref, ServiceModel, Shape
from segue.wire.request import Request, Response

_MAX_QUERY_FIELDS: Final = 10_000
TextDecoder = Callable[[str], Any]


def _invalid(text: str, wanted: str) -> AwsError:
    return serialization_error(f"Value {text[:64]} can not be converted to {wanted}")


def _integer_decoder(bits: int) -> TextDecoder:
    limit, wanted = 1 << (bits - 1), "Integer" if bits == 32 else "Long"

    def decode(text: str) -> int:
        digits = text.strip()
        try:
            number = int(digits) if len(digits) <= 20 and digits.isascii() and "_" not in digits else limit
        except ValueError:
            number = limit
        if not -limit <= number < limit:
            raise _invalid(text, wanted)
        return number

    return decode


def _text_float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise _invalid(text, "Double") from None


def _text_boolean(text: str) -> bool:
    lowered = text.strip().lower()
    if lowered not in ("true", "false"):
        raise _invalid(text, "Boolean")
    return lowered == "true"


def _text_timestamp(text: str) -> int:
    try:
        return timestamps.from_text(text)
    except ValueError:
        raise _invalid(text, "Timestamp") from None


def _text_blob(text: str) -> bytes:
    try:
        return b64decode(text.encode("ascii"), validate=True)
    except ValueError:
        raise _invalid(text, "Blob") from None


def _text_json(text: str) -> str:
    """A JSON value in a header is Base64 (jsonvalue trait); inside it stays a text."""
    try:
        return b64decode(text.encode("ascii"), validate=True).decode()
    except ValueError:
        raise _invalid(text, "JsonValue") from None


_TEXT_DECODERS: Final[dict[str, TextDecoder]] = {
    "string": lambda text: text,
    "character": lambda text: text,
    "integer": _integer_decoder(32),
    "long": _integer_decoder(64),
    "float": _text_float,
    "double": _text_float,
    "boolean": _text_boolean,
    "timestamp": _text_timestamp,
    "blob": _text_blob,
}


def _text_decoder(service: ServiceModel, ref: Ref) -> TextDecoder:
    shape = service.shape(ref.shape_name)
    if ref.traits.get("jsonvalue") or shape.traits.get("jsonvalue"):
        return _text_json
    return _TEXT_DECODERS[shape.type]


def _query_values(query: str) -> dict[str, list[str]]:
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=_MAX_QUERY_FIELDS, errors="strict")
    except ValueError:
        raise serialization_error("The query string is not valid") from None
    values: dict[str, list[str]] = {}
    for key, value in pairs:
        values.setdefault(key, []).append(value)
    return values


def _query_decoder(
    service: ServiceModel, name: str, ref: Ref, taken: frozenset[str]
) -> Callable[[dict[str, list[str]]], Any]:
    """Of one member in the query string: repeated for a list; a map gets every parameter that is not ``taken``."""
    shape, wire_name = service.shape(ref.shape_name), ref.location_name or name
    if shape.type == "list" and shape.element is not None:
        element = _text_decoder(service, shape.element)
        return lambda values: [element(text) for text in values[wire_name]] if wire_name in values else None
    if shape.type == "map":
        return lambda values: {key: texts[0] for key, texts in values.items() if key not in taken} or None
    decoder = _text_decoder(service, ref)
    return lambda values: decoder(values[wire_name][0]) if wire_name in values else None


def _query_names(operation: OperationModel, shape: Shape) -> frozenset[str]:
    """The parameters that the URI template or a member names."""
    literal = (part.partition("=")[0] for part in operation.uri.partition("?")[2].split("&"))
    members = (ref.location_name or name for name, ref in shape.members.items() if ref.location == "querystring")
    return frozenset((*literal, *members))


def _header_decoder(service: ServiceModel, name: str, ref: Ref) -> Callable[[Mapping[str, str]], Any]:
    shape, wire_name = service.shape(ref.shape_name), (ref.location_name or name).lower()
    if ref.location == "headers":
        cut = len(wire_name) if ref.location_name else 0
        prefix = wire_name if ref.location_name else ""
        return lambda headers: {key[cut:]: text for key, text in headers.items() if key.startswith(prefix)} or None
    if shape.type == "list" and shape.element is not None:
        element = _text_decoder(service, shape.element)
        return lambda headers: (
            [element(text.strip()) for text in headers[wire_name].split(",")] if wire_name in headers else None
        )
    decoder = _text_decoder(service, ref)
    return lambda headers: decoder(headers[wire_name]) if wire_name in headers else None


def _payload_decoder(service: ServiceModel, ref: Ref) -> Callable[[bytes], Any]:
    shape = service.shape(ref.shape_name)
    if shape.is_event_stream:
        raise not_implemented(service.name, f"the event stream {shape.name}")
    if shape.type == "blob":
        return lambda body: body or None
    if shape.type == "string":
        return _decode_text_body
    decoder = JsonDecoders(service).of(ref)
    return lambda body: decoder(load_json(body)) if body else None


def _decode_text_body(body: bytes) -> str | None:
    try:
        return body.decode() or None
    except UnicodeDecodeError:
        raise serialization_error("The request body is not valid UTF-8") from None


def compile_rest_input(operation: OperationModel) -> Callable[[Request, Mapping[str, str]], dict[str, Any]]:
    """The reader of a request and its decoded path labels."""
    service, shape = operation.service, operation.input
    if shape is None:
        return lambda _request, _labels: {}
    labels, queries, headers, in_body = [], [], [], False
    payload = shape.traits.get("payload")
    taken = _query_names(operation, shape)
    for name, ref in shape.members.items():
        if ref.location == "uri":
            labels.append((name, ref.location_name or name, _text_decoder(service, ref)))
        elif ref.location == "querystring":
            queries.append((name, _query_decoder(service, name, ref, taken)))
        elif ref.location in ("header", "headers"):
            headers.append((name, _header_decoder(service, name, ref)))
        elif name != payload:
            in_body = True
    body = JsonDecoders(service).structure(shape) if in_body and not payload else None
    located = frozenset(name for name, ref in shape.members.items() if ref.location)
    read_payload = _payload_decoder(service, shape.members[payload]) if payload else None

    def read(request: Request, values: Mapping[str, str]) -> dict[str, Any]:
        params: dict[str, Any] = {}
        if body is not None and request.body:
            params = body(load_json(request.body))
            for name in located & params.keys():  # what belongs elsewhere does not count in the body
                del params[name]
        elif read_payload is not None and payload:
            params[payload] = read_payload(request.body)
        params.update((name, decoder(values[wire_name])) for name, wire_name, decoder in labels if wire_name in values)
        if queries and request.query:
            query = _query_values(request.query)
            params.update((name, decoder(query)) for name, decoder in queries)
        params.update((name, decoder(request.headers)) for name, decoder in headers)
        return {name: value for name, value in params.items() if value is not None}

    return read


def _text_encoder(service: ServiceModel, ref: Ref) -> Callable[[Any], str]:
    shape = service.shape(ref.shape_name)
    if ref.traits.get("jsonvalue") or shape.traits.get("jsonvalue"):
        return lambda value: b64encode((value if isinstance(value, str) else json.dumps(value)).encode()).decode()
    if shape.type == "timestamp":
        return timestamp_encoder(service, ref, "rfc822")
    if shape.type == "boolean":
        return lambda value: "true" if value else "false"
    if shape.type == "blob":
        return lambda value: b64encode(value).decode()
    if shape.type == "list" and shape.element is not None:
        element = _text_encoder(service, shape.element)
        return lambda value: ",".join(element(item) for item in value)
    return str


def _add_headers(service: ServiceModel, shape: Shape) -> Callable[[dict[str, Any], dict[str, str]], None]:
    plain, prefixed = [], []
    for name, ref in shape.members.items():
        if ref.location == "header":
            plain.append((name, ref.location_name or name, _text_encoder(service, ref)))
        elif ref.location == "headers":
            prefixed.append((name, ref.location_name or ""))

    def add(result: dict[str, Any], headers: dict[str, str]) -> None:
        for name, header, encoder in plain:
            value = result.get(name)
            if value is not None:
                headers[header] = encoder(value)
        for name, prefix in prefixed:
            for key, value in (result.get(name) or {}).items():
                headers[prefix + key] = str(value)

    return add


def _payload_encoder(service: ServiceModel, ref: Ref) -> Callable[[Any], bytes]:
    shape = service.shape(ref.shape_name)
    if shape.type == "blob":
        return lambda value: value if isinstance(value, bytes) else bytes(value or b"")
    if shape.type == "string":
        return lambda value: (value or "").encode("utf-8", "replace")
    encoder = JsonEncoders(service).of(ref)
    return lambda value: dump_json(value if encoder is None or value is None else encoder(value)) if value else b"{}"


def compile_rest_output(operation: OperationModel) -> Callable[[dict[str, Any], str], Response]:
    """The writer of an answer: takes the result and the request id."""
    service, shape = operation.service, operation.output
    success = operation.success_status
    if shape is None:
        empty = b"" if success == 204 else b"{}"
        return lambda _result, request_id: Response(success, {"x-amzn-RequestId": request_id}, empty)
    add_headers = _add_headers(service, shape)
    status_member = next((name for name, ref in shape.members.items() if ref.location == "statusCode"), None)
    payload = shape.traits.get("payload")
    located = frozenset(name for name, ref in shape.members.items() if ref.location)
    write_payload = _payload_encoder(service, shape.members[payload]) if payload else None
    body = JsonEncoders(service).structure(shape)

    def write(result: dict[str, Any], request_id: str) -> Response:
        headers = {"x-amzn-RequestId": request_id, "Content-Type": "application/json"}
        add_headers(result, headers)
        status = result.get(status_member, success) if status_member else success
        if write_payload is not None and payload:
            return Response(status, headers, write_payload(result.get(payload)))
        if located:
            result = {name: value for name, value in result.items() if name not in located}
        return Response(status, headers, b"" if status == 204 else dump_json(body(result)))

    return write
