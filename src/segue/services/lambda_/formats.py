"""How this API prints what it stores."""

from __future__ import annotations

import base64
from datetime import UTC, datetime


def code_sha256(hexadecimal: str) -> str:
    """The code's SHA-256 as AWS prints it: base64."""
    return base64.b64encode(bytes.fromhex(hexadecimal)).decode()


def iso_timestamp(at_ms: int) -> str:
    """``2026-11-21T02:29:17.123+0000``, as this API prints times."""
    return datetime.fromtimestamp(at_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S") + f".{at_ms % 1000:03d}+0000"
