from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from segue.config import Limits
from segue.services.sqs import peek, records
from segue.services.sqs.records import Depth
from segue.store import Transaction
from segue.testing import Segue

pytestmark = pytest.mark.both_stores

ARN = "arn:aws:sqs:us-east-1:000000000000:q"


@dataclass
class Queue:
    """A queue with little to type."""

    segue: Segue
    sqs: Any
    url: str

    def send(self, body: str = "hello", **more: Any) -> Any:
        return self.sqs.send_message(QueueUrl=self.url, MessageBody=body, **more)

    def receive(self, **more: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.sqs.receive_message(QueueUrl=self.url, **more).get("Messages", [])
        return found

    def counts(self) -> tuple[int, int, int]:
        values = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["All"])["Attributes"]
        return (
            int(values["ApproximateNumberOfMessages"]),
            int(values["ApproximateNumberOfMessagesNotVisible"]),
            int(values["ApproximateNumberOfMessagesDelayed"]),
        )


@pytest.fixture
def queue(segue: Segue) -> Queue:
    sqs = segue.client("sqs")
    return Queue(segue, sqs, sqs.create_queue(QueueName="q")["QueueUrl"])


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_a_message_is_received_hidden_and_deleted(queue: Queue) -> None:
    sent = queue.send("hello", MessageAttributes={"n": {"DataType": "Number", "StringValue": "1"}})
    (message,) = queue.receive(MessageSystemAttributeNames=["All"], MessageAttributeNames=["All"])
    assert (message["Body"], message["MessageId"]) == ("hello", sent["MessageId"])
    assert message["MD5OfMessageAttributes"] == sent["MD5OfMessageAttributes"]
    assert message["Attributes"] == {
        "SenderId": "000000000000",
        "SentTimestamp": "1700000000000",
        "ApproximateReceiveCount": "1",
        "ApproximateFirstReceiveTimestamp": "1700000000000",
    }
    assert queue.receive() == []
    assert queue.counts() == (0, 1, 0)
    queue.sqs.delete_message(QueueUrl=queue.url, ReceiptHandle=message["ReceiptHandle"])
    queue.sqs.delete_message(QueueUrl=queue.url, ReceiptHandle=message["ReceiptHandle"])
    queue.segue.advance(60)
    assert queue.receive() == []


def test_what_is_not_deleted_comes_again(queue: Queue) -> None:
    queue.send()
    (first,) = queue.receive(VisibilityTimeout=10)
    queue.segue.advance(9)
    assert queue.receive() == []
    queue.segue.advance(1)
    (second,) = queue.receive(MessageSystemAttributeNames=["ApproximateReceiveCount"])
    assert second["MessageId"] == first["MessageId"]
    assert second["Attributes"] == {"ApproximateReceiveCount": "2"}
    assert second["ReceiptHandle"] != first["ReceiptHandle"]


