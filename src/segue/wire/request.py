"""What the HTTP edge hands in and gets back. Plain values; no socket, no framework."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field


@dataclass(slots=True)
class Request:
    """One HTTP request.

    Args:
        method: upper case, as received.
        path: raw path, percent-encoding kept (an ARN in a path segment may hold encoded slashes).
        query: raw query string without the question mark.
        headers: names in lower case; a repeated header's values are joined by ``", "``.
        body: the whole body, transfer encoding removed.
    """

    method: str
    path: str
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    form_tree: dict[str, object] | None = None  # query protocol: decoded once, by whoever needs it first

    def header(self, name: str, default: str = "") -> str:
        return self.headers.get(name, default)


@dataclass(slots=True)
class Response:
    """One HTTP answer; ``chunks``, when given, is sent after (instead of) ``body`` with chunked transfer encoding."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    chunks: AsyncIterator[bytes] | None = None
