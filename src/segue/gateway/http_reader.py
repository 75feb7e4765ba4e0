"""Requests out of a connection's bytes: bounded in size and time, no I/O. The connection drives it."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from typing import Final

import httptools

from segue.gateway.arriving import ArrivingBody
from segue.gateway.http_message import HttpLimits, refusal, split_target
from segue.wire.request import Request, Response

log = logging.getLogger(__name__)

NEVER: Final = float("inf")

Receive = Callable[[Request], ArrivingBody | None]
"""Told a request's head: where its body goes, or nowhere: then it is held in memory."""


class Work:
    """A complete request, or a refusal to be sent in its turn; after a refusal the connection ends."""

    __slots__ = ("head_only", "held_bytes", "keep_alive", "refused", "request", "version")

    def __init__(self, request: Request, keep_alive: bool, version: str, refused: Response | None = None) -> None:
        self.request = request
        self.keep_alive = keep_alive
        self.version = version
        self.refused = refused
        self.head_only = request.method == "HEAD"
        self.held_bytes = len(request.body)


class HeldBodies:
    """How many bytes of bodies the connections of a server hold in memory, all together."""

    __slots__ = ("bytes",)

    def __init__(self) -> None:
        self.bytes = 0


class Reader:
    """Parses what comes into ``works``.

    Attributes:
        works: what is to be answered, in order.
        in_message: whether a request has begun and is not complete; then ``deadline`` is its.
        continue_due: whether the client waits for ``100 Continue``.
        ended: after a refusal: nothing more is read.
        held: what came after a request for a WebSocket: of which protocol it is, the answer will tell.
    """

    def __init__(
        self,
        limits: HttpLimits,
        monotonic: Callable[[], float],
        receive: Receive | None = None,
        held_bodies: HeldBodies | None = None,
    ) -> None:
        self._limits, self._monotonic, self._receive = limits, monotonic, receive
        self._held_bodies = held_bodies or HeldBodies()
        self._held_bytes = 0  # by this connection
        self.arriving: ArrivingBody | None = None
        self._parser = httptools.HttpRequestParser(self)
        self.works: deque[Work] = deque()
        self.in_message = self.continue_due = self.ended = False
        self.deadline = NEVER
        self._body_deadline = NEVER
        self._messages = 0
        self._resumed_head = b""  # see _take_back_body
        self.held = b""
        self._holds = False
        self._reset()

    def _reset(self) -> None:
        self._in_body = False
        self._url = b""
        self._headers: dict[str, str] = {}
        self._head_bytes = self._received_head_bytes = self._body_bytes = 0
        self._body: list[bytes] = []
        self._method = "GET"
        self.arriving = None

    def feed(self, data: bytes) -> None:
        """Read what came."""
        if self.ended:
            return  # what still comes is dropped until the client or the time ends it
        if self._holds:
            self.held += data
            if len(self.held) > self._limits.header_bytes:
                self.refuse(400, "BadRequest", "Nothing may be sent before the answer to a request for an upgrade.")
            return
        messages = self._messages
        received = len(data)
        try:
            while data:
                try:
                    self._parser.feed_data(data)
                    break
                except httptools.HttpParserUpgrade as upgrade:
                    is_for_socket = self._wants_socket()
                    data = self._take_back_body() + data[upgrade.args[0] :]
                    if is_for_socket:
                        self._holds, self.held = True, data
                        break
        except httptools.HttpParserCallbackError as error:
            log.error("the HTTP edge failed", exc_info=error)
            self.refuse(500, "InternalFailure", "The request could not be read.")
        except httptools.HttpParserError as error:
            self.refuse(400, "BadRequest", f"The request is not valid HTTP: {error}")
        if self.in_message and not self.ended and self._messages == messages:
            self._check_progress(received)

    def _take_back_body(self) -> bytes:
        """An offer to upgrade (h2c) is not taken: the answer is HTTP/1.1, and so is what follows.

        The parser leaves the body of such a request unread; a new one reads it behind a head made for it. What follows
        a request for a WebSocket waits until it is answered.
        """
        self._parser = httptools.HttpRequestParser(self)
        return self._resumed_head

    def _wants_socket(self) -> bool:
        return self._headers.get("upgrade", "").strip().lower() == "websocket" and not self._resumed_head

    def go_on(self) -> None:
        """A request for a WebSocket was refused: HTTP goes on."""
        if self._holds:
            self._holds, held, self.held = False, self.held, b""
            if held:
                self.feed(held)

    def _check_progress(self, received: int) -> None:
        """Bounds of a message that goes on. Of a head, what was received counts: the parser gives whole values only."""
        if self._in_body:
            until = self._body_deadline
            if self.arriving is not None:  # what is large may take its time, but must come on
                until += self._body_bytes / self._limits.stored_bytes_per_second
            self.deadline = min(self._monotonic() + self._limits.body_idle_seconds, until)
        else:
            self._received_head_bytes += received
            if self._received_head_bytes > self._limits.header_bytes:
                self._refuse_head()

    def resume(self) -> None:
        """Reading goes on after a pause that was ours: a request under way gets its time anew."""
        if self.in_message:
            now = self._monotonic()
            self._body_deadline = now + self._limits.body_seconds
            self.deadline = now + self._limits.body_idle_seconds

    # --- what the parser tells

    def on_message_begin(self) -> None:
        if self.ended or self._resumed_head:
            return
        self._reset()
        self._messages += 1
        self.in_message = True
        self.deadline = self._monotonic() + self._limits.header_seconds

    def on_url(self, url: bytes) -> None:
        if not self._resumed_head:
            self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._head_bytes += len(name) + len(value)
        if self._in_body or self._head_bytes > self._limits.header_bytes:
            return  # trailers are not headers; too long a head is refused at its end
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        if key in self._headers:
            self._headers[key] += f", {text}"
        else:
            self._headers[key] = text

    def on_headers_complete(self) -> None:
        if self.ended or self._resumed_head:
            self._resumed_head = b""
            return
        if len(self._url) + self._head_bytes > self._limits.header_bytes:
            self._refuse_head()
            return
        self._method = self._parser.get_method().decode("latin-1")
        self.arriving = self._receive(self._request()) if self._receive is not None else None
        length = self._headers.get("content-length", "0")
        if length.isdigit() and int(length) > self._most_bytes:
            self._refuse_body()
            return
        self.continue_due = self._headers.get("expect", "").lower() == "100-continue"
        self._in_body = True
        now = self._monotonic()
        self._body_deadline = now + self._limits.body_seconds
        self.deadline = now + self._limits.body_idle_seconds
        if self._parser.should_upgrade():
            self._resumed_head = self._head_for_body()

    def _head_for_body(self) -> bytes:
        if "transfer-encoding" in self._headers:
            framing = f"Transfer-Encoding: {self._headers['transfer-encoding']}"
        elif self._headers.get("content-length", "0").strip("0"):
            framing = f"Content-Length: {self._headers['content-length']}"
        else:
            return b""
        return f"POST / HTTP/{self._parser.get_http_version()}\r\n{framing}\r\n\r\n".encode("latin-1")

    def on_body(self, body: bytes) -> None:
        if self.ended:
            return
        self._body_bytes += len(body)
        if self._body_bytes > self._most_bytes:
            self._refuse_body()
        elif self.arriving is not None:
            self.arriving.feed(body)
        else:
            self._body.append(body)
            self._hold(len(body))
            if self._held_bodies.bytes > self._limits.held_bytes and self._body_bytes > self._limits.small_body_bytes:
                words = "Too many large requests are under way. Try again in a moment."
                self.refuse(503, "ServiceUnavailable", words)

    def _hold(self, size: int) -> None:
        self._held_bytes += size
        self._held_bodies.bytes += size

    def let_go(self, size: int | None = None) -> None:
        """So many bytes of bodies are needed no more; all that the connection holds, unless told."""
        self._hold(-(self._held_bytes if size is None else size))

    @property
    def _most_bytes(self) -> int:
        return self._limits.body_bytes if self.arriving is None else self._limits.stored_body_bytes

    def on_message_complete(self) -> None:
        if self.ended or self._resumed_head:
            return
        parser = self._parser
        request = self._request(b"".join(self._body) if len(self._body) != 1 else self._body[0])
        if self.arriving is not None:
            request.arriving, self.arriving = self.arriving, None
        self.works.append(Work(request, parser.should_keep_alive(), parser.get_http_version()))
        self.continue_due = self.in_message = self._in_body = False
        self._body = []

    def _request(self, body: bytes = b"") -> Request:
        path, query = split_target(self._url.decode("latin-1"))
        return Request(self._method, path, query, self._headers, body)

    def leave(self) -> None:
        """Nothing more is read; of a body that was on its way to the disk nothing stays."""
        self.ended = True
        if self.arriving is not None:
            self.arriving.discard()
            self.arriving = None

    # --- refusing

    def refuse_late(self) -> None:
        """The request under way took too long."""
        self.refuse(408, "RequestTimeout", "The request did not arrive in time.")

    def _refuse_head(self) -> None:
        limit = self._limits.header_bytes
        self.refuse(431, "RequestHeaderSectionTooLarge", f"The request's head is longer than {limit} bytes.")

    def _refuse_body(self) -> None:
        limit = self._most_bytes
        self.refuse(413, "RequestEntityTooLargeException", f"Request must be smaller than {limit} bytes.")

    def refuse(self, status: int, code: str, message: str) -> None:
        """Have this answered in its turn, and read no more."""
        if self.ended:
            return
        self.leave()
        self.in_message = self._in_body = self.continue_due = False
        request = self._request() if self._headers else Request("GET", "/")
        self.works.append(Work(request, False, "1.1", refusal(request, status, code, message)))
        self.let_go(sum(map(len, self._body)))
        self._body.clear()
