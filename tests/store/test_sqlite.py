"""The embedded store: units, savepoints, readers, migrations, the directory's lock, the log's growth."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segue.clock import ManualClock
from segue.ids import Ids
from segue.store import Transaction
from segue.store import sqlite as module
from segue.store.migrations import Migrations, StoreIsNewer
from segue.store.sqlite import DataDirectoryInUse, DataUnreadable, SqliteStore, TransactionLost, WritesNeeded

SCHEMA: Migrations = {"test": ("CREATE TABLE numbers (n BIGINT PRIMARY KEY);",)}


def opened(directory: Path | None, schema: Migrations = SCHEMA, seed: int = 1, now_ms: int = 1_000) -> SqliteStore:
    return SqliteStore(directory, schema, ManualClock(now_ms), Ids(seed))


@pytest.fixture(params=["memory", "disk"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqliteStore]:
    opened_store = opened(tmp_path / "data" if request.param == "disk" else None)
    yield opened_store
    opened_store.close()


def insert(*numbers: int) -> Callable[[Transaction], None]:
    def unit(tx: Transaction) -> None:
        for number in numbers:
            tx.run("INSERT INTO numbers VALUES (?)", number)

    return unit


def numbers(tx: Transaction) -> list[int]:
    return [row[0] for row in tx.all("SELECT n FROM numbers ORDER BY n")]


def test_one_all_and_run_answer_rows_and_counts(store: SqliteStore) -> None:
    def unit(tx: Transaction) -> None:
        assert tx.run("INSERT INTO numbers VALUES (1), (2), (3)") == 3
        assert tx.one("SELECT n FROM numbers WHERE n = ?", 2) == (2,)
        assert tx.one("SELECT n FROM numbers WHERE n = ?", 9) is None
        assert tx.all("DELETE FROM numbers WHERE n < ? RETURNING n", 3) == [(1,), (2,)]
        assert tx.run("UPDATE numbers SET n = n WHERE n = 77") == 0

    store.transact(unit)
    assert store.read(numbers) == [3]


def test_a_unit_that_fails_takes_back_its_own_rows_only(store: SqliteStore) -> None:
    store.begin()
    store.run(insert(1))
    with pytest.raises(apsw.ConstraintError):
        store.run(insert(2, 1))
    store.run(insert(3))
    store.commit()
    assert store.read(numbers) == [1, 3]


def test_wakes_of_what_was_undone_are_undone(store: SqliteStore) -> None:
    def unit(tx: Transaction) -> None:
        tx.wake("before")
        with suppress(ZeroDivisionError), tx.savepoint():
            tx.wake("inside")
            raise ZeroDivisionError
        tx.wake("after")

    assert store.transact(unit)[1] == ["before", "after"]


Steps = st.recursive(
    st.integers(0, 50), lambda inner: st.tuples(st.booleans(), st.lists(inner, max_size=4)), max_leaves=12
)


@given(st.lists(Steps, max_size=6))
@settings(max_examples=150, deadline=None)
def test_savepoints_within_savepoints_keep_what_a_model_keeps(steps: list[object]) -> None:
    """A step writes a number, or runs steps under a savepoint that fails or does not."""
    store = opened(None, {"test": ("CREATE TABLE numbers (n BIGINT);",)})

    def run(tx: Transaction, step: object) -> list[int]:
        if isinstance(step, int):
            tx.run("INSERT INTO numbers VALUES (?)", step)
            return [step]
        assert isinstance(step, tuple)
        fails, inner = step
        kept: list[int] = []
        try:
            with tx.savepoint():
                for each in inner:
                    kept += run(tx, each)
                if fails:
                    raise LookupError
        except LookupError:
            return []
        return kept

    def unit(tx: Transaction) -> list[int]:
        return [number for step in steps for number in run(tx, step)]

    expected, _ = store.transact(unit)
    assert store.read(numbers) == sorted(expected)
    store.close()


def test_a_reader_sees_only_what_is_committed(tmp_path: Path) -> None:
    store = opened(tmp_path)
    store.begin()
    store.run(insert(1))
    assert store.read(numbers) == []
    store.commit()
    assert store.read(numbers) == [1]
    store.close()


def test_a_reader_knows_the_number_of_what_is_committed_not_of_what_is_under_way(tmp_path: Path) -> None:
    store = opened(tmp_path)
    before = store.read(lambda tx: tx.seq)
    store.begin()
    _, writing = store.run(insert(1))
    assert store.read(lambda tx: tx.seq) == before < writing.seq
    store.commit()
    assert store.read(lambda tx: tx.seq) == writing.seq
    store.close()


@pytest.mark.parametrize(
    "unit",
    [
        insert(1),
        lambda tx: tx.one("INSERT INTO numbers VALUES (1) RETURNING n"),
        lambda tx: tx.all("DELETE FROM numbers RETURNING n"),
        lambda tx: tx.savepoint().__enter__(),
    ],
)
def test_a_reader_that_wants_to_write_is_told_so_and_has_done_nothing(
    store: SqliteStore, unit: Callable[[Transaction], object]
) -> None:
    store.transact(insert(7))
    with pytest.raises(WritesNeeded):
        store.read(unit)
    assert store.read(numbers) == [7]
    store.transact(insert(8))  # and the store is as usable as before


def test_a_disk_error_that_ends_the_transaction_is_told_from_one_that_does_not(store: SqliteStore) -> None:
    def unit(tx: Transaction) -> None:
        insert(2)(tx)
        store._writer.execute("ROLLBACK")  # as SQLite does by itself when the disk is full
        raise apsw.FullError("database or disk is full")

    store.begin()
    store.run(insert(1))
    with pytest.raises(TransactionLost, match="disk is full"):
        store.run(unit)
    store.rollback()
    assert store.transact(insert(3))[0] is None
    assert store.read(numbers) == [3]


def test_committed_rows_are_there_after_opening_again(tmp_path: Path) -> None:
    store = opened(tmp_path)
    store.transact(insert(1, 2))
    store.close()
    store = opened(tmp_path)
    assert store.read(numbers) == [1, 2]
    store.close()


def test_migrations_go_forward_and_run_once(tmp_path: Path) -> None:
    opened(tmp_path).close()
    more: Migrations = {
        "test": (*SCHEMA["test"], "INSERT INTO numbers VALUES (5);"),
        "other": ("CREATE TABLE o (x TEXT)",),
    }
    for _ in range(2):
        store = opened(tmp_path, more)
        assert store.read(numbers) == [5]
        store.close()


@pytest.mark.parametrize("older", [SCHEMA, {}])
def test_a_newer_store_is_refused_with_words_and_unharmed(tmp_path: Path, older: Migrations) -> None:
    newer: Migrations = {"test": (*SCHEMA["test"], "INSERT INTO numbers VALUES (5);")}
    opened(tmp_path, newer).close()
    with pytest.raises(StoreIsNewer, match=r"'test' is at version 2, this program knows [01].*--data"):
        opened(tmp_path, older)
    store = opened(tmp_path, newer)
    assert store.read(numbers) == [5]
    store.close()


def test_a_migration_that_fails_leaves_everything_as_it_was(tmp_path: Path) -> None:
    opened(tmp_path).close()
    broken: Migrations = {"test": (*SCHEMA["test"], "INSERT INTO numbers VALUES (5); SELECT nonsense;")}
    with pytest.raises(apsw.SQLError):
        opened(tmp_path, broken)
    store = opened(tmp_path)
    assert store.read(numbers) == []
    store.close()


def test_a_directory_is_held_by_one(tmp_path: Path) -> None:
    store = opened(tmp_path)
    with pytest.raises(DataDirectoryInUse, match=rf"{tmp_path} .*process {os.getpid()}.*--data DIR"):
        opened(tmp_path)
    store.close()
    opened(tmp_path).close()


def test_a_file_that_is_no_database_is_refused_and_the_directory_let_go(tmp_path: Path) -> None:
    (tmp_path / "segue.db").write_bytes(b"no database " * 1000)
    for _ in range(2):
        with pytest.raises(DataUnreadable, match=r"segue\.db cannot be read"):
            opened(tmp_path)


def test_ids_never_come_again_although_the_clock_went_back(tmp_path: Path) -> None:
    made: list[int] = []
    for now_ms in (5_000_000, 5_000_000, 1_000_000, 5_000_001):
        store = opened(tmp_path, seed=1, now_ms=now_ms)
        for _ in range(3):
            made += store.transact(lambda tx: [tx.ids.ordered(tx.now_ms) for _ in range(5)])[0]
        store.close()
    assert made == sorted(set(made))


def test_ids_reserved_by_a_batch_that_was_rolled_back_are_reserved_again(tmp_path: Path) -> None:
    store = opened(tmp_path, now_ms=5_000_000)
    store.begin()
    store.rollback()
    (made, _) = store.transact(lambda tx: tx.ids.ordered(tx.now_ms))
    store.close()
    again = opened(tmp_path, now_ms=5_000_000)
    assert again.transact(lambda tx: tx.ids.ordered(tx.now_ms))[0] > made
    again.close()


def test_the_log_is_bounded_under_constant_writing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, pages in (("_CHECKPOINT_PAGES", 50), ("_CHECKPOINT_EVERY_PAGES", 20), ("_RESTART_PAGES", 200)):
        monkeypatch.setattr(module, name, pages)
    store = opened(tmp_path, {"test": ("CREATE TABLE blobs (n BIGINT PRIMARY KEY, b BYTEA);",)})
    wanted: list[str] = []
    store.on_log_growth(lambda: wanted.append("checkpoint"), lambda: wanted.append("restart"))
    biggest = 0
    for number in range(600):
        body = bytes(12_000)
        store.transact(lambda tx: tx.run("INSERT INTO blobs VALUES (?, ?)", number, body))  # noqa: B023
        if "restart" in wanted:
            store.restart_log()
        elif wanted:
            store.checkpoint()
        wanted.clear()
        biggest = max(biggest, (tmp_path / "segue.db-wal").stat().st_size)
    assert biggest < 300 * 4_200
    store.close()
    assert not (tmp_path / "segue.db-wal").exists()  # the last one to close moves the log into the database


def test_a_log_that_somebody_reads_is_not_waited_for(tmp_path: Path) -> None:
    store = opened(tmp_path)
    store.transact(insert(1))
    with sqlite3.connect(tmp_path / "segue.db") as other:
        other.execute("BEGIN")
        other.execute("SELECT * FROM numbers").fetchall()
        store.transact(insert(2))
        store.restart_log()
        store.transact(insert(3))
    other.close()
    assert store.read(numbers) == [1, 2, 3]
    store.close()
