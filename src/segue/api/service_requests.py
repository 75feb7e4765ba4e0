"""Operations of services as integrations of APIs: ``arn:aws:apigateway:REGION:SERVICE:action/Name`` and ``path/…``.

The request that AWS would send over the wire is made and read here, and goes through the one door; so every operation
of every service can stand behind a method or a route. Services of the query protocol answer API Gateway in JSON
(``{"SendMessageResponse": {"SendMessageResult": {…}, "ResponseMetadata": {…}}}``).

Source: API Gateway API reference, "Integration" (``uri``); developer guide, "Set up an API integration request".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import orjson

from segue.api.call import Call, Result
from segue.api.deliveries import whither
from segue.api.integration_targets import role_or_service
from segue.api.sdk.members import from_model
from segue.errors import AwsError, not_implemented
from segue.jobs import Outbound, Pending
from segue.languages.asl import json_text
from segue.wire.model import Protocol, ServiceModel
from segue.wire.parse import parse
from segue.wire.request import Request
from segue.wire.route import Route, route
from segue.wire.serialize import serialize, serialize_error

_URI = re.compile(r"arn:[\w-]+:apigateway:([\w-]*):(?:([\w-]+)\.)?([\w-]+):(action|path)/(.*)", re.DOTALL)
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class ServiceRequest:
    """What an integration asks of a service.

    Attributes:
        uri: names the service and the operation or the path.
        method: of the request.
        headers: by lower-case name; ``content-type`` is among them.
        query: all values by name.
        path: values of the URI's variables.
        role_arn: on whose authority; none for the API's own.
    """

    uri: str
    method: str
    headers: Mapping[str, str]
    query: Mapping[str, list[str]]
    path: Mapping[str, str]
    body: bytes
    role_arn: str | None = None


@dataclass(frozen=True, slots=True)
class ServiceAnswer:
    """What came of it.

    Attributes:
        operation: what was performed (``sqs:SendMessage``).
        error: why it failed, for people; empty where it did not.
        headers: by lower-case name.
        target: where that has brought something, as the record of deliveries has it.
    """

    operation: str
    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    error: str = ""
    target: str = ""


Then = Callable[[Call, ServiceAnswer], Result]


class NoOperation(Exception):
    """The URI names none."""


def with_path(uri: str, path: Mapping[str, str]) -> str:
    """A URI with its variables filled in (``{id}``, ``{rest+}``)."""
    for name, value in path.items():
        uri = uri.replace(f"{{{name}}}", quote(value, safe="")).replace(f"{{{name}+}}", quote(value, safe="/"))
    return uri


def perform_request(call: Call, asked: ServiceRequest, then: Then) -> Result:
    """Perform the operation that a request names; its answer, or its error, goes to ``then``.

    Raises:
        NoOperation: see there.
    """
    found = _URI.fullmatch(asked.uri)
    if found is None:
        raise NoOperation
    region, host_part, label, kind, rest = found.groups()
    name = f"{label}:{rest.partition('?')[0]}"
    request = _request(call, asked, f"{host_part}.{label}" if host_part else label, kind, rest)
    try:
        taken = _route(call, request, label, kind, rest.partition("?")[0].partition("&")[0])
        name = f"{taken.service.name}:{taken.operation.name}"
        params = parse(taken, request)
    except AwsError as error:
        body = orjson.dumps({"__type": error.code, "message": error.message})
        return then(call, ServiceAnswer(name, error.status, body, error=str(error)))
    acting = role_or_service(call, asked.role_arn)
    if region and region != call.region:
        acting = acting.as_caller(acting.caller.in_region(region))
    try:
        result = acting.perform(name, params)
    except AwsError as error:
        return then(call, replace(_failed(call, taken, name, error), target=_target(call, name, params)))
    if isinstance(result, Outbound):
        return Outbound(result.effect, result.request, partial(_settled, result, taken, name, params, then))
    if isinstance(result, Pending):
        return result
    return then(call, replace(_told(call, taken, name, result), target=_target(call, name, params, result)))


def _target(call: Call, name: str, params: dict[str, Any], result: Any = None) -> str:
    return whither(params, result, call.region)[0] or name


def _request(call: Call, asked: ServiceRequest, host: str, kind: str, rest: str) -> Request:
    """The request as the service would get it."""
    headers = {**asked.headers, "host": f"{host}.{call.region}.amazonaws.com"}
    path, body = "/", asked.body
    if kind == "path":
        parts = urlsplit(with_path(rest if rest.startswith("/") else f"/{rest}", asked.path))
        path, given = parts.path or "/", parts.query
    else:
        _, _, given = rest.partition("&")
    own = urlencode([(name, value) for name, values in asked.query.items() for value in values])
    text = "&".join(part for part in (given, own) if part)
    is_form = headers.get("content-type", "").startswith(_FORM)
    if kind == "path" and asked.method == "POST" and "Action=" in text and not is_form:
        body = b""  # the query has it all
    return Request(asked.method, path, text, headers, body)


def _route(call: Call, request: Request, label: str, kind: str, action: str) -> Route:
    services = tuple(call.api.services)
    if kind == "path":
        return route(request, services)
    models = [call.api.model(name) for name in services]
    model = next((one for one in models if label in (one.endpoint_prefix, one.signing_name, one.name)), None)
    if model is None:
        raise not_implemented(f"the service {label[:64]!r}")
    operation = model.operations.get(action)
    if operation is None:
        raise AwsError("UnknownOperationException", f"Unknown operation: {action[:256]}")
    if Protocol.QUERY in model.protocols:
        _as_form(request, model, action)
        return Route(model, operation, Protocol.QUERY)
    return Route(model, operation, model.protocols[0])


def _as_form(request: Request, model: ServiceModel, action: str) -> None:
    """The query's parameters and the form's are one form."""
    own = request.body if request.header("content-type").startswith(_FORM) else b""
    parts = [f"Action={action}&Version={model.api_version}", request.query, own.decode("utf-8", "replace").strip()]
    request.method, request.query = "POST", ""
    request.headers["content-type"] = _FORM
    request.body = "&".join(part for part in parts if part).encode()


def _settled(
    outbound: Outbound, taken: Route, name: str, params: dict[str, Any], then: Then, call: Call, outcome: Any
) -> Result:
    result: Result = outbound.settle(call, outcome)
    if not isinstance(result, dict):
        return result
    return then(call, replace(_told(call, taken, name, result), target=_target(call, name, params, result)))


def _told(call: Call, taken: Route, name: str, result: dict[str, Any]) -> ServiceAnswer:
    if taken.protocol is Protocol.QUERY:
        body = _in_json(taken, result, call.request_id)
        return ServiceAnswer(name, 200, body, {"content-type": "application/json"})
    answer = serialize(taken, result, call.request_id)
    headers = {key.lower(): value for key, value in answer.headers.items()}
    return ServiceAnswer(name, answer.status, answer.body, headers)


def _in_json(taken: Route, result: dict[str, Any], request_id: str) -> bytes:
    operation = taken.operation
    content: dict[str, Any] = {}
    if operation.output is not None and operation.output.members:
        content[f"{operation.name}Result"] = from_model(taken.service, operation.output, result, lambda name: name)
    content["ResponseMetadata"] = {"RequestId": request_id}
    return json_text.dump({f"{operation.name}Response": content}).encode()


def _failed(call: Call, taken: Route, name: str, error: AwsError) -> ServiceAnswer:
    if taken.protocol is Protocol.QUERY:
        kind = {"Error": {"Code": error.code, "Message": error.message, "Type": "Sender"}}
        body = json_text.dump({**kind, "RequestId": call.request_id}).encode()
        return ServiceAnswer(name, error.status, body, error=str(error))
    answer = serialize_error(taken.protocol, taken.service, error, call.request_id)
    headers = {key.lower(): value for key, value in answer.headers.items()}
    return ServiceAnswer(name, answer.status, answer.body, headers, str(error))
