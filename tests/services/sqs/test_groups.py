"""Whatever becomes of the messages of FIFO groups, none is forgotten and none overtakes another."""

from __future__ import annotations

import json
from itertools import count, groupby
from random import Random
from typing import Any

import pytest

from segue.api import Api
from segue.config import Settings
from segue.server import services
from segue.services.sqs.fifo import receivable
from segue.services.sqs.records import queue_of
from segue.testing import Segue
from segue.worker.invariants import violations

pytestmark = pytest.mark.both_stores

_DEAD = "arn:aws:sqs:us-east-1:000000000000:dead.fifo"
_MINUTE = "60"


class Life:
    """A FIFO queue with a dead-letter queue, and what chance does with them."""

    def __init__(self, segue: Segue, random: Random) -> None:
        self.segue, self.random, self.sqs = segue, random, segue.client("sqs")
        attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true", "MessageRetentionPeriod": _MINUTE}
        policy = json.dumps({"deadLetterTargetArn": _DEAD, "maxReceiveCount": 2})
        made = {"dead.fifo": attributes, "live.fifo": {**attributes, "RedrivePolicy": policy}}
        self.urls = [self.sqs.create_queue(QueueName=name, Attributes=made[name])["QueueUrl"] for name in made]
        self.held: list[tuple[str, str]] = []
        self.numbers = count()

    def step(self) -> None:
        """Something happens."""
        often, seldom = [self.send, self.send, self.receive, self.receive, self.delete], [self.give_back, self.wait]
        self.random.choice([*often * 4, *seldom * 2, self.redrive, self.purge])()

    def send(self) -> None:
        group, body = self.random.choice("abcd"), f"{next(self.numbers):06}"
        self.sqs.send_message(QueueUrl=self.random.choice(self.urls), MessageBody=body, MessageGroupId=group)

    def receive(self) -> None:
        url = self.random.choice(self.urls)
        taken = self.take(url, MaxNumberOfMessages=self.random.randint(1, 10))
        self.held += [(url, message["ReceiptHandle"]) for message in taken]

    def take(self, url: str, **more: Any) -> list[Any]:
        found = self.sqs.receive_message(QueueUrl=url, AttributeNames=["MessageGroupId", "SequenceNumber"], **more)
        messages: list[Any] = found.get("Messages", [])
        return messages

    def pick(self) -> tuple[str, str]:
        return self.held.pop(self.random.randrange(len(self.held)))

    def delete(self) -> None:
        if self.held:
            url, handle = self.pick()
            self.sqs.delete_message_batch(QueueUrl=url, Entries=[{"Id": "1", "ReceiptHandle": handle}])

    def give_back(self) -> None:
        if self.held:
            url, handle = self.pick()
            entry = {"Id": "1", "ReceiptHandle": handle, "VisibilityTimeout": 0}
            self.sqs.change_message_visibility_batch(QueueUrl=url, Entries=[entry])

    def wait(self) -> None:
        self.segue.advance(self.random.choice([1, 31, 61]))

    def redrive(self) -> None:
        self.sqs.start_message_move_task(SourceArn=_DEAD)
        self.segue.settle()

    def purge(self) -> None:
        self.segue.advance(60)
        self.sqs.purge_queue(QueueUrl=self.random.choice(self.urls))

    def problems(self) -> list[str]:
        api = Api(services(), Settings())
        return self.segue.transact(lambda tx: list(violations(api, tx)))

    def emptied(self) -> list[Any]:
        """All that is left in the dead-letter queue, in the order it is received."""
        found = []
        while messages := self.take(self.urls[0], MaxNumberOfMessages=10):
            found += messages
            for message in messages:
                self.sqs.delete_message(QueueUrl=self.urls[0], ReceiptHandle=message["ReceiptHandle"])
        return found


@pytest.mark.parametrize("seed", range(4))
def test_every_group_goes_on(segue: Segue, seed: int) -> None:
    life = Life(segue, Random(seed))
    for _ in range(150):
        life.step()
        assert life.problems() == []
    segue.advance(31)  # whatever is held comes back
    depth = life.sqs.get_queue_attributes(QueueUrl=life.urls[0], AttributeNames=["ApproximateNumberOfMessages"])
    found = life.emptied()
    assert len(found) == int(depth["Attributes"]["ApproximateNumberOfMessages"])
    for _, messages in groupby(sorted(found, key=_group), key=_group):
        sequence = [message["Attributes"]["SequenceNumber"] for message in messages]
        assert sequence == sorted(sequence)


def _group(message: Any) -> str:
    group: str = message["Attributes"]["MessageGroupId"]
    return group


def test_a_group_that_nobody_leads_is_told(segue: Segue) -> None:
    life = Life(segue, Random(1))
    life.sqs.send_message(QueueUrl=life.urls[0], MessageBody="m", MessageGroupId="g")
    assert life.problems() == []
    segue.transact(lambda tx: tx.run("UPDATE sqs_messages SET behind = 1"))
    assert life.problems() == [f"sqs: {_DEAD}: no message leads the group g"]
    # such as an older node leaves during an upgrade: the next receive finds it
    assert [message["Body"] for message in life.take(life.urls[0])] == ["m"]
    assert life.problems() == []


def test_a_receive_reads_little_whatever_waits_behind_locked_groups(segue: Segue) -> None:
    life = Life(segue, Random(1))
    live = life.urls[1]
    for group in "abcde":
        for start in range(0, 100, 10):
            entries = [{"Id": str(n), "MessageBody": f"{group}{start + n}", "MessageGroupId": group} for n in range(10)]
            life.sqs.send_message_batch(QueueUrl=live, Entries=entries)
        assert len(life.take(live)) == 1  # it locks the group
    read = []

    class Counting:
        """A transaction that counts the rows it reads."""

        def __init__(self, tx: Any) -> None:
            self.tx, self.now_ms = tx, tx.now_ms

        def all(self, sql: str, *params: Any) -> Any:
            rows = self.tx.all(sql, *params)
            read.extend(rows)
            return rows

        def one(self, sql: str, *params: Any) -> Any:
            read.append(sql)
            return self.tx.one(sql, *params)

    def receive(tx: Any) -> list[int]:
        queue = queue_of(tx, _DEAD.replace("dead", "live"))
        assert queue is not None
        return receivable(Counting(tx), queue, 10, set())  # type: ignore[arg-type]

    assert segue.transact(receive) == []
    assert len(read) < 10
