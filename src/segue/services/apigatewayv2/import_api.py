"""HTTP APIs from OpenAPI documents.

Source: API Gateway developer guide, "Working with OpenAPI definitions for HTTP APIs" and "OpenAPI extensions".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from segue.api import Call
from segue.errors import AwsError
from segue.languages.templates.errors import TemplateError
from segue.languages.templates.reading import read_value
from segue.services.apigatewayv2 import records
from segue.services.apigatewayv2.apis import arn_of_apis, existing, told
from segue.services.apigatewayv2.service import SERVICE, arn_of_api

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch")
_ANY, _INTEGRATION = "x-amazon-apigateway-any-method", "x-amazon-apigateway-integration"
CORS = {
    "allowOrigins": "AllowOrigins",
    "allowMethods": "AllowMethods",
    "allowHeaders": "AllowHeaders",
    "exposeHeaders": "ExposeHeaders",
    "maxAge": "MaxAge",
    "allowCredentials": "AllowCredentials",
}
MEMBERS = {
    "type": "IntegrationType",
    "uri": "IntegrationUri",
    "httpMethod": "IntegrationMethod",
    "payloadFormatVersion": "PayloadFormatVersion",
    "credentials": "CredentialsArn",
    "requestParameters": "RequestParameters",
    "responseParameters": "ResponseParameters",
    "integrationSubtype": "IntegrationSubtype",
    "timeoutInMillis": "TimeoutInMillis",
    "connectionType": "ConnectionType",
    "connectionId": "ConnectionId",
}
AUTHORIZER = {
    "identitySource": "IdentitySource",
    "authorizerUri": "AuthorizerUri",
    "authorizerPayloadFormatVersion": "AuthorizerPayloadFormatVersion",
    "authorizerResultTtlInSeconds": "AuthorizerResultTtlInSeconds",
    "authorizerCredentials": "AuthorizerCredentialsArn",
    "enableSimpleResponses": "EnableSimpleResponses",
    "jwtConfiguration": "JwtConfiguration",
}
JWT = {"issuer": "Issuer", "audience": "Audience"}
Document = dict[str, Any]


@SERVICE.operation("ImportApi", resource=arn_of_apis, action="apigateway:PUT")
def import_api(call: Call, params: Document) -> Document:
    """Make an API of an OpenAPI document (JSON or YAML)."""
    document = _read(params["Body"])
    made = call.perform("apigatewayv2:CreateApi", {"Name": _title(document), "ProtocolType": "HTTP"})
    assert isinstance(made, dict)
    return _fill(call, made["ApiId"], document)


@SERVICE.operation("ReimportApi", resource=arn_of_api, action="apigateway:PUT")
def reimport_api(call: Call, params: Document) -> Document:
    """Have an API be what another OpenAPI document says; its stages stay."""
    document = _read(params["Body"])
    api = existing(call, params["ApiId"])
    stages = records.parts_after(call.tx, api.id, "Stage")
    records.drop_parts(call.tx, api.id)
    for stage in stages:
        records.put_part(call.tx, api.id, "Stage", stage["StageName"], stage)
    return _fill(call, api.id, document)


def _read(body: str) -> Document:
    try:
        document = read_value(body)
    except TemplateError as error:
        raise AwsError("BadRequestException", f"Unable to parse the OpenAPI document: {error}") from None
    if not isinstance(document, dict) or not isinstance(document.get("paths", {}), dict):
        raise AwsError("BadRequestException", "Invalid OpenAPI input.")
    return document


def _title(document: Document) -> str:
    title = (document.get("info") or {}).get("title")
    if not isinstance(title, str) or not title:
        raise AwsError("BadRequestException", "Invalid OpenAPI input. info.title is required")
    return title


def _fill(call: Call, api_id: str, document: Document) -> Document:
    api = existing(call, api_id)
    api.document["Name"] = _title(document)
    for key, name in (("description", "Description"), ("version", "Version")):
        if isinstance((document.get("info") or {}).get(key), str):
            api.document[name] = document["info"][key]
    cors = document.get("x-amazon-apigateway-cors")
    if isinstance(cors, dict):
        api.document["CorsConfiguration"] = {CORS[key]: value for key, value in cors.items() if key in CORS}
    records.put_api(call.tx, api)
    authorizers = _authorizers(call, api_id, document)
    for key, operation in _routes(document):
        route = {"ApiId": api_id, "RouteKey": key, **_authorization(document, operation, authorizers)}
        integration = _resolved(document, operation.get(_INTEGRATION))
        if isinstance(integration, dict):
            made = call.perform("apigatewayv2:CreateIntegration", {"ApiId": api_id, **_integration(integration)})
            assert isinstance(made, dict)
            route["Target"] = f"integrations/{made['IntegrationId']}"
        call.perform("apigatewayv2:CreateRoute", route)
    return told(call, api)


def _resolved(document: Document, given: Any) -> Any:
    """An integration, or what a reference within the document leads to."""
    reference = given.get("$ref") if isinstance(given, dict) else None
    if not isinstance(reference, str) or not reference.startswith("#/"):
        return given
    found: Any = document
    for step in reference[2:].split("/"):
        found = found.get(step.replace("~1", "/")) if isinstance(found, dict) else None
    return found


def _routes(document: Document) -> Iterator[tuple[str, Document]]:
    for path, methods in (document.get("paths") or {}).items():
        if not isinstance(methods, dict):
            continue
        for method, operation in methods.items():
            if not isinstance(operation, dict):
                continue
            if path in ("/$default", "$default"):
                yield "$default", operation
            elif method == _ANY:
                yield f"ANY {path}", operation
            elif method in _METHODS:
                yield f"{method.upper()} {path}", operation


def _integration(given: Document) -> Document:
    found = {MEMBERS[key]: value for key, value in given.items() if key in MEMBERS and value is not None}
    found["IntegrationType"] = str(found.get("IntegrationType", "")).upper()
    found.setdefault("PayloadFormatVersion", "1.0")
    return {name: str(value) if name == "PayloadFormatVersion" else value for name, value in found.items()}


def _authorizers(call: Call, api_id: str, document: Document) -> dict[str, tuple[str, str]]:
    """The id and the kind of each security scheme that has an authorizer, by the scheme's name."""
    schemes = (document.get("components") or {}).get("securitySchemes") or {}
    made = {}
    for name, scheme in schemes.items():
        given = scheme.get("x-amazon-apigateway-authorizer") if isinstance(scheme, dict) else None
        if not isinstance(given, dict):
            continue
        params = {AUTHORIZER[key]: value for key, value in given.items() if key in AUTHORIZER}
        if isinstance(params.get("JwtConfiguration"), dict):
            given_jwt = params["JwtConfiguration"]
            params["JwtConfiguration"] = {JWT[key]: value for key, value in given_jwt.items() if key in JWT}
        source = params.get("IdentitySource", [])
        params["IdentitySource"] = source.split(",") if isinstance(source, str) else source
        kind = str(given.get("type", "request")).upper()
        answer = call.perform(
            "apigatewayv2:CreateAuthorizer", {"ApiId": api_id, "Name": name, "AuthorizerType": kind, **params}
        )
        assert isinstance(answer, dict)
        made[name] = (answer["AuthorizerId"], "JWT" if kind == "JWT" else "CUSTOM")
    return made


def _authorization(document: Document, operation: Document, authorizers: dict[str, tuple[str, str]]) -> Document:
    security = operation.get("security", document.get("security")) or []
    for requirement in security if isinstance(security, list) else []:
        for name, scopes in requirement.items():
            if name in authorizers:
                found = {"AuthorizerId": authorizers[name][0], "AuthorizationType": authorizers[name][1]}
                return found | ({"AuthorizationScopes": scopes} if scopes else {})
    auth = operation.get("x-amazon-apigateway-auth")
    return {"AuthorizationType": "AWS_IAM"} if isinstance(auth, dict) and auth.get("type") == "AWS_IAM" else {}
