"""Methods of resources, with their integrations and responses.

Source: API Gateway API reference: Method, Integration, MethodResponse, IntegrationResponse.
"""

from __future__ import annotations

import re
from typing import Any

from segue.api import Call
from segue.services.apigateway import records
from segue.services.apigateway.records import Document, RestApi
from segue.services.apigateway.resources import declared, find_resource, patch_part
from segue.services.apigateway.service import bad_request, conflict, existing, given, not_found

_METHODS = ("ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
_INTEGRATIONS = ("HTTP", "HTTP_PROXY", "AWS", "AWS_PROXY", "MOCK")
_AUTHORIZATIONS = ("NONE", "AWS_IAM", "CUSTOM", "COGNITO_USER_POOLS")
_KEYS = ("restApiId", "resourceId", "httpMethod", "statusCode")
_BEHAVIOURS = ("WHEN_NO_MATCH", "WHEN_NO_TEMPLATES", "NEVER")


def _method(call: Call, params: Document) -> tuple[RestApi, Document]:
    api = existing(call, params)
    found = find_resource(api, params["resourceId"]).get("resourceMethods", {}).get(params["httpMethod"])
    if found is None:
        raise not_found("Invalid Method identifier specified")
    return api, found


def _integration(call: Call, params: Document) -> tuple[RestApi, Document]:
    api, method = _method(call, params)
    if "methodIntegration" not in method:
        raise not_found("Invalid Integration identifier specified")
    return api, method["methodIntegration"]


@declared("PutMethod", "PUT")
def put_method(call: Call, params: Document) -> Document:
    """Add a method to a resource."""
    api, name = existing(call, params), params["httpMethod"]
    methods = find_resource(api, params["resourceId"]).setdefault("resourceMethods", {})
    if name not in _METHODS:
        raise bad_request(f"Invalid HTTP method specified: {name}")
    if name in methods:
        raise conflict("Method already exists for this resource")
    made = {"apiKeyRequired": False, **given(params, "restApiId", "resourceId")}
    check_method(api, made)
    methods[name] = made
    records.put_api(call.tx, api)
    return made


def check_method(api: RestApi, method: Document) -> None:
    """Refuse a method that cannot be so."""
    kind = method["authorizationType"]
    if kind not in _AUTHORIZATIONS:
        raise bad_request("Invalid authorization type specified. Valid values are: " + ", ".join(_AUTHORIZATIONS))
    if kind in ("CUSTOM", "COGNITO_USER_POOLS") and method.get("authorizerId") not in api.document["authorizers"]:
        raise bad_request(
            "Invalid authorizer ID specified. Setting the authorization type to CUSTOM or COGNITO_USER_POOLS requires "
            "a valid authorizer."
        )
    validator = method.get("requestValidatorId")
    if validator and validator not in api.document["requestValidators"]:
        raise bad_request("Invalid Request Validator identifier specified")
    for model in (method.get("requestModels") or {}).values():
        if model not in api.document["models"]:
            raise bad_request(f"Invalid model identifier specified: {model}")


@declared("GetMethod", "GET")
def get_method(call: Call, params: Document) -> Document:
    """Describe a method with its integration."""
    return _method(call, params)[1]


@declared("UpdateMethod", "PATCH")
def update_method(call: Call, params: Document) -> Document:
    """Change a method."""
    api, found = _method(call, params)
    patch_part(call, "Method", found, params)
    check_method(api, found)
    records.put_api(call.tx, api)
    return found


@declared("DeleteMethod", "DELETE")
def delete_method(call: Call, params: Document) -> Document:
    """Remove a method."""
    api, _ = _method(call, params)
    del find_resource(api, params["resourceId"])["resourceMethods"][params["httpMethod"]]
    records.put_api(call.tx, api)
    return {}


# Integrations


@declared("PutIntegration", "PUT")
def put_integration(call: Call, params: Document) -> Document:
    """Say what stands behind a method."""
    api, method = _method(call, params)
    settings = given(params, "restApiId", "resourceId", "httpMethod", "integrationHttpMethod")
    if params.get("integrationHttpMethod"):
        settings["httpMethod"] = params["integrationHttpMethod"]
    made = {
        "passthroughBehavior": "WHEN_NO_MATCH",
        "timeoutInMillis": 29_000,
        "cacheNamespace": params["resourceId"],
        "cacheKeyParameters": [],
        **settings,
    }
    check_integration(made)
    if "integrationResponses" in method.get("methodIntegration", {}):
        made["integrationResponses"] = method["methodIntegration"]["integrationResponses"]
    method["methodIntegration"] = made
    records.put_api(call.tx, api)
    return made


def check_integration(made: Document) -> None:
    """Refuse an integration that cannot be so."""
    kind, uri = made["type"], made.get("uri", "")
    if kind not in _INTEGRATIONS:
        raise bad_request("Invalid integration type specified. Valid values are: " + ", ".join(_INTEGRATIONS))
    if made.get("connectionType") == "VPC_LINK" and not made.get("connectionId"):
        raise bad_request("VpcLink integrations must have a connectionId")
    if kind != "MOCK":
        if not made.get("httpMethod"):
            raise bad_request("Enumeration value for HttpMethod must be non-empty")
        if kind.startswith("AWS") and not uri.startswith("arn:"):
            raise bad_request("Invalid ARN specified in the request")
        if kind.startswith("AWS") and uri.count(":") < 5:
            raise bad_request("AWS ARN for integration must contain path or action")
        if kind.startswith("HTTP") and not uri.startswith(("http://", "https://", "${")):
            raise bad_request("Invalid HTTP endpoint specified for URI")
    if made["passthroughBehavior"] not in _BEHAVIOURS:
        raise bad_request("Invalid passthrough behavior specified. Valid values are: " + ", ".join(_BEHAVIOURS))


@declared("GetIntegration", "GET")
def get_integration(call: Call, params: Document) -> Document:
    """Describe an integration."""
    return _integration(call, params)[1]


@declared("UpdateIntegration", "PATCH")
def update_integration(call: Call, params: Document) -> Document:
    """Change an integration."""
    api, found = _integration(call, params)
    patch_part(call, "Integration", found, params)
    check_integration(found)
    records.put_api(call.tx, api)
    return found


@declared("DeleteIntegration", "DELETE")
def delete_integration(call: Call, params: Document) -> Document:
    """Leave a method without an integration."""
    api, _ = _integration(call, params)
    del _method_of(api, params)["methodIntegration"]
    records.put_api(call.tx, api)
    return {}


def _method_of(api: RestApi, params: Document) -> Document:
    found: Document = api.document["resources"][params["resourceId"]]["resourceMethods"][params["httpMethod"]]
    return found


# Responses, of methods and of integrations


def _declare_responses(kind: str, member: str, owner: Any) -> None:
    """The four operations on the responses of a method, or of its integration."""

    def find(call: Call, params: Document) -> tuple[RestApi, Document]:
        api, found = owner(call, params)
        if params["statusCode"] not in found.get(member, {}):
            raise not_found("Invalid Response status code specified")
        return api, found

    def put(call: Call, params: Document) -> Document:
        api, found = owner(call, params)
        status = params["statusCode"]
        if not re.fullmatch(r"[1-5]\d\d", status, re.ASCII):
            raise bad_request("Invalid status code specified")
        if kind == "MethodResponse" and status in found.get(member, {}):
            raise conflict("Response already exists for this resource")
        made = {"statusCode": status, **given(params, *_KEYS)}
        found.setdefault(member, {})[status] = made
        records.put_api(call.tx, api)
        return made

    def get(call: Call, params: Document) -> Document:
        found: Document = find(call, params)[1][member][params["statusCode"]]
        return found

    def update(call: Call, params: Document) -> Document:
        api, found = find(call, params)
        response: Document = found[member][params["statusCode"]]
        patch_part(call, kind, response, params)
        records.put_api(call.tx, api)
        return response

    def delete(call: Call, params: Document) -> Document:
        api, found = find(call, params)
        del found[member][params["statusCode"]]
        records.put_api(call.tx, api)
        return {}

    for prefix, verb, handler in (
        ("Put", "PUT", put),
        ("Get", "GET", get),
        ("Update", "PATCH", update),
        ("Delete", "DELETE", delete),
    ):
        declared(f"{prefix}{kind}", verb)(handler)


_declare_responses("MethodResponse", "methodResponses", _method)
_declare_responses("IntegrationResponse", "integrationResponses", _integration)
