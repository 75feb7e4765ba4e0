"""Streams: what happened to a resource, in order, kept for a while, read from a place on.

One service writes (a table's changes), others read: its own API, event source mappings, pipes. A stream has one
sequence; a record's number grows with it, and its *bucket* says which records must stay in order among themselves
(those of one partition key), so that a reader may divide a stream into lanes that go on side by side. Whoever waits for
more parks on :func:`wake_key`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from segue import jobs
from segue.store import Row, Transaction

MIGRATIONS = (
    """
    CREATE TABLE streams (
        id BIGINT PRIMARY KEY,
        arn TEXT NOT NULL,
        scope TEXT NOT NULL,
        retention_ms BIGINT NOT NULL,
        opened_at BIGINT NOT NULL,
        closed_at BIGINT,
        document TEXT NOT NULL
    );
    CREATE UNIQUE INDEX streams_arn ON streams (arn);
    CREATE INDEX streams_scope ON streams (scope, arn);
    CREATE TABLE stream_records (
        stream BIGINT NOT NULL,
        number BIGINT NOT NULL,
        at BIGINT NOT NULL,
        bucket BIGINT NOT NULL,
        size BIGINT NOT NULL,
        content BYTEA NOT NULL,
        PRIMARY KEY (stream, number)
    );
    """,
)

PARTITION_KEYS = {"stream_records": "stream"}

_COLUMNS = "id, arn, retention_ms, opened_at, closed_at, document"
_TIME_BITS = 22  # see Ids.ordered: a record's number tells when it was written


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream; ``document`` is what its service says of it. ``id`` is below the numbers of all its records."""

    id: int
    arn: str
    retention_ms: int
    opened_at_ms: int
    closed_at_ms: int | None
    document: dict[str, Any]

    def horizon(self, now_ms: int) -> int:
        """What is numbered below is older than the stream's retention: it counts as forgotten."""
        return max(self.id, now_ms - self.retention_ms << _TIME_BITS)


class Record(NamedTuple):
    """One record: its number, when it was written, its size in bytes as its service counts it, its content."""

    number: int
    at_ms: int
    size: int
    content: bytes


class Lane(NamedTuple):
    """A part of a stream: the records whose bucket leaves ``remainder`` when it is divided by ``lanes``."""

    lanes: int = 1
    remainder: int = 0


WHOLE = Lane()


def open_stream(tx: Transaction, arn: str, scope: str, retention_ms: int, document: dict[str, Any]) -> int:
    """Begin a stream; its id."""
    stream = tx.ids.ordered(tx.now_ms)
    tx.run(
        "INSERT INTO streams VALUES (?, ?, ?, ?, ?, NULL, ?)",
        stream,
        arn,
        scope,
        retention_ms,
        tx.now_ms,
        json.dumps(document),
    )
    return stream


def close_stream(tx: Transaction, stream: int) -> None:
    """Nothing more will be written; what is there can be read as long as it is kept."""
    tx.run("UPDATE streams SET closed_at = ? WHERE id = ?", tx.now_ms, stream)
    jobs.wake(tx, wake_key(stream))


def append(tx: Transaction, stream: int, bucket: int, size: int, content: bytes) -> None:
    """Write a record, and wake who waits for it.

    It comes behind all others. So that no node writes one before what another has written, and readers have read,
    the newest is looked at: of two that write at the same time, one does it again (:mod:`segue.store.postgres`).
    """
    tx.ids.resume(latest(tx, stream))
    tx.run(
        "INSERT INTO stream_records VALUES (?, ?, ?, ?, ?, ?)",
        stream,
        tx.ids.ordered(tx.now_ms),
        tx.now_ms,
        bucket,
        size,
        content,
    )
    jobs.wake(tx, wake_key(stream))


def wake_key(stream: int) -> str:
    """What is woken with each record."""
    return f"streams:{stream}"


def find_stream(tx: Transaction, arn: str) -> Stream | None:
    """The stream of that ARN."""
    row = tx.one(f"SELECT {_COLUMNS} FROM streams WHERE arn = ?", arn)
    return None if row is None else _stream(row)


def list_streams(tx: Transaction, scope: str, after: str, limit: int) -> list[Stream]:
    """The streams of a scope, by ARN, after one."""
    sql = f"SELECT {_COLUMNS} FROM streams WHERE scope = ? AND arn > ? ORDER BY arn LIMIT ?"
    return [_stream(row) for row in tx.all(sql, scope, after, limit)]


def latest(tx: Transaction, stream: int) -> int:
    """The number of the stream's last record; its id where it has none."""
    row = tx.one("SELECT MAX(number) FROM stream_records WHERE stream = ?", stream)
    return stream if row is None or row[0] is None else int(row[0])


def read(
    tx: Transaction, stream: Stream, after: int, limit: int, max_bytes: int, lane: Lane = WHOLE
) -> tuple[list[Record], int]:
    """Records after a number, at most ``limit`` and ``max_bytes`` (but one at least), and the number to go on after:
    that of the last one, or where there are no more the stream's latest, whosever lane that is in.
    """
    after = max(after, stream.horizon(tx.now_ms) - 1)
    sizes = tx.all(
        "SELECT number, size FROM stream_records WHERE stream = ? AND number > ? AND bucket % ? = ?"
        " ORDER BY number LIMIT ?",
        stream.id,
        after,
        *lane,
        limit,
    )
    kept = _fitting([row[1] for row in sizes], max_bytes)
    if not kept:
        return [], max(after, latest(tx, stream.id))
    upto = sizes[kept - 1][0]
    rows = tx.all(
        "SELECT number, at, size, content FROM stream_records"
        " WHERE stream = ? AND number > ? AND number <= ? AND bucket % ? = ? ORDER BY number",
        stream.id,
        after,
        upto,
        *lane,
    )
    ended = kept == len(sizes) < limit
    return [Record(*row) for row in rows], max(upto, latest(tx, stream.id)) if ended else upto


def has_forgotten(tx: Transaction, stream: Stream, after: int) -> bool:
    """Whether there were records after a number that count as forgotten (those that are not yet gone)."""
    sql = "SELECT 1 FROM stream_records WHERE stream = ? AND number > ? AND number < ? LIMIT 1"
    return tx.one(sql, stream.id, after, stream.horizon(tx.now_ms)) is not None


def forget(tx: Transaction, limit: int) -> bool:
    """Forget records beyond their stream's retention, and closed streams with it: a piece; whether there is more."""
    for row in tx.all(f"SELECT {_COLUMNS} FROM streams"):
        stream = _stream(row)
        old = tx.all(
            "SELECT number FROM stream_records WHERE stream = ? AND number < ? ORDER BY number LIMIT ?",
            stream.id,
            stream.horizon(tx.now_ms),
            limit,
        )
        if old:
            tx.run("DELETE FROM stream_records WHERE stream = ? AND number <= ?", stream.id, old[-1][0])
        if len(old) == limit:
            return True
        if stream.closed_at_ms is not None and stream.closed_at_ms < tx.now_ms - stream.retention_ms:
            tx.run("DELETE FROM streams WHERE id = ?", stream.id)
    return False


def _fitting(sizes: Sequence[int], max_bytes: int) -> int:
    """How many from the beginning fit: one, if there is any, always does."""
    total = 0
    for count, size in enumerate(sizes):
        total += size
        if count and total > max_bytes:
            return count
    return len(sizes)


def _stream(row: Row) -> Stream:
    return Stream(row[0], row[1], row[2], row[3], row[4], json.loads(row[5]))
