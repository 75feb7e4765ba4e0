"""One transaction of a tool that works beside the servers: it waits where it stands."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from decimal import Decimal
from typing import Any, cast

import psycopg
from psycopg.types.numeric import NumericLoader
from psycopg.types.string import StrBinaryDumper, StrDumperUnknown, TextBinaryLoader, TextLoader

from segue.clock import Clock
from segue.ids import Ids
from segue.store.postgres.dialect import statement
from segue.store.postgres.opening import Database
from segue.store.postgres.values import with_nul, without_nul
from segue.store.snapshot import NoData
from segue.store.store import WritesNeeded
from segue.store.tallies import Series
from segue.store.transaction import Row

_FOR_MANY_ROWS = ("enable_seqscan", "enable_hashjoin", "enable_mergejoin")
_PATIENT = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")


class _Number(NumericLoader):
    """What ``SUM`` makes of integers."""

    def load(self, data: Any) -> Any:
        number: Decimal = super().load(data)
        return int(number) if number == number.to_integral_value() else float(number)


class _Parameter(StrDumperUnknown):
    """A text in a statement."""

    def dump(self, obj: str) -> Any:
        return super().dump(without_nul(obj))


class _Copied(StrBinaryDumper):
    """A text on its way into a table."""

    def dump(self, obj: str) -> Any:
        return super().dump(without_nul(obj))


class _Text(TextLoader):
    """A text of an answer."""

    def load(self, data: Any) -> Any:
        return with_nul(cast(str, super().load(data)))


class _CopiedText(TextBinaryLoader):
    """A text on its way out of a table."""

    def load(self, data: Any) -> Any:
        return with_nul(cast(str, super().load(data)))


class SessionTransaction:
    """See :class:`~segue.store.transaction.Transaction`."""

    skip_locked = ""

    def __init__(self, connection: psycopg.Connection[Any], now_ms: int, ids: Ids, *, reads: bool) -> None:
        self._connection = connection
        self._reads = reads
        self.now_ms = now_ms
        self.ids = ids
        self.seq = 0

    def one(self, sql: str, *args: Any) -> Row | None:
        rows = self.all(sql, *args)
        return rows[0] if rows else None

    def all(self, sql: str, *args: Any) -> list[Row]:
        return self._execute(sql, args).fetchall()

    def run(self, sql: str, *args: Any) -> int:
        return self._execute(sql, args).rowcount

    def wake(self, key: str) -> None:
        """Nobody waits in this process."""

    def saw(self, key: str) -> None:
        """Nor does anybody park."""

    def tally(self, series: Series, value: float) -> None:
        """Nobody counts in this process."""

    def savepoint(self) -> AbstractContextManager[Any]:
        return self._connection.transaction()

    def _execute(self, sql: str, args: tuple[Any, ...]) -> psycopg.RawCursor[Row]:
        if self._reads and not sql.startswith("SELECT"):
            raise WritesNeeded
        cursor = psycopg.RawCursor(self._connection)
        return cursor.execute(statement(sql), args)


@contextmanager
def connected(database: Database) -> Iterator[psycopg.Connection[Any]]:
    """A connection in a transaction that takes as long as it takes; committed at the end of the block.

    Raises:
        DatabaseUnusable: with words.
    """
    try:
        with psycopg.connect(database.conninfo) as connection:
            for dumper in (_Copied, _Parameter):
                connection.adapters.register_dumper(str, dumper)
            for name, loader in (("numeric", _Number), ("text", _Text), ("text", _CopiedText)):
                connection.adapters.register_loader(name, loader)
            for name in _PATIENT:
                connection.execute(f"SET {name} = 0".encode())
            for name in _FOR_MANY_ROWS:
                connection.execute(f"SET {name} = on".encode())
            connection.commit()
            yield connection
    except psycopg.Error as error:
        raise database.unusable(error) from error


@contextmanager
def reading(database: Database, clock: Clock) -> Iterator[tuple[psycopg.Connection[Any], SessionTransaction]]:
    """What is committed at one moment; servers go on meanwhile.

    Raises:
        NoData: there is nothing to read.
        DatabaseUnusable: with words.
    """
    with connected(database) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        transaction = SessionTransaction(connection, clock.now_ms(), Ids(), reads=True)
        if not has_schema(transaction):
            raise NoData(f"{database.shown} is no Segue's database: there is no schema_versions in it")
        yield connection, transaction


def has_schema(transaction: SessionTransaction) -> bool:
    """Whether a server has made its tables there."""
    row = transaction.one("SELECT to_regclass('schema_versions') IS NOT NULL")
    return row is not None and bool(row[0])
