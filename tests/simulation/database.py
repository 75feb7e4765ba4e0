"""The database that a world's nodes share: SQLite in memory, spoken to as the nodes speak to PostgreSQL.

Transactions happen one at a time, as a serializable database makes it look. What else can happen there is chance: a
batch met another and is undone, a connection ends in the midst of a batch, before a commit or after it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

import apsw
import greenlet

from segue.store.migrations import Migrations, migrate
from segue.store.postgres import nodes, notices
from segue.store.postgres.connection import ConnectionLost, RunAgain, Spoiled, StatementFailed, Statements
from segue.store.sqlite import by_row_number
from segue.store.transaction import Row
from tests.simulation.weather import Fate

if TYPE_CHECKING:
    from tests.simulation.node import SimulatedNode

_LANES = "CREATE TABLE store_lanes (id TEXT PRIMARY KEY, batch BIGINT NOT NULL, at TEXT NOT NULL)"


class Rows:
    """The rows of a deployed application; every world begins with them as they were."""

    def __init__(self, migrations: Migrations) -> None:
        self._connection = apsw.Connection(":memory:", statementcachesize=2_000)
        self._connection.create_scalar_function("now", lambda: "now", 0)
        self.execute = self._connection.execute
        self.changes = self._connection.changes
        self.total_changes = self._connection.total_changes
        migrate(self._connection, by_row_number(migrations))
        self.execute(_LANES)
        for script in nodes.MIGRATIONS:
            for sql in script.split(";"):
                if "store_nodes" in sql:
                    self.execute(sql)

    def begin_world(self) -> None:
        """From here on everything can be taken back."""
        self.execute("SAVEPOINT world")

    def end_world(self) -> None:
        """Take everything back."""
        self.execute("ROLLBACK TO world")
        self.execute("RELEASE world")

    def begin(self) -> None:
        """Open a transaction."""
        self.execute("SAVEPOINT batch")

    def commit(self) -> None:
        """Keep what the open transaction has written."""
        self.execute("RELEASE batch")

    def undo(self) -> None:
        """Drop what the open transaction has written."""
        self.execute("ROLLBACK TO batch")
        self.execute("RELEASE batch")


class SimulatedDatabase:
    """What :class:`segue.store.postgres.opening.Database` is to a node."""

    def __init__(self, node: SimulatedNode) -> None:
        self._node = node

    def prepare(self, migrations: Migrations) -> None:
        """The schema is there."""

    def connect(self) -> Coroutine[Any, Any, SimulatedConnection]:
        """Called by a lane, which waits for what comes."""
        self._node.waits(greenlet.getcurrent())
        return self._connect()

    async def _connect(self) -> SimulatedConnection:
        return SimulatedConnection(self._node)

    async def listen(self, begun: Callable[[], None], heard: Callable[[str], None]) -> None:
        """Notices are wherever the world lets them be; the connection ends when it says so."""
        begun()
        ended = self._node.listen(heard)
        await ended
        raise ConnectionLost("the world has cut it")


class Sent:
    """A statement that has run: how many rows it changed, and which it gave."""

    __slots__ = ("changes", "rows")

    def __init__(self, changes: int, rows: list[Row]) -> None:
        self.changes = changes
        self.rows = rows


_NOTHING = Sent(0, [])


class SimulatedConnection:
    """What :class:`segue.store.postgres.connection.Connection` is to a lane.

    Statements run at once, and only a commit is waited for: between two transactions of a node others have theirs.
    """

    def __init__(self, node: SimulatedNode) -> None:
        self._node = node
        self._world = node.world
        self._rows = node.world.rows
        self._open = self._committing = self._alone = False
        self._statements = self._changes = 0
        self._fate = Fate()
        self._failed: tuple[object, Exception] | None = None
        self.lost: ConnectionLost | None = None
        self.careful = False
        self.silent_seconds = 0.0

    def send(self, sql: str, args: tuple[Any, ...] = (), unit: object = None) -> Sent:
        if self._node.is_buried:
            raise self._lose()
        if self.lost is not None:
            raise self.lost
        if sql.startswith("BEGIN"):
            self._begin()
            self._alone = "READ ONLY" in sql
        elif sql.startswith("LOCK"):
            self._alone = "EXCLUSIVE" in sql
        elif sql == "COMMIT":
            self._committing = True
        elif "clock_timestamp" in sql:
            return Sent(0, [(self._world.asked_time() // (1 if "1000000" in sql else 1_000),)])
        else:
            rows = self._run(sql, args, unit)
            return Sent(self._rows.changes(), rows)
        return _NOTHING

    def query(self, sql: str, args: tuple[Any, ...] = (), unit: object = None) -> list[Row]:
        return self.rows(self.send(sql, args, unit))

    def rows(self, sent: Sent) -> list[Row]:
        """What came back."""
        if self._failed is not None:
            self.flush()
        return sent.rows

    def flush(self, behind: Sequence[Statements] = ()) -> None:
        if self._failed is not None:
            (unit, error), self._failed = self._failed, None
            raise StatementFailed(str(error)) if self.careful or unit is None else Spoiled(unit)
        if not self._committing:
            return
        self._committing = False
        if self._fate.before_commit:
            self._befall()
        wrote = self._rows.total_changes() > self._changes
        if wrote and self._world.dies_at(before=True):
            self.undo()
            self._die()
        self._rows.commit()
        self._open = False
        fate, self._fate = self._fate, Fate()
        self._world.committed(self._node, self._statements, wrote)
        for sql, args in behind:
            assert sql == notices.SEND
            self._world.tell(self._node, args[0])
        if wrote and self._world.dies_at(before=False):
            self._die()
        self._rest()
        if fate.what == "lost after":
            raise self._lose()

    def leave(self, sql: str, args: tuple[Any, ...] = ()) -> None:
        self._run(sql, args, None)

    def undo(self) -> None:
        self._committing = False
        self._failed = None
        if self._open:
            self._open = False
            self._rows.undo()

    def close(self, why: str = "closed") -> None:
        if self.lost is None:
            self._lose()

    def _begin(self) -> None:
        self._node.waits(greenlet.getcurrent())
        self._rows.begin()
        self._open = True
        self._committing = False
        self._failed = None
        self._statements = 0
        self._changes = self._rows.total_changes()
        self._fate = self._world.weather.fate()

    def _run(self, sql: str, args: tuple[Any, ...], unit: object) -> list[Row]:
        if self._failed is not None:
            return []
        self._statements += 1
        if self._open and self._statements == self._fate.at_statement:
            self._befall()
        try:
            return self._rows.execute(_here(sql), args).fetchall()
        except apsw.SQLError:
            raise  # it is not understood
        except apsw.Error as error:
            self._failed = unit, error
            return []

    def _befall(self) -> None:
        """What is to happen to this batch happens."""
        what, self._fate = self._fate.what, Fate()
        if what == "again" and self._alone:
            return  # there is nobody to meet
        self.undo()
        self._world.counts[f"batches {what}"] += 1
        self._rest()
        raise self._lose() if what == "lost" else RunAgain("40001", "met another")

    def _die(self) -> NoReturn:
        self._world.end(self._node)
        hub = greenlet.getcurrent().parent
        assert hub is not None
        hub.switch()
        raise AssertionError("nobody goes on with a process that has ended")

    def _rest(self) -> None:
        """Let the others go on, for as long as the answer takes."""
        this = greenlet.getcurrent()
        if this.parent is None or this.parent.parent is not None:
            return  # one of several that look side by side
        latency = self._world.weather.latency_seconds()
        if latency:
            self._node.loop.call_later(latency, this.switch)
        else:
            self._node.loop.call_soon(this.switch)
        this.parent.switch()

    def _lose(self) -> ConnectionLost:
        self.undo()
        self.lost = ConnectionLost("the world has cut it")
        return self.lost


_HERE: dict[str, str] = {}
_LONG_AGO = re.compile(r"now\(\) - INTERVAL '[^']*'")


def _here(sql: str) -> str:
    """A statement as this database has it."""
    here = _HERE.get(sql)
    if here is None:
        here = sql.removesuffix(" FOR UPDATE SKIP LOCKED").removesuffix(" FOR UPDATE")
        here = _HERE[sql] = _LONG_AGO.sub("''", here)
    return here
