"""Big immutable content (code, layers, objects) as files named by their SHA-256, beside the database.

A file is complete and on disk before the transaction that names it commits, so what a row names is always there.
Writing the same content again changes nothing: handlers, which may be run again, can call :meth:`Blobs.put`.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from collections.abc import Collection
from pathlib import Path


class BlobMissing(LookupError):
    """No content of that name: the data directory was damaged or changed by hand."""


class Blobs:
    """A directory of content, addressed by its SHA-256 in hexadecimal.

    Args:
        directory: where the files live (made if missing); ``None`` makes a temporary one that :meth:`close` removes.
    """

    def __init__(self, directory: Path | None) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="segue-blobs-") if directory is None else None
        self._directory = Path(self._temporary.name) if self._temporary else Path(directory or ".")
        self._directory.mkdir(parents=True, exist_ok=True)

    def put(self, content: bytes) -> str:
        """Keep ``content``; returns its SHA-256 in hexadecimal when it is on disk."""
        sha256 = hashlib.sha256(content).hexdigest()
        target = self._target(sha256)
        if target.exists():
            os.utime(target)  # young again: the collector leaves it alone until the new row is committed
            return sha256
        target.parent.mkdir(exist_ok=True)
        handle, unfinished = tempfile.mkstemp(prefix=".unfinished-", dir=target.parent)
        try:
            with os.fdopen(handle, "wb") as sink:
                sink.write(content)
                sink.flush()
                os.fsync(sink.fileno())
            os.replace(unfinished, target)
        except BaseException:
            Path(unfinished).unlink(missing_ok=True)
            raise
        _sync_directory(target.parent)
        _sync_directory(self._directory)
        return sha256

    def path(self, sha256: str) -> Path:
        """Where the content is, to be read only."""
        return self._target(sha256)

    def read(self, sha256: str) -> bytes:
        """The content; :class:`BlobMissing` where it is not there."""
        try:
            return self._target(sha256).read_bytes()
        except FileNotFoundError:
            raise BlobMissing(f"the content {sha256} is not in {self._directory}") from None

    def collect(self, in_use: Collection[str], older_than_seconds: float = 3_600) -> int:
        """Remove what no row names and what is not young (its row may not be committed yet); how many files."""
        removed = 0
        before = time.time() - older_than_seconds
        for file in self._directory.glob("??/*"):
            if file.name not in in_use and file.stat().st_mtime < before:
                file.unlink(missing_ok=True)
                removed += 1
        return removed

    def close(self) -> None:
        """Remove a temporary directory; a given one stays."""
        if self._temporary is not None:
            self._temporary.cleanup()

    def _target(self, sha256: str) -> Path:
        return self._directory / sha256[:2] / sha256


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
