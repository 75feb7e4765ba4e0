"""WebSocket APIs over several nodes: who is connected to one is spoken to at any, and is missed with his node."""

from __future__ import annotations

import signal
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.nodes import Nodes, take, until
from tests.served import Served

_GONE = ("GoneException", 410)
_TAKEOVER_SECONDS = 10
_LEAVES = "Action=SendMessage&QueueUrl={url}&MessageBody=$util.urlEncode($context.connectionId)"


def deploy(node: Served) -> tuple[str, str]:
    """An API that answers who one is, and puts who has left into a queue: its id, the queue's address."""
    apis, url = node.client("apigatewayv2"), node.client("sqs").create_queue(QueueName="left")["QueueUrl"]
    api = apis.create_api(Name="chat", ProtocolType="WEBSOCKET", RouteSelectionExpression="$request.body")["ApiId"]
    apis.create_stage(ApiId=api, StageName="prod")
    answers = {"RouteResponseSelectionExpression": "$default"}
    mock = {"IntegrationType": "MOCK", "RequestTemplates": {"$default": '{"statusCode": 200}'}}
    leave = {
        "IntegrationType": "AWS",
        "IntegrationUri": "arn:aws:apigateway:us-east-1:sqs:action/SendMessage",
        "IntegrationMethod": "POST",
        "CredentialsArn": "arn:aws:iam::000000000000:role/any",
        "RequestParameters": {"integration.request.header.Content-Type": "'application/x-www-form-urlencoded'"},
        "RequestTemplates": {"$default": _LEAVES.format(url=url)},
        "TemplateSelectionExpression": "\\$default",
    }
    for key, given, more in (("who", mock, answers), ("$disconnect", leave, {})):
        integration = apis.create_integration(ApiId=api, **given)["IntegrationId"]
        route = apis.create_route(ApiId=api, RouteKey=key, Target=f"integrations/{integration}", **more)["RouteId"]
        if more:
            says = {"IntegrationResponseKey": "$default", "ResponseTemplates": {"$default": "$context.connectionId"}}
            apis.create_integration_response(ApiId=api, IntegrationId=integration, **says)
            apis.create_route_response(ApiId=api, RouteId=route, RouteResponseKey="$default")
    return api, url


def refused(call: Any, **given: Any) -> tuple[str, int] | None:
    """With which code a call is refused, if it is."""
    try:
        call(**given)
    except ClientError as error:
        return error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]
    return None


def test_connections_of_one_node_are_spoken_to_at_another_and_end_with_their_own(nodes: Nodes) -> None:
    first, second = nodes.start(), nodes.start()
    api, left = deploy(second)
    address = f"{first.endpoint_url.replace('http', 'ws', 1)}/_aws/execute-api/{api}/prod"
    here, there = (node.client("apigatewaymanagementapi") for node in (first, second))
    queues = second.client("sqs")
    with (
        connect(address, proxy=None) as stays,
        connect(address, proxy=None) as goes,
        connect(address, proxy=None) as sent,
    ):
        ids = []
        for client in (stays, goes, sent):
            client.send("who")
            ids.append(str(client.recv(timeout=20)))
        for number in range(6):  # whichever node takes them, they come in their order, and as soon as they are there
            for connection in ids:
                (here, there, there)[number % 3].post_to_connection(ConnectionId=connection, Data=b"%d" % number)
        for client in (stays, goes, sent):
            assert [client.recv(timeout=10) for _ in range(6)] == [str(number) for number in range(6)]
        assert there.get_connection(ConnectionId=ids[0])["Identity"]["SourceIp"] == "127.0.0.1"

        def is_gone(connection: str) -> bool:
            return refused(there.get_connection, ConnectionId=connection) == _GONE

        there.delete_connection(ConnectionId=ids[2])
        with pytest.raises(ConnectionClosed) as ended:
            sent.recv(timeout=10)
        assert ended.value.rcvd is not None
        assert ended.value.rcvd.code == 1000
        goes.close()
        for connection in ids[1:]:
            until(partial(is_gone, connection))
            assert refused(there.post_to_connection, ConnectionId=connection, Data=b"x") == _GONE
        assert refused(there.post_to_connection, ConnectionId=ids[0], Data=b"x") is None
        told: list[str] = []

        def left_are(count: int) -> bool:
            told.extend(take(queues, left))
            return len(told) >= count

        until(lambda: left_are(2))

        first.end(signal.SIGKILL)
        took = until(partial(is_gone, ids[0]))
        assert took < _TAKEOVER_SECONDS
        assert refused(there.post_to_connection, ConnectionId=ids[0], Data=b"x") == _GONE
        assert refused(there.delete_connection, ConnectionId=ids[0]) == _GONE
        until(lambda: left_are(3))
        assert sorted(told) == sorted(ids), "each is told of once"
