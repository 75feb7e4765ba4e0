"""One WebSocket: frames in, messages to its handler, and out what was posted to it.

The protocol is wsproto's, which does no I/O. Everything is bounded: the size of a message, how many are under way,
what a client does not read, how long it is silent and how long it is connected.

Source: RFC 6455; API Gateway developer guide, "Quotas for configuring and running a WebSocket API" (a message of more
than 128 KB or a frame of more than 32 KB ends the connection with 1009, ten minutes without a word with 1001) and
"Working with binary media types for WebSocket APIs" (a binary message ends it with 1003).
"""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING, Final

from wsproto.connection import Connection, ConnectionState, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Event, Ping, TextMessage
from wsproto.utilities import LocalProtocolError, RemoteProtocolError

from segue.api import sockets
from segue.api.sockets import ABNORMAL, GOING_AWAY, NORMAL
from segue.gateway.sockets import LOST
from segue.store import Transaction
from segue.store.patience import at_last
from segue.wire.request import Response, Upgrade

if TYPE_CHECKING:
    from segue.gateway.sockets import Sockets

log = logging.getLogger(__name__)

_UNSUPPORTED, _TOO_LARGE = 1003, 1009
_UNDER_WAY: Final = 32
_LINGER_SECONDS: Final = 2.0
_UNREAD_BYTES: Final = 4 * 1024 * 1024
_WORDS: Final = {
    NORMAL: "Connection Closed Normally",
    GOING_AWAY: "Going away",
    _UNSUPPORTED: "Binary frames are not supported",
    1005: "Client-side close frame status not set",
    _TOO_LARGE: "Message too long",
}


