"""The embedded store: SQLite in WAL mode, one writer, every commit synced (``synchronous=FULL``).

Units run one after another on the caller's thread; only ``COMMIT``, which waits for the disk and holds no GIL, may be
called from another. (A thread that runs Python beside the event loop loses the GIL at every statement and waits up to
a switch interval to get it back: measured, it costs most of the throughput.)
"""

from __future__ import annotations

import errno
import fcntl
import logging
import os
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import apsw

from segue.clock import Clock
from segue.ids import Ids
from segue.store.migrations import Migrations, migrate
from segue.store.store import WritesNeeded
from segue.store.tallies import Series, Tally
from segue.store.transaction import Row, Unit

T = TypeVar("T")
log = logging.getLogger(__name__)

DATABASE = "segue.db"
"""The database's name in a data directory."""

_BUSY_MILLISECONDS = 10_000
_CHECKPOINT_PAGES = 2_000
_CHECKPOINT_EVERY_PAGES = 500
_RESTART_PAGES = 16_000
_LOG_BYTES = 64 * 1024 * 1024  # what is beyond after a large transaction is given back

# What is wrong with the directory or its disk; everything else would be wrong with us.
_UNREADABLE = (
    apsw.NotADBError,
    apsw.CorruptError,
    apsw.CantOpenError,
    apsw.ReadOnlyError,
    apsw.PermissionsError,
    apsw.FullError,
    apsw.IOError,
    apsw.BusyError,
)

_MARKS = "CREATE TABLE IF NOT EXISTS store_marks (name TEXT PRIMARY KEY, value BIGINT NOT NULL)"
_RESERVE = "INSERT INTO store_marks VALUES ('ids', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
# Ids are reserved a minute ahead, so that a later process, whose clock may have gone back, cannot make one again.
_RESERVED_MS = 60_000
_BATCH_MS = 10_000


class DataDirectoryInUse(Exception):
    """Another server holds the data directory."""


class DataUnreadable(Exception):
    """What is in the data directory is not a database, or a damaged one."""


class TransactionLost(Exception):
    """The disk failed so badly (full, broken) that the whole open batch is undone, not only the unit that failed."""


_DISK_ERRNOS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO, errno.EACCES, errno.EMFILE})


def is_disk_failure(error: BaseException) -> bool:
    """Whether the disk, not the program, is why a unit or its commit failed: it is full, read-only or broken."""
    if isinstance(error, OSError):
        return error.errno in _DISK_ERRNOS
    return isinstance(error, (TransactionLost, *_UNREADABLE))


class SqliteTransaction:
    """One unit's transaction. Its savepoint is opened by its first write, so a unit that only reads costs none."""

    __slots__ = ("_execute", "_undoable", "ids", "now_ms", "seq", "tallies", "wakes", "wrote")

    skip_locked = ""

    def __init__(self, connection: apsw.Connection, now_ms: int, ids: Ids, seq: int, *, undoable: bool = True) -> None:
        self._execute = connection.execute
        self._undoable = undoable
        self.now_ms = now_ms
        self.ids = ids
        self.seq = seq
        self.wakes: list[str] = []
        self.tallies: list[Tally] = []
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

    def saw(self, key: str) -> None:
        """Its number says so."""

    def tally(self, series: Series, value: float) -> None:
        self.tallies.append((series, value))

    def savepoint(self) -> _Savepoint:
        if not self.wrote:
            self._begin_writing()
        return _Savepoint(self)

    def finish(self) -> None:
        """Keep what the unit wrote."""
        if self.wrote:
            self._execute("RELEASE unit")

    def undo(self) -> None:
        """Take back what the unit wrote."""
        if self.wrote:
            self._execute("ROLLBACK TO unit")
            self._execute("RELEASE unit")
        self.wakes.clear()
        self.tallies.clear()

    def _begin_writing(self) -> None:
        if not self._undoable:
            raise WritesNeeded
        self.wrote = True
        self._execute("SAVEPOINT unit")


class _Savepoint:
    """A block whose writes, wakes and tallies are undone if it raises. Nested ones share a name: SQLite takes the
    innermost."""

    __slots__ = ("_tallied", "_transaction", "_woken")

    def __init__(self, transaction: SqliteTransaction) -> None:
        self._transaction = transaction
        self._woken = len(transaction.wakes)
        self._tallied = len(transaction.tallies)

    def __enter__(self) -> None:
        self._transaction._execute("SAVEPOINT inner")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is not None:
            self._transaction._execute("ROLLBACK TO inner")
            del self._transaction.wakes[self._woken :]
            del self._transaction.tallies[self._tallied :]
        self._transaction._execute("RELEASE inner")


