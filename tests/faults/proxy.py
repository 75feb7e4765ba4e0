"""The way to the database, which can vanish: nobody is told, nothing arrives any more."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any


class Proxy:
    """Listens at a port of this machine and hands on what comes to the server's socket, and back.

    Args:
        directory: where the server's Unix socket is.
    """

    def __init__(self, directory: Path) -> None:
        self._upstream = f"{directory}/.s.PGSQL.5432"
        self._open = asyncio.Event()
        self.port = 0

    def url(self, database: str) -> str:
        """How to reach a database this way."""
        return f"postgresql://segue@127.0.0.1:{self.port}/{database}"

    def vanish(self) -> None:
        """From now on nothing passes. Connections stand, and new ones can be made, but nobody says anything."""
        self._loop.call_soon_threadsafe(self._open.clear)

    def come_back(self) -> None:
        """What was said meanwhile arrives, and all that comes now."""
        self._loop.call_soon_threadsafe(self._open.set)

    def __enter__(self) -> Proxy:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._run(self._listen())
        return self

    def __exit__(self, *_: object) -> None:
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _listen(self) -> None:
        self._open.set()
        self._listening = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = self._listening.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        self._listening.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._open.wait()
        with suppress(OSError):
            from_server, to_server = await asyncio.open_unix_connection(self._upstream)
            await asyncio.gather(self._pass_on(reader, to_server), self._pass_on(from_server, writer))

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                await self._open.wait()
                writer.write(data)
        await self._open.wait()
        writer.close()
