from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from segue.testing import Segue
from tests.services.sns.test_publish import Fan

WEEK = json.dumps({"MessageRetentionPeriod": "7"})
START = "2023-11-14T22:13:20.000Z"  # when the tests' clock begins


@pytest.fixture
def fan(segue: Segue) -> Fan:
    return Fan(segue, ".fifo", ContentBasedDeduplication="true", ArchivePolicy=WEEK)


def publish(fan: Fan, *messages: str) -> None:
    for message in messages:
        fan.publish(message, MessageGroupId="g")


def everything(fan: Fan, url: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while messages := fan.receive(url):
        found += [json.loads(message["Body"]) for message in messages]
        for message in messages:
            fan.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return found


def since(point: str, end: str | None = None) -> str:
    return json.dumps({"PointType": "Timestamp", "StartingPoint": point} | ({"EndingPoint": end} if end else {}))


def state(fan: Fan) -> str:
    (found,) = fan.sns.list_subscriptions_by_topic(TopicArn=fan.arn)["Subscriptions"]
    attributes = fan.sns.get_subscription_attributes(SubscriptionArn=found["SubscriptionArn"])["Attributes"]
    return str(attributes["ReplayStatus"])


def test_a_late_subscriber_gets_what_was_and_then_what_comes(segue: Segue, fan: Fan) -> None:
    names = [f"m{number:03}" for number in range(120)]
    publish(fan, *names)
    url = fan.queue("q", ReplayPolicy=since(START))
    publish(fan, "meanwhile")
    segue.settle()
    assert state(fan) == "Completed"
    publish(fan, "afterwards")
    got = everything(fan, url)
    assert [message["Message"] for message in got] == [*names, "meanwhile", "afterwards"]
    assert [message.get("Replayed") for message in got] == ["true"] * 120 + [None, None]
    assert [message["SequenceNumber"] for message in got] == sorted(message["SequenceNumber"] for message in got)


def test_a_stretch_of_time_is_played_and_what_was_after_it_is_not(segue: Segue, fan: Fan) -> None:
    publish(fan, "before")
    segue.advance(60)
    publish(fan, "within")
    segue.advance(60)
    publish(fan, "after")
    url = fan.queue("q", ReplayPolicy=since("2023-11-14T22:13:50Z", "2023-11-14T22:14:30Z"))
    segue.settle()
    publish(fan, "new")
    assert [message["Message"] for message in everything(fan, url)] == ["within", "new"]


def test_all_of_time_may_be_asked_for(segue: Segue, fan: Fan) -> None:
    publish(fan, "m")
    url = fan.queue("q", ReplayPolicy=since("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"))
    segue.settle()
    assert [message["Message"] for message in everything(fan, url)] == ["m"]
    other = fan.queue("other", ReplayPolicy=since("9999-12-31T23:59:59Z"))
    segue.settle()
    publish(fan, "new")
    assert [message["Message"] for message in everything(fan, other)] == ["new"]


def test_filters_hold_for_replays(segue: Segue, fan: Fan) -> None:
    publish(fan, '{"a": 1}', '{"a": 2}')
    fields = {"FilterPolicy": '{"a": [2]}', "FilterPolicyScope": "MessageBody"}
    url = fan.queue("q", ReplayPolicy=since(START), **fields)
    segue.settle()
    assert [message["Message"] for message in everything(fan, url)] == ['{"a": 2}']


def test_a_topic_forgets_in_time_and_is_not_deleted_with_an_archive(segue: Segue, fan: Fan) -> None:
    publish(fan, "old")
    assert fan.sns.get_topic_attributes(TopicArn=fan.arn)["Attributes"]["BeginningArchiveTime"] == START
    segue.advance(days=7, hours=2)
    url = fan.queue("q", ReplayPolicy=since(START))
    segue.settle()
    assert fan.receive(url) == []
    with pytest.raises(fan.sns.exceptions.InvalidStateException):
        fan.sns.delete_topic(TopicArn=fan.arn)
    fan.sns.set_topic_attributes(TopicArn=fan.arn, AttributeName="ArchivePolicy", AttributeValue="")
    assert "BeginningArchiveTime" not in fan.sns.get_topic_attributes(TopicArn=fan.arn)["Attributes"]
    fan.sns.delete_topic(TopicArn=fan.arn)


@pytest.mark.parametrize("policy", ["{", "[]", '{"MessageRetentionPeriod": 0}', '{"MessageRetentionPeriod": "366"}'])
def test_archives_that_may_not_be(fan: Fan, policy: str) -> None:
    with pytest.raises(ClientError, match="MessageRetentionPeriod must be between 1 and 365"):
        fan.sns.set_topic_attributes(TopicArn=fan.arn, AttributeName="ArchivePolicy", AttributeValue=policy)


@pytest.mark.parametrize(
    "policy",
    [
        "{",
        "[]",
        '{"PointType": "Timestamp"}',
        since("yesterday"),
        since(START, "2020-01-01T00:00:00Z"),
        '{"PointType": "Sequence", "StartingPoint": "1"}',
        '{"PointType": "Timestamp", "StartingPoint": {}}',
    ],
)
def test_replays_that_may_not_be(fan: Fan, policy: str) -> None:
    with pytest.raises(ClientError, match="ReplayPolicy"):
        fan.queue("q", ReplayPolicy=policy)


def test_nothing_is_replayed_where_nothing_is_kept(segue: Segue) -> None:
    with pytest.raises(ClientError, match="does not have an active archive"):
        Fan(segue, ".fifo").queue("q", ReplayPolicy=since(START))
