from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from segue.api import deliveries
from segue.testing import Segue


class Fan:
    """A topic and its queues, with little to type."""

    def __init__(self, segue: Segue, suffix: str = "", **attributes: str) -> None:
        self.segue = segue
        self.suffix = suffix
        self.sns, self.sqs = segue.client("sns"), segue.client("sqs")
        fifo = {"FifoTopic": "true"} if suffix else {}
        self.arn = self.sns.create_topic(Name=f"t{suffix}", Attributes={**fifo, **attributes})["TopicArn"]

    def queue(self, name: str, **attributes: str) -> str:
        fifo = {"FifoQueue": "true"} if self.suffix else {}
        url: str = self.sqs.create_queue(QueueName=name + self.suffix, Attributes=fifo)["QueueUrl"]
        endpoint = f"arn:aws:sqs:us-east-1:000000000000:{name}{self.suffix}"
        self.sns.subscribe(TopicArn=self.arn, Protocol="sqs", Endpoint=endpoint, Attributes=attributes)
        return url

    def receive(self, url: str) -> list[dict[str, Any]]:
        answer = self.sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, MessageSystemAttributeNames=["All"], MessageAttributeNames=["All"]
        )
        found: list[dict[str, Any]] = answer.get("Messages", [])
        return found

    def publish(self, message: str = "hello", **more: Any) -> Any:
        return self.sns.publish(TopicArn=self.arn, Message=message, **more)

    def deliveries(self) -> list[tuple[Any, Any]]:
        hops = self.segue.transact(lambda tx: deliveries.since(tx, 0))
        return [(hop["target"], hop["status"]) for hop in hops]


@pytest.fixture
def fan(segue: Segue) -> Fan:
    return Fan(segue)


PRICE = {"price": {"DataType": "Number", "StringValue": "5"}}


def test_every_queue_gets_an_envelope_or_the_message_itself(fan: Fan) -> None:
    wrapped, raw = fan.queue("wrapped"), fan.queue("raw", RawMessageDelivery="true")
    sent = fan.publish("ö", Subject="about", MessageAttributes=PRICE)
    (message,) = fan.receive(wrapped)
    envelope = json.loads(message["Body"])
    assert (envelope["Type"], envelope["MessageId"], envelope["TopicArn"]) == (
        "Notification",
        sent["MessageId"],
        fan.arn,
    )
    assert (envelope["Message"], envelope["Subject"]) == ("ö", "about")
    assert envelope["MessageAttributes"] == {"price": {"Type": "Number", "Value": "5"}}
    assert message["Attributes"]["SenderId"] == "AIDAIT2UOQQY3AUEKVGXU"
    (message,) = fan.receive(raw)
    assert message["Body"] == "ö"
    assert message["MessageAttributes"] == {"price": {"DataType": "Number", "StringValue": "5"}}
    # on AWS the queues' policies would have to allow it
    assert [status for _, status in fan.deliveries()] == ["delivered", "audit"] * 2


def test_filter_policies_choose(fan: Fan) -> None:
    cheap = fan.queue("cheap", FilterPolicy=json.dumps({"price": [{"numeric": ["<", 10]}]}))
    books = fan.queue("books", FilterPolicy=json.dumps({"kind": ["book"]}), FilterPolicyScope="MessageBody")
    fan.publish("no json", MessageAttributes=PRICE)
    fan.publish('{"kind": "book"}')
    fan.publish('{"kind": "film"}')
    assert [json.loads(message["Body"])["Message"] for message in fan.receive(cheap)] == ["no json"]
    assert [json.loads(message["Body"])["Message"] for message in fan.receive(books)] == ['{"kind": "book"}']