class SocketProtocol(asyncio.Protocol):
    """One socket."""

    def __init__(self, sockets: Sockets, upgrade: Upgrade, transport: asyncio.Transport) -> None:
        self._sockets, self._upgrade, self._transport = sockets, upgrade, transport
        self._connection = Connection(ConnectionType.SERVER)
        self._loop = asyncio.get_running_loop()
        self._clock = sockets.store.clock
        self._message: list[str] = []
        self._message_bytes = self._frame_bytes = 0
        self._under_way: set[asyncio.Future[Response]] = set()
        self._writable: asyncio.Future[None] | None = None
        self._paused = False
        self._ended_with: tuple[int, str] | None = None
        self._active_ms = self._opened_ms = self._clock.now_ms()
        self._sending: asyncio.Task[None] | None = None
        self._last = False

    def begin(self, early: bytes) -> None:
        """From now on; what has come already comes first."""
        self._sending = self._loop.create_task(self._send_what_is_posted())
        if early:
            self.data_received(early)

    # --- what the transport tells

    def data_received(self, data: bytes) -> None:
        if self._last:
            return
        self._active_ms = self._clock.now_ms()
        try:
            self._connection.receive_data(data)
            for event in self._connection.events():
                self._happened(event)
        except RemoteProtocolError as error:
            self.end(getattr(error.event_hint, "code", None) or 1002, str(error)[:100])
        except LocalProtocolError:
            self._transport.abort()

    def pause_writing(self) -> None:
        self._writable = self._loop.create_future()
        self._regulate()

    def resume_writing(self) -> None:
        writable, self._writable = self._writable, None
        if writable is not None and not writable.done():
            writable.set_result(None)
        self._regulate()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._last:
            return
        self._last = True
        if self._sending is not None:
            self._sending.cancel()
        if self._writable is not None and not self._writable.done():
            self._writable.cancel()
        self._transport.abort()
        self._sockets.ended(self, self._upgrade, *(self._ended_with or (ABNORMAL, LOST)))

    # --- what comes

    def _happened(self, event: Event) -> None:
        if isinstance(event, TextMessage):
            self._text(event)
        elif isinstance(event, BytesMessage):
            self.end(_UNSUPPORTED)
        elif isinstance(event, Ping):
            self._write(event.response())
        elif isinstance(event, CloseConnection):
            self._closed_by_client(event)

    def _text(self, event: TextMessage) -> None:
        if self._ended_with is not None:
            return
        size = len(event.data.encode())
        self._frame_bytes += size
        self._message_bytes += size
        if self._frame_bytes > self._upgrade.frame_bytes or self._message_bytes > self._upgrade.message_bytes:
            self.end(_TOO_LARGE)
            return
        self._message.append(event.data)
        if event.frame_finished:
            self._frame_bytes = 0
        if event.message_finished:
            text, self._message, self._message_bytes = "".join(self._message), [], 0
            self._take(text)

    def _take(self, text: str) -> None:
        answer = self._sockets.message(self._upgrade, text)
        self._under_way.add(answer)
        answer.add_done_callback(self._answered)
        self._regulate()

    def _answered(self, answer: asyncio.Future[Response]) -> None:
        self._under_way.discard(answer)
        self._regulate()
        if answer.cancelled() or answer.exception() is not None or self._ended_with is not None:
            return
        body = answer.result().body
        if body:
            self._write(TextMessage(data=body.decode("utf-8", "replace")))
            if self._transport.get_write_buffer_size() > _UNREAD_BYTES:
                self._transport.abort()  # it asks, and does not read

    def _regulate(self) -> None:
        """Read no more than can be answered."""
        pause = len(self._under_way) >= _UNDER_WAY or self._writable is not None
        if pause != self._paused and not self._transport.is_closing():
            self._paused = pause
            (self._transport.pause_reading if pause else self._transport.resume_reading)()

    def _closed_by_client(self, event: CloseConnection) -> None:
        code = int(event.code)
        if self._connection.state is ConnectionState.OPEN:  # what it has sent is no frame: so says the library
            self.end(code, event.reason or "")
            return
        if self._connection.state is ConnectionState.REMOTE_CLOSING:
            self._ended_with = (code, event.reason or _WORDS.get(code, ""))
            self._write(event.response())
        self._transport.close()

    # --- what goes

    def _write(self, event: Event) -> None:
        try:
            data = self._connection.send(event)
        except LocalProtocolError:
            return  # it is closing
        if not self._transport.is_closing():
            self._transport.write(data)

    def end(self, code: int, reason: str = "") -> None:
        """Say that it is over; a client that does not answer is cut off in a moment."""
        if self._ended_with is not None or self._last:
            return
        words = reason or _WORDS.get(code, "")
        self._ended_with = (code, words)
        self._write(CloseConnection(code=code, reason=words))
        self._loop.call_later(_LINGER_SECONDS, self._transport.abort)
        if self._paused:
            self._transport.resume_reading()

    async def _send_what_is_posted(self) -> None:
        socket_id, store = self._upgrade.id, self._sockets.store
        key = sockets.wake_key(socket_id)
        try:
            while self._ended_with is None:
                found, seq = await at_last(lambda: store.look(lambda tx: (sockets.outgoing(tx, socket_id), tx.seq)))
                for text in found.texts.values():
                    self._write(TextMessage(data=text))
                    if self._writable is not None:
                        await self._writable
                if found.texts:
                    self._active_ms = self._clock.now_ms()
                    sent = partial(_forget, socket_id, tuple(found.texts))
                    await at_last(partial(store.write, sent))
                elif found.closing:
                    self.end(found.closing)
                elif self._clock.now_ms() >= self._deadline_ms:
                    self.end(GOING_AWAY)
                else:
                    await store.wakes.park((key,), seq, self._deadline_ms)
        except asyncio.CancelledError:
            pass
        except Exception:
            log.exception("what was posted to a socket could not be sent")
            self._transport.abort()

    @property
    def _deadline_ms(self) -> int:
        """When it ends unless something comes or goes."""
        return min(self._active_ms + self._upgrade.idle_ms, self._opened_ms + self._upgrade.lifetime_ms)


def _forget(socket_id: str, numbers: tuple[int, ...], tx: Transaction) -> None:
    sockets.were_sent(tx, socket_id, numbers)
