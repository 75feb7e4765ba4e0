"""What has piled up in a queue slows down neither receives nor looks at it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from segue.api import Call, Caller
from segue.config import Limits
from segue.services.sqs import counts, records
from segue.testing import Segue
from tests.effort import steps

pytestmark = pytest.mark.sqlite_only("counts steps of SQLite's machine")

ARN = "arn:aws:sqs:us-east-1:000000000000:q"
LIMIT = 1_000
FEW = 500
"""Steps: so many are some dozens of rows."""


@pytest.fixture
def segue() -> Iterator[Segue]:
    with Segue(limits=Limits(queue_in_flight_messages=LIMIT)) as server:
        server.client("sqs").create_queue(QueueName="q")
        yield server


def fill(segue: Segue, count: int, visible_in_ms: int = 0, receives: int = 0) -> None:
    def insert(tx: Any) -> None:
        for _ in range(count):
            tx.run(
                "INSERT INTO sqs_messages (id, queue, message_id, body, body_md5, sender, sent_at, visible_at,"
                " receive_count, trace) VALUES (?, ?, '', '', '', '', ?, ?, ?, '')",
                tx.ids.ordered(tx.now_ms),
                ARN,
                tx.now_ms,
                tx.now_ms + visible_in_ms,
                receives,
            )

    segue.transact(insert)


def receive(segue: Segue, **more: Any) -> int:
    url = segue.client("sqs").get_queue_url(QueueName="q")["QueueUrl"]

    def unit(tx: Any) -> None:
        call = Call(tx, Caller(), segue.server.api, tx.now_ms)
        call.perform("sqs:ReceiveMessage", {"QueueUrl": url, "WaitTimeSeconds": 20, **more})

    return steps(segue, unit)


def test_when_too_much_is_in_flight_it_is_not_counted_by_each_receive(segue: Segue) -> None:
    fill(segue, LIMIT, visible_in_ms=30_000, receives=1)
    fill(segue, 10)
    assert receive(segue) > LIMIT  # who looks first counts
    assert receive(segue) < FEW
    segue.advance(31)
    assert segue.client("sqs").receive_message(QueueUrl=url_of(segue))["Messages"]


def test_what_is_delayed_is_not_read_to_count_what_is_in_flight(segue: Segue) -> None:
    fill(segue, 20 * LIMIT, visible_in_ms=60_000)
    first = receive(segue)
    fill(segue, 10)
    assert first > 20 * LIMIT  # of so many the rows must be looked at
    for _ in range(20):
        assert receive(segue) < FEW


def url_of(segue: Segue) -> str:
    return str(segue.client("sqs").get_queue_url(QueueName="q")["QueueUrl"])


def test_a_long_queue_is_not_counted_again_and_again(segue: Segue) -> None:
    def look(tx: Any) -> None:
        queue = records.queue_of(tx, ARN)
        assert queue is not None
        counts.depth(Call(tx, Caller(), segue.server.api, tx.now_ms), queue)

    def told() -> str:
        found = segue.client("sqs").get_queue_attributes(QueueUrl=url_of(segue), AttributeNames=["All"])
        return str(found["Attributes"]["ApproximateNumberOfMessages"])

    fill(segue, 9_000)
    assert told() == "9000"
    fill(segue, 11_000)
    assert told() == "20000"
    assert steps(segue, look) < FEW
    fill(segue, 1)
    segue.advance(1)
    assert told() == "20001"
    segue.client("sqs").purge_queue(QueueUrl=url_of(segue))
    segue.settle()
    assert told() == "0"


def test_receives_with_attempts_read_no_other_attempts(segue: Segue) -> None:
    sqs = segue.client("sqs")
    url = sqs.create_queue(QueueName="f.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]

    def attempt(tx: Any) -> None:
        call = Call(tx, Caller(), segue.server.api, tx.now_ms)
        call.perform("sqs:ReceiveMessage", {"QueueUrl": url, "ReceiveRequestAttemptId": str(tx.ids.uuid())})

    def remember(tx: Any) -> None:
        for number in range(5_000):
            sql = "INSERT INTO sqs_receive_attempts VALUES (?, ?, 0, '[]', ?)"
            tx.run(sql, f"{ARN.removesuffix('q')}f.fifo", f"a{number}", tx.now_ms + 60_000)

    segue.transact(remember)
    sqs.send_message(QueueUrl=url, MessageBody="m", MessageGroupId="g", MessageDeduplicationId="d")
    assert steps(segue, attempt) < 2 * FEW
