"""Large bodies on their way to the disk: bounded in memory, written and digested beside the event loop.

What comes waits in memory until there is enough for a write; while more waits than is reasonable, the connection is
told not to read. A small body is never written: it is given to its request as bytes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from segue.store.blob_writer import BlobWriter
from segue.store.blobs import Blobs
from segue.wire.aws_chunked import ChunkedDecoder, is_chunked
from segue.wire.checksums import DEFAULT_ALGORITHM, Digests, announced
from segue.wire.request import Request, StoredBody

HELD_BYTES: Final = 16 * 1024
"""Up to this size bodies are held in memory (and kept in rows rather than in files)."""

_WRITE_BYTES: Final = 512 * 1024
_BEHIND_BYTES: Final = 4 * 1024 * 1024


class ArrivingBody:
    """One request's body.

    Args:
        head: the request without it.
        blobs: where it goes.
        passes: it is sent on from there, and nothing of it stays.
        framed: its frames stay on.
    """

    def __init__(self, head: Request, blobs: Blobs, *, passes: bool = False, framed: bool = False) -> None:
        self._blobs = blobs
        self._digests = Digests(() if passes else {"md5", "crc32c", DEFAULT_ALGORITHM, *announced(head.headers)})
        self._decoder = ChunkedDecoder() if is_chunked(head.headers) and not framed else None
        self.passes = passes
        self._decoded_size = head.header("x-amz-decoded-content-length")
        self._waiting: list[bytes] = []
        self._waiting_bytes = self._size = 0
        self._discarded = False
        self._error: Exception | None = None
        self._writer: BlobWriter | None = None
        self._writing: asyncio.Task[None] | None = None
        self.on_relief: Callable[[], None] | None = None

    @property
    def is_behind(self) -> bool:
        """Whether so much waits for the disk that no more should be read."""
        return self._waiting_bytes > _BEHIND_BYTES

    def feed(self, data: bytes) -> None:
        """The next piece, as it came."""
        if self._error is not None:
            return
        self._waiting.append(data)
        self._waiting_bytes += len(data)
        if self._waiting_bytes >= _WRITE_BYTES and self._writing is None:
            self._writing = asyncio.create_task(self._write(), name="body: write")

    def discard(self) -> None:
        """Its request will not be performed: leave nothing."""
        self._discarded = True
        self._take_waiting()
        self._forget()

    async def take(self, request: Request) -> None:
        """Give the body to its request.

        Raises:
            AwsError: its frames are broken.
            OSError: it could not be written.
        """
        try:
            if self._writing is not None:
                await self._writing
            if self._error is not None:
                raise self._error
            rest = self._take_waiting()
            if self._writer is None and sum(map(len, rest)) <= HELD_BYTES:
                request.body = b"".join(self._decode(rest, last=True))
            else:
                self._open()
                request.stored = await asyncio.to_thread(self._finish, rest)
        finally:
            self._forget()
        self._tell_frames(request)

    def _tell_frames(self, request: Request) -> None:
        if self._decoder is not None:
            request.headers.update(self._decoder.trailers)
            request.chunk_signatures = tuple(self._decoder.signatures)

    async def pass_on(self, request: Request) -> str:
        """Give a small body to its request, and of a large one the size and digest; the path of its file then, which
        :meth:`discard` removes.

        Raises:
            AwsError: its frames are broken.
            OSError: it could not be written.
        """
        if self._writing is not None:
            await self._writing
        if self._error is not None:
            raise self._error
        rest = self._take_waiting()
        file = ""
        if self._writer is None:
            request.body = b"".join(self._decode(rest, last=True))
        else:
            await asyncio.to_thread(self._keep, rest, last=True)
            file = str(self._writer.path)
            request.stored = StoredBody(self._writer.sha256, self._size)
        self._tell_frames(request)
        return file

    async def _write(self) -> None:
        """Write until less than a piece waits."""
        try:
            while self._waiting_bytes >= _WRITE_BYTES and not self._discarded:
                self._open()
                await asyncio.to_thread(self._keep, self._take_waiting())
                self._relieve()
        except Exception as error:  # told when the body is taken
            self._error = error
            self._take_waiting()
            self._relieve()
        finally:
            self._writing = None

    def _relieve(self) -> None:
        if self.on_relief is not None:
            relieve, self.on_relief = self.on_relief, None
            relieve()

    def _open(self) -> None:
        # here rather than in the thread, which nobody can stop: whoever gives up finds what there is to remove
        if self._writer is None:
            self._writer = self._blobs.writer()

    def _take_waiting(self) -> list[bytes]:
        waiting, self._waiting, self._waiting_bytes = self._waiting, [], 0
        return waiting

    def _decode(self, pieces: list[bytes], *, last: bool = False) -> list[bytes]:
        if self._decoder is None:
            return pieces
        decoded = [content for piece in pieces for content in self._decoder.feed(piece)]
        if last:
            self._decoder.finish(self._decoded_size)
        return decoded

    # --- in a thread

    def _keep(self, pieces: list[bytes], *, last: bool = False) -> None:
        assert self._writer is not None
        content = b"".join(self._decode(pieces, last=last))
        self._size += len(content)
        self._digests.update(content)
        self._writer.write(content)

    def _finish(self, rest: list[bytes]) -> StoredBody:
        self._keep(rest, last=True)
        assert self._writer is not None
        sha256 = self._writer.finish()
        digests = {**self._digests.result(), "sha256": bytes.fromhex(sha256)}
        return StoredBody(sha256, self._size, digests)

    def _forget(self) -> None:
        if self._writer is not None:
            self._writer.discard()
