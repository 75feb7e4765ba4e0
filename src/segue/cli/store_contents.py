"""Packages and objects of a store that is looked at, copied or made by ``segue store``, wherever they are kept."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar
from uuid import uuid4

from segue.config import content_endpoint
from segue.store import Transaction, contents
from segue.store.blobs import Blobs, too_large
from segue.store.contents import AT_ENDPOINT, IN_ROWS, BlobMissing, ContentUnavailable, Kept
from segue.worker.content_mover import CHUNK_BYTES, LARGEST_IN_ROWS_BYTES
from segue.worker.s3_endpoint import SCHEME, S3Endpoint, not_named

T = TypeVar("T")
_AT_ONCE: Final = 500
_PIECE_BYTES: Final = 1 << 20


class StoredContents:
    """Content in files, in rows or at an endpoint, in whatever way each is kept.

    Args:
        place: a folder, or ``s3://BUCKET/PREFIX``.
        in_rows: what is new goes into rows.
    """

    def __init__(self, place: str, folder: Path, *, in_rows: bool) -> None:
        self._endpoint = S3Endpoint(place, *content_endpoint(os.environ)) if place.startswith(SCHEME) else None
        self._in_rows = in_rows
        in_files = not in_rows and self._endpoint is None
        self._blobs = Blobs(folder if in_files or folder.is_dir() else None, shared=True)
        self._runner = asyncio.Runner()
        self._sent: list[str] = []

    def hold(self) -> None:
        """What is in files now is not collected while it is copied."""
        self._blobs.rejuvenate()

    def read(self, tx: Transaction, sha256: str) -> tuple[int, Iterator[bytes]]:
        """Its size, and its bytes.

        Raises:
            BlobMissing: it is nowhere.
            ContentUnavailable: where it is kept cannot be reached.
        """
        path = self._blobs.path(sha256)
        if path.exists():
            return path.stat().st_size, _pieces(path)
        kept = _kept(tx, (sha256,)).get(sha256)
        if kept is None:
            raise BlobMissing(f"the content {sha256} is neither in {path.parent.parent} nor kept anywhere else")
        return kept.size, (self._chunk(tx, kept, number) for number in range(kept.chunks))

    def write(self, tx: Transaction, pieces: Iterable[bytes]) -> str:
        """Keep content; its SHA-256.

        Raises:
            ContentUnavailable: it cannot be kept there.
        """
        writer = self._blobs.writer()
        try:
            for piece in pieces:
                writer.write(piece)
            if not self._in_rows and self._endpoint is None:
                return writer.finish()
            self._keep(tx, writer.sha256, writer.path)
            return writer.sha256
        finally:
            writer.discard()

    def missing(self, tx: Transaction, names: Sequence[str]) -> Iterator[str]:
        """Which of these contents are not to be had, and why, in words."""
        for at in range(0, len(names), _AT_ONCE):
            found = _kept(tx, names[at : at + _AT_ONCE])
            for name in names[at : at + _AT_ONCE]:
                path = self._blobs.path(name)
                if (kept := found.get(name)) is not None:
                    if lost := self._lost(tx, kept):
                        yield f"content {name} is named, and {lost} of its {kept.chunks} chunks are missing"
                elif not path.exists():
                    yield f"content {name} is named, and neither in {path.parent.parent} nor kept anywhere else"

    def undo(self) -> None:
        """Remove what was sent to the endpoint: there will be no rows that name it."""
        for key in self._sent:
            self._wait(self._at_endpoint(key).delete(key))

    def close(self) -> None:
        """Let go of it."""
        self._runner.close()
        self._blobs.close()

    def _keep(self, tx: Transaction, sha256: str, path: Path) -> None:
        kind = AT_ENDPOINT if self._endpoint is not None else IN_ROWS
        size, chunk_bytes = path.stat().st_size, CHUNK_BYTES[kind]
        if self._endpoint is None and size > LARGEST_IN_ROWS_BYTES:
            raise ContentUnavailable(too_large(size, LARGEST_IN_ROWS_BYTES))
        place = contents.new_place(kind, sha256, str(uuid4()))
        contents.begin(tx, place, -(-size // chunk_bytes))
        digests = b""
        for number, chunk in enumerate(_pieces(path, chunk_bytes)):
            digests += contents.digest(chunk)
            if self._endpoint is None:
                contents.put_chunk(tx, place, number, chunk)
            else:
                self._sent.append(f"{place}/{number}")
                self._wait(self._endpoint.put(self._sent[-1], chunk))
        contents.finish(tx, Kept(sha256, place, size, chunk_bytes, digests))

    def _chunk(self, tx: Transaction, kept: Kept, number: int) -> bytes:
        if kept.place.startswith(IN_ROWS):
            chunk = contents.get_chunk(tx, kept.place, number)
        else:
            key = f"{kept.place}/{number}"
            chunk = self._wait(self._at_endpoint(key).get(key))
        return kept.checked(number, chunk)

    def _lost(self, tx: Transaction, kept: Kept) -> int:
        """How many of its chunks are not where it is kept."""
        if kept.place.startswith(IN_ROWS):
            row = tx.one("SELECT COUNT(*) FROM content_chunks WHERE place = ?", kept.place)
            return kept.chunks - (row[0] if row else 0)
        endpoint = self._at_endpoint(kept.place)

        async def found() -> list[bool]:
            return await asyncio.gather(*(endpoint.has(f"{kept.place}/{n}") for n in range(kept.chunks)))

        return self._wait(found()).count(False)

    def _at_endpoint(self, key: str) -> S3Endpoint:
        if self._endpoint is None:
            raise not_named(key)
        return self._endpoint

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(work)


@contextmanager
def stored_contents(place: str, folder: Path, *, in_rows: bool) -> Iterator[StoredContents]:
    """They are let go of at the end of the block; if it raises, what was sent to an endpoint is removed."""
    stored = StoredContents(place, folder, in_rows=in_rows)
    try:
        yield stored
    except BaseException:
        stored.undo()
        raise
    finally:
        stored.close()


def _kept(tx: Transaction, names: Sequence[str]) -> dict[str, Kept]:
    """What of these is kept; a store that no server of this version has opened has no such rows yet."""
    known = tx.one("SELECT 1 FROM schema_versions WHERE component = ?", contents.COMPONENT)
    return {} if known is None else contents.find(tx, names)


def _pieces(path: Path, size: int = _PIECE_BYTES) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(size):
            yield piece
