"""The effect ``forward:request``: a request sent on to another endpoint, and its answer handed back as it comes.

One connection a request. Bodies are never held whole where they are large: a request's is on the disk, an answer's is
read as fast as it is taken. What goes wrong before the answer's head is a value (:class:`HttpFailure`).
"""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path
from typing import Final

import httptools

from segue.api.forward import ForwardRequest
from segue.api.http_effect import HttpAnswer, HttpFailure
from segue.wire.request import Request, Response
from segue.worker.forward_signing import Place, Signer

_CONNECT_SECONDS: Final = 10.0
_ANSWER_SECONDS: Final = 900.0  # as long as the longest function runs: the other side may be waiting for one
_IDLE_SECONDS: Final = 60.0
_PIECE_BYTES: Final = 262_144
_HEAD_BYTES: Final = 131_072
_HELD_BYTES: Final = 16 * 1024 * 1024  # of an answer that is read whole
_OF_THE_HOP: Final = frozenset(
    ("connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "expect")
)
_VIA: Final = "1.1 segue"
_MOST_HOPS: Final = 3


class ForwardEffect:
    """Sends requests on."""

    def __init__(self) -> None:
        self._signer = Signer()
        self._tls: ssl.SSLContext | None = None

    async def __call__(self, given: ForwardRequest) -> Response | HttpAnswer | HttpFailure:
        """Send the request once: a :class:`Response` where its answer streams, else an :class:`HttpAnswer`."""
        if given.request.header("via").count(_VIA) >= _MOST_HOPS:
            return HttpFailure("requests are forwarded in a circle")
        answer: _Answer | None = None
        try:
            place = await self._signer.place(given)
            answer = await self._send(given, place)
            return answer.streamed() if given.streams else await answer.whole()
        except TimeoutError:
            failure = HttpFailure(f"no answer in {_ANSWER_SECONDS:g} seconds", timed_out=True)
        except ssl.SSLError as error:
            failure = HttpFailure(f"TLS: {error.reason or error}")
        except (OSError, EOFError, LookupError, ValueError, httptools.HttpParserError) as error:
            failure = HttpFailure(f"{error}" or type(error).__name__)
        if answer is not None:
            await answer.aclose()
        return failure

    async def _send(self, given: ForwardRequest, place: Place) -> _Answer:
        async with asyncio.timeout(_CONNECT_SECONDS):
            tls = self._context() if place.is_secure else None
            reader, writer = await asyncio.open_connection(place.host, place.port, ssl=tls)
        answer = _Answer(reader, writer, head_only=given.request.method == "HEAD")
        try:
            writer.write(_head(given, place))
            async with asyncio.timeout(_ANSWER_SECONDS):
                try:
                    await _write_body(given, writer)
                except ConnectionError:  # whoever refuses a body need not read it: the answer may be there
                    if _size(given.request) == 0:
                        raise
                await answer.read_head()
        except BaseException:
            writer.transport.abort()
            raise
        return answer

    def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = ssl.create_default_context()
        return self._tls


def _head(given: ForwardRequest, place: Place) -> bytes:
    request = given.request
    target = place.path + (f"?{place.query}" if place.query else "")
    headers = {name: value for name, value in place.headers.items() if name not in _OF_THE_HOP}
    headers.pop("content-length", None)
    via = headers.pop("via", "")
    lines = [f"{request.method} {target} HTTP/1.1", f"Host: {headers.pop('host')}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    size = _size(request)
    if size or request.method in ("POST", "PUT", "PATCH") or "content-length" in request.headers:
        lines.append(f"Content-Length: {size}")
    lines += [f"Via: {f'{via}, ' if via else ''}{_VIA}", "Connection: close"]
    if any("\r" in line or "\n" in line or "\0" in line for line in lines):
        raise ValueError("the request's head holds a line break")
    return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace")


def _size(request: Request) -> int:
    return request.stored.size if request.stored is not None else len(request.body)


async def _write_body(given: ForwardRequest, writer: asyncio.StreamWriter) -> None:
    if not given.file:
        writer.write(given.request.body)
        await writer.drain()
        return
    file = await asyncio.to_thread(Path(given.file).open, "rb", buffering=0)
    try:
        while piece := await asyncio.to_thread(file.read, _PIECE_BYTES):
            writer.write(piece)
            await writer.drain()
    finally:
        file.close()


class _Answer:
    """An answer on its way: its head at once, its body by iteration."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, head_only: bool) -> None:
        self._reader, self._writer, self._head_only = reader, writer, head_only
        self._parser = httptools.HttpResponseParser(self)
        self._headers: list[tuple[str, str]] = []
        self._reason = b""
        self._pieces: list[bytes] = []
        self._received_bytes = 0
        self._head_complete = self._complete = False

    # --- what the parser tells

    def on_status(self, status: bytes) -> None:
        self._reason += status

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name.decode("latin-1"), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        if self._parser.get_status_code() >= 200:
            self._head_complete = True
            self._complete = self._complete or self._head_only

    def on_body(self, body: bytes) -> None:
        self._pieces.append(body)

    def on_message_complete(self) -> None:
        if self._parser.get_status_code() < 200:  # 100 Continue: the answer is still to come
            self._headers, self._reason = [], b""
        else:
            self._complete = True

    # ---

    async def read_head(self) -> None:
        while not self._head_complete:
            await self._feed()
            if not self._head_complete and self._received_bytes > _HEAD_BYTES:
                raise ValueError(f"the headers of the answer are larger than {_HEAD_BYTES} bytes")

    async def _feed(self) -> None:
        data = await self._reader.read(_PIECE_BYTES)
        self._received_bytes += len(data)
        if data:
            self._parser.feed_data(data)
        elif self._head_complete and self._size is None and not self._is_chunked:
            self._complete = True  # the end of the connection is the end of such a body
        else:
            raise EOFError("the connection ended before the whole answer was there")

    @property
    def _is_chunked(self) -> bool:
        return any(name.lower() == "transfer-encoding" for name, _ in self._headers)

    @property
    def _size(self) -> int | None:
        told = next((value for name, value in self._headers if name.lower() == "content-length"), "")
        return int(told) if told.isascii() and told.isdigit() and len(told) < 16 and not self._is_chunked else None

    def streamed(self) -> Response:
        """The answer with a body that comes as it is taken."""
        size, status = self._size, self._parser.get_status_code()
        kept = [(name, value) for name, value in self._headers if name.lower() not in _OF_THE_HOP]
        headers = {}
        if self._head_only and size is not None:
            headers["Content-Length"] = str(size)
        more = tuple((name, value) for name, value in kept if name.lower() != "content-length")
        if self._head_only or status in (204, 304):
            self._writer.close()
            return Response(status, headers, more=more)
        return Response(status, headers, chunks=self, size=size, more=more)

    async def whole(self) -> HttpAnswer:
        """The answer with all of its body.

        Raises:
            ValueError: it is too large to be a state's or a delivery's.
        """
        pieces, read = [], 0
        async for piece in self:
            pieces.append(piece)
            read += len(piece)
            if read > _HELD_BYTES:
                raise ValueError(f"the body of the answer is larger than {_HELD_BYTES} bytes")
        reason = self._reason.decode("latin-1")
        return HttpAnswer(self._parser.get_status_code(), reason, tuple(self._headers), b"".join(pieces))

    def __aiter__(self) -> _Answer:
        return self

    async def __anext__(self) -> bytes:
        try:
            async with asyncio.timeout(_IDLE_SECONDS):
                while not self._pieces and not self._complete:
                    await self._feed()
        except BaseException:
            self._writer.transport.abort()
            raise
        if not self._pieces:
            await self.aclose()
            raise StopAsyncIteration
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)

    async def aclose(self) -> None:
        """Nobody takes the rest."""
        self._writer.close()
