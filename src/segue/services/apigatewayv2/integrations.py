"""What stands behind a route: a function, an operation of a service, a server elsewhere.

Source: API Gateway developer guide, "Create integrations for HTTP APIs" with its chapters on Lambda proxies, HTTP
proxies and AWS services.
"""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import orjson

from segue.api import Call
from segue.api.call import Result
from segue.api.deliveries import Delivery, record, whither
from segue.api.http_effect import HTTP, HttpAnswer, HttpFailure, HttpRequest
from segue.api.http_payload import MalformedAnswer, request_v1, request_v2, response_v1, response_v2
from segue.api.integration_targets import function_of, role_or_service, with_stage_variables
from segue.errors import AwsError
from segue.jobs import Outbound, Pending
from segue.services.apigatewayv2.entered import Entered, answer, finished
from segue.services.apigatewayv2.mapping import mapped, request_changes, response_changes
from segue.services.apigatewayv2.subtypes import SUBTYPES
from segue.wire.request import Response

_TEXT = "text/plain; charset=utf-8"
_MAX_ANSWER_BYTES = 10 * 1024 * 1024
_HOP_BY_HOP = frozenset(("connection", "content-length", "transfer-encoding", "keep-alive", "date", "server"))
_REMAPPED = frozenset(("authorization", "host", "via", "x-forwarded-for"))


def integrate(entered: Entered) -> Result:
    """Perform the integration of the route that a request has taken."""
    target = str(entered.route["Target"]).removeprefix("integrations/")
    integration = entered.served.part("Integration", target)
    if integration is None:
        return answer(entered.api, entered.visit, 500, "Internal Server Error")
    if integration.get("IntegrationSubtype"):
        return _operation(entered, integration)
    if integration["IntegrationType"] == "AWS_PROXY":
        return _function(entered, integration)
    return _elsewhere(entered, integration)


def _function(entered: Entered, integration: dict[str, Any]) -> Result:
    uri = with_stage_variables(integration["IntegrationUri"], entered.stage.get("StageVariables") or {})
    function, version = function_of(uri), integration.get("PayloadFormatVersion", "1.0")
    request = entered.visit.request
    asked = entered.asked()
    event = request_v2(asked, request) if version == "2.0" else request_v1(asked, request, version="1.0")
    call = role_or_service(entered.call, integration.get("CredentialsArn"))
    try:
        invoked = call.perform("lambda:Invoke", {"FunctionName": function, "Payload": json.dumps(event).encode()})
    except AwsError as error:
        return _refused(entered, function, "lambda:Invoke", error)
    assert isinstance(invoked, Outbound)
    return Outbound(invoked.effect, invoked.request, partial(_answered, entered, integration, function, invoked))


def _answered(
    entered: Entered, integration: dict[str, Any], function: str, invoked: Outbound, call: Call, outcome: Any
) -> dict[str, Any]:
    try:
        result = invoked.settle(call, outcome)
    except AwsError as error:
        return _refused(entered, function, "lambda:Invoke", error, call)
    payload, failed = result["Payload"], result.get("FunctionError")
    reason = payload[:1_000].decode("utf-8", "replace") if failed else ""
    _record(call, entered, function, "lambda:Invoke", reason)
    if failed:
        return answer(entered.api, entered.visit, 500, "Internal Server Error")
    try:
        value = json.loads(payload or b"null")
        is_own = integration.get("PayloadFormatVersion") == "2.0"
        response = response_v2(value, _TEXT) if is_own else response_v1(value)
    except (ValueError, MalformedAnswer) as why:
        _record(call, entered, function, "lambda:Invoke", f"its answer is no HTTP answer: {why}")
        return answer(entered.api, entered.visit, 500, "Internal Server Error")
    return finished(entered.api, entered.visit, response_changes(entered, integration, response))


