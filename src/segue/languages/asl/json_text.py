"""The one place for the JSON text of payloads.

Integers of any size stay integers, 1.0 stays a float, keys keep their order and the last of equal keys counts. A fast
parser does nearly all; what it refuses or would change (integers beyond 64 bits, lone surrogates) takes the careful
one, which also words the errors.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

import orjson

__all__ = ["MAX_DEPTH", "DepthExceeded", "dump", "parse"]

MAX_DEPTH = 500
"""Deepest nesting of a payload: no program comes near it, and everything that walks payloads can rely on it."""

# Whether an integer may be beyond 64 bits, ten times faster than by a regular expression.
_NINETEEN_DIGITS = b"0" * 19
_DIGITS_TO_ZERO = bytes.maketrans(b"123456789", b"0" * 9)
_ROUND = bytes.maketrans(b"{}", b"[]")
_NO_MARKS = bytes(set(range(256)) - set(b'"[]{}'))
_STRING = re.compile(rb'"[^"]*"')
_QUICKLY = 50
_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)


class DepthExceeded(ValueError):
    """Nested deeper than MAX_DEPTH."""

    def __init__(self) -> None:
        super().__init__(f"the JSON is nested deeper than {MAX_DEPTH} levels")


def parse(text: str) -> Any:
    """The value of a JSON text.

    Raises:
        ValueError: not JSON; a ``json.JSONDecodeError`` where it has a position.
        DepthExceeded: nested too deeply.
    """
    if text.count("[") + text.count("{") > MAX_DEPTH and nesting(text) > MAX_DEPTH:
        raise DepthExceeded
    try:
        encoded = text.encode()
        if _NINETEEN_DIGITS not in encoded.translate(_DIGITS_TO_ZERO):
            return orjson.loads(encoded)
    except (UnicodeEncodeError, orjson.JSONDecodeError):
        pass
    return _decode(text)


def dump(value: Any) -> str:
    """Compact JSON text; only what JSON must escape is escaped.

    Raises:
        DepthExceeded: nested too deeply.
    """
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        pass
    try:
        return _encode(value)
    except RecursionError:
        raise DepthExceeded from None


def nesting(text: str) -> int:
    """How deep the brackets of a JSON text go."""
    quick = _quick_nesting(text)
    return _careful_nesting(text) if quick is None else quick


def _quick_nesting(text: str) -> int | None:
    """The same of a text that is well-formed and not deep, forty times faster; ``None`` where it may not be."""
    marks = text.encode("utf-8", "replace")
    if b"\\" in marks:
        marks = marks.replace(rb"\\", b"").replace(rb"\"", b"")
    marks = marks.translate(_ROUND, _NO_MARKS).replace(b'""', b"")
    if b'"' in marks:
        marks = _STRING.sub(b"", marks)
    depth = 0
    while marks and depth < _QUICKLY:
        inner = len(marks)
        marks = marks.replace(b"[]", b"")
        if len(marks) == inner:
            return None
        depth += 1
    return None if marks else depth


def _careful_nesting(text: str) -> int:
    depth = deepest = 0
    for match in _STRING_OR_BRACKET.finditer(text):
        symbol = match.group()
        if symbol in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif symbol in "]}":
            depth -= 1
    return deepest


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError(f"{digits} is beyond the range of numbers")
    return number


_decode = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite).decode
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False, allow_nan=False).encode
