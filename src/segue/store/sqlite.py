"""The embedded store: SQLite in WAL mode, one writer, every commit synced (``synchronous=FULL``).

Units run one after another on the caller's thread; only ``COMMIT``, which waits for the disk and holds no GIL, may be
called from another. (A thread that runs Python beside the event loop loses the GIL at every statement and waits up to
a switch interval to get it back: measured, it costs most of the throughput.)
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import apsw

from segue.clock import Clock
from segue.ids import Ids
from segue.store.migrations import Migrations, migrate
from segue.store.transaction import Row, Unit

T = TypeVar("T")

_CHECKPOINT_PAGES = 2_000
_RESTART_PAGES = 16_000


class DataDirectoryInUse(Exception):
    """Another server holds the data directory."""


class SqliteTransaction:
    """One unit's transaction. Its savepoint is opened by its first write, so a unit that only reads costs none."""

    __slots__ = ("_execute", "_savepoints", "_undoable", "ids", "now_ms", "seq", "wakes", "wrote")

    def __init__(self, connection: apsw.Connection, now_ms: int, ids: Ids, seq: int, *, undoable: bool = True) -> None:
        self._execute = connection.execute
        self._undoable = undoable
        self._savepoints = 0
        self.now_ms = now_ms
        self.ids = ids
        self.seq = seq
        self.wakes: list[str] = []
        self.wrote = False

    def one(self, sql: str, *args: Any) -> Row | None:
        if not self.wrote and not sql.startswith("SELECT"):
            self._begin_writing()
        row: Row | None = self._execute(sql, args).fetchone()
        return row

    def all(self, sql: str, *args: Any) -> list[Row]:
        if not self.wrote and not sql.startswith("SELECT"):
            self._begin_writing()
        return self._execute(sql, args).fetchall()

    def run(self, sql: str, *args: Any) -> int:
        if not self.wrote:
            self._begin_writing()
        cursor = self._execute(sql, args)
        changes: int = cursor.connection.changes()
        return changes

    def wake(self, key: str) -> None:
        self.wakes.append(key)

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        if not self.wrote:
            self._begin_writing()
        self._savepoints += 1
        name = f"inner{self._savepoints}"
        woken = len(self.wakes)
        self._execute(f"SAVEPOINT {name}")
        try:
            yield
        except BaseException:
            self._execute(f"ROLLBACK TO {name}")
            self._execute(f"RELEASE {name}")
            del self.wakes[woken:]
            raise
        else:
            self._execute(f"RELEASE {name}")
        finally:
            self._savepoints -= 1

    def finish(self) -> None:
        """Keep what the unit wrote."""
        if self.wrote and self._undoable:
            self._execute("RELEASE unit")

    def undo(self) -> None:
        """Take back what the unit wrote."""
        if self.wrote and self._undoable:
            self._execute("ROLLBACK TO unit")
            self._execute("RELEASE unit")
        self.wakes.clear()

    def _begin_writing(self) -> None:
        self.wrote = True
        if self._undoable:
            self._execute("SAVEPOINT unit")


class SqliteStore:
    """A directory with one SQLite database, held by one process at a time.

    Args:
        directory: where the data lives (made if missing); ``None`` keeps everything in memory (tests, simulations).
        migrations: the schema of every component.

    Raises:
        DataDirectoryInUse: another process holds the directory.
        StoreIsNewer: a newer program wrote it.
    """

    def __init__(self, directory: Path | None, migrations: Migrations, clock: Clock, ids: Ids) -> None:
        self.clock = clock
        self.ids = ids
        self._seq = 0
        self._lock = _hold(directory) if directory else None
        path = str(directory / "segue.db") if directory else "file:segue?mode=memory"
        self._writer = _connect(path)
        self._reader = _connect(path) if directory else self._writer
        self._checkpointer = _connect(path) if directory else None
        self._writer.execute("BEGIN IMMEDIATE")
        try:
            migrate(self._writer, migrations)
        except BaseException:
            self._writer.execute("ROLLBACK")
            self.close()
            raise
        self._writer.execute("COMMIT")

    def begin(self) -> None:
        """Open a batch of units."""
        self._writer.execute("BEGIN")

    def run(self, unit: Unit[T]) -> tuple[T, SqliteTransaction]:
        """Run one unit within the open batch; what it wrote is taken back if it raises, and the exception goes on."""
        self._seq += 1
        transaction = SqliteTransaction(self._writer, self.clock.now_ms(), self.ids, self._seq)
        try:
            result = unit(transaction)
        except BaseException:
            transaction.undo()
            raise
        transaction.finish()
        return result, transaction

    def commit(self) -> None:
        """Close the batch; returns when it is on disk. The one method that another thread may call."""
        try:
            self._writer.execute("COMMIT")
        except BaseException:
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
            raise

    def rollback(self) -> None:
        """Drop the open batch."""
        self._writer.execute("ROLLBACK")

    def read(self, unit: Unit[T]) -> T:
        """Run a unit that only reads, on what is committed."""
        self._reader.execute("BEGIN")
        try:
            return unit(SqliteTransaction(self._reader, self.clock.now_ms(), self.ids, self._seq, undoable=False))
        finally:
            self._reader.execute("COMMIT")

    def transact(self, unit: Unit[T]) -> tuple[T, Sequence[str]]:
        """One unit, one commit, on this thread: its result and the keys it woke (tests, simulations, start-up)."""
        self.begin()
        try:
            result, transaction = self.run(unit)
        except BaseException:
            self.rollback()
            raise
        self.commit()
        return result, transaction.wakes

    def checkpoint(self) -> None:
        """Move the log into the database, beside the commits. May be called from another thread."""
        if self._checkpointer is not None:
            self._checkpointer.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)

    def restart_log(self) -> None:
        """Move the rest of the log and start it anew; between batches, where :meth:`commit` may be called."""
        self._writer.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_RESTART)

    def on_log_growth(self, checkpoint_wanted: Any, restart_wanted: Any) -> None:
        """Call ``checkpoint_wanted()``/``restart_wanted()`` (on the committing thread) when the log has grown that far."""

        def after_commit(_: apsw.Connection, __: str, pages: int) -> int:
            if pages > _RESTART_PAGES:
                restart_wanted()
            elif pages > _CHECKPOINT_PAGES and pages % 500 < 50:
                checkpoint_wanted()
            return apsw.SQLITE_OK

        self._writer.set_wal_hook(after_commit)

    def close(self) -> None:
        """Close the database and let the directory go. The last connection moves the log into the database."""
        for connection in (self._checkpointer, self._reader, self._writer):
            if connection is not None:
                connection.close()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def _connect(path: str) -> apsw.Connection:
    flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE | apsw.SQLITE_OPEN_URI
    connection = apsw.Connection(path, flags=flags, statementcachesize=512)
    connection.set_busy_timeout(10_000)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA cache_size=-16000")
    connection.execute("PRAGMA temp_store=MEMORY")
    connection.wal_autocheckpoint(0)
    return connection


def _hold(directory: Path) -> int:
    directory.mkdir(parents=True, exist_ok=True)
    lock = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        holder = os.read(lock, 32).decode(errors="replace").strip()
        os.close(lock)
        raise DataDirectoryInUse(
            f"The data directory {directory} is in use by another Segue server (process {holder or 'unknown'}). "
            "Stop that server, or give this one its own directory with --data DIR."
        ) from None
    os.truncate(lock, 0)
    os.write(lock, f"{os.getpid()}\n".encode())
    return lock
