from __future__ import annotations

import json
import re
from typing import Any

import pytest

from segue.services.sns.mail import is_address
from segue.testing import Segue
from tests.services.sns.outbox import sent
from tests.services.sns.verification import is_genuine
from tests.visits import visit

ANN = "ann+news@example.com"


@pytest.fixture
def sns(segue: Segue) -> Any:
    return segue.client("sns")


@pytest.fixture
def topic(sns: Any) -> str:
    return str(sns.create_topic(Name="t", Attributes={"DisplayName": 'The "News"'})["TopicArn"])


def link(text: str) -> str:
    found = re.search(r"http://\S+/_aws/subscriptions/\S+", text)
    assert found is not None
    return found[0]


def test_mail_asks_tells_and_says_goodbye(segue: Segue, sns: Any, topic: str) -> None:
    arn = sns.subscribe(TopicArn=topic, Protocol="email", Endpoint=ANN, ReturnSubscriptionArn=True)["SubscriptionArn"]
    (question,) = sent(segue)
    assert (question.to, question.sender) == ((ANN,), '"The \\"News\\"" <no-reply@sns.amazonaws.com>')
    assert question.subject == "AWS Notification - Subscription Confirmation"
    assert topic in question.text
    sns.publish(TopicArn=topic, Message="too early")
    status, page, _ = visit(link(question.text), "GET", None, {})
    assert (status, "Subscription confirmed!" in page, arn in page) == (200, True, True)

    message_id = sns.publish(TopicArn=topic, Message="lüfter <b>", Subject="broken")["MessageId"]
    sns.publish(TopicArn=topic, Message=json.dumps({"default": "d", "email": "for readers"}), MessageStructure="json")
    _, told, other = sent(segue)
    assert (told.subject, told.message_id, told.html) == ("broken", message_id, "")
    assert told.text.startswith("lüfter <b>\n\n--\nIf you wish to stop receiving")
    assert (other.subject, other.text.partition("\n")[0]) == ("AWS Notification Message", "for readers")

    status, page, _ = visit(link(told.text), "GET", None, {})
    assert (status, "Subscription removed!" in page) == (200, True)
    goodbye = sent(segue)[-1]
    assert goodbye.subject == "AWS Notification - Unsubscribe Confirmation"
    sns.publish(TopicArn=topic, Message="nobody reads it")
    assert len(sent(segue)) == 4
    visit(link(goodbye.text), "GET", None, {})
    sns.publish(TopicArn=topic, Message="again")
    assert sent(segue)[-1].text.startswith("again\n")


def test_mail_in_json_is_what_endpoints_get(segue: Segue, sns: Any, topic: str) -> None:
    sns.subscribe(TopicArn=topic, Protocol="email-json", Endpoint=ANN)
    question = json.loads(sent(segue)[0].text)
    assert question["Type"] == "SubscriptionConfirmation"
    assert is_genuine(question)
    assert visit(question["SubscribeURL"], "GET", None, {})[0] == 200
    sns.publish(TopicArn=topic, Message="m", Subject="s")
    told = sent(segue)[1]
    assert (told.subject, json.loads(told.text)["Message"]) == ("s", "m")
    assert is_genuine(json.loads(told.text))


def test_who_ends_his_own_subscription_by_api_writes_no_mail(segue: Segue, sns: Any, topic: str) -> None:
    arn = sns.subscribe(TopicArn=topic, Protocol="email", Endpoint=ANN, ReturnSubscriptionArn=True)["SubscriptionArn"]
    visit(link(sent(segue)[0].text), "GET", None, {})
    sns.unsubscribe(SubscriptionArn=arn)
    assert len(sent(segue)) == 1


def test_what_is_not_confirmed_in_two_days_is_gone(segue: Segue, sns: Any, topic: str) -> None:
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint=ANN)
    segue.advance(days=2, seconds=1)
    status, page, _ = visit(link(sent(segue)[0].text), "GET", None, {})
    assert (status, "Invalid parameter: Token" in page) == (400, True)
    assert sns.list_subscriptions()["Subscriptions"] == []


def test_pages_that_are_none(segue: Segue) -> None:
    pages = f"{segue.endpoint_url}/_aws/subscriptions/"
    assert visit(f"{pages}more", "GET", None, {})[0] == 404
    assert visit(f"{pages}confirm?Token=%3Cb%3E", "GET", None, {})[0] == 400
    assert visit(f"{pages}unsubscribe?SubscriptionArn=%3Cscript%3E", "GET", None, {})[0] == 400
    assert visit(f"{pages}confirm", "POST", b"x", {})[0] == 405


@pytest.mark.parametrize(
    ("endpoint", "is_one"),
    [
        (ANN, True),
        ("ann", False),
        ("ann@", False),
        ("a@b@c", False),
        ("a b@c", False),
        ("<a@b.c>", False),
        ("a@b,c@d", False),
        (f"{'a' * 65}@b", False),
        ("a@b\r\nBcc: c@d", False),
    ],
)
def test_addresses(endpoint: str, is_one: bool) -> None:
    assert is_address(endpoint) is is_one
