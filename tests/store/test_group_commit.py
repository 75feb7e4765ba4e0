"""Group commit: in order, one failure hurts nobody else, nobody is answered before the disk is, or never."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import apsw
import pytest

from segue.clock import ManualClock
from segue.ids import Ids
from segue.store import Transaction
from segue.store import sqlite as sqlite_module
from segue.store.group_commit import GroupCommit
from segue.store.sqlite import SqliteStore, TransactionLost

SCHEMA = {"test": ("CREATE TABLE numbers (n BIGINT PRIMARY KEY, body BYTEA);",)}
Work = Callable[[GroupCommit], Awaitable[None]]


def insert(number: int) -> Callable[[Transaction], int]:
    def unit(tx: Transaction) -> int:
        tx.run("INSERT INTO numbers (n) VALUES (?)", number)
        tx.wake(f"number {number}")
        return number

    return unit


def numbers(tx: Transaction) -> list[int]:
    return [row[0] for row in tx.all("SELECT n FROM numbers ORDER BY n")]


def run(directory: Path | None, work: Work) -> None:
    async def main() -> None:
        store = GroupCommit(SqliteStore(directory, SCHEMA, ManualClock(), Ids(1)))
        try:
            await asyncio.wait_for(work(store), 20)
        finally:
            await store.close()

    asyncio.run(main())


@pytest.fixture(params=["memory", "disk"])
def directory(request: pytest.FixtureRequest, tmp_path: Path) -> Path | None:
    return tmp_path if request.param == "disk" else None


class BrokenStore:
    """Makes one method of a store fail while ``broken`` is set."""

    def __init__(self, store: GroupCommit, method: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.broken = True
        sound = getattr(store.store, method)

        def fails(*arguments: Any) -> Any:
            if self.broken:
                raise apsw.FullError("database or disk is full")
            return sound(*arguments)

        monkeypatch.setattr(store.store, method, fails)


def test_units_run_and_are_answered_in_order(directory: Path | None) -> None:
    async def work(store: GroupCommit) -> None:
        answered: list[int] = []
        writes = [store.write(insert(number)) for number in range(300)]
        for write in writes:
            write.add_done_callback(lambda done: answered.append(done.result()))
        seqs = await asyncio.gather(*(store.write(lambda tx: tx.seq) for _ in range(5)))
        assert answered == list(range(300))
        assert seqs == sorted(set(seqs))
        assert store.read(numbers) == list(range(300))

    run(directory, work)


def test_a_failing_unit_hurts_nobody_else(directory: Path | None) -> None:
    async def work(store: GroupCommit) -> None:
        answers = await asyncio.gather(
            *(store.write(insert(number)) for number in (1, 2, 1, 3)),
            store.write(lambda tx: 1 // 0),
            store.write(insert(4)),
            return_exceptions=True,
        )
        assert [type(answer) for answer in answers] == [int, int, apsw.ConstraintError, int, ZeroDivisionError, int]
        assert store.read(numbers) == [1, 2, 3, 4]

    run(directory, work)


def test_a_unit_that_raises_what_no_future_can_hold_is_answered_too() -> None:
    async def work(store: GroupCommit) -> None:
        bad = store.write(lambda tx: next(iter(())))
        good = store.write(insert(1))
        with pytest.raises(RuntimeError, match="StopIteration"):
            await bad
        assert await good == 1

    run(None, work)


def test_nobody_is_answered_before_the_commit_is_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(store: GroupCommit) -> None:
        on_disk, may_commit = [False], threading.Event()
        commit = store.store.commit

        def slow() -> None:
            may_commit.wait(10)
            commit()
            on_disk[0] = True

        monkeypatch.setattr(store.store, "commit", slow)
        write = store.write(insert(1))
        write.add_done_callback(lambda _: seen.append(on_disk[0]))
        seen: list[bool] = []
        for _ in range(20):
            await asyncio.sleep(0)
        assert not write.done()
        assert store.read(numbers) == []  # a reader during a commit sees what was before
        may_commit.set()
        await write
        await asyncio.sleep(0)
        assert seen == [True]

    run(tmp_path, work)


@pytest.mark.parametrize("method", ["commit", "begin"])
def test_a_disk_that_fails_answers_all_and_undoes_all(
    directory: Path | None, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work(store: GroupCommit) -> None:
        await store.write(insert(0))
        parked = store.wakes.park(["number 1"], store.read(lambda tx: tx.seq))
        breaking = BrokenStore(store, method, monkeypatch)
        answers = await asyncio.gather(*(store.write(insert(number)) for number in (1, 2, 3)), return_exceptions=True)
        assert {type(answer) for answer in answers} == {apsw.FullError}
        assert not parked.done()  # what did not happen wakes nobody
        breaking.broken = False
        if method == "commit":
            store.store.rollback()
        assert await store.write(insert(4)) == 4
        assert store.read(numbers) == [0, 4]
        parked.cancel()

    run(directory, work)


def test_a_transaction_that_is_lost_fails_the_whole_batch_and_only_that(tmp_path: Path) -> None:
    async def work(store: GroupCommit) -> None:
        def lose(tx: Transaction) -> None:
            tx.run("INSERT INTO numbers (n) VALUES (99)")
            store.store._writer.execute("ROLLBACK")
            raise apsw.IOError("disk I/O error")

        answers = await asyncio.gather(store.write(insert(1)), store.write(lose), return_exceptions=True)
        assert [type(answer) for answer in answers] == [TransactionLost, TransactionLost]
        assert await store.write(insert(2)) == 2
        assert store.read(numbers) == [2]

    run(tmp_path, work)


def test_a_log_that_cannot_be_restarted_fails_no_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(store: GroupCommit) -> None:
        BrokenStore(store, "restart_log", monkeypatch)
        store._restart_wanted()
        assert await store.write(insert(1)) == 1

    run(tmp_path, work)


def test_a_cancelled_caller_is_skipped_if_its_unit_has_not_run() -> None:
    async def work(store: GroupCommit) -> None:
        left = store.write(insert(1))
        stays = store.write(insert(2))
        left.cancel()
        await stays
        assert store.read(numbers) == [2]

    run(None, work)


def test_a_wake_that_comes_while_a_reader_looks_is_not_missed(tmp_path: Path) -> None:
    """The reader looks while the commit is under way, and parks after its wakes were sent."""

    async def work(store: GroupCommit) -> None:
        write = store.write(insert(1))
        await asyncio.sleep(0)  # the batch has run; its commit is under way, or done and not yet answered
        seen, seq = store.read(lambda tx: (numbers(tx), tx.seq))
        await write
        parked = store.wakes.park(["number 1"], seq)
        assert seen == [1] or parked.done()
        parked.cancel()

    for _ in range(20):
        for file in tmp_path.glob("segue*"):
            file.unlink()
        run(tmp_path, work)


def test_closing_finishes_what_was_handed_in(tmp_path: Path) -> None:
    async def main() -> None:
        store = GroupCommit(SqliteStore(tmp_path, SCHEMA, ManualClock(), Ids(1)))
        writes = [store.write(insert(number)) for number in range(500)]
        await store.close()
        assert all(write.done() for write in writes)

    asyncio.run(main())
    store = SqliteStore(tmp_path, SCHEMA, ManualClock(), Ids(1))
    assert len(store.read(numbers)) == 500
    store.close()


def test_a_write_after_closing_is_answered_with_an_error() -> None:
    async def main() -> None:
        store = GroupCommit(SqliteStore(None, SCHEMA, ManualClock(), Ids(1)))
        await store.close()
        with pytest.raises(apsw.Error):
            await asyncio.wait_for(store.write(insert(1)), 5)

    asyncio.run(main())


def test_the_log_stays_bounded_under_constant_writing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, pages in (("_CHECKPOINT_PAGES", 50), ("_CHECKPOINT_EVERY_PAGES", 20), ("_RESTART_PAGES", 200)):
        monkeypatch.setattr(sqlite_module, name, pages)
    biggest = [0]

    def big(number: int) -> Callable[[Transaction], None]:
        return lambda tx: tx.run("INSERT INTO numbers VALUES (?, ?)", number, bytes(8_000)) and None

    async def work(store: GroupCommit) -> None:
        for turn in range(300):
            await asyncio.gather(*(store.write(big(turn * 10 + number)) for number in range(10)))
            biggest[0] = max(biggest[0], (tmp_path / "segue.db-wal").stat().st_size)

    run(tmp_path, work)
    # 24 MB were written; how far it grows meanwhile depends on when the thread that moves it gets its turn
    assert biggest[0] < 3_000 * 4_200
