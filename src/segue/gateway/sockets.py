"""The open WebSockets of this node: who is told of what happens to them, and how they end with it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from segue.api.sockets import ABNORMAL, GOING_AWAY, SocketEvent
from segue.store.patience import at_last
from segue.store.store import Store, StoreUnavailable
from segue.wire.request import Response, Upgrade

if TYPE_CHECKING:
    from segue.gateway.socket_protocol import SocketProtocol

Tell = Callable[[Upgrade, SocketEvent], Response | Awaitable[Response]]

_LINGER_SECONDS: Final = 2.0
_UNAVAILABLE: Final = 503
LOST: Final = "Connection Closed Abnormally"


class Sockets:
    """All that are open.

    Args:
        store: where what is posted to them lies.
        tell: has the handler of a socket know what happened; the answer to a message.
    """

    def __init__(self, store: Store, tell: Tell) -> None:
        self.store, self._tell = store, tell
        self._open: set[SocketProtocol] = set()
        self._ending: set[asyncio.Future[Response]] = set()
        self._empty: asyncio.Event | None = None
        self.closing = False

    def open(self, upgrade: Upgrade, transport: asyncio.Transport, early: bytes) -> asyncio.Protocol:
        """What a connection is from now on; ``early`` came before it knew."""
        from segue.gateway.socket_protocol import SocketProtocol  # its library is not needed before

        opened = SocketProtocol(self, upgrade, transport)
        self._open.add(opened)
        opened.begin(early)
        if self.closing:
            opened.end(GOING_AWAY)
        return opened

    def abandon(self, upgrade: Upgrade) -> None:
        """A connection was to be a socket, but its client has left meanwhile."""
        self.ended(None, upgrade, ABNORMAL, LOST)

    def message(self, upgrade: Upgrade, text: str) -> asyncio.Future[Response]:
        """A message has come."""
        return _future(self._tell(upgrade, SocketEvent(upgrade.id, text)))

    def ended(self, opened: SocketProtocol | None, upgrade: Upgrade, code: int, reason: str) -> None:
        """A socket has ended; its handler is told."""
        if opened is not None:
            self._open.discard(opened)
            if not self._open and self._empty is not None:
                self._empty.set()
        ending = asyncio.ensure_future(self._tell_of_end(upgrade, SocketEvent(upgrade.id, code=code, reason=reason)))
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)

    async def _tell_of_end(self, upgrade: Upgrade, event: SocketEvent) -> Response:
        """Until it is written down: else the socket would be there for others as long as this node is."""

        async def told() -> Response:
            answer = await _future(self._tell(upgrade, event))
            if answer.status == _UNAVAILABLE and not self.closing:  # then whoever misses this node sees to it
                raise StoreUnavailable(f"nobody could be told that a socket has ended: {answer.body.decode()}")
            return answer

        return await at_last(told)

    async def close(self) -> None:
        """The server stops: all sockets end, and it is written down that they have."""
        self.closing = True
        for opened in tuple(self._open):
            opened.end(GOING_AWAY)
        if self._open:
            self._empty = asyncio.Event()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._empty.wait(), _LINGER_SECONDS)
        for opened in tuple(self._open):
            opened.connection_lost(None)
        await asyncio.gather(*self._ending, return_exceptions=True)


def _future(answer: Response | Awaitable[Response]) -> asyncio.Future[Response]:
    if not isinstance(answer, Response):
        return asyncio.ensure_future(answer)
    done: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
    done.set_result(answer)
    return done