def test_each_protocol_has_its_text(fan: Fan) -> None:
    url = fan.queue("q", RawMessageDelivery="true")
    fan.publish('{"default": "for all", "sqs": "for queues"}', MessageStructure="json")
    fan.publish('{"default": "for all", "sqs": {"not": "text"}}', MessageStructure="json")
    assert [message["Body"] for message in fan.receive(url)] == ["for queues", "for all"]


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"Message": ""}, "Empty message"),
        ({"Message": "x", "Subject": "s" * 101}, "Subject"),
        ({"Message": "x", "Subject": "two\nlines"}, "Subject"),
        ({"Message": "x" * 262_145}, "Message too long"),
        ({"Message": "{}", "MessageStructure": "json"}, "No default entry"),
        ({"Message": "{", "MessageStructure": "json"}, "failed to parse"),
        ({"Message": "x", "MessageStructure": "xml"}, "MessageStructure"),
        ({"Message": "x", "MessageDeduplicationId": "d"}, "MessageDeduplicationId"),
        ({"Message": "x", "MessageAttributes": {"a": {"DataType": "Odd", "StringValue": "x"}}}, "invalid message attr"),
        ({"Message": "x", "MessageAttributes": {"a": {"DataType": "Number", "StringValue": "x"}}}, "Could not cast"),
    ],
)
def test_messages_that_may_not_be_reach_nobody(fan: Fan, params: dict[str, Any], words: str) -> None:
    url = fan.queue("q")
    with pytest.raises(ClientError, match=words):
        fan.sns.publish(TopicArn=fan.arn, **params)
    assert fan.receive(url) == []


def test_a_batch_is_published_whole_or_not_at_all(fan: Fan) -> None:
    url = fan.queue("q", RawMessageDelivery="true")
    entries = [{"Id": "a", "Message": "1"}, {"Id": "b", "Message": "2"}]
    answer = fan.sns.publish_batch(TopicArn=fan.arn, PublishBatchRequestEntries=entries)
    assert [entry["Id"] for entry in answer["Successful"]] == ["a", "b"]
    with pytest.raises(ClientError, match="Empty message"):
        fan.sns.publish_batch(TopicArn=fan.arn, PublishBatchRequestEntries=[*entries, {"Id": "c", "Message": ""}])
    assert [message["Body"] for message in fan.receive(url)] == ["1", "2"]


def test_a_missing_queue_is_told_and_the_others_are_served(fan: Fan) -> None:
    dead = fan.sqs.create_queue(QueueName="dead")["QueueUrl"]
    policy = json.dumps({"deadLetterTargetArn": "arn:aws:sqs:us-east-1:000000000000:dead"})
    missing = "arn:aws:sqs:us-east-1:000000000000:missing"
    fan.sns.subscribe(TopicArn=fan.arn, Protocol="sqs", Endpoint=missing, Attributes={"RedrivePolicy": policy})
    other = fan.queue("other")
    fan.publish()
    assert len(fan.receive(other)) == 1
    (letter,) = fan.receive(dead)
    assert json.loads(letter["Body"])["Message"] == "hello"
    assert (missing, "dead-lettered") in fan.deliveries()


def test_devices_get_nothing_and_that_is_recorded(fan: Fan) -> None:
    keys = {"PlatformCredential": "k", "PlatformPrincipal": "p"}
    made = fan.sns.create_platform_application(Name="a", Platform="GCM", Attributes=keys)
    application = made["PlatformApplicationArn"]
    device = fan.sns.create_platform_endpoint(PlatformApplicationArn=application, Token="t")["EndpointArn"]
    fan.sns.subscribe(TopicArn=fan.arn, Protocol="application", Endpoint=device)
    fan.publish()
    fan.sns.publish(TargetArn=device, Message='{"default": "d", "GCM": "{}"}', MessageStructure="json")
    assert fan.deliveries() == [(device, "failed"), (device, "failed")]
    fan.sns.set_endpoint_attributes(EndpointArn=device, Attributes={"Enabled": "false"})
    with pytest.raises(fan.sns.exceptions.EndpointDisabledException):
        fan.sns.publish(TargetArn=device, Message="hi")
    fan.publish()
    assert fan.deliveries()[2:] == [(device, "dropped")]
    with pytest.raises(ClientError, match="is not valid to publish to"):
        fan.sns.publish(PhoneNumber="0123", Message="hi")


