"""APIs written as documents, and read again."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from tests.services.apigateway.house import Rest

POLICY = {"Version": "2012-10-17", "Statement": []}
MODEL = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}
INTEGRATION = {
    "type": "mock",
    "requestTemplates": {"application/json": '{"statusCode": 200}'},
    "responses": {"default": {"statusCode": "200", "responseTemplates": {"application/json": "{}"}}},
}
DOCUMENT: dict[str, Any] = {
    "openapi": "3.0.1",
    "info": {"title": "pets", "version": "1", "description": "all of them"},
    "x-amazon-apigateway-request-validators": {
        "body": {"validateRequestBody": True, "validateRequestParameters": False}
    },
    "paths": {
        "/pets/{id}": {
            "put": {
                "operationId": "keep",
                "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}}},
                "responses": {"200": {"description": "200 response"}},
                "security": [{"api_key": []}],
                "x-amazon-apigateway-request-validator": "body",
                "x-amazon-apigateway-integration": INTEGRATION,
            },
            "x-amazon-apigateway-any-method": {"responses": {}, "x-amazon-apigateway-integration": INTEGRATION},
        }
    },
    "components": {
        "schemas": {"Pet": MODEL},
        "securitySchemes": {"api_key": {"type": "apiKey", "name": "x-api-key", "in": "header"}},
    },
}


def shape(rest: Rest, api_id: str) -> Any:
    """What matters of an API: its methods by path, without ids."""
    told = {}
    for one in rest.client.get_resources(restApiId=api_id, embed=["methods"])["items"]:
        methods = one.get("resourceMethods", {})
        for method in methods.values():
            method.pop("requestValidatorId", None)
            method["methodIntegration"].pop("cacheNamespace", None)
        told[one["path"]] = methods
    return told


@pytest.mark.parametrize("kind", ["oas30", "swagger"])
@pytest.mark.parametrize("accepts", ["application/json", "application/yaml"])
def test_what_is_written_can_be_read(rest: Rest, kind: str, accepts: str) -> None:
    made = rest.client.import_rest_api(body=json.dumps(DOCUMENT).encode())["id"]
    rest.client.create_deployment(restApiId=made, stageName="dev")
    exported = rest.client.get_export(
        restApiId=made, stageName="dev", exportType=kind, parameters={"extensions": "apigateway"}, accepts=accepts
    )
    text = exported["body"].read().decode()
    document = yaml.safe_load(text)
    assert document["info"]["title"] == "pets"
    assert list(document["paths"]) == ["/pets/{id}"]
    again = rest.client.import_rest_api(body=text.encode())["id"]
    assert shape(rest, again) == shape(rest, made)


def test_extensions_are_told_where_they_are_asked_for(rest: Rest) -> None:
    made = rest.client.import_rest_api(body=json.dumps(DOCUMENT).encode())["id"]
    rest.client.create_deployment(restApiId=made, stageName="dev")
    exported = rest.client.get_export(restApiId=made, stageName="dev", exportType="oas30")
    assert "x-amazon-apigateway-integration" not in exported["body"].read().decode()


def test_http_apis_are_written_too(rest: Rest) -> None:
    client = rest.segue.client("apigatewayv2")
    document = {
        "openapi": "3.0.1",
        "info": {"title": "h", "version": "1"},
        "paths": {
            "/pets/{id}": {
                "get": {
                    "x-amazon-apigateway-integration": {
                        "type": "http_proxy",
                        "uri": "http://127.0.0.1:1/",
                        "httpMethod": "GET",
                        "payloadFormatVersion": "1.0",
                    },
                    "security": [{"jwt": ["read"]}],
                }
            },
            "/$default": {"x-amazon-apigateway-any-method": {"isDefaultRoute": True}},
        },
        "components": {
            "securitySchemes": {
                "jwt": {
                    "type": "oauth2",
                    "x-amazon-apigateway-authorizer": {
                        "type": "jwt",
                        "identitySource": "$request.header.Authorization",
                        "jwtConfiguration": {"issuer": "https://issuer", "audience": ["shop"]},
                    },
                }
            }
        },
        "x-amazon-apigateway-cors": {"allowOrigins": ["*"]},
    }
    made = client.import_api(Body=json.dumps(document))["ApiId"]
    for kind in ("JSON", "YAML"):
        text = client.export_api(ApiId=made, Specification="OAS30", OutputType=kind)["body"].read().decode()
        again = client.import_api(Body=text)
        assert again["CorsConfiguration"] == {"AllowOrigins": ["*"]}
        routes = {one["RouteKey"]: one for one in client.get_routes(ApiId=again["ApiId"])["Items"]}
        assert set(routes) == {"GET /pets/{id}", "$default"}
        assert routes["GET /pets/{id}"]["AuthorizationScopes"] == ["read"]
        [authorizer] = client.get_authorizers(ApiId=again["ApiId"])["Items"]
        assert authorizer["JwtConfiguration"] == {"Audience": ["shop"], "Issuer": "https://issuer"}
    plain = client.export_api(ApiId=made, Specification="OAS30", OutputType="JSON", IncludeExtensions=False)
    assert "x-amazon-apigateway-integration" not in plain["body"].read().decode()
