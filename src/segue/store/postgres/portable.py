"""A database as a source and as a target of :mod:`segue.store.portable`: rows by ``COPY``, in binary."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql

from segue.clock import Clock
from segue.ids import Ids
from segue.store.migrations import Migrations, migrate
from segue.store.portable.ends import NotEmpty, RowRefused
from segue.store.portable.schema import Table
from segue.store.postgres.nodes import ENGINE, MIGRATIONS, resume_after
from segue.store.postgres.opening import SCHEMA_LOCK, Database, Migrating
from segue.store.postgres.session import SessionTransaction, connected, has_schema, reading
from segue.store.transaction import Row, Transaction

_TYPES = {"BIGINT": "int8", "TEXT": "text", "BYTEA": "bytea", "DOUBLE PRECISION": "float8"}


class PostgresSource:
    """See :class:`~segue.store.portable.ends.Source`."""

    def __init__(self, connection: psycopg.Connection[Any], transaction: Transaction) -> None:
        self._connection = connection
        self.transaction = transaction

    def versions(self) -> dict[str, int]:
        rows = self.transaction.all("SELECT component, version FROM schema_versions WHERE component <> ?", ENGINE)
        return dict(rows)

    def ids_mark(self) -> int:
        row = self.transaction.one("SELECT MAX(reserved) FROM store_nodes")
        return int(row[0] or 0) if row else 0

    def rows(self, table: Table) -> Iterator[Row]:
        name, columns = _names(table)
        copying = sql.SQL("COPY (SELECT {} FROM {}) TO STDOUT (FORMAT BINARY)").format(columns, name)
        with self._connection.cursor() as cursor, cursor.copy(copying) as copy:
            copy.set_types(_types(table))
            yield from copy.rows()


@contextmanager
def postgres_source(database: Database, clock: Clock) -> Iterator[PostgresSource]:
    """A database as it is now.

    Raises:
        NoData, DatabaseUnusable: see :func:`~segue.store.postgres.session.reading`.
    """
    with reading(database, clock) as (connection, transaction):
        yield PostgresSource(connection, transaction)


class PostgresTarget:
    """See :class:`~segue.store.portable.ends.Target`."""

    def __init__(self, connection: psycopg.Connection[Any], transaction: Transaction) -> None:
        self._connection = connection
        self.transaction = transaction

    def migrate(self, migrations: Migrations) -> None:
        migrate(Migrating(self._connection), {ENGINE: MIGRATIONS, **migrations})

    def insert(self, table: Table, rows: Sequence[Sequence[Any]]) -> None:
        copying = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(*_names(table))
        try:
            with self._connection.cursor() as cursor, cursor.copy(copying) as copy:
                copy.set_types(_types(table))
                for row in rows:
                    copy.write_row(row)
        except (psycopg.DataError, psycopg.IntegrityError, psycopg.ProgrammingError, AttributeError) as error:
            raise RowRefused(f"{table.name}: {str(error).strip()}") from error

    def resume_ids(self, mark: int) -> None:
        resume_after(self.transaction, mark)


@contextmanager
def postgres_target(database: Database, clock: Clock) -> Iterator[PostgresTarget]:
    """A database that is being made, in one transaction. Servers that start meanwhile wait for it.

    Raises:
        NotEmpty: a server has made its tables there already.
        DatabaseUnusable: with words.
    """
    with connected(database) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (SCHEMA_LOCK,))
        transaction = SessionTransaction(connection, clock.now_ms(), Ids(), reads=False)
        if has_schema(transaction):
            raise NotEmpty(
                f"{database.shown} holds data already: import into a new database (createdb --encoding UTF8 NAME)"
            )
        database.check(connection)
        yield PostgresTarget(connection, transaction)


def _names(table: Table) -> tuple[sql.Composable, sql.Composable]:
    return sql.Identifier(table.name), sql.SQL(", ").join(map(sql.Identifier, table.names))


def _types(table: Table) -> list[str]:
    return [_TYPES[kind] for _, kind in table.columns]
