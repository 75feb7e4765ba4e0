from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from segue.services.sqs.fair import noisy_groups
from segue.testing import Segue


@pytest.mark.parametrize(
    ("in_flight", "noisy"),
    [
        ({"a": 29}, []),
        ({"a": 30}, ["a"]),
        ({"a": 30, None: 270}, []),
        ({"a": 31, None: 270}, ["a"]),
        ({"a": 60, "b": 40, "c": 29}, ["b", "a"]),
        ({None: 100}, []),
        ({}, []),
    ],
)
def test_which_groups_are_noisy(in_flight: dict[str | None, int], noisy: list[str]) -> None:
    assert noisy_groups(Counter(in_flight)) == noisy


class Shared:
    """A queue of several tenants."""

    def __init__(self, segue: Segue) -> None:
        self.sqs = segue.client("sqs")
        self.url = self.sqs.create_queue(QueueName="q")["QueueUrl"]

    def send(self, group: str | None, count: int = 1) -> None:
        more: dict[str, Any] = {"MessageGroupId": group} if group else {}
        for start in range(0, count, 10):
            entries = [{"Id": str(n), "MessageBody": str(group), **more} for n in range(min(10, count - start))]
            self.sqs.send_message_batch(QueueUrl=self.url, Entries=entries)

    def receive(self, count: int = 10) -> list[str]:
        found = self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=count).get("Messages", [])
        return [message["Body"] for message in found]


def test_quiet_groups_are_served_before_a_noisy_one(segue: Segue) -> None:
    shared = Shared(segue)
    shared.send("noisy", 60)
    for _ in range(3):
        assert shared.receive() == ["noisy"] * 10
    for group in ("a", None, "z"):
        segue.advance(0.001)
        shared.send(group)
    assert shared.receive(4) == ["noisy", "a", "None", "z"]  # as they were sent; the quiet ones and the next in turn
    assert shared.receive(2) == ["noisy", "noisy"]


def test_of_noisy_groups_the_one_with_least_in_flight_is_first(segue: Segue) -> None:
    shared = Shared(segue)
    shared.send("a", 40)
    shared.send("b", 40)
    for _ in range(7):
        shared.receive()
    assert shared.receive(1) == ["b"]


def test_nobody_is_noisy_while_nothing_waits_long(segue: Segue) -> None:
    shared = Shared(segue)
    shared.send("a", 20)
    shared.send("b", 10)
    assert shared.receive() == ["a"] * 10
    assert shared.receive() == ["a"] * 10
    assert shared.receive() == ["b"] * 10
    assert shared.receive() == []
