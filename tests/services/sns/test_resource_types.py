"""Topics, subscriptions and policies as templates name them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from segue.errors import AwsError
from segue.testing import Segue
from tests.services.resources import Resources

TOPIC, SUBSCRIPTION = "AWS::SNS::Topic", "AWS::SNS::Subscription"
QUEUE = "arn:aws:sqs:us-east-1:000000000000:orders"
OTHER = "arn:aws:sqs:us-east-1:000000000000:others"


@pytest.fixture
def resources(segue: Segue) -> Resources:
    return Resources(segue, team="a")


@pytest.fixture
def sns(segue: Segue) -> Any:
    return segue.client("sns")


def test_a_topic_with_its_subscriptions(resources: Resources, sns: Any) -> None:
    logged = [{"Protocol": "http/s", "SuccessFeedbackSampleRate": "10"}]
    made = resources.create(
        TOPIC,
        "Topic",
        DisplayName="Orders",
        Subscription=[{"Protocol": "sqs", "Endpoint": QUEUE}],
        DeliveryStatusLogging=logged,
        Tags=[{"Key": "own", "Value": "x"}],
    )
    arn = "arn:aws:sns:us-east-1:000000000000:app-Topic-ABCDEFGHIJKL"
    assert made.physical_id == arn
    assert made.attributes == {"TopicArn": arn, "TopicName": arn.rsplit(":", 1)[1]}
    attributes = sns.get_topic_attributes(TopicArn=arn)["Attributes"]
    assert (attributes["DisplayName"], attributes["HTTPSuccessFeedbackSampleRate"]) == ("Orders", "10")
    resources.update("Topic", TracingConfig="Active", Subscription=[{"Protocol": "sqs", "Endpoint": OTHER}])
    attributes = sns.get_topic_attributes(TopicArn=arn)["Attributes"]
    assert (attributes["DisplayName"], attributes["TracingConfig"]) == ("", "Active")
    subscribed = sns.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]
    assert [each["Endpoint"] for each in subscribed] == [OTHER]
    tags = {tag["Key"]: tag["Value"] for tag in sns.list_tags_for_resource(ResourceArn=arn)["Tags"]}
    assert tags == {"team": "a", "aws:cloudformation:stack-name": "app"}
    resources.delete("Topic")
    resources.delete("Topic")
    assert sns.list_topics()["Topics"] == []


def test_a_fifo_topic_gets_a_name_that_ends_so(resources: Resources, sns: Any) -> None:
    made = resources.create(TOPIC, "Topic", FifoTopic=True, ContentBasedDeduplication=True)
    assert made.physical_id.endswith(":app-Topic-ABCDEFGHIJKL.fifo")
    resources.update("Topic", FifoTopic=True, ContentBasedDeduplication=False)
    attributes = sns.get_topic_attributes(TopicArn=made.physical_id)["Attributes"]
    assert attributes["ContentBasedDeduplication"] == "false"


def test_a_topic_that_is_there_is_not_taken_over(resources: Resources, sns: Any) -> None:
    sns.create_topic(Name="taken")
    with pytest.raises(AwsError, match="taken' already exists"):
        resources.create(TOPIC, "Topic", TopicName="taken")


def test_a_subscription_changes_in_place(resources: Resources, sns: Any) -> None:
    topic = resources.create(TOPIC, "Topic").physical_id
    given = {"TopicArn": topic, "Protocol": "sqs", "Endpoint": QUEUE}
    made = resources.create(SUBSCRIPTION, "S", **given, FilterPolicy={"kind": ["a"]}, RawMessageDelivery=True)
    assert made.attributes == {"Arn": made.physical_id}

    def attributes() -> dict[str, str]:
        found: dict[str, str] = sns.get_subscription_attributes(SubscriptionArn=made.physical_id)["Attributes"]
        return found

    assert json.loads(attributes()["FilterPolicy"]) == {"kind": ["a"]}
    assert attributes()["RawMessageDelivery"] == "true"
    nested = {"order": {"kind": ["b"]}}
    resources.update("S", **given, FilterPolicy=nested, FilterPolicyScope="MessageBody")
    assert json.loads(attributes()["FilterPolicy"]) == nested
    assert (attributes()["FilterPolicyScope"], attributes()["RawMessageDelivery"]) == ("MessageBody", "false")
    resources.update("S", **given, RedrivePolicy={"deadLetterTargetArn": OTHER})
    assert "FilterPolicy" not in attributes()
    assert json.loads(attributes()["RedrivePolicy"]) == {"deadLetterTargetArn": OTHER}
    resources.delete("S")
    resources.delete("S")
    assert sns.list_subscriptions()["Subscriptions"] == []


def test_a_topic_with_an_archive_and_a_subscription_that_replays_it(resources: Resources, sns: Any) -> None:
    archive, protection = {"MessageRetentionPeriod": 7}, {"Name": "p", "Version": "2021-06-01", "Statement": []}
    more = {"FifoTopic": True, "ContentBasedDeduplication": True}
    topic = resources.create(TOPIC, "T", **more, ArchivePolicy=archive, DataProtectionPolicy=protection).physical_id
    assert resources.notes == ["DataProtectionPolicy is kept; no message is changed or stopped by it"]
    assert json.loads(sns.get_data_protection_policy(ResourceArn=topic)["DataProtectionPolicy"]) == protection
    sns.publish(TopicArn=topic, Message="m", MessageGroupId="g")
    replay = {"PointType": "Timestamp", "StartingPoint": "2023-01-01T00:00:00Z"}
    given = {"TopicArn": topic, "Protocol": "sqs", "Endpoint": f"{QUEUE}.fifo"}
    made = resources.create(SUBSCRIPTION, "S", **given, ReplayPolicy=replay).physical_id
    attributes = sns.get_subscription_attributes(SubscriptionArn=made)["Attributes"]
    assert json.loads(attributes["ReplayPolicy"]) == replay
    resources.update("S", **given)
    assert "ReplayStatus" not in sns.get_subscription_attributes(SubscriptionArn=made)["Attributes"]
    resources.update("T", **more)
    assert "ArchivePolicy" not in sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    assert "DataProtectionPolicy" not in sns.get_data_protection_policy(ResourceArn=topic)
    resources.delete("S")
    resources.delete("T")


def test_subscriptions_that_are_to_be_confirmed_are_made_pending(resources: Resources, sns: Any) -> None:
    topic = resources.create(
        TOPIC, "Topic", Subscription=[{"Protocol": "email", "Endpoint": "a@b.example"}]
    ).physical_id
    made = resources.create(SUBSCRIPTION, "S", TopicArn=topic, Protocol="https", Endpoint="https://a.example")
    assert made.physical_id.startswith(topic)
    assert resources.notes == []
    assert len(sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]) == 2
    resources.delete("S")
    assert len(sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]) == 1


@pytest.mark.parametrize("type_name", ["AWS::SNS::TopicPolicy", "AWS::SNS::TopicInlinePolicy"])
def test_a_topic_policy(resources: Resources, sns: Any, type_name: str) -> None:
    topic = resources.create(TOPIC, "Topic").physical_id
    usual = sns.get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"]
    statement = {"Effect": "Allow", "Principal": "*", "Action": "sns:Publish", "Resource": topic}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    named = {"TopicArn": topic} if "Inline" in type_name else {"Topics": [topic]}
    resources.create(type_name, "P", PolicyDocument=document, **named)
    assert json.loads(sns.get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"]) == document
    resources.delete("P")
    assert sns.get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"] == usual
    resources.delete("Topic")
    resources.delete("P")
