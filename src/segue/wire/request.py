"""What the HTTP edge hands in and gets back. Plain values; no socket, no framework."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class StoredBody:
    """A request's body that is in the store of blobs already, because it is too large to be held.

    Attributes:
        sha256: its name there, in hexadecimal.
        size: in bytes.
        digests: further digests of it, by AWS's name in lower case (``md5``, ``crc32``, ``crc64nvme``, …).
    """

    sha256: str
    size: int
    digests: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FilePiece:
    """A stretch of a file: what an answer sends from the disk. Sizes and offsets in bytes."""

    path: str
    offset: int
    size: int

    @property
    def sha256(self) -> str:
        """Of the whole content, whose name the file has."""
        return self.path.rpartition("/")[2]


Fetch = Callable[[FilePiece], AsyncIterator[FilePiece]]
"""Has a stretch that is not on this disk fetched, piece by piece: where these are."""


@dataclass(frozen=True, slots=True)
class FileBody:
    """An answer's body that is on disk: one piece after the other.

    Attributes:
        fetch: for a piece whose file is not there; ``None``: it must be.
    """

    pieces: tuple[FilePiece, ...]
    fetch: Fetch | None = field(default=None, compare=False)

    @property
    def size(self) -> int:
        """In bytes."""
        return sum(piece.size for piece in self.pieces)


class Arriving(Protocol):
    """A body on its way to the disk.

    Attributes:
        passes: it is sent on from there to somebody else, and need not be taken.
    """

    passes: bool

    def take(self, request: Request) -> Awaitable[None]:
        """When all of it has come, give it to its request: as ``body`` or as ``stored``, with trailers as headers."""
        ...

    def discard(self) -> None:
        """Its request will not be performed: leave nothing."""
        ...


@dataclass(frozen=True, slots=True)
class ChunkSignature:
    """What a signed chunk came with: the signature, and the SHA-256 (hexadecimal) of what is signed."""

    signature: str
    sha256: str


@dataclass(slots=True)
class Request:
    """One HTTP request.

    Args:
        method: upper case, as received.
        path: raw path, percent-encoding kept (an ARN in a path segment may hold encoded slashes).
        query: raw query string without the question mark.
        headers: names in lower case; a repeated header's values are joined by ``", "``.
        body: the whole body, transfer encoding removed.
        stored: the body, where it went to the disk while it came; then ``body`` is empty.
        arriving: the body, where it is still on its way there.
        chunk_signatures: of a body that came in signed chunks, which are taken off already.
    """

    method: str
    path: str
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    form_tree: dict[str, object] | None = None  # query protocol: decoded once, by whoever needs it first
    stored: StoredBody | None = None
    arriving: Arriving | None = None
    chunk_signatures: tuple[ChunkSignature, ...] = ()

    def header(self, name: str, default: str = "") -> str:
        return self.headers.get(name, default)


@dataclass(frozen=True, slots=True)
class Upgrade:
    """What a connection becomes after an answer 101: a WebSocket of an application's address. Times in milliseconds.

    Attributes:
        label: of the address.
        id: of the socket.
        message_bytes, frame_bytes: the most that a client may send at once.
        idle_ms: how long it may be silent.
        lifetime_ms: how long it may be open.
    """

    label: str
    id: str
    message_bytes: int
    frame_bytes: int
    idle_ms: int
    lifetime_ms: int


@dataclass(slots=True)
class Response:
    """One HTTP answer; ``chunks``, when given, is sent after (instead of) ``body`` with chunked transfer encoding, or
    under its ``size`` (in bytes), where that is known.

    ``file`` is sent instead of ``body``, under its length. ``more`` are further headers, whose names may come more than
    once (``set-cookie``). With ``upgrade`` the connection is no longer of HTTP afterwards.
    """

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    chunks: AsyncIterator[bytes] | None = None
    file: FileBody | None = None
    more: tuple[tuple[str, str], ...] = ()
    size: int | None = None
    upgrade: Upgrade | None = None
