"""The file: parts one after the other, of which the last holds a digest of all before it.

A part is its length (four bytes), then msgpack: a list whose first member says what it is.

``["header", {…}]``                 first: format, program, schema, where ids go on, when
``["content", sha256, size]``       followed by ``["piece", bytes]`` until the size is reached
``["table", name, [column, …]]``    followed by ``["rows", [row, …]]``
``["end", digest]``                 last: SHA-256 of all bytes before it
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from typing import IO, Any, Final

import msgpack

FORMAT: Final = 1
"""What this program writes, and the newest that it reads."""

_MAGIC: Final = b"segue export\n"
_LENGTH: Final = struct.Struct("!I")
_LONGEST: Final = 1 << 30


class FileRefused(Exception):
    """The file is no export, is damaged, or is of a newer program."""


class PartsWriter:
    """Writes parts.

    Args:
        file: where to; it need not be seekable.

    Attributes:
        written: how many bytes there are.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        self.written = 0
        self._write(_MAGIC)

    def part(self, kind: str, *content: Any) -> None:
        """The next part."""
        packed = msgpack.packb([kind, *content])
        self._write(_LENGTH.pack(len(packed)) + packed)

    def end(self) -> None:
        """The last part."""
        self.part("end", self._digest.digest())
        self._file.flush()

    def _write(self, data: bytes) -> None:
        self._digest.update(data)
        self.written += len(data)
        self._file.write(data)


def read_parts(file: IO[bytes]) -> Iterator[tuple[str, list[Any]]]:
    """The parts but the last, each with what it is. Comes to an end only if the file is whole.

    Raises:
        FileRefused: it is not.
    """
    if file.read(len(_MAGIC)) != _MAGIC:
        raise FileRefused("is no export: 'segue store export' writes them")
    digest = hashlib.sha256(_MAGIC)
    while True:
        packed = _read_exactly(file, _LENGTH.size)
        (length,) = _LENGTH.unpack(packed)
        if length > _LONGEST:
            raise FileRefused("is damaged")
        body = _read_exactly(file, length)
        kind, content = _part(body)
        if kind == "end":
            if content != [digest.digest()]:
                raise FileRefused("is damaged: its content is not what was written")
            return
        digest.update(packed)
        digest.update(body)
        yield kind, content


def _part(body: bytes) -> tuple[str, list[Any]]:
    try:
        kind, *content = msgpack.unpackb(body)
    except (ValueError, TypeError, msgpack.UnpackException) as error:
        raise FileRefused("is damaged") from error
    return str(kind), content


def _read_exactly(file: IO[bytes], size: int) -> bytes:
    data = file.read(size)
    if len(data) < size:
        raise FileRefused("is cut off: the export did not come to its end, or not all of it was copied")
    return data
