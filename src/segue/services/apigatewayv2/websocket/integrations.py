"""What is behind the routes of WebSocket APIs: functions, operations of services, servers elsewhere, or nothing.

Source: API Gateway developer guide, "Integrations for WebSocket APIs", "Set up a WebSocket API integration request",
"Set up WebSocket API integration responses" and "Set up data transformations for WebSocket APIs".
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import urlencode

from segue.api.call import Call, Result
from segue.api.deliveries import Delivery, record
from segue.api.http_effect import HTTP, HttpAnswer, HttpFailure, HttpRequest
from segue.api.http_payload import MalformedAnswer, response_v1
from segue.api.integration_targets import function_of, is_function, role_or_service, with_stage_variables
from segue.api.mapping_templates import Mapping
from segue.api.mapping_values import json_or_none, plain
from segue.api.service_requests import NoOperation, ServiceAnswer, ServiceRequest, perform_request, with_path
from segue.errors import AwsError
from segue.jobs import Outbound
from segue.languages.velocity import VelocityError
from segue.services.apigatewayv2.websocket.entered import Document, Entered
from segue.services.apigatewayv2.websocket.selection import fitting, pick, selected

_INVOKE = "lambda:Invoke"
_MAX_ANSWER_BYTES = 1024 * 1024
_TIMEOUT_MS = 29_000
_HOP_BY_HOP = frozenset(
    ("connection", "upgrade", "host", "content-length", "transfer-encoding", "keep-alive", "expect")
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came from behind.

    Attributes:
        status: of it; a 5xx of our own where nothing came.
        body: as it is sent to the client, where the route answers.
        headers: by lower-case name.
        failed: there is no answer: the client is told of an internal error.
    """

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    failed: bool = False


Then = Callable[[Entered, Outcome], Result]


@dataclass(slots=True)
class _Sent:
    """What an integration is sent."""

    uri: str
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    query: dict[str, list[str]] = field(default_factory=dict)
    path: dict[str, str] = field(default_factory=dict)


def integrate(entered: Entered, then: Then) -> Result:
    """Perform the integration of the route; what comes of it goes to ``then``."""
    target = str(entered.route["Target"]).removeprefix("integrations/")
    integration = entered.served.part("Integration", target)
    if integration is None:
        return then(entered, Outcome(500, failed=True))
    uri = with_stage_variables(integration.get("IntegrationUri", ""), entered.stage_variables)
    kind = integration["IntegrationType"]
    if kind == "AWS_PROXY":
        function = function_of(uri)
        return _invoke(entered, integration, function, json.dumps(entered.event).encode(), _from_proxy, then)
    try:
        sent = _sent(entered, integration, uri)
    except VelocityError as error:
        _record(entered.call, entered, uri or kind, "mapping template", str(error))
        return then(entered, Outcome(500, failed=True))
    if sent is None:
        return then(entered, Outcome(415, failed=True))
    if kind == "MOCK":
        return _mock(entered, integration, sent, then)
    if kind == "AWS" and is_function(uri):
        return _invoke(entered, integration, function_of(uri), sent.body or b"{}", _from_function, then)
    if kind == "AWS":
        return _service(entered, integration, sent, then)
    return _elsewhere(entered, integration, sent, then)


def _record(call: Call, entered: Entered, target: str, action: str, reason: str = "") -> None:
    status = "failed" if reason else "delivered"
    source = entered.call.caller.source_arn
    record(call, Delivery(source, target, action, status, 1, reason, entered.connection.id))


# What is sent


def _sent(entered: Entered, integration: Document, uri: str) -> _Sent | None:
    """The request of an integration; ``None`` where nothing fits the message and it may not pass."""
    sent = _Sent(uri, entered.text.encode())
    if integration["IntegrationType"] == "HTTP_PROXY" and entered.request is not None:
        sent.headers = {name: value for name, value in entered.request.headers.items() if name not in _HOP_BY_HOP}
    for name, source in (integration.get("RequestParameters") or {}).items():
        value = plain(entered.value(str(source)))
        place, _, key = name.removeprefix("integration.request.").partition(".")
        if value is None:
            continue
        if place == "header":
            sent.headers[key.lower()] = value
        elif place == "querystring":
            sent.query[key] = [value]
        elif place == "path":
            sent.path[key] = value
    sent.headers.setdefault("content-type", "application/json")
    if integration["IntegrationType"] == "HTTP_PROXY":
        return sent
    templates = integration.get("RequestTemplates") or {}
    key = selected(str(integration.get("TemplateSelectionExpression") or "\\$default"), entered.value)
    template = pick(templates, key)
    if template is None:
        behaviour = integration.get("PassthroughBehavior", "WHEN_NO_MATCH")
        return None if behaviour == "NEVER" or (behaviour == "WHEN_NO_TEMPLATES" and templates) else sent
    sent.body = Mapping(entered.told, entered.text).render(template).encode("utf-8", "replace")
    return sent


# Functions

_Read = Callable[[Entered, Document, bytes], Outcome]


def _invoke(entered: Entered, integration: Document, function: str, payload: bytes, read: _Read, then: Then) -> Result:
    call = role_or_service(entered.call, integration.get("CredentialsArn"))
    try:
        invoked = call.perform(_INVOKE, {"FunctionName": function, "Payload": payload})
    except AwsError as error:
        _record(entered.call, entered, function, _INVOKE, str(error))
        return then(entered, Outcome(500, failed=True))
    assert isinstance(invoked, Outbound)
    settle = partial(_invoked, entered, integration, function, invoked, read, then)
    return Outbound(invoked.effect, invoked.request, settle)


