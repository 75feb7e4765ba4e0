from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from segue.api import deliveries
from segue.testing import Segue

pytestmark = pytest.mark.both_stores

DEAD = "arn:aws:sqs:us-east-1:000000000000:dead"


@pytest.fixture
def sqs(segue: Segue) -> Any:
    return segue.client("sqs")


def make(sqs: Any, times: int = 2, **attributes: str) -> tuple[str, str]:
    """A queue with a dead-letter queue: their URLs."""
    dead = sqs.create_queue(QueueName="dead", Attributes={"DelaySeconds": "0", **attributes})["QueueUrl"]
    policy = json.dumps({"deadLetterTargetArn": DEAD, "maxReceiveCount": times})
    return sqs.create_queue(QueueName="live", Attributes={"RedrivePolicy": policy})["QueueUrl"], dead


def receive(sqs: Any, url: str, **more: Any) -> list[dict[str, Any]]:
    answer = sqs.receive_message(QueueUrl=url, MessageSystemAttributeNames=["All"], **more)
    found: list[dict[str, Any]] = answer.get("Messages", [])
    return found


def bury(sqs: Any, live: str, times: int) -> None:
    for _ in range(times):
        receive(sqs, live, VisibilityTimeout=0, MaxNumberOfMessages=10)


def test_a_message_received_too_often_is_moved(segue: Segue, sqs: Any) -> None:
    live, dead = make(sqs)
    sent = sqs.send_message(QueueUrl=live, MessageBody="poison")
    segue.advance(10)
    bury(sqs, live, 2)
    assert receive(sqs, dead) == []
    assert receive(sqs, live) == []
    (message,) = receive(sqs, dead)
    assert (message["MessageId"], message["Body"]) == (sent["MessageId"], "poison")
    assert message["Attributes"]["DeadLetterQueueSourceArn"] == "arn:aws:sqs:us-east-1:000000000000:live"
    # A standard queue's dead letters keep their age.
    assert message["Attributes"]["SentTimestamp"] == "1700000000000"
    (hop,) = segue.transact(lambda tx: deliveries.since(tx, 0))
    assert (hop["target"], hop["status"], hop["attempts"], hop["subject"]) == (
        DEAD,
        "dead-lettered",
        2,
        sent["MessageId"],
    )
    assert hop["reason"] == "received 2 times and not deleted: maxReceiveCount is reached"


def test_others_are_received_in_the_place_of_those_that_are_moved(sqs: Any) -> None:
    live, _ = make(sqs, times=1)
    sqs.send_message(QueueUrl=live, MessageBody="poison")
    bury(sqs, live, 1)
    sqs.send_message(QueueUrl=live, MessageBody="good")
    assert [message["Body"] for message in receive(sqs, live)] == ["good"]


def test_many_dead_letters_hold_nobody_up(segue: Segue, sqs: Any) -> None:
    live, dead = make(sqs, times=1)
    for _ in range(25):
        entries = [{"Id": str(n), "MessageBody": "poison"} for n in range(10)]
        sqs.send_message_batch(QueueUrl=live, Entries=entries)
        receive(sqs, live, VisibilityTimeout=1, MaxNumberOfMessages=10)
    segue.advance(1)
    sqs.send_message(QueueUrl=live, MessageBody="good")
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(receive, sqs, live, WaitTimeSeconds=20)
        while not waiting.done():
            segue.advance(0.001)
        assert [message["Body"] for message in waiting.result()] == ["good"]
    depth = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["ApproximateNumberOfMessages"])
    assert depth["Attributes"] == {"ApproximateNumberOfMessages": "250"}


def test_a_missing_dead_letter_queue_loses_nothing(sqs: Any) -> None:
    live, dead = make(sqs, times=1)
    sqs.send_message(QueueUrl=live, MessageBody="poison")
    sqs.delete_queue(QueueUrl=dead)
    bury(sqs, live, 2)
    assert len(receive(sqs, live)) == 1


def test_a_queue_that_is_its_own_dead_letter_queue_goes_on(sqs: Any) -> None:
    url = sqs.create_queue(QueueName="dead")["QueueUrl"]
    policy = json.dumps({"deadLetterTargetArn": DEAD, "maxReceiveCount": 1})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": policy})
    sqs.send_message(QueueUrl=url, MessageBody="poison")
    bury(sqs, url, 2)
    assert len(receive(sqs, url)) == 1


def test_sources_are_listed_and_may_be_refused(sqs: Any) -> None:
    live, dead = make(sqs, RedriveAllowPolicy=json.dumps({"redrivePermission": "allowAll"}))
    assert sqs.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"] == [live]
    sqs.set_queue_attributes(
        QueueUrl=dead, Attributes={"RedriveAllowPolicy": json.dumps({"redrivePermission": "denyAll"})}
    )
    policy = json.dumps({"deadLetterTargetArn": DEAD, "maxReceiveCount": 1})
    with pytest.raises(ClientError, match="does not allow"):
        sqs.create_queue(QueueName="other", Attributes={"RedrivePolicy": policy})


