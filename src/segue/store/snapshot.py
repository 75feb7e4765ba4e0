"""A data directory as it is at one moment, beside the server that writes to it: to be looked at, or copied."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import apsw

from segue.clock import SystemClock
from segue.ids import Ids
from segue.store.sqlite import DATABASE, SqliteTransaction
from segue.store.transaction import Unit

T = TypeVar("T")

_BLOBS = "blobs"


class NoData(Exception):
    """The directory holds no database."""


def read(directory: Path, unit: Unit[T]) -> T:
    """Run a unit that only reads on what is committed; a server may be running there.

    Raises:
        NoData: there is nothing to read.
        WritesNeeded: the unit wants to write.
    """
    connection = connect(directory)
    try:
        connection.execute("BEGIN")
        return unit(SqliteTransaction(connection, SystemClock().now_ms(), Ids(), 0, undoable=False))
    finally:
        connection.close()


def back_up(directory: Path, to: Path) -> int:
    """Copy everything into a new directory, which is a data directory itself; its size in bytes.

    The database is copied as of one moment. Content named by rows is never changed: what is there before that moment
    and what is there after it is all that the copy's rows may name, whatever is removed meanwhile.

    Raises:
        NoData: there is nothing to copy.
        FileExistsError: ``to`` holds something.
    """
    source = connect(directory)
    try:
        to.mkdir(parents=True, exist_ok=True)
        if any(to.iterdir()):
            raise FileExistsError(f"{to} is not empty")
        _copy_blobs(directory / _BLOBS, to / _BLOBS)
        target = apsw.Connection(str(to / DATABASE))
        with target.backup("main", source, "main") as copying:
            copying.step()
        target.execute("PRAGMA journal_mode=WAL")
        target.close()
        _copy_blobs(directory / _BLOBS, to / _BLOBS)
    finally:
        source.close()
    os.sync()
    return sum(file.stat().st_size for file in to.rglob("*") if file.is_file())


@contextmanager
def changing(directory: Path) -> Iterator[SqliteTransaction]:
    """A transaction on a copy, which nobody serves yet."""
    connection = apsw.Connection(str(directory / DATABASE))
    try:
        with connection:
            transaction = SqliteTransaction(connection, SystemClock().now_ms(), Ids(), 0)
            yield transaction
            transaction.finish()
    finally:
        connection.close()


def connect(directory: Path) -> apsw.Connection:
    """A connection that reads a data directory's database.

    Raises:
        NoData: there is none.
    """
    if not (directory / DATABASE).is_file():
        raise NoData(f"{directory} is no data directory: there is no {DATABASE} in it")
    connection = apsw.Connection(str(directory / DATABASE), flags=apsw.SQLITE_OPEN_READWRITE)
    connection.set_busy_timeout(10_000)
    connection.execute("PRAGMA query_only=ON")
    return connection


def _copy_blobs(source: Path, to: Path) -> None:
    """What is not there yet; as a second name of the same file where the file system allows it."""
    for folder in source.iterdir() if source.is_dir() else ():
        if not folder.is_dir():
            continue
        (to / folder.name).mkdir(parents=True, exist_ok=True)
        for file in folder.iterdir():
            target = to / folder.name / file.name
            if target.exists():
                continue
            try:
                os.link(file, target)
            except FileNotFoundError:
                continue  # removed meanwhile: no row named it
            except OSError:
                shutil.copy2(file, target)
