"""Two lines: each batch takes of both, and who comes when too many wait for too long is told to come later."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from segue.clock import ManualClock, SystemClock
from segue.ids import Ids
from segue.store import Transaction
from segue.store.group_commit import GroupCommit
from segue.store.line import Line
from segue.store.sqlite import SqliteStore


class Elapsing(ManualClock):
    """A clock by which time goes on when it is told to."""

    seconds = 0.0

    def elapsed_seconds(self) -> float:
        return self.seconds


class Item:
    def __init__(self, number: int, *, arriving: bool, since: float = 0.0) -> None:
        self.number, self.arriving, self.since = number, arriving, since


@pytest.mark.parametrize(
    ("count", "seconds", "is_too_long"),
    [
        (0, 9.0, False),
        (127, 9.0, False),
        (128, 0.9, False),
        (128, 1.0, True),
        (19_999, 0.0, False),
        (20_000, 0.0, True),
    ],
)
def test_a_line_is_too_long_when_many_wait_and_the_first_for_long_or_very_many(
    count: int, seconds: float, is_too_long: bool
) -> None:
    clock = Elapsing()
    line: Line[Item] = Line(clock)
    for number in range(count):
        line.add(Item(number, arriving=True))
    for number in range(30_000):
        line.add(Item(number, arriving=False))  # what is begun already is not refused, and nobody for its sake
    clock.seconds = seconds
    assert line.is_too_long is is_too_long


@pytest.mark.parametrize(("served", "waiting", "is_too_long"), [(100, 128, True), (400, 399, False), (400, 400, True)])
def test_a_line_is_too_long_when_its_last_would_wait_for_long_as_others_are_served(
    served: int, waiting: int, is_too_long: bool
) -> None:
    clock = Elapsing()
    line: Line[Item] = Line(clock)
    for number in range(served // 2 + waiting):
        line.add(Item(number, arriving=True))
    assert not line.is_too_long  # it is not known how fast they are served
    for _ in range(served // 2):
        line.arriving.popleft()
    clock.seconds = 0.5
    assert line.is_too_long is is_too_long
    line.arriving.clear()
    for number in range(400):  # others, at another time: it is not known how fast these will be
        line.add(Item(number, arriving=True, since=0.5))
    assert not line.is_too_long


def test_who_is_given_back_is_the_first_again() -> None:
    line: Line[Item] = Line(Elapsing())
    for number in range(6):
        line.add(Item(number, arriving=number % 2 == 0))
    line.give_back([line.arriving.popleft(), line.begun.popleft(), line.arriving.popleft()])
    assert [item.number for item in (*line.arriving, *line.begun)] == [0, 2, 4, 1, 3, 5]
    assert len(line) == 6


@pytest.mark.parametrize("flood", ["requests", "jobs"])
def test_a_flood_in_one_line_does_not_keep_the_other_from_its_turn(flood: str) -> None:
    async def main() -> int:
        store = GroupCommit(SqliteStore(None, {"t": ("CREATE TABLE t (n BIGINT)",)}, SystemClock(), Ids(1)))
        done: list[Any] = []

        def unit(tx: Transaction) -> None:
            tx.run("INSERT INTO t VALUES (1)")
            done.append(1)

        waiting = [store.write(unit, arriving=flood == "requests") for _ in range(20_000)]
        await store.write(lambda tx: None, arriving=flood == "jobs")
        before = len(done)
        await asyncio.gather(*waiting)
        await store.close()
        return before

    assert asyncio.run(main()) < 10_000
