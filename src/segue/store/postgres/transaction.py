"""What a unit sees of PostgreSQL. What it writes is gathered; what it reads is waited for."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any, cast

from segue.ids import Ids
from segue.store.postgres.connection import Connection, Sent
from segue.store.postgres.known import Known
from segue.store.store import WritesNeeded
from segue.store.tallies import Series, Tally
from segue.store.transaction import Row


class Changes:
    """How many rows a statement has changed: asked for when somebody wants to know."""

    __slots__ = ("_connection", "_sent")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, connection: Connection, sent: Sent) -> None:
        self._connection = connection
        self._sent = sent

    def __int__(self) -> int:
        if self._sent.changes is None:
            self._connection.flush()
        return cast(int, self._sent.changes)

    __index__ = __int__

    def __bool__(self) -> bool:
        return int(self) > 0

    def __eq__(self, other: object) -> bool:
        return int(self) == other

    def __lt__(self, other: int) -> bool:
        return int(self) < other

    def __le__(self, other: int) -> bool:
        return int(self) <= other

    def __gt__(self, other: int) -> bool:
        return int(self) > other

    def __ge__(self, other: int) -> bool:
        return int(self) >= other

    def __add__(self, other: int) -> int:
        return int(self) + other

    __radd__ = __add__

    def __repr__(self) -> str:
        return str(int(self))


_NOW_US = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)"


class Moment:
    """When a batch saw the rows as it sees them, by the database's clock: later than all that they come of, and earlier
    than whoever sees what the batch makes of them. The ids that it makes are in that order, too."""

    __slots__ = ("_connection", "_ids", "_sent")

    def __init__(self, connection: Connection, ids: Ids) -> None:
        self._connection = connection
        self._ids = ids
        self._sent: Sent | None = connection.send(_NOW_US)

    def begin(self) -> Ids:
        """Where ids of this moment come from. It was asked for with the first statement: nobody waits for it but who
        makes ids without having looked at anything."""
        if self._sent is not None:
            (row,) = self._connection.rows(self._sent)
            self._ids.begin(row[0])
            self._sent = None
        return self._ids


class PostgresTransaction:
    """One unit's transaction.

    Args:
        connection: on which the batch's transaction is open.
        unit: whose it is; told of statements that fail later than they were made.
        known: what the batch has read.
        ids: where its ids come from, when they are needed.
        reads: only reads are allowed.
    """

    __slots__ = (
        "_connection",
        "_ids",
        "_known",
        "_reads",
        "_unit",
        "now_ms",
        "seen",
        "seq",
        "tallies",
        "wakes",
        "wrote",
    )

    skip_locked = " FOR UPDATE SKIP LOCKED"

    def __init__(
        self,
        connection: Connection,
        unit: object,
        known: Known,
        now_ms: int,
        ids: Callable[[], Ids],
        seq: int,
        *,
        reads: bool,
    ) -> None:
        self._connection = connection
        self._known = known
        self._unit = unit
        self._reads = reads
        self._ids = ids
        self.now_ms = now_ms
        self.seq = seq
        self.wakes: list[str] = []
        self.seen: list[str] = []
        self.tallies: list[Tally] = []
        self.wrote = False

    @property
    def ids(self) -> Ids:
        return self._ids()

    def one(self, sql: str, *args: Any) -> Row | None:
        rows = self._rows(sql, args)
        return rows[0] if rows else None

    def all(self, sql: str, *args: Any) -> list[Row]:
        return self._rows(sql, args).copy()

    def run(self, sql: str, *args: Any) -> int:
        if not self.wrote:
            self._begin_writing()
        self._known.write(sql)
        sent = self._connection.send(sql, args, self._unit)
        if self._connection.careful:
            self._connection.flush()
        return cast(int, Changes(self._connection, sent))

    def wake(self, key: str) -> None:
        self.wakes.append(key)

    def saw(self, key: str) -> None:
        self.seen.append(key)

    def tally(self, series: Series, value: float) -> None:
        self.tallies.append((series, value))

    def savepoint(self) -> Savepoint:
        if not self.wrote:
            self._begin_writing()
        return Savepoint(self)

    def _rows(self, sql: str, args: tuple[Any, ...]) -> list[Row]:
        if sql.startswith("SELECT"):
            rows = self._known.get(sql, args)
            if rows is None:
                rows = self._connection.query(sql, args, self._unit)
                self._known.read(sql, args, rows)
            return rows
        if not self.wrote:
            self._begin_writing()
        self._known.write(sql)
        return self._connection.query(sql, args, self._unit)

    def _begin_writing(self) -> None:
        if self._reads:
            raise WritesNeeded
        self.wrote = True


class Savepoint:
    """A block whose writes, wakes and tallies are undone if it raises. Nested ones share a name: the innermost is
    taken."""

    __slots__ = ("_tallied", "_transaction", "_woken")

    def __init__(self, transaction: PostgresTransaction) -> None:
        self._transaction = transaction
        self._woken = len(transaction.wakes)
        self._tallied = len(transaction.tallies)

    def __enter__(self) -> None:
        self._transaction.run("SAVEPOINT inside")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is not None:
            if not issubclass(kind, Exception):
                return  # the whole batch is undone
            self._transaction.run("ROLLBACK TO SAVEPOINT inside")
            del self._transaction.wakes[self._woken :]
            del self._transaction.tallies[self._tallied :]
        self._transaction.run("RELEASE SAVEPOINT inside")
