"""Values as text: ``$string``, and what ``&`` makes of its sides."""

from __future__ import annotations

import json
import math
from typing import Any

from segue.languages.jsonata.errors import failure, too_deep
from segue.languages.jsonata.runtime import Runtime
from segue.languages.jsonata.values import SAFE_INTEGER, UNDEFINED, Function, js_number, to_float

_quote = json.JSONEncoder(ensure_ascii=False).encode


def to_text(value: Any, runtime: Runtime, is_pretty: bool = False) -> str:
    """The text of a value: a text itself, else JSON as JavaScript writes it, numbers to 15 digits.

    Raises:
        JsonataError: infinity; a value too large.
    """
    if type(value) is str:
        return value
    if isinstance(value, Function):
        return ""
    if type(value) is float and not math.isfinite(value):
        raise failure("D3001", value=None)
    parts: list[str] = []
    try:
        _write(value, parts, runtime, "\n" if is_pretty else "")
    except RecursionError:
        raise too_deep() from None
    return "".join(parts)


def _write(value: Any, parts: list[str], runtime: Runtime, newline: str) -> None:
    kind = type(value)
    if kind is str:
        runtime.text(len(value))
        parts.append(_quote(value))
    elif kind in (int, float):
        parts.append(_number(value))
    elif kind is bool:
        parts.append("true" if value else "false")
    elif kind is dict or isinstance(value, list):
        _write_container(value, parts, runtime, newline)
    elif isinstance(value, Function):
        parts.append('""')
    else:
        parts.append("null")


def _write_container(value: Any, parts: list[str], runtime: Runtime, newline: str) -> None:
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    inner = newline + "  " if newline else ""
    runtime.spend(len(value) + 1)
    parts.append(opening)
    is_first = True
    for item in value.items() if isinstance(value, dict) else value:
        if not is_first:
            parts.append(",")
        is_first = False
        parts.append(inner)
        if isinstance(value, dict):
            parts.append(_quote(item[0]) + (": " if newline else ":"))
            item = item[1]
        _write(None if item is UNDEFINED else item, parts, runtime, inner)
    if not is_first:
        parts.append(newline)
    parts.append(closing)


def _number(value: float) -> str:
    if type(value) is int and abs(value) < 10**15:
        return str(value)
    number = to_float(value)
    if not math.isfinite(number):
        return "null"
    if abs(number) > SAFE_INTEGER and number.is_integer():
        # Measured on AWS: the shortest digits that mean the same number, not the reference's fifteen
        # (floci-io/floci#2669).
        return js_number(number)
    return js_number(float(f"{number:.15g}"))
