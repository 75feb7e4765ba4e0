"""Digests of bodies, taken piece by piece: those that name and tag objects, and those that SDKs send along.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import import_module
from typing import Any, Final, Protocol

ALGORITHMS: Final = (
    *("crc32", "crc32c", "crc64nvme", "sha1", "sha256"),
    *("sha512", "md5", "xxhash64", "xxhash3", "xxhash128"),
)
"""The checksums that clients send, by their names in headers."""

DEFAULT_ALGORITHM: Final = "crc64nvme"
"""What S3 computes where the client sent none."""

HEADER: Final = "x-amz-checksum-"

_CRC_SIZES: Final = {"crc32": 4, "crc32c": 4, "crc64nvme": 8}
_XXHASHES: Final = {"xxhash64": "new_xxhash64", "xxhash3": "new_xxhash3_64", "xxhash128": "new_xxhash3_128"}


@cache
def _crt() -> Any:
    """AWS's common runtime, when it is needed: it takes 30 ms to import."""
    return import_module("awscrt.checksums")


class _Digest(Protocol):
    def update(self, piece: bytes, /) -> None: ...

    def digest(self) -> bytes: ...


class _Crc:
    def __init__(self, name: str) -> None:
        self._function = zlib.crc32 if name == "crc32" else getattr(_crt(), name)
        self._size = _CRC_SIZES[name]
        self._value = 0

    def update(self, piece: bytes) -> None:
        self._value = self._function(piece, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(self._size, "big")


class _XxHash:
    def __init__(self, name: str) -> None:
        self._hash = getattr(_crt().XXHash, _XXHASHES[name])()

    def update(self, piece: bytes) -> None:
        self._hash.update(piece)

    def digest(self) -> bytes:
        return bytes(self._hash.finalize())


def _digest(name: str) -> _Digest:
    if name in _CRC_SIZES:
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
    size = _CRC_SIZES[name]
    combine = getattr(_crt(), f"combine_{name}")
    value = 0
    for digest, length in parts:
        value = combine(value, int.from_bytes(digest, "big"), length)
    return value.to_bytes(size, "big")


def composite(name: str, parts: Iterable[bytes]) -> bytes:
    """The checksum of the parts' checksums."""
    return digests_of(b"".join(parts), (name,))[name]


def is_crc(name: str) -> bool:
    """Whether an algorithm's checksums of parts can be combined to that of the whole."""
    return name in _CRC_SIZES
