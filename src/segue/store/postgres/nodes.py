"""Who else is there: a row for each node, with its number, and when it was last seen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from segue.ids import Ids
from segue.store.store import NodeSeen
from segue.store.transaction import Transaction

AWAY_MS = 6_000
"""A node that was not seen for so long is taken for dead: others go on with its work. If it comes back, its leases are
another's, so it harms nothing."""
BEAT_SECONDS = 1.5
_NUMBERS = 1_024
_MARK = -1  # not a node's number: the row of what ids the rows had that were imported
_REUSED_AFTER_MS = 60_000
_RESERVED_MS = 60_000
_LEAVING_MS = 500  # what is still under way when a node goes
_SHOWN_MS = 3_600_000

# Asked anew each time: what a transaction has selected it knows.
NOW = "VALUES (CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT))"

TAKE_TURN = "LOCK TABLE store_turn IN EXCLUSIVE MODE"

ENGINE = "store"
"""The component whose tables only this engine has."""

MIGRATIONS = (
    """
    CREATE TABLE store_turn ();
    CREATE TABLE store_lanes (
        id TEXT PRIMARY KEY,
        batch BIGINT NOT NULL,
        at TIMESTAMP WITH TIME ZONE NOT NULL
    );
    CREATE TABLE store_nodes (
        number BIGINT PRIMARY KEY,
        token TEXT NOT NULL,
        name TEXT NOT NULL,
        started_at BIGINT NOT NULL,
        seen_at BIGINT NOT NULL,
        released BIGINT NOT NULL,
        reserved BIGINT NOT NULL
    );
    """,
    "ALTER TABLE store_nodes ADD COLUMN told TEXT NOT NULL DEFAULT '{}';",
)


def resume_after(tx: Transaction, mark: int) -> None:
    """Have the ids of all nodes to come begin behind a mark."""
    tx.run(
        "INSERT INTO store_nodes (number, token, name, started_at, seen_at, released, reserved)"
        " VALUES (?, '', '', 0, 0, 0, ?)",
        _MARK,
        mark,
    )


def nodes(tx: Transaction) -> list[NodeSeen]:
    """Those that are there, and those that were missed in the last hour."""
    rows = tx.all(
        "SELECT number, name, started_at, seen_at, released, told FROM store_nodes"
        " WHERE number <> ? AND seen_at >= ? ORDER BY number",
        _MARK,
        tx.now_ms - _SHOWN_MS,
    )
    return [
        NodeSeen(
            number,
            name,
            started_at,
            seen_at,
            is_here=released < seen_at and seen_at >= tx.now_ms - AWAY_MS,
            told=orjson.loads(told),
        )
        for number, name, started_at, seen_at, released, told in rows
    ]


def facts(tx: Transaction) -> Mapping[str, Any]:
    """What an operator wants to know of the database."""
    row = tx.one(
        "SELECT current_setting('server_version'), pg_database_size(current_database()),"
        " (SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database()),"
        " CAST(current_setting('max_connections') AS BIGINT)"
    )
    assert row is not None
    version, size, connections, most = row
    return {
        "engine": f"PostgreSQL {version.split()[0]}",
        "bytes": size,
        "connections": connections,
        "maxConnections": most,
    }


Gone = Callable[[Transaction, int, str], None]
"""What is done about a node that has gone: its number and its token say which."""


class NoRoom(Exception):
    """As many nodes as there are numbers share the database already."""


class Node:
    """This node's place among those that share the database.

    Args:
        name: what people call it.
        ids: get the node's number, so that no other node makes the same.
        gone: called for each node that has gone, in the unit that finds it out.
    """

    def __init__(self, name: str, ids: Ids, gone: Gone) -> None:
        self.name = name
        self.token = ids.uuid()
        self.number = -1
        self.others: list[Mapping[str, Any]] = []
        self._ids = ids
        self._gone = gone

    def beat(self, tx: Transaction, told: Mapping[str, Any] = {}) -> None:
        """Say that it is there, and what else others may want to know; find out who is not any more. A unit."""
        reserved = max(self._ids.latest, tx.now_ms << 22) + (_RESERVED_MS << 22)
        if self.number < 0 or not tx.run(
            "UPDATE store_nodes SET seen_at = ?, reserved = ?, told = ? WHERE number = ? AND token = ?",
            tx.now_ms,
            reserved,
            orjson.dumps(told).decode(),
            self.number,
            self.token,
        ):
            self._enter(tx, reserved)
        others = []
        for number, token, seen_at, said in tx.all(
            "SELECT number, token, seen_at, told FROM store_nodes WHERE released < seen_at AND number <> ?", self.number
        ):
            if seen_at < tx.now_ms - AWAY_MS:
                self._gone(tx, number, token)
                tx.run("UPDATE store_nodes SET released = ? WHERE number = ?", tx.now_ms, number)
            else:
                others.append(orjson.loads(said))
        self.others = others

    def leave(self, tx: Transaction) -> None:
        """Say that it goes: its number is free in a moment. A unit."""
        self._gone(tx, self.number, self.token)
        latest = max(self._ids.latest, tx.now_ms << 22) + (_LEAVING_MS << 22)
        tx.run(
            "UPDATE store_nodes SET seen_at = 0, released = ?, token = '', reserved = ? WHERE number = ? AND token = ?",
            tx.now_ms,
            latest,
            self.number,
            self.token,
        )

    def _enter(self, tx: Transaction, reserved: int) -> None:
        """Take the smallest number that nobody has, or whose owner has long gone: whoever gets it is not to be ahead of
        the others, for what it makes would come behind what they make."""
        rows = tx.all("SELECT number, seen_at, reserved, token FROM store_nodes ORDER BY number")
        ahead = tx.now_ms << 22 if tx.ids.has_begun else float("inf")
        taken = {row[0] for row in rows if row[1] >= tx.now_ms - _REUSED_AFTER_MS or row[2] >= ahead}
        number = next((number for number in range(_NUMBERS) if number not in taken), None)
        if number is None:
            raise NoRoom(f"{_NUMBERS} nodes share the database: there is no room for another")
        for _, _, earlier, token in (row for row in rows if row[0] == number):
            self._gone(tx, number, token)
            self._ids.resume(earlier)
            reserved = max(reserved, earlier)
        for mark in (row[2] for row in rows if row[0] == _MARK):
            self._ids.resume(mark)
            reserved = max(reserved, mark + (_RESERVED_MS << 22))
        tx.run(
            "INSERT INTO store_nodes (number, token, name, started_at, seen_at, released, reserved)"
            " VALUES (?, ?, ?, ?, ?, 0, ?) ON CONFLICT (number) DO UPDATE SET token = excluded.token,"
            " name = excluded.name, started_at = excluded.started_at, seen_at = excluded.seen_at, released = 0,"
            " reserved = excluded.reserved",
            number,
            self.token,
            self.name,
            tx.now_ms,
            tx.now_ms,
            reserved,
        )
        self.number = number
        self._ids.place(number)
