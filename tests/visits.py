"""Requests to addresses that applications have, as their clients send them."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any


def visit(url: str, method: str, body: bytes | None, headers: dict[str, str]) -> tuple[int, Any, Any]:
    """The status, the body (parsed where it is JSON) and the headers of an answer, whatever its status.

    ``_`` stands for ``-`` in the names of headers, so that they can be keywords.
    """
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, named, method=method)) as answer:
            return answer.status, _parsed(answer.read()), answer.headers
    except urllib.error.HTTPError as error:
        return error.code, _parsed(error.read()), error.headers


def _parsed(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        return content.decode()
