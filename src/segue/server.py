"""The composition root: the only file that knows everybody."""

from __future__ import annotations

import asyncio
import socket
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from importlib import import_module
from pathlib import Path

from segue.api import Api, Service, deliveries, tags
from segue.api.service import Identity
from segue.clock import Clock, SystemClock
from segue.config import Settings
from segue.console.deliveries import deliveries_page
from segue.console.health import health
from segue.gateway import http
from segue.gateway.app import Gateway, Page
from segue.ids import Ids
from segue.jobs import queue
from segue.runtimes.pool import Pool
from segue.store.blobs import Blobs
from segue.store.group_commit import GroupCommit
from segue.store.migrations import Migrations
from segue.store.sqlite import SqliteStore
from segue.store.timers import Timers
from segue.worker import Worker
from segue.worker.functions import FunctionEffect

_SERVICES = ("sqs", "sns", "events", "dynamodb", "logs", "iam", "sts", "lambda_", "states")


def services() -> list[Service]:
    """Every service there is."""
    from importlib.util import find_spec  # while services are still being built

    found = []
    for name in _SERVICES:
        if find_spec(f"segue.services.{name}") is None:
            continue
        module = import_module(f"segue.services.{name}")
        if hasattr(module, "SERVICE"):
            found.append(module.SERVICE)
    return found


def migrations(api: Api) -> Migrations:
    """The whole schema: the floors' own tables and those of the services."""
    floors: dict[str, Sequence[str]] = {
        "jobs": queue.MIGRATIONS,
        "deliveries": deliveries.MIGRATIONS,
        "tags": tags.MIGRATIONS,
    }
    return {**floors, **api.migrations}


def _identity() -> Identity | None:
    try:
        return import_module("segue.services.iam.identity").IamIdentity()  # type: ignore[no-any-return]
    except ImportError:
        return None


class Server:
    """One node: a store, the door, and the edges around them.

    Args:
        settings: where to listen, where to keep data.
        clock, ids, timers: given in tests; the machine's otherwise.

    Raises:
        DataDirectoryInUse, StoreIsNewer: see :class:`~segue.store.sqlite.SqliteStore` (at :meth:`start`).
        OSError: the port is taken (at :meth:`start`).
    """

    def __init__(
        self, settings: Settings, clock: Clock | None = None, ids: Ids | None = None, timers: Timers | None = None
    ) -> None:
        self.settings = settings
        self.clock = clock or SystemClock()
        self._ids = ids or Ids()
        self._timers = timers
        self.api = Api(services(), settings, _identity())

    async def start(self) -> None:
        """Open the store, go on with what was left, and listen."""
        self._socket = bind(self.settings.host, self.settings.port)
        self.settings = replace(self.settings, port=self._socket.getsockname()[1])
        self.api.settings = self.settings
        self._scratch = tempfile.TemporaryDirectory(prefix="segue-")
        data = self.settings.data or Path(self._scratch.name)
        self.store = GroupCommit(SqliteStore(data, migrations(self.api), self.clock, self._ids), self._timers)
        try:
            self.api.blobs = Blobs(data / "blobs")
            self.pool = Pool(data / "functions", clock=self.clock)
            await self.pool.start()
            self.functions = FunctionEffect(self.pool, self.api, self.store)
            effects = {"lambda:invoke": self.functions}
            pages: dict[str, Page] = {
                "/_segue/health": partial(health, self.api),
                "/_localstack/health": partial(health, self.api),
                "/_segue/deliveries": partial(deliveries_page, self.store),
            }
            self.gateway = Gateway(self.api, self.store, effects, pages)
            self._http = await http.serve(self.gateway, self._socket)
        except BaseException:
            await self.store.close()
            raise
        self.worker = Worker(self.api, self.store, effects)
        await self.worker.start()

    async def stop(self) -> None:
        """Answer what is under way, let go of the rest; everything acknowledged is in the store."""
        await self._http.close()
        await self.worker.stop()
        await self.pool.close()
        await self.functions.afterwards.flush()
        await self.store.close()
        self._scratch.cleanup()

    async def run_until(self, stopped: asyncio.Event) -> None:
        """Start, serve until ``stopped`` is set, stop."""
        await self.start()
        await stopped.wait()
        await self.stop()


def bind(host: str, port: int) -> socket.socket:
    """A socket bound to an address, so that the port is known (and ours) before anything else is touched.

    Raises:
        OSError: ``EADDRINUSE`` where somebody else has it.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError:
        bound.close()
        raise
    return bound
