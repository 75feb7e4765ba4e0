"""smithy-rpc-v2-cbor: bodies in CBOR (RFC 8949), with decoders and encoders compiled from shapes as for JSON.

Source: https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html
"""

from __future__ import annotations

import math
import struct
from typing import Any, Final

from segue.errors import AwsError
from segue.wire import timestamps
from segue.wire.json_values import Decoder, Encoder, JsonDecoders, JsonEncoders, Seconds, serialization_error
from segue.wire.model import Ref

MAX_DEPTH: Final = 128
CONTENT_TYPE: Final = "application/cbor"
HEADERS: Final = {"smithy-protocol": "rpc-v2-cbor", "Content-Type": CONTENT_TYPE}

_BREAK: Final = object()
_INDEFINITE: Final = 31
_TIME_TAG: Final = 1


def load_cbor(body: bytes) -> Any:
    """The value of a body; times are ``Seconds``.

    Raises:
        AwsError: ``SerializationException``: not CBOR, or nested too deeply.
    """
    reader = _Reader(body)
    try:
        value = reader.item(0)
    except (IndexError, TypeError, ValueError, OverflowError, struct.error):
        raise _malformed() from None
    if reader.at != len(body) or value is _BREAK:
        raise _malformed()
    return value


def _malformed() -> AwsError:
    return serialization_error("The request body is not valid CBOR")


class _Reader:
    def __init__(self, body: bytes) -> None:
        self._body, self.at = body, 0

    def item(self, depth: int) -> Any:
        if depth > MAX_DEPTH:
            raise serialization_error("The request body is nested too deeply.")
        initial = self._body[self.at]
        self.at += 1
        major, info = initial >> 5, initial & 31
        if major == 7:
            return self._simple(info)
        if info == _INDEFINITE:
            return self._indefinite(major, depth)
        length = self._argument(info)
        if major == 0:
            return length
        if major == 1:
            return -1 - length
        if major == 2:
            return self._take(length)
        if major == 3:
            return self._take(length).decode()
        if major == 4:
            return [self._inner(depth) for _ in range(self._bounded(length))]
        if major == 5:
            return {self._key(depth): self._inner(depth) for _ in range(self._bounded(length))}
        value = self._inner(depth)
        return _time(value) if length == _TIME_TAG else value

    def _inner(self, depth: int) -> Any:
        value = self.item(depth + 1)
        if value is _BREAK:
            raise ValueError("a break out of place")
        return value

    def _key(self, depth: int) -> str:
        key = self._inner(depth)
        if not isinstance(key, str):
            raise ValueError("a key that is no text")
        return key

    def _bounded(self, length: int) -> int:
        """A count of items, each of which takes a byte at least."""
        if length > len(self._body) - self.at:
            raise ValueError("more items than bytes")
        return length

    def _take(self, length: int) -> bytes:
        self._bounded(length)
        self.at += length
        return self._body[self.at - length : self.at]

    def _argument(self, info: int) -> int:
        if info < 24:
            return info
        if info > 27:
            raise ValueError("reserved")
        return int.from_bytes(self._take(1 << (info - 24)))

    def _indefinite(self, major: int, depth: int) -> Any:
        if major in (2, 3):
            pieces = []
            while (piece := self.item(depth + 1)) is not _BREAK:
                pieces.append(piece)
            return b"".join(pieces) if major == 2 else "".join(pieces)
        if major == 4:
            items = []
            while (item := self.item(depth + 1)) is not _BREAK:
                items.append(item)
            return items
        if major == 5:
            found = {}
            while (key := self.item(depth + 1)) is not _BREAK:
                if not isinstance(key, str):
                    raise ValueError("a key that is no text")
                found[key] = self._inner(depth)
            return found
        raise ValueError("reserved")

    def _simple(self, info: int) -> Any:
        if info == _INDEFINITE:
            return _BREAK
        if info in (20, 21):
            return info == 21
        if info in (22, 23):  # null, undefined
            return None
        if info == 25:
            return struct.unpack(">e", self._take(2))[0]
        if info == 26:
            return struct.unpack(">f", self._take(4))[0]
        if info == 27:
            return struct.unpack(">d", self._take(8))[0]
        raise ValueError("reserved")


def _time(value: Any) -> Seconds:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ValueError("a time that is no number")
    return Seconds(timestamps.from_number(value))


def dump_cbor(value: Any) -> bytes:
    """A value of dicts, lists, texts, bytes, numbers, booleans, ``None`` and ``Seconds``."""
    pieces: list[bytes] = []
    _write(value, pieces)
    return b"".join(pieces)


def _write(value: Any, pieces: list[bytes]) -> None:
    if value is None or value is True or value is False:
        pieces.append(b"\xf6" if value is None else b"\xf5" if value else b"\xf4")
    elif isinstance(value, int):
        pieces.append(_head(0, value) if value >= 0 else _head(1, -1 - value))
    elif isinstance(value, float):
        pieces.append(b"\xfb" + struct.pack(">d", value))
    elif isinstance(value, str):
        text = value.encode("utf-8", "replace")
        pieces += (_head(3, len(text)), text)
    elif isinstance(value, bytes):
        pieces += (_head(2, len(value)), value)
    elif isinstance(value, Seconds):
        pieces += (b"\xc1\xfb", struct.pack(">d", timestamps.to_seconds(value.timestamp_ms)))
    elif isinstance(value, dict):
        pieces.append(_head(5, len(value)))
        for key, item in value.items():
            _write(str(key), pieces)
            _write(item, pieces)
    else:
        pieces.append(_head(4, len(value)))
        for item in value:
            _write(item, pieces)


def _head(major: int, argument: int) -> bytes:
    if argument < 24:
        return bytes((major << 5 | argument,))
    for info, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if argument < 1 << (8 * size):
            return bytes((major << 5 | info,)) + argument.to_bytes(size)
    raise OverflowError("an integer of more than 64 bits")


def _decode_blob(value: Any) -> bytes:
    if not isinstance(value, bytes):
        raise serialization_error("The value can not be converted to Blob")
    return value


def _decode_timestamp(value: Any) -> int:
    if not isinstance(value, Seconds):
        raise serialization_error("The value can not be converted to Timestamp")
    return value.timestamp_ms


class CborDecoders(JsonDecoders):
    """Compiled decoders of one service's shapes, from CBOR values to members."""

    def of(self, ref: Ref) -> Decoder:
        kind = self.service.shape(ref.shape_name).type
        if kind == "blob":
            return _decode_blob
        return _decode_timestamp if kind == "timestamp" else super().of(ref)


class CborEncoders(JsonEncoders):
    """Compiled encoders of one service's shapes, from members to CBOR values."""

    def of(self, ref: Ref) -> Encoder | None:
        kind = self.service.shape(ref.shape_name).type
        if kind == "blob":
            return None
        return Seconds if kind == "timestamp" else super().of(ref)
