"""rest-json: members in the path, query string, headers, status and body of a request or an answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from segue.errors import not_implemented
from segue.wire.event_stream import CONTENT_TYPE, EventEncoder
from segue.wire.json_values import JsonDecoders, JsonEncoders, dump_json, load_json, serialization_error
from segue.wire.model import OperationModel, Ref, ServiceModel, Shape
from segue.wire.request import Request, Response
from segue.wire.rest_members import (
    add_headers,
    header_decoder,
    query_decoder,
    query_names,
    query_values,
    text_decoder,
)


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
    taken = query_names(operation, shape)
    for name, ref in shape.members.items():
        if ref.location == "uri":
            labels.append((name, ref.location_name or name, text_decoder(service, ref)))
        elif ref.location == "querystring":
            queries.append((name, query_decoder(service, name, ref, taken)))
        elif ref.location in ("header", "headers"):
            headers.append((name, header_decoder(service, name, ref)))
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
            query = query_values(request.query)
            params.update((name, decoder(query)) for name, decoder in queries)
        params.update((name, decoder(request.headers)) for name, decoder in headers)
        return {name: value for name, value in params.items() if value is not None}

    return read


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
    write_headers = add_headers(service, shape)
    status_member = next((name for name, ref in shape.members.items() if ref.location == "statusCode"), None)
    payload = shape.traits.get("payload")
    if payload and service.shape(shape.members[payload].shape_name).is_event_stream:
        return _event_stream(operation, shape, payload)
    located = frozenset(name for name, ref in shape.members.items() if ref.location)
    write_payload = _payload_encoder(service, shape.members[payload]) if payload else None
    body = JsonEncoders(service).structure(shape)

    def write(result: dict[str, Any], request_id: str) -> Response:
        headers = {"x-amzn-RequestId": request_id, "Content-Type": "application/json"}
        write_headers(result, headers)
        status = result.get(status_member, success) if status_member else success
        if write_payload is not None and payload:
            return Response(status, headers, write_payload(result.get(payload)))
        if located:
            result = {name: value for name, value in result.items() if name not in located}
        return Response(status, headers, b"" if status == 204 else dump_json(body(result)))

    return write


def _event_stream(operation: OperationModel, shape: Shape, member: str) -> Callable[[dict[str, Any], str], Response]:
    """The writer of an answer whose payload is an event stream: its member is an ``AsyncIterator`` of events."""
    service, write_headers = operation.service, add_headers(operation.service, shape)
    encoder = EventEncoder(service, service.shape(shape.members[member].shape_name))

    def write(result: dict[str, Any], request_id: str) -> Response:
        headers = {"x-amzn-RequestId": request_id, "Content-Type": CONTENT_TYPE}
        write_headers(result, headers)
        chunks = encoder.stream(result[member]) if result.get(member) is not None else None
        return Response(result.get("StatusCode", operation.success_status), headers, chunks=chunks)

    return write
