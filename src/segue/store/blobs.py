"""Big immutable content (code, layers, objects) as files named by their SHA-256, beside the database.

A file is complete and on disk before the transaction that names it commits, so what a row names is always there.
Writing the same content again changes nothing: handlers, which may be run again, can call :meth:`Blobs.put`.

Where several nodes share no folder, content is kept elsewhere (:mod:`segue.store.contents`), and the files are a cache
of it. Handlers see files only: one that needs content which is not here, or names content which is nowhere else yet,
ends with :class:`ContentElsewhere`; an edge moves it, and the handler is run again.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import threading
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from segue.clock import Clock, SystemClock
from segue.errors import AwsError
from segue.store.blob_writer import UNFINISHED, BlobWriter
from segue.store.contents import BlobMissing, Kept
from segue.wire.checksums import Digests
from segue.wire.request import Fetch, FileBody, FilePiece

MOVE: Final = "blobs:move"
"""The effect that moves what a :class:`ContentElsewhere` names."""

YOUNG_SECONDS: Final = 3_600.0
"""So long content is left alone that no row names: its row may not be committed yet."""

_KNOWN_MS: Final = 600_000  # much less than content is young
_REMEMBERED: Final = 4_096


class ContentElsewhere(Exception):
    """A unit cannot go on before content was moved; it is to be run again after that.

    Attributes:
        send: what is on this disk and must be where all nodes find it.
        fetch: stretches of what is kept there and not on this disk.
    """

    def __init__(self, *, send: tuple[str, ...] = (), fetch: tuple[FilePiece, ...] = ()) -> None:
        super().__init__("content has to be moved first")
        self.send = send
        self.fetch = fetch


class Blobs:
    """A directory of content, addressed by its SHA-256 in hexadecimal.

    Args:
        directory: where the files live (made if missing); ``None`` makes a temporary one that :meth:`close` removes.
        shared: whether other processes may be writing there.
        is_cache: whether content is kept elsewhere, and the files may go at any time.
        largest_bytes: the most that content may have, kept there.
        clock: by which content kept there is young.

    Attributes:
        fetch: has a stretch fetched while an answer is being sent; set by the composition root.
        chunks: of content that came from elsewhere, what it is made of.
        missing: what was looked for elsewhere in vain; whoever needs it is told so, once.
        written_bytes: how much has been written to the directory.
    """

    def __init__(
        self,
        directory: Path | None,
        *,
        shared: bool = False,
        is_cache: bool = False,
        largest_bytes: int | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.is_cache = is_cache
        self.fetch: Fetch | None = None
        self.chunks: dict[str, Kept] = {}
        self.missing: set[str] = set()
        self.written_bytes = 0
        self._largest_bytes = largest_bytes
        self._clock = clock or SystemClock()
        self._sent_ms: dict[str, int] = {}
        self._temporary = tempfile.TemporaryDirectory(prefix="segue-blobs-") if directory is None else None
        self._directory = Path(self._temporary.name) if self._temporary else Path(directory or ".")
        self._directory.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()  # between "it is there already" and "nobody names it"
        before = time.time() - YOUNG_SECONDS if shared else float("inf")
        for left in self._directory.glob(f"{UNFINISHED}*"):  # of a process that was killed
            if _is_older(left, before):
                left.unlink(missing_ok=True)

    def put(self, content: bytes) -> str:
        """Keep ``content``, which a row is about to name; returns its SHA-256 in hexadecimal when it is on disk.

        Raises:
            AwsError, ContentElsewhere: see :meth:`claim`.
        """
        sha256 = self.write(content)
        self.claim(sha256, len(content))
        return sha256

    def write(self, content: bytes) -> str:
        """:meth:`put`, for what no row is to name: a file is enough."""
        sha256 = hashlib.sha256(content).hexdigest()
        if not self.touch(sha256):
            writer = self.writer()
            writer.write(content)
            writer.finish(sha256)
        return sha256

    def claim(self, sha256: str, size: int) -> None:
        """A row is about to name content that is on this disk.

        Raises:
            AwsError: ``EntityTooLarge``: it cannot be kept where all nodes find it.
            ContentElsewhere: it is not there yet.
        """
        if not self.is_cache:
            return
        self.check_size(size)
        if self._sent_ms.get(sha256, 0) < self._clock.now_ms() - _KNOWN_MS:
            raise ContentElsewhere(send=(sha256,))

    def check_size(self, size: int) -> None:
        """Raise ``AwsError`` ``EntityTooLarge`` where so much cannot be kept where all nodes find it."""
        if self._largest_bytes is not None and size > self._largest_bytes:
            raise AwsError("EntityTooLarge", too_large(size, self._largest_bytes))

    def sent(self, sha256: str) -> None:
        """The content is where all nodes find it, and young there."""
        remember(self._sent_ms, sha256, self._clock.now_ms())

    def body(self, stretches: Iterable[tuple[str, int, int]]) -> FileBody:
        """An answer of stretches of content: SHA-256, offset and size of each.

        Raises:
            BlobMissing: its begin is nowhere.
            ContentElsewhere: its begin is not here. What follows may be fetched while it is sent.
        """
        pieces = tuple(FilePiece(str(self._target(sha256)), offset, size) for sha256, offset, size in stretches)
        for first in pieces[:1]:
            self.at_hand((FilePiece(first.path, first.offset, min(first.size, 1)),))
        return FileBody(pieces, self.fetch)

    def at_hand(self, pieces: Iterable[FilePiece]) -> list[FilePiece]:
        """Where these stretches are on this disk.

        Raises:
            BlobMissing: one is nowhere.
            ContentElsewhere: some are not here.
        """
        found: list[FilePiece] = []
        away: list[FilePiece] = []
        for piece in pieces:
            if self.has(piece.path):
                found.append(piece)
                continue
            kept = self.chunks.get(piece.sha256)
            chunks = [] if kept is None else [self.chunk(kept, number, cut) for number, *cut in kept.cut(piece)]
            if kept is None or not all(self.has(chunk.path) for chunk in chunks):
                away.append(piece)
            found += chunks
        lost = [piece.sha256 for piece in away if piece.sha256 in self.missing]
        if lost:
            self.missing.difference_update(lost)
            raise BlobMissing(f"the content {lost[0]} is neither in {self._directory} nor kept anywhere else")
        if away:
            raise ContentElsewhere(fetch=tuple(away))
        return found

    def chunk(self, kept: Kept, number: int, stretch: Sequence[int] = (0, 0)) -> FilePiece:
        """Where a chunk of content is to be, or a stretch of it: from an offset, so many bytes."""
        return FilePiece(str(self._target(kept.digest(number))), *stretch)

    def has(self, path: str) -> bool:
        """Whether a file is there; one of a cache is as if new then."""
        if not self.is_cache:
            return os.path.exists(path)
        try:
            os.utime(path)
        except FileNotFoundError:
            return False
        return True

    def writer(self) -> BlobWriter:
        """A new file for content that comes in pieces."""
        return BlobWriter(self, self._directory)

    def touch(self, sha256: str) -> bool:
        """Whether the content is there already; if so it is young again: the collector leaves it alone until the new
        row is committed."""
        with self._lock:
            try:
                os.utime(self._target(sha256))
            except FileNotFoundError:
                return False
            return True

    def adopt(self, unfinished: Path, sha256: str) -> None:
        """A complete file, on disk, becomes the content of that name. For :class:`BlobWriter`."""
        target = self._target(sha256)
        target.parent.mkdir(exist_ok=True)
        os.utime(unfinished)
        self.written_bytes += unfinished.stat().st_size
        os.replace(unfinished, target)
        _sync_directory(target.parent)
        _sync_directory(self._directory)

    def path(self, sha256: str) -> Path:
        """Where the content is, if it is on this disk, to be read only."""
        return self._target(sha256)

    def read_body(self, body: bytes | FileBody, limit: int) -> bytes:
        """The first ``limit`` bytes of an answer's body, wherever it is.

        Raises:
            BlobMissing, ContentElsewhere: see :meth:`at_hand`.
        """
        if isinstance(body, bytes):
            return body[:limit]
        wanted: list[FilePiece] = []
        for piece in body.pieces:
            size = min(piece.size, limit)
            if size:
                wanted.append(FilePiece(piece.path, piece.offset, size))
                limit -= size
        return b"".join(_read(Path(piece.path), piece.offset, piece.size) for piece in self.at_hand(wanted))

    def read_chunk(self, path: Path, offset: int, size: int) -> bytes:
        """A stretch of a file that is being sent elsewhere, and stays until then; shorter where it ends."""
        if not self.has(str(path)):
            raise BlobMissing(f"{path} has gone before it was kept anywhere else")
        return _read(path, offset, size)

    def digests(self, body: FileBody, names: Iterable[str]) -> dict[str, bytes]:
        """Digests of a body on disk, by the names of :mod:`segue.wire.checksums`; it is read in pieces."""
        digests = Digests(names)
        for piece in body.pieces:
            with Path(piece.path).open("rb") as file:
                file.seek(piece.offset)
                left = piece.size
                while left and (content := file.read(min(left, 1 << 20))):
                    digests.update(content)
                    left -= len(content)
        return digests.result()

    def rejuvenate(self) -> None:
        """Whatever is there is young again: for an hour, nobody removes it."""
        for directory in self._directory.glob("??"):
            for name in os.listdir(directory):
                self.touch(name)

    def old(self, after: str = "", limit: int = 500, older_than_seconds: float = YOUNG_SECONDS) -> list[str]:
        """The names of content that is not young (else its row may not be committed yet), in order, behind ``after``.

        This is what may be removed if no row names it.
        """
        found: list[str] = []
        before = time.time() - older_than_seconds
        for directory in sorted(self._directory.glob("??")):
            if directory.name < after[:2]:
                continue
            names = (name for name in os.listdir(directory) if name > after)
            found.extend(name for name in sorted(names) if _is_older(directory / name, before))
            if len(found) >= limit:
                break
        return found[:limit]

    def remove(self, names: Iterable[str], older_than_seconds: float = YOUNG_SECONDS) -> int:
        """Remove content that no row names, except what became young again meanwhile; how many files."""
        removed, before = 0, time.time() - older_than_seconds
        for name in names:
            target = self._target(name)
            with self._lock:
                if _is_older(target, before):
                    target.unlink()
                    removed += 1
        return removed

    def files(self) -> list[tuple[float, int, str]]:
        """When what is there was last used, its size in bytes, and its name; what was not used longest first."""
        found = []
        for directory in self._directory.glob("??"):
            with suppress(FileNotFoundError), os.scandir(directory) as files:
                for file in files:
                    with suppress(FileNotFoundError):
                        state = file.stat()
                        found.append((state.st_mtime, state.st_size, file.name))
        return sorted(found)

    def close(self) -> None:
        """Remove a temporary directory; a given one stays."""
        if self._temporary is not None:
            self._temporary.cleanup()

    def _target(self, sha256: str) -> Path:
        return self._directory / sha256[:2] / sha256


def too_large(size: int, largest_bytes: int) -> str:
    """What is told of content that the database does not take."""
    return (
        f"{size} bytes are more than the {largest_bytes} that are kept in the database. For larger content start every "
        "node with --blobs DIR, a folder that all of them share, or --blobs s3://BUCKET/PREFIX"
    )


def remember(among: dict[str, Any], name: str, value: Any) -> None:
    """Put a value among others, of which the oldest are forgotten."""
    among.pop(name, None)
    among[name] = value
    if len(among) > _REMEMBERED:
        del among[next(iter(among))]


def _read(path: Path, offset: int, size: int) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(offset)
            return file.read(size)
    except FileNotFoundError:
        raise BlobMissing(f"the content {path.name} is not in {path.parent.parent}") from None


def _is_older(file: Path, before: float) -> bool:
    try:
        return file.stat().st_mtime < before
    except FileNotFoundError:
        return False


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
