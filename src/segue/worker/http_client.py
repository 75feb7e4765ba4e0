"""The effect ``http:request``: an HTTP/1.1 client on the event loop, one connection a request, all of it bounded."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from urllib.parse import quote, urlsplit
from weakref import WeakValueDictionary

import httptools

from segue.api.http_effect import HttpAnswer, HttpFailure, HttpRequest

_REQUESTS_AT_ONCE = 256
_TO_ONE_SERVER = 64
"""One that does not answer must leave turns to the others."""
_HEAD_BYTES = 65_536
_READ_BYTES = 65_536
_WRAPPING = 8  # a body of pieces of one byte is six times as long on the wire
_CLOSE_SECONDS = 1.0
_OURS = frozenset(("host", "content-length", "connection", "transfer-encoding"))
_IN_TARGETS = "/%:@!$&'()*+,;=~-._?[]"


class HttpEffect:
    """Sends requests. What goes wrong is a value; only cancellation leaves as an exception."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(_REQUESTS_AT_ONCE)
        self._servers: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()
        self._tls: ssl.SSLContext | None = None

    async def __call__(self, request: HttpRequest) -> HttpAnswer | HttpFailure:
        """Send the request once."""
        server = self._server(request.url)
        async with server, self._turns:
            try:
                async with asyncio.timeout(request.timeout_seconds):
                    return await self._exchange(request)
            except TimeoutError:
                return HttpFailure(f"no whole answer within {request.timeout_seconds:g} seconds", timed_out=True)
            except _TooLarge as error:
                return HttpFailure(str(error), too_large=True)
            except ssl.SSLError as error:
                return HttpFailure(f"TLS: {error.reason or error}")
            except (OSError, EOFError, ValueError, httptools.HttpParserError) as error:
                return HttpFailure(f"{error}" or type(error).__name__)

    def _server(self, url: str) -> asyncio.Semaphore:
        """The turns at one server; forgotten when nobody waits for them."""
        authority = url.partition("://")[2].partition("/")[0].rpartition("@")[2].lower()
        turns = self._servers.get(authority)
        if turns is None:
            turns = self._servers[authority] = asyncio.Semaphore(_TO_ONE_SERVER)
        return turns

    async def _exchange(self, request: HttpRequest) -> HttpAnswer:
        place = _place(request.url)
        reader, writer = await asyncio.open_connection(
            place.host, place.port, ssl=self._context() if place.is_secure else None
        )
        try:
            writer.write(_head(request, place) + request.body)
            await writer.drain()
            return await _read(reader, request)
        finally:
            writer.close()
            try:
                async with asyncio.timeout(_CLOSE_SECONDS):
                    await writer.wait_closed()
            except (OSError, TimeoutError):
                writer.transport.abort()

    def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = ssl.create_default_context()
        return self._tls


@dataclass(frozen=True, slots=True)
class _Place:
    host: str
    port: int
    is_secure: bool
    authority: str
    target: str


def _place(url: str) -> _Place:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{url!r} is not the URL of an HTTP server")
    is_secure = parts.scheme == "https"
    host = parts.hostname if parts.hostname.isascii() else parts.hostname.encode("idna").decode()
    port = parts.port or (443 if is_secure else 80)
    named = f"[{host}]" if ":" in host else host
    authority = named if parts.port is None else f"{named}:{port}"
    target = quote(parts.path or "/", safe=_IN_TARGETS) + (
        f"?{quote(parts.query, safe=_IN_TARGETS)}" * bool(parts.query)
    )
    return _Place(host, port, is_secure, authority, target)


def _head(request: HttpRequest, place: _Place) -> bytes:
    lines = [f"{request.method} {place.target} HTTP/1.1", f"Host: {place.authority}"]
    lines += [f"{name}: {value}" for name, value in request.headers if name.lower() not in _OURS]
    if request.body or request.method in ("POST", "PUT", "PATCH"):
        lines.append(f"Content-Length: {len(request.body)}")
    lines.append("Connection: close")
    if any("\r" in line or "\n" in line or "\0" in line for line in lines):
        raise ValueError("a header of the request holds a line break")
    return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace")


async def _read(reader: asyncio.StreamReader, request: HttpRequest) -> HttpAnswer:
    answer = _Answer(request)
    parser = httptools.HttpResponseParser(answer)
    answer.parser = parser
    while not answer.complete:
        data = await reader.read(_READ_BYTES)
        if not data:
            answer.end_of_stream()
            break
        parser.feed_data(data)
        answer.check(len(data))
    return answer.value()


class _TooLarge(Exception):
    """More came than was to come."""


class _Answer:
    """What the parser tells, put together."""

    def __init__(self, request: HttpRequest) -> None:
        self.complete = False
        self.parser: httptools.HttpResponseParser
        self._request = request
        self._reason = b""
        self._headers: list[tuple[str, str]] = []
        self._body: list[bytes] = []
        self._body_bytes = 0
        self._received_bytes = 0
        self._in_body = False

    def on_status(self, status: bytes) -> None:
        self._reason += status

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name.decode("latin-1"), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        self._in_body = True
        if self._request.method == "HEAD" and self.parser.get_status_code() >= 200:
            self.complete = True

    def on_body(self, body: bytes) -> None:
        self._body_bytes += len(body)
        self._body.append(body)

    def on_message_complete(self) -> None:
        if self.parser.get_status_code() < 200:  # 100 Continue and its like: the answer is still to come
            self._reason, self._headers, self._in_body = b"", [], False
            return
        self.complete = True

    def check(self, received_bytes: int) -> None:
        """Raise where it has become too large: the body, the headers, or what is wrapped around a body's pieces."""
        self._received_bytes += received_bytes
        if self._body_bytes > self._request.max_body_bytes:
            raise _TooLarge(f"the body of the answer is larger than {self._request.max_body_bytes} bytes")
        if self._received_bytes > _HEAD_BYTES + _WRAPPING * self._body_bytes and not self.complete:
            raise _TooLarge(f"the headers of the answer are larger than {_HEAD_BYTES} bytes")

    def end_of_stream(self) -> None:
        """The connection has ended: that is the end of a body whose length nobody told."""
        told = any(name.lower() in ("content-length", "transfer-encoding") for name, _ in self._headers)
        if not self._in_body or told:
            raise EOFError("the connection ended before the whole answer was there")
        self.complete = True

    def value(self) -> HttpAnswer:
        reason = self._reason.decode("latin-1")
        return HttpAnswer(self.parser.get_status_code(), reason, tuple(self._headers), b"".join(self._body))
