"""Big immutable content (code, layers, objects) as files named by their SHA-256, beside the database.

A file is complete and on disk before the transaction that names it commits, so what a row names is always there.
Writing the same content again changes nothing: handlers, which may be run again, can call :meth:`Blobs.put`.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from segue.wire.checksums import Digests
from segue.wire.request import FileBody

_UNFINISHED: Final = ".unfinished-"
_YOUNG_SECONDS: Final = 3_600.0


class BlobMissing(LookupError):
    """No content of that name: the data directory was damaged or changed by hand."""


class Blobs:
    """A directory of content, addressed by its SHA-256 in hexadecimal.

    Args:
        directory: where the files live (made if missing); ``None`` makes a temporary one that :meth:`close` removes.
        shared: whether other processes may be writing there.
    """

    def __init__(self, directory: Path | None, *, shared: bool = False) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="segue-blobs-") if directory is None else None
        self._directory = Path(self._temporary.name) if self._temporary else Path(directory or ".")
        self._directory.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()  # between "it is there already" and "nobody names it"
        before = time.time() - _YOUNG_SECONDS if shared else float("inf")
        for left in self._directory.glob(f"{_UNFINISHED}*"):  # of a process that was killed
            if _is_older(left, before):
                left.unlink(missing_ok=True)

    def put(self, content: bytes) -> str:
        """Keep ``content``; returns its SHA-256 in hexadecimal when it is on disk."""
        sha256 = hashlib.sha256(content).hexdigest()
        if self._touch(sha256):
            return sha256
        writer = self.writer()
        writer.write(content)
        return writer.finish(sha256)

    def writer(self) -> BlobWriter:
        """A new file for content that comes in pieces."""
        return BlobWriter(self)

    def _touch(self, sha256: str) -> bool:
        """Whether the content is there already; if so it is young again: the collector leaves it alone until the new
        row is committed."""
        with self._lock:
            try:
                os.utime(self._target(sha256))
            except FileNotFoundError:
                return False
            return True

    def _adopt(self, unfinished: Path, sha256: str) -> None:
        """A complete file, on disk, becomes the content of that name."""
        target = self._target(sha256)
        target.parent.mkdir(exist_ok=True)
        os.utime(unfinished)
        os.replace(unfinished, target)
        _sync_directory(target.parent)
        _sync_directory(self._directory)

    def path(self, sha256: str) -> Path:
        """Where the content is, to be read only."""
        return self._target(sha256)

    def read(self, sha256: str) -> bytes:
        """The content; :class:`BlobMissing` where it is not there."""
        return _read(self._target(sha256), 0, -1)

    def read_body(self, body: bytes | FileBody, limit: int) -> bytes:
        """The first ``limit`` bytes of an answer's body, wherever it is.

        Raises:
            BlobMissing: a file is not there.
        """
        if isinstance(body, bytes):
            return body[:limit]
        read: list[bytes] = []
        for piece in body.pieces:
            size = min(piece.size, limit)
            if size:
                read.append(_read(Path(piece.path), piece.offset, size))
                limit -= size
        return b"".join(read)

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
                self._touch(name)

    def old(self, after: str = "", limit: int = 500, older_than_seconds: float = _YOUNG_SECONDS) -> list[str]:
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

    def remove(self, names: Iterable[str], older_than_seconds: float = _YOUNG_SECONDS) -> int:
        """Remove content that no row names, except what became young again meanwhile; how many files."""
        removed, before = 0, time.time() - older_than_seconds
        for name in names:
            target = self._target(name)
            with self._lock:
                if _is_older(target, before):
                    target.unlink()
                    removed += 1
        return removed

    def close(self) -> None:
        """Remove a temporary directory; a given one stays."""
        if self._temporary is not None:
            self._temporary.cleanup()

    def _target(self, sha256: str) -> Path:
        return self._directory / sha256[:2] / sha256


class BlobWriter:
    """Content on its way into the store: written in pieces, named at its end. Whoever gives up may be another thread
    than the one that writes.

    Attributes:
        path: where it is until then.
    """

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        handle, path = tempfile.mkstemp(prefix=_UNFINISHED, dir=blobs._directory)
        self._file, self.path = os.fdopen(handle, "wb", buffering=0), Path(path)
        self._sha256 = hashlib.sha256()
        self._lock = threading.Lock()
        self._given_up = False

    @property
    def sha256(self) -> str:
        """The SHA-256, in hexadecimal, of what was written."""
        return self._sha256.hexdigest()

    def write(self, piece: bytes) -> None:
        """The next piece of the content."""
        with self._lock:
            self._sha256.update(piece)
            view = memoryview(piece)
            while view and not self._given_up:
                view = view[self._file.write(view) :]
        if self._given_up:
            self.discard()

    def finish(self, sha256: str = "") -> str:
        """The content is whole: its SHA-256, when it is on disk under that name."""
        with self._lock:
            try:
                name = sha256 or self._sha256.hexdigest()
                if not self._blobs._touch(name):
                    os.fsync(self._file.fileno())
                    self._blobs._adopt(self.path, name)
                return name
            finally:
                self._remove()

    def discard(self) -> None:
        """Forget what was written, unless it was finished. Waits for nobody: who is writing, or syncing, tidies up."""
        self._given_up = True
        if self._lock.acquire(blocking=False):
            try:
                self._remove()
            finally:
                self._lock.release()

    def _remove(self) -> None:
        self._file.close()
        self.path.unlink(missing_ok=True)


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
