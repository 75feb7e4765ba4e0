"""Results and errors into answers: one compiled writer an operation and protocol, made at its first use."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from functools import cache
from typing import Any, Final

from segue.errors import AwsError, not_implemented
from segue.wire import cbor, overlays
from segue.wire.cbor import CborEncoders, dump_cbor
from segue.wire.json_values import JsonEncoders, dump_json
from segue.wire.model import ErrorModel, OperationModel, Protocol, ServiceModel, Shape
from segue.wire.request import Response
from segue.wire.rest_json import compile_rest_output
from segue.wire.rest_xml import compile_xml_output, id_headers, plain_error_xml
from segue.wire.route import Route
from segue.wire.xml import compile_query_result, error_xml, escape

Writer = Callable[[dict[str, Any], str], Response]

#: framework errors and their status where a service does not model them
_STATUS_OF_CODE: Final[dict[str, int]] = {"InternalFailure": 500, "InternalError": 500, "ServiceUnavailable": 503}


def serialize(route: Route, result: dict[str, Any], request_id: str) -> Response:
    """The answer to a performed operation.

    Args:
        result: members as the model names them; timestamps in milliseconds, blobs as bytes; None means absent, and what
            the model does not have is left out.

    Raises:
        AwsError: 501: an event stream, or a protocol that is not built.
    """
    return _writer(route.operation, route.protocol)(result, request_id)


@cache
def _json_writer(service: ServiceModel, shape: Shape) -> Callable[[Any], Any]:
    return JsonEncoders(service).structure(shape)


@cache
def _writer(operation: OperationModel, protocol: Protocol) -> Writer:
    if protocol is Protocol.JSON:
        return _json(operation)
    if protocol is Protocol.QUERY:
        write = compile_query_result(operation)
        return lambda result, request_id: Response(
            operation.success_status,
            {"Content-Type": "text/xml", "x-amzn-RequestId": request_id},
            write(result, request_id),
        )
    if protocol is Protocol.CBOR:
        return _cbor(operation)
    if protocol is Protocol.REST_JSON:
        return compile_rest_output(operation)
    if protocol is Protocol.REST_XML:
        return compile_xml_output(operation)
    raise not_implemented(repr(operation), f"the protocol {protocol}")


def _json(operation: OperationModel) -> Writer:
    service, content_type = operation.service, _json_type(operation.service)
    encode = JsonEncoders(service).structure(operation.output) if operation.output is not None else None
    checked = service.name in overlays.CRC32_SERVICES

    def write(result: dict[str, Any], request_id: str) -> Response:
        body = dump_json(encode(result)) if encode is not None else b"{}"
        headers = {"Content-Type": content_type, "x-amzn-RequestId": request_id}
        if checked:
            headers["x-amz-crc32"] = str(zlib.crc32(body))
        return Response(operation.success_status, headers, body)

    # AWS sends no body at all where the model has no output (EventBridge's PutTargets' kin: 200 and an empty body)
    return write if encode is not None else _without_output(content_type)


def _cbor(operation: OperationModel) -> Writer:
    shape = operation.output
    encode = CborEncoders(operation.service).structure(shape) if shape is not None else None

    def write(result: dict[str, Any], request_id: str) -> Response:
        headers = {**cbor.HEADERS, "x-amzn-RequestId": request_id}
        if encode is None:
            headers.pop("Content-Type")
        return Response(operation.success_status, headers, dump_cbor(encode(result)) if encode is not None else b"")

    return write


def _without_output(content_type: str) -> Writer:
    return lambda _result, request_id: Response(
        200, {"Content-Type": content_type, "x-amzn-RequestId": request_id}, b""
    )


def _json_type(service: ServiceModel | None) -> str:
    return f"application/x-amz-json-{service.json_version if service is not None else '1.0'}"


def serialize_error(protocol: Protocol, service: ServiceModel | None, error: AwsError, request_id: str) -> Response:
    """The answer to a failed request, with the headers and forms from which SDKs read the code.

    Args:
        protocol: the route's, or ``guess_protocol(request)`` where there is no route.
        service: the route's; None where the request could not be routed.
    """
    model = service.error(error.code) if service is not None else None
    if service is not None and service.name in overlays.UNWRAPPED_ERRORS:
        return _plain_error(service, model, error, request_id)
    if protocol in (Protocol.QUERY, Protocol.REST_XML):
        return _query_error(service, model, error, request_id)
    status = _status(model, error)
    code = model.name if model is not None else error.code
    body = _error_members(service, model, error)
    headers = {"x-amzn-RequestId": request_id}
    if protocol is Protocol.CBOR:
        headers |= cbor.HEADERS
        body = {"__type": _qualified(service, code), **body}
    elif protocol is Protocol.REST_JSON:
        headers |= {"Content-Type": "application/json", "x-amzn-ErrorType": _header_safe(code)}
    else:
        headers["Content-Type"] = _json_type(service)
        body = {"__type": _qualified(service, code), **body}
    if service is not None and service.query_compatible:
        sender = model.sender_fault if model is not None else status < 500
        query_code = model.query_code if model is not None else error.code
        headers["x-amzn-query-error"] = _header_safe(f"{query_code};{'Sender' if sender else 'Receiver'}")
    content = dump_cbor(body) if protocol is Protocol.CBOR else dump_json(body)
    if service is not None and service.name in overlays.CRC32_SERVICES:
        headers["x-amz-crc32"] = str(zlib.crc32(content))
    return Response(status, headers, content)


def _status(model: ErrorModel | None, error: AwsError) -> int:
    if model is not None and error.status == 400:
        return model.status
    return _STATUS_OF_CODE.get(error.code, error.status) if error.status == 400 else error.status


def _header_safe(text: str) -> str:
    return "".join(char if " " <= char <= "~" else "?" for char in text)


def _qualified(service: ServiceModel | None, code: str) -> str:
    """``__type``: with the namespace that the service sends, or the common framework's."""
    if service is None:
        namespace = overlays.FRAMEWORK_ERROR_NAMESPACES.get(code)
    elif service.name not in overlays.ERROR_NAMESPACES:
        return code
    else:
        own = overlays.ERROR_NAMESPACES[service.name]
        namespace = overlays.FRAMEWORK_ERROR_NAMESPACES.get(code, own)
    return f"{namespace}#{code}" if namespace else code