def test_dead_letters_go_back_to_where_they_came_from(segue: Segue, sqs: Any) -> None:
    live, dead = make(sqs, times=1)
    for n in range(5):
        sqs.send_message(QueueUrl=live, MessageBody=str(n))
    bury(sqs, live, 2)
    sqs.start_message_move_task(SourceArn=DEAD)
    segue.settle()
    (task,) = sqs.list_message_move_tasks(SourceArn=DEAD)["Results"]
    assert (task["Status"], task["ApproximateNumberOfMessagesMoved"]) == ("COMPLETED", 5)
    assert receive(sqs, dead) == []
    messages = receive(sqs, live, MaxNumberOfMessages=10)
    assert [message["Body"] for message in messages] == [str(n) for n in range(5)]
    assert {message["Attributes"]["ApproximateReceiveCount"] for message in messages} == {"1"}


def test_a_move_keeps_its_pace_and_can_be_cancelled(segue: Segue, sqs: Any) -> None:
    live, _ = make(sqs, times=1)
    other = sqs.create_queue(QueueName="other")["QueueUrl"]
    for n in range(6):
        sqs.send_message(QueueUrl=live, MessageBody=str(n))
    bury(sqs, live, 2)
    task = sqs.start_message_move_task(
        SourceArn=DEAD, DestinationArn=DEAD.replace("dead", "other"), MaxNumberOfMessagesPerSecond=1
    )
    with pytest.raises(ClientError, match="already a task running"):
        sqs.start_message_move_task(SourceArn=DEAD)
    segue.advance(2.5)
    assert len(receive(sqs, other, MaxNumberOfMessages=10)) == 3
    assert sqs.cancel_message_move_task(TaskHandle=task["TaskHandle"])["ApproximateNumberOfMessagesMoved"] == 3
    segue.advance(10)
    assert receive(sqs, other) == []


def test_a_move_that_cannot_go_on_says_how_far_it_came(segue: Segue, sqs: Any) -> None:
    live, dead = make(sqs, times=1)
    sqs.send_message(QueueUrl=live, MessageBody="dead letter")
    bury(sqs, live, 2)
    sqs.send_message(QueueUrl=dead, MessageBody="sent here")
    sqs.start_message_move_task(SourceArn=DEAD)
    segue.settle()
    (task,) = sqs.list_message_move_tasks(SourceArn=DEAD)["Results"]
    assert (task["Status"], task["FailureReason"], task["ApproximateNumberOfMessagesMoved"]) == (
        "FAILED",
        "CouldNotDetermineMessageSource",
        1,
    )


def test_where_messages_cannot_be_moved(sqs: Any) -> None:
    make(sqs)
    sqs.create_queue(QueueName="other.fifo", Attributes={"FifoQueue": "true"})
    for destination in (DEAD, DEAD.replace("dead", "other.fifo")):
        with pytest.raises(ClientError, match="The destination queue must"):
            sqs.start_message_move_task(SourceArn=DEAD, DestinationArn=destination)


def test_only_dead_letter_queues_are_sources_of_moves(sqs: Any) -> None:
    make(sqs)
    with pytest.raises(ClientError, match="must be configured as a Dead Letter Queue"):
        sqs.start_message_move_task(SourceArn=DEAD.replace("dead", "live"))
    with pytest.raises(ClientError, match="SourceArn parameter doesn't exist"):
        sqs.start_message_move_task(SourceArn=DEAD.replace("dead", "none"))


def test_fifo_dead_letters_begin_anew_and_come_back_last(segue: Segue, sqs: Any) -> None:
    attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    dead = sqs.create_queue(QueueName="dead.fifo", Attributes=attributes)["QueueUrl"]
    policy = json.dumps({"deadLetterTargetArn": DEAD + ".fifo", "maxReceiveCount": 1})
    live = sqs.create_queue(QueueName="live.fifo", Attributes={**attributes, "RedrivePolicy": policy})["QueueUrl"]
    first = sqs.send_message(QueueUrl=live, MessageBody="poison", MessageGroupId="g")
    segue.advance(10)
    sqs.send_message(QueueUrl=live, MessageBody="good", MessageGroupId="g")
    receive(sqs, live, VisibilityTimeout=0)
    (message,) = receive(sqs, live, VisibilityTimeout=0)
    assert message["Body"] == "good"
    (message,) = receive(sqs, dead, VisibilityTimeout=0)
    assert (message["MessageId"], message["Attributes"]["SentTimestamp"]) == (first["MessageId"], "1700000010000")
    lenient = json.dumps({"deadLetterTargetArn": DEAD + ".fifo", "maxReceiveCount": 5})
    sqs.set_queue_attributes(QueueUrl=live, Attributes={"RedrivePolicy": lenient})
    sqs.start_message_move_task(SourceArn=DEAD + ".fifo", DestinationArn=DEAD.replace("dead", "live.fifo"))
    segue.settle()
    messages = receive(sqs, live, MaxNumberOfMessages=10)
    assert [message["Body"] for message in messages] == ["good", "poison"]
    numbers = [message["Attributes"]["SequenceNumber"] for message in messages]
    assert numbers == sorted(numbers)
