"""WebSocket APIs as their clients and their makers see them: a real server, real connections."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from segue.testing import Segue
from tests.services.apigatewayv2.sockets import Sockets

MOCK = {"RequestTemplates": {"$default": '{"statusCode": 200}'}}


@pytest.fixture(scope="module")
def segue() -> Iterator[Segue]:
    with Segue() as segue:
        yield segue


@pytest.fixture
def ws(segue: Segue) -> Sockets:
    return Sockets(segue)


def id_of(ws: Sockets, client: Any) -> str:
    """A connection's id: every answer of the API itself names it."""
    return str(ws.asked(client, "{}")["connectionId"])


def test_a_message_finds_its_route(ws: Sockets) -> None:
    ws.to("say", "echo", answers=True)
    ws.to("$default", "echo", answers=True)
    with ws.connected() as client:
        event = ws.asked(client, '{"action": "say", "text": "hi"}')
        assert event["body"] == '{"action": "say", "text": "hi"}'
        assert event["isBase64Encoded"] is False
        assert event["stageVariables"] == {"v": "1"}
        said = event["requestContext"]
        assert said.pop("messageId") != said["requestId"]
        assert said.pop("requestTimeEpoch") == said.pop("connectedAt") == 1_700_000_000_000
        assert said["connectionId"].endswith("=")
        assert len(said.pop("connectionId")) == 16
        assert said.pop("extendedRequestId") == said.pop("requestId")
        assert said == {
            "routeKey": "say",
            "eventType": "MESSAGE",
            "requestTime": "14/Nov/2023:22:13:20 +0000",
            "messageDirection": "IN",
            "stage": "prod",
            "identity": {"userAgent": said["identity"]["userAgent"], "sourceIp": "127.0.0.1"},
            "domainName": f"{ws.api}.execute-api.us-east-1.amazonaws.com",
            "apiId": ws.api,
        }
        for other in ("no JSON", '{"action": "nobody"}', '{"action": "$connect"}', "[1]", '{"action": null}'):
            assert ws.asked(client, other)["requestContext"]["routeKey"] == "$default"


def test_without_a_route_a_message_is_forbidden(ws: Sockets) -> None:
    with ws.connected() as client:
        said = ws.asked(client, "{}")
        assert said["message"] == "Forbidden"
        assert set(said) == {"message", "connectionId", "requestId"}


def test_what_fails_is_told_and_what_is_not_asked_for_is_not(ws: Sockets) -> None:
    ws.to("fail", "fails")
    ws.to("quiet", "echo")
    ws.to("$default", "echo", answers=True)
    with ws.connected() as client:
        said = ws.asked(client, '{"action": "fail"}')
        assert said["message"] == "Internal server error"
        client.send('{"action": "quiet"}')
        assert ws.asked(client, "last")["body"] == "last"


def test_the_life_of_a_connection_as_its_function_sees_it(segue: Segue, ws: Sockets) -> None:
    table = segue.client("dynamodb")
    table.create_table(
        TableName="events",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        BillingMode="PAY_PER_REQUEST",
    )
    for key in ("$connect", "$disconnect"):
        ws.to(key, "keeps")
    with ws.connected("?who=ann", additional_headers={"X-Own": "1"}) as client:
        connection = id_of(ws, client)
    segue.settle()
    while not segue.client("dynamodb").query(
        TableName="events",
        KeyConditionExpression="pk = :p AND sk = :s",
        ExpressionAttributeValues={":p": {"S": connection}, ":s": {"S": "DISCONNECT"}},
    )["Items"]:
        segue.settle()
    found = {item["sk"]["S"]: json.loads(item["event"]["S"]) for item in table.scan(TableName="events")["Items"]}
    made, ended = found["CONNECT"], found["DISCONNECT"]
    assert made["queryStringParameters"] == {"who": "ann"}
    assert made["multiValueQueryStringParameters"] == {"who": ["ann"]}
    assert made["headers"]["X-Own"] == "1"
    assert made["multiValueHeaders"]["X-Own"] == ["1"]
    assert "body" not in made
    assert made["requestContext"]["routeKey"] == "$connect"
    assert made["requestContext"]["eventType"] == "CONNECT"
    assert made["requestContext"]["connectionId"] == connection == ended["requestContext"]["connectionId"]
    assert ended["requestContext"]["disconnectStatusCode"] == 1000
    assert ended["requestContext"]["eventType"] == "DISCONNECT"
    assert "disconnectReason" in ended["requestContext"]
    with pytest.raises(ClientError) as caught:
        ws.management.get_connection(ConnectionId=connection)
    assert caught.value.response["Error"]["Code"] == "GoneException"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 410


