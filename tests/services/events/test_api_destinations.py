"""Events for API destinations, against a server outside."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from segue.testing import Segue
from tests.outside import Outside, Reply
from tests.services.events.test_events import put, queue, record, rule

ROLE = "arn:aws:iam::000000000000:role/events"
KEY = {"ApiKeyName": "X-Key", "ApiKeyValue": "k"}


@pytest.fixture
def outside() -> Iterator[Outside]:
    with Outside() as server:
        yield server


def destination(segue: Segue, outside: Outside, path: str = "/*/in", method: str = "POST", **added: Any) -> str:
    events = segue.client("events")
    parameters = {"ApiKeyAuthParameters": KEY, "InvocationHttpParameters": added}
    made = events.create_connection(Name="c", AuthorizationType="API_KEY", AuthParameters=parameters)
    fields = {"ConnectionArn": made["ConnectionArn"], "InvocationEndpoint": outside.url + path, "HttpMethod": method}
    return str(events.create_api_destination(Name="d", **fields)["ApiDestinationArn"])


def statuses(segue: Segue) -> list[str]:
    """What became of the calls (nobody has made the role, which the audit notes)."""
    hops = [hop["status"] for hop in record(segue) if hop["operation"] == "events:InvokeApiDestination"]
    return [status for status in hops if status != "audit"]


def test_an_event_is_sent_with_what_target_and_connection_add(segue: Segue, outside: Outside) -> None:
    body = [{"Key": "both", "Value": "connection"}]
    arn = destination(segue, outside, BodyParameters=body, QueryStringParameters=[{"Key": "q", "Value": "2 3"}])
    http = {"PathParameterValues": ["a b"], "HeaderParameters": {"X-T": "t"}, "QueryStringParameters": {"p": "1"}}
    target = {"Arn": arn, "RoleArn": ROLE, "HttpParameters": http, "Input": '{"both": "target", "n": 1.0}'}
    rule(segue, {"source": ["shop"]}, target)
    put(segue, {})
    segue.settle()
    (sent,) = outside.sent
    assert (sent.method, sent.target) == ("POST", "/a%20b/in?p=1&q=2%203")
    assert json.loads(sent.body) == {"both": "connection", "n": 1.0}
    headers = {"x-key": "k", "x-t": "t", "user-agent": "Amazon/EventBridge/ApiDestinations"}
    assert headers.items() <= sent.headers.items()
    assert sent.headers["content-type"] == "application/json; charset=utf-8"
    assert statuses(segue) == ["delivered"]


def test_a_get_has_no_body(segue: Segue, outside: Outside) -> None:
    rule(segue, {"source": ["shop"]}, {"Arn": destination(segue, outside, "/in", "GET"), "RoleArn": ROLE})
    put(segue, {})
    segue.settle()
    assert (outside.sent[0].method, outside.sent[0].body) == ("GET", b"")


def test_what_may_pass_is_tried_again(segue: Segue, outside: Outside) -> None:
    outside.answer = lambda sent: Reply(b"", [503, 429, 200][len(outside.sent) - 1])
    rule(segue, {"source": ["shop"]}, {"Arn": destination(segue, outside), "RoleArn": ROLE})
    put(segue, {"n": 1})
    segue.advance(10)
    assert statuses(segue) == ["retrying", "retrying", "delivered"]
    assert len({sent.body for sent in outside.sent}) == 1


@pytest.mark.parametrize(("status", "attempts", "left"), [(404, 5, 1), (500, 1, 2)])
def test_what_cannot_be_delivered_goes_to_the_dead_letters(
    segue: Segue, outside: Outside, status: int, attempts: int, left: int
) -> None:
    outside.answer = lambda sent: Reply(b"", status)
    url, queue_arn = queue(segue, "dead")
    policy = {"RetryPolicy": {"MaximumRetryAttempts": attempts}, "DeadLetterConfig": {"Arn": queue_arn}}
    rule(segue, {"source": ["shop"]}, {"Arn": destination(segue, outside), "RoleArn": ROLE, **policy})
    put(segue, {"n": 1})
    segue.advance(60)
    assert len(outside.sent) == left
    assert statuses(segue)[-1] == "dead-lettered"
    (message,) = segue.client("sqs").receive_message(QueueUrl=url, MessageAttributeNames=["All"])["Messages"]
    assert json.loads(message["Body"])["detail"] == {"n": 1}
    assert message["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "ERROR_FROM_TARGET"


def test_a_destination_that_is_gone_or_deauthorized(segue: Segue, outside: Outside) -> None:
    arn = destination(segue, outside)
    rule(segue, {"source": ["shop"]}, {"Arn": arn, "RoleArn": ROLE})
    events = segue.client("events")
    assert events.describe_api_destination(Name="d")["ApiDestinationState"] == "ACTIVE"
    events.deauthorize_connection(Name="c")
    assert events.list_api_destinations()["ApiDestinations"][0]["ApiDestinationState"] == "INACTIVE"
    put(segue, {})
    segue.settle()
    events.delete_api_destination(Name="d")
    put(segue, {})
    segue.settle()
    assert statuses(segue) == ["dropped", "dropped"]
    assert outside.sent == []


def test_so_many_a_second_as_the_destination_allows(segue: Segue, outside: Outside) -> None:
    arn = destination(segue, outside, "/in")
    segue.client("events").update_api_destination(Name="d", InvocationRateLimitPerSecond=2)
    rule(segue, {"source": ["shop"]}, {"Arn": arn, "RoleArn": ROLE})
    for n in range(5):
        put(segue, {"n": n})
    segue.settle()
    counts = [len(outside.sent)]
    for _ in range(4):
        segue.advance(0.5)
        counts.append(len(outside.sent))
    assert counts == [1, 2, 3, 4, 5]
    segue.advance(10)
    put(segue, {})
    segue.settle()
    assert len(outside.sent) == 6


def test_paths_and_queries_may_come_from_the_event(segue: Segue, outside: Outside) -> None:
    http = {
        "PathParameterValues": ["$.detail.id"],
        "QueryStringParameters": {"from": "$.source", "none": "$.detail.none"},
        "HeaderParameters": {"X-Plain": "$.source"},
    }
    arn = destination(segue, outside)
    rule(segue, {"source": ["shop"]}, {"Arn": arn, "RoleArn": ROLE, "HttpParameters": http, "Input": "{}"})
    put(segue, {"id": 7})
    segue.settle()
    (sent,) = outside.sent
    assert (sent.target, sent.headers["x-plain"]) == ("/7/in?from=shop&none=", "$.source")
