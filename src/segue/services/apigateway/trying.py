"""Trying methods and authorizers of an API as it is, without a deployment and without asking who may.

Source: API Gateway API reference, TestInvokeMethod and TestInvokeAuthorizer; developer guide, "Use the console to test
a REST API method".
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from segue.api import Call
from segue.api.access_logs import finally_do
from segue.api.call import Result
from segue.api.caller import service_caller
from segue.api.endpoint import Visit
from segue.api.http_payload import decoded
from segue.services.apigateway.authorizers import authorize
from segue.services.apigateway.cognito import authorize_by_token
from segue.services.apigateway.entered import Entered, refuse
from segue.services.apigateway.integrations import integrate
from segue.services.apigateway.records import Document, RestApi
from segue.services.apigateway.resources import find_resource
from segue.services.apigateway.routing import find_resource as taken_by
from segue.services.apigateway.service import PRINCIPAL, SERVICE, arn_of, existing, not_found
from segue.services.apigateway.validation import complaint
from segue.wire.request import Request, Response

_STAGE = "test-invoke-stage"


def _arn(call: Call, params: Document) -> str:
    part = ["resources", str(params["resourceId"]), "methods", str(params["httpMethod"])]
    if "authorizerId" in params:
        part = ["authorizers", str(params["authorizerId"])]
    return arn_of(call, "restapis", str(params["restApiId"]), *part)


def _entered(call: Call, api: RestApi, params: Document, resource: Document, method: Document) -> Entered:
    path, _, query = str(params.get("pathWithQueryString") or resource.get("path", "/")).partition("?")
    path = path if path.startswith("/") else f"/{path}"
    headers = {name.lower(): str(value) for name, value in (params.get("headers") or {}).items()}
    for name, values in (params.get("multiValueHeaders") or {}).items():
        headers[name.lower()] = ", ".join(map(str, values))
    body = str(params.get("body") or "").encode()
    verb = str(params.get("httpMethod") or "GET")
    request = Request(verb, path, query, headers, body)
    visit = Visit(api.id, path, request, lambda tx: call.caller)
    found = taken_by({"it": {**resource, "resourceMethods": {verb: method}}}, decoded(path)) if resource else None
    source = f"{api.arn}/{_STAGE}/{verb}{resource.get('path', '/')}"
    owned = call.as_caller(service_caller(PRINCIPAL, source))
    stage = {"stageName": _STAGE, "variables": params.get("stageVariables") or {}}
    variables = found[1] if found else {}
    return Entered(
        owned, api.account, api.region, api.id, api.document, stage, visit, decoded(path), resource, method, variables
    )


@SERVICE.operation("TestInvokeMethod", resource=_arn, action="apigateway:POST")
def test_invoke_method(call: Call, params: Document) -> Result:
    """Call a method."""
    api = existing(call, params)
    resource = find_resource(api, params["resourceId"])
    methods = resource.get("resourceMethods", {})
    method = methods.get(params["httpMethod"]) or methods.get("ANY")
    if method is None or "methodIntegration" not in method:
        raise not_found("Invalid Method identifier specified")
    entered = _entered(call, api, params, resource, method)
    wrong = complaint(entered)
    result = refuse(entered, wrong.kind, wrong.words, details=wrong.details) if wrong else integrate(entered)
    return finally_do(call, result, _method_told(entered))


def _method_told(entered: Entered) -> Callable[[Call, Document], Document]:
    def told(call: Call, result: Document) -> Document:
        response: Response = result["response"]
        every = [*response.headers.items(), *response.more]
        shown = {name: [value for key, value in every if key == name] for name, _ in every}
        lines = [
            f"HTTP Method: {entered.visit.request.method}, Resource Path: {entered.resource.get('path', '/')}",
            f"Method request path: {json.dumps(entered.variables)}",
            f"Method request query string: {entered.visit.request.query}",
            f"Method request body before transformations: {entered.text}",
            f"Endpoint request URI: {entered.integration.get('uri', '')}",
            f"Method response body after transformations: {response.body.decode('utf-8', 'replace')}",
            f"Method completed with status: {response.status}",
        ]
        return {
            "status": response.status,
            "body": response.body.decode("utf-8", "replace"),
            "headers": {name: values[-1] for name, values in shown.items()},
            "multiValueHeaders": shown,
            "log": _log(call, lines),
            "latency": call.now_ms - call.started_ms,
        }

    return told


def _log(call: Call, lines: list[str]) -> str:
    at = datetime.fromtimestamp(call.now_ms / 1000, UTC).strftime("%a %b %d %H:%M:%S UTC %Y")
    whole = [
        f"Execution log for request {call.request_id}",
        f"{at} : Starting execution for request: {call.request_id}",
    ]
    return "\n".join([*whole, *(f"{at} : {line}" for line in lines)]) + "\n"


@SERVICE.operation("TestInvokeAuthorizer", resource=_arn, action="apigateway:POST")
def test_invoke_authorizer(call: Call, params: Document) -> Result:
    """Ask an authorizer."""
    api = existing(call, params)
    authorizer = api.document["authorizers"].get(params["authorizerId"])
    if authorizer is None:
        raise not_found("Invalid Authorizer identifier specified")
    method = {"authorizationType": "CUSTOM", "authorizerId": params["authorizerId"]}
    entered = _entered(call, api, params, {}, method)
    memory = entered.visit.memory

    def allowed(later: Entered) -> dict[str, Any]:
        return {"response": Response(200)}

    def told(later: Call, result: Document) -> Document:
        status = result["response"].status
        said = memory.get("authorizer") or {}
        claims = said.get("claims")
        shown = {
            "clientStatus": 0 if memory.get("policy") or status == 200 else status,
            "log": _log(later, [f"Authorizer answered with status: {status}"]),
            "latency": later.now_ms - later.started_ms,
            "principalId": said.get("principalId"),
            "policy": memory.get("policy"),
            "claims": claims,
        }
        return {name: value for name, value in shown.items() if value is not None}

    if authorizer["type"] == "COGNITO_USER_POOLS":
        return finally_do(call, authorize_by_token(entered, authorizer, allowed), told)
    return finally_do(call, authorize(entered, allowed), told)