def test_whoever_knows_a_connection_may_speak_to_it(ws: Sockets) -> None:
    with ws.connected() as client:
        connection = id_of(ws, client)
        told = ws.management.get_connection(ConnectionId=connection)
        assert told["Identity"]["SourceIp"] == "127.0.0.1"
        assert told["ConnectedAt"].timestamp() == told["LastActiveAt"].timestamp() == 1_700_000_000
        for number in range(5):
            ws.management.post_to_connection(ConnectionId=connection, Data=f"{number} é".encode())
        assert [client.recv(timeout=20) for _ in range(5)] == [f"{number} é" for number in range(5)]
        with pytest.raises(ClientError) as caught:
            ws.management.post_to_connection(ConnectionId=connection, Data=b"x" * (128 * 1024 + 1))
        assert caught.value.response["Error"]["Code"] == "PayloadTooLargeException"
        ws.management.post_to_connection(ConnectionId=connection, Data=b"last")
        ws.management.delete_connection(ConnectionId=connection)
        assert client.recv(timeout=20) == "last"
        assert ws.closed(client) == (1000, "Connection Closed Normally")
        for operation in ("get_connection", "delete_connection"):
            with pytest.raises(ws.management.exceptions.GoneException):
                getattr(ws.management, operation)(ConnectionId=connection)


def test_the_servers_own_address_manages_connections_too(segue: Segue, ws: Sockets) -> None:
    with ws.connected() as client:
        connection = id_of(ws, client)
        segue.client("apigatewaymanagementapi").post_to_connection(ConnectionId=connection, Data=b"hello")
        assert client.recv(timeout=20) == "hello"


def test_a_function_answers_as_it_would_on_aws(ws: Sockets) -> None:
    ws.to("$default", "posts")
    with ws.connected() as client:
        client.send("hi")
        assert client.recv(timeout=20) == "you said hi"


def test_connecting_may_be_refused(ws: Sockets) -> None:
    ws.to("$connect", "refuses")
    assert ws.refused() == (403, b"not you")


def test_connecting_fails_with_its_function(ws: Sockets) -> None:
    ws.to("$connect", "fails")
    status, said = ws.refused()
    assert (status, said["message"]) == (502, "Internal server error")


def test_a_subprotocol_is_chosen_by_the_function(ws: Sockets) -> None:
    ws.to("$connect", "proto")
    with ws.connected(subprotocols=["one", "two"]) as client:
        assert client.subprotocol == "two"


def test_a_function_decides_who_connects(ws: Sockets) -> None:
    authorizer = ws.client.create_authorizer(
        ApiId=ws.api,
        AuthorizerType="REQUEST",
        Name="gate",
        AuthorizerUri=f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{ws.function('gate')}/invocations",
        IdentitySource=["route.request.querystring.effect"],
    )["AuthorizerId"]
    key = ws.integration("MOCK", **MOCK)
    ws.route("$connect", key, AuthorizationType="CUSTOM", AuthorizerId=authorizer)
    ws.to("$default", "echo", answers=True)
    assert ws.refused()[0] == 401
    status, said = ws.refused("?effect=Deny")
    assert status == 403
    assert said["message"] == "User is not authorized to access this resource with an explicit deny"
    assert ws.refused("?effect=raise")[0] == 401
    with ws.connected("?effect=Allow") as client:
        told = ws.asked(client, "x")["requestContext"]["authorizer"]
        assert told == {"principalId": "ann", "integrationLatency": 0, "n": 1, "type": "REQUEST"}


def test_whoever_signs_connects(ws: Sockets) -> None:
    from botocore.auth import SigV4QueryAuth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    ws.route("$connect", ws.integration("MOCK", **MOCK), AuthorizationType="AWS_IAM")
    assert ws.refused()[0] == 403
    request = AWSRequest("GET", ws.url.replace("ws://", "http://"))
    SigV4QueryAuth(Credentials("000000000000", "test"), "execute-api", "us-east-1").add_auth(request)
    with ws.connected("?" + request.url.partition("?")[2]) as client:
        assert ws.asked(client, "x")["message"] == "Forbidden"


def test_other_requests_are_refused(ws: Sockets) -> None:
    url = ws.url.replace("ws://", "http://")
    for address, status in ((url, 426), (url + "x", 403), (url + "/x", 403), (url + "/@connections/none", 410)):
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(address)
        assert caught.value.code == status


