"""Rows of buckets and objects, and the SQL about them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from segue.services.s3.errors import no_such_bucket
from segue.store import Row, Transaction


@dataclass(frozen=True, slots=True)
class Bucket:
    """One bucket. ``versioning``: ``Enabled``, ``Suspended``, or empty where it never was."""

    name: str
    account: str
    region: str
    created_at_ms: int
    versioning: str = ""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of content: ``size`` bytes of a blob from ``start``."""

    sha256: str
    start: int
    size: int


@dataclass(frozen=True, slots=True)
class ObjectVersion:
    """One version of an object, or a delete marker.

    Attributes:
        id: grows with time: the greatest of a key is its newest version.
        version_id: ``null`` where the bucket was not versioned.
        headers: what is told of it with its content, by the model's names.
        parts: the sizes and checksums of the parts that it was uploaded in; empty where it was uploaded at once.
    """

    id: int
    bucket: str
    key: str
    version_id: str
    is_current: bool
    is_marker: bool
    size: int
    etag: str
    modified_at_ms: int
    headers: dict[str, Any] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    parts: list[dict[str, Any]] = field(default_factory=list)


COLUMNS = "id, bucket, key, version_id, is_current, is_marker, size, etag, modified_at, headers, tags, parts"


def object_of(row: Row) -> ObjectVersion:
    """The version that a row of ``COLUMNS`` is."""
    return ObjectVersion(
        id=row[0],
        bucket=row[1],
        key=row[2],
        version_id=row[3],
        is_current=bool(row[4]),
        is_marker=bool(row[5]),
        size=row[6],
        etag=row[7],
        modified_at_ms=row[8],
        headers=json.loads(row[9]),
        tags=json.loads(row[10]),
        parts=json.loads(row[11]),
    )


def find_bucket(tx: Transaction, name: str) -> Bucket | None:
    """The bucket of that name, or ``None``."""
    row = tx.one("SELECT name, account, region, created_at, versioning FROM s3_buckets WHERE name = ?", name)
    return None if row is None else Bucket(*row)


def the_bucket(tx: Transaction, name: str) -> Bucket:
    """The bucket of that name; ``AwsError`` where there is none."""
    found = find_bucket(tx, name)
    if found is None:
        raise no_such_bucket(name)
    return found


def current(tx: Transaction, bucket: str, key: str) -> ObjectVersion | None:
    """The newest version of a key, which may be a delete marker."""
    row = tx.one(f"SELECT {COLUMNS} FROM s3_objects WHERE bucket = ? AND key = ? AND is_current = 1", bucket, key)
    return None if row is None else object_of(row)


def version(tx: Transaction, bucket: str, key: str, version_id: str) -> ObjectVersion | None:
    """A version of a key."""
    sql = f"SELECT {COLUMNS} FROM s3_objects WHERE bucket = ? AND key = ? AND version_id = ?"
    if version_id != "null":
        sql += " AND version_id <> 'null'"  # so that the partial index serves
    row = tx.one(sql, bucket, key, version_id)
    return None if row is None else object_of(row)


def insert(tx: Transaction, item: ObjectVersion, content: bytes | None, pieces: Iterable[Piece]) -> None:
    """A new current version: what was current is so no more."""
    tx.run(
        "UPDATE s3_objects SET is_current = 0 WHERE bucket = ? AND key = ? AND is_current = 1", item.bucket, item.key
    )
    tx.run(
        f"INSERT INTO s3_objects ({COLUMNS}, content) VALUES (?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?)",
        item.id,
        item.bucket,
        item.key,
        item.version_id,
        int(item.is_marker),
        item.size,
        item.etag,
        item.modified_at_ms,
        json.dumps(item.headers),
        json.dumps(item.tags),
        json.dumps(item.parts),
        content,
    )
    add_pieces(tx, item.id, pieces)


def add_pieces(tx: Transaction, owner: int, pieces: Iterable[Piece]) -> None:
    """What an object or a part is made of."""
    for ordinal, piece in enumerate(pieces):
        values = (owner, ordinal, piece.sha256, piece.start, piece.size)
        tx.run("INSERT INTO s3_pieces VALUES (?, ?, ?, ?, ?)", *values)


def pieces_of(tx: Transaction, owner: int) -> list[Piece]:
    """What an object or a part is made of, in order; nothing where its content is in its row."""
    rows = tx.all("SELECT sha256, start, size FROM s3_pieces WHERE owner = ? ORDER BY ordinal", owner)
    return [Piece(*row) for row in rows]


def cut(pieces: Iterable[Piece], offset: int, length: int) -> list[Piece]:
    """The stretches that ``length`` bytes from ``offset`` are."""
    found = []
    for piece in pieces:
        taken = min(piece.size - offset, length)
        if taken > 0:
            found.append(Piece(piece.sha256, piece.start + offset, taken))
            length -= taken
        offset = max(0, offset - piece.size)
    return found


def remove(tx: Transaction, item: ObjectVersion) -> None:
    """The version is gone; the one before it, if there is one, becomes the current one."""
    tx.run("DELETE FROM s3_objects WHERE id = ?", item.id)
    tx.run("DELETE FROM s3_pieces WHERE owner = ?", item.id)
    if item.is_current:
        tx.run(
            "UPDATE s3_objects SET is_current = 1 WHERE id = "
            "(SELECT MAX(id) FROM s3_objects WHERE bucket = ? AND key = ?)",
            item.bucket,
            item.key,
        )


def put_headers(tx: Transaction, item: ObjectVersion, headers: dict[str, Any]) -> None:
    """Change what is told of a version."""
    tx.run("UPDATE s3_objects SET headers = ? WHERE id = ?", json.dumps(headers), item.id)


def setting(tx: Transaction, bucket: str, kind: str) -> Any:
    """A bucket's configuration of a kind, or ``None``."""
    row = tx.one("SELECT document FROM s3_settings WHERE bucket = ? AND kind = ?", bucket, kind)
    return None if row is None else json.loads(row[0])


def put_setting(tx: Transaction, bucket: str, kind: str, document: Any) -> None:
    """Set a bucket's configuration of a kind."""
    tx.run(
        "INSERT INTO s3_settings VALUES (?, ?, ?)"
        " ON CONFLICT (bucket, kind) DO UPDATE SET document = excluded.document",
        bucket,
        kind,
        json.dumps(document),
    )


def drop_setting(tx: Transaction, bucket: str, kind: str) -> None:
    """A bucket has no configuration of that kind any more."""
    tx.run("DELETE FROM s3_settings WHERE bucket = ? AND kind = ?", bucket, kind)


def drop_upload(tx: Transaction, upload_id: str) -> None:
    """An upload is over; what an object has taken over of its parts has pieces of its own."""
    for (part,) in tx.all("SELECT id FROM s3_parts WHERE upload_id = ?", upload_id):
        tx.run("DELETE FROM s3_pieces WHERE owner = ?", part)
    tx.run("DELETE FROM s3_parts WHERE upload_id = ?", upload_id)
    tx.run("DELETE FROM s3_uploads WHERE upload_id = ?", upload_id)
