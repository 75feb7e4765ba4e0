"""Accepting connections, all that have come at once.

An event loop's own listening does not do: uvloop 0.23 accepts one connection a turn, and when a turn takes a tenth of a
second, because much is asked, a thousand new clients would wait for minutes.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable
from typing import Final

log = logging.getLogger(__name__)

_BACKLOG: Final = 4_096  # who finds no place tries again in one, two, four … seconds, until minutes have gone by
_AT_ONCE: Final = 1_024
_PAUSE_SECONDS: Final = 1.0


class Listener:
    """A listening socket.

    Args:
        loop: where it listens.
        sock: a bound socket; it is the listener's from now on.
        connected: makes the protocol of a connection.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, sock: socket.socket, connected: Callable[[], asyncio.Protocol]
    ) -> None:
        self._loop, self._socket, self._connected = loop, sock, connected
        self._beginning: set[asyncio.Task[object]] = set()
        self._pause: asyncio.TimerHandle | None = None
        sock.setblocking(False)
        sock.listen(_BACKLOG)
        self._listen()

    def close(self) -> None:
        """Accept no more."""
        if self._pause is not None:
            self._pause.cancel()
        self._loop.remove_reader(self._socket)
        self._socket.close()

    def _listen(self) -> None:
        self._pause = None
        self._loop.add_reader(self._socket, self._accept)

    def _accept(self) -> None:
        for _ in range(_AT_ONCE):
            try:
                connection, _address = self._socket.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:  # no file descriptors, as a rule: they come back when connections end
                log.error("no connection can be accepted for now: %s", error)
                self._loop.remove_reader(self._socket)
                self._pause = self._loop.call_later(_PAUSE_SECONDS, self._listen)
                return
            self._begin(connection)

    def _begin(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        if connection.family in (socket.AF_INET, socket.AF_INET6):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        task = self._loop.create_task(self._loop.connect_accepted_socket(self._connected, connection))
        self._beginning.add(task)
        task.add_done_callback(self._begun)

    def _begun(self, task: asyncio.Task[object]) -> None:
        self._beginning.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.warning("a connection could not begin: %s", error)
