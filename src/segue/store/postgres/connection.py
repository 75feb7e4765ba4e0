"""One connection, in pipeline mode: statements are gathered and sent together with the first whose answer is needed."""

from __future__ import annotations

import asyncio
import select
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

import greenlet
import psycopg
from psycopg import pq
from psycopg.errors import OperationalError
from psycopg.pq.abc import PGresult

from segue.store.postgres.dialect import statement as shared
from segue.store.postgres.values import BINARY_FORMAT, DECODERS, encode, is_binary
from segue.store.transaction import Row

Statements = tuple[str, tuple[Any, ...]]

_STATEMENTS_AT_MOST = 2_000
# Met others, deadlock, a lock or a statement waited for too long.
_AGAIN: Final = frozenset({"40001", "40P01", "55P03", "57014"})
# A prepared statement's plan or result is not what it was: another node has changed the schema.
_CHANGED: Final = frozenset({"0A000", "26000"})
# The server is going down, starting, cut off, out of room, or read-only since it lost its place to another.
_GONE: Final = frozenset({"57", "08", "53", "25"})
_SQLSTATE: Final = pq.DiagnosticField.SQLSTATE
_ROWS: Final = pq.ExecStatus.TUPLES_OK
_DONE: Final = pq.ExecStatus.COMMAND_OK


class ConnectionLost(BaseException):
    """The server has gone, or closed the connection. No handler is to catch this: its unit is run again."""


class RunAgain(BaseException):
    """The transaction met others: it is undone, and its units are to be run again. No handler is to catch this.

    Attributes:
        sqlstate: PostgreSQL's code of what happened.
    """

    def __init__(self, sqlstate: str, words: str) -> None:
        super().__init__(f"{sqlstate} {words}")
        self.sqlstate = sqlstate


class Spoiled(BaseException):
    """A unit spoiled the batch that it shares, and is to be run alone. No handler is to catch this.

    Attributes:
        unit: whose statement it was, as told to :meth:`Connection.send`.
    """

    def __init__(self, unit: object) -> None:
        super().__init__()
        self.unit = unit


class StatementFailed(Exception):
    """A statement that the database refused, where it was made (in a :attr:`Connection.careful` transaction)."""


class Sent:
    """A statement on its way, and what came back: rows, or how many it changed."""

    __slots__ = ("changes", "prepares", "result", "statement", "unit")

    def __init__(self, statement: Statement, unit: object, prepares: str = "") -> None:
        self.statement = statement
        self.unit = unit
        self.prepares = prepares
        self.result: PGresult | None = None
        self.changes: int | None = None


class Statement:
    """A prepared statement; how to read its columns is learned from its first result."""

    __slots__ = ("decoders", "name")

    def __init__(self, name: bytes) -> None:
        self.name = name
        self.decoders: tuple[Any, ...] | None = None


_PLAIN: Final = Statement(b"")