def test_services_stand_behind_routes(segue: Segue, ws: Sockets) -> None:
    queue = segue.client("sqs").create_queue(QueueName="spoken")["QueueUrl"]
    template = f'Action=SendMessage&QueueUrl={queue}&MessageBody=$util.urlEncode($input.path("$.text"))'
    integration = ws.integration(
        "AWS",
        "arn:aws:apigateway:us-east-1:sqs:action/SendMessage",
        IntegrationMethod="POST",
        CredentialsArn="arn:aws:iam::000000000000:role/any",
        RequestParameters={"integration.request.header.Content-Type": "'application/x-www-form-urlencoded'"},
        RequestTemplates={"$default": template},
        TemplateSelectionExpression="\\$default",
    )
    ws.client.create_integration_response(
        ApiId=ws.api,
        IntegrationId=integration,
        IntegrationResponseKey="/2\\d\\d/",
        ResponseTemplates={"done": '{"sent": "$input.path("$.SendMessageResponse.SendMessageResult.MessageId")"}'},
        TemplateSelectionExpression="done",
    )
    ws.route("say", integration, answers=True)
    with ws.connected() as client:
        said = ws.asked(client, json.dumps({"action": "say", "text": "a & b"}))
        [message] = segue.client("sqs").receive_message(QueueUrl=queue)["Messages"]
        assert (message["Body"], message["MessageId"]) == ("a & b", said["sent"])


def test_nothing_stands_behind_a_mock(ws: Sockets) -> None:
    integration = ws.integration("MOCK", **MOCK)
    ws.client.create_integration_response(
        ApiId=ws.api,
        IntegrationId=integration,
        IntegrationResponseKey="$default",
        ResponseTemplates={"$default": '{"id": "$context.connectionId", "said": $input.json("$")}'},
    )
    ws.route("$default", integration, answers=True)
    with ws.connected() as client:
        client.send("{}")
        assert json.loads(client.recv(timeout=20))["id"].endswith("=")


def test_limits_of_messages(ws: Sockets) -> None:
    for message, code in (("x" * (32 * 1024 + 1), 1009), (b"binary", 1003)):
        with ws.connected() as client:
            client.send(message)
            assert ws.closed(client)[0] == code
    with ws.connected() as client:
        client.send(["x" * 30_000] * 4)  # four frames of one message
        assert json.loads(client.recv(timeout=20))["message"] == "Forbidden"
        client.send(["x" * 30_000] * 5)
        assert ws.closed(client)[0] == 1009


def test_whoever_is_silent_is_sent_away(segue: Segue, ws: Sockets) -> None:
    with ws.connected() as client:
        connection = id_of(ws, client)
        segue.advance(minutes=9)
        ws.management.post_to_connection(ConnectionId=connection, Data=b"still there?")
        assert client.recv(timeout=20) == "still there?"
        segue.advance(minutes=9)
        assert ws.management.get_connection(ConnectionId=connection)
        segue.advance(minutes=2)
        assert ws.closed(client) == (1001, "Going away")


def test_nobody_stays_longer_than_two_hours(segue: Segue, ws: Sockets) -> None:
    with ws.connected() as client:
        for _ in range(14):
            segue.advance(minutes=8)
            assert ws.asked(client, "x")["message"] == "Forbidden"
        segue.advance(minutes=8)
        assert ws.closed(client)[0] == 1001


def test_an_api_that_goes_takes_its_connections_along(ws: Sockets) -> None:
    with ws.connected() as client:
        id_of(ws, client)
        ws.client.delete_api(ApiId=ws.api)
        assert ws.closed(client)[0] == 1001


@pytest.mark.sqlite_only("a node that was killed is not there for PostgreSQL's others until its row says so")
def test_connections_end_with_their_server(tmp_path: Any) -> None:
    with Segue(tmp_path) as segue:
        ws = Sockets(segue)
        ws.to("$disconnect", "echo")
        with ws.connected() as client:
            connection = id_of(ws, client)
            rows = segue.transact(lambda tx: tx.all("SELECT * FROM sockets"))
    # as if the process had been killed: its row is there when the next one starts
    with Segue(tmp_path) as segue:
        segue.transact(lambda tx: tx.run("INSERT INTO sockets VALUES (" + ",".join("?" * len(rows[0])) + ")", *rows[0]))
    with Segue(tmp_path) as segue:
        segue.settle()
        assert segue.transact(lambda tx: tx.all("SELECT id FROM sockets")) == []
        told = segue.transact(lambda tx: tx.all("SELECT subject, status FROM deliveries WHERE subject = ?", connection))
        assert (connection, "delivered") in told


