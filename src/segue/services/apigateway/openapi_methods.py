"""What OpenAPI documents say of one method: its integration, its responses. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from segue.services.apigateway.records import Document

AS_THEY_ARE = (
    "uri",
    "httpMethod",
    "credentials",
    "connectionType",
    "connectionId",
    "requestParameters",
    "requestTemplates",
    "contentHandling",
    "cacheNamespace",
    "cacheKeyParameters",
    "tlsConfig",
)


def integration_of(said: Document, resource_id: str) -> Document:
    """An integration as ``x-amazon-apigateway-integration`` says it."""
    made: Document = {
        "type": str(said.get("type", "")).upper(),
        "passthroughBehavior": str(said.get("passthroughBehavior", "when_no_match")).upper(),
        "timeoutInMillis": int(said.get("timeoutInMillis", 29_000)),
        "cacheNamespace": resource_id,
        "cacheKeyParameters": [],
        **{name: said[name] for name in AS_THEY_ARE if said.get(name) is not None},
    }
    if "contentHandling" in made:
        made["contentHandling"] = str(made["contentHandling"]).upper()
    responses = {}
    for pattern, response in (said.get("responses") or {}).items():
        if not isinstance(response, dict):
            continue
        one: Document = {"statusCode": str(response.get("statusCode", "200"))}
        if pattern != "default":
            one["selectionPattern"] = str(pattern)
        one |= {name: response[name] for name in ("responseParameters", "responseTemplates") if response.get(name)}
        responses[one["statusCode"]] = one
    if responses:
        made["integrationResponses"] = responses
    return made


def responses_of(operation: Document, resolved: Callable[[Any], Document]) -> Document:
    """The responses of a method; ``resolved`` follows references."""
    found: Document = {}
    for status, given in (operation.get("responses") or {}).items():
        response, code = resolved(given), str(status)
        if not code.isdigit():
            continue
        one: Document = {"statusCode": code}
        headers = response.get("headers")
        if isinstance(headers, dict) and headers:
            one["responseParameters"] = {f"method.response.header.{name}": False for name in headers}
        models = {}
        schema = response.get("schema")
        if isinstance(schema, dict) and "$ref" in schema:
            models["application/json"] = str(schema["$ref"]).rpartition("/")[2]
        for kind, content in (response.get("content") or {}).items():
            reference = (content.get("schema") or {}).get("$ref") if isinstance(content, dict) else None
            if reference:
                models[kind] = str(reference).rpartition("/")[2]
        if models:
            one["responseModels"] = models
        found[code] = one
    return found
