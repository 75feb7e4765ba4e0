"""What a part of an API must be like, of either protocol.

Source: API Gateway version 2 API reference, CreateRoute, CreateIntegration, CreateAuthorizer, CreateStage.
"""

from __future__ import annotations

import re
from typing import Any

from segue.api import Call
from segue.errors import AwsError, not_implemented
from segue.services.apigatewayv2 import records
from segue.services.apigatewayv2.records import HttpApi
from segue.services.apigatewayv2.routing import is_route_key
from segue.services.apigatewayv2.subtypes import SUBTYPES

Document = dict[str, Any]
_INTEGRATIONS = {
    False: ("AWS_PROXY", "HTTP_PROXY"),
    True: ("AWS", "AWS_PROXY", "HTTP", "HTTP_PROXY", "MOCK"),
}
_NOT_HERE = ("AppConfig-GetConfiguration", "Kinesis-PutRecord")
_TIMEOUTS_MS = {False: 30_000, True: 29_000}


def _bad_request(message: str) -> AwsError:
    return AwsError("BadRequestException", message)


def check_route(call: Call, api: HttpApi, document: Document) -> None:
    """Refuse a route that cannot be so."""
    key = document["RouteKey"]
    if not api.is_websocket and not is_route_key(key):
        message = "The provided route key is not formatted properly for HTTP protocol. Format should be "
        raise _bad_request(message + '"<HTTP METHOD> /<RESOURCE PATH>" or "$default"')
    for other in records.parts_after(call.tx, api.id, "Route"):
        if other["RouteKey"] == key and other["RouteId"] != document["RouteId"]:
            raise AwsError("ConflictException", f"Route with key {key} already exists for this API", status=409)
    kind = document.get("AuthorizationType", "NONE")
    if api.is_websocket and kind != "NONE" and key != "$connect":
        raise _bad_request("Currently, authorization restriction is only supported on the $connect route")
    if api.is_websocket and kind == "JWT":
        raise _bad_request("JWT authorizers are only supported for HTTP protocol APIs")
    target = document.get("Target", "")
    if target and records.find_part(call.tx, api.id, "Integration", target.removeprefix("integrations/")) is None:
        raise _bad_request(f"Unable to resolve target {target}: no such integration")


def check_integration(call: Call, api: HttpApi, document: Document) -> None:
    """Complete an integration, or refuse it."""
    kind, protocol = document["IntegrationType"], "WEBSOCKET" if api.is_websocket else "HTTP"
    if kind not in _INTEGRATIONS[api.is_websocket]:
        raise _bad_request(f"Invalid integration type {kind} for {protocol} protocol APIs")
    most_ms = _TIMEOUTS_MS[api.is_websocket]
    timeout_ms = document.setdefault("TimeoutInMillis", most_ms)
    if not 50 <= timeout_ms <= most_ms:
        raise _bad_request(f"Timeout should be between 50 ms and {most_ms} ms")
    subtype = document.get("IntegrationSubtype")
    if subtype is not None:
        if not document.get("CredentialsArn"):
            raise _bad_request(f"Credentials are required for the subtype {subtype}")
        if subtype in _NOT_HERE:
            raise not_implemented("apigatewayv2:CreateIntegration", f"the integration subtype {subtype}")
        if subtype not in SUBTYPES:
            raise _bad_request(f"Invalid integration subtype {subtype[:100]} specified")
        return
    if kind != "MOCK" and not document.get("IntegrationUri"):
        raise _bad_request(f"IntegrationUri is required for {kind} integrations")
    if not api.is_websocket and document.get("PayloadFormatVersion") not in ("1.0", "2.0"):
        raise _bad_request("PayloadFormatVersion is a required parameter for integration")
    if api.is_websocket:
        document.setdefault("PassthroughBehavior", "WHEN_NO_MATCH")
        document.setdefault("IntegrationResponseSelectionExpression", "${integration.response.statuscode}")


def check_authorizer(call: Call, api: HttpApi, document: Document) -> None:
    """Refuse an authorizer that cannot be so."""
    if document["AuthorizerType"] == "JWT":
        if api.is_websocket:
            raise _bad_request("JWT authorizers are only supported for HTTP protocol APIs")
        if not (document.get("JwtConfiguration") or {}).get("Issuer"):
            raise _bad_request("Issuer is required for JWT authorizers")
        if len(document.get("IdentitySource") or ()) != 1:
            raise _bad_request("Exactly one identity source is required for JWT authorizers")
        return
    if not document.get("AuthorizerUri"):
        raise _bad_request("AuthorizerUri is required for REQUEST authorizers")
    if not api.is_websocket and document.get("AuthorizerPayloadFormatVersion") not in ("1.0", "2.0"):
        raise _bad_request("AuthorizerPayloadFormatVersion is a required parameter for authorizer")


def check_stage(call: Call, api: HttpApi, document: Document) -> None:
    """Refuse a stage that cannot be so."""
    if not re.fullmatch(r"\$default|[A-Za-z0-9_-]{1,128}", document["StageName"], re.ASCII):
        raise _bad_request("Stage name only allows a-zA-Z0-9_- or $default")
