"""A lane: one connection on which batches of units run, one after the other, each a transaction."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from typing import Any, Protocol, TypeVar

import greenlet

from segue.clock import Clock
from segue.ids import Ids
from segue.store import line
from segue.store.postgres.connection import Connection, ConnectionLost, RunAgain, Spoiled, Statements
from segue.store.postgres.known import Known
from segue.store.postgres.nodes import TAKE_TURN
from segue.store.postgres.transaction import PostgresTransaction
from segue.store.store import StoreUnavailable, WritesNeeded
from segue.store.transaction import Unit

T = TypeVar("T")
log = logging.getLogger(__name__)

PATIENCE_SECONDS = 20.0
"""How long a unit waits for the database."""
_SILENCE_SECONDS = 20.0
_SHORTEST_PAUSE_SECONDS = 0.02
_LONGEST_PAUSE_SECONDS = 1.0
_BATCH_SECONDS = 0.01
_WAITED_TOO_LONG = "55P03"  # for a lock

# Units were written for one writer, and see what one writer sees. Alone, a batch has the turn for itself. With other
# nodes it shares the turn, and PostgreSQL sees to it that batches come to what they would one after the other; one that
# does not (it met another in the same rows) is run again with the turn for itself, and then nothing can meet it. The
# lock is taken without a snapshot, so what a batch then reads is what those before it have left.
_BEGIN_ALONE = ("BEGIN", TAKE_TURN)
_BEGIN_SHARED = ("BEGIN ISOLATION LEVEL SERIALIZABLE", "LOCK TABLE store_turn IN ROW SHARE MODE")
_BEGIN_READING = ("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",)
# Every lane counts its commits in a row of its own: who loses the connection meanwhile finds there what became of it.
_ENTER = (
    "INSERT INTO store_lanes (id, batch, at) VALUES (?, ?, now())"
    " ON CONFLICT (id) DO UPDATE SET batch = excluded.batch, at = excluded.at"
)
# A node writes at least with every beat: what has not moved for a day is of one that is no more.
_FORGET = "DELETE FROM store_lanes WHERE at < now() - INTERVAL '1 day'"
# (A batch that is not the next fails by a division.)
_MARK = (
    "UPDATE store_lanes SET batch = CASE WHEN batch = ? THEN batch + 1 ELSE batch / (batch - batch) END, at = now()"
    " WHERE id = ?"
)
# Who looks and finds nothing counts on, so that what was sent cannot come to pass any more, late as it may arrive.
_MARKED = (
    "UPDATE store_lanes SET batch = CASE WHEN batch = ? THEN batch + 2 ELSE batch END WHERE id = ? RETURNING batch"
)
# What holds the turn in a node that is stopped or cut off, in the midst of what it has to say, waits for it for ever.
_FREE_TURN = (
    "SELECT pg_terminate_backend(a.pid) FROM pg_locks AS l JOIN pg_stat_activity AS a ON a.pid = l.pid"
    " WHERE l.relation = CAST('store_turn' AS regclass) AND l.granted AND a.datname = current_database()"
    " AND a.wait_event = 'ClientRead' AND a.query_start < clock_timestamp() - INTERVAL '3 seconds'"
)


class Ran(line.Ran):
    """A unit of a lane: whether it was run as a reader, and wants to write."""

    __slots__ = ("transaction", "writes")

    def __init__(self, unit: Unit[Any], answer: asyncio.Future[Any], since: float, *, arriving: bool = False) -> None:
        super().__init__(unit, answer, since, arriving=arriving)
        self.transaction: PostgresTransaction | None = None
        self.writes = False

    def refuse(self, error: Exception) -> None:
        """Answer that it could not be run."""
        self.error = error
        self.transaction = None
        self.tell()


def refuse_late(waiting: Iterable[Ran], now: float, error: Exception) -> list[Ran]:
    """Tell those why who have waited for as long as anybody is to wait; the others."""
    patient = []
    for ran in waiting:
        if now - ran.since > PATIENCE_SECONDS:
            ran.refuse(error)
        else:
            patient.append(ran)
    return patient


class Batches(Protocol):
    """Where a lane gets its batches, and whom it tells what came of them."""

    @property
    def seq(self) -> int:
        """How many wakes there have been."""
        ...

    @property
    def alone(self) -> bool:
        """Whether no other node is known."""
        ...

    def take(self) -> list[Ran]:
        """The next batch; empty where there is none."""
        ...

    def begin_ids(self, connection: Connection) -> Callable[[], Ids]:
        """Where a batch gets its ids, when it needs them: it begins now."""
        ...

    def transaction(
        self, connection: Connection, ran: Ran, known: Known, ids: Callable[[], Ids], seq: int
    ) -> PostgresTransaction:
        """What a unit is to see."""
        ...

    def give_back(self, batch: list[Ran]) -> None:
        """Units that found no room in their batch: they are the next."""
        ...

    def committed(self, batch: list[Ran]) -> None:
        """What these units wrote is on the server's disk."""
        ...

    def notices(self, batch: list[Ran]) -> list[Statements]:
        """What tells other nodes of it."""
        ...

    def rests(self, lane: Lane) -> None:
        """The lane has nothing to do."""
        ...


