"""Gathering messages of a queue for a batch."""

from __future__ import annotations

from typing import Any

import pytest

from segue.api import Call, Caller
from segue.api.sources.queues import QueueSource, poll
from segue.testing import Segue
from tests.effort import steps

ARN = "arn:aws:sqs:us-east-1:000000000000:q"


@pytest.mark.sqlite_only("counts steps of SQLite's machine")
def test_what_is_held_is_weighed_once_a_poll(segue: Segue) -> None:
    sqs = segue.client("sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    source = QueueSource("o", ARN, 10_000, 300_000, (), "test:batch")

    def gather(tx: Any) -> None:
        call = Call(tx, Caller(host="localhost"), segue.server.api, tx.now_ms)
        poll(call, call, source)

    def hold(tx: Any) -> None:
        for _ in range(3_000):
            tx.run("INSERT INTO held_messages VALUES ('o', ?, ?, 1, '')", tx.ids.ordered(tx.now_ms), tx.now_ms)

    costs = []
    for _ in range(2):
        for _ in range(20):
            sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": str(n), "MessageBody": "m"} for n in range(10)])
        costs.append(steps(segue, gather))
        segue.transact(hold)
    assert costs[1] - costs[0] < 3_000 * 60  # twenty receives
