"""Finding the database, making its schema, and connecting to it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import conninfo
from psycopg.errors import DeadlockDetected, Error, OperationalError

from segue.store.migrations import Migrations, migrate
from segue.store.postgres.advice import CREATE, what_next
from segue.store.postgres.connection import Connection, ConnectionLost
from segue.store.postgres.dialect import schema
from segue.store.postgres.nodes import ENGINE, MIGRATIONS, TAKE_TURN
from segue.store.postgres.notices import CHANNEL
from segue.store.store import DatabaseUnusable

# What is asked of the server for each of our sessions.
_SETTINGS = {
    # Statements are few and small, each with an index: a plan is made once and kept, whatever the tables' statistics
    # say when they are still empty.
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "jit": "off",
    # A node that is stopped or cut off in the midst of a batch holds up the others no longer than this.
    "idle_in_transaction_session_timeout": "4s",
    "lock_timeout": "3s",
    "statement_timeout": "30s",
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
    "client_min_messages": "warning",
}
# And of the client: who does not answer is given up.
_PATIENCE = {
    "connect_timeout": "5",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": "10000",
    "target_session_attrs": "read-write",
    "application_name": "segue",
    "client_encoding": "UTF8",
}
SCHEMA_LOCK = 0x5E60E
"""Of whoever changes the schema."""
_OLDEST = 130_000


@dataclass(frozen=True, slots=True)
class Database:
    """Where the rows are.

    Attributes:
        url: as given: ``postgresql://user@host:port/database``, with everything that libpq understands.
    """

    url: str

    @property
    def shown(self) -> str:
        """The URL without its password."""
        without = re.sub(r"(//[^:/@]*):[^@]*@", r"\1@", self.url)
        return re.sub(r"\b(password *= *)('[^']*'|[^&\s]+)", r"\1…", without)

    @property
    def conninfo(self) -> str:
        """With what we want of every connection, where the URL does not say otherwise."""
        given = conninfo.conninfo_to_dict(self.url)
        options = " ".join(f"-c {name}={value}" for name, value in _SETTINGS.items())
        given["options"] = f"{options} {given.get('options') or ''}".strip()
        return conninfo.make_conninfo("", **{**_PATIENCE, **given})

    def prepare(self, migrations: Migrations) -> None:
        """Bring the schema up to date; of many nodes that start at the same time, one does it and the others wait.

        Raises:
            DatabaseUnusable: with words.
            StoreIsNewer: a newer program wrote it.
        """
        try:
            while not self._migrate({ENGINE: MIGRATIONS, **migrations}):
                pass
        except Error as error:
            raise self.unusable(error) from error

    def unusable(self, error: Error) -> DatabaseUnusable:
        """What is wrong, and what to do next; without the password, which errors about the URL repeat."""
        words = str(error).strip().replace(self.url, self.shown)
        try:
            given = conninfo.conninfo_to_dict(self.url)
        except Error:
            given = {}
        advice = what_next(words, database=str(given.get("dbname") or "…"), user=str(given.get("user") or "…"))
        return DatabaseUnusable(f"{self.shown} cannot be used: {words}\n{advice}".rstrip())

    def _migrate(self, migrations: Migrations) -> bool:
        """Whether it is done; else it and who reads have waited for each other, and it is to be done again. Nodes that
        write wait meanwhile: it has the turn."""
        with psycopg.connect(self.conninfo) as connection:
            self.check(connection)
            connection.execute("SET LOCAL lock_timeout = 0")
            connection.execute("SET LOCAL statement_timeout = 0")
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (SCHEMA_LOCK,))
            try:
                migrate(Migrating(connection), migrations, before=TAKE_TURN)
            except DeadlockDetected:
                connection.rollback()
                return False
        return True

    def check(self, connection: psycopg.Connection[Any]) -> None:
        """Whether it can be used at all; else ``DatabaseUnusable``."""
        if connection.info.server_version < _OLDEST:
            raise DatabaseUnusable(
                f"{self.shown} is PostgreSQL {connection.info.server_version // 10_000}: "
                f"{_OLDEST // 10_000} or newer is needed."
            )
        if connection.info.parameter_status("server_encoding") != "UTF8":
            make = CREATE.format(database=f"another_{connection.info.dbname}")
            raise DatabaseUnusable(f"{self.shown} does not keep its texts in UTF-8. Make one that does: {make}")

    async def connect(self) -> Connection:
        """A connection for a lane.

        Raises:
            ConnectionLost: there is none to be had.
        """
        try:
            connection = await psycopg.AsyncConnection.connect(self.conninfo, autocommit=True)
        except (OperationalError, OSError) as error:
            raise ConnectionLost(str(error).strip()) from error
        return Connection(connection)

    async def listen(self, begun: Callable[[], None], heard: Callable[[str], None]) -> None:
        """Hear what nodes tell each other, until the connection ends.

        Args:
            begun: called when nothing more is missed.
            heard: called with each notice.

        Raises:
            ConnectionLost: it has ended, or there is none to be had.
        """
        try:
            connection = await psycopg.AsyncConnection.connect(self.conninfo, autocommit=True)
            async with connection:
                await connection.execute(f"LISTEN {CHANNEL}".encode())
                begun()
                async for notice in connection.notifies():
                    heard(notice.payload)
        except (Error, OSError) as error:
            raise ConnectionLost(str(error).strip()) from error


class Migrating:
    """A connection as :func:`~segue.store.migrations.migrate` wants it."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection

    def execute(self, sql: str, args: tuple[Any, ...] = ()) -> Any:
        if args:
            return self._connection.execute(sql.replace("?", "%s"), args)
        return self._connection.execute(schema(sql))
