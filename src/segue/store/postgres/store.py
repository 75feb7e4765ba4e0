"""The store of one of many equal nodes. What it holds in memory, it can lose."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any, Protocol, TypeVar, cast

from segue.clock import Clock, SystemClock
from segue.ids import Ids
from segue.store.line import Line
from segue.store.migrations import Migrations
from segue.store.postgres import notices
from segue.store.postgres.connection import Connection, ConnectionLost, Statements
from segue.store.postgres.known import Known
from segue.store.postgres.lane import PATIENCE_SECONDS, Lane, Ran, refuse_late
from segue.store.postgres.nodes import BEAT_SECONDS, NOW, Gone, Node, facts, nodes
from segue.store.postgres.transaction import Moment, PostgresTransaction
from segue.store.store import NodeSeen, StoreUnavailable
from segue.store.tallies import Tallies
from segue.store.timers import LoopTimers, Timers
from segue.store.transaction import Transaction, Unit
from segue.store.wakes import Wakes

T = TypeVar("T")
log = logging.getLogger(__name__)

_BATCH_UNITS = 64
_READING_LANES = 2
_LONGEST_WITHOUT_BEAT_SECONDS = 20.0
# Whoever waits looks again after so many seconds, although nothing woke him: notices may be lost with their sender.
_LOOK_AGAIN_EVERY = 20
_RECONNECT_SECONDS = 0.5


class NodeClock:
    """The database's time, so that all nodes have one: heard at every beat, and carried on by a clock that nobody sets.

    Until it is heard for the first time it is the machine's, however wrong: nothing of that stays.
    """

    def __init__(self, machine: Clock) -> None:
        self._machine = machine
        self.elapsed_seconds = machine.elapsed_seconds
        self._began_ms: float | None = None  # the database's time when nothing had elapsed
        self._latest_ms = 0

    def now_ms(self) -> int:
        if self._began_ms is None:
            return self._machine.now_ms()
        self._latest_ms = max(self._latest_ms, round(self._began_ms + self.elapsed_seconds() * 1000))
        return self._latest_ms

    def set(self, database_ms: int, asked_seconds: float, answered_seconds: float) -> None:
        """The database said its time between two moments. What lies within these is no difference."""
        began_ms = database_ms - (asked_seconds + answered_seconds) * 500
        known_ms = self._began_ms
        if known_ms is None or abs(began_ms - known_ms) > (answered_seconds - asked_seconds) * 500 + 2:
            self._began_ms = began_ms


class Database(Protocol):
    """Where the rows are: see :class:`segue.store.postgres.opening.Database`."""

    def prepare(self, migrations: Migrations) -> None: ...

    def connect(self) -> Awaitable[Connection]: ...

    async def listen(self, begun: Callable[[], None], heard: Callable[[str], None]) -> None: ...


class _Batches:
    """Units that wait, and the lanes that run them."""

    def __init__(self, store: PostgresStore, lanes: int, *, reads: bool) -> None:
        self._store = store
        self._reads = reads
        self.line: Line[Ran] = Line(store.clock)
        self._lanes = [Lane(self, store.connect, store.ids.uuid(), store.clock, reads=reads) for _ in range(lanes)]
        self._resting = list(self._lanes)
        self._called = False
        self._idle: asyncio.Future[None] | None = None

    @property
    def seq(self) -> int:
        """How many wakes there have been."""
        return self._store.seq

    @property
    def alone(self) -> bool:
        """Whether no other node is known."""
        return not self._store.others

    def add(self, unit: Unit[Any], answer: asyncio.Future[Any], *, arriving: bool = False) -> None:
        """Have a unit run."""
        self.line.add(Ran(unit, answer, self._store.clock.elapsed_seconds(), arriving=arriving))
        self._call()

    async def close(self) -> None:
        """Finish what was handed in, then hang up."""
        while len(self._resting) < len(self._lanes) or self.line:
            self._idle = asyncio.get_running_loop().create_future()
            await self._idle
        for lane in self._lanes:
            lane.close()

    def take(self) -> list[Ran]:
        line = self.line
        batch: list[Ran] = []
        if not self._reads and line and self._store.beat_is_due():
            beat = cast("Unit[None]", self._store.beat)
            batch.append(Ran(beat, asyncio.get_running_loop().create_future(), self._store.clock.elapsed_seconds()))
        while line and len(batch) < _BATCH_UNITS:  # of either line in turn
            batch += [waiting.popleft() for waiting in (line.arriving, line.begun) if waiting]
        return batch

    def begin_ids(self, connection: Connection) -> Callable[[], Ids]:
        ids = self._store.ids
        if self._reads or not isinstance(self._store.clock, NodeClock):
            return lambda: ids
        return Moment(connection, ids).begin

    def transaction(
        self, connection: Connection, ran: Ran, known: Known, ids: Callable[[], Ids], seq: int
    ) -> PostgresTransaction:
        now_ms = self._store.clock.now_ms()
        return PostgresTransaction(connection, ran, known, now_ms, ids, seq, reads=self._reads)

    def look_after(self) -> None:
        """Nobody waits for ever: neither for a server that says nothing, nor behind others who do."""
        for lane in self._lanes:
            lane.give_up_if_silent()
        late = StoreUnavailable(f"it could not be asked for {PATIENCE_SECONDS:.0f} seconds: so much was waiting")
        now = self._store.clock.elapsed_seconds()
        self.line.arriving = deque(refuse_late(self.line.arriving, now, late))
        self.line.begun = deque(refuse_late(self.line.begun, now, late))

    def give_back(self, batch: list[Ran]) -> None:
        self.line.give_back(batch)

    def committed(self, batch: list[Ran]) -> None:
        self._store.units += len(batch)
        for ran in batch:
            if ran.writes and self._reads:
                self._store.write_for(ran.unit, ran.answer)
            else:
                ran.tell()
                if ran.transaction is not None and ran.transaction.tallies:
                    self._store.tallies.add(ran.transaction.tallies, ran.transaction.now_ms)
        woken: dict[str, None] = {}
        for transaction in (ran.transaction for ran in batch if ran.transaction is not None):
            for key in transaction.seen:
                woken.pop(key, None)
            woken |= dict.fromkeys(transaction.wakes)
        self._store.wake(woken)

    def notices(self, batch: list[Ran]) -> list[Statements]:
        return self._store.notices([key for ran in batch if ran.transaction for key in ran.transaction.wakes])

    def rests(self, lane: Lane) -> None:
        self._resting.append(lane)
        if self.line:
            self._call()
        elif self._idle is not None and not self._idle.done():
            self._idle.set_result(None)

    def _call(self) -> None:
        if self._resting and not self._called:
            self._called = True
            asyncio.get_running_loop().call_soon(self._begin)

    def _begin(self) -> None:
        self._called = False
        if self._resting and self.line:
            self._resting.pop().start()
            if self.line:
                self._call()


class PostgresStore:
    """Units on a PostgreSQL database that any number of nodes share.

    Args:
        database: which.
        migrations: the schema of every component.
        clock, ids, timers: given in tests; a clock of the machine's is set by the database's.
        gone: what is done about a node that has gone (its leases are let go).

    Raises:
        DatabaseUnusable, StoreIsNewer: see :meth:`Database.prepare`.
    """

    reads_at_once = False
    shared = True

    def __init__(
        self,
        database: Database,
        migrations: Migrations,
        clock: Clock,
        ids: Ids,
        timers: Timers | None = None,
        *,
        gone: Gone = lambda tx, number, token: None,
    ) -> None:
        database.prepare(migrations)
        self.clock = NodeClock(clock) if isinstance(clock, SystemClock) else clock
        self.ids = ids
        self.seq = 0
        self.units = 0
        self.tell: Callable[[], Mapping[str, Any]] = dict
        self._loop = asyncio.get_running_loop()
        self.wakes = Wakes(timers or LoopTimers(self._loop, self.clock))
        self.tallies = Tallies()
        self._database = database
        self.private: frozenset[str] = frozenset()
        self._node = Node(f"{socket.gethostname()}:{os.getpid()}", ids, gone)
        self.node = self._node.token
        self._beat_at = float("-inf")
        self._writes = _Batches(self, 1, reads=False)
        self._reads = _Batches(self, _READING_LANES, reads=True)
        self._tasks = [
            self._loop.create_task(work(), name=f"store: {work.__name__}")
            for work in (self._beat_forever, self._listen_forever, self._look_again_forever)
        ]

    @property
    def is_behind(self) -> bool:
        """See :attr:`Store.is_behind`."""
        return self._writes.line.is_too_long

    @property
    def is_behind_in_reading(self) -> bool:
        """See :attr:`Store.is_behind_in_reading`."""
        return self._reads.line.is_too_long

    def write(self, unit: Unit[T], *, arriving: bool = False) -> asyncio.Future[T]:
        """See :meth:`Store.write`. It may also hold ``StoreUnavailable``."""
        answer: asyncio.Future[Any] = self._loop.create_future()
        self._writes.add(unit, answer, arriving=arriving)
        return cast("asyncio.Future[T]", answer)

    def write_for(self, unit: Unit[Any], answer: asyncio.Future[Any]) -> None:
        """Run a unit for whom it was promised to already."""
        self._writes.add(unit, answer)

    def read(self, unit: Unit[T]) -> T:
        """Not here: see ``reads_at_once``."""
        raise NotImplementedError("the rows are in another process")

    def look(self, unit: Unit[T]) -> asyncio.Future[T]:
        """See :meth:`Store.look`."""
        answer: asyncio.Future[Any] = self._loop.create_future()
        self._reads.add(unit, answer, arriving=True)
        return cast("asyncio.Future[T]", answer)

    def nodes(self, tx: Transaction) -> list[NodeSeen]:
        """See :meth:`Store.nodes`."""
        return nodes(tx)

    def facts(self, tx: Transaction) -> Mapping[str, Any]:
        """See :meth:`Store.facts`."""
        return facts(tx)

    async def close(self) -> None:
        """Finish what was handed in, and leave the others."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._node.number >= 0:
            try:
                await self.write(self._node.leave)
            except Exception as error:
                log.warning("could not leave the other nodes; they will notice: %s", error)
        await self._reads.close()
        await self._writes.close()

    def connect(self) -> Awaitable[Connection]:
        """A connection for a lane."""
        return self._database.connect()

    @property
    def others(self) -> Sequence[Mapping[str, Any]]:
        """See :meth:`Store.others`."""
        return self._node.others

    def wake(self, keys: Collection[str]) -> None:
        """Wake this node's waiters."""
        if keys:
            self.seq += 1
            self.wakes.notify(keys, self.seq)

    def notices(self, keys: list[str]) -> list[Statements]:
        """What tells the other nodes of these wakes, if there are any."""
        if not self._node.others:
            return []
        told = (key for key in keys if key not in self.private)
        return [(notices.SEND, (notice,)) for notice in notices.write(self._node.token, self.ids.latest, told)]

    def beat_is_due(self) -> bool:
        """Whether so much time has gone by that another node may have taken this one's number."""
        return self.clock.elapsed_seconds() - self._beat_at > _LONGEST_WITHOUT_BEAT_SECONDS

    def beat(self, tx: PostgresTransaction) -> None:
        """Say that this node is there. A unit."""
        began = self.clock.elapsed_seconds()
        row = tx.one(NOW)
        if isinstance(self.clock, NodeClock) and row is not None:
            self.clock.set(row[0], began, self.clock.elapsed_seconds())
            tx.now_ms = self.clock.now_ms()
        self._node.beat(tx, self.tell())
        self.node = self._node.token
        self._beat_at = began

    async def _beat_forever(self) -> None:
        while True:
            try:
                await self.write(cast("Unit[None]", self.beat))
            except Exception:
                log.exception("could not say that this node is there; trying again")
            await asyncio.sleep(BEAT_SECONDS)

    async def _listen_forever(self) -> None:
        while True:
            try:
                await self._database.listen(self._wake_all, self._hear)
            except ConnectionLost as lost:
                log.warning("no notices from other nodes: %s", lost)
            await asyncio.sleep(_RECONNECT_SECONDS)

    def _hear(self, notice: str) -> None:
        """Another node (or this one) has woken somebody."""
        node, latest, keys = notices.read(notice)
        if node == self._node.token:
            return
        self.ids.resume(latest)
        if notices.EVERYBODY in keys:
            self._wake_all()
        else:
            self.wake(keys)

    def _wake_all(self) -> None:
        """Whom others have woken until now is not known."""
        self.seq += 1
        self.wakes.notify_all(self.seq)

    async def _look_again_forever(self) -> None:
        part = 0
        while True:
            await asyncio.sleep(1)
            self._writes.look_after()
            self._reads.look_after()
            if self._node.others:
                part = (part + 1) % _LOOK_AGAIN_EVERY
                self.wakes.notify_some(part, _LOOK_AGAIN_EVERY)
