"""The HTTP task over connections, against a server outside."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from segue.testing import Segue
from tests.outside import Outside, Reply, Sent
from tests.services.states.machines import House, task

BASIC = {"BasicAuthParameters": {"Username": "ann", "Password": "secret"}}
API_KEY = {"ApiKeyAuthParameters": {"ApiKeyName": "X-Key", "ApiKeyValue": "k3y"}}
TYPES = {"BasicAuthParameters": "BASIC", "ApiKeyAuthParameters": "API_KEY"}
JSON = ("Content-Type", "application/json")
NUMBERS = count()


@pytest.fixture
def outside() -> Iterator[Outside]:
    with Outside() as server:
        yield server


def connection(segue: Segue, parameters: dict[str, Any] | None = None, name: str = "c") -> str:
    parameters = API_KEY if parameters is None else parameters
    kind = next((TYPES[member] for member in parameters if member in TYPES), "OAUTH_CLIENT_CREDENTIALS")
    made = segue.client("events").create_connection(Name=name, AuthorizationType=kind, AuthParameters=parameters)
    segue.settle()
    return str(made["ConnectionArn"])


def call(house: House, outside: Outside, arn: str, path: str = "/", **parameters: Any) -> str:
    """An execution that made one call."""
    fields = {"ApiEndpoint": outside.url + path, "Method": "GET", "InvocationConfig": {"ConnectionArn": arn}}
    retry = parameters.pop("Retry", None)
    state = task("http:invoke", {**fields, **parameters}, **({"Retry": retry} if retry else {}))
    return house.start(house.machine(state, name=f"m{next(NUMBERS)}"))


def test_a_call_and_its_result(house: House, outside: Outside) -> None:
    outside.answer = lambda sent: Reply(
        b'{"n":1.0}', 201, (("Content-Type", "application/json"), ("X-A", "1"), ("X-A", "2"))
    )
    arn = call(house, outside, connection(house.segue), "/things?a=1", QueryParameters={"b": ["x y", 2], "c": True})
    result = house.output(arn)
    assert (result["StatusCode"], result["StatusText"], result["ResponseBody"]) == (201, "Created", {"n": 1.0})
    assert (result["Headers"]["x-a"], result["Headers"]["content-length"]) == (["1", "2"], ["9"])
    (sent,) = outside.sent
    assert (sent.method, sent.target) == ("GET", "/things?a=1&b=x%20y&b=2&c=true")
    assert sent.headers["user-agent"] == "Amazon|StepFunctions|HttpInvoke|us-east-1"
    assert (sent.headers["range"], sent.headers["x-key"]) == ("bytes=0-262144", "k3y")
    events = house.events(arn)
    assert [event["type"] for event in events[2:5]] == ["TaskScheduled", "TaskStarted", "TaskSucceeded"]
    details = events[2]["taskScheduledEventDetails"]
    assert (details["resourceType"], details["resource"], details["region"]) == ("http", "invoke", "us-east-1")
    assert "k3y" not in json.dumps(events, default=str)


def test_a_body_is_json_unless_it_says_otherwise(house: House, outside: Outside) -> None:
    arn = connection(house.segue, BASIC)
    call(house, outside, arn, Method="POST", RequestBody={"a": [1, "ü"]})
    call(house, outside, arn, Method="PUT", RequestBody="plain", Headers={"content-type": "text/plain"})
    first, second = outside.sent
    assert (first.body.decode(), first.headers["content-type"]) == ('{"a":[1,"ü"]}', "application/json")
    assert first.headers["authorization"] == "Basic YW5uOnNlY3JldA=="
    assert (second.method, second.body, second.headers["content-type"]) == ("PUT", b"plain", "text/plain")


@pytest.mark.parametrize(
    ("array_format", "expected"),
    [
        (None, "tags%5B0%5D=a&tags%5B1%5D=b%20c"),
        ("INDICES", "tags%5B0%5D=a&tags%5B1%5D=b%20c"),
        ("BRACKETS", "tags%5B%5D=a&tags%5B%5D=b%20c"),
        ("COMMAS", "tags=a,b%20c"),
        ("REPEAT", "tags=a&tags=b%20c"),
        ("NONE", "tags=%5B%22a%22%2C%22b%20c%22%5D"),
    ],
)
def test_a_body_as_a_form(house: House, outside: Outside, array_format: str | None, expected: str) -> None:
    transform: dict[str, Any] = {"RequestBodyEncoding": "URL_ENCODED"}
    if array_format:
        transform["RequestEncodingOptions"] = {"ArrayFormat": array_format}
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    body = {"metadata": {"order": "monthly report"}, "n": 1, "tags": ["a", "b c"]}
    call(house, outside, connection(house.segue), Method="POST", RequestBody=body, Headers=headers, Transform=transform)
    assert outside.sent[0].body.decode() == f"metadata%5Border%5D=monthly%20report&n=1&{expected}"


def test_what_the_connection_adds_wins(house: House, outside: Outside) -> None:
    added = {
        "HeaderParameters": [{"Key": "X-Both", "Value": "connection"}, {"Key": "X-Theirs", "Value": "t"}],
        "QueryStringParameters": [{"Key": "both", "Value": "connection", "IsValueSecret": True}],
        "BodyParameters": [{"Key": "both", "Value": "connection"}],
    }
    arn = connection(house.segue, {**API_KEY, "InvocationHttpParameters": added})
    own = {"Headers": {"x-both": "task", "X-Own": "o"}, "QueryParameters": {"both": "task", "own": "o"}}
    call(house, outside, arn, Method="POST", RequestBody={"both": "task", "own": 1}, **own)
    call(house, outside, arn, Method="POST")
    first, second = outside.sent
    assert first.target == "/?own=o&both=connection"
    assert [first.headers[name] for name in ("x-both", "x-own", "x-theirs")] == ["connection", "o", "t"]
    assert json.loads(first.body) == {"both": "connection", "own": 1}
    assert json.loads(second.body) == {"both": "connection"}
    described = house.segue.client("events").describe_connection(Name="c")
    shown = described["AuthParameters"]["InvocationHttpParameters"]
    assert shown["QueryStringParameters"] == [{"Key": "both", "IsValueSecret": True}]
    error, cause = house.failure(call(house, outside, arn, Method="POST", RequestBody=[1]))
    assert (error, "cannot be merged" in cause) == ("States.Runtime", True)


@pytest.mark.parametrize(
    ("status", "body", "cause"), [(404, b'{"m":"no"}', '{"m":"no"}'), (503, b"", "Service Unavailable")]
)
def test_an_answer_that_is_no_success_fails_the_task(
    house: House, outside: Outside, status: int, body: bytes, cause: str
) -> None:
    outside.answer = lambda sent: Reply(body, status)
    assert house.failure(call(house, outside, connection(house.segue))) == (f"States.Http.StatusCode.{status}", cause)


def test_a_redirect_is_not_followed(house: House, outside: Outside) -> None:
    outside.answer = lambda sent: Reply(b"", 302, (("Location", outside.url + "/elsewhere"),))
    error, _ = house.failure(call(house, outside, connection(house.segue)))
    assert (error, len(outside.sent)) == ("States.Http.StatusCode.302", 1)


def test_a_failure_is_tried_again(house: House, outside: Outside) -> None:
    outside.answer = lambda sent: Reply(b"", 503 if len(outside.sent) < 2 else 200)
    retry = [{"ErrorEquals": ["States.Http.StatusCode.503"], "IntervalSeconds": 1}]
    arn = call(house, outside, connection(house.segue), Retry=retry)
    house.segue.advance(1)
    assert (house.output(arn)["StatusCode"], len(outside.sent)) == (200, 2)


def test_answers_that_cannot_be_results(house: House, outside: Outside) -> None:
    arn = connection(house.segue)
    replies = {
        "States.Runtime": [
            Reply(b"x", 200, (("Content-Type", "image/png"),)),
            Reply(b"\xff\xfe", 200, (("Content-Type", "text/plain"),)),
        ],
        "States.DataLimitExceeded": [Reply(b"x" * 300_000, 200, (("Content-Type", "text/plain"),))],
    }
    for error, answers in replies.items():
        for answer in answers:
            outside.answer = lambda sent, answer=answer: answer
            assert house.failure(call(house, outside, arn))[0] == error


def test_nobody_there(house: House, outside: Outside) -> None:
    arn = connection(house.segue)
    error, cause = house.failure(call(house, outside, arn, ApiEndpoint="http://127.0.0.1:1/"))
    assert (error, "127.0.0.1" in cause) == ("States.Http.Socket", True)


def test_connections_that_cannot_be_used(house: House, outside: Outside) -> None:
    arn = connection(house.segue)
    house.segue.client("events").deauthorize_connection(Name="c")
    error, _ = house.failure(call(house, outside, arn))
    assert error == "Events.ConnectionResource.InvalidConnectionState"
    error, _ = house.failure(call(house, outside, arn[:-1] + "x"))
    assert error == "Events.ConnectionResource.ResourceNotFound"
    assert outside.sent == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"Method": "TRACE"},
        {"Method": 1},
        {"ApiEndpoint": "ftp://x"},
        {"ApiEndpoint": "http://[::1"},
        {"ApiEndpoint": "http://h:99999"},
        {"InvocationConfig": {}},
        {"Headers": {"Host": "elsewhere"}},
        {"Headers": {"A": "b\r\nC: d"}},
        {"Headers": {"A b": "c"}},
        {"Headers": []},
        {"Unknown": 1},
        {"RequestBody": {"a": 1}, "Transform": {"RequestBodyEncoding": "URL_ENCODED"}},
        {"RequestBody": {"a": 1}, "Transform": {"RequestBodyEncoding": "GZIP"}},
    ],
)
def test_parameters_that_make_no_request(house: House, outside: Outside, wrong: dict[str, Any]) -> None:
    error, cause = house.failure(call(house, outside, connection(house.segue), **wrong))
    assert (error, "could not be used to start the Task" in cause) == ("States.Runtime", True)
    assert outside.sent == []


# OAuth


def oauth(outside: Outside, method: str = "POST") -> dict[str, Any]:
    more = {"BodyParameters": [{"Key": "scope", "Value": "all"}], "HeaderParameters": [{"Key": "X-O", "Value": "h"}]}
    parameters = {
        "AuthorizationEndpoint": outside.url + "/token?t=1",
        "ClientParameters": {"ClientID": "id", "ClientSecret": "pass word"},
        "HttpMethod": method,
        "OAuthHttpParameters": more,
    }
    return {"OAuthParameters": parameters}


def tokens(outside: Outside, expires_in: int = 100) -> None:
    """Every token is another one; calls need the newest."""
    given: list[str] = []

    def answer(sent: Sent) -> Reply:
        if sent.target.startswith("/token"):
            given.append(f"t{len(given) + 1}")
            return Reply.of({"access_token": given[-1], "expires_in": expires_in})
        return Reply(status=200 if sent.headers["authorization"] == f"Bearer {given[-1]}" else 401)

    outside.answer = answer


def test_a_token_is_fetched_used_and_renewed(house: House, outside: Outside) -> None:
    tokens(outside)
    arn = connection(house.segue, oauth(outside))
    (asked,) = outside.sent
    assert (asked.method, asked.target, asked.headers["x-o"]) == ("POST", "/token?t=1", "h")
    assert asked.body == b"grant_type=client_credentials&client_id=id&client_secret=pass+word&scope=all"
    described = house.segue.client("events").describe_connection(Name="c")
    assert described["ConnectionState"] == "AUTHORIZED"
    assert "t1" not in json.dumps(described, default=str)
    assert house.output(call(house, outside, arn))["StatusCode"] == 200
    assert house.output(call(house, outside, arn))["StatusCode"] == 200
    assert [sent.target for sent in outside.sent] == ["/token?t=1", "/", "/"]
    house.segue.advance(101)  # the token has run out: a new one is fetched before the call
    assert house.output(call(house, outside, arn))["StatusCode"] == 200
    assert outside.sent[-1].headers["authorization"] == "Bearer t2"


def test_a_token_that_is_refused_is_renewed_for_the_next_try(house: House, outside: Outside) -> None:
    tokens(outside)
    arn = connection(house.segue, oauth(outside, "GET"))
    assert (
        outside.sent[0].target
        == "/token?t=1&grant_type=client_credentials&client_id=id&client_secret=pass+word&scope=all"
    )
    house.segue.client("events").update_connection(Name="c", Description="so that there is a second token")
    house.segue.settle()
    asked = outside.answer
    outside.answer = lambda sent: Reply(status=401) if len(outside.sent) == 3 else asked(sent)
    again = [{"ErrorEquals": ["States.Http.StatusCode.401"], "IntervalSeconds": 1}]
    started = call(house, outside, arn, Retry=again)
    house.segue.advance(1)
    assert house.output(started)["StatusCode"] == 200
    assert outside.sent[-1].headers["authorization"] == "Bearer t3"


def test_an_endpoint_that_refuses_deauthorizes(house: House, outside: Outside) -> None:
    outside.answer = lambda sent: Reply(status=403)
    arn = connection(house.segue, oauth(outside))
    described = house.segue.client("events").describe_connection(Name="c")
    assert (described["ConnectionState"], "403" in described["StateReason"]) == ("DEAUTHORIZED", True)
    assert house.failure(call(house, outside, arn))[0] == "Events.ConnectionResource.InvalidConnectionState"


def test_an_endpoint_that_is_away_is_asked_again(house: House, outside: Outside) -> None:
    outside.answer = lambda sent: Reply(status=500)
    arn = connection(house.segue, oauth(outside))
    assert house.failure(call(house, outside, arn))[0] == "Events.ConnectionResource.AuthInProgress"
    house.segue.advance(120)
    assert (len(outside.sent), house.segue.client("events").describe_connection(Name="c")["ConnectionState"]) == (
        5,
        "DEAUTHORIZED",
    )


def test_enforced_the_role_must_be_allowed_the_endpoint_and_the_connection(outside: Outside) -> None:
    def statements(method: str) -> str:
        invoke = {"Action": "states:InvokeHTTPEndpoint", "Resource": "*"}
        only = {
            "StringEquals": {"states:HTTPMethod": method},
            "StringLike": {"states:HTTPEndpoint": outside.url + "/*"},
        }
        credentials = {"Action": "events:RetrieveConnectionCredentials", "Resource": "*"}
        allowed = [{"Effect": "Allow", **invoke, "Condition": only}, {"Effect": "Allow", **credentials}]
        return json.dumps({"Version": "2012-10-17", "Statement": allowed})

    with Segue(iam="enforce") as segue:
        house, iam = House(segue), segue.client("iam")
        trust = {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        iam.create_role(RoleName="states", AssumeRolePolicyDocument=document)
        arn = connection(segue)
        for method, error in (("POST", "States.Permissions"), ("GET", "")):
            iam.put_role_policy(RoleName="states", PolicyName="p", PolicyDocument=statements(method))
            started = call(house, outside, arn, "/a")
            assert house.describe(started).get("error", "") == error
        iam.put_role_policy(
            RoleName="states", PolicyName="p", PolicyDocument=statements("GET").replace("events:", "none:")
        )
        assert house.failure(call(house, outside, arn, "/a"))[0] == "Events.ConnectionResource.AccessDenied"
    assert len(outside.sent) == 1