def test_visibility_can_be_given_back_and_extended(queue: Queue) -> None:
    queue.send()
    (message,) = queue.receive(VisibilityTimeout=10)
    change = queue.sqs.change_message_visibility
    change(QueueUrl=queue.url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=20)
    queue.segue.advance(15)
    assert queue.receive() == []
    change(QueueUrl=queue.url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
    assert len(queue.receive()) == 1
    with pytest.raises(ClientError) as refused:
        change(QueueUrl=queue.url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=5)
    assert code_of(refused) == "InvalidParameterValue"


def test_messages_come_in_the_order_in_which_they_went(queue: Queue) -> None:
    for n in range(12):
        queue.send(str(n))
    received = [message["Body"] for _ in range(2) for message in queue.receive(MaxNumberOfMessages=10)]
    assert received == [str(n) for n in range(12)]


def test_delays(queue: Queue) -> None:
    queue.send("later", DelaySeconds=10)
    queue.send("now")
    assert queue.counts() == (1, 0, 1)
    assert [message["Body"] for message in queue.receive(MaxNumberOfMessages=10)] == ["now"]
    queue.segue.advance(10)
    assert [message["Body"] for message in queue.receive(MaxNumberOfMessages=10)] == ["later"]


def test_messages_past_their_retention_are_never_received(queue: Queue) -> None:
    queue.sqs.set_queue_attributes(QueueUrl=queue.url, Attributes={"MessageRetentionPeriod": "300"})
    for n in range(15):
        queue.send(f"old {n}")
    queue.segue.advance(299)
    queue.send("new")
    assert queue.counts() == (16, 0, 0)
    queue.segue.advance(1)
    assert queue.counts() == (1, 0, 0)
    assert [message["Body"] for message in queue.receive(MaxNumberOfMessages=10)] == ["new"]
    assert queue.segue.transact(lambda tx: tx.one("SELECT COUNT(*) FROM sqs_messages")) == (1,)


def test_a_long_poll_is_answered_by_the_message_that_arrives(queue: Queue) -> None:
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(queue.receive, WaitTimeSeconds=20)
        queue.send("here")
        assert [message["Body"] for message in waiting.result(timeout=10)] == ["here"]


def test_a_long_poll_sees_messages_become_visible_and_ends_in_time(queue: Queue) -> None:
    queue.send("delayed", DelaySeconds=5)
    for expected in (["delayed"], []):
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(queue.receive, WaitTimeSeconds=20, VisibilityTimeout=900)
            while not waiting.done():
                queue.segue.advance(1)
            assert [message["Body"] for message in waiting.result()] == expected


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"MaxNumberOfMessages": 0}, "InvalidParameterValue"),
        ({"MaxNumberOfMessages": 11}, "InvalidParameterValue"),
        ({"VisibilityTimeout": 43_201}, "InvalidParameterValue"),
        ({"WaitTimeSeconds": 21}, "InvalidParameterValue"),
        ({"AttributeNames": ["Nonsense"]}, "InvalidAttributeName"),
    ],
)
def test_receives_that_may_not_be(queue: Queue, params: dict[str, Any], code: str) -> None:
    with pytest.raises(ClientError) as refused:
        queue.receive(**params)
    assert code_of(refused) == code


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"MessageBody": ""}, "MissingParameter"),
        ({"MessageBody": "\x00"}, "InvalidMessageContents"),
        ({"MessageBody": "x" * 1_048_577}, "InvalidParameterValue"),
        ({"MessageBody": "x", "DelaySeconds": 901}, "InvalidParameterValue"),
        ({"MessageBody": "x", "MessageDeduplicationId": "d"}, "InvalidParameterValue"),
        ({"MessageBody": "x", "MessageAttributes": {"a": {"DataType": "Odd"}}}, "InvalidParameterValue"),
        (
            {"MessageBody": "x", "MessageSystemAttributes": {"AWSTraceHeader": {"DataType": "Number"}}},
            "InvalidParameterValue",
        ),
    ],
)
def test_messages_that_may_not_be_are_not_kept(queue: Queue, params: dict[str, Any], code: str) -> None:
    with pytest.raises(ClientError) as refused:
        queue.sqs.send_message(QueueUrl=queue.url, **params)
    assert code_of(refused) == code
    assert queue.counts() == (0, 0, 0)


def test_characters_that_xml_lacks_are_named(queue: Queue) -> None:
    allowed = "the set of allowed characters is #x9 | #xA | #xD | [#x20-#xD7FF] | [#xE000-#xFFFD] | [#x10000-#x10FFFF]."
    for body, name in (("a\x07", "#x7"), ("\uffff", "#xFFFF"), ("\x00\x01", "#x0")):
        with pytest.raises(ClientError) as refused:
            queue.send(body)
        assert refused.value.response["Error"]["Message"] == (
            f"Invalid binary character '{name}' was found in the message body, {allowed}"
        )
    queue.send("\t\n\r\ud7ff\ue000\ufffd\U00010000\U0010ffff")


