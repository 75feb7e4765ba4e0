"""A server in a thread of this process, on a manual clock."""

from __future__ import annotations

import asyncio
import tempfile
import threading
from collections.abc import Coroutine
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from segue.clock import ManualClock
from segue.config import Settings
from segue.jobs import queue
from segue.server import Server
from segue.store import Transaction, Unit
from segue.store.blobs import ContentElsewhere
from segue.store.timers import ManualTimers
from segue.testing.outbox import Letter, letters

T = TypeVar("T")

_SETTLE_SECONDS = 60.0


class Segue:
    """One server on a free port, with virtual time.

    Args:
        data: the data directory; a temporary one unless given. Given again, the server goes on where it stood.
        settings: further settings (``iam``, ``limits``); host, port and data are set here.
        now_ms: the time at which the clock stands.
    """

    def __init__(self, data: Path | None = None, *, now_ms: int = 1_700_000_000_000, **settings: Any) -> None:
        self.clock = ManualClock(now_ms)
        self._timers = ManualTimers(self.clock)
        self._temporary = tempfile.TemporaryDirectory(prefix="segue-test-") if data is None else None
        directory = Path(self._temporary.name) if self._temporary else data
        self._settings = Settings(data=directory, port=0, **{"stack_wait_ms": 0, **settings})
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="segue", daemon=True)

    def start(self) -> Segue:
        """Start serving."""
        self._thread.start()
        self._run(self._start())
        return self

    def stop(self) -> None:
        """Stop serving; a given data directory stays."""
        self._run(self.server.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        if self._temporary is not None:
            self._temporary.cleanup()

    def __enter__(self) -> Segue:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def endpoint_url(self) -> str:
        """Where it listens."""
        return self.server.settings.endpoint_url

    def client(self, service: str, *, account: str = "000000000000", region: str = "us-east-1", **more: Any) -> Any:
        """A boto3 client of a service, in an account and a region (which looks for no host ``sync-127.0.0.1``)."""
        import boto3
        from botocore.config import Config

        credentials = {"aws_access_key_id": account, "aws_secret_access_key": "test"}
        config = Config(inject_host_prefix=False)
        more["config"] = config.merge(more["config"]) if "config" in more else config
        own = {"endpoint_url": self.endpoint_url, **credentials}
        return boto3.client(service, region_name=region, **{**own, **more})

    def advance(self, seconds: float = 0, *, minutes: float = 0, hours: float = 0, days: float = 0) -> None:
        """Let time go on: everything that falls due happens at its own time, in order."""
        total = seconds + 60 * minutes + 3600 * hours + 86_400 * days
        self._run(self._advance(self.clock.now_ms() + round(total * 1000)))

    def sleep(self, seconds: float = 0, *, days: float = 0) -> None:
        """Let time go by as if the machine slept: what falls due meanwhile happens when it wakes, late.

        Months take no longer than a moment.
        """
        self.settle()
        self._run(self._go_on_at(self.clock.now_ms() + round((seconds + 86_400 * days) * 1000)))

    def settle(self) -> None:
        """Wait (in real time) until nothing is due and nothing is under way."""
        self._run(self._settle())

    def transact(self, unit: Unit[T]) -> T:
        """Run a unit of work in the server's store."""

        async def write() -> T:
            while True:
                try:
                    return await self.server.store.write(unit)
                except ContentElsewhere as away:
                    await self.server.content(away)

        return self._run(write())

    def outbox(self, to: str = "", *, kind: str = "") -> list[Letter]:
        """What was sent to people until now, oldest first: to one address or number, of a kind (``EMAIL``, ``SMS``)."""
        self.settle()
        return self.transact(lambda tx: letters(tx, to, kind))

    async def _start(self) -> None:
        self.server = Server(self._settings, clock=self.clock, timers=self._timers)
        await self.server.start()

    async def _advance(self, until_ms: int) -> None:
        await self._settle()
        while (due_ms := await self._next_due_ms()) is not None and due_ms <= until_ms:
            await self._go_on_at(due_ms)
        await self._go_on_at(until_ms)

    async def _go_on_at(self, at_ms: int) -> None:
        self.clock.advance(max(0, at_ms - self.clock.now_ms()))
        self._timers.ring()
        await self._settle()

    async def _next_due_ms(self) -> int | None:
        job_ms = await self.server.store.write(queue.next_due_ms)
        return min((at for at in (job_ms, self._timers.next_ms()) if at is not None), default=None)

    async def _settle(self) -> None:
        async with asyncio.timeout(_SETTLE_SECONDS):
            quiet = 0
            while quiet < 3:
                busy = self.server.worker.busy or await self.server.store.write(self._something_due)
                busy = busy or await self._written_afterwards()
                quiet = 0 if busy else quiet + 1
                await asyncio.sleep(0.001 if busy else 0)

    async def _written_afterwards(self) -> bool:
        """Write what was to be written in a moment; whether there was any."""
        afterwards = self.server.functions.afterwards
        was_busy = afterwards.busy
        await afterwards.flush()
        return was_busy

    @staticmethod
    def _something_due(tx: Transaction) -> bool:
        return bool(queue.due(tx, 1))

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_SETTLE_SECONDS * 2)
