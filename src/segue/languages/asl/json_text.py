"""The one place for the JSON text of payloads: keeps integers of any size, keeps 1.0 a float, keeps key order."""

from __future__ import annotations

import json
from typing import Any, NoReturn

__all__ = ["DepthExceeded", "dump", "parse"]


class DepthExceeded(ValueError):
    """The text is nested deeper than can be handled."""


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_decode = json.JSONDecoder(parse_constant=_refuse_constant).decode
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False, allow_nan=False).encode


def parse(text: str) -> Any:
    """The value of a JSON text; of keys written twice the last one counts.

    Raises:
        ValueError: not JSON; ``json.JSONDecodeError`` with the position where it went wrong.
        DepthExceeded: nested too deeply.
    """
    try:
        return _decode(text)
    except RecursionError:
        raise DepthExceeded("the JSON text is nested too deeply") from None


def dump(value: Any) -> str:
    """Compact JSON text, with everything but what JSON must escape kept as it is.

    Raises:
        DepthExceeded: nested too deeply.
    """
    try:
        return _encode(value)
    except RecursionError:
        raise DepthExceeded("the value is nested too deeply") from None
