"""``aws-chunked``: bodies in chunks that may be signed, with checksums behind them as trailers.

Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html and sigv4-streaming-trailers.html
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final

from segue.errors import AwsError
from segue.wire.request import ChunkSignature, Request

_MAX_LINE: Final = 4_096
_MAX_TRAILERS: Final = 32
_MIN_SIGNED_CHUNK: Final = 8_192


def is_chunked(headers: Mapping[str, str]) -> bool:
    """Whether a request's body is framed so."""
    return headers.get("x-amz-content-sha256", "").startswith("STREAMING-") or "aws-chunked" in headers.get(
        "content-encoding", ""
    )


def _broken(message: str) -> AwsError:
    return AwsError("IncompleteBody", message)


class ChunkedDecoder:
    """Takes the frames off, piece by piece.

    Attributes:
        trailers: what came behind the last chunk, names in lower case.
        signatures: of the chunks, in order; of one for the trailers at the end.
        ended: whether the last chunk has come.
    """

    def __init__(self) -> None:
        self.trailers: dict[str, str] = {}
        self.signatures: list[ChunkSignature] = []
        self.size = 0
        self._buffer = bytearray()
        self._left = 0  # of the chunk that is being read
        self._state = "size"
        self._signature = ""
        self._sha256 = hashlib.sha256()
        self._short = False  # a signed chunk below the least size must be the last

    @property
    def ended(self) -> bool:
        return self._state == "trailers"

    def feed(self, data: bytes) -> list[bytes]:
        """What of ``data`` is content.

        Raises:
            AwsError: ``IncompleteBody``, ``InvalidChunkSizeError``: the frames are broken.
        """
        self._buffer += data
        pieces: list[bytes] = []
        while self._step(pieces):
            pass
        return pieces

    def finish(self, expected_size: str = "") -> None:
        """The body is over.

        Raises:
            AwsError: ``IncompleteBody``: it was not whole, or not of the length that was announced.
        """
        if self._state == "trailers" and self._buffer.strip():
            self._trailer(bytes(self._buffer))
            self._buffer.clear()
        if self._state != "trailers":
            raise _broken("The request body terminated unexpectedly")
        if expected_size.isdigit() and int(expected_size) != self.size:
            raise _broken(
                "You did not provide the number of bytes specified by the x-amz-decoded-content-length header"
            )

    def _step(self, pieces: list[bytes]) -> bool:
        """One step of reading; whether there may be another."""
        if self._state == "content":
            return self._content(pieces)
        end = self._buffer.find(b"\n")
        if end < 0:
            if len(self._buffer) > _MAX_LINE:
                raise _broken("The request body is not in chunks as announced")
            return False
        line = bytes(self._buffer[:end]).rstrip(b"\r")
        del self._buffer[: end + 1]
        if self._state == "trailers":
            self._trailer(line)
        elif self._state == "break":
            if line:
                raise _broken("The request body is not in chunks as announced")
            self._state = "size"
        else:
            self._begin(line)
        return True

    def _begin(self, line: bytes) -> None:
        text, _, extension = line.partition(b";")
        try:
            self._left = int(text, 16) if len(text) <= 16 and text.isalnum() else -1
        except ValueError:
            self._left = -1
        if self._left < 0:
            raise _broken("The request body is not in chunks as announced")
        name, _, value = extension.strip().partition(b"=")
        self._signature = value.decode("latin-1") if name == b"chunk-signature" else ""
        if self._signature and self._left:
            if self._short:
                raise AwsError(
                    "InvalidChunkSizeError",
                    "Only the last chunk is allowed to have a size less than 8192 bytes",
                    status=403,
                )
            self._short = self._left < _MIN_SIGNED_CHUNK
        self._sha256 = hashlib.sha256()
        if self._left:
            self._state = "content"
        else:
            self._close_chunk()
            self._state = "trailers"

    def _content(self, pieces: list[bytes]) -> bool:
        if not self._buffer:
            return False
        with memoryview(self._buffer) as view:
            piece = bytes(view[: self._left])
        del self._buffer[: len(piece)]
        self._left -= len(piece)
        self.size += len(piece)
        if self._signature:
            self._sha256.update(piece)
        pieces.append(piece)
        if self._left == 0:
            self._close_chunk()
            self._state = "break"
        return True

    def _close_chunk(self) -> None:
        if self._signature:
            self.signatures.append(ChunkSignature(self._signature, self._sha256.hexdigest()))

    def _trailer(self, line: bytes) -> None:
        name, separator, value = line.decode("latin-1").partition(":")
        if not separator:
            return
        if len(self.trailers) >= _MAX_TRAILERS:
            raise _broken("The request has too many trailers")
        self.trailers[name.strip().lower()] = value.strip()


def unframe(request: Request) -> None:
    """Take the frames off a request's body that is in memory; its trailers become headers.

    Raises:
        AwsError: the frames are broken.
    """
    decoder = ChunkedDecoder()
    request.body = b"".join(decoder.feed(request.body))
    decoder.finish(request.header("x-amz-decoded-content-length"))
    request.headers.update(decoder.trailers)
    request.chunk_signatures = tuple(decoder.signatures)
