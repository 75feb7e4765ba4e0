"""Content that is kept where every node finds it: in chunks, in rows of the database or at an S3-compatible endpoint.

Each upload has a *place* of its own, where its chunks lie; a row of ``contents`` says at which place content is whole.
Before the first byte goes to a place there is a row of it in ``content_places``, and with the content's row it goes. So
whatever a process was doing when it was killed: what is at a place that has been there for an hour may be removed, and
nothing else has to be looked for. Nothing is ever written to a place again, so removing one cannot harm content that
somebody else is just keeping.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from segue.store.transaction import Transaction
from segue.wire.request import FilePiece

MIGRATIONS: Final = (
    """
    CREATE TABLE contents (
        sha256 TEXT PRIMARY KEY,
        place TEXT NOT NULL,
        size BIGINT NOT NULL,
        chunk_bytes BIGINT NOT NULL,
        digests BYTEA NOT NULL,
        touched_at BIGINT NOT NULL
    );
    CREATE TABLE content_places (
        place TEXT PRIMARY KEY,
        chunks BIGINT NOT NULL,
        is_leaving BIGINT NOT NULL,
        since BIGINT NOT NULL
    );
    CREATE INDEX content_places_since ON content_places (since);
    CREATE TABLE content_chunks (
        place TEXT NOT NULL,
        number BIGINT NOT NULL,
        content BYTEA NOT NULL,
        PRIMARY KEY (place, number)
    );
    """,
)
COMPONENT: Final = "contents"
TABLES: Final = frozenset(("contents", "content_places", "content_chunks"))

PARTITION_KEYS: Final = {"contents": "sha256", "content_chunks": "place"}

IN_ROWS: Final = "rows/"
AT_ENDPOINT: Final = "s3/"
"""What the names of places begin with."""

YOUNG_MS: Final = 3_600_000
"""So long content is kept that no row names, and the chunks of an upload that has not ended."""

_DIGEST_BYTES: Final = 32


class BlobMissing(LookupError):
    """No content of that name: what keeps it was damaged or changed by hand."""


class ContentUnavailable(Exception):
    """Content can be moved neither to where it is kept nor from there, at present. In words."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Content that is whole at its place.

    Attributes:
        size: in bytes.
        chunk_bytes: the size of each chunk but the last.
        digests: the SHA-256 of each chunk, one behind the other.
    """

    sha256: str
    place: str
    size: int
    chunk_bytes: int
    digests: bytes

    @property
    def chunks(self) -> int:
        """How many there are."""
        return len(self.digests) // _DIGEST_BYTES

    def digest(self, number: int) -> str:
        """The SHA-256 of a chunk, in hexadecimal."""
        return self.digests[number * _DIGEST_BYTES :][:_DIGEST_BYTES].hex()

    def checked(self, number: int, chunk: bytes | None) -> bytes:
        """A chunk, once it is seen to be that.

        Raises:
            BlobMissing: it is not where it is kept.
            ContentUnavailable: it is another.
        """
        where = f"where the content {self.sha256} is kept, at {self.place}/{number}"
        if chunk is None:
            raise BlobMissing(f"there is nothing {where}")
        if digest(chunk).hex() != self.digest(number):
            raise ContentUnavailable(f"a chunk is damaged {where}")
        return chunk

    def cut(self, piece: FilePiece) -> Iterator[tuple[int, int, int]]:
        """The chunks that a stretch lies in: the number of each, and the stretch of it."""
        at, end = piece.offset, min(piece.offset + piece.size, self.size)
        while at < end:
            number, offset = divmod(at, self.chunk_bytes)
            size = min(self.chunk_bytes - offset, end - at)
            yield number, offset, size
            at += size


def digest(chunk: bytes) -> bytes:
    """The SHA-256 of a chunk."""
    return hashlib.sha256(chunk).digest()


def new_place(kind: str, sha256: str, unique: str) -> str:
    """A name for a place where content has not been yet."""
    return f"{kind}{sha256[:2]}/{sha256}/{unique}"


def find(tx: Transaction, names: Collection[str]) -> dict[str, Kept]:
    """Which of these contents are kept, and where."""
    if not names:
        return {}
    sql = f"SELECT sha256, place, size, chunk_bytes, digests FROM contents WHERE sha256 IN ({_marks(names)})"
    return {row[0]: Kept(row[0], row[1], row[2], row[3], bytes(row[4])) for row in tx.all(sql, *names)}


def touch(tx: Transaction, sha256: str) -> bool:
    """Whether the content is kept; it is young again then: its row will be committed in a moment."""
    return bool(tx.run("UPDATE contents SET touched_at = ? WHERE sha256 = ?", tx.now_ms, sha256))


def begin(tx: Transaction, place: str, chunks: int) -> None:
    """Chunks are about to go to a place."""
    sql = "INSERT INTO content_places (place, chunks, is_leaving, since) VALUES (?, ?, 0, ?)"
    tx.run(sql, place, chunks, tx.now_ms)


def goes_on(tx: Transaction, place: str) -> bool:
    """Whether the place is still to be filled; it is young again then."""
    sql = "UPDATE content_places SET since = ? WHERE place = ? AND is_leaving = 0"
    return bool(tx.run(sql, tx.now_ms, place))


def put_chunk(tx: Transaction, place: str, number: int, content: bytes) -> None:
    """Keep a chunk in a row."""
    sql = "INSERT INTO content_chunks (place, number, content) VALUES (?, ?, ?) ON CONFLICT (place, number) DO NOTHING"
    tx.run(sql, place, number, content)


def get_chunk(tx: Transaction, place: str, number: int) -> bytes | None:
    """A chunk that is kept in a row; ``None``: it is not there any more."""
    row = tx.one("SELECT content FROM content_chunks WHERE place = ? AND number = ?", place, number)
    return None if row is None else bytes(row[0])


def finish(tx: Transaction, kept: Kept) -> bool:
    """All chunks are at their place; ``False``: it has been given up meanwhile, and another is to be filled."""
    if not tx.run("DELETE FROM content_places WHERE place = ? AND is_leaving = 0", kept.place):
        return False
    if touch(tx, kept.sha256):  # somebody else was faster
        _leave(tx, kept.place, kept.chunks)
        return True
    tx.run(
        "INSERT INTO contents (sha256, place, size, chunk_bytes, digests, touched_at) VALUES (?, ?, ?, ?, ?, ?)",
        kept.sha256,
        kept.place,
        kept.size,
        kept.chunk_bytes,
        kept.digests,
        tx.now_ms,
    )
    return True


def old(tx: Transaction, after: str, limit: int) -> list[str]:
    """The names of content that is not young, in order, behind ``after``."""
    sql = "SELECT sha256 FROM contents WHERE sha256 > ? AND touched_at < ? ORDER BY sha256 LIMIT ?"
    return [row[0] for row in tx.all(sql, after, tx.now_ms - YOUNG_MS, limit)]


def drop(tx: Transaction, names: Collection[str]) -> None:
    """Keep content no more that no row names, unless it is young. Its chunks stay for an hour: for who still reads."""
    if not names:
        return
    sql = f"SELECT sha256, place, digests FROM contents WHERE touched_at < ? AND sha256 IN ({_marks(names)})"
    for sha256, place, digests in tx.all(sql, tx.now_ms - YOUNG_MS, *names):
        tx.run("DELETE FROM contents WHERE sha256 = ?", sha256)
        _leave(tx, place, len(digests) // _DIGEST_BYTES)


def names(tx: Transaction) -> list[str]:
    """Of all content that is kept."""
    return [row[0] for row in tx.all("SELECT sha256 FROM contents ORDER BY sha256")]


def clear(tx: Transaction) -> None:
    """Nothing is kept any more: all of it is in files."""
    for table in TABLES:
        tx.run(f"DELETE FROM {table}")


def leaving(tx: Transaction, limit: int) -> list[tuple[str, int]]:
    """Some places whose chunks may be removed, with the number of these: nobody fills them any more."""
    sql = "SELECT place, chunks FROM content_places WHERE since < ? ORDER BY since LIMIT ?"
    found = tx.all(sql, tx.now_ms - YOUNG_MS, limit)
    for place, _ in found:
        tx.run("UPDATE content_places SET is_leaving = 1 WHERE place = ?", place)
    return [(row[0], row[1]) for row in found]


def forget(tx: Transaction, place: str) -> None:
    """There is nothing at the place any more."""
    tx.run("DELETE FROM content_chunks WHERE place = ?", place)
    tx.run("DELETE FROM content_places WHERE place = ?", place)


def _leave(tx: Transaction, place: str, chunks: int) -> None:
    sql = "INSERT INTO content_places (place, chunks, is_leaving, since) VALUES (?, ?, 1, ?)"
    tx.run(sql, place, chunks, tx.now_ms)


def _marks(names: Collection[str]) -> str:
    return ", ".join("?" * len(names))