def _refused(entered: Entered, target: str, action: str, error: AwsError, call: Call | None = None) -> dict[str, Any]:
    """It could not be asked: the visitor learns little, the record of deliveries has the reason."""
    _record(call or entered.call, entered, target, action, str(error))
    status, words = (503, "Service Unavailable") if error.status in (429, 503) else (500, "Internal Server Error")
    return answer(entered.api, entered.visit, status, words)


def _record(call: Call, entered: Entered, target: str, action: str, reason: str) -> None:
    status = "failed" if reason else "delivered"
    record(call, Delivery(entered.call.caller.source_arn, target, action, status, 1, reason, call.request_id))


def _operation(entered: Entered, integration: dict[str, Any]) -> Result:
    """An operation of a service, with parameters made of the request."""
    name = integration["IntegrationSubtype"]
    subtype = SUBTYPES.get(name)
    if subtype is None:
        why = AwsError("NotImplemented", f"Segue does not implement the integration {name} yet.")
        return _refused(entered, name, name, why)
    given = {key: mapped(str(value), entered) for key, value in (integration.get("RequestParameters") or {}).items()}
    call = role_or_service(entered.call, integration.get("CredentialsArn"))
    try:
        params = subtype.params({key: value for key, value in given.items() if value is not None})
        result = call.perform(subtype.operation, params)
    except AwsError as error:
        target, _ = whither(given, None, entered.call.region)
        _record(entered.call, entered, target or name, subtype.operation, str(error))
        body = orjson.dumps({"message": error.message})
        headers = {"content-type": "application/json", "x-amzn-errortype": error.code}
        return finished(entered.api, entered.visit, Response(error.status, headers, body))
    if isinstance(result, Pending):
        return result
    assert isinstance(result, dict), "no subtype leaves the building"
    target, subject = whither(params, result, entered.call.region)
    source = entered.call.caller.source_arn
    record(
        entered.call, Delivery(source, target or name, subtype.operation, subject=subject or entered.call.request_id)
    )
    headers = {"content-type": "application/json"}
    response = Response(200, headers, orjson.dumps(subtype.told(result)))
    return finished(entered.api, entered.visit, response_changes(entered, integration, response))


def _elsewhere(entered: Entered, integration: dict[str, Any]) -> Result:
    """A server elsewhere gets the request as it came, changed as the integration says."""
    request = entered.visit.request
    url = with_stage_variables(integration["IntegrationUri"], entered.stage.get("StageVariables") or {})
    for name, value in entered.variables.items():
        url = url.replace(f"{{{name}}}", value).replace(f"{{{name}+}}", value)
    method = integration.get("IntegrationMethod") or request.method
    headers = {key: value for key, value in request.headers.items() if key not in _HOP_BY_HOP and key != "host"}
    url, headers = request_changes(entered, integration, url, headers, request.query)
    wanted = HttpRequest(
        request.method if method == "ANY" else method,
        url,
        tuple(headers.items()),
        request.body,
        integration.get("TimeoutInMillis", 30_000) / 1000,
        _MAX_ANSWER_BYTES,
    )
    return Outbound(HTTP, wanted, partial(_came_back, entered, integration, url))


def _came_back(
    entered: Entered, integration: dict[str, Any], url: str, call: Call, outcome: HttpAnswer | HttpFailure
) -> dict[str, Any]:
    target = url.partition("?")[0]
    if isinstance(outcome, HttpFailure):
        _record(call, entered, target, "http:request", outcome.reason)
        return answer(entered.api, entered.visit, 503, "Service Unavailable")
    _record(call, entered, target, "http:request", "")
    headers = {name.lower(): value for name, value in outcome.headers}
    more = tuple((name.lower(), value) for name, value in outcome.headers if name.lower() == "set-cookie")
    for name in [*_HOP_BY_HOP, "set-cookie"]:
        headers.pop(name, None)
    response = Response(outcome.status, headers, outcome.body, more=more)
    return finished(entered.api, entered.visit, response_changes(entered, integration, response))
