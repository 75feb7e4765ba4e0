"""REST APIs of OpenAPI documents."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.services.apigateway.house import Rest


def mock(text: str) -> dict[str, Any]:
    return {
        "type": "mock",
        "requestTemplates": {"application/json": '{"statusCode": 200}'},
        "responses": {"default": {"statusCode": "200", "responseTemplates": {"application/json": text}}},
    }


def document() -> dict[str, Any]:
    operation = {
        "parameters": [{"name": "q", "in": "query", "required": True, "schema": {"type": "string"}}],
        "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}}},
        "responses": {"200": {"description": "ok", "headers": {"X-A": {}}}},
        "x-amazon-apigateway-request-validator": "all",
        "x-amazon-apigateway-integration": mock('{"made": true}'),
        "security": [{"key": []}],
    }
    return {
        "openapi": "3.0.1",
        "info": {"title": "pets", "version": "1"},
        "paths": {
            "/pets/{id}": {"post": operation},
            "/pets": {"x-amazon-apigateway-any-method": {"x-amazon-apigateway-integration": mock('{"any": true}')}},
        },
        "components": {
            "schemas": {
                "Pet": {"type": "object", "properties": {"owner": {"$ref": "#/components/schemas/Owner"}}},
                "Owner": {"type": "string"},
            },
            "securitySchemes": {"key": {"type": "apiKey", "name": "x-api-key", "in": "header"}},
        },
        "x-amazon-apigateway-request-validators": {
            "all": {"validateRequestBody": True, "validateRequestParameters": True}
        },
        "x-amazon-apigateway-gateway-responses": {"INVALID_API_KEY": {"statusCode": 401}},
    }


def test_import_and_put(rest: Rest) -> None:
    client = rest.client
    made = client.import_rest_api(body=json.dumps(document()).encode())
    assert made["name"] == "pets"
    api = rest.api()
    api.id = made["id"]
    paths = {one["path"]: one for one in client.get_resources(restApiId=made["id"], embed=["methods"])["items"]}
    assert sorted(paths) == ["/", "/pets", "/pets/{id}"]
    method = paths["/pets/{id}"]["resourceMethods"]["POST"]
    assert method["apiKeyRequired"] is True
    assert method["requestParameters"] == {"method.request.querystring.q": True}
    assert method["methodResponses"]["200"]["responseParameters"] == {"method.response.header.X-A": False}
    api.deploy()
    assert api.ask("/dev/pets", "PUT")[:2] == (200, {"any": True})
    assert api.ask("/dev/pets/1")[0] == 401
    changed = document()
    del changed["paths"]["/pets/{id}"]["post"]["security"]
    client.put_rest_api(restApiId=made["id"], mode="overwrite", body=json.dumps(changed).encode())
    api.deploy()
    assert api.ask("/dev/pets/1?q=1", body={"owner": "ann"})[:2] == (200, {"made": True})
    assert api.ask("/dev/pets/1?q=1", body={"owner": 1})[0] == 400
    assert api.ask("/dev/pets/1", body={})[0] == 400
    more = {"swagger": "2.0", "info": {"title": "more"}, "paths": {"/pets/{id}/x": changed["paths"]["/pets"]}}
    client.put_rest_api(restApiId=made["id"], mode="merge", body=json.dumps(more).encode())
    api.deploy()
    assert api.ask("/dev/pets/1/x", "GET")[0] == 200
    assert api.ask("/dev/pets/1?q=1", body={})[0] == 200


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"{}",
        b'{"swagger": "2.0"}',
        b'{"swagger": "2.0", "info": {"title": "x"}, "paths": []}',
        b"a: [",
        b"\xff",
    ],
)
def test_what_is_no_document(rest: Rest, body: bytes) -> None:
    before = len(rest.client.get_rest_apis()["items"])
    with pytest.raises(ClientError, match="BadRequestException"):
        rest.client.import_rest_api(body=body)
    assert len(rest.client.get_rest_apis()["items"]) == before
