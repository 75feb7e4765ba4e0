"""Pagination tokens: opaque, and good as long as the key they name, whatever is added or removed around it."""

from __future__ import annotations

import base64
import json
from typing import Any

from segue.errors import AwsError


def encode_token(*key: Any) -> str:
    """A token that says: go on after this key."""
    return base64.urlsafe_b64encode(json.dumps(key, separators=(",", ":")).encode()).decode()


def decode_token(token: str, code: str = "InvalidToken", message: str = "Invalid Token: 'Invalid token'") -> list[Any]:
    """The key behind a token; ``AwsError`` with the given code and message where it is not one of ours."""
    try:
        key = json.loads(base64.urlsafe_b64decode(token.encode()))
    except ValueError:
        key = None
    if not isinstance(key, list):
        raise AwsError(code, message)
    return key
