"""Names of one's own: which API they lead to, by Host and by path."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from websockets.sync.client import connect

from segue.testing import Segue
from tests.services.apigateway.house import Rest
from tests.services.apigatewayv2.sockets import Sockets
from tests.services.apigatewayv2.test_http_apis import Apis, proxy
from tests.visits import visit


@pytest.fixture(scope="module")
def segue() -> Iterator[Segue]:
    with Segue() as server:
        yield server


def ask(segue: Segue, host: str, path: str) -> tuple[int, Any]:
    return visit(segue.endpoint_url + path, "GET", None, {"Host": host})[:2]


def test_a_name_leads_to_http_apis(segue: Segue) -> None:
    apis = Apis(segue)
    api = apis.api("ANY /pets/{id}", proxy(apis.function("echo"), "2.0"))
    client = apis.client
    made = client.create_domain_name(
        DomainName="api.example.com",
        DomainNameConfigurations=[{"CertificateArn": "arn:aws:acm:us-east-1:000000000000:certificate/x"}],
        Tags={"a": "b"},
    )
    assert made["DomainNameConfigurations"][0]["DomainNameStatus"] == "AVAILABLE"
    assert client.get_domain_name(DomainName="api.example.com")["Tags"] == {"a": "b"}
    assert ask(segue, "api.example.com", "/pets/1") == (403, {"message": "Forbidden"})
    root = client.create_api_mapping(DomainName="api.example.com", ApiId=api, Stage="$default")
    status, event = ask(segue, "api.example.com:4566", "/pets/1")
    assert (status, event["rawPath"]) == (200, "/pets/1")
    assert event["requestContext"]["domainName"] == "api.example.com"
    client.create_api_mapping(DomainName="api.example.com", ApiId=api, Stage="$default", ApiMappingKey="v1/zoo")
    status, event = ask(segue, "api.example.com", "/v1/zoo/pets/2")
    assert (event["rawPath"], event["pathParameters"]) == ("/v1/zoo/pets/2", {"id": "2"})
    status, event = ask(segue, "127.0.0.1", "/_aws/execute-api/api.example.com/v1/zoo/pets/3")
    assert (status, event["rawPath"]) == (200, "/v1/zoo/pets/3")
    client.delete_api_mapping(DomainName="api.example.com", ApiMappingId=root["ApiMappingId"])
    assert ask(segue, "api.example.com", "/pets/1")[0] == 403
    assert len(client.get_api_mappings(DomainName="api.example.com")["Items"]) == 1
    client.delete_domain_name(DomainName="api.example.com")
    assert ask(segue, "api.example.com", "/v1/zoo/pets/2")[0] != 200


def test_a_name_leads_to_rest_apis(segue: Segue) -> None:
    rest = Rest(segue)
    api = rest.api()
    api.method(api.resource("pets"), "GET", {"type": "AWS_PROXY", "uri": api.function("proxy")})
    api.deploy()
    client = api.client
    made = client.create_domain_name(
        domainName="rest.example.com",
        regionalCertificateArn="arn:aws:acm:us-east-1:000000000000:certificate/x",
        endpointConfiguration={"types": ["REGIONAL"]},
    )
    assert made["regionalDomainName"].endswith(".execute-api.us-east-1.amazonaws.com")
    mapping = client.create_base_path_mapping(
        domainName="rest.example.com", restApiId=api.id, stage="dev", basePath="shop"
    )
    assert mapping["basePath"] == "shop"
    status, event = ask(segue, "rest.example.com", "/shop/pets")
    assert status == 201
    assert (event["path"], event["requestContext"]["path"]) == ("/shop/pets", "/shop/pets")
    assert event["requestContext"]["domainName"] == "rest.example.com"
    away = [{"op": "replace", "path": "/basePath", "value": "(none)"}]
    client.update_base_path_mapping(domainName="rest.example.com", basePath="shop", patchOperations=away)
    assert client.get_base_path_mappings(domainName="rest.example.com")["items"][0]["basePath"] == "(none)"
    assert ask(segue, "rest.example.com", "/pets")[0] == 201
    assert ask(segue, "rest.example.com", "/nowhere")[0] == 403
    client.delete_base_path_mapping(domainName="rest.example.com", basePath="(none)")
    client.delete_domain_name(domainName="rest.example.com")


def test_a_name_leads_to_websocket_apis(segue: Segue) -> None:
    ws = Sockets(segue)
    client = ws.client
    client.create_domain_name(DomainName="*.chat.example.com", DomainNameConfigurations=[{}])
    client.create_api_mapping(DomainName="*.chat.example.com", ApiId=ws.api, Stage="prod", ApiMappingKey="talk")
    url = segue.endpoint_url.replace("http", "ws")
    with connect(f"{url}/_aws/execute-api/ann.chat.example.com/talk", proxy=None) as talking:
        talking.send("{}")
        assert json.loads(talking.recv(timeout=20))["message"] == "Forbidden"


@pytest.mark.parametrize(
    ("operation", "params", "code"),
    [
        ("create_domain_name", {"DomainName": "no name"}, "BadRequestException"),
        ("get_domain_name", {"DomainName": "none.example.com"}, "NotFoundException"),
        ("create_api_mapping", {"DomainName": "b.example.com", "ApiId": "none", "Stage": "x"}, "BadRequestException"),
        ("get_api_mapping", {"DomainName": "b.example.com", "ApiMappingId": "none"}, "NotFoundException"),
        ("create_domain_name", {"DomainName": "b.example.com"}, "ConflictException"),
        ("get_vpc_link", {"VpcLinkId": "none"}, "NotFoundException"),
    ],
)
def test_bad_input(segue: Segue, operation: str, params: dict[str, Any], code: str) -> None:
    client = segue.client("apigatewayv2")
    if params.get("DomainName") == "b.example.com":
        with contextlib.suppress(client.exceptions.ConflictException):
            client.create_domain_name(DomainName="b.example.com")
    with pytest.raises(ClientError) as caught:
        getattr(client, operation)(**params)
    assert caught.value.response["Error"]["Code"] == code


def test_links_are_rows(segue: Segue) -> None:
    client = segue.client("apigatewayv2")
    made = client.create_vpc_link(Name="l", SubnetIds=["subnet-1"])
    assert client.get_vpc_link(VpcLinkId=made["VpcLinkId"])["VpcLinkStatus"] == "AVAILABLE"
    assert client.update_vpc_link(VpcLinkId=made["VpcLinkId"], Name="m")["Name"] == "m"
    client.delete_vpc_link(VpcLinkId=made["VpcLinkId"])
    assert client.get_vpc_links()["Items"] == []
    older = segue.client("apigateway")
    link = older.create_vpc_link(name="l", targetArns=["arn:aws:elasticloadbalancing:x"])
    assert [one["id"] for one in older.get_vpc_links()["items"]] == [link["id"]]
    older.delete_vpc_link(vpcLinkId=link["id"])
