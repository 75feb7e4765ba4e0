from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from segue.testing import Segue

pytestmark = pytest.mark.both_stores


class Fifo:
    """A FIFO queue with little to type."""

    def __init__(self, segue: Segue, **attributes: str) -> None:
        self.segue = segue
        self.sqs = segue.client("sqs")
        attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true", **attributes}
        self.url = self.sqs.create_queue(QueueName="q.fifo", Attributes=attributes)["QueueUrl"]

    def send(self, body: str, group: str = "g", **more: Any) -> Any:
        return self.sqs.send_message(QueueUrl=self.url, MessageBody=body, MessageGroupId=group, **more)

    def receive(self, count: int = 10, **more: Any) -> list[dict[str, Any]]:
        answer = self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=count, **more)
        found: list[dict[str, Any]] = answer.get("Messages", [])
        return found

    def bodies(self, count: int = 10, **more: Any) -> list[str]:
        return [message["Body"] for message in self.receive(count, **more)]

    def delete(self, message: dict[str, Any]) -> None:
        self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])


@pytest.fixture
def fifo(segue: Segue) -> Fifo:
    return Fifo(segue)


def test_a_group_is_locked_while_one_of_its_messages_is_in_flight(fifo: Fifo) -> None:
    for body, group in (("a1", "a"), ("a2", "a"), ("b1", "b")):
        fifo.send(body, group)
    (first,) = fifo.receive(1)
    assert first["Body"] == "a1"
    assert fifo.bodies() == ["b1"]
    fifo.delete(first)
    assert fifo.bodies() == ["a2"]


def test_one_receive_takes_a_group_in_order(fifo: Fifo) -> None:
    for n in range(5):
        fifo.send(f"a{n}", "a")
        fifo.send(f"b{n}", "b")
    bodies = fifo.bodies()
    assert [body for body in bodies if body[0] == "a"] == [f"a{n}" for n in range(5)]
    assert [body for body in bodies if body[0] == "b"] == [f"b{n}" for n in range(5)]


def test_order_holds_when_messages_come_again(fifo: Fifo) -> None:
    for n in range(3):
        fifo.send(str(n))
    assert fifo.bodies(1, VisibilityTimeout=5) == ["0"]
    assert fifo.bodies() == []
    fifo.segue.advance(5)
    assert fifo.bodies() == ["0", "1", "2"]


def test_what_was_sent_in_five_minutes_is_not_sent_again(fifo: Fifo) -> None:
    first = fifo.send("same")
    (message,) = fifo.receive()
    fifo.delete(message)
    fifo.segue.advance(minutes=4, seconds=59)
    again = fifo.send("same", "other")
    assert (again["MessageId"], again["SequenceNumber"]) == (first["MessageId"], first["SequenceNumber"])
    assert fifo.receive() == []
    fifo.segue.advance(1)
    later = fifo.send("same")
    assert later["MessageId"] != first["MessageId"]
    assert later["SequenceNumber"] > first["SequenceNumber"]
    assert len(first["SequenceNumber"]) == 20
    assert fifo.bodies() == ["same"]


def test_deduplication_by_group(segue: Segue) -> None:
    fifo = Fifo(segue, DeduplicationScope="messageGroup", FifoThroughputLimit="perMessageGroupId")
    for group in ("a", "b", "a"):
        fifo.send("same", group)
    assert fifo.bodies() == ["same", "same"]


def test_an_attempt_can_be_made_again(fifo: Fifo) -> None:
    fifo.send("x")
    first = fifo.receive(ReceiveRequestAttemptId="try")
    assert fifo.receive(ReceiveRequestAttemptId="another") == []
    assert fifo.receive(ReceiveRequestAttemptId="try") == first
    fifo.delete(first[0])
    assert fifo.receive(ReceiveRequestAttemptId="try") == []


def test_a_receipt_handle_ends_with_its_receive(fifo: Fifo) -> None:
    fifo.send("x")
    (message,) = fifo.receive(VisibilityTimeout=1)
    fifo.segue.advance(1)
    with pytest.raises(ClientError, match="The receipt handle has expired"):
        fifo.delete(message)
    with pytest.raises(ClientError, match="not available for visibility timeout change"):
        fifo.sqs.change_message_visibility(
            QueueUrl=fifo.url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=5
        )


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({}, "must contain the parameter MessageGroupId"),
        ({"MessageGroupId": "a b"}, "MessageGroupId can only include"),
        ({"MessageGroupId": "g", "MessageDeduplicationId": "x" * 129}, "MessageDeduplicationId can only include"),
        ({"MessageGroupId": "g", "DelaySeconds": 1}, "not valid for this queue type"),
        ({"MessageGroupId": "g"}, "ContentBasedDeduplication enabled"),
    ],
)
def test_what_fifo_messages_must_have(segue: Segue, params: dict[str, Any], words: str) -> None:
    fifo = Fifo(segue, ContentBasedDeduplication="false")
    with pytest.raises(ClientError, match=words):
        fifo.sqs.send_message(QueueUrl=fifo.url, MessageBody="x", **params)


def test_groups_are_carried_by_standard_queues(segue: Segue) -> None:
    sqs = segue.client("sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="x", MessageGroupId="tenant")
    (message,) = sqs.receive_message(QueueUrl=url, MessageSystemAttributeNames=["MessageGroupId"])["Messages"]
    assert message["Attributes"] == {"MessageGroupId": "tenant"}


def test_a_group_behind_many_locked_messages_is_found(fifo: Fifo) -> None:
    entries = [{"MessageBody": str(n), "MessageGroupId": "busy"} for n in range(210)]
    for start in range(0, 210, 10):
        batch = [{"Id": str(n), **entries[n]} for n in range(start, start + 10)]
        fifo.sqs.send_message_batch(QueueUrl=fifo.url, Entries=batch)
    fifo.send("free", "other")
    assert fifo.bodies(1) == ["0"]
    assert fifo.bodies() == ["free"]
