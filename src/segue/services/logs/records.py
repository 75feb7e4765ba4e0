"""The rows: groups, streams, one for each event, subscription filters, resource policies."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from segue.arn import parse_arn
from segue.store import Row, Transaction

MIGRATIONS = (
    """
    CREATE TABLE logs_groups (
        id BIGINT PRIMARY KEY,
        arn TEXT NOT NULL UNIQUE,
        place TEXT NOT NULL,
        name TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        retention_days BIGINT,
        document TEXT NOT NULL
    );
    CREATE INDEX logs_groups_name ON logs_groups (place, name);
    CREATE TABLE logs_streams (
        id BIGINT PRIMARY KEY,
        grp BIGINT NOT NULL,
        name TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        first_at BIGINT,
        last_at BIGINT,
        ingested_at BIGINT,
        bytes BIGINT NOT NULL DEFAULT 0,
        UNIQUE (grp, name)
    );
    CREATE INDEX logs_streams_last ON logs_streams (grp, last_at);
    CREATE TABLE logs_events (
        grp BIGINT NOT NULL,
        stream BIGINT NOT NULL,
        at BIGINT NOT NULL,
        id BIGINT NOT NULL,
        ingested_at BIGINT NOT NULL,
        message TEXT NOT NULL
    );
    CREATE UNIQUE INDEX logs_events_group ON logs_events (grp, at, id);
    CREATE UNIQUE INDEX logs_events_stream ON logs_events (stream, at, id);
    CREATE TABLE logs_subscription_filters (
        grp BIGINT NOT NULL,
        name TEXT NOT NULL,
        document TEXT NOT NULL,
        PRIMARY KEY (grp, name)
    );
    CREATE TABLE logs_resource_policies (
        place TEXT NOT NULL,
        name TEXT NOT NULL,
        document TEXT NOT NULL,
        updated_at BIGINT NOT NULL,
        PRIMARY KEY (place, name)
    );
    """,
    """
    CREATE TABLE logs_metric_filters (
        grp BIGINT NOT NULL,
        name TEXT NOT NULL,
        document TEXT NOT NULL,
        PRIMARY KEY (grp, name)
    );
    """,
)

PARTITION_KEYS = {"logs_events": "stream"}

EVENT_OVERHEAD_BYTES = 26
"""What an event counts beside its message: AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html"""

_ROWS_A_STATEMENT = 100


class Group(NamedTuple):
    """A log group."""

    id: int
    arn: str
    name: str
    created_at: int
    retention_days: int | None
    document: dict[str, Any]


_GROUP = "SELECT id, arn, name, created_at, retention_days, document FROM logs_groups"


def _group(row: Row) -> Group:
    return Group(row[0], row[1], row[2], row[3], row[4], json.loads(row[5]))


def group(tx: Transaction, arn: str) -> Group | None:
    """The group of that ARN."""
    row = tx.one(f"{_GROUP} WHERE arn = ?", arn)
    return None if row is None else _group(row)


def groups_after(tx: Transaction, place: str, prefix: str, after: str, limit: int) -> list[Group]:
    """Groups of an account and region, by name, whose names begin with ``prefix``, after a name."""
    rows = tx.all(
        f"{_GROUP} WHERE place = ? AND name >= ? AND name > ? ORDER BY name LIMIT ?", place, prefix, after, limit
    )
    return [found for row in rows if (found := _group(row)).name.startswith(prefix)]


def group_without_retention(tx: Transaction, after: int) -> int | None:
    """The id of the next group behind one that keeps its events for ever."""
    row = tx.one("SELECT id FROM logs_groups WHERE retention_days IS NULL AND id > ? ORDER BY id LIMIT 1", after)
    return None if row is None else int(row[0])


def insert_group(tx: Transaction, arn: str, place: str, name: str, document: dict[str, Any]) -> int:
    """A new group; its id."""
    row_id = tx.ids.ordered(tx.now_ms)
    tx.run(
        "INSERT INTO logs_groups VALUES (?, ?, ?, ?, ?, NULL, ?)",
        row_id,
        arn,
        place,
        name,
        tx.now_ms,
        json.dumps(document),
    )
    return row_id


def update_group(tx: Transaction, row_id: int, document: dict[str, Any]) -> None:
    """What is kept of a group beside its columns."""
    tx.run("UPDATE logs_groups SET document = ? WHERE id = ?", json.dumps(document), row_id)


def delete_group(tx: Transaction, row_id: int) -> None:
    """A group goes with its streams; its events are purged apart."""
    tx.run("DELETE FROM logs_groups WHERE id = ?", row_id)
    tx.run("DELETE FROM logs_streams WHERE grp = ?", row_id)
    tx.run("DELETE FROM logs_subscription_filters WHERE grp = ?", row_id)
    tx.run("DELETE FROM logs_metric_filters WHERE grp = ?", row_id)


def stored_bytes(tx: Transaction, row_id: int) -> int:
    """The bytes of a group's events."""
    row = tx.one("SELECT COALESCE(SUM(bytes), 0) FROM logs_streams WHERE grp = ?", row_id)
    return int(row[0]) if row else 0


# streams


