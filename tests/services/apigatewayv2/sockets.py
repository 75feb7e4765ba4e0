"""A server with a WebSocket API, and its clients."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from segue.testing import Segue
from tests.services.lambda_.house import ROLE, package

CODE = """
import json, os, boto3

def echo(event, context):
    return {"statusCode": 200, "body": json.dumps(event)}

def gate(event, context):
    effect = event["queryStringParameters"].get("effect", "Allow")
    if effect == "raise":
        raise Exception("Unauthorized")
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": event["methodArn"]}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    return {"principalId": "ann", "policyDocument": policy, "context": {"n": 1, "type": event["type"]}}

def refuses(event, context):
    return {"statusCode": 403, "body": "not you"}

def proto(event, context):
    return {"statusCode": 200, "headers": {"Sec-WebSocket-Protocol": "two"}}

def fails(event, context):
    raise ValueError("no luck")

def keeps(event, context):
    table = boto3.client("dynamodb")
    said = event["requestContext"]
    item = {"pk": {"S": said["connectionId"]}, "sk": {"S": said["eventType"]}, "event": {"S": json.dumps(event)}}
    table.put_item(TableName="events", Item=item)
    return {"statusCode": 200}

def posts(event, context):
    said = event["requestContext"]
    url = "https://" + said["domainName"] + "/" + said["stage"]
    client = boto3.client("apigatewaymanagementapi", endpoint_url=url)
    client.post_to_connection(ConnectionId=said["connectionId"], Data=("you said " + event["body"]).encode())
    return {"statusCode": 200}
"""


class Sockets:
    """A WebSocket API to which routes are added."""

    def __init__(self, segue: Segue) -> None:
        self.segue, self.client = segue, segue.client("apigatewayv2")
        made = self.client.create_api(
            Name="chat", ProtocolType="WEBSOCKET", RouteSelectionExpression="$request.body.action"
        )
        self.api = str(made["ApiId"])
        self.url = f"{made['ApiEndpoint']}/prod"
        self.client.create_stage(ApiId=self.api, StageName="prod", StageVariables={"v": "1"})
        url = self.url.replace("ws://", "http://")
        self.management = segue.client("apigatewaymanagementapi", endpoint_url=url)

    def function(self, name: str) -> str:
        client = self.segue.client("lambda")
        arn = f"arn:aws:lambda:us-east-1:000000000000:function:{name}"
        try:
            client.create_function(
                FunctionName=name,
                Runtime="python3.12",
                Handler=f"a.{name}",
                Role=ROLE,
                Timeout=20,
                Code={"ZipFile": package({"a.py": CODE})},
            )
        except client.exceptions.ResourceConflictException:
            return arn
        client.add_permission(
            FunctionName=name, StatementId="api", Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com"
        )
        return arn

    def integration(self, kind: str, uri: str = "", **more: Any) -> str:
        given = {"IntegrationUri": uri} if uri else {}
        made = self.client.create_integration(ApiId=self.api, IntegrationType=kind, **given, **more)
        return str(made["IntegrationId"])

    def route(self, key: str, integration: str, *, answers: bool = False, **more: Any) -> str:
        more |= {"RouteResponseSelectionExpression": "$default"} if answers else {}
        made = self.client.create_route(ApiId=self.api, RouteKey=key, Target=f"integrations/{integration}", **more)
        if answers:
            self.client.create_route_response(ApiId=self.api, RouteId=made["RouteId"], RouteResponseKey="$default")
        return str(made["RouteId"])

    def to(self, key: str, function: str, *, answers: bool = False, **more: Any) -> None:
        self.route(key, self.integration("AWS_PROXY", self.function(function)), answers=answers, **more)

    @contextmanager
    def connected(self, query: str = "", **more: Any) -> Iterator[ClientConnection]:
        with connect(self.url + query, proxy=None, **more) as client:
            yield client

    def refused(self, query: str = "", **more: Any) -> tuple[int, Any]:
        try:
            with connect(self.url + query, proxy=None, **more):
                raise AssertionError("it was let in")
        except InvalidStatus as error:
            body = bytes(error.response.body or b"")
            return error.response.status_code, json.loads(body) if body[:1] == b"{" else body

    def asked(self, client: ClientConnection, message: str) -> Any:
        client.send(message)
        return json.loads(client.recv(timeout=20))

    def closed(self, client: ClientConnection) -> tuple[int, str]:
        """With which code and words the server ends a connection."""
        with pytest.raises(ConnectionClosed) as caught:
            client.recv(timeout=20)
        assert caught.value.rcvd is not None
        return caught.value.rcvd.code, caught.value.rcvd.reason
