"""Pagination tokens: opaque, and good as long as the key they name, whatever is added or removed around it."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any, Final

from segue.errors import AwsError

_MOST: Final = (1 << 63) - 1


def encode_token(*key: Any) -> str:
    """A token that says: go on after this key."""
    return base64.urlsafe_b64encode(json.dumps(key, separators=(",", ":")).encode()).decode()


def decode_token(
    token: str,
    code: str = "InvalidToken",
    message: str = "Invalid Token: 'Invalid token'",
    kinds: Sequence[type] = (str,),
) -> list[Any]:
    """The key behind a token.

    Args:
        kinds: the types of the key's parts (``str``, or ``int`` of 64 bits).

    Raises:
        AwsError: with the given code and message: the token is not one of ours, or not of such a key.
    """
    try:
        key = json.loads(base64.urlsafe_b64decode(token.encode()))
    except (ValueError, RecursionError):
        key = None
    if not isinstance(key, list) or len(key) != len(kinds) or not all(map(_is_of, key, kinds)):
        raise AwsError(code, message)
    return key


def _is_of(part: Any, kind: type) -> bool:
    if type(part) is not kind:
        return False
    return not isinstance(part, int) or -_MOST - 1 <= part <= _MOST