def test_a_queue_in_another_region_is_reached(fan: Fan) -> None:
    far = fan.segue.client("sqs", region="ap-southeast-1")
    url = far.create_queue(QueueName="q")["QueueUrl"]
    fan.sns.subscribe(TopicArn=fan.arn, Protocol="sqs", Endpoint="arn:aws:sqs:ap-southeast-1:000000000000:q")
    fan.publish()
    assert len(far.receive_message(QueueUrl=url)["Messages"]) == 1
    with pytest.raises(ClientError, match="Invalid parameter: TopicArn"):
        fan.segue.client("sns", region="ap-southeast-1").publish(TopicArn=fan.arn, Message="x")


def test_fifo_topics_keep_order_and_do_not_repeat(segue: Segue) -> None:
    fan = Fan(segue, ".fifo", ContentBasedDeduplication="true")
    url = fan.queue("q", RawMessageDelivery="true")
    first = fan.publish("1", MessageGroupId="g")
    assert fan.publish("1", MessageGroupId="g")["MessageId"] == first["MessageId"]
    fan.publish("2", MessageGroupId="g")
    messages = fan.receive(url)
    assert [message["Body"] for message in messages] == ["1", "2"]
    assert [message["Attributes"]["MessageGroupId"] for message in messages] == ["g", "g"]
    with pytest.raises(ClientError, match="MessageGroupId parameter is required"):
        fan.publish("3")
    segue.advance(minutes=5)
    assert fan.publish("1", MessageGroupId="g")["MessageId"] != first["MessageId"]


def test_where_policies_are_enforced_a_queue_must_let_the_topic_in() -> None:
    with Segue(iam="enforce") as segue:
        fan = Fan(segue)
        url = fan.queue("q")
        fan.publish("refused")
        assert fan.receive(url) == []
        assert fan.deliveries() == [("arn:aws:sqs:us-east-1:000000000000:q", "dropped")]
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": "arn:aws:sqs:us-east-1:000000000000:q",
            "Condition": {"ArnEquals": {"aws:SourceArn": fan.arn}},
        }
        fan.sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({"Statement": [statement]})})
        fan.publish("welcome")
        assert [json.loads(message["Body"])["Message"] for message in fan.receive(url)] == ["welcome"]


def test_dead_letters_of_a_fifo_topic_keep_their_group(segue: Segue) -> None:
    fan = Fan(segue, ".fifo", ContentBasedDeduplication="true")
    dead = fan.sqs.create_queue(QueueName="dead.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    missing = "arn:aws:sqs:us-east-1:000000000000:missing.fifo"
    redrive = {"RedrivePolicy": json.dumps({"deadLetterTargetArn": "arn:aws:sqs:us-east-1:000000000000:dead.fifo"})}
    raw = {"RawMessageDelivery": "true"}
    fan.sns.subscribe(TopicArn=fan.arn, Protocol="sqs", Endpoint=missing, Attributes=redrive | raw)
    fan.publish("hello", MessageGroupId="g", MessageAttributes=PRICE)
    (letter,) = fan.receive(dead)
    assert (letter["Body"], letter["Attributes"]["MessageGroupId"]) == ("hello", "g")
    attributes = {name: value["StringValue"] for name, value in letter["MessageAttributes"].items()}
    assert attributes["price"] == "5"
    assert attributes["ErrorCode"] == "QueueDoesNotExist"


def test_a_fifo_topic_sends_to_queues_of_both_kinds_and_to_nobody_else(segue: Segue) -> None:
    fan = Fan(segue, ".fifo", ContentBasedDeduplication="true")
    url = fan.sqs.create_queue(QueueName="plain")["QueueUrl"]
    fan.sns.subscribe(TopicArn=fan.arn, Protocol="sqs", Endpoint="arn:aws:sqs:us-east-1:000000000000:plain")
    fan.publish("hello", MessageGroupId="g")
    assert json.loads(fan.receive(url)[0]["Body"])["Message"] == "hello"
    for protocol, endpoint in (
        ("lambda", "arn:aws:lambda:us-east-1:000000000000:function:f"),
        ("email", "ann@example.com"),
        ("https", "https://example.com"),
        ("sms", "+14155550123"),
    ):
        with pytest.raises(ClientError, match="Please use FIFO SQS queue"):
            fan.sns.subscribe(TopicArn=fan.arn, Protocol=protocol, Endpoint=endpoint)
