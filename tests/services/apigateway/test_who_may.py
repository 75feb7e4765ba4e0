"""Policies of APIs and tokens of user pools; methods and authorizers tried without a deployment."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from segue.testing import Segue
from tests.outside import Outside, Reply
from tests.services.apigateway.house import Rest
from tests.services.apigatewayv2.keys import KEY, token

MOCK = {"type": "MOCK", "requestTemplates": {"application/json": '{"statusCode": 200}'}}
POOL = "arn:aws:cognito-idp:us-east-1:000000000000:userpool/us-east-1_Shop"
NOW = 1_700_000_000


def mocked(rest: Rest, text: str = "{}", **method: Any) -> Rest:
    """A deployed API whose ``GET /here`` answers a text; ``policy`` is the API's own."""
    policy = method.pop("policy", None)
    api = rest.api(**({"policy": json.dumps(policy)} if policy else {}))
    for member, value in list(method.items()):
        method[member] = value(api) if callable(value) else value
    here = api.resource("here")
    api.method(here, "GET", MOCK, **method)
    api.answer(here, "GET", responseTemplates={"application/json": text})
    api.deploy()
    return api


def allowing(effect: str, resource: str, **more: Any) -> dict[str, Any]:
    statement = {"Effect": effect, "Principal": "*", "Action": "execute-api:Invoke", "Resource": resource, **more}
    return {"Version": "2012-10-17", "Statement": [statement]}


@pytest.fixture(scope="module")
def strict() -> Iterator[Rest]:
    with Segue(iam="enforce") as server:
        yield Rest(server)


def test_a_policy_lets_in_whom_it_names(strict: Rest) -> None:
    at_home = {"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}
    api = mocked(strict, policy=allowing("Allow", "execute-api:/*/GET/*", Condition=at_home))
    assert api.ask("/dev/here", "GET")[0] == 200
    status, said, headers = api.ask("/dev/here", "GET", X_Forwarded_For="10.0.0.1")
    assert status == 403
    assert headers["x-amzn-ErrorType"] == "AccessDeniedException"
    resource = f"arn:aws:execute-api:us-east-1:********0000:{api.id}/dev/GET/here"
    denied = f"User: anonymous is not authorized to perform: execute-api:Invoke on resource: {resource}"
    assert said == {"Message": denied}
    api = mocked(strict, policy=allowing("Deny", "execute-api:/*"))
    assert api.ask("/dev/here", "GET")[1]["Message"].endswith("with an explicit deny")


def test_what_a_policy_would_refuse_is_recorded_while_it_is_only_watched(rest: Rest) -> None:
    api = mocked(rest, policy=allowing("Deny", "execute-api:/*"))
    assert api.ask("/dev/here", "GET")[0] == 200
    find = "SELECT COUNT(*) FROM deliveries WHERE status = 'audit' AND operation = ? AND target LIKE ?"
    found = rest.segue.transact(lambda tx: tx.one(find, "execute-api:Invoke", f"%{api.id}%"))
    assert found == (1,)


def test_whoever_brings_a_token_of_the_pool_may() -> None:
    with Outside() as outside, Segue(forward=(f"cognito-idp={outside.url}",)) as server:
        outside.answer = lambda sent: Reply.of({"keys": [KEY]})
        rest = Rest(server)

        def authorizer(api: Rest) -> str:
            made = rest.client.create_authorizer(
                restApiId=api.id, name="pool", type="COGNITO_USER_POOLS", providerARNs=[POOL]
            )
            return str(made["id"])

        guarded = {"authorizationType": "COGNITO_USER_POOLS", "authorizerId": authorizer}
        api = mocked(rest, '{"who": "$context.authorizer.claims.sub"}', **guarded)
        claims = {
            "iss": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Shop",
            "sub": "ann",
            "aud": "client",
            "exp": NOW + 60,
            "token_use": "id",
        }
        good = token(claims)
        assert api.ask("/dev/here", "GET", Authorization=good)[:2] == (200, {"who": "ann"})
        assert api.ask("/dev/here", "GET", Authorization=f"Bearer {good}")[0] == 200
        assert [sent.target for sent in outside.sent] == ["/us-east-1_Shop/.well-known/jwks.json"]
        assert api.ask("/dev/here", "GET")[:2] == (401, {"message": "Unauthorized"})
        old = token({**claims, "exp": NOW - 1})
        assert api.ask("/dev/here", "GET", Authorization=old)[1] == {"message": "The incoming token has expired"}
        for changed in ({"iss": "https://elsewhere/x"}, {"token_use": "access"}):
            assert api.ask("/dev/here", "GET", Authorization=token({**claims, **changed}))[0] == 401
        assert api.ask("/dev/here", "GET", Authorization=good[:-6] + "AAAAAA")[0] == 401
        scoped = mocked(rest, **guarded, authorizationScopes=["shop/read"])
        access = token({**claims, "token_use": "access", "scope": "shop/read openid"})
        assert scoped.ask("/dev/here", "GET", Authorization=access)[0] == 200
        assert scoped.ask("/dev/here", "GET", Authorization=good)[0] == 401


def test_a_method_is_tried(rest: Rest) -> None:
    api = rest.api()
    here = api.resource("{id}")
    api.method(here, "POST", {"type": "AWS_PROXY", "uri": api.function("proxy")}, authorizationType="AWS_IAM")
    tried = api.client.test_invoke_method(
        restApiId=api.id,
        resourceId=here,
        httpMethod="POST",
        pathWithQueryString="/seven?x=1",
        body='{"n": 1}',
        headers={"X-Own": "a"},
        stageVariables={"v": "2"},
    )
    assert (tried["status"], tried["headers"]["x-a"]) == (201, "b")
    event = json.loads(tried["body"])
    assert (event["pathParameters"], event["queryStringParameters"]) == ({"id": "seven"}, {"x": "1"})
    assert (event["headers"]["X-Own"], event["stageVariables"]) == ("a", {"v": "2"})
    assert event["requestContext"]["stage"] == "test-invoke-stage"
    assert "Method completed with status: 201" in tried["log"]


def test_an_authorizer_is_tried(rest: Rest) -> None:
    api = rest.api()
    made = api.client.create_authorizer(
        restApiId=api.id,
        name="t",
        type="TOKEN",
        authorizerUri=api.function("gate"),
        identitySource="method.request.header.Authorization",
    )
    named = {"restApiId": api.id, "authorizerId": made["id"]}
    tried = api.client.test_invoke_authorizer(**named, headers={"Authorization": "open"})
    assert (tried["clientStatus"], tried["principalId"]) == (0, "ann")
    assert json.loads(tried["policy"])["Statement"][0]["Effect"] == "Allow"
    assert api.client.test_invoke_authorizer(**named, headers={"Authorization": "who"})["clientStatus"] == 401
    assert api.client.test_invoke_authorizer(**named)["clientStatus"] == 401
