"""The effect ``http:request``: what a service wants sent over HTTP to somebody outside, and what came of it.

An operation or a job answers ``Outbound(HTTP, HttpRequest(…), settle)``; an edge (``worker/http_client.py``) sends the
request and settles with an :class:`HttpAnswer` or an :class:`HttpFailure`, never with an exception.
"""

from __future__ import annotations

from dataclasses import dataclass, field

HTTP = "http:request"
"""The name of the effect."""


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One request. Redirects are not followed.

    Attributes:
        method: ``GET``, ``POST``, …
        url: with its query; ``https`` or ``http``.
        headers: as they are sent, after ``Host``; ``Content-Length`` and ``Connection`` are the edge's.
        body: empty for none.
        timeout_seconds: for everything, from the first connection to the last byte.
        max_body_bytes: an answer with more is a failure.
    """

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = field(default=b"", repr=False)
    timeout_seconds: float = 60
    max_body_bytes: int = 262_144


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """The answer, whatever its status; the headers in their order and spelling."""

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    body: bytes = field(repr=False)

    def header(self, name: str) -> str:
        """The first header of that name (in lower case), or nothing."""
        return next((value for key, value in self.headers if key.lower() == name), "")


@dataclass(frozen=True, slots=True)
class HttpFailure:
    """There is no whole answer.

    Attributes:
        reason: for people.
        too_large: the answer is larger than the request allows.
        timed_out: it did not come in time.
    """

    reason: str
    too_large: bool = False
    timed_out: bool = False
