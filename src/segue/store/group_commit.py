"""Group commit: units that arrive while the disk is busy share the next commit; each is answered after its fsync."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from queue import SimpleQueue
from threading import Thread
from typing import Any, TypeVar, cast

from segue.store.line import Line, Ran
from segue.store.sqlite import SqliteStore, SqliteTransaction, TransactionLost
from segue.store.store import NodeSeen, WritesNeeded
from segue.store.tallies import Tallies
from segue.store.timers import LoopTimers, Timers
from segue.store.transaction import Transaction, Unit
from segue.store.wakes import Wakes

T = TypeVar("T")
log = logging.getLogger(__name__)

_BATCH_UNITS = 128
_BATCH_SECONDS = 0.005
_MOST_SHARES = 10.0


class _Ran(Ran):
    """A unit that waits, or was run in the open batch."""

    __slots__ = ("transaction",)

    def __init__(self, unit: Unit[Any], answer: asyncio.Future[Any], since: float, *, arriving: bool) -> None:
        super().__init__(unit, answer, since, arriving=arriving)
        self.transaction: SqliteTransaction | None = None


class _Disk:
    """The thread that waits for the disk. (An executor would do; its futures cost a tenth of a small commit.)"""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._work: SimpleQueue[tuple[Callable[[], None], Callable[[Exception | None], None]] | None] = SimpleQueue()
        self._thread = Thread(target=self._run, name="commit", daemon=True)
        self._thread.start()

    def submit(self, work: Callable[[], None], then: Callable[[Exception | None], None]) -> None:
        """Do ``work`` in the thread; what it raises, or ``None``, goes to ``then`` on the loop."""
        self._work.put((work, then))

    def close(self) -> None:
        """End the thread."""
        self._work.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (item := self._work.get()) is not None:
            work, then = item
            failure = None
            try:
                work()
            except Exception as error:
                failure = error
            self._loop.call_soon_threadsafe(then, failure)


class GroupCommit:
    """The SQLite store as the edges use it: see :class:`~segue.store.store.Store`."""

    reads_at_once = True
    shared = False
    others = ()
    private: frozenset[str] = frozenset()

    def __init__(self, store: SqliteStore, timers: Timers | None = None) -> None:
        self.store = store
        self.clock = store.clock
        self.ids = store.ids
        self._loop = asyncio.get_running_loop()
        self.wakes = Wakes(timers or LoopTimers(self._loop, store.clock))
        self.tallies = Tallies()
        self.node = store.ids.uuid()
        self.units = 0
        self.tell: Callable[[], Mapping[str, Any]] = dict
        self._started_at_ms = store.clock.now_ms()
        self._line: Line[_Ran] = Line(store.clock)
        self._free_since = 0.0
        self._busy = False
        self._idle: asyncio.Future[None] | None = None
        self._restart_log = False
        self._checkpointing = False
        self._disk = _Disk(self._loop)
        self._checkpoints = ThreadPoolExecutor(1, thread_name_prefix="checkpoint")
        store.on_log_growth(self._checkpoint_wanted, self._restart_wanted)

    is_behind_in_reading = False

    @property
    def is_behind(self) -> bool:
        """See :attr:`Store.is_behind`."""
        return self._line.is_too_long

    def write(self, unit: Unit[T], *, arriving: bool = False) -> asyncio.Future[T]:
        """Run a unit; the future is done when its rows are on disk, or holds what the unit raised."""
        answer: asyncio.Future[Any] = self._loop.create_future()
        now = self.clock.elapsed_seconds()
        self._line.add(_Ran(unit, answer, now, arriving=arriving))
        if not self._busy:
            self._busy, self._free_since = True, now
            self._loop.call_soon(self._run_batch)
        return cast("asyncio.Future[T]", answer)

    def read(self, unit: Unit[T]) -> T:
        """Run a unit that only reads, at once, on what is committed."""
        return self.store.read(unit)

    def look(self, unit: Unit[T]) -> asyncio.Future[T]:
        """:meth:`read`, for those who can wait."""
        answer: asyncio.Future[T] = self._loop.create_future()
        try:
            answer.set_result(self.store.read(unit))
        except WritesNeeded:
            return self.write(unit)
        except Exception as error:
            answer.set_exception(error)
        return answer

    def nodes(self, tx: Transaction) -> list[NodeSeen]:
        """See :meth:`Store.nodes`: this one."""
        name = f"{socket.gethostname()}:{os.getpid()}"
        return [NodeSeen(0, name, self._started_at_ms, tx.now_ms, is_here=True, told=self.tell())]

    def facts(self, tx: Transaction) -> Mapping[str, Any]:
        """See :meth:`Store.facts`."""
        row = tx.one("SELECT sqlite_version(), page_count * page_size FROM pragma_page_count(), pragma_page_size()")
        assert row is not None
        return {"engine": f"SQLite {row[0]}", "bytes": row[1]}

    async def close(self) -> None:
        """Finish what was handed in, then close the store."""
        if self._busy:
            self._idle = self._loop.create_future()
            await self._idle
        self._disk.close()
        self._checkpoints.shutdown()
        self.store.close()

    def _run_batch(self) -> None:
        batch: list[_Ran] = []
        try:
            wrote = self._run_units(batch)
            if wrote and self.store.on_disk:
                self._disk.submit(self._commit, partial(self._answer, batch))
                return
            self.store.commit()
        except Exception as error:
            self._undo(batch, error)
        else:
            self._answer(batch, None)

    def _run_units(self, batch: list[_Ran]) -> bool:
        """Run what waits, as much of either line as fits into a batch; whether something was written.

        When the event loop has been busy for long with other things, the batch may take as long: whatever floods in,
        half of the time goes to what is to be written.
        """
        elapsed, line = self.clock.elapsed_seconds, self._line
        share = min(max((elapsed() - self._free_since) / _BATCH_SECONDS, 1.0), _MOST_SHARES)
        most = int(_BATCH_UNITS * share)
        wrote = self.store.begin()
        for waiting in (line.begun, line.arriving):
            deadline = elapsed() + _BATCH_SECONDS * share
            count = len(batch) + most
            while waiting and len(batch) < count and elapsed() < deadline:
                wrote = self._run_unit(waiting.popleft(), batch) or wrote
        self._free_since = elapsed()
        return wrote

    def _run_unit(self, ran: _Ran, batch: list[_Ran]) -> bool:
        """Run one; whether it has written."""
        if ran.answer.cancelled():
            return False
        batch.append(ran)
        try:
            ran.result, ran.transaction = self.store.run(ran.unit)
        except TransactionLost:
            raise
        except Exception as error:
            ran.error = error
            return False
        return ran.transaction.wrote

    def _undo(self, batch: list[_Ran], error: Exception) -> None:
        try:
            self.store.rollback()
        except Exception:
            log.exception("could not roll back")
        if not batch and self._line:  # the batch could not even be opened: whoever waits is told so
            batch.append((self._line.begun or self._line.arriving).popleft())
        self._answer(batch, error)

    def _commit(self) -> None:
        self.store.commit()
        if self._restart_log:
            self._restart_log = False
            try:
                self.store.restart_log()
            except Exception:  # the batch is on disk, whatever becomes of the log
                log.exception("the log could not be started anew")

    def _answer(self, batch: list[_Ran], failure: BaseException | None) -> None:
        if failure is not None:
            log.error("commit failed: %s", failure)
        for ran in batch:
            ran.tell(failure)
        if failure is None:
            self.units += len(batch)
            for ran in batch:
                if ran.transaction is not None:
                    if ran.transaction.tallies:
                        self.tallies.add(ran.transaction.tallies, ran.transaction.now_ms)
                    if ran.transaction.wakes:
                        self.wakes.notify(ran.transaction.wakes, ran.transaction.seq)
        if self._line:
            self._loop.call_soon(self._run_batch)
        else:
            self._busy = False
            if self._idle is not None and not self._idle.done():
                self._idle.set_result(None)

    def _checkpoint_wanted(self) -> None:
        if not self._checkpointing:
            self._checkpointing = True
            self._checkpoints.submit(self._checkpoint)

    def _checkpoint(self) -> None:
        try:
            self.store.checkpoint()
        except Exception:
            log.exception("the log could not be moved into the database")
        finally:
            self._checkpointing = False

    def _restart_wanted(self) -> None:
        self._restart_log = True
