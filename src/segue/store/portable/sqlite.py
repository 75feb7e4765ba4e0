"""A data directory's database as a source and as a target."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw

from segue.clock import Clock
from segue.ids import Ids
from segue.store import snapshot
from segue.store.migrations import Migrations, migrate
from segue.store.portable.ends import NotEmpty, RowRefused
from segue.store.portable.schema import Table
from segue.store.sqlite import DATABASE, SqliteTransaction, by_row_number, hold, resume_after
from segue.store.transaction import Row, Transaction

_UNFINISHED = f"{DATABASE}.importing"


class SqliteSource:
    """See :class:`~segue.store.portable.ends.Source`."""

    def __init__(self, connection: apsw.Connection, transaction: Transaction) -> None:
        self._connection = connection
        self.transaction = transaction

    def versions(self) -> dict[str, int]:
        return dict(self._connection.execute("SELECT component, version FROM schema_versions"))

    def ids_mark(self) -> int:
        row = self.transaction.one("SELECT MAX(value) FROM store_marks WHERE name = 'ids'")
        return int(row[0] or 0) if row else 0

    def rows(self, table: Table) -> Iterator[Row]:
        return self._connection.execute(f"SELECT {_listed(table)} FROM {_quoted(table.name)}")


@contextmanager
def sqlite_source(directory: Path, clock: Clock) -> Iterator[SqliteSource]:
    """A data directory as it is now.

    Raises:
        NoData: there is none.
    """
    connection = snapshot.connect(directory)
    try:
        connection.execute("BEGIN")
        yield SqliteSource(connection, SqliteTransaction(connection, clock.now_ms(), Ids(), 0, undoable=False))
    finally:
        connection.close()


class SqliteTarget:
    """See :class:`~segue.store.portable.ends.Target`."""

    def __init__(self, connection: apsw.Connection, transaction: Transaction) -> None:
        self._connection = connection
        self.transaction = transaction

    def migrate(self, migrations: Migrations) -> None:
        migrate(self._connection, by_row_number(migrations))

    def insert(self, table: Table, rows: Sequence[Sequence[Any]]) -> None:
        marks = ", ".join("?" * len(table.columns))
        sql = f"INSERT INTO {_quoted(table.name)} ({_listed(table)}) VALUES ({marks})"
        try:
            self._connection.executemany(sql, rows)
        except (apsw.ConstraintError, apsw.BindingsError, TypeError, OverflowError) as error:
            raise RowRefused(f"{table.name}: {error}") from error

    def resume_ids(self, mark: int) -> None:
        resume_after(self._connection, mark)


@contextmanager
def sqlite_target(directory: Path, clock: Clock) -> Iterator[SqliteTarget]:
    """A data directory that is being made: its database gets its name when it is whole and on disk.

    Raises:
        NotEmpty: there is a database already.
        DataDirectoryInUse: a server runs there.
    """
    lock = hold(directory)
    unfinished = directory / _UNFINISHED
    try:
        if (directory / DATABASE).exists():
            raise NotEmpty(f"{directory} holds data already: import into a new directory")
        unfinished.unlink(missing_ok=True)
        connection = apsw.Connection(str(unfinished))
        try:
            # What fails is thrown away as a whole.
            connection.execute("PRAGMA journal_mode=OFF")
            connection.execute("PRAGMA synchronous=OFF")
            connection.execute("BEGIN")
            transaction = SqliteTransaction(connection, clock.now_ms(), Ids(), 0)
            yield SqliteTarget(connection, transaction)
            transaction.finish()
            connection.execute("COMMIT")
            connection.execute("PRAGMA journal_mode=WAL")
        finally:
            connection.close()
        _sync(unfinished)
        unfinished.rename(directory / DATABASE)
        _sync(directory)
    finally:
        unfinished.unlink(missing_ok=True)
        os.close(lock)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _listed(table: Table) -> str:
    return ", ".join(map(_quoted, table.names))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
