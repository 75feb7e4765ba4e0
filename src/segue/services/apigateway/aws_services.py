"""Operations of services as integrations: ``arn:aws:apigateway:REGION:SERVICE:action/Name`` and ``path/…``.

The request that AWS would send over the wire is made and read here, and goes through the one door; so every operation
of every service can stand behind a method. Services of the query protocol answer API Gateway in JSON
(``{"SendMessageResponse": {"SendMessageResult": {…}, "ResponseMetadata": {…}}}``).

Source: API Gateway API reference, "Integration" (``uri``); developer guide, "Set up an API integration request".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import urlencode, urlsplit

from segue.api.call import Call, Result
from segue.api.integration_targets import role_or_service
from segue.api.sdk.members import from_model
from segue.errors import AwsError, not_implemented
from segue.jobs import Outbound, Pending
from segue.languages.asl import json_text
from segue.services.apigateway.entered import Entered, refuse
from segue.services.apigateway.requests import Sent
from segue.services.apigateway.responses import Came, respond
from segue.wire.model import Protocol, ServiceModel
from segue.wire.parse import parse
from segue.wire.request import Request
from segue.wire.route import Route, route
from segue.wire.serialize import serialize, serialize_error

_URI = re.compile(r"arn:[\w-]+:apigateway:([\w-]*):(?:([\w-]+)\.)?([\w-]+):(action|path)/(.*)", re.DOTALL)
_FORM = "application/x-www-form-urlencoded"
Record = Callable[[Call, Entered, str, str, str], None]


def perform_service(entered: Entered, made: Sent, record: Record) -> Result:
    """Perform the operation that an integration's URI and the request made for it name."""
    found = _URI.fullmatch(made.uri)
    if found is None:
        record(entered.call, entered, made.uri, "AWS", "the URI names no operation")
        return refuse(entered, "API_CONFIGURATION_ERROR")
    region, host_part, label, kind, rest = found.groups()
    request = _request(entered, made, label, host_part, kind, rest)
    name = f"{label}:{rest.partition('?')[0]}"
    try:
        taken = _route(entered, request, label, kind, rest.partition("?")[0].partition("&")[0])
        name = f"{taken.service.name}:{taken.operation.name}"
        params = parse(taken, request)
    except AwsError as error:
        record(entered.call, entered, name, name, str(error))
        return respond(entered, Came(str(error.status), _plain_error(error), answered=made.answered))
    call = role_or_service(entered.call, entered.integration.get("credentials"))
    if region and region != call.region:
        call = call.as_caller(call.caller.in_region(region))
    told = partial(_told, entered, made, taken, name, record)
    try:
        result = call.perform(name, params)
    except AwsError as error:
        return _failed(entered, made, taken, name, record, error)
    if isinstance(result, Outbound):
        return Outbound(result.effect, result.request, partial(_settled, result, told, entered))
    return result if isinstance(result, Pending) else told(entered.call, result)


def _request(entered: Entered, made: Sent, label: str, host_part: str | None, kind: str, rest: str) -> Request:
    """The request as the service would get it."""
    host = f"{label}.{entered.call.region}.amazonaws.com"
    headers = {**made.headers, "host": f"{host_part}.{host}" if host_part else host}
    path, query, body = "/", dict(made.query), made.body
    if kind == "path":
        variables = Sent(rest if rest.startswith("/") else f"/{rest}", path=made.path).url
        parts = urlsplit(variables)
        path, given = parts.path or "/", parts.query
    else:
        _, _, given = rest.partition("&")
    text = "&".join(part for part in (given, urlencode([(n, v) for n, vs in query.items() for v in vs])) if part)
    method = entered.integration.get("httpMethod") or "POST"
    verb = entered.visit.request.method if method == "ANY" else method
    if kind == "path" and verb == "POST" and "Action=" in text and not headers["content-type"].startswith(_FORM):
        body = b""  # the query has it all
    return Request(verb, path, text, headers, body)


def _route(entered: Entered, request: Request, label: str, kind: str, action: str) -> Route:
    services = tuple(entered.call.api.services)
    if kind == "path":
        return route(request, services)
    models = [entered.call.api.model(name) for name in services]
    model = next((one for one in models if label in (one.endpoint_prefix, one.signing_name, one.name)), None)
    if model is None:
        raise not_implemented(f"the service {label[:64]!r}")
    operation = model.operations.get(action)
    if operation is None:
        raise AwsError("UnknownOperationException", f"Unknown operation: {action[:256]}")
    if _is_query(model):
        _as_form(request, model, action)
        return Route(model, operation, Protocol.QUERY)
    return Route(model, operation, model.protocols[0])


def _is_query(model: ServiceModel) -> bool:
    return Protocol.QUERY in model.protocols


def _as_form(request: Request, model: ServiceModel, action: str) -> None:
    """The query's parameters and the form's are one form."""
    own = request.body if request.header("content-type").startswith(_FORM) else b""
    parts = [f"Action={action}&Version={model.api_version}", request.query, own.decode("utf-8", "replace").strip()]
    request.method, request.query = "POST", ""
    request.headers["content-type"] = _FORM
    request.body = "&".join(part for part in parts if part).encode()


def _settled(outbound: Outbound, told: Any, entered: Entered, call: Call, outcome: Any) -> Result:
    result = outbound.settle(call, outcome)
    return told(call, result) if isinstance(result, dict) else result  # type: ignore[no-any-return]


def _told(
    before: Entered, made: Sent, taken: Route, name: str, record: Record, call: Call, result: dict[str, Any]
) -> Result:
    entered = before.on(call)
    record(call, entered, name, name, "")
    if taken.protocol is Protocol.QUERY:
        body = _in_json(taken, result, call.request_id)
        return respond(entered, Came("200", body, {"content-type": "application/json"}, made.answered))
    answer = serialize(taken, result, call.request_id)
    headers = {key.lower(): value for key, value in answer.headers.items()}
    return respond(entered, Came(str(answer.status), answer.body, headers, made.answered))


def _in_json(taken: Route, result: dict[str, Any], request_id: str) -> bytes:
    operation = taken.operation
    content: dict[str, Any] = {}
    if operation.output is not None and operation.output.members:
        content[f"{operation.name}Result"] = from_model(taken.service, operation.output, result, lambda name: name)
    content["ResponseMetadata"] = {"RequestId": request_id}
    return json_text.dump({f"{operation.name}Response": content}).encode()


def _failed(entered: Entered, made: Sent, taken: Route, name: str, record: Record, error: AwsError) -> Result:
    record(entered.call, entered, name, name, str(error))
    if taken.protocol is Protocol.QUERY:
        kind = {"Error": {"Code": error.code, "Message": error.message, "Type": "Sender"}}
        body = json_text.dump({**kind, "RequestId": entered.call.request_id}).encode()
        return respond(entered, Came(str(error.status), body, answered=made.answered))
    answer = serialize_error(taken.protocol, taken.service, error, entered.call.request_id)
    headers = {key.lower(): value for key, value in answer.headers.items()}
    return respond(entered, Came(str(answer.status), answer.body, headers, made.answered))


def _plain_error(error: AwsError) -> bytes:
    return json_text.dump({"__type": error.code, "message": error.message}).encode()
