"""What is told of mail: to topics of identities, to topics and buses of configuration sets; the simulator."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from segue.testing import Segue

MESSAGE = {"Subject": {"Data": "Hi"}, "Body": {"Text": {"Data": "Hallo"}}}
ALL = ["send", "reject", "bounce", "complaint", "delivery", "renderingFailure"]
QUEUE = "arn:aws:sqs:us-east-1:000000000000:{}"


class Told:
    """A queue that hears what a topic is told."""

    def __init__(self, segue: Segue, name: str) -> None:
        self._sqs, sns = segue.client("sqs"), segue.client("sns")
        self.queue_url = self._sqs.create_queue(QueueName=name)["QueueUrl"]
        self.topic = sns.create_topic(Name=name)["TopicArn"]
        raw = {"RawMessageDelivery": "true"}
        sns.subscribe(TopicArn=self.topic, Protocol="sqs", Endpoint=QUEUE.format(name), Attributes=raw)

    def events(self) -> list[dict[str, Any]]:
        found = []
        while messages := self._sqs.receive_message(QueueUrl=self.queue_url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                self._sqs.delete_message(QueueUrl=self.queue_url, ReceiptHandle=message["ReceiptHandle"])
                found.append(json.loads(message["Body"]) if message["Body"].startswith("{") else {"greeting": 1})
        return found


@pytest.fixture(scope="module")
def segue() -> Iterator[Segue]:
    with Segue() as server:
        server.client("ses").verify_email_identity(EmailAddress="shop@example.com")
        yield server


@pytest.fixture(scope="module")
def ses(segue: Segue) -> Any:
    return segue.client("ses")


@pytest.fixture(scope="module")
def of_set(segue: Segue, ses: Any) -> Told:
    told = Told(segue, "of-set")
    ses.create_configuration_set(ConfigurationSet={"Name": "main"})
    topic = {"TopicARN": told.topic}
    destination = {"Name": "topic", "Enabled": True, "MatchingEventTypes": ALL, "SNSDestination": topic}
    ses.create_configuration_set_event_destination(ConfigurationSetName="main", EventDestination=destination)
    assert told.events() == [{"greeting": 1}]
    return told


def send(ses: Any, to: str, **more: Any) -> None:
    ses.send_email(Source="shop@example.com", Destination={"ToAddresses": [to]}, Message=MESSAGE, **more)


@pytest.mark.parametrize(
    ("to", "kinds"),
    [
        ("ann@example.com", ["Send", "Delivery"]),
        ("success@simulator.amazonses.com", ["Send", "Delivery"]),
        ("ooto@simulator.amazonses.com", ["Send", "Delivery"]),
        ("bounce+a@simulator.amazonses.com", ["Send", "Bounce"]),
        ("complaint@simulator.amazonses.com", ["Send", "Delivery", "Complaint"]),
        ("suppressionlist@simulator.amazonses.com", ["Send", "Bounce"]),
    ],
)
def test_a_configuration_set_tells_what_happens(ses: Any, of_set: Told, to: str, kinds: list[str]) -> None:
    send(ses, to, ConfigurationSetName="main", Tags=[{"Name": "order", "Value": "17"}])
    events = of_set.events()
    assert [event["eventType"] for event in events] == kinds
    for event in events:
        assert event["mail"]["destination"] == [to]
        assert event["mail"]["tags"]["order"] == ["17"]
        assert event["mail"]["tags"]["ses:configuration-set"] == ["main"]
        assert event[event["eventType"].lower()] is not None
    if "suppression" in to:
        assert events[-1]["bounce"]["bounceSubType"] == "Suppressed"


def test_data_that_lack_something_are_a_rendering_failure(ses: Any, of_set: Told) -> None:
    ses.create_template(Template={"TemplateName": "t", "SubjectPart": "Hi {{name}}"})
    given = {"Template": "t", "TemplateData": "{}", "ConfigurationSetName": "main"}
    answer = ses.send_templated_email(Source="shop@example.com", Destination={"ToAddresses": ["a@b.org"]}, **given)
    (event,) = of_set.events()
    assert (event["eventType"], event["mail"]["messageId"]) == ("Rendering Failure", answer["MessageId"])
    words = "Attribute 'name' is not present in the rendering data."
    assert event["failure"] == {"errorMessage": words, "templateName": "t"}


def test_an_identity_tells_its_topics(segue: Segue, ses: Any) -> None:
    told = Told(segue, "of-identity")
    for kind in ("Bounce", "Delivery"):
        ses.set_identity_notification_topic(Identity="shop@example.com", NotificationType=kind, SnsTopic=told.topic)
    greetings = told.events()
    assert {greeting["notificationType"] for greeting in greetings} == {"AmazonSnsSubscriptionSucceeded"}
    kind = "Bounce"
    headers = {"Identity": "shop@example.com", "NotificationType": kind, "Enabled": True}
    ses.set_identity_headers_in_notifications_enabled(**headers)
    send(ses, "bounce@simulator.amazonses.com")
    send(ses, "ann@example.com")
    bounce, delivery = told.events()
    assert (bounce["notificationType"], delivery["notificationType"]) == ("Bounce", "Delivery")
    assert bounce["bounce"]["bouncedRecipients"][0]["emailAddress"] == "bounce@simulator.amazonses.com"
    assert bounce["mail"]["commonHeaders"]["subject"] == "Hi"
    assert "headers" not in delivery["mail"]
    assert "tags" not in bounce["mail"]


@pytest.mark.parametrize("topic", ["arn:aws:sns:us-east-1:000000000000:nowhere", "x", QUEUE.format("of-set")])
def test_topics_that_take_nothing_are_refused(ses: Any, of_set: Told, topic: str) -> None:
    with pytest.raises(ClientError) as error:
        ses.set_identity_notification_topic(Identity="shop@example.com", NotificationType="Bounce", SnsTopic=topic)
    assert error.value.response["Error"]["Code"] == "InvalidParameterValue"
    destination = {"Name": "x", "Enabled": True, "MatchingEventTypes": ALL, "SNSDestination": {"TopicARN": topic}}
    with pytest.raises(ClientError) as error:
        ses.create_configuration_set_event_destination(ConfigurationSetName="main", EventDestination=destination)
    assert error.value.response["Error"]["Code"] == "InvalidSNSDestination"


def test_the_bus_is_told(segue: Segue, ses: Any) -> None:
    events, sqs = segue.client("events"), segue.client("sqs")
    queue_url = sqs.create_queue(QueueName="bus")["QueueUrl"]
    events.put_rule(Name="mail", EventPattern=json.dumps({"source": ["aws.ses"], "detail-type": ["Email Bounced"]}))
    events.put_targets(Rule="mail", Targets=[{"Id": "q", "Arn": QUEUE.format("bus")}])
    new = segue.client("sesv2")
    new.create_configuration_set(ConfigurationSetName="bus")
    bus = {"EventBusArn": "arn:aws:events:us-east-1:000000000000:event-bus/default"}
    destination = {"Enabled": True, "MatchingEventTypes": ["BOUNCE", "SEND"], "EventBridgeDestination": bus}
    new.create_configuration_set_event_destination(
        ConfigurationSetName="bus", EventDestinationName="bus", EventDestination=destination
    )
    send(ses, "bounce@simulator.amazonses.com", ConfigurationSetName="bus")
    (message,) = sqs.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10)["Messages"]
    event = json.loads(message["Body"])
    assert event["detail"]["bounce"]["bounceType"] == "Permanent"
    assert event["resources"] == ["arn:aws:ses:us-east-1:000000000000:configuration-set/bus"]
