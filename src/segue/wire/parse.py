"""Requests into members: one compiled reader an operation and protocol, made at its first use."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from segue.errors import AwsError, not_implemented
from segue.wire.cbor import CborDecoders, load_cbor
from segue.wire.form import compile_form, form_tree, malformed
from segue.wire.json_values import JsonDecoders, load_json, serialization_error
from segue.wire.model import OperationModel, Protocol
from segue.wire.request import Request
from segue.wire.rest_json import compile_rest_input
from segue.wire.rest_xml import compile_xml_input
from segue.wire.route import Route

Reader = Callable[[Request, Route], dict[str, Any]]


def parse(route: Route, request: Request) -> dict[str, Any]:
    """The operation's input: members as the model names them, timestamps in ``int`` milliseconds, blobs as ``bytes``.

    Members that the model does not have, and nulls, are left out.

    Raises:
        AwsError: what cannot be read, as AWS answers it: ``SerializationException``, ``MalformedInput``; 501 for
            protocols that are not built.
    """
    try:
        return _reader(route.operation, route.protocol)(request, route)
    except RecursionError:
        if route.protocol is Protocol.QUERY:
            raise malformed("The request is nested too deeply.") from None
        raise serialization_error("The request body is nested too deeply.") from None


def decode_members(operation: OperationModel, value: Any) -> dict[str, Any]:
    """The operation's input from a JSON object that names members as the model does (Step Functions' arguments).

    Raises:
        AwsError: ``SerializationException``: a value of a wrong type.
    """
    if operation.input is None:
        return {}
    try:
        decoded: dict[str, Any] = _json_reader(operation)(value)
    except RecursionError:
        raise serialization_error("The value is nested too deeply.") from None
    return decoded


@cache
def _json_reader(operation: OperationModel) -> Callable[[Any], Any]:
    if operation.input is None:
        return lambda _value: {}
    return JsonDecoders(operation.service).structure(operation.input)


@cache
def _reader(operation: OperationModel, protocol: Protocol) -> Reader:
    if protocol is Protocol.JSON:
        return _json(operation)
    if protocol is Protocol.CBOR:
        return _cbor(operation)
    if protocol is Protocol.QUERY:
        decode = compile_form(operation.service, operation.input)
        if operation.service.name == "sqs":
            return _queue_form(decode, operation)
        return lambda request, _route: decode(form_tree(request))
    if protocol is Protocol.REST_JSON:
        read = compile_rest_input(operation)
        return lambda request, route: read(request, route.labels)
    if protocol is Protocol.REST_XML:
        read_xml = compile_xml_input(operation)
        return lambda request, route: read_xml(request, route.labels)
    raise not_implemented(repr(operation), f"the protocol {protocol}")


def _json(operation: OperationModel) -> Reader:
    decode = _json_reader(operation)

    def read(request: Request, _route: Route) -> dict[str, Any]:
        decoded: dict[str, Any] = decode(load_json(request.body)) if request.body else {}
        return decoded

    return read


def _cbor(operation: OperationModel) -> Reader:
    decode = CborDecoders(operation.service).structure(operation.input) if operation.input is not None else None

    def read(request: Request, _route: Route) -> dict[str, Any]:
        decoded: dict[str, Any] = decode(load_cbor(request.body)) if request.body and decode is not None else {}
        return decoded

    return read


def _queue_form(decode: Callable[[dict[str, Any]], dict[str, Any]], operation: OperationModel) -> Reader:
    """SQS's query protocol takes the queue from the path where no QueueUrl is given: the request goes to its URL.

    There the older name of the attributes that a receiver asks for wins over the newer one, while as JSON they add up
    (conformance case message_system_attribute_names_with_attribute_names_sqs_query).
    """
    takes_queue = operation.input is not None and "QueueUrl" in operation.input.members

    def read(request: Request, _route: Route) -> dict[str, Any]:
        try:
            params = decode(form_tree(request))
        except AwsError as error:
            if error.code == "MalformedInput":
                raise AwsError("InvalidParameterValue", error.message) from None
            raise
        if takes_queue and "QueueUrl" not in params and request.path.count("/") >= 2:
            host = request.header("host")
            params["QueueUrl"] = f"http://{host}{request.path}" if host else request.path
        if params.get("AttributeNames"):
            params.pop("MessageSystemAttributeNames", None)
        return params

    return read
