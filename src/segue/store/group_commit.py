"""Group commit: units that arrive while the disk is busy share the next commit; each is answered after its fsync."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar, cast

from segue.store.sqlite import SqliteStore
from segue.store.timers import LoopTimers, Timers
from segue.store.transaction import Unit
from segue.store.wakes import Wakes

T = TypeVar("T")
log = logging.getLogger(__name__)

_BATCH_UNITS = 128
_BATCH_SECONDS = 0.005


class GroupCommit:
    """The store as the edges use it: ``await write(unit)``, ``read(unit)``, wakes. Lives on one event loop."""

    def __init__(self, store: SqliteStore, timers: Timers | None = None) -> None:
        self.store = store
        self._loop = asyncio.get_running_loop()
        self.wakes = Wakes(timers or LoopTimers(self._loop, store.clock))
        self._queue: deque[tuple[Unit[Any], asyncio.Future[Any]]] = deque()
        self._busy = False
        self._restart_log = False
        self._disk = ThreadPoolExecutor(1, thread_name_prefix="commit")
        self._checkpoints = ThreadPoolExecutor(1, thread_name_prefix="checkpoint")
        store.on_log_growth(self._checkpoint_wanted, self._restart_wanted)

    def write(self, unit: Unit[T]) -> asyncio.Future[T]:
        """Run a unit; the future is done when its rows are on disk, or holds what the unit raised."""
        answer: asyncio.Future[Any] = self._loop.create_future()
        self._queue.append((unit, answer))
        if not self._busy:
            self._busy = True
            self._loop.call_soon(self._run_batch)
        return cast("asyncio.Future[T]", answer)

    def read(self, unit: Unit[T]) -> T:
        """Run a unit that only reads, at once, on what is committed."""
        return self.store.read(unit)

    async def close(self) -> None:
        """Finish what was handed in, then close the store."""
        while self._busy:
            await asyncio.sleep(0.001)
        self._disk.shutdown()
        self._checkpoints.shutdown()
        self.store.close()

    def _run_batch(self) -> None:
        deadline = time.perf_counter() + _BATCH_SECONDS
        done: list[tuple[asyncio.Future[Any], Any]] = []
        wakes: list[tuple[int, list[str]]] = []
        wrote = False
        self.store.begin()
        while self._queue and len(done) < _BATCH_UNITS:
            unit, answer = self._queue.popleft()
            if answer.cancelled():
                continue
            try:
                result, transaction = self.store.run(unit)
            except Exception as error:
                done.append((answer, error))
            else:
                done.append((answer, (result,)))
                wrote = wrote or transaction.wrote
                if transaction.wakes:
                    wakes.append((transaction.seq, transaction.wakes))
            if time.perf_counter() > deadline:
                break
        if wrote:
            commit = self._loop.run_in_executor(self._disk, self._commit)
            commit.add_done_callback(lambda future: self._answer(done, wakes, future.exception()))
        else:
            self.store.commit()
            self._answer(done, wakes, None)

    def _commit(self) -> None:
        self.store.commit()
        if self._restart_log:
            self._restart_log = False
            self.store.restart_log()

    def _answer(
        self,
        done: list[tuple[asyncio.Future[Any], Any]],
        wakes: list[tuple[int, list[str]]],
        failure: BaseException | None,
    ) -> None:
        if failure is not None:
            log.error("commit failed: %s", failure)
        for answer, outcome in done:
            if answer.done():
                continue
            if isinstance(outcome, Exception):
                answer.set_exception(outcome)
            elif failure is not None:
                answer.set_exception(failure)
            else:
                answer.set_result(outcome[0])
        for seq, keys in wakes:
            self.wakes.notify(keys, seq)
        if self._queue:
            self._loop.call_soon(self._run_batch)
        else:
            self._busy = False

    def _checkpoint_wanted(self) -> None:
        if self._checkpoints._work_queue.empty():
            self._checkpoints.submit(self.store.checkpoint)

    def _restart_wanted(self) -> None:
        self._restart_log = True