class SqliteStore:
    """A directory with one SQLite database, held by one process at a time.

    Args:
        directory: where the data lives (made if missing); ``None`` keeps everything in memory (tests, simulations).
        migrations: the schema of every component.

    Raises:
        DataDirectoryInUse: another process holds the directory.
        DataUnreadable: it holds something that is not a database.
        StoreIsNewer: a newer program wrote it.
    """

    def __init__(self, directory: Path | None, migrations: Migrations, clock: Clock, ids: Ids) -> None:
        self.clock = clock
        self.ids = ids
        self.on_disk = directory is not None
        self._seq = 0
        self._committed_seq = 0
        self._reserved = 0
        self._lock = hold(directory) if directory else None
        path = str(directory / DATABASE) if directory else "file:segue?mode=memory"
        self._connections: list[apsw.Connection] = []
        try:
            self._writer = self._connect(path)
            self._reader = self._connect(path) if directory else self._writer
            self._checkpointer = self._connect(path) if directory else None
            with self._writer:
                migrate(self._writer, by_row_number(migrations))
                self._writer.execute(_MARKS)
                for (latest,) in self._writer.execute("SELECT value FROM store_marks WHERE name = 'ids'"):
                    ids.resume(latest)
        except _UNREADABLE as error:
            self.close()
            raise DataUnreadable(
                f"{path} cannot be read: {error}. Restore it from a backup, or choose another --data directory."
            ) from error
        except BaseException:
            self.close()
            raise

    def begin(self) -> bool:
        """Open a batch of units; whether that wrote something by itself."""
        self._writer.execute("BEGIN")
        latest = max(self.ids.latest, self.clock.now_ms() << 22)
        if latest + (_BATCH_MS << 22) <= self._reserved:
            return False
        self._reserved = latest + (_RESERVED_MS << 22)
        self._writer.execute(_RESERVE, (self._reserved,))
        return True

    def run(self, unit: Unit[T]) -> tuple[T, SqliteTransaction]:
        """Run one unit within the open batch; what it wrote is taken back if it raises, and the exception goes on."""
        self._seq += 1
        transaction = SqliteTransaction(self._writer, self.clock.now_ms(), self.ids, self._seq)
        try:
            result = unit(transaction)
            transaction.finish()
        except BaseException as error:
            if not self._writer.in_transaction:  # some disk errors end the transaction, savepoints and all
                raise TransactionLost(f"the batch was undone: {error}") from error
            transaction.undo()
            raise
        return result, transaction

    def commit(self) -> None:
        """Close the batch; returns when it is on disk. The one method that another thread may call."""
        seq = self._seq
        try:
            self._writer.execute("COMMIT")
        except BaseException:
            self.rollback()
            raise
        self._committed_seq = seq

    def rollback(self) -> None:
        """Drop the open batch."""
        self._reserved = 0
        if self._writer.in_transaction:
            self._writer.execute("ROLLBACK")

    def read(self, unit: Unit[T]) -> T:
        """Run a unit that only reads, on what is committed.

        Raises:
            WritesNeeded: it wants to write.
        """
        # The number of what is committed, not of what is being committed: a wake of that is still to come.
        transaction = SqliteTransaction(
            self._reader, self.clock.now_ms(), self.ids, self._committed_seq, undoable=False
        )
        self._reader.execute("BEGIN")
        try:
            return unit(transaction)
        finally:
            self._reader.execute("COMMIT")

    def transact(self, unit: Unit[T]) -> tuple[T, Sequence[str]]:
        """One unit, one commit, on this thread: its result and the keys it woke (tests, simulations, start-up)."""
        self.begin()
        try:
            result, transaction = self.run(unit)
            self.commit()
        except BaseException:
            self.rollback()
            raise
        return result, transaction.wakes

    def checkpoint(self) -> None:
        """Move the log into the database, beside the commits. May be called from another thread."""
        if self._checkpointer is not None:
            self._checkpointer.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)

    def restart_log(self) -> None:
        """Move the rest of the log and start it anew; between batches, where :meth:`commit` may be called.

        What stands in the way (another process that reads) stands there the next time, too: nobody is to wait for it.
        """
        self._writer.set_busy_timeout(0)
        try:
            self._writer.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_RESTART)
        except apsw.BusyError:
            log.debug("the log could not be started anew: somebody reads it")
        finally:
            self._writer.set_busy_timeout(_BUSY_MILLISECONDS)

    def on_log_growth(self, checkpoint_wanted: Any, restart_wanted: Any) -> None:
        """Call ``checkpoint_wanted()``/``restart_wanted()`` (on the committing thread) after commits that find the log
        grown that far."""

        next_pages = _CHECKPOINT_PAGES

        def after_commit(_: apsw.Connection, __: str, pages: int) -> int:
            nonlocal next_pages
            if pages < next_pages - _CHECKPOINT_EVERY_PAGES:
                next_pages = _CHECKPOINT_PAGES  # the log began anew
            if pages > _RESTART_PAGES:
                restart_wanted()
            elif pages > next_pages:
                next_pages = pages + _CHECKPOINT_EVERY_PAGES
                checkpoint_wanted()
            return apsw.SQLITE_OK

        self._writer.set_wal_hook(after_commit)

    def close(self) -> None:
        """Close the database and let the directory go. The last connection moves the log into the database."""
        while self._connections:
            self._connections.pop().close()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _connect(self, path: str) -> apsw.Connection:
        flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE | apsw.SQLITE_OPEN_URI
        connection = apsw.Connection(path, flags=flags, statementcachesize=512)
        self._connections.append(connection)
        connection.set_busy_timeout(_BUSY_MILLISECONDS)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA cache_size=-16000")
        connection.execute("PRAGMA temp_store=MEMORY")
        connection.execute(f"PRAGMA journal_size_limit={_LOG_BYTES}")
        connection.wal_autocheckpoint(0)
        return connection


def by_row_number(migrations: Migrations) -> Migrations:
    """The same schema with rows kept by their 64-bit keys: SQLite would make a second tree for a ``BIGINT`` key."""
    return {
        component: [script.replace("BIGINT PRIMARY KEY", "INTEGER PRIMARY KEY") for script in scripts]
        for component, scripts in migrations.items()
    }


def resume_after(connection: apsw.Connection, mark: int) -> None:
    """Have the ids of a database that is being made begin behind a mark."""
    connection.execute(_MARKS)
    connection.execute(_RESERVE, (mark,))


def hold(directory: Path) -> int:
    """Hold a directory until what is returned is closed.

    Raises:
        DataDirectoryInUse: another process does.
    """
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