class Connection:
    """Used by one greenlet at a time, whose parent is the event loop's (or, reading :attr:`together`, such a one)."""

    def __init__(self, connected: psycopg.AsyncConnection[Any]) -> None:
        self._connected = connected  # closes what it owns when it is forgotten
        pgconn = self._pg = connected.pgconn
        self._loop = asyncio.get_running_loop()
        self._statements: dict[str, Statement] = {}
        self._named = 0
        self._gathered: list[Sent] = []  # since the last sync
        self._asked: list[tuple[list[Sent], greenlet.greenlet | None]] = []  # synced, not yet answered
        self._answered = 0  # of the statements of the first of these
        self._heard = 0.0  # when something was last asked or answered
        self._writing = False
        self.lost: ConnectionLost | None = None
        self.careful = False
        """Wait for every statement, so that what fails, fails where it was made."""
        self.together: dict[Statements, Sent] | None = None
        """What units that only read have asked side by side: they wait for the lane's greenlet, their parent."""
        pgconn.nonblocking = 1
        pgconn.enter_pipeline_mode()
        self._socket = pgconn.socket
        self._loop.add_reader(self._socket, self._readable)

    def send(self, sql: str, args: tuple[Any, ...] = (), unit: object = None) -> Sent:
        """Have a statement run; it leaves with the next :meth:`flush`."""
        if self.lost is not None:
            raise self.lost
        values = [encode(arg) for arg in args] if args else None
        formats = [is_binary(arg) for arg in args] if args else None
        try:
            statement = self._statements.get(sql)
            if statement is None:
                statement = self._prepare(sql, unit)
            self._pg.send_query_prepared(statement.name, values, formats, BINARY_FORMAT)
        except OperationalError as error:
            raise self._lose(str(error)) from error
        sent = Sent(statement, unit)
        self._gathered.append(sent)
        return sent

    def query(self, sql: str, args: tuple[Any, ...] = (), unit: object = None) -> list[Row]:
        """Run a statement, and all that was gathered before it; its rows."""
        if self.together is None:
            return self.rows(self.send(sql, args, unit))
        sent = self.together.get((sql, args))
        if sent is None:
            sent = self.together[sql, args] = self.send(sql, args, unit)
        return self.rows(sent)

    def flush(self, behind: Sequence[Statements] = ()) -> None:
        """Wait until all that was gathered has run.

        Args:
            behind: further statements, which leave at the same time; nobody waits for their answers or cares for them.

        Raises:
            Spoiled, StatementFailed: one was refused. What followed it has not been run.
            RunAgain, ConnectionLost: see there.
        """
        self._sync(greenlet.getcurrent())
        with suppress(ConnectionLost):  # who waits for answers is told of it there, once
            for sql, args in behind:
                self.send(sql, args)
            if behind:
                self._sync(None)
        hub = greenlet.getcurrent().parent
        assert hub is not None
        failed: Sent | None = hub.switch()  # until the answers are there
        if failed is not None:
            raise self._failure(failed)

    def leave(self, sql: str, args: tuple[Any, ...] = ()) -> None:
        """Have a statement run as a transaction of its own. Nobody waits for it: what comes next comes after it."""
        self.send(sql, args)
        self._sync(None)

    def undo(self) -> None:
        """Roll back what is open. Nobody waits for it: what comes next comes after it."""
        if self.lost is None:
            if self._gathered:
                self._sync(None)
            self.leave("ROLLBACK")

    def close(self, why: str = "closed") -> None:
        """Hang up; who waits for an answer is told why there is none."""
        if self.lost is None:
            self._lose(why)

    def look(self) -> None:
        """See whether something has come that the event loop does not tell of.

        Measured: of the sockets that are made anew when a server has crashed, uvloop forgets one now and then.
        """
        if self.lost is None and self._asked:
            waiting = select.poll()
            waiting.register(self._socket, select.POLLIN)
            if waiting.poll(0):
                self._loop.remove_reader(self._socket)
                self._loop.add_reader(self._socket, self._readable)
                self._readable()

    @property
    def silent_seconds(self) -> float:
        """For how long the server has owed an answer without saying anything."""
        return time.monotonic() - self._heard if self._asked else 0.0

    def _prepare(self, sql: str, unit: object) -> Statement:
        if len(self._statements) >= _STATEMENTS_AT_MOST:
            self._forget()
        self._named += 1
        statement = self._statements[sql] = Statement(b"s%d" % self._named)
        self._pg.send_prepare(statement.name, shared(sql))
        self._gathered.append(Sent(statement, unit, prepares=sql))
        return statement

    def _forget(self) -> None:
        """Prepare everything anew: what is prepared is too much, or follows from a schema that has changed."""
        self._statements.clear()
        self._pg.send_query_params(b"DEALLOCATE ALL", None)
        self._gathered.append(Sent(_PLAIN, None))

    def _sync(self, waiter: greenlet.greenlet | None) -> None:
        if self.lost is not None:
            raise self.lost
        gathered, self._gathered = self._gathered, []
        if not self._asked:
            self._heard = time.monotonic()
        self._asked.append((gathered, waiter))
        try:
            self._pg.pipeline_sync()
            self._write()
        except OperationalError as error:
            self._asked.pop()
            raise self._lose(str(error)) from error

    def _write(self) -> None:
        unsent = self._pg.flush()
        if bool(unsent) != self._writing:
            self._writing = bool(unsent)
            if unsent:
                self._loop.add_writer(self._socket, self._writable)
            else:
                self._loop.remove_writer(self._socket)

    def _writable(self) -> None:
        try:
            self._write()
        except OperationalError as error:
            self._lose(str(error))

    def _readable(self) -> None:
        pg = self._pg
        self._heard = time.monotonic()
        try:
            pg.consume_input()
            if self._writing:
                self._write()
            while self._asked and self.lost is None and not pg.is_busy():
                result = pg.get_result()
                if result is None:
                    continue
                if result.status == pq.ExecStatus.PIPELINE_SYNC:
                    self._answered = 0
                    answered, waiter = self._asked.pop(0)
                    failed = self._settle(answered)
                    if waiter is not None:
                        waiter.switch(failed)
                else:
                    self._asked[0][0][self._answered].result = result
                    self._answered += 1
        except OperationalError as error:
            self._lose(str(error))
            return
        if pg.status == pq.ConnStatus.BAD:
            self._lose("the server closed the connection")

    def _lose(self, words: str) -> ConnectionLost:
        if self.lost is None:
            self.lost = ConnectionLost(words.strip())
            self._loop.remove_reader(self._socket)
            self._loop.remove_writer(self._socket)
            asked, self._asked = self._asked, []
            self._pg.finish()
            for _, waiter in asked:
                if waiter is not None:
                    self._loop.call_soon(waiter.throw, self.lost)
        return self.lost

    def _settle(self, answered: list[Sent]) -> Sent | None:
        """Note what came back; the statement that failed, if one did. What followed it was not prepared either."""
        failed = None
        for sent in answered:
            result = sent.result
            assert result is not None
            status = result.status
            if status in (_ROWS, _DONE):
                sent.changes = result.command_tuples or 0
                continue
            if sent.prepares:
                self._statements.pop(sent.prepares, None)
            if status == pq.ExecStatus.FATAL_ERROR:
                failed = sent
        return failed

    def _failure(self, sent: Sent) -> BaseException:
        result = sent.result
        assert result is not None
        sqlstate = (result.error_field(_SQLSTATE) or b"").decode()
        message = result.get_error_message()
        if sqlstate in _CHANGED:
            self._forget()
        if sqlstate in _CHANGED or sqlstate in _AGAIN:
            return RunAgain(sqlstate, message)
        if sqlstate[:2] in _GONE:
            return self._lose(message)
        if self.careful or sent.unit is None:
            return StatementFailed(f"{sqlstate} {message}")
        return Spoiled(sent.unit)

    def rows(self, sent: Sent) -> list[Row]:
        """What came back; waits for it."""
        if sent.changes is None:
            if self.together is None:
                self.flush()
            else:
                lane = greenlet.getcurrent().parent
                assert lane is not None
                lane.switch()  # which flushes what all have asked
        result, statement = sent.result, sent.statement
        assert result is not None
        decoders = statement.decoders
        if decoders is None:
            decoders = statement.decoders = tuple(DECODERS[result.ftype(column)] for column in range(result.nfields))
        value = result.get_value
        columns = tuple(enumerate(decoders))
        return [
            tuple([None if (data := value(row, column)) is None else decode(data) for column, decode in columns])
            for row in range(result.ntuples)
        ]