def test_a_batch_is_part_success_part_failure(queue: Queue) -> None:
    answer = queue.sqs.send_message_batch(
        QueueUrl=queue.url,
        Entries=[{"Id": "good", "MessageBody": "x"}, {"Id": "bad", "MessageBody": "x", "DelaySeconds": 1_000}],
    )
    assert [entry["Id"] for entry in answer["Successful"]] == ["good"]
    assert [(entry["Id"], entry["Code"]) for entry in answer["Failed"]] == [("bad", "InvalidParameterValue")]
    (message,) = queue.receive()
    entries = [{"Id": "a", "ReceiptHandle": message["ReceiptHandle"]}, {"Id": "b", "ReceiptHandle": "nonsense"}]
    deleted = queue.sqs.delete_message_batch(QueueUrl=queue.url, Entries=entries)
    assert [entry["Id"] for entry in deleted["Successful"]] == ["a"]
    assert [(entry["Id"], entry["Code"]) for entry in deleted["Failed"]] == [("b", "ReceiptHandleIsInvalid")]


def test_a_trace_header_travels(queue: Queue) -> None:
    header = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
    attribute = {"DataType": "String", "StringValue": header}
    sent = queue.send(MessageSystemAttributes={"AWSTraceHeader": attribute})
    assert len(sent["MD5OfMessageSystemAttributes"]) == 32
    (message,) = queue.receive(MessageSystemAttributeNames=["AWSTraceHeader"])
    assert message["Attributes"] == {"AWSTraceHeader": header}


def test_a_conversation_goes_on_without_a_header_of_the_sender(queue: Queue) -> None:
    queue.send()
    (message,) = queue.receive(MessageSystemAttributeNames=["All"], VisibilityTimeout=0)
    assert "AWSTraceHeader" not in message["Attributes"]
    (message,) = queue.receive(MessageSystemAttributeNames=["AWSTraceHeader"])
    assert message["Attributes"]["AWSTraceHeader"].startswith("Root=1-")


def test_a_look_changes_nothing(queue: Queue) -> None:
    queue.send("one")
    queue.send("two", DelaySeconds=5)
    seen = queue.segue.transact(lambda tx: peek(tx, ARN))
    assert [(message["body"], message["visible"]) for message in seen["messages"]] == [("one", True), ("two", False)]
    assert queue.counts() == (1, 0, 1)


def test_too_many_messages_in_flight() -> None:
    with Segue(limits=Limits(queue_in_flight_messages=2)) as segue:
        sqs = segue.client("sqs")
        queue = Queue(segue, sqs, sqs.create_queue(QueueName="q")["QueueUrl"])
        for _ in range(3):
            queue.send()
        assert len(queue.receive(MaxNumberOfMessages=2)) == 2
        with pytest.raises(ClientError) as refused:
            queue.receive()
        assert code_of(refused) == "OverLimit"
        with ThreadPoolExecutor(1) as pool:  # who waits is not told, and has the message when there is room
            waiting = pool.submit(queue.receive, WaitTimeSeconds=20)
            while not waiting.done():
                segue.advance(1)
            assert waiting.result() == []
        segue.advance(31)
        assert len(queue.receive()) == 1


def test_a_message_stays_invisible_for_twelve_hours_at_most(queue: Queue) -> None:
    queue.send()
    (message,) = queue.receive()
    handle = {"QueueUrl": queue.url, "ReceiptHandle": message["ReceiptHandle"]}
    queue.segue.advance(20)
    queue.sqs.change_message_visibility(**handle, VisibilityTimeout=43_180)
    with pytest.raises(ClientError, match=r"beyond the limit \[43200 seconds\]"):
        queue.sqs.change_message_visibility(**handle, VisibilityTimeout=43_181)
    queue.sqs.change_message_visibility(**handle, VisibilityTimeout=0)
    (message,) = queue.receive()  # each receive has its own twelve hours
    queue.sqs.change_message_visibility(
        QueueUrl=queue.url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=43_200
    )


def test_the_age_of_the_oldest_message(queue: Queue) -> None:
    def look(tx: Transaction) -> Depth:
        found = records.queue_of(tx, ARN)
        assert found is not None
        return records.depth(tx, found)

    def depth() -> Depth:
        return queue.segue.transact(look)

    assert depth() == Depth(0, 0, 0, None)
    queue.send("first", DelaySeconds=60)
    queue.segue.advance(50)
    for _ in range(3):
        queue.send()
    queue.receive()
    assert depth() == Depth(2, 1, 1, 1_700_000_000_000)
