"""The API task: Parameters into a request, an answer into a result; and whole executions against REST APIs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from segue.api.http_effect import HttpAnswer, HttpFailure
from segue.services.states.integrations.api_gateway import check, request_of, result_of, url_of
from segue.services.states.integrations.integration import TaskError
from segue.testing import Segue
from tests.services.apigateway.house import Rest
from tests.services.states.machines import House, task

SERVER = "http://127.0.0.1:4566"
LEAST = {"ApiEndpoint": "abc.execute-api.us-east-1.amazonaws.com", "Method": "GET"}

URLS = [
    ({}, "http://127.0.0.1:4566/_aws/execute-api/abc/"),
    ({"Stage": "dev", "Path": "/a b/c"}, "http://127.0.0.1:4566/_aws/execute-api/abc/dev/a%20b/c"),
    ({"QueryParameters": {"q": ["1", "&"]}}, "http://127.0.0.1:4566/_aws/execute-api/abc/?q=1&q=%26"),
    ({"ApiEndpoint": "api.example.com", "Path": "x"}, "https://api.example.com/x"),
    ({"ApiEndpoint": "http://localhost:9/base/", "Stage": "s"}, "http://localhost:9/base/s"),
]


@pytest.mark.parametrize(("more", "url"), URLS)
def test_where_a_request_goes(more: dict[str, Any], url: str) -> None:
    assert url_of({**LEAST, **more}, SERVER) == url


BODIES = [
    ({}, b""),
    ({"RequestBody": None}, b""),
    ({"RequestBody": ""}, b'""'),
    ({"RequestBody": {"a": None, "b": [{"c": None}]}}, b'{"b":[{}]}'),
    ({"RequestBody": {"a": None}, "AllowNullValues": True}, b'{"a":null}'),
]


@pytest.mark.parametrize(("more", "body"), BODIES)
def test_bodies(more: dict[str, Any], body: bytes) -> None:
    request = request_of({**LEAST, **more, "Headers": {"X-A": ["1", "2"]}}, "http://h/")
    assert request.body == body
    assert ("X-A", "1,2") in request.headers


WRONG = [
    ([], "must be an object"),
    ({"Method": "GET"}, '"ApiEndpoint" is required'),
    ({**LEAST, "Method": "CONNECT"}, "field 'Method'"),
    ({**LEAST, "Headers": {"X-A": "1"}}, "field 'Headers' has an invalid format"),
    ({**LEAST, "Headers": {"Host": ["x"]}}, "field 'Headers'"),
    ({**LEAST, "QueryParameters": {"q": "1"}}, "field 'QueryParameters'"),
    ({**LEAST, "AuthType": "NONE"}, "field 'AuthType'"),
    ({**LEAST, "Body": 1}, '"Body" is not supported'),
]


@pytest.mark.parametrize(("value", "why"), WRONG)
def test_parameters_that_cannot_be_used(value: Any, why: str) -> None:
    with pytest.raises(TaskError, match=why):
        check(value)


def test_answers() -> None:
    headers = (("Content-Type", "application/json"), ("Connection", "close"))
    answer = HttpAnswer(200, "OK", headers, b'{"a": 1.0}')
    assert result_of(answer, own=True) == {
        "Headers": {"Content-Type": ["application/json"], "Connection": ["keep-alive"]},
        "ResponseBody": {"a": 1.0},
        "StatusCode": 200,
        "StatusText": "OK",
    }
    with pytest.raises(TaskError, match=r"ApiGateway\.404: gone"):
        result_of(HttpAnswer(404, "Not Found", (), b"gone"), own=False)
    with pytest.raises(TaskError, match=r"ApiGateway\.SdkClientException"):
        result_of(HttpFailure("refused"), own=False)


@pytest.fixture
def rest() -> Iterator[Rest]:
    with Segue() as segue:
        yield Rest(segue)


def test_executions(rest: Rest) -> None:
    api = rest.api()
    echo = api.resource("echo")
    api.method(echo, "POST", {"type": "AWS", "uri": api.function("echo")})
    api.answer(echo)
    signed = api.resource("signed")
    api.method(signed, "GET", {"type": "AWS_PROXY", "uri": api.function("proxy")}, authorizationType="AWS_IAM")
    api.deploy()
    house = House(rest.segue)
    given = {"ApiEndpoint": f"{api.id}.execute-api.us-east-1.amazonaws.com", "Stage": "dev"}

    def run(name: str, more: dict[str, Any]) -> str:
        return house.start(house.machine(task("apigateway:invoke", {**given, **more}), name=name))

    output = house.output(run("a", {"Method": "POST", "Path": "echo", "RequestBody": {"n": 1}}))
    assert (output["ResponseBody"], output["StatusCode"], output["StatusText"]) == ({"n": 1}, 200, "OK")
    error, cause = house.failure(run("b", {"Method": "GET", "Path": "echo"}))
    assert (error, json.loads(cause)) == ("ApiGateway.403", {"message": "Missing Authentication Token"})
    assert house.failure(run("c", {"Method": "GET", "Path": "signed"}))[0] == "ApiGateway.403"
    output = house.output(run("d", {"Method": "GET", "Path": "signed", "AuthType": "IAM_ROLE"}))
    assert "assumed-role" in output["ResponseBody"]["requestContext"]["identity"]["userArn"]
