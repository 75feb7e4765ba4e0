"""Rows from engine to engine: older schemas go forward, newer ones and stores that hold something are refused."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from segue.clock import ManualClock
from segue.store import Transaction
from segue.store.blobs import Blobs
from segue.store.migrations import Migrations, StoreIsNewer
from segue.store.portable.ends import Made, NotEmpty, Opened, RowRefused
from segue.store.portable.file import FORMAT, FileRefused, PartsWriter
from segue.store.portable.moving import read_import, write_export
from segue.store.portable.sqlite import sqlite_source, sqlite_target
from segue.store.snapshot import NoData


class Files:
    """Content in files."""

    def __init__(self) -> None:
        self._blobs = Blobs(None)

    def read(self, tx: Transaction, sha256: str) -> tuple[int, Iterator[bytes]]:
        content = self._blobs.path(sha256).read_bytes()
        return len(content), iter((content[:2], content[2:]))

    def write(self, tx: Transaction, pieces: Iterable[bytes]) -> str:
        return self._blobs.put(b"".join(pieces))


OLD: Migrations = {
    "test": ("CREATE TABLE things (n BIGINT PRIMARY KEY, offset TEXT, bytes BYTEA, real DOUBLE PRECISION NOT NULL);",)
}
NEW: Migrations = {"test": (*OLD["test"], "ALTER TABLE things ADD COLUMN more TEXT NOT NULL DEFAULT 'none';")}
ROWS = [(-(2**63), "ä'\"\n\x00\x01\x02", b"\x00\xff", 0.1), (0, None, None, -1e300), (2**63 - 1, "", b"", 2.0)]
CLOCK = ManualClock()
STORED = Files()

Ends = tuple[Callable[[], Opened], Callable[[], Made]]


@pytest.fixture(params=["sqlite", "postgresql"])
def ends(request: pytest.FixtureRequest, tmp_path: Path) -> Ends:
    """Opens the same store as a source and as a target."""
    if request.param == "sqlite":
        return lambda: sqlite_source(tmp_path, CLOCK), lambda: sqlite_target(tmp_path, CLOCK)
    url = request.getfixturevalue("database")
    from segue.store.postgres.opening import Database
    from segue.store.postgres.portable import postgres_source, postgres_target

    return lambda: postgres_source(Database(url), CLOCK), lambda: postgres_target(Database(url), CLOCK)


def exported(rows: list[tuple[object, ...]], **header: object) -> io.BytesIO:
    file = io.BytesIO()
    writer = PartsWriter(file)
    writer.part("header", {"format": FORMAT, "program": "1", "schema": {"test": 1}, "ids": 5 << 22, **header})
    writer.part("table", "things", ["real", "n", "offset", "bytes"])
    writer.part("rows", [(row[3], *row[:3]) for row in rows])
    writer.end()
    file.seek(0)
    return file


def bring(target: Callable[[], Made], file: io.BytesIO, schema: Migrations = NEW) -> int:
    def take_over(tx: Transaction) -> None:
        tx.run("UPDATE things SET more = 'taken' WHERE n = 0")

    with target() as made:
        return read_import(file, made, STORED, schema, take_over, lambda words: None)


def test_rows_go_forward_and_come_back_as_they_were(ends: Ends) -> None:
    source, target = ends
    assert bring(target, exported(ROWS)) == 3
    file = io.BytesIO()
    with source() as opened:
        assert opened.versions() == {"test": 2}
        assert opened.ids_mark() == 5 << 22
        told = "SELECT n, offset, bytes, real, more FROM things ORDER BY n"
        assert opened.transaction.all(told) == [
            (*row, more) for row, more in zip(ROWS, ("none", "taken", "none"), strict=True)
        ]
        write_export(opened, STORED, lambda tx: [], NEW, file, lambda words: None)
    with pytest.raises(NotEmpty, match="holds data already"):
        bring(target, io.BytesIO(file.getvalue()))


@pytest.mark.parametrize(
    ("file", "error", "words"),
    [
        (exported([], format=FORMAT + 1), FileRefused, "of a newer Segue"),
        (exported([], schema={"test": 3}), StoreIsNewer, "'test' is at version 3, this program knows 2"),
        (exported([], schema={"test": 1, "other": 1}), StoreIsNewer, "'other' is at version 1"),
        (exported([], schema=None), FileRefused, "does not begin with its header"),
        (exported(ROWS, schema={}), FileRefused, "table is not expected"),
        (exported([ROWS[0], ROWS[0]]), RowRefused, "things: "),
        (exported([(1, "a", b"", None)]), RowRefused, "things: "),
        (io.BytesIO(exported(ROWS).getvalue()[:-1]), FileRefused, "cut off"),
    ],
)
def test_what_cannot_be_taken_leaves_nothing(ends: Ends, file: io.BytesIO, error: type[Exception], words: str) -> None:
    source, target = ends
    file.seek(0)
    with pytest.raises(error, match=words):
        bring(target, file)
    with pytest.raises(NoData), source():
        pass
    bring(target, exported(ROWS))


def test_content_that_is_another_is_refused(ends: Ends) -> None:
    file = io.BytesIO()
    writer = PartsWriter(file)
    writer.part("header", {"format": FORMAT, "program": "1", "schema": {"test": 1}, "ids": 0})
    writer.part("content", "ab" * 32, 3)
    writer.part("piece", b"abc")
    writer.end()
    file.seek(0)
    with pytest.raises(FileRefused, match="is another"):
        bring(ends[1], file)


def test_a_store_of_a_newer_program_is_not_copied(ends: Ends) -> None:
    source, target = ends
    bring(target, exported(ROWS))
    with source() as opened, pytest.raises(StoreIsNewer):
        write_export(opened, STORED, lambda tx: [], OLD, io.BytesIO(), lambda words: None)
