"""The HTTP/1.1 edge (first, simple version: to be replaced by the protocol on httptools)."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable

import httptools

from segue.wire.request import Request, Response

App = Callable[[Request], Response | Awaitable[Response]]


class _Connection(asyncio.Protocol):
    def __init__(self, app: App) -> None:
        self._app = app
        self._parser = httptools.HttpRequestParser(self)
        self._tasks: set[asyncio.Task[None]] = set()
        self._last: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._transport.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")  # type: ignore[attr-defined]
            self._transport.close()

    def on_message_begin(self) -> None:
        self._url = b""
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode("latin1").lower()] = value.decode("latin1")

    def on_headers_complete(self) -> None:
        if self._headers.get("expect", "").lower() == "100-continue":
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")  # type: ignore[attr-defined]

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        path, _, query = self._url.decode("latin1").partition("?")
        method = self._parser.get_method().decode()
        request = Request(method, path, query, self._headers, b"".join(self._body))
        task = asyncio.ensure_future(self._answer(request, self._last, self._parser.should_keep_alive()))
        self._last = task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, request: Request, before: asyncio.Task[None] | None, keep: bool) -> None:
        response = self._app(request)
        if not isinstance(response, Response):
            response = await response
        if before is not None:
            await before
        head = [f"HTTP/1.1 {response.status} OK", f"Content-Length: {len(response.body)}"]
        head += [f"{name}: {value}" for name, value in response.headers.items()]
        self._transport.write(("\r\n".join(head) + "\r\n\r\n").encode("latin1") + response.body)  # type: ignore[attr-defined]
        if not keep:
            self._transport.close()


class Server:
    """A listening server."""

    def __init__(self, server: asyncio.Server) -> None:
        self._server = server

    async def close(self) -> None:
        self._server.close()


async def serve(app: App, sock: socket.socket) -> Server:
    """Serve ``app`` on a bound socket."""
    loop = asyncio.get_running_loop()
    return Server(await loop.create_server(lambda: _Connection(app), sock=sock))
