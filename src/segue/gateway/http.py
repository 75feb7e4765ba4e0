"""The HTTP/1.1 edge: an ``asyncio.Protocol`` on httptools.

A connection answers one request after the other, in order; what is pipelined waits, and while something waits nothing
more is read. A request whose answer is at hand costs no task. Nothing is held without a bound: heads, bodies, answers
that a client does not read, and every stage has its time.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final, cast

from segue.gateway.files import read_pieces
from segue.gateway.http_message import HttpLimits, refusal, render
from segue.gateway.http_reader import NEVER, HeldBodies, Reader, Receive, Work
from segue.gateway.listener import Listener
from segue.gateway.sockets import Sockets
from segue.wire.request import Request, Response, Upgrade

__all__ = ["App", "HttpLimits", "Server", "serve"]

log = logging.getLogger(__name__)

App = Callable[[Request], Response | Awaitable[Response]]

_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
_SWEEP_SECONDS: Final = 1.0


class _Connection(asyncio.Protocol):
    def __init__(self, server: Server) -> None:
        self._server, self._limits, self._loop = server, server.limits, server.loop
        self._transport: asyncio.Transport
        self._reader = Reader(self._limits, self._loop.time, server.receive, server.held_bodies)
        self._waiting = self._reader.works
        self._running: asyncio.Future[Response] | asyncio.Task[None] | None = None
        self._writable: asyncio.Future[None] | None = None  # set while the client does not read
        self._reading_paused = self._closing = self._lost = self._ended = False
        self.deadline = NEVER  # where no request is being read: then the reader's counts

    # --- what the transport tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are not subclasses of asyncio's
        self._transport = cast("asyncio.Transport", transport)
        self._server.connections.add(self)
        self.deadline = self._loop.time() + self._limits.idle_seconds
        if len(self._server.connections) > self._limits.connections:
            self._reader.refuse(503, "ServiceUnavailable", "Too many connections are open. Try again in a moment.")
            self._pump()

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost = True
        self._server.forget(self)
        self._reader.leave()
        self._reader.let_go()
        for work in self._waiting:
            if work.request.arriving is not None:
                work.request.arriving.discard()
        self._waiting.clear()
        if self._running is not None:
            self._running.cancel()  # nobody is there to hear the answer
        if self._writable is not None and not self._writable.done():
            self._writable.set_result(None)

    def eof_received(self) -> bool:
        # A client that hangs up and one that only ends its side look alike. The first matters: a long poll must not
        # hand a message to nobody. What is written already is still sent.
        return False

    def pause_writing(self) -> None:
        self._writable = self._loop.create_future()
        self.deadline = self._loop.time() + self._limits.write_seconds

    def resume_writing(self) -> None:
        writable, self._writable = self._writable, None
        self.deadline = self._loop.time() + self._limits.idle_seconds if self._running is None else NEVER
        if writable is not None and not writable.done():
            writable.set_result(None)
        self._pump()

    def data_received(self, data: bytes) -> None:
        self._reader.feed(data)
        self._pump()

    def check_time(self, now: float) -> None:
        """Called about once a second: end what took too long."""
        reader = self._reader
        if reader.in_message and self._writable is None:
            if now >= reader.deadline and not self._reading_paused:
                reader.refuse_late()
                self._pump()
        elif now >= self.deadline and not self._lost:
            if self._writable is not None or self._ended:
                self._transport.abort()
            elif self._running is None and not self._waiting:
                self._transport.close()

    # --- answering

    def _pump(self) -> None:
        """Answer what waits until one answer is not at hand, or the client does not read."""
        while self._waiting and self._running is None and self._writable is None and not self._lost:
            work = self._waiting.popleft()
            if work.refused is not None:
                self._write(work, work.refused)
                return
            try:
                answer = self._server.app(work.request)
            except Exception:
                answer = self._failure(work.request)
            if type(answer) is Response:
                self._write(work, answer)
            else:
                self._run(work, answer)
        self._after_pump()

    def _after_pump(self) -> None:
        if self._lost:
            return
        if self._reader.continue_due and self._running is None and not self._waiting and not self._ended:
            self._reader.continue_due = False
            self._transport.write(_CONTINUE)
        # while a request is being answered reading goes on, or a client that hangs up would go unnoticed
        pause = bool(self._waiting) or self._writable is not None or self._disk_is_behind()
        if pause != self._reading_paused and not self._transport.is_closing():
            self._reading_paused = pause
            if pause:
                self._transport.pause_reading()
                return
            self._transport.resume_reading()
            self._reader.resume()

    def _disk_is_behind(self) -> bool:
        """Whether a body comes faster than it is written; if so reading goes on as soon as it is."""
        arriving = self._reader.arriving
        if arriving is None or not arriving.is_behind:
            return False
        arriving.on_relief = self._after_pump
        return True

    def _run(self, work: Work, answer: Response | Awaitable[Response]) -> None:
        if isinstance(answer, Response):
            self._write(work, answer)
            return
        future = asyncio.ensure_future(answer)
        self._running = future
        self.deadline = NEVER
        future.add_done_callback(lambda done: self._answered(work, done))

    def _answered(self, work: Work, done: asyncio.Future[Response]) -> None:
        self._running = None
        if self._lost:
            if not done.cancelled() and done.exception() is None:  # retrieved, so that it is not reported as forgotten
                self._server.abandon(done.result().upgrade)
            return
        try:
            answer = done.result()
        except asyncio.CancelledError:
            answer = refusal(work.request, 503, "ServiceUnavailable", "The server is shutting down.")
            work.keep_alive = False
        except Exception:
            answer = self._failure(work.request)
        self._write(work, answer)
        self._pump()

    def _failure(self, request: Request) -> Response:
        log.exception("%s %s failed", request.method, request.path)
        return refusal(request, 500, "InternalFailure", "Something went wrong inside Segue; its log tells more.")

    def _write(self, work: Work, response: Response) -> None:
        if work.request.arriving is not None:
            work.request.arriving.discard()  # whatever was not taken
        self._reader.let_go(work.held_bytes)
        keep_alive = work.keep_alive and not self._server.closing and not self._closing
        if response.chunks is not None and response.size is None and work.version == "1.0":
            keep_alive = False
        head = render(response, head_only=work.head_only, keep_alive=keep_alive, version=work.version)
        self._transport.write(head)
        if response.upgrade is not None:
            self._leave_to_socket(response.upgrade)
            return
        self._reader.go_on()
        if self._writable is None:
            self.deadline = self._loop.time() + self._limits.idle_seconds
        chunks = read_pieces(response.file) if response.file is not None else response.chunks
        if chunks is not None and not work.head_only:
            chunked = response.file is None and response.size is None and work.version != "1.0"
            self._running = asyncio.ensure_future(self._stream(work, chunks, keep_alive, chunked))
            self.deadline = NEVER if self._writable is None else self.deadline
        elif not keep_alive:
            self._end(lingering=work.refused is not None)

    def _leave_to_socket(self, upgrade: Upgrade) -> None:
        """From now on the connection is a WebSocket's."""
        if self._server.sockets is None or self._transport.is_closing():
            self._server.abandon(upgrade)
            self._end()
            return
        self._lost = True  # for HTTP
        self._server.forget(self)
        self._reader.leave()
        if self._reading_paused:
            self._transport.resume_reading()
        # the connection's first bytes are handled when it knows whose they are
        opened = self._server.sockets.open(upgrade, self._transport, self._reader.held)
        self._transport.set_protocol(opened)

    async def _stream(self, work: Work, chunks: AsyncIterator[bytes], keep_alive: bool, chunked: bool) -> None:
        try:
            await self._send(chunks, chunked=chunked)
        except (EOFError, TimeoutError) as error:  # somebody else's body, which ends too early
            log.warning("%s %s ended while it was streamed: %r", work.request.method, work.request.path, error)
            self._transport.abort()
        except Exception:
            log.exception("%s %s failed while it was streamed", work.request.method, work.request.path)
            self._transport.abort()  # without a last chunk: the client sees that the answer is not whole
        finally:
            self._running = None
            close = getattr(chunks, "aclose", None)
            if close is not None:
                await close()
        if self._lost:
            return
        if not keep_alive:
            self._end()
        else:
            self.deadline = self._loop.time() + self._limits.idle_seconds
        self._pump()

    async def _send(self, chunks: AsyncIterator[bytes], *, chunked: bool) -> None:
        async for chunk in chunks:
            if self._lost:
                return
            if chunk:
                self._transport.write(b"%x\r\n%b\r\n" % (len(chunk), chunk) if chunked else chunk)
            if self._writable is not None:
                await self._writable
        if chunked:
            self._transport.write(b"0\r\n\r\n")

    def _end(self, lingering: bool = False) -> None:
        """Close. A refused client may still be sending: closed at once, it might never see why."""
        self._ended = True
        self._waiting.clear()
        self.deadline = self._loop.time() + self._limits.write_seconds
        if not lingering or not self._transport.can_write_eof():
            self._transport.close()
            return
        self._transport.write_eof()
        self.deadline = self._loop.time() + self._limits.linger_seconds

    def finish(self) -> None:
        """The server closes: end now if nothing is under way, else after the answer."""
        self._closing = True
        if self._running is None and not self._waiting:
            self._transport.close()

    def abort(self) -> None:
        self._transport.abort()


