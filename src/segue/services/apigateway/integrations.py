"""What stands behind a method: a function, an operation of a service, a server elsewhere, or nothing (MOCK).

Source: API Gateway developer guide, "Integrations for REST APIs" with its chapters on each type.
"""

from __future__ import annotations

import base64
import json
from functools import partial
from typing import Any

from segue.api.call import Call, Result
from segue.api.deliveries import Delivery, record
from segue.api.http_effect import HTTP, HttpAnswer, HttpFailure, HttpRequest
from segue.api.http_payload import MalformedAnswer, response_v1
from segue.api.integration_targets import function_of, is_function, role_or_service, with_stage_variables
from segue.api.mapping_values import json_or_none
from segue.errors import AwsError
from segue.jobs import Outbound
from segue.languages.velocity import VelocityError
from segue.services.apigateway.aws_services import perform_service
from segue.services.apigateway.entered import Entered, finished, refuse
from segue.services.apigateway.records import Document
from segue.services.apigateway.requests import Sent, Unsupported, sent
from segue.services.apigateway.responses import Came, respond
from segue.wire.request import Response

_INVOKE = "lambda:Invoke"
_MAX_ANSWER_BYTES = 10 * 1024 * 1024
_HOP_BY_HOP = frozenset(("connection", "content-length", "transfer-encoding", "keep-alive", "date", "server"))
_TIMEOUT_MS = 29_000


def integrate(entered: Entered) -> Result:
    """Perform the integration of the method that a request has taken."""
    integration = entered.integration
    if integration["type"] == "AWS_PROXY":
        return _function(entered)
    try:
        made = sent(entered)
    except Unsupported:
        return refuse(entered, "UNSUPPORTED_MEDIA_TYPE")
    except VelocityError as error:
        _record(entered.call, entered, integration.get("uri", "MOCK"), "mapping template", str(error))
        return refuse(entered, "API_CONFIGURATION_ERROR")
    if integration["type"] == "MOCK":
        return _mock(entered, made)
    if integration["type"] == "AWS":
        return _own_function(entered, made) if is_function(made.uri) else perform_service(entered, made, _record)
    return _elsewhere(entered, made)


def _record(call: Call, entered: Entered, target: str, action: str, reason: str) -> None:
    status = "failed" if reason else "delivered"
    record(call, Delivery(entered.call.caller.source_arn, target, action, status, 1, reason, call.request_id))


def _mock(entered: Entered, made: Sent) -> Document:
    """Nothing is asked: the template says which answer is taken."""
    said = json_or_none(made.body.decode("utf-8", "replace"))
    status = said.get("statusCode") if isinstance(said, dict) else None
    if status is None:
        return refuse(entered, "API_CONFIGURATION_ERROR")
    return respond(entered, Came(str(status), b"", answered=made.answered))


# Functions that get the request as it is


def _function(entered: Entered) -> Result:
    function = function_of(with_stage_variables(entered.integration["uri"], entered.stage_variables))
    return _invoke(entered, function, _event(entered), _INVOKE, partial(_answered, entered, function))


