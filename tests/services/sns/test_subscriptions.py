from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from segue.testing import Segue

pytestmark = pytest.mark.both_stores

QUEUE = "arn:aws:sqs:us-east-1:000000000000:q"


@pytest.fixture
def sns(segue: Segue) -> Any:
    return segue.client("sns")


@pytest.fixture
def topic(sns: Any) -> str:
    return str(sns.create_topic(Name="t")["TopicArn"])


def test_a_subscription_is_made_once_described_changed_and_removed(sns: Any, topic: str) -> None:
    arn = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=QUEUE)["SubscriptionArn"]
    assert arn.startswith(f"{topic}:")
    assert sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=QUEUE)["SubscriptionArn"] == arn
    with pytest.raises(ClientError, match="already exists with different attributes"):
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=QUEUE, Attributes={"RawMessageDelivery": "true"})
    sns.set_subscription_attributes(SubscriptionArn=arn, AttributeName="FilterPolicy", AttributeValue='{"a": ["b"]}')
    attributes = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    assert (attributes["FilterPolicy"], attributes["FilterPolicyScope"]) == ('{"a": ["b"]}', "MessageAttributes")
    assert (attributes["PendingConfirmation"], attributes["RawMessageDelivery"]) == ("false", "false")
    sns.set_subscription_attributes(SubscriptionArn=arn, AttributeName="FilterPolicy", AttributeValue="")
    assert "FilterPolicy" not in sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    sns.unsubscribe(SubscriptionArn=arn)
    sns.unsubscribe(SubscriptionArn=arn)
    assert sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == []
    assert sns.get_topic_attributes(TopicArn=topic)["Attributes"]["SubscriptionsDeleted"] == "1"


@pytest.mark.parametrize("value", ["", "{}"])
def test_policies_are_removed_by_nothing_and_by_an_empty_object(sns: Any, topic: str, value: str) -> None:
    redrive = {"RedrivePolicy": json.dumps({"deadLetterTargetArn": QUEUE})}
    arn = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=QUEUE, Attributes=redrive)["SubscriptionArn"]
    sns.set_subscription_attributes(SubscriptionArn=arn, AttributeName="RedrivePolicy", AttributeValue=value)
    assert "RedrivePolicy" not in sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]


@pytest.mark.parametrize(
    ("protocol", "endpoint", "words"),
    [
        ("pigeon", "x", "does not support this protocol string: pigeon"),
        ("sqs", "http://localhost:4566/000000000000/q", "SQS endpoint ARN"),
        ("sqs", f"{QUEUE}.fifo", "FIFO SQS Queues can not be subscribed to standard SNS topics"),
        ("lambda", QUEUE, "Lambda endpoint ARN"),
        ("http", "https://example.com", "Endpoint must match the specified protocol"),
        ("http", "http://", "Invalid parameter: Endpoint"),
        ("http", "http://h:99999/", "Invalid parameter: Endpoint"),
        ("http", "http://h/ x", "Invalid parameter: Endpoint"),
        ("firehose", "arn:aws:firehose:us-east-1:000000000000:deliverystream/d", "does not implement The protocol"),
        ("email", "nobody", "Email address"),
        ("sms", "call me", "Invalid SMS endpoint: call me"),
    ],
)
def test_endpoints_that_may_not_be(sns: Any, topic: str, protocol: str, endpoint: str, words: str) -> None:
    with pytest.raises(ClientError, match=words):
        sns.subscribe(TopicArn=topic, Protocol=protocol, Endpoint=endpoint)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("RawMessageDelivery", "maybe", "Must be true or false"),
        ("FilterPolicy", '{"a": []}', "Empty arrays are not allowed"),
        ("FilterPolicy", "{", "failed to parse JSON"),
        ("FilterPolicyScope", "Everything", "Invalid value"),
        ("RedrivePolicy", '{"deadLetterTargetArn": "x"}', "deadLetterTargetArn is an invalid arn"),
        ("Nonsense", "x", "AttributeName"),
    ],
)
def test_attributes_that_may_not_be(sns: Any, topic: str, name: str, value: str, words: str) -> None:
    arn = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=QUEUE)["SubscriptionArn"]
    before = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    with pytest.raises(ClientError, match=words):
        sns.set_subscription_attributes(SubscriptionArn=arn, AttributeName=name, AttributeValue=value)
    assert sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"] == before


def test_no_token_confirms_by_being_guessed(sns: Any, topic: str) -> None:
    answer = sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="ann@example.com")
    assert answer["SubscriptionArn"] == "pending confirmation"
    (listed,) = sns.list_subscriptions()["Subscriptions"]
    assert listed["SubscriptionArn"] == "PendingConfirmation"
    for token, words in (("guess", "Invalid token"), ("0" * 288, "Invalid parameter: Token")):
        with pytest.raises(ClientError, match=words):
            sns.confirm_subscription(TopicArn=topic, Token=token)


def test_a_queue_of_somebody_else_is_asked(segue: Segue, sns: Any, topic: str) -> None:
    theirs = segue.client("sqs", account="111111111111")
    url = theirs.create_queue(QueueName="q")["QueueUrl"]
    endpoint = "arn:aws:sqs:us-east-1:111111111111:q"
    answer = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=endpoint)
    assert answer["SubscriptionArn"] == "pending confirmation"
    (message,) = theirs.receive_message(QueueUrl=url)["Messages"]
    asked = json.loads(message["Body"])
    assert asked["Type"] == "SubscriptionConfirmation"
    assert sns.confirm_subscription(TopicArn=topic, Token=asked["Token"])["SubscriptionArn"].startswith(topic)
    by_themselves = segue.client("sns", account="111111111111")
    mine = "arn:aws:sqs:us-east-1:111111111111:other"
    assert by_themselves.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=mine)["SubscriptionArn"].startswith(topic)


def test_lists_come_in_pages_of_a_hundred(sns: Any, topic: str) -> None:
    for n in range(101):
        sns.subscribe(TopicArn=topic, Protocol="sms", Endpoint=f"+49123{n:03}")
    for operation, params in (
        (sns.list_subscriptions, {}),
        (sns.list_subscriptions_by_topic, {"TopicArn": topic}),
    ):
        first = operation(**params)
        rest = operation(**params, NextToken=first["NextToken"])
        endpoints = {found["Endpoint"] for found in first["Subscriptions"] + rest["Subscriptions"]}
        assert (len(first["Subscriptions"]), len(endpoints)) == (100, 101)


def test_platform_endpoints_are_kept(sns: Any) -> None:
    application = sns.create_platform_application(
        Name="app", Platform="GCM", Attributes={"PlatformCredential": "key", "PlatformPrincipal": "p"}
    )["PlatformApplicationArn"]
    device = sns.create_platform_endpoint(PlatformApplicationArn=application, Token="t")["EndpointArn"]
    assert sns.create_platform_endpoint(PlatformApplicationArn=application, Token="t")["EndpointArn"] == device
    sns.set_endpoint_attributes(EndpointArn=device, Attributes={"CustomUserData": "me"})
    (listed,) = sns.list_endpoints_by_platform_application(PlatformApplicationArn=application)["Endpoints"]
    assert listed["Attributes"] == {"Enabled": "true", "Token": "t", "CustomUserData": "me"}
    assert "key" not in json.dumps(sns.list_platform_applications()["PlatformApplications"])
