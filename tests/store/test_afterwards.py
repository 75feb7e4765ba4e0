"""Writes that nobody waits for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from segue.clock import ManualClock
from segue.ids import Ids
from segue.store import Transaction
from segue.store.afterwards import Afterwards
from segue.store.group_commit import GroupCommit
from segue.store.sqlite import SqliteStore

SCHEMA = {"test": ("CREATE TABLE numbers (n BIGINT PRIMARY KEY);",)}


def insert(number: int) -> Callable[[Transaction], None]:
    return lambda tx: tx.run("INSERT INTO numbers VALUES (?)", number) and None


def run(work: Callable[[GroupCommit, Afterwards], Awaitable[None]]) -> list[int]:
    async def main() -> list[int]:
        store = GroupCommit(SqliteStore(None, SCHEMA, ManualClock(), Ids(1)))
        await work(store, Afterwards(store))
        rows = await store.write(lambda tx: tx.all("SELECT n FROM numbers ORDER BY n"))
        await store.close()
        return [row[0] for row in rows]

    return asyncio.run(main())


def test_what_is_gathered_is_written_at_the_latest_by_flush() -> None:
    async def work(store: GroupCommit, afterwards: Afterwards) -> None:
        for number in range(3):
            afterwards.add(insert(number))
        assert afterwards.busy
        await afterwards.flush()
        assert not afterwards.busy

    assert run(work) == [0, 1, 2]


def test_it_writes_by_itself_in_a_moment() -> None:
    async def work(store: GroupCommit, afterwards: Afterwards) -> None:
        afterwards.add(insert(1))
        written = asyncio.Event()
        afterwards.add(lambda tx: written.set())
        async with asyncio.timeout(5):
            await written.wait()

    assert run(work) == [1]


def test_one_failure_takes_nothing_else_with_it(caplog: pytest.LogCaptureFixture) -> None:
    async def work(store: GroupCommit, afterwards: Afterwards) -> None:
        for number in (1, 1, 2):
            afterwards.add(insert(number))
        await afterwards.flush()

    assert run(work) == [1, 2]
    assert "could not write something afterwards" in caplog.text


def test_many_are_written_without_waiting_for_the_moment() -> None:
    async def work(store: GroupCommit, afterwards: Afterwards) -> None:
        for number in range(64):
            afterwards.add(insert(number))
        assert await store.write(lambda tx: tx.one("SELECT COUNT(*) FROM numbers")) == (64,)

    assert len(run(work)) == 64
