"""The rows: tables, items, entries of secondary indexes, tokens of transactions.

An item's place is (table, bucket, hash, sort): its key as bytes whose order is DynamoDB's, behind a checksum of the
partition key, so that a scan runs in hash order and its segments are ranges.
"""

from __future__ import annotations

from typing import Any, NamedTuple
from zlib import crc32

import msgpack

from segue.languages.expressions import Item
from segue.store import Transaction

MIGRATIONS = (
    """
    CREATE TABLE dynamodb_tables (
        arn TEXT PRIMARY KEY,
        id BIGINT NOT NULL,
        revision BIGINT NOT NULL,
        place TEXT NOT NULL,
        name TEXT NOT NULL,
        document TEXT NOT NULL
    );
    CREATE UNIQUE INDEX dynamodb_tables_name ON dynamodb_tables (place, name);
    CREATE TABLE dynamodb_items (
        tbl BIGINT NOT NULL,
        bucket BIGINT NOT NULL,
        hash BYTEA NOT NULL,
        sort BYTEA NOT NULL,
        size BIGINT NOT NULL,
        expires_at BIGINT,
        item BYTEA NOT NULL,
        PRIMARY KEY (tbl, bucket, hash, sort)
    );
    CREATE INDEX dynamodb_items_expiry ON dynamodb_items (tbl, expires_at) WHERE expires_at IS NOT NULL;
    CREATE TABLE dynamodb_index_entries (
        idx BIGINT NOT NULL,
        bucket BIGINT NOT NULL,
        hash BYTEA NOT NULL,
        sort BYTEA NOT NULL,
        item_bucket BIGINT NOT NULL,
        item_hash BYTEA NOT NULL,
        item_sort BYTEA NOT NULL,
        PRIMARY KEY (idx, bucket, hash, sort, item_hash, item_sort)
    );
    CREATE TABLE dynamodb_tokens (
        token TEXT PRIMARY KEY,
        request BYTEA NOT NULL,
        at BIGINT NOT NULL,
        answer BYTEA NOT NULL
    );
    CREATE INDEX dynamodb_tokens_at ON dynamodb_tokens (at);
    """,
    """
    CREATE TABLE dynamodb_backups (
        arn TEXT PRIMARY KEY,
        id BIGINT NOT NULL,
        table_arn TEXT NOT NULL,
        name TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        status TEXT NOT NULL,
        document TEXT NOT NULL
    );
    CREATE INDEX dynamodb_backups_table ON dynamodb_backups (table_arn, status);
    """,
)

PARTITION_KEYS = {"dynamodb_items": "hash", "dynamodb_index_entries": "hash"}

BUCKETS = 1 << 32


class Place(NamedTuple):
    """Where a key lies within a table or an index."""

    bucket: int
    hash: bytes
    sort: bytes


def place(hash_key: bytes, sort_key: bytes = b"") -> Place:
    """The place of a key."""
    return Place(crc32(hash_key), hash_key, sort_key)


def pack(item: Item) -> bytes:
    """An item as it is stored."""
    packed: bytes = msgpack.packb(item)
    return packed


def unpack(stored: bytes) -> Item:
    """A stored item."""
    item: Item = msgpack.unpackb(stored)
    return item


# items


def get(tx: Transaction, table: int, at: Place) -> tuple[Item, int] | None:
    """The item at a place and its size in bytes."""
    row = tx.one(
        "SELECT item, size FROM dynamodb_items WHERE tbl = ? AND bucket = ? AND hash = ? AND sort = ?", table, *at
    )
    return None if row is None else (unpack(row[0]), row[1])


def put(tx: Transaction, table: int, at: Place, item: Item, size: int, expires_at_ms: int | None) -> None:
    """Write an item, new or replaced."""
    tx.run(
        "INSERT INTO dynamodb_items (tbl, bucket, hash, sort, size, expires_at, item) VALUES (?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (tbl, bucket, hash, sort) DO UPDATE SET size = excluded.size,"
        " expires_at = excluded.expires_at, item = excluded.item",
        table,
        *at,
        size,
        expires_at_ms,
        pack(item),
    )


def delete(tx: Transaction, table: int, at: Place) -> None:
    """Delete the item at a place."""
    tx.run("DELETE FROM dynamodb_items WHERE tbl = ? AND bucket = ? AND hash = ? AND sort = ?", table, *at)


def count(tx: Transaction, table: int) -> tuple[int, int]:
    """How many items a table has and, estimated from the first ten thousand, their bytes."""
    row = tx.one(
        "SELECT COUNT(*), COALESCE(SUM(size), 0) FROM"
        " (SELECT size FROM dynamodb_items WHERE tbl = ? LIMIT 10000) AS first",
        table,
    )
    counted, size = (int(row[0]), int(row[1])) if row else (0, 0)
    if counted < 10_000:
        return counted, size
    whole = tx.one("SELECT COUNT(*) FROM dynamodb_items WHERE tbl = ?", table)
    total = int(whole[0]) if whole else counted
    return total, size * total // counted


def copy_items(
    tx: Transaction, source: int, target: int, after: Place | None, limit: int, max_bytes: int
) -> Place | None:
    """Copy items from one table to another, a piece at a time; after which to go on, ``None`` when that was all."""
    last, more = _piece(tx, source, after, limit, max_bytes)
    if last is not None:
        start, args = _beyond(after)
        tx.run(
            "INSERT INTO dynamodb_items (tbl, bucket, hash, sort, size, item)"
            " SELECT ?, bucket, hash, sort, size, item FROM dynamodb_items"
            f" WHERE tbl = ?{start} AND (bucket, hash, sort) <= (?, ?, ?)"
            " ON CONFLICT (tbl, bucket, hash, sort) DO NOTHING",
            target,
            source,
            *args,
            *last,
        )
    return last if more else None


