"""HTTP endpoints, against a server outside."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from segue.api import deliveries
from segue.services.sns.http_endpoints import shown
from segue.testing import Segue
from tests.outside import Outside, Reply, Sent
from tests.services.sns.verification import is_genuine
from tests.visits import visit


class Hook:
    """A topic with a web endpoint."""

    def __init__(self, segue: Segue, outside: Outside) -> None:
        self.segue, self.outside = segue, outside
        self.sns, self.sqs = segue.client("sns"), segue.client("sqs")
        self.topic = self.sns.create_topic(Name="t")["TopicArn"]

    def subscribe(self, *, confirm: bool = True, url: str = "", **attributes: str) -> str:
        arn: str = self.sns.subscribe(
            TopicArn=self.topic,
            Protocol="http",
            Endpoint=url or f"{self.outside.url}/hook?a=1",
            Attributes=attributes,
            ReturnSubscriptionArn=True,
        )["SubscriptionArn"]
        self.segue.settle()
        if confirm:
            self.sns.confirm_subscription(TopicArn=self.topic, Token=self.last()["Token"])
            self.outside.sent.clear()
        return arn

    def last(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(self.outside.sent[-1].body)
        return message

    def publish(self, message: str = "hello", **more: Any) -> str:
        message_id: str = self.sns.publish(TopicArn=self.topic, Message=message, **more)["MessageId"]
        self.segue.settle()
        return message_id

    def statuses(self) -> list[str]:
        hops = self.segue.transact(lambda tx: deliveries.since(tx, 0))
        return [str(hop["status"]) for hop in hops if hop["operation"] == "sns:PostToEndpoint"]

    def pending(self, arn: str) -> str:
        found = self.sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
        return f"{found['PendingConfirmation']} {found['ConfirmationWasAuthenticated']}"


@pytest.fixture
def hook(segue: Segue) -> Iterator[Hook]:
    with Outside() as outside:
        yield Hook(segue, outside)


def test_an_endpoint_is_asked_and_confirms_by_the_url_it_got(hook: Hook) -> None:
    arn = hook.subscribe(confirm=False)
    (sent,) = hook.outside.sent
    asked = json.loads(sent.body)
    assert (sent.method, sent.target) == ("POST", "/hook?a=1")
    assert {
        "x-amz-sns-message-type": "SubscriptionConfirmation",
        "x-amz-sns-message-id": asked["MessageId"],
        "x-amz-sns-topic-arn": hook.topic,
        "content-type": "text/plain; charset=UTF-8",
        "user-agent": "Amazon Simple Notification Service Agent",
        "accept-encoding": "gzip,deflate",
    }.items() <= sent.headers.items()
    assert "x-amz-sns-subscription-arn" not in sent.headers
    assert list(asked) == [
        *("Type", "MessageId", "Token", "TopicArn", "Message", "SubscribeURL", "Timestamp"),
        *("SignatureVersion", "Signature", "SigningCertURL"),
    ]
    assert is_genuine(asked)
    hook.publish("nobody hears it")
    assert len(hook.outside.sent) == 1
    assert hook.pending(arn) == "true false"
    status, answer, _ = visit(asked["SubscribeURL"], "GET", None, {})
    assert (status, f"<SubscriptionArn>{arn}</SubscriptionArn>" in answer) == (200, True)
    assert hook.pending(arn) == "false false"
    hook.publish("now")
    assert hook.last()["Message"] == "now"


def test_a_notification_is_posted_with_aws_headers_and_verifies(hook: Hook) -> None:
    arn = hook.subscribe()
    attributes = {"n": {"DataType": "Number", "StringValue": "1"}}
    message_id = hook.publish("ö", Subject="s", MessageAttributes=attributes)
    (sent,) = hook.outside.sent
    assert sent.headers["x-amz-sns-message-type"] == "Notification"
    assert sent.headers["x-amz-sns-message-id"] == message_id
    assert sent.headers["x-amz-sns-subscription-arn"] == arn
    assert "x-amz-sns-rawdelivery" not in sent.headers
    message = json.loads(sent.body)
    assert (message["Message"], message["Subject"]) == ("ö", "s")
    assert message["MessageAttributes"] == {"n": {"Type": "Number", "Value": "1"}}
    assert is_genuine(message)
    assert hook.statuses()[-1] == "delivered"


def test_raw_delivery_is_the_message_and_its_content_type(hook: Hook) -> None:
    policy = json.dumps({"requestPolicy": {"headerContentType": "text/csv"}})
    hook.subscribe(RawMessageDelivery="true", DeliveryPolicy=policy)
    hook.publish("a,b", MessageAttributes={"n": {"DataType": "Number", "StringValue": "1"}})
    (sent,) = hook.outside.sent
    assert (sent.body, sent.headers["content-type"], sent.headers["x-amz-sns-rawdelivery"]) == (
        b"a,b",
        "text/csv",
        "true",
    )


def test_each_protocol_has_its_own_text(hook: Hook) -> None:
    hook.subscribe()
    hook.publish(json.dumps({"default": "d", "http": "h", "https": "s"}), MessageStructure="json")
    assert hook.last()["Message"] == "h"


def test_server_errors_are_retried_by_the_policy_and_end_in_the_dead_letter_queue(hook: Hook) -> None:
    url = hook.sqs.create_queue(QueueName="dead")["QueueUrl"]
    redrive = json.dumps({"deadLetterTargetArn": "arn:aws:sqs:us-east-1:000000000000:dead"})
    retries = {"numRetries": 3, "minDelayTarget": 10, "maxDelayTarget": 30, "numNoDelayRetries": 1}
    hook.subscribe(RedrivePolicy=redrive, DeliveryPolicy=json.dumps({"healthyRetryPolicy": retries}))
    hook.outside.answer = lambda sent: Reply(status=503)
    hook.publish("m")
    assert len(hook.outside.sent) == 2  # at once, and at once again
    hook.segue.advance(9.9)
    assert len(hook.outside.sent) == 2
    hook.segue.advance(0.2)
    assert len(hook.outside.sent) == 3
    hook.segue.advance(31)
    assert [len(hook.outside.sent), len({sent.body for sent in hook.outside.sent})] == [4, 1]
    (dead,) = hook.sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"])["Messages"]
    assert json.loads(dead["Body"])["Message"] == "m"
    attributes = {name: value["StringValue"] for name, value in dead["MessageAttributes"].items()}
    assert set(attributes) == {"RequestID", "ErrorCode", "ErrorMessage"}
    assert (attributes["ErrorCode"], attributes["ErrorMessage"]) == (
        "503",
        "The endpoint answered 503 Service Unavailable",
    )
    assert hook.statuses()[1:] == ["retrying", "retrying", "retrying", "dead-lettered"]


@pytest.mark.parametrize(
    ("status", "posts"), [(200, 1), (204, 1), (301, 1), (400, 1), (404, 1), (410, 1), (429, 4), (500, 4)]
)
def test_which_answers_are_tried_again(hook: Hook, status: int, posts: int) -> None:
    hook.subscribe()
    hook.outside.answer = lambda sent: Reply(b"", status)
    hook.publish()
    hook.segue.advance(minutes=5)
    assert len(hook.outside.sent) == posts
    assert hook.statuses()[-1] == ("delivered" if status < 300 else "dropped")


def test_a_throttle_spreads_messages(hook: Hook) -> None:
    policy = json.dumps({"throttlePolicy": {"maxReceivesPerSecond": 2}})
    hook.subscribe(DeliveryPolicy=policy)
    for number in range(4):
        hook.publish(str(number))
    assert len(hook.outside.sent) == 1
    hook.segue.advance(0.6)
    assert len(hook.outside.sent) == 2
    hook.segue.advance(1)
    assert [json.loads(sent.body)["Message"] for sent in hook.outside.sent] == ["0", "1", "2", "3"]


def test_an_endpoint_leaves_by_its_link_and_may_come_back(hook: Hook) -> None:
    arn = hook.subscribe()
    hook.publish()
    status, answer, _ = visit(hook.last()["UnsubscribeURL"], "GET", None, {})
    assert (status, "UnsubscribeResponse" in answer) == (200, True)
    hook.segue.settle()
    gone = hook.last()
    assert gone["Type"] == "UnsubscribeConfirmation"
    assert hook.outside.sent[-1].headers["x-amz-sns-subscription-arn"] == arn
    assert gone["Message"].startswith(f"You have chosen to deactivate subscription {arn}.\nTo cancel")
    assert is_genuine(gone)
    assert hook.sns.list_subscriptions()["Subscriptions"] == []
    assert visit(gone["SubscribeURL"], "GET", None, {})[0] == 200
    assert [found["SubscriptionArn"] for found in hook.sns.list_subscriptions()["Subscriptions"]] == [arn]
    assert visit(gone["SubscribeURL"], "GET", None, {})[0] == 200  # it is confirmed, twice is no error


def test_who_confirmed_with_authentication_is_not_ended_by_a_link(hook: Hook) -> None:
    arn = hook.subscribe(confirm=False)
    token = hook.last()["Token"]
    query = {"TopicArn": hook.topic, "Token": token}
    hook.sns.confirm_subscription(**query, AuthenticateOnUnsubscribe="true")
    assert hook.pending(arn) == "false true"
    hook.publish()
    status, answer, _ = visit(hook.last()["UnsubscribeURL"], "GET", None, {})
    assert (status, "AuthorizationError" in answer) == (403, True)
    hook.sns.unsubscribe(SubscriptionArn=arn)
    assert hook.sns.list_subscriptions()["Subscriptions"] == []


def test_what_is_not_confirmed_in_two_days_is_gone(hook: Hook) -> None:
    hook.subscribe(confirm=False)
    url = hook.last()["SubscribeURL"]
    hook.segue.advance(hours=47)
    assert len(hook.sns.list_subscriptions()["Subscriptions"]) == 1
    hook.segue.advance(hours=2)
    assert hook.sns.list_subscriptions()["Subscriptions"] == []
    status, answer, _ = visit(url, "GET", None, {})
    assert (status, "Invalid parameter: Token" in answer) == (400, True)


def test_asking_again_for_what_is_pending_asks_its_endpoint_again(hook: Hook) -> None:
    hook.subscribe(confirm=False)
    hook.subscribe(confirm=False)
    tokens = {json.loads(sent.body)["Token"] for sent in hook.outside.sent}
    assert (len(hook.outside.sent), len(tokens)) == (2, 1)


def test_links_work_where_requests_must_be_signed() -> None:
    now_ms = int(time.time() * 1_000)  # botocore signs with the time of the machine
    with Outside() as outside, Segue(now_ms=now_ms, secret_access_key="s3cret-s3cret-s3cret") as segue:
        sns = segue.client("sns", aws_secret_access_key="s3cret-s3cret-s3cret")
        topic = sns.create_topic(Name="t")["TopicArn"]
        sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=outside.url)
        segue.settle()
        message = json.loads(outside.sent[0].body)
        assert is_genuine(message)
        assert visit(message["SubscribeURL"], "GET", None, {})[0] == 200
        assert visit(f"{segue.endpoint_url}/?Action=ListTopics", "GET", None, {})[0] == 403
        assert visit(message["SubscribeURL"] + "&AuthenticateOnUnsubscribe=true", "GET", None, {})[0] == 403


def test_a_password_is_sent_to_the_endpoint_and_shown_to_nobody(hook: Hook) -> None:
    url = hook.outside.url.replace("http://", "http://ann:s%40fe@") + "/in"
    hook.subscribe(url=url, confirm=False)
    (sent,) = hook.outside.sent
    assert (sent.target, sent.headers["authorization"]) == ("/in", "Basic YW5uOnNAZmU=")
    (listed,) = hook.sns.list_subscriptions()["Subscriptions"]
    assert listed["Endpoint"] == hook.outside.url.replace("http://", "http://ann:****@") + "/in"
    hops = hook.segue.transact(lambda tx: deliveries.since(tx, 0))
    assert not any("s%40fe" in str(hop) for hop in hops)


@pytest.mark.parametrize(
    ("endpoint", "seen"),
    [
        ("http://h/a@b", "http://h/a@b"),
        ("https://u:p@h:1/x", "https://u:****@h:1/x"),
        ("https://u:p@h", "https://u:****@h"),
        ("https://u@h/", "https://u@h/"),
        ("a@b.c", "a@b.c"),
    ],
)
def test_endpoints_as_they_are_shown(endpoint: str, seen: str) -> None:
    assert shown(endpoint) == seen


def test_an_endpoint_of_our_own(hook: Hook) -> None:
    """What AWS recorded of an endpoint is what its own unsubscribing says; a link's query can be read back."""
    hook.subscribe(confirm=False)
    query = parse_qs(urlsplit(hook.last()["SubscribeURL"]).query)
    assert (query["Action"], query["TopicArn"], query["Token"]) == (
        ["ConfirmSubscription"],
        [hook.topic],
        [hook.last()["Token"]],
    )


def test_a_server_that_stops_goes_on_with_what_it_had_to_post(tmp_path: Any) -> None:
    with Outside() as outside:
        refused: list[Sent] = []
        with Segue(tmp_path) as segue:
            hook = Hook(segue, outside)
            hook.subscribe()
            outside.answer = lambda sent: refused.append(sent) or Reply(status=500)  # type: ignore[func-returns-value]
            hook.publish("m")
        outside.answer = lambda sent: Reply()
        outside.sent.clear()
        with Segue(tmp_path, now_ms=1_700_000_000_000) as segue:
            segue.advance(25)
        assert [json.loads(sent.body)["Message"] for sent in outside.sent] == ["m"]
        assert json.loads(refused[0].body)["Message"] == "m"