@pytest.mark.parametrize(
    ("operation", "params", "code"),
    [
        ("create_api", {"Name": "a", "ProtocolType": "WEBSOCKET"}, "BadRequestException"),
        ("create_api", {"Name": "a", "ProtocolType": "MORSE"}, "BadRequestException"),
        ("create_route", {"RouteKey": "say", "AuthorizationType": "AWS_IAM"}, "BadRequestException"),
        ("create_route", {"RouteKey": "$connect", "AuthorizationType": "JWT"}, "BadRequestException"),
        ("create_integration", {"IntegrationType": "SOMETHING"}, "BadRequestException"),
        ("create_integration", {"IntegrationType": "AWS"}, "BadRequestException"),
        ("create_integration", {"IntegrationType": "MOCK", "TimeoutInMillis": 29_001}, "BadRequestException"),
        ("create_route_response", {"RouteId": "none", "RouteResponseKey": "$default"}, "NotFoundException"),
        ("get_integration_responses", {"IntegrationId": "none"}, ""),
    ],
)
def test_bad_input(ws: Sockets, operation: str, params: dict[str, Any], code: str) -> None:
    given = params if operation == "create_api" else {"ApiId": ws.api, **params}
    if not code:
        assert getattr(ws.client, operation)(**given)["Items"] == []
        return
    with pytest.raises(ClientError) as caught:
        getattr(ws.client, operation)(**given)
    assert caught.value.response["Error"]["Code"] == code


def test_responses_are_parts_of_parts(ws: Sockets) -> None:
    integration = ws.integration("MOCK")
    route = ws.route("$default", integration, answers=True)
    [response] = ws.client.get_route_responses(ApiId=ws.api, RouteId=route)["Items"]
    with pytest.raises(ClientError):
        ws.client.create_route_response(ApiId=ws.api, RouteId=route, RouteResponseKey="$default")
    key = {"ApiId": ws.api, "RouteId": route, "RouteResponseId": response["RouteResponseId"]}
    assert ws.client.get_route_response(**key)["RouteResponseKey"] == "$default"
    assert ws.client.update_route_response(**key, ModelSelectionExpression="x")["ModelSelectionExpression"] == "x"
    ws.client.delete_route(ApiId=ws.api, RouteId=route)
    with pytest.raises(ClientError):
        ws.client.get_route_response(**key)


def test_keys_and_throttles(segue: Segue, ws: Sockets) -> None:
    ws.route("$connect", ws.integration("MOCK", **MOCK), ApiKeyRequired=True)
    older = segue.client("apigateway")
    key = older.create_api_key(name="k", enabled=True)
    assert ws.refused(additional_headers={"x-api-key": key["value"]})[1]["message"] == "Forbidden"
    plan = older.create_usage_plan(name="p", apiStages=[{"apiId": ws.api, "stage": "prod"}])
    older.create_usage_plan_key(usagePlanId=plan["id"], keyId=key["id"], keyType="API_KEY")
    limits = {"ThrottlingRateLimit": 1.0, "ThrottlingBurstLimit": 2}
    ws.client.update_stage(ApiId=ws.api, StageName="prod", RouteSettings={"say": limits})
    ws.route("say", ws.integration("MOCK", **MOCK), answers=True)
    with ws.connected(additional_headers={"x-api-key": key["value"]}) as client:
        for _ in range(3):
            client.send('{"action": "say"}')
        assert json.loads(client.recv(timeout=20))["message"] == "Too Many Requests"
    assert ws.refused()[0] == 403


def test_connections_are_logged(segue: Segue, ws: Sockets) -> None:
    logs = segue.client("logs")
    logs.create_log_group(logGroupName="talks")
    settings = {
        "DestinationArn": "arn:aws:logs:us-east-1:000000000000:log-group:talks",
        "Format": "$context.eventType $context.routeKey $context.status $context.identity.sourceIp",
    }
    ws.client.update_stage(ApiId=ws.api, StageName="prod", AccessLogSettings=settings)
    with ws.connected() as client:
        id_of(ws, client)
    lines = [event["message"] for event in logs.filter_log_events(logGroupName="talks")["events"]]
    assert lines == ["CONNECT $connect 101 127.0.0.1", "MESSAGE $default 403 127.0.0.1"]