class Server:
    """A listening server with its connections."""

    def __init__(
        self,
        app: App,
        limits: HttpLimits,
        loop: asyncio.AbstractEventLoop,
        receive: Receive | None = None,
        sockets: Sockets | None = None,
    ) -> None:
        self.app, self.limits, self.loop, self.receive, self.sockets = app, limits, loop, receive, sockets
        self.connections: set[_Connection] = set()
        self.held_bodies = HeldBodies()
        self.closing = False
        self._empty = asyncio.Event()
        self._listening: Listener | None = None
        self._sweeper: asyncio.TimerHandle | None = None

    def start(self, sock: socket.socket) -> None:
        self._listening = Listener(self.loop, sock, lambda: _Connection(self))
        self._sweep()

    def _sweep(self) -> None:
        now = self.loop.time()
        for connection in tuple(self.connections):
            connection.check_time(now)
        delay = min(_SWEEP_SECONDS, self.limits.header_seconds, self.limits.linger_seconds, self.limits.idle_seconds)
        self._sweeper = self.loop.call_later(delay, self._sweep)

    def abandon(self, upgrade: Upgrade | None) -> None:
        """A connection that was to be a socket will not be one."""
        if upgrade is not None and self.sockets is not None:
            self.sockets.abandon(upgrade)

    def forget(self, connection: _Connection) -> None:
        self.connections.discard(connection)
        if not self.connections:
            self._empty.set()

    async def close(self, grace_seconds: float = 5.0) -> None:
        """Accept no more, let what is under way be answered for ``grace_seconds``, then cut what is left."""
        self.closing = True
        if self._listening is not None:
            self._listening.close()
        for connection in tuple(self.connections):
            connection.finish()
        if self.connections:
            self._empty.clear()
            try:
                await asyncio.wait_for(self._empty.wait(), grace_seconds)
            except TimeoutError:
                log.warning("%d connections were cut at the end of the grace period", len(self.connections))
        for connection in tuple(self.connections):
            connection.abort()
        if self._sweeper is not None:
            self._sweeper.cancel()


async def serve(
    app: App,
    sock: socket.socket,
    limits: HttpLimits | None = None,
    receive: Receive | None = None,
    sockets: Sockets | None = None,
) -> Server:
    """Serve ``app`` on a bound socket.

    Args:
        app: answers a request at once, or with an awaitable; it is cancelled when its client hangs up.
        receive: where the body of a request goes, if it is not to be held in memory.
        sockets: what connections become that are to be WebSockets.
    """
    server = Server(app, limits or HttpLimits(), asyncio.get_running_loop(), receive, sockets)
    server.start(sock)
    return server