def items_after(
    tx: Transaction, table: int, after: Place | None, limit: int, max_bytes: int
) -> tuple[list[tuple[Place, Item, int]], Place | None]:
    """A piece of a table's items, with place and size; and after which to go on, ``None`` when that was all."""
    last, more = _piece(tx, table, after, limit, max_bytes)
    if last is None:
        return [], None
    start, args = _beyond(after)
    rows = tx.all(
        "SELECT bucket, hash, sort, item, size FROM dynamodb_items"
        f" WHERE tbl = ?{start} AND (bucket, hash, sort) <= (?, ?, ?)",
        table,
        *args,
        *last,
    )
    return [(Place(*row[:3]), unpack(row[3]), row[4]) for row in rows], last if more else None


def _piece(tx: Transaction, table: int, after: Place | None, limit: int, max_bytes: int) -> tuple[Place | None, bool]:
    """Where a piece of a table ends (``None``: there is nothing more), and whether more follows."""
    start, args = _beyond(after)
    rows = tx.all(
        f"SELECT bucket, hash, sort, size FROM dynamodb_items WHERE tbl = ?{start} ORDER BY bucket, hash, sort LIMIT ?",
        table,
        *args,
        limit,
    )
    total = 0
    for number, row in enumerate(rows):
        total += row[3]
        if number and total > max_bytes:
            return Place(*rows[number - 1][:3]), True
    return (Place(*rows[-1][:3]), len(rows) == limit) if rows else (None, False)


def _beyond(after: Place | None) -> tuple[str, tuple[Any, ...]]:
    return ("", ()) if after is None else (" AND (bucket, hash, sort) > (?, ?, ?)", tuple(after))


def count_entries(tx: Transaction, index: int) -> int:
    """How many items an index has."""
    row = tx.one("SELECT COUNT(*) FROM dynamodb_index_entries WHERE idx = ?", index)
    return int(row[0]) if row else 0


# entries of indexes


def put_entry(tx: Transaction, index: int, at: Place, item_at: Place) -> None:
    """An item appears in an index."""
    tx.run(
        "INSERT INTO dynamodb_index_entries VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", index, *at, *item_at
    )


def delete_entry(tx: Transaction, index: int, at: Place, item_at: Place) -> None:
    """An item disappears from an index."""
    tx.run(
        "DELETE FROM dynamodb_index_entries"
        " WHERE idx = ? AND bucket = ? AND hash = ? AND sort = ? AND item_hash = ? AND item_sort = ?",
        index,
        *at,
        item_at.hash,
        item_at.sort,
    )


# tables


def insert_table(tx: Transaction, arn: str, row_id: int, where: str, name: str, document: str) -> None:
    """A new table."""
    tx.run("INSERT INTO dynamodb_tables VALUES (?, ?, ?, ?, ?, ?)", arn, row_id, tx.ids.seed(), where, name, document)


def update_table(tx: Transaction, arn: str, document: str) -> None:
    """A table's new description; its revision changes with it, so that kept descriptions are read anew."""
    tx.run("UPDATE dynamodb_tables SET document = ?, revision = ? WHERE arn = ?", document, tx.ids.seed(), arn)


def delete_table(tx: Transaction, arn: str) -> None:
    """A table is no longer found; its items are purged apart."""
    tx.run("DELETE FROM dynamodb_tables WHERE arn = ?", arn)


def purge(tx: Transaction, what: str, row_id: int, limit: int) -> bool:
    """Delete some of what a gone table (``items``) or index (``index_entries``) has left; whether that was all."""
    rows = tx.all(_PURGED[what][0], row_id, limit)
    for row in rows:
        tx.run(_PURGED[what][1], row_id, *row)
    return len(rows) < limit


_PURGED = {
    "items": (
        "SELECT bucket, hash, sort FROM dynamodb_items WHERE tbl = ? LIMIT ?",
        "DELETE FROM dynamodb_items WHERE tbl = ? AND bucket = ? AND hash = ? AND sort = ?",
    ),
    "index_entries": (
        "SELECT bucket, hash, sort, item_hash, item_sort FROM dynamodb_index_entries WHERE idx = ? LIMIT ?",
        "DELETE FROM dynamodb_index_entries"
        " WHERE idx = ? AND bucket = ? AND hash = ? AND sort = ? AND item_hash = ? AND item_sort = ?",
    ),
}


def table_names(tx: Transaction, where: str, after: str, limit: int) -> list[str]:
    """Names of the tables of an account and region, after a name."""
    rows = tx.all(
        "SELECT name FROM dynamodb_tables WHERE place = ? AND name > ? ORDER BY name LIMIT ?", where, after, limit
    )
    return [row[0] for row in rows]


def table_row(tx: Transaction, arn: str) -> tuple[Any, ...] | None:
    """A table's id and revision."""
    return tx.one("SELECT id, revision FROM dynamodb_tables WHERE arn = ?", arn)


def table_document(tx: Transaction, arn: str) -> str:
    """A table's description."""
    row = tx.one("SELECT document FROM dynamodb_tables WHERE arn = ?", arn)
    assert row is not None  # asked only for tables just found
    return str(row[0])
