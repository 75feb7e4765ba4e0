"""The Lambda Runtime API, one small HTTP/1.1 server per environment.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html. Every environment has its own loopback port, because
clients take ``AWS_LAMBDA_RUNTIME_API`` as host and port only. A parked ``next`` costs nothing; work is written straight
to its socket.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol, cast

import httptools

from segue.runtimes.spec import MAXIMUM_RESPONSE_BYTES, MAXIMUM_STREAMED_RESPONSE_BYTES, Sink

_PREFIX = "/2018-06-01/runtime/"
_ACCEPTED = b'{"status":"OK"}\n'


@dataclass(frozen=True, slots=True)
class Answer:
    """What a POST is answered with."""

    status: HTTPStatus = HTTPStatus.ACCEPTED
    body: bytes = _ACCEPTED


def refusal(status: HTTPStatus, error_type: str, message: str) -> Answer:
    return Answer(status, json.dumps({"errorMessage": message, "errorType": error_type}).encode())


class Desk(Protocol):
    """The environment, as its runtime sees it."""

    def on_next(self, connection: RuntimeConnection) -> None:
        """The runtime asks for work; answer with ``connection.reply`` when there is some."""

    def on_stream(self, request_id: str) -> Sink | None:
        """A streamed response begins: who takes it while it comes, if anybody does."""

    def on_response(
        self, request_id: str, body: bytes, headers: Mapping[str, str], *, is_too_large: bool
    ) -> Answer: ...

    def on_error(self, request_id: str, body: bytes, headers: Mapping[str, str]) -> Answer: ...

    def on_init_error(self, body: bytes, headers: Mapping[str, str]) -> Answer: ...

    def on_connection_lost(self, connection: RuntimeConnection) -> None: ...


class RuntimeConnection(asyncio.Protocol):
    """One connection of a runtime. Bodies are gathered (chunked ones too) up to AWS's maximum; what is beyond
    is only counted, so that an endless answer costs no memory and is still seen to be too long."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.WriteTransport | None = None
        self._reset()

    def _reset(self) -> None:
        self._url = b""
        self._headers: dict[str, str] = {}
        self._chunks: list[bytes] = []
        self._left = MAXIMUM_RESPONSE_BYTES
        self._sink: Sink | None = None

    # asyncio

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._desk.on_connection_lost(self)

    # httptools

    def on_message_begin(self) -> None:
        self._reset()

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        if is_streamed(self._headers):
            self._left = MAXIMUM_STREAMED_RESPONSE_BYTES
            self._begin_stream()
        if self._headers.get("expect", "").lower() == "100-continue" and self._transport is not None:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        if self._left > 0:
            piece = body[: self._left]
            if self._sink is None:
                self._chunks.append(piece)
            else:
                self._sink.piece(piece)
        self._left -= len(body)

    def _begin_stream(self) -> None:
        request_id, _, action = self._url.decode("latin-1").removeprefix(_PREFIX + "invocation/").partition("/")
        if action == "response":
            self._sink = self._desk.on_stream(request_id)
        if self._sink is not None:
            self._sink.begin(self._headers.get("content-type", "application/octet-stream"), self)

    def on_message_complete(self) -> None:
        path = self._url.decode("latin-1")
        method = self._parser.get_method()
        if method == b"GET" and path == _PREFIX + "invocation/next":
            self._desk.on_next(self)
            return
        answer = self._post(path) if method == b"POST" else None
        if answer is None:
            answer = refusal(
                HTTPStatus.NOT_FOUND, "NotFound", f"{method.decode('latin-1')} {path} is not in the Runtime API"
            )
        self.reply(answer.status, answer.body, {"Content-Type": "application/json"})

    def _post(self, path: str) -> Answer | None:
        body = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        if path == _PREFIX + "init/error":
            return self._desk.on_init_error(body, self._headers)
        head, _, action = path.rpartition("/")
        if not head.startswith(_PREFIX + "invocation/"):
            return None
        request_id = head[len(_PREFIX + "invocation/") :]
        if action == "response":
            return self._desk.on_response(request_id, body, self._headers, is_too_large=self._left < 0)
        if action == "error":
            return self._desk.on_error(request_id, body, self._headers)
        return None

    # answers

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    def reply(self, status: HTTPStatus, body: bytes, headers: Mapping[str, str]) -> None:
        """Write one answer; ``headers`` besides Content-Length. Characters that would break the head are dropped."""
        if self._transport is None:
            return
        lines = [f"HTTP/1.1 {status.value} {status.phrase}"]
        lines += [f"{name}: {_header_text(value)}" for name, value in headers.items()]
        lines.append(f"Content-Length: {len(body)}\r\n\r\n")
        self._transport.write("\r\n".join(lines).encode() + body)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    # whoever takes a streamed response is behind, or no longer

    def pause(self) -> None:
        if self.is_open:
            cast(asyncio.Transport, self._transport).pause_reading()

    def resume(self) -> None:
        if self.is_open:
            cast(asyncio.Transport, self._transport).resume_reading()


def is_streamed(headers: Mapping[str, str]) -> bool:
    """Whether a response is sent in streaming mode (names in lower case)."""
    return headers.get("lambda-runtime-function-response-mode", "").lower() == "streaming"


def _header_text(value: str) -> str:
    return value.replace("\r", "").replace("\n", "")
