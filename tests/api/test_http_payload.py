"""Requests as functions get them, and their answers."""

from __future__ import annotations

from typing import Any

import pytest

from segue.api.http_payload import Asked, MalformedAnswer, request_v1, request_v2, response_v1, response_v2
from segue.wire.request import Request, Response

ASKED = Asked("r-1", 1583348638390, "123456789012", "abc", "$default", "abc.execute-api.here", "/a b", "GET /a b")
HEADERS = {"host": "abc.here", "user-agent": "curl", "cookie": "x=1; y=2", "content-type": "text/plain"}


def test_an_event_of_format_2() -> None:
    event = request_v2(ASKED, Request("POST", "/a%20b", "p=1&q=%C3%BC&p=2&r", HEADERS, b"Hello"))
    assert event["cookies"] == ["x=1", "y=2"]
    assert event["headers"] == {"host": "abc.here", "user-agent": "curl", "content-type": "text/plain"}
    assert event["queryStringParameters"] == {"p": "1,2", "q": "ü", "r": ""}
    assert (event["rawPath"], event["rawQueryString"]) == ("/a b", "p=1&q=%C3%BC&p=2&r")
    assert (event["body"], event["isBase64Encoded"], event["version"]) == ("Hello", False, "2.0")
    context = event["requestContext"]
    assert (context["time"], context["timeEpoch"]) == ("04/Mar/2020:19:03:58 +0000", 1583348638390)
    assert context["http"] == {
        "method": "POST",
        "path": "/a b",
        "protocol": "HTTP/1.1",
        "sourceIp": "127.0.0.1",
        "userAgent": "curl",
    }
    assert not {"pathParameters", "stageVariables"} & event.keys()


def test_an_event_of_format_1_has_null_for_what_is_not_there() -> None:
    event = request_v1(ASKED, Request("GET", "/a%20b", "p=1&p=2", {"x-y": "z"}))
    assert event["queryStringParameters"] == {"p": "2"}
    assert event["multiValueQueryStringParameters"] == {"p": ["1", "2"]}
    assert (event["headers"], event["multiValueHeaders"]) == ({"X-Y": "z"}, {"X-Y": ["z"]})
    absent = ("body", "pathParameters", "stageVariables")
    assert [event[name] for name in absent] == [None, None, None]


@pytest.mark.parametrize(
    ("kind", "content", "expected"),
    [
        ("application/json", b"{}", ("{}", False)),
        ("application/vnd.x+json; charset=utf-8", b"{}", ("{}", False)),
        ("application/x-www-form-urlencoded", b"a=b", ("YT1i", True)),
        ("image/png", b"\x89", ("iQ==", True)),
        ("text/plain", b"\xff", ("/w==", True)),
        ("text/plain", b"", (None, False)),
    ],
)
def test_bodies_that_are_no_text_come_in_base64(kind: str, content: bytes, expected: tuple[Any, bool]) -> None:
    event = request_v2(ASKED, Request("POST", "/", headers={"content-type": kind}, body=content))
    assert (event.get("body"), event["isBase64Encoded"]) == expected


@pytest.mark.parametrize(
    ("payload", "status", "headers", "content"),
    [
        ("Hello", 200, {"content-type": "application/json"}, b"Hello"),
        ({"a": 1}, 200, {"content-type": "application/json"}, b'{"a":1}'),
        ({"statusCode": 201}, 201, {"content-type": "text/plain"}, b""),
        ({"statusCode": "404", "body": "x"}, 404, {"content-type": "text/plain"}, b"x"),
        (
            {
                "statusCode": 200,
                "headers": {"X-N": 5, "Content-Type": "image/png"},
                "body": "iQ==",
                "isBase64Encoded": 1,
            },
            200,
            {"content-type": "image/png", "x-n": "5"},
            b"\x89",
        ),
    ],
)
def test_answers_of_format_2(payload: Any, status: int, headers: dict[str, str], content: bytes) -> None:
    assert response_v2(payload, "text/plain") == Response(status, headers, content)


def test_cookies_and_repeated_headers() -> None:
    assert response_v2({"statusCode": 200, "cookies": ["a=1", "b=2"]}, "x/y").more == (
        ("set-cookie", "a=1"),
        ("set-cookie", "b=2"),
    )
    answer = response_v1({"statusCode": 200, "headers": {"A": "1"}, "multiValueHeaders": {"a": ["2", "3"]}})
    assert (answer.headers, answer.more) == ({"content-type": "application/json"}, (("a", "2"), ("a", "3")))


@pytest.mark.parametrize(
    "payload",
    [None, "text", {}, {"body": "x"}, {"statusCode": "x"}, {"statusCode": 200, "body": {}}, {"statusCode": 99}],
)
def test_answers_that_are_none(payload: Any) -> None:
    with pytest.raises(MalformedAnswer):
        response_v1(payload)
