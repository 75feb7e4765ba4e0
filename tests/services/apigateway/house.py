"""A server with functions behind REST APIs, and requests to them."""

from __future__ import annotations

import json
from typing import Any

from segue.testing import Segue
from tests.services.lambda_.house import ROLE, package
from tests.visits import visit

CODE = """
import json

def echo(event, context):
    return event

def proxy(event, context):
    return {"statusCode": 201, "headers": {"X-A": "b"}, "body": json.dumps(event)}

def wrong(event, context):
    return "no answer"

def fails(event, context):
    raise ValueError("Not here: 42")

def gate(event, context):
    token = event.get("authorizationToken") or event["queryStringParameters"]["token"]
    if token == "who":
        raise Exception("Unauthorized")
    effect = "Allow" if token == "open" else "Deny"
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": event["methodArn"]}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    return {"principalId": "ann", "policyDocument": policy, "context": {"level": 3, "kind": event["type"]}}
"""


class Rest:
    """A server with functions, one API, and requests to it."""

    def __init__(self, segue: Segue) -> None:
        self.segue, self.client = segue, segue.client("apigateway")
        self.id, self.root = "", ""

    def api(self, **more: Any) -> Rest:
        """The same server with a new API."""
        new = Rest(self.segue)
        made = self.client.create_rest_api(name="a", **more)
        new.id, new.root = made["id"], made["rootResourceId"]
        return new

    def function(self, name: str, *, permitted: bool = True) -> str:
        """The URI of a function."""
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
            if permitted:
                client.add_permission(
                    FunctionName=name,
                    StatementId="api",
                    Action="lambda:InvokeFunction",
                    Principal="apigateway.amazonaws.com",
                    SourceArn="arn:aws:execute-api:us-east-1:000000000000:*",
                )
        except client.exceptions.ResourceConflictException:
            pass
        return f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations"

    def resource(self, part: str, parent: str = "") -> str:
        made = self.client.create_resource(restApiId=self.id, parentId=parent or self.root, pathPart=part)
        return str(made["id"])

    def method(self, resource: str, verb: str = "POST", integration: dict[str, Any] | None = None, **more: Any) -> None:
        named = {"restApiId": self.id, "resourceId": resource, "httpMethod": verb}
        self.client.put_method(**named, **{"authorizationType": "NONE", **more})
        given = {"integrationHttpMethod": "POST", **(integration or {"type": "MOCK"})}
        self.client.put_integration(**named, **given)

    def answer(self, resource: str, verb: str = "POST", status: str = "200", **more: Any) -> None:
        named = {"restApiId": self.id, "resourceId": resource, "httpMethod": verb, "statusCode": status}
        self.client.put_integration_response(**named, **more)

    def deploy(self, stage: str = "dev", **more: Any) -> str:
        return str(self.client.create_deployment(restApiId=self.id, stageName=stage, **more)["id"])

    def ask(self, path: str, method: str = "POST", body: Any = None, **headers: str) -> tuple[int, Any, Any]:
        sent = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        url = f"{self.segue.endpoint_url}/_aws/execute-api/{self.id}{path}"
        return visit(url, method, sent, {"Content_Type": "application/json", **headers})
