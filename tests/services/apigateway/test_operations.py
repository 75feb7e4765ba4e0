"""The API of REST APIs: what it makes, tells, changes and refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.services.apigateway.house import Rest


def refused(act: Callable[[], Any]) -> tuple[str, str]:
    with pytest.raises(ClientError) as error:
        act()
    said = error.value.response["Error"]
    return said["Code"], said["Message"]


def test_refusals(rest: Rest) -> None:
    api, client = rest.api(), rest.client
    here = api.resource("here")
    named: dict[str, Any] = {"restApiId": api.id, "resourceId": here, "httpMethod": "GET"}
    expected = [
        (
            lambda: client.get_rest_api(restApiId="nobody"),
            "NotFoundException",
            "Invalid API identifier specified 000000000000:nobody",
        ),
        (
            lambda: client.get_resource(restApiId=api.id, resourceId="nobody"),
            "NotFoundException",
            "Invalid Resource identifier specified",
        ),
        (lambda: client.get_method(**named), "NotFoundException", "Invalid Method identifier specified"),
        (
            lambda: api.resource("here"),
            "ConflictException",
            "Another resource with the same parent already has this name: here",
        ),
        (lambda: api.deploy(), "BadRequestException", "The REST API doesn't contain any methods"),
    ]
    for act, code, message in expected:
        assert refused(act) == (code, message)
    client.put_method(**named, authorizationType="NONE")
    assert refused(lambda: client.put_method(**named, authorizationType="NONE")) == (
        "ConflictException",
        "Method already exists for this resource",
    )
    assert refused(api.deploy) == ("BadRequestException", "No integration defined for method")
    assert refused(lambda: api.resource("a b"))[0] == "BadRequestException"
    cognito = {"restApiId": api.id, "name": "c", "type": "COGNITO_USER_POOLS", "providerARNs": ["arn:aws:x"]}
    expected_words = ("BadRequestException", "Invalid Authorizer ARN specified")
    assert refused(lambda: client.create_authorizer(**cognito)) == expected_words
    assert refused(lambda: client.put_integration(**named, type="AWS", integrationHttpMethod="POST", uri="x"))[0] == (
        "BadRequestException"
    )


def test_a_tree_of_resources(rest: Rest) -> None:
    api, client = rest.api(), rest.client
    parent = api.resource("a")
    child = api.resource("{b}", parent)
    assert client.get_resource(restApiId=api.id, resourceId=child)["path"] == "/a/{b}"
    renamed = [{"op": "replace", "path": "/pathPart", "value": "z"}]
    client.update_resource(restApiId=api.id, resourceId=parent, patchOperations=renamed)
    assert client.get_resource(restApiId=api.id, resourceId=child)["path"] == "/z/{b}"
    assert refused(lambda: api.resource("{c}", parent))[0] == "BadRequestException"
    client.delete_resource(restApiId=api.id, resourceId=parent)
    assert [one["path"] for one in client.get_resources(restApiId=api.id)["items"]] == ["/"]


def test_patches(rest: Rest) -> None:
    api, client = rest.api(), rest.client
    here = api.resource("here")
    api.method(here, "GET")
    named = {"restApiId": api.id, "resourceId": here, "httpMethod": "GET"}

    def patch(op: str, path: str, value: str | None = None) -> list[dict[str, str]]:
        return [{"op": op, "path": path, **({} if value is None else {"value": value})}]

    told = client.update_rest_api(restApiId=api.id, patchOperations=patch("add", "/binaryMediaTypes/image~1png"))
    assert told["binaryMediaTypes"] == ["image/png"]
    told = client.update_rest_api(
        restApiId=api.id, patchOperations=patch("replace", "/endpointConfiguration/types/EDGE", "REGIONAL")
    )
    assert told["endpointConfiguration"]["types"] == ["REGIONAL"]
    told = client.update_method(**named, patchOperations=patch("replace", "/apiKeyRequired", "true"))
    assert told["apiKeyRequired"] is True
    told = client.update_integration(
        **named, patchOperations=patch("add", "/requestTemplates/application~1json", '{"statusCode": 200}')
    )
    assert told["requestTemplates"] == {"application/json": '{"statusCode": 200}'}
    api.deploy()
    stage = {"restApiId": api.id, "stageName": "dev"}
    told = client.update_stage(**stage, patchOperations=patch("replace", "/variables/a.b", "1"))
    assert told["variables"] == {"a.b": "1"}
    told = client.update_stage(**stage, patchOperations=patch("replace", "/*/*/throttling/rateLimit", "2.5"))
    assert told["methodSettings"]["*/*"]["throttlingRateLimit"] == 2.5
    told = client.update_stage(**stage, patchOperations=patch("remove", "/variables/a.b"))
    assert told["variables"] == {}
    assert refused(lambda: client.update_stage(**stage, patchOperations=patch("replace", "/nothing", "1")))[0] == (
        "BadRequestException"
    )


def test_pages_tags_and_models(rest: Rest) -> None:
    made = {rest.client.create_rest_api(name=f"p{n}", tags={"n": str(n)})["id"] for n in range(3)}
    found, position = set(), {}
    while True:
        told = rest.client.get_rest_apis(limit=2, **position)
        found |= {one["id"] for one in told["items"]}
        if "position" not in told:
            break
        position = {"position": told["position"]}
    assert made <= found
    one = sorted(made)[0]
    arn = f"arn:aws:apigateway:us-east-1::/restapis/{one}"
    rest.client.tag_resource(resourceArn=arn, tags={"a": "b"})
    rest.client.untag_resource(resourceArn=arn, tagKeys=["n"])
    assert rest.client.get_tags(resourceArn=arn)["tags"] == {"a": "b"}
    models = rest.client.get_models(restApiId=one)["items"]
    assert sorted(model["name"] for model in models) == ["Empty", "Error"]
    kinds = rest.client.get_gateway_responses(restApiId=one)["items"]
    assert len(kinds) >= 20
    assert all(kind["defaultResponse"] for kind in kinds)
    for api_id in made:
        rest.client.delete_rest_api(restApiId=api_id)
    assert refused(lambda: rest.client.get_models(restApiId=one))[0] == "NotFoundException"