def _invoked(
    before: Entered,
    integration: Document,
    function: str,
    invoked: Outbound,
    read: _Read,
    then: Then,
    call: Call,
    outcome: Any,
) -> Result:
    entered = before.on(call)
    try:
        result = invoked.settle(call, outcome)
    except AwsError as error:
        _record(call, entered, function, _INVOKE, str(error))
        return then(entered, Outcome(500, failed=True))
    payload = result["Payload"]
    if result.get("FunctionError"):
        _record(call, entered, function, _INVOKE, payload[:1_000].decode("utf-8", "replace"))
        return then(entered, Outcome(502, failed=True))
    _record(call, entered, function, _INVOKE)
    return then(entered, read(entered, integration, payload))


def _from_proxy(entered: Entered, integration: Document, payload: bytes) -> Outcome:
    """A function's own answer. Only whoever connects, or is answered, needs one."""
    try:
        response = response_v1(json.loads(payload or b"null"))
    except (ValueError, MalformedAnswer):
        is_wanted = entered.kind == "CONNECT" or bool(entered.route.get("RouteResponseSelectionExpression"))
        return Outcome(502, failed=is_wanted)
    return Outcome(response.status, response.body, response.headers)


def _from_function(entered: Entered, integration: Document, payload: bytes) -> Outcome:
    return _shaped(entered, integration, Outcome(200, payload))


# Operations of services, servers elsewhere, nothing


def _service(entered: Entered, integration: Document, sent: _Sent, then: Then) -> Result:
    method, role = integration.get("IntegrationMethod") or "POST", integration.get("CredentialsArn")
    asked = ServiceRequest(sent.uri, method, sent.headers, sent.query, sent.path, sent.body, role)
    try:
        return perform_request(entered.call, asked, partial(_performed, entered, integration, then))
    except NoOperation:
        _record(entered.call, entered, sent.uri, "AWS", "the URI names no operation")
        return then(entered, Outcome(500, failed=True))


def _performed(before: Entered, integration: Document, then: Then, call: Call, answer: ServiceAnswer) -> Result:
    entered = before.on(call)
    _record(call, entered, answer.target or answer.operation, answer.operation, answer.error)
    came = Outcome(answer.status, answer.body, dict(answer.headers))
    return then(entered, _shaped(entered, integration, came))


def _elsewhere(entered: Entered, integration: Document, sent: _Sent, then: Then) -> Result:
    url = with_path(sent.uri, sent.path)
    text = urlencode([(name, value) for name, values in sent.query.items() for value in values])
    wanted = HttpRequest(
        integration.get("IntegrationMethod") or "POST",
        f"{url}{'&' if '?' in url else '?'}{text}" if text else url,
        tuple(sent.headers.items()),
        sent.body,
        integration.get("TimeoutInMillis", _TIMEOUT_MS) / 1000,
        _MAX_ANSWER_BYTES,
    )
    return Outbound(HTTP, wanted, partial(_came_back, entered, integration, url, then))


def _came_back(
    before: Entered, integration: Document, url: str, then: Then, call: Call, answer: HttpAnswer | HttpFailure
) -> Result:
    entered, target = before.on(call), url.partition("?")[0]
    if isinstance(answer, HttpFailure):
        _record(call, entered, target, HTTP, answer.reason)
        return then(entered, Outcome(504, failed=True))
    _record(call, entered, target, HTTP)
    headers = {name.lower(): value for name, value in answer.headers}
    came = Outcome(answer.status, answer.body, headers)
    is_proxy = integration["IntegrationType"] == "HTTP_PROXY"
    return then(entered, came if is_proxy else _shaped(entered, integration, came))


def _mock(entered: Entered, integration: Document, sent: _Sent, then: Then) -> Result:
    """Nothing is asked: the template says which answer is taken."""
    said = json_or_none(sent.body.decode("utf-8", "replace"))
    status = said.get("statusCode") if isinstance(said, dict) else None
    number = int(str(status)) if str(status).isdigit() else 200 if entered.kind == "MESSAGE" else 500
    return then(entered, _shaped(entered, integration, Outcome(number)))


def _shaped(entered: Entered, integration: Document, came: Outcome) -> Outcome:
    """What came, as the integration's responses have it."""

    def value(name: str) -> Any:
        if name == "integration.response.statuscode":
            return str(came.status)
        if name.startswith("integration.response.header."):
            return came.headers.get(name.removeprefix("integration.response.header.").lower())
        return entered.value(name)

    expression = integration.get("IntegrationResponseSelectionExpression") or "${integration.response.statuscode}"
    responses = entered.served.below("IntegrationResponse", integration["IntegrationId"])
    response = fitting(responses, "IntegrationResponseKey", selected(str(expression), value))
    templates = (response or {}).get("ResponseTemplates") or {}
    chosen = (response or {}).get("TemplateSelectionExpression") or "\\$default"
    template = pick(templates, selected(str(chosen), value))
    if template is None:
        return came
    try:
        mapping = Mapping(entered.told, came.body.decode("utf-8", "replace"))
        body = mapping.render(template).encode("utf-8", "replace")
    except VelocityError:
        return Outcome(500, failed=True)
    override = str(mapping.response.status or came.status)
    return Outcome(int(override) if override.isdigit() else came.status, body, came.headers)
