"""HTTP APIs as OpenAPI documents: what :mod:`.import_api` reads, written.

Source: API Gateway developer guide, "Export HTTP APIs from API Gateway" and "OpenAPI extensions".
"""

from __future__ import annotations

import re
from typing import Any

import orjson

from segue.api import Call
from segue.errors import AwsError
from segue.services.apigatewayv2 import records
from segue.services.apigatewayv2.apis import existing
from segue.services.apigatewayv2.import_api import AUTHORIZER, CORS, JWT, MEMBERS
from segue.services.apigatewayv2.records import Served
from segue.services.apigatewayv2.service import SERVICE, arn_of_api

Document = dict[str, Any]
_ANY, _DEFAULT = "x-amazon-apigateway-any-method", "/$default"
_VARIABLE = re.compile(r"\{([^{}+]+)\+?\}")


@SERVICE.operation("ExportApi", reads=True, resource=arn_of_api, action="apigateway:GET")
def export_api(call: Call, params: Document) -> Document:
    """An API as a document, with or without API Gateway's extensions."""
    api = existing(call, params["ApiId"])
    if api.is_websocket:
        raise AwsError("BadRequestException", "ExportApi is not supported for WEBSOCKET protocol APIs")
    if params["Specification"] != "OAS30":
        raise AwsError("BadRequestException", "Invalid specification. Must be one of [OAS30]")
    kind = params["OutputType"]
    if kind not in ("JSON", "YAML"):
        raise AwsError("BadRequestException", "Invalid output type. Must be one of [YAML, JSON]")
    served = records.served(call.tx, api.id)
    assert served is not None
    stage = params.get("StageName")
    if stage is not None and served.part("Stage", stage) is None:
        raise AwsError("NotFoundException", f"Invalid Stage identifier specified {stage}", status=404)
    document = _document(served, stage, params.get("IncludeExtensions", True))
    return {"body": orjson.dumps(document) if kind == "JSON" else _yaml(document)}


def _yaml(document: Document) -> bytes:
    import yaml

    text: str = yaml.safe_dump(document, sort_keys=False)
    return text.encode()


def _document(served: Served, stage: str | None, extensions: bool) -> Document:
    api = served.api
    info = {"title": api.document["Name"], "version": api.document.get("Version", "1.0")}
    if "Description" in api.document:
        info["description"] = api.document["Description"]
    url = f"https://{api.id}.execute-api.{api.region}.amazonaws.com"
    server: Document = {"url": url}
    if stage not in (None, "$default"):
        server = {"url": f"{url}/{{basePath}}", "variables": {"basePath": {"default": stage}}}
    document: Document = {"openapi": "3.0.1", "info": info, "servers": [server], "paths": {}}
    for route in sorted(served.all("Route"), key=lambda one: str(one["RouteKey"])):
        method, _, path = route["RouteKey"].partition(" ")
        verb = _ANY if method in ("ANY", "$default") else method.lower()
        document["paths"].setdefault(path or _DEFAULT, {})[verb] = _operation(served, route, path, extensions)
    schemes = {one["Name"]: _scheme(one) for one in served.all("Authorizer")}
    if schemes and extensions:
        document["components"] = {"securitySchemes": schemes}
    if extensions:
        cors = api.document.get("CorsConfiguration")
        if cors:
            document["x-amazon-apigateway-cors"] = {key: cors[name] for key, name in CORS.items() if name in cors}
        document["x-amazon-apigateway-importexport-version"] = "1.0"
    return document


def _operation(served: Served, route: Document, path: str, extensions: bool) -> Document:
    made: Document = {"responses": {"default": {"description": f"Default response for {route['RouteKey']}"}}}
    names = _VARIABLE.findall(path)
    if names:
        made["parameters"] = [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names
        ]
    if not extensions:
        return made
    if route["RouteKey"] == "$default":
        made["isDefaultRoute"] = True
    authorizer = served.part("Authorizer", route.get("AuthorizerId", ""))
    if authorizer is not None:
        made["security"] = [{authorizer["Name"]: route.get("AuthorizationScopes") or []}]
    elif route.get("AuthorizationType") == "AWS_IAM":
        made["x-amazon-apigateway-auth"] = {"type": "AWS_IAM"}
    integration = served.part("Integration", str(route.get("Target", "")).removeprefix("integrations/"))
    if integration is not None:
        said = {key: integration[name] for key, name in MEMBERS.items() if integration.get(name) is not None}
        made["x-amazon-apigateway-integration"] = {**said, "type": str(said.get("type", "")).lower()}
    return made


def _scheme(authorizer: Document) -> Document:
    is_jwt = authorizer["AuthorizerType"] == "JWT"
    said = {key: authorizer[name] for key, name in AUTHORIZER.items() if authorizer.get(name) is not None}
    if is_jwt:
        settings = authorizer.get("JwtConfiguration") or {}
        said["jwtConfiguration"] = {key: settings[name] for key, name in JWT.items() if name in settings}
    said["identitySource"] = ",".join(authorizer.get("IdentitySource") or ())
    said["type"] = authorizer["AuthorizerType"].lower()
    kind = {"type": "oauth2"} if is_jwt else {"type": "apiKey", "name": "Authorization", "in": "header"}
    return {**kind, "x-amazon-apigateway-authorizer": said}