def _error_members(service: ServiceModel | None, model: ErrorModel | None, error: AwsError) -> dict[str, Any]:
    """The message under the name that the error's shape gives it, and the shape's other members."""
    if service is None or model is None:
        return {"message": error.message, **{name: value for name, value in error.members.items() if value is not None}}
    members = dict(error.members)
    name = next((name for name in model.shape.members if name.lower() == "message"), None)
    if name is not None:
        members[name] = error.message
    if "Type" in model.shape.members:
        members.setdefault("Type", "User" if model.sender_fault else "Service")
    encoded: dict[str, Any] = _json_writer(service, model.shape)(members)
    return encoded if name is not None else {"message": error.message, **encoded}


def _plain_error(service: ServiceModel, model: ErrorModel | None, error: AwsError, request_id: str) -> Response:
    """As S3 tells errors; one of its own that only says "not modified" has no body."""
    status, headers = _status(model, error), id_headers(service, request_id)
    members = dict(error.members)
    headers.update(members.pop("Headers", None) or {})
    if status == 304:
        return Response(status, headers)
    code = overlays.COMMON_ERROR_CODES.get(service.name, {}).get(error.code, error.code)
    headers["Content-Type"] = "application/xml"
    return Response(status, headers, plain_error_xml(code, error.message, members, request_id))


def _query_error(service: ServiceModel | None, model: ErrorModel | None, error: AwsError, request_id: str) -> Response:
    status = _status(model, error)
    sender = model.sender_fault if model is not None else status < 500
    code = model.query_code if model is not None else error.code
    members = "".join(
        f"<{name}>{escape(str(value))}</{name}>"
        for name, value in error.members.items()
        if value is not None and name.isidentifier() and name.lower() not in ("message", "type", "code")
    )
    body = error_xml(service, code, error.message, sender, members, request_id)
    return Response(status, {"Content-Type": "text/xml", "x-amzn-RequestId": request_id}, body)
