"""Where an operation has brought something, as the record of deliveries tells it."""

from __future__ import annotations

from typing import Any

import pytest

from segue.api import deliveries
from segue.api.deliveries import whither
from segue.testing import Segue
from tests.effort import steps

MACHINE = "arn:aws:states:us-east-1:000000000000:stateMachine:m"
EXECUTION = "arn:aws:states:us-east-1:000000000000:execution:m:1"


@pytest.mark.parametrize(
    ("params", "result", "expected"),
    [
        ({"StateMachineArn": MACHINE}, {"executionArn": EXECUTION}, (EXECUTION, "")),
        ({"stateMachineArn": MACHINE}, None, (MACHINE, "")),
        (
            {"QueueUrl": "http://127.0.0.1:4566/210987654321/orders"},
            {"MessageId": "m-1"},
            ("arn:aws:sqs:eu-west-1:210987654321:orders", "m-1"),
        ),
        ({"QueueUrl": "orders"}, {}, ("orders", "")),
        ({"TopicArn": "", "TableName": "t"}, {"MessageId": 7}, ("t", "")),
        ({"QueueUrl": 7}, [], ("7", "")),
        ("text", "text", ("", "")),
        (None, None, ("", "")),
    ],
)
def test_whither(params: Any, result: Any, expected: tuple[str, str]) -> None:
    assert whither(params, result, "eu-west-1") == expected


@pytest.mark.sqlite_only("counts steps of SQLite's machine")
def test_the_hops_of_a_resource_are_looked_for_among_the_newest(segue: Segue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliveries, "LOOKED_AT", 100)

    def add(target: str, count: int) -> None:
        def insert(tx: Any) -> None:
            sql = "INSERT INTO deliveries VALUES (?, 0, '', 's', ?, 'o', 'delivered', 1, '', '')"
            for _ in range(count):
                tx.run(sql, tx.ids.ordered(tx.now_ms), target)

        segue.transact(insert)

    def look(tx: Any) -> list[object]:
        return [hop["target"] for hop in deliveries.since(tx, 0, resource="wanted")]

    add("wanted", 1)
    add("other", 200)
    before = steps(segue, look)
    add("other", 2_000)
    assert steps(segue, look) < before * 1.1
    add("wanted", 2)
    assert segue.transact(look) == ["wanted", "wanted"]
