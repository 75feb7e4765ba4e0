"""Key values as bytes whose order is DynamoDB's: texts by UTF-8, binaries unsigned, numbers by value."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

_NEGATIVE, _ZERO, _POSITIVE = b"\x00", b"\x01", b"\x02"
_EXPONENT_BIAS = 130


def encode_key(value: dict[str, Any]) -> bytes:
    """The bytes of a key attribute's value (a text, a canonical number, a binary); comparable within one type."""
    ((tag, content),) = value.items()
    if tag == "S":
        return str(content).encode("utf-8", "surrogatepass")
    return bytes(content) if tag == "B" else encode_number(content)


def encode_number(text: str) -> bytes:
    """A canonical number: sign, exponent, pairs of digits; all complemented where it is negative.

    A shorter fraction is smaller: nothing follows it. For negatives ``0xff``, above any complemented pair, follows.
    """
    sign, digits, exponent = Decimal(text).as_tuple()
    significant = "".join(map(str, digits)).strip("0")
    if not significant:
        return _ZERO
    assert isinstance(exponent, int)  # canonical numbers are finite
    adjusted = exponent + len("".join(map(str, digits)).lstrip("0")) - 1
    if len(significant) % 2:
        significant += "0"
    pairs = (int(significant[at : at + 2]) for at in range(0, len(significant), 2))
    if sign:
        return _NEGATIVE + bytes([255 - (adjusted + _EXPONENT_BIAS), *(254 - pair for pair in pairs), 255])
    return _POSITIVE + bytes([adjusted + _EXPONENT_BIAS, *pairs])


def after_prefix(prefix: bytes) -> bytes | None:
    """The least bytes that no key beginning with ``prefix`` reaches; ``None`` where there are none."""
    stripped = prefix.rstrip(b"\xff")
    return stripped[:-1] + bytes([stripped[-1] + 1]) if stripped else None
