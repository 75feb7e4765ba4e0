"""Values on their way to PostgreSQL and back."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from typing import Any, Final

_DOUBLE: Final = struct.Struct("!d")
_NUMERIC: Final = struct.Struct("!hhHh")
_NEGATIVE: Final = 0x4000

TEXT_FORMAT: Final = 0
BINARY_FORMAT: Final = 1


# PostgreSQL's texts have no NUL, ours may. Pairs of SOH stand for both, so that texts are equal and in order as before.
_NUL, _SOH = "\x00", "\x01"
_PAIR: Final = re.compile(r"\x01[\x01\x02]")


def without_nul(text: str) -> str:
    """A text as the server keeps it."""
    if _NUL in text or _SOH in text:
        return text.replace(_SOH, "\x01\x02").replace(_NUL, "\x01\x01")
    return text


def with_nul(text: str) -> str:
    """A text that the server has kept."""
    if _SOH in text:
        return _PAIR.sub(lambda pair: _NUL if pair[0] == "\x01\x01" else _SOH, text)
    return text


def encode(value: Any) -> bytes | None:
    """A parameter's bytes: binary for ``bytes``, as text for everything else (the server knows its type)."""
    kind = type(value)
    if kind is int:
        return b"%d" % value
    if kind is str:
        return without_nul(value).encode()
    if value is None or kind is bytes:
        return value  # type: ignore[no-any-return]
    if kind is bool:
        return b"1" if value else b"0"
    if isinstance(value, float):
        return repr(value).encode()
    if isinstance(value, (bytearray, memoryview)):
        return bytes(value)
    if isinstance(value, (int, str)):  # an enumeration's member
        return str.encode(without_nul(value)) if isinstance(value, str) else b"%d" % int(value)
    raise TypeError(f"a {kind.__name__} is no value of a row")


def is_binary(value: Any) -> int:
    """The format in which :func:`encode` puts a value."""
    return BINARY_FORMAT if isinstance(value, (bytes, bytearray, memoryview)) else TEXT_FORMAT


def _integer(data: bytes) -> int:
    return int.from_bytes(data, "big", signed=True)


def _numeric(data: bytes) -> int | float:
    """What ``SUM`` makes of integers: groups of four decimal digits."""
    count, weight, sign, scale = _NUMERIC.unpack_from(data)
    groups = struct.unpack_from(f"!{count}H", data, 8)
    value: int | float = 0
    for group in groups:
        value = value * 10_000 + group
    shift = weight + 1 - count
    value = value * 10_000**shift if shift >= 0 else value / 10_000**-shift
    value = -value if sign == _NEGATIVE else value
    return value if scale else int(value)


def _double(data: bytes) -> float:
    value: float = _DOUBLE.unpack(data)[0]
    return value


DECODERS: Final[dict[int, Callable[[bytes], Any]]] = {
    16: lambda data: data == b"\x01",  # bool
    17: bytes,  # bytea
    20: _integer,  # int8
    21: _integer,  # int2
    23: _integer,  # int4
    25: lambda data: with_nul(data.decode()),  # text
    701: _double,  # float8
    1700: _numeric,
    2278: lambda _: None,  # void
}
"""How to read a column in binary format, by its type's number."""
