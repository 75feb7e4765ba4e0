"""Content on its way into a file of :mod:`segue.store.blobs`."""

from __future__ import annotations

import hashlib
import os
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from segue.store.blobs import Blobs

UNFINISHED: Final = ".unfinished-"
"""What the names of files begin with until their content is whole."""


class BlobWriter:
    """Content on its way into the store: written in pieces, named at its end. Whoever gives up may be another thread
    than the one that writes.

    Attributes:
        path: where it is until then.
    """

    def __init__(self, blobs: Blobs, directory: Path) -> None:
        self._blobs = blobs
        handle, path = tempfile.mkstemp(prefix=UNFINISHED, dir=directory)
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
                if not self._blobs.touch(name):
                    os.fsync(self._file.fileno())
                    self._blobs.adopt(self.path, name)
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