def _event(entered: Entered) -> bytes:
    event, body = dict(entered.event), entered.visit.request.body
    if body and _is_binary(entered, entered.visit.request.header("content-type")):
        event |= {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
    elif body:
        event |= {"body": entered.text, "isBase64Encoded": False}
    return json.dumps(event).encode()


def _is_binary(entered: Entered, kind: str) -> bool:
    types = entered.content.get("binaryMediaTypes") or ()
    names = [part.partition(";")[0].strip() for part in kind.split(",")]
    return "*/*" in types or any(name in types for name in names)


def _invoke(entered: Entered, function: str, payload: bytes, action: str, settle: Any, **more: str) -> Result:
    call = role_or_service(entered.call, entered.integration.get("credentials"))
    try:
        invoked = call.perform(action, {"FunctionName": function, "Payload": payload, **more})
    except AwsError as error:
        return _refused(entered, function, error)
    if isinstance(invoked, Outbound):
        return Outbound(invoked.effect, invoked.request, partial(settle, invoked))
    if isinstance(invoked, dict):  # an event: nobody waits for what the function says
        _record(entered.call, entered, function, action, "")
        return respond(entered, Came("", b""))
    return invoked


def _refused(entered: Entered, target: str, error: AwsError) -> Document:
    """It could not be asked: the visitor learns little, the record of deliveries has the reason."""
    _record(entered.call, entered, target, _INVOKE, str(error))
    return refuse(entered, "API_CONFIGURATION_ERROR")


def _answered(before: Entered, function: str, invoked: Outbound, call: Call, outcome: Any) -> Document:
    entered = before.on(call)
    try:
        result = invoked.settle(call, outcome)
    except AwsError as error:
        return _refused(entered, function, error)
    payload, failed = result["Payload"], result.get("FunctionError")
    reason = payload[:1_000].decode("utf-8", "replace") if failed else ""
    try:
        value = json.loads(payload or b"null") if not failed else None
        if isinstance(value, dict) and value.get("isBase64Encoded") and not _may_be_binary(entered):
            value["isBase64Encoded"] = False
        response = response_v1(value)
    except (ValueError, MalformedAnswer) as why:
        _record(call, entered, function, _INVOKE, reason or f"its answer is no HTTP answer: {why}")
        return refuse(entered, "DEFAULT_5XX", "Internal server error", 502)
    _record(call, entered, function, _INVOKE, "")
    return finished(entered, response)


def _may_be_binary(entered: Entered) -> bool:
    return _is_binary(entered, entered.visit.request.header("accept"))


# Functions that get what a template makes


def _own_function(entered: Entered, made: Sent) -> Result:
    function = function_of(made.uri)
    kind = made.headers.get("x-amz-invocation-type", "")
    more = {"InvocationType": "Event"} if kind == "Event" else {}
    payload = made.body.strip() or b"{}"
    settle = partial(_came_from_function, entered, function, made)
    if json_or_none(payload.decode("utf-8", "replace")) is None and payload != b"null":
        _record(entered.call, entered, function, _INVOKE, "the request body is no JSON")
        return refuse(entered, "API_CONFIGURATION_ERROR")
    return _invoke(entered, function, payload, _INVOKE, settle, **more)


def _came_from_function(
    before: Entered, function: str, made: Sent, invoked: Outbound, call: Call, outcome: Any
) -> Document:
    entered = before.on(call)
    try:
        result = invoked.settle(call, outcome)
    except AwsError as error:
        return _refused(entered, function, error)
    payload, failed = result["Payload"], result.get("FunctionError")
    message = ""
    if failed:
        said = json_or_none(payload.decode("utf-8", "replace"))
        message = str(said.get("errorMessage") or "") if isinstance(said, dict) else ""
    _record(call, entered, function, _INVOKE, payload[:1_000].decode("utf-8", "replace") if failed else "")
    return respond(entered, Came(message, payload, answered=made.answered))


# Servers elsewhere


def _elsewhere(entered: Entered, made: Sent) -> Result:
    integration, method = entered.integration, entered.integration.get("httpMethod") or "ANY"
    verb = entered.visit.request.method if method == "ANY" else method
    wanted = HttpRequest(
        verb,
        made.url,
        tuple(made.headers.items()),
        made.body,
        integration.get("timeoutInMillis", _TIMEOUT_MS) / 1000,
        _MAX_ANSWER_BYTES,
    )
    return Outbound(HTTP, wanted, partial(_came_back, entered, made))


def _came_back(before: Entered, made: Sent, call: Call, outcome: HttpAnswer | HttpFailure) -> Document:
    entered, target = before.on(call), made.uri.partition("?")[0]
    if isinstance(outcome, HttpFailure):
        _record(call, entered, target, HTTP, outcome.reason)
        return refuse(entered, "INTEGRATION_TIMEOUT" if "within" in outcome.reason else "INTEGRATION_FAILURE")
    _record(call, entered, target, HTTP, "")
    headers = {name.lower(): value for name, value in outcome.headers}
    if entered.integration["type"] == "HTTP":
        return respond(entered, Came(str(outcome.status), outcome.body, headers, made.answered))
    more = tuple((name.lower(), value) for name, value in outcome.headers if name.lower() == "set-cookie")
    for name in (*_HOP_BY_HOP, "set-cookie"):
        headers.pop(name, None)
    return finished(entered, Response(outcome.status, headers, outcome.body, more=more))
