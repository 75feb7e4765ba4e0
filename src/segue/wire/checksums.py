"""Digests of bodies, taken piece by piece: those that name and tag objects, and those that SDKs send along.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterable, Mapping
from typing import Final, Protocol

from awscrt import checksums as crc

ALGORITHMS: Final = (
    *("crc32", "crc32c", "crc64nvme", "sha1", "sha256"),
    *("sha512", "md5", "xxhash64", "xxhash3", "xxhash128"),
)
"""The checksums that clients send, by their names in headers."""

DEFAULT_ALGORITHM: Final = "crc64nvme"
"""What S3 computes where the client sent none."""

HEADER: Final = "x-amz-checksum-"

_CRCS: Final[dict[str, tuple[Callable[[bytes, int], int], int]]] = {
    "crc32": (zlib.crc32, 4),
    "crc32c": (crc.crc32c, 4),
    "crc64nvme": (crc.crc64nvme, 8),
}
_XXHASHES: Final[dict[str, Callable[[], crc.XXHash]]] = {
    "xxhash64": crc.XXHash.new_xxhash64,
    "xxhash3": crc.XXHash.new_xxhash3_64,
    "xxhash128": crc.XXHash.new_xxhash3_128,
}
_COMBINE: Final[dict[str, Callable[[int, int, int], int]]] = {
    "crc32": crc.combine_crc32,
    "crc32c": crc.combine_crc32c,
    "crc64nvme": crc.combine_crc64nvme,
}


class _Digest(Protocol):
    def update(self, piece: bytes, /) -> None: ...

    def digest(self) -> bytes: ...


class _Crc:
    def __init__(self, name: str) -> None:
        self._function, self._size = _CRCS[name]
        self._value = 0

    def update(self, piece: bytes) -> None:
        self._value = self._function(piece, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(self._size, "big")


class _XxHash:
    def __init__(self, name: str) -> None:
        self._hash = _XXHASHES[name]()

    def update(self, piece: bytes) -> None:
        self._hash.update(piece)

    def digest(self) -> bytes:
        return bytes(self._hash.finalize())


def _digest(name: str) -> _Digest:
    if name in _CRCS:
        return _Crc(name)
    if name in _XXHASHES:
        return _XxHash(name)
    return hashlib.new(name, usedforsecurity=False)


class Digests:
    """Several digests of one body at once."""

    def __init__(self, names: Iterable[str]) -> None:
        self._digests = {name: _digest(name) for name in names}

    def update(self, piece: bytes) -> None:
        """The next piece of the body."""
        for digest in self._digests.values():
            digest.update(piece)

    def result(self) -> dict[str, bytes]:
        """The digests by name."""
        return {name: digest.digest() for name, digest in self._digests.items()}


def digests_of(content: bytes, names: Iterable[str]) -> dict[str, bytes]:
    """The digests of a body that is in memory."""
    digests = Digests(names)
    digests.update(content)
    return digests.result()


def announced(headers: Mapping[str, str]) -> set[str]:
    """The checksums that a request's headers speak of: sent with it, to come as a trailer, or asked for."""
    said = f"{headers.get('x-amz-trailer', '')},{headers.get('x-amz-sdk-checksum-algorithm', '')}".lower()
    names = {text.strip().removeprefix(HEADER) for text in said.split(",")}
    names |= {name.removeprefix(HEADER) for name in headers if name.startswith(HEADER)}
    return names & set(ALGORITHMS)


def combined(name: str, parts: Iterable[tuple[bytes, int]]) -> bytes:
    """The checksum of a whole body from those of its parts and their sizes in bytes.

    Raises:
        KeyError: the algorithm is no CRC: then the whole has none but its parts' together (``COMPOSITE``).
    """
    combine, size = _COMBINE[name], _CRCS[name][1]
    value = 0
    for digest, length in parts:
        value = combine(value, int.from_bytes(digest, "big"), length)
    return value.to_bytes(size, "big")


def composite(name: str, parts: Iterable[bytes]) -> bytes:
    """The checksum of the parts' checksums."""
    return digests_of(b"".join(parts), (name,))[name]


def is_crc(name: str) -> bool:
    """Whether an algorithm's checksums of parts can be combined to that of the whole."""
    return name in _CRCS