class Stream(NamedTuple):
    """A log stream; times are ``None`` while it is empty."""

    id: int
    name: str
    created_at: int
    first_at: int | None
    last_at: int | None
    ingested_at: int | None
    bytes: int


STREAM = "SELECT id, name, created_at, first_at, last_at, ingested_at, bytes FROM logs_streams"


def stream(tx: Transaction, group_id: int, name: str) -> Stream | None:
    """The stream of that name."""
    row = tx.one(f"{STREAM} WHERE grp = ? AND name = ?", group_id, name)
    return None if row is None else Stream(*row)


def insert_stream(tx: Transaction, group_id: int, name: str) -> int:
    """A new stream; its id."""
    row_id = tx.ids.ordered(tx.now_ms)
    tx.run(
        "INSERT INTO logs_streams (id, grp, name, created_at) VALUES (?, ?, ?, ?)", row_id, group_id, name, tx.now_ms
    )
    return row_id


def target(tx: Transaction, arn: str, stream_name: str) -> tuple[int, int | None, int | None, bool] | None:
    """Where events go: the group's id and retention, the stream's id (if it is there), whether it has filters."""
    row = tx.one(
        "SELECT g.id, g.retention_days, s.id, EXISTS (SELECT 1 FROM logs_subscription_filters f WHERE f.grp = g.id)"
        " OR EXISTS (SELECT 1 FROM logs_metric_filters f WHERE f.grp = g.id)"
        " FROM logs_groups g LEFT JOIN logs_streams s ON s.grp = g.id AND s.name = ? WHERE g.arn = ?",
        stream_name,
        arn,
    )
    return None if row is None else (row[0], row[1], row[2], bool(row[3]))


# events


def insert_events(tx: Transaction, group_id: int, stream_id: int, events: Sequence[tuple[int, str]], size: int) -> None:
    """Events (time, message) in order of time, and what the stream says of itself."""
    now_ms, ordered = tx.now_ms, tx.ids.ordered
    for start in range(0, len(events), _ROWS_A_STATEMENT):
        rows = events[start : start + _ROWS_A_STATEMENT]
        args: list[Any] = []
        for at_ms, message in rows:
            args += (group_id, stream_id, at_ms, ordered(now_ms), now_ms, message)
        tx.run(_insert_statement(len(rows)), *args)
    first, last = events[0][0], events[-1][0]
    tx.run(
        "UPDATE logs_streams SET ingested_at = ?, bytes = bytes + ?,"
        " first_at = CASE WHEN first_at IS NULL OR first_at > ? THEN ? ELSE first_at END,"
        " last_at = CASE WHEN last_at IS NULL OR last_at < ? THEN ? ELSE last_at END WHERE id = ?",
        now_ms,
        size,
        first,
        first,
        last,
        last,
        stream_id,
    )


_statements: dict[int, str] = {}


def _insert_statement(rows: int) -> str:
    found = _statements.get(rows)
    if found is None:
        values = ", ".join(["(?, ?, ?, ?, ?, ?)"] * rows)
        found = _statements[rows] = (
            f"INSERT INTO logs_events (grp, stream, at, id, ingested_at, message) VALUES {values}"
        )
    return found


def delete_events(tx: Transaction, column: str, owner: int, before_ms: int | None, limit: int) -> bool:
    """Delete some events of a group (``grp``) or stream (``stream``), oldest first; whether that was all."""
    bound, args = ("", ()) if before_ms is None else (" AND at < ?", (before_ms,))
    rows = tx.all(
        f"SELECT at, id, stream, message FROM logs_events WHERE {column} = ?{bound} ORDER BY at, id LIMIT ?",
        owner,
        *args,
        limit,
    )
    freed: dict[int, int] = {}
    for at_ms, row_id, stream_id, message in rows:
        tx.run(f"DELETE FROM logs_events WHERE {column} = ? AND at = ? AND id = ?", owner, at_ms, row_id)
        freed[stream_id] = freed.get(stream_id, 0) + len(message.encode()) + EVENT_OVERHEAD_BYTES
    for stream_id, size in freed.items():
        tx.run("UPDATE logs_streams SET bytes = bytes - ? WHERE id = ?", size, stream_id)
    return len(rows) < limit


def delete_empty_streams(tx: Transaction, group_id: int, before_ms: int, limit: int) -> bool:
    """Delete some streams of a group whose last event was before that time; whether that was all."""
    old = "SELECT id FROM logs_streams WHERE grp = ? AND bytes <= 0 AND created_at < ? AND last_at < ? LIMIT ?"
    return tx.run(f"DELETE FROM logs_streams WHERE id IN ({old})", group_id, before_ms, before_ms, limit) < limit


# resource policies


def resource_policy(tx: Transaction, arn: str) -> str | None:
    """All policies of the group's account and region, as one document."""
    parsed = parse_arn(arn)
    rows = tx.all("SELECT document FROM logs_resource_policies WHERE place = ?", f"{parsed.account}:{parsed.region}")
    statements: list[Any] = []
    for (document,) in rows:
        found = json.loads(document).get("Statement", [])
        statements += found if isinstance(found, list) else [found]
    return json.dumps({"Version": "2012-10-17", "Statement": statements}) if statements else None
