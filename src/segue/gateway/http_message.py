"""HTTP/1.1 heads: what is refused before the application sees it, and how answers are written."""

from __future__ import annotations

import http
import re
import time
from dataclasses import dataclass
from typing import Final

from segue.errors import AwsError
from segue.wire.request import Request, Response
from segue.wire.route import guess_protocol
from segue.wire.serialize import serialize_error
from segue.wire.timestamps import to_http_date

_BREAKS = re.compile("[\r\n\x00]")
_BODILESS: Final = frozenset({101, 204, 304})


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """Bounds of one connection. Sizes in bytes, durations in seconds."""

    header_bytes: int = 65_536
    body_bytes: int = 64 * 1024 * 1024  # of a body that is held in memory
    stored_body_bytes: int = 5 * 1024**3 + 64 * 1024 * 1024  # of one that goes to the disk: S3's 5 GiB, and frames
    stored_bytes_per_second: int = 16 * 1024  # slower than this, such a body does not come in time
    idle_seconds: float = 75.0  # between requests
    header_seconds: float = 20.0  # from a request's first byte to the end of its headers
    body_seconds: float = 300.0  # from there to the end of its body
    body_idle_seconds: float = 30.0  # between two pieces of a body
    write_seconds: float = 60.0  # a client that does not read its answer
    linger_seconds: float = 2.0  # a refused client may still be sending
    # of all connections together:
    connections: int = 1 << 30
    held_bytes: int = 256 * 1024 * 1024  # of bodies in memory, from their first byte to their answer
    small_body_bytes: int = 64 * 1024  # those up to here are taken even so


def _status_line(status: int) -> str:
    try:
        phrase = http.HTTPStatus(status).phrase
    except ValueError:
        phrase = "Unknown"
    return f"HTTP/1.1 {status} {phrase}\r\n"


_STATUS_LINES: Final = {status: _status_line(status) for status in range(200, 600)}
_date_text = ""
_date_second = 0


def _date() -> str:
    """The ``Date`` header's value, made once a second."""
    global _date_text, _date_second
    second = int(time.time())
    if second != _date_second:
        _date_text, _date_second = to_http_date(second * 1000), second
    return _date_text


def render(response: Response, *, head_only: bool, keep_alive: bool, version: str) -> bytes:
    """Status line, headers and body. A streamed answer's chunks follow it: chunked, or for HTTP/1.0 until the end.

    Line breaks in header values cannot make new headers: they become spaces.
    """
    status = response.status
    lines = [_STATUS_LINES.get(status) or _status_line(status)]
    if not response.more or not any(name.lower() == "date" for name, _ in response.more):
        lines += ("Date: ", _date(), "\r\n")
    for name, value in (*response.headers.items(), *response.more):
        if name == "Content-Length" and not head_only:
            continue  # what an answer says of itself counts only where its body is not sent
        if "\n" in value or "\r" in value or "\x00" in value:
            value = _BREAKS.sub(" ", value)
        lines.append(f"{name}: {value}\r\n")
    if response.chunks is not None:
        if response.size is not None:
            lines.append(f"Content-Length: {response.size}\r\n")
        elif version != "1.0":
            lines.append("Transfer-Encoding: chunked\r\n")
    elif response.file is not None and status not in _BODILESS:
        lines.append(f"Content-Length: {response.file.size}\r\n")
    elif status not in _BODILESS and not (head_only and "Content-Length" in response.headers):
        lines.append(f"Content-Length: {len(response.body)}\r\n")
    if not keep_alive:
        lines.append("Connection: close\r\n")
    elif version == "1.0":
        lines.append("Connection: keep-alive\r\n")
    lines.append("\r\n")
    head = "".join(lines).encode("latin-1", "replace")
    if head_only or response.chunks is not None or response.file is not None or status in _BODILESS:
        return head
    return head + response.body


def refusal(request: Request, status: int, code: str, message: str) -> Response:
    """An error that the edge itself answers, in the protocol that the request seems to speak."""
    response = serialize_error(guess_protocol(request), None, AwsError(code, message, status=status), "")
    response.headers.pop("x-amzn-RequestId", None)
    return response


def split_target(target: str) -> tuple[str, str]:
    """Path and raw query of a request target: origin form, or absolute form as proxies send it."""
    if not target.startswith("/"):
        scheme, separator, rest = target.partition("://")
        if separator and scheme.lower() in ("http", "https"):
            authority, slash, path = rest.partition("/")
            target = f"/{path}" if slash else f"/?{authority.partition('?')[2]}"
    path, _, query = target.partition("?")
    return path, query.partition("#")[0]