View = Callable[[Ran], PostgresTransaction]
"""What a unit is to see."""


class Lane:
    """Runs batches until there is none; then it rests.

    Args:
        batches: what to run.
        connect: makes a connection to the server.
        name: the lane's own, among those of all nodes that there have been.
        clock: tells how long it takes.
        reads: whether its batches only read, each on one state of the rows.
    """

    def __init__(
        self, batches: Batches, connect: Callable[[], Awaitable[Connection]], name: str, clock: Clock, *, reads: bool
    ) -> None:
        self._batches = batches
        self._connect = connect
        self._reads = reads
        self._id = name
        self._elapsed = clock.elapsed_seconds
        self._connection: Connection | None = None
        self._batch = 0
        self._met_another = False
        self._turn_is_held = False

    def start(self) -> None:
        """Go to work. Called on the event loop's own greenlet, which goes on when the lane waits."""
        greenlet.greenlet(self._work).switch()

    def close(self) -> None:
        """Hang up."""
        if self._connection is not None:
            self._connection.close()

    def give_up_if_silent(self) -> None:
        """Hang up on a server that says nothing any more, although the connection stands: it is stopped, or cut off."""
        if self._connection is None:
            return
        self._connection.look()
        if self._connection.silent_seconds > _SILENCE_SECONDS:
            self._connection.close(f"the server has said nothing for {_SILENCE_SECONDS:.0f} seconds")

    def _work(self) -> None:
        try:
            while batch := self._batches.take():
                self._finish(batch)
        finally:
            self._batches.rests(self)

    def _finish(self, batch: list[Ran]) -> None:
        """Run a batch until it is committed, or cannot be. A unit that spoils it is run alone, after the others."""
        pause = _SHORTEST_PAUSE_SECONDS
        alone: list[Ran] = []
        while batch or alone:
            try:
                if batch:
                    done = self._attempt(batch, careful=False)
                    found_room = set(done)
                    batch = [ran for ran in batch if ran not in found_room]
                    if not alone:  # else what spoiled the batch would come before what it may have met there
                        self._batches.give_back(batch)
                        batch = []
                else:
                    done = self._attempt(alone[:1], careful=True)
                    del alone[0]
                self._met_another = False
                self._batches.committed(done)
                for ran in done:  # they name each other: only a search for garbage would find them
                    ran.transaction = None
            except Spoiled as spoiled:
                alone += [ran for ran in batch if ran is spoiled.unit]
                batch = [ran for ran in batch if ran is not spoiled.unit]
                self._undo()
            except (RunAgain, ConnectionLost) as why:
                self._undo()
                error = StoreUnavailable(f"the database does not answer: {why}")
                batch, alone = (refuse_late(waiting, self._elapsed(), error) for waiting in (batch, alone))
                log.info("a batch is run again: %s", why)
                if isinstance(why, ConnectionLost):
                    self._wait(asyncio.sleep(pause))
                    pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
                else:
                    self._met_another = True
                    self._turn_is_held = self._turn_is_held or why.sqlstate == _WAITED_TOO_LONG
            except StoreUnavailable as error:
                self._refuse(batch + alone, error)
                return
            except Exception as error:
                log.exception("a batch could not be run")
                self._undo()
                self._refuse(batch + alone, error)
                return

    def _attempt(self, batch: list[Ran], *, careful: bool) -> list[Ran]:
        """One transaction, and its commit: the units that found room in it, at least the first."""
        connection = self._connected()
        if self._turn_is_held:
            self._turn_is_held = False
            connection.leave(_FREE_TURN)
        connection.careful = careful
        seq = self._batches.seq  # what is woken from now on may come of what this transaction cannot see
        for sql in self._beginning():
            connection.send(sql)
        ids = self._batches.begin_ids(connection)
        view = partial(self._batches.transaction, connection, known=Known(), ids=ids, seq=seq)
        if self._reads and not careful:
            ran, wrote = self._run_together(connection, batch, view), False
        else:
            ran, wrote = self._run_units(connection, batch, view)
        connection.careful = False
        if careful and ran[0].error is not None:
            connection.undo()
        elif wrote:
            self._commit(connection, ran)
        else:
            connection.send("COMMIT")
            connection.flush()
        return ran

    def _beginning(self) -> Sequence[str]:
        if self._reads:
            return _BEGIN_READING
        return _BEGIN_ALONE if self._met_another or self._batches.alone else _BEGIN_SHARED

    def _run_units(self, connection: Connection, batch: list[Ran], view: View) -> tuple[list[Ran], bool]:
        """One after the other: each sees what those before it have written. Which ones, and whether any has written.

        What has just come and what goes on with something have a time each, so that neither keeps the other waiting.
        """
        done, wrote = list[Ran](), False
        left = {True: _BATCH_SECONDS, False: _BATCH_SECONDS}
        now = self._elapsed()
        for ran in batch:
            if left[ran.arriving] <= 0:
                continue
            done.append(ran)
            self._run(connection, ran, view)
            wrote = wrote or (ran.transaction is not None and ran.transaction.wrote)
            began, now = now, self._elapsed()
            left[ran.arriving] -= now - began
        return done, wrote

    def _run_together(self, connection: Connection, batch: list[Ran], view: View) -> list[Ran]:
        """Units that only read, side by side, each in a greenlet: what all of them ask next is one round trip."""
        connection.together = {}
        try:
            running = [greenlet.greenlet(partial(self._run, connection, ran, view)) for ran in batch]
            for unit in running:
                unit.switch()
            while running := [unit for unit in running if not unit.dead]:
                connection.flush()
                for unit in running:
                    unit.switch()
        finally:
            connection.together = None
        return batch

    @staticmethod
    def _run(connection: Connection, ran: Ran, view: View) -> None:
        ran.result = ran.error = ran.transaction = None
        if ran.answer.cancelled():
            return
        ran.transaction = transaction = view(ran)
        try:
            ran.result = ran.unit(transaction)
        except WritesNeeded:
            ran.writes = True
        except Exception as error:
            if transaction.wrote and not connection.careful:
                raise Spoiled(ran) from error
            ran.error = error
            transaction.wakes.clear()
            transaction.tallies.clear()

    def _commit(self, connection: Connection, batch: list[Ran]) -> None:
        connection.send(_MARK, (self._batch, self._id))
        connection.send("COMMIT")
        try:
            connection.flush(self._batches.notices(batch))
        except ConnectionLost as lost:
            if not self._is_committed(lost):
                raise
        else:
            self._batch += 1

    def _is_committed(self, lost: ConnectionLost) -> bool:
        """Look whether the commit under way when the connection was lost has come to pass; if not, it never will."""
        deadline = self._elapsed() + PATIENCE_SECONDS
        while True:
            try:
                connection = self._connected(enter=False)
                # waits for the old transaction, if it is still there
                rows = connection.query(_MARKED, (self._batch, self._id))
            except (ConnectionLost, RunAgain) as why:
                if self._elapsed() > deadline:
                    raise StoreUnavailable(
                        f"the connection to the database was lost during a commit ({lost}) and could not be made again "
                        f"({why}): whether the request was carried out is not known"
                    ) from lost
                self._wait(asyncio.sleep(_LONGEST_PAUSE_SECONDS))
                continue
            if not rows:  # the database has lost more than that: another has taken its place
                connection.close()
                return False
            committed = bool(rows[0][0] == self._batch + 1)
            self._batch = rows[0][0]
            return committed

    def _connected(self, *, enter: bool = True) -> Connection:
        connection = self._connection
        if connection is None or connection.lost is not None:
            connection = self._connection = self._wait(self._connect())
            if enter and not self._reads:
                connection.leave(_FORGET)
                connection.leave(_ENTER, (self._id, self._batch))
        return connection

    def _undo(self) -> None:
        if self._connection is not None:
            try:
                self._connection.undo()
            except ConnectionLost as lost:
                log.debug("nothing to undo: %s", lost)

    @staticmethod
    def _refuse(batch: list[Ran], error: Exception) -> None:
        for ran in batch:
            ran.refuse(error)

    @staticmethod
    def _wait(awaitable: Awaitable[T]) -> T:
        """Let the event loop go on until ``awaitable`` is done."""
        this = greenlet.getcurrent()
        assert this.parent is not None
        future = asyncio.ensure_future(awaitable)
        future.add_done_callback(lambda _: this.switch())
        this.parent.switch()
        return future.result()
