from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from segue.gateway.listener import Listener
from tests.gateway.test_http import run

__all__ = ["run"]  # a fixture

Run = Callable[[Coroutine[Any, Any, Any]], Any]


def _bound() -> tuple[socket.socket, int]:
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    return sock, sock.getsockname()[1]


class Counting(asyncio.Protocol):
    """Counts the turns of the loop until each connection is there."""

    def __init__(self, made: list[int], turns: list[int], all_are_there: asyncio.Event, clients: int = 1) -> None:
        self.made, self.turns, self.all_are_there, self.clients = made, turns, all_are_there, clients

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.made.append(self.turns[0])
        if len(self.made) == self.clients:
            self.all_are_there.set()


def test_all_who_wait_are_accepted_in_one_turn(run: Run) -> None:
    async def main() -> None:
        loop, made, turns, there = asyncio.get_running_loop(), list[int](), [0], asyncio.Event()
        sock, port = _bound()
        listener = Listener(loop, sock, lambda: Counting(made, turns, there, 300))
        clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(300)]

        def turn() -> None:
            turns[0] += 1
            loop.call_soon(turn)

        turn()
        await there.wait()
        assert max(made) < 20
        listener.close()
        for client in clients:
            client.close()

    run(main())


def test_without_file_descriptors_it_tries_again(
    run: Run, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("segue.gateway.listener._PAUSE_SECONDS", 0.01)

    class Poor(socket.socket):
        refusals = 3

        def accept(self) -> Any:
            if Poor.refusals:
                Poor.refusals -= 1
                raise OSError(errno.EMFILE, "Too many open files")
            return super().accept()

    async def main() -> None:
        Poor.refusals = 3
        sock = Poor()
        sock.bind(("127.0.0.1", 0))
        there = asyncio.Event()
        listener = Listener(asyncio.get_running_loop(), sock, lambda: Counting([], [0], there))
        with socket.create_connection(sock.getsockname()):
            await there.wait()
        listener.close()
        assert "Too many open files" in caplog.text

    run(main())


def test_a_closed_listener_accepts_nobody(run: Run) -> None:
    async def main() -> None:
        sock, port = _bound()
        Listener(asyncio.get_running_loop(), sock, asyncio.Protocol).close()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))

    run(main())
