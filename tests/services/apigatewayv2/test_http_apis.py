"""HTTP APIs as their clients and their makers see them: a real server, real functions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from segue.testing import Segue
from tests.services.apigatewayv2.keys import KEY, token
from tests.services.lambda_.house import ROLE, package
from tests.visits import visit

pytestmark = pytest.mark.both_stores

CODE = """
import base64

def echo(event, context):
    return event

def answer(event, context):
    return {"statusCode": 201, "headers": {"X-A": "b"}, "cookies": ["a=1", "b=2"], "body": "made"}

def fails(event, context):
    raise ValueError("no luck")

def wrong(event, context):
    return {"statusCode": "nonsense"}

def issuer(event, context):
    import json, os
    if event["rawPath"].endswith("/openid-configuration"):
        return {"issuer": os.environ["ISSUER"], "jwks_uri": os.environ["ISSUER"] + "/keys"}
    return json.loads(os.environ["KEYS"])

def gate(event, context):
    return {"isAuthorized": event["headers"].get("x-key") == "open", "context": {"who": "ann"}}
"""


class Apis:
    """A server with functions, and requests to its APIs."""

    def __init__(self, segue: Segue) -> None:
        self.segue, self.client = segue, segue.client("apigatewayv2")

    def function(self, name: str, api_id: str = "*", *, permitted: bool = True) -> str:
        client = self.segue.client("lambda")
        arn = f"arn:aws:lambda:us-east-1:000000000000:function:{name}"
        try:
            client.create_function(
                FunctionName=name,
                Runtime="python3.12",
                Handler=f"a.{name}",
                Role=ROLE,
                Code={"ZipFile": package({"a.py": CODE})},
            )
        except client.exceptions.ResourceConflictException:
            return arn
        if permitted:
            client.add_permission(
                FunctionName=name,
                StatementId="api",
                Action="lambda:InvokeFunction",
                Principal="apigateway.amazonaws.com",
                SourceArn=f"arn:aws:execute-api:us-east-1:000000000000:{api_id}/*",
            )
        return arn

    def api(self, route: str, integration: dict[str, Any], stage: str = "$default", **more: Any) -> str:
        api_id = str(self.client.create_api(Name="a", ProtocolType="HTTP", **more)["ApiId"])
        self.route(api_id, route, integration)
        self.client.create_stage(ApiId=api_id, StageName=stage, AutoDeploy=True, StageVariables={"v": "1"})
        return api_id

    def route(self, api_id: str, route: str, integration: dict[str, Any], **more: Any) -> None:
        made = self.client.create_integration(ApiId=api_id, **integration)["IntegrationId"]
        self.client.create_route(ApiId=api_id, RouteKey=route, Target=f"integrations/{made}", **more)

    def ask(
        self, api_id: str, path: str, method: str = "GET", body: bytes | None = None, **headers: str
    ) -> tuple[int, Any, Any]:
        return visit(f"{self.segue.endpoint_url}/_aws/execute-api/{api_id}{path}", method, body, headers)


def proxy(arn: str, version: str = "2.0", **more: Any) -> dict[str, Any]:
    return {"IntegrationType": "AWS_PROXY", "IntegrationUri": arn, "PayloadFormatVersion": version, **more}


@pytest.fixture(scope="module")
def apis(store: str) -> Iterator[Apis]:
    with Segue() as server:
        yield Apis(server)


def test_a_function_gets_the_request_and_gives_the_answer(apis: Apis) -> None:
    api_id = apis.api("POST /pets/{id}", proxy(apis.function("echo")))
    status, event, _ = apis.ask(api_id, "/pets/a%20b?x=1&x=2", "POST", b'{"n": 1}', Content_Type="application/json")
    assert status == 200
    assert (event["routeKey"], event["rawPath"], event["pathParameters"]) == (
        "POST /pets/{id}",
        "/pets/a b",
        {"id": "a b"},
    )
    assert (event["body"], event["queryStringParameters"]) == ('{"n": 1}', {"x": "1,2"})
    assert event["stageVariables"] == {"v": "1"}
    assert apis.ask(api_id, "/pets/a")[:2] == (404, {"message": "Not Found"})
    assert apis.ask("nosuchapi", "/")[:2] == (404, {"message": "Not Found"})


def test_format_1_and_a_stage_with_a_name(apis: Apis) -> None:
    api_id = apis.api("ANY /{rest+}", proxy(apis.function("answer"), "1.0"), "prod")
    status, body, headers = apis.ask(api_id, "/prod/x/y")
    assert (status, body, headers["x-a"]) == (201, "made", "b")
    assert apis.ask(api_id, "/other/x")[0] == 404


def test_cookies_come_one_by_one(apis: Apis) -> None:
    api_id = apis.api("$default", proxy(apis.function("answer")))
    assert apis.ask(api_id, "/")[2].get_all("set-cookie") == ["a=1", "b=2"]


@pytest.mark.parametrize("name", ["fails", "wrong", "closed", "nowhere"])
def test_what_goes_wrong_behind_a_route_is_told_to_its_owner(apis: Apis, name: str) -> None:
    arn = f"arn:aws:lambda:us-east-1:000000000000:function:{name}"
    if name != "nowhere":
        apis.function(name, permitted=name != "closed")
    api_id = apis.api("$default", proxy(arn))
    assert apis.ask(api_id, "/")[:2] == (500, {"message": "Internal Server Error"})
    apis.segue.settle()
    rows = apis.segue.transact(
        lambda tx: tx.all("SELECT status, reason FROM deliveries WHERE source LIKE ? ORDER BY id", f"%{api_id}%")
    )
    assert rows
    assert rows[-1][0] == "failed"
    assert rows[-1][1]


def test_an_authorizer_decides(apis: Apis) -> None:
    api_id = apis.api("GET /free", proxy(apis.function("echo")))
    authorizer = apis.client.create_authorizer(
        ApiId=api_id,
        Name="gate",
        AuthorizerType="REQUEST",
        AuthorizerUri=apis.function("gate"),
        AuthorizerPayloadFormatVersion="2.0",
        EnableSimpleResponses=True,
        IdentitySource=["$request.header.X-Key"],
    )["AuthorizerId"]
    guarded = {"AuthorizationType": "CUSTOM", "AuthorizerId": authorizer}
    apis.route(api_id, "GET /guarded", proxy(apis.function("echo")), **guarded)
    assert apis.ask(api_id, "/guarded")[:2] == (401, {"message": "Unauthorized"})
    assert apis.ask(api_id, "/guarded", X_Key="shut")[:2] == (403, {"message": "Forbidden"})
    status, event, _ = apis.ask(api_id, "/guarded", X_Key="open")
    assert (status, event["requestContext"]["authorizer"]) == (200, {"lambda": {"who": "ann"}})


def test_whoever_brings_a_token_of_the_issuer_may(apis: Apis) -> None:
    issuer_id = apis.api("$default", proxy(apis.function("issuer")))
    issuer = f"{apis.segue.endpoint_url}/_aws/execute-api/{issuer_id}"
    environment = {"Variables": {"ISSUER": issuer, "KEYS": json.dumps({"keys": [KEY]})}}
    apis.segue.client("lambda").update_function_configuration(FunctionName="issuer", Environment=environment)
    api_id = apis.api("GET /free", proxy(apis.function("echo")))
    authorizer = apis.client.create_authorizer(
        ApiId=api_id,
        Name="jwt",
        AuthorizerType="JWT",
        IdentitySource=["$request.header.Authorization"],
        JwtConfiguration={"Issuer": issuer, "Audience": ["shop"]},
    )["AuthorizerId"]
    guarded = {"AuthorizationType": "JWT", "AuthorizerId": authorizer}
    apis.route(api_id, "GET /any", proxy(apis.function("echo")), **guarded)
    apis.route(api_id, "GET /read", proxy(apis.function("echo")), **guarded, AuthorizationScopes=["read"])
    now = apis.segue.server.clock.now_ms() // 1000
    claims = {"iss": issuer, "aud": "shop", "exp": now + 60, "scope": "write", "sub": "ann"}
    good = f"Bearer {token(claims)}"
    status, event, _ = apis.ask(api_id, "/any", Authorization=good)
    assert status == 200
    assert event["requestContext"]["authorizer"]["jwt"]["claims"]["sub"] == "ann"
    assert apis.ask(api_id, "/read", Authorization=good)[:2] == (403, {"message": "Forbidden"})
    assert apis.ask(api_id, "/any")[:2] == (401, {"message": "Unauthorized"})
    for wrong in (token({**claims, "aud": "x"}), token(claims, kid="k2"), good[:-8] + "AAAAAAAA", "nonsense"):
        assert apis.ask(api_id, "/any", Authorization=wrong)[0] == 401


def test_services_behind_routes(apis: Apis) -> None:
    sqs, states = apis.segue.client("sqs"), apis.segue.client("stepfunctions")
    url = sqs.create_queue(QueueName="hooks")["QueueUrl"]
    definition = {"StartAt": "P", "States": {"P": {"Type": "Pass", "Result": {"done": True}, "End": True}}}
    machine = states.create_state_machine(name="sync", definition=json.dumps(definition), roleArn=ROLE, type="EXPRESS")[
        "stateMachineArn"
    ]
    kind = {"IntegrationType": "AWS_PROXY", "CredentialsArn": ROLE, "PayloadFormatVersion": "1.0"}
    message = {"QueueUrl": url, "MessageBody": "$request.body.text", "MessageGroupId": "$request.header.nothing"}
    api_id = apis.api("POST /hooks", {**kind, "IntegrationSubtype": "SQS-SendMessage", "RequestParameters": message})
    started = {"StateMachineArn": machine, "Input": "$request.body"}
    integration = {"IntegrationSubtype": "StepFunctions-StartSyncExecution", "RequestParameters": started}
    apis.route(api_id, "POST /run", {**kind, **integration})
    status, told, _ = apis.ask(api_id, "/hooks", "POST", b'{"text": "hello"}')
    assert (status, sorted(told)[:2]) == (200, ["MD5OfMessageBody", "MessageId"])
    assert sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "hello"
    status, told, _ = apis.ask(api_id, "/run", "POST", b"{}")
    assert (status, told["status"], told["output"]) == (200, "SUCCEEDED", '{"done":true}')


def test_a_server_elsewhere_gets_the_request_changed(apis: Apis) -> None:
    inner = apis.api("ANY /in/{rest+}", proxy(apis.function("echo")))
    target = f"{apis.segue.endpoint_url}/_aws/execute-api/{inner}/in/{{rest}}"
    outer = apis.api(
        "ANY /out/{rest+}",
        {
            "IntegrationType": "HTTP_PROXY",
            "IntegrationMethod": "ANY",
            "IntegrationUri": target,
            "PayloadFormatVersion": "1.0",
            "RequestParameters": {"overwrite:header.x-stage": "$stageVariables.v", "remove:querystring.no": "''"},
        },
    )
    status, event, _ = apis.ask(outer, "/out/a/b?yes=1&no=2", "PUT", b"x", Content_Type="text/plain")
    assert (status, event["rawPath"], event["rawQueryString"]) == (200, "/in/a/b", "yes=1")
    assert (event["headers"]["x-stage"], event["body"]) == ("1", "x")


def test_pages_of_other_origins(apis: Apis) -> None:
    cors = {"AllowOrigins": ["https://shop.example.com"], "AllowMethods": ["GET"], "AllowHeaders": ["x-a"], "MaxAge": 9}
    api_id = apis.api("GET /", proxy(apis.function("echo")), CorsConfiguration=cors)
    status, _, headers = apis.ask(
        api_id, "/", "OPTIONS", Origin="https://shop.example.com", Access_Control_Request_Method="GET"
    )
    assert (status, headers["access-control-allow-methods"], headers["access-control-max-age"]) == (204, "GET", "9")
    allowed = apis.ask(api_id, "/", Origin="https://shop.example.com")[2]["access-control-allow-origin"]
    assert allowed == "https://shop.example.com"
    assert "access-control-allow-origin" not in apis.ask(api_id, "/", Origin="https://elsewhere.org")[2]


def test_an_openapi_document_makes_an_api(apis: Apis) -> None:
    arn = apis.function("echo")
    uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations"
    integration = {"type": "aws_proxy", "httpMethod": "POST", "uri": uri, "payloadFormatVersion": "2.0"}
    document = {
        "openapi": "3.0.1",
        "info": {"title": "shop", "version": "1"},
        "paths": {"/pets/{id}": {"get": {"x-amazon-apigateway-integration": integration}}},
    }
    api_id = apis.client.import_api(Body=json.dumps(document))["ApiId"]
    apis.client.create_stage(ApiId=api_id, StageName="$default", AutoDeploy=True)
    assert apis.ask(api_id, "/pets/1")[1]["pathParameters"] == {"id": "1"}
    assert [route["RouteKey"] for route in apis.client.get_routes(ApiId=api_id)["Items"]] == ["GET /pets/{id}"]
    document["paths"] = {
        "/$default": {"x-amazon-apigateway-any-method": {"x-amazon-apigateway-integration": integration}}
    }
    apis.client.reimport_api(ApiId=api_id, Body=json.dumps(document))
    assert apis.ask(api_id, "/anything", "PUT")[0] == 200


def test_quick_create_and_removal(apis: Apis) -> None:
    made = apis.client.create_api(Name="q", ProtocolType="HTTP", Target=apis.function("echo"), Tags={"a": "b"})
    assert apis.ask(made["ApiId"], "/x")[0] == 200
    assert apis.client.get_api(ApiId=made["ApiId"])["Tags"] == {"a": "b"}
    assert made["ApiId"] in [api["ApiId"] for api in apis.client.get_apis()["Items"]]
    apis.client.delete_api(ApiId=made["ApiId"])
    assert apis.ask(made["ApiId"], "/x")[0] == 404


@pytest.mark.parametrize(
    ("operation", "params", "code"),
    [
        ("create_api", {"Name": "w", "ProtocolType": "WEBSOCKET"}, "BadRequestException"),
        ("get_api", {"ApiId": "nosuchapi"}, "NotFoundException"),
        ("create_route", {"ApiId": "", "RouteKey": "x"}, "BadRequestException"),
        ("create_route", {"ApiId": "", "RouteKey": "GET /", "Target": "integrations/none"}, "BadRequestException"),
        ("create_integration", {"ApiId": "", "IntegrationType": "MOCK"}, "BadRequestException"),
        (
            "create_authorizer",
            {"ApiId": "", "AuthorizerType": "JWT", "IdentitySource": ["x"], "Name": "j"},
            "BadRequestException",
        ),
        ("get_route", {"ApiId": "", "RouteId": "none"}, "NotFoundException"),
        ("import_api", {"Body": "{"}, "BadRequestException"),
    ],
)
def test_bad_input(apis: Apis, operation: str, params: dict[str, Any], code: str) -> None:
    if params.get("ApiId") == "":
        params = {**params, "ApiId": apis.client.create_api(Name="b", ProtocolType="HTTP")["ApiId"]}
    with pytest.raises(ClientError) as caught:
        getattr(apis.client, operation)(**params)
    assert caught.value.response["Error"]["Code"] == code


def test_answers_are_changed_too(apis: Apis) -> None:
    changes = {
        "201": {
            "overwrite:statuscode": "202",
            "append:header.x-a": "$response.header.x-a",
            "overwrite:header.x-said": "${response.body} by $context.stage",
            "remove:header.content-type": "''",
        },
        "500": {"overwrite:statuscode": "418"},
    }
    api_id = apis.api("$default", proxy(apis.function("answer"), ResponseParameters=changes))
    status, body, headers = apis.ask(api_id, "/")
    assert (status, body, headers["x-a"], headers["content-type"]) == (202, "made", "b,b", None)
    assert headers["x-said"] == "made by $context.stage"


def test_stages_throttle_their_routes(apis: Apis) -> None:
    api_id = apis.api("$default", proxy(apis.function("answer")))
    limits = {"ThrottlingRateLimit": 1.0, "ThrottlingBurstLimit": 1}
    apis.client.update_stage(ApiId=api_id, StageName="$default", DefaultRouteSettings=limits)
    assert [apis.ask(api_id, "/")[0] for _ in range(2)] == [201, 429]
    apis.client.update_stage(ApiId=api_id, StageName="$default", RouteSettings={"$default": {}})
    apis.client.delete_route_settings(ApiId=api_id, StageName="$default", RouteKey="$default")
