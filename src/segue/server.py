"""The composition root: the only file that knows everybody."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from functools import partial
from importlib import import_module
from pathlib import Path

from segue.api import Api, Service, deliveries, tags
from segue.clock import Clock, SystemClock
from segue.config import Settings
from segue.console.deliveries import deliveries_page
from segue.console.health import health
from segue.gateway import http
from segue.gateway.app import Gateway
from segue.ids import Ids
from segue.jobs import queue
from segue.runtimes.pool import Pool
from segue.services.iam.identity import IamIdentity
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
    return [import_module(f"segue.services.{name}").SERVICE for name in _SERVICES]


def migrations(api: Api) -> Migrations:
    """The whole schema: the floors' own tables and those of the services."""
    floors: dict[str, Sequence[str]] = {
        "jobs": queue.MIGRATIONS,
        "deliveries": deliveries.MIGRATIONS,
        "tags": tags.MIGRATIONS,
    }
    return {**floors, **api.migrations}


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
        self.api = Api(services(), settings, IamIdentity())

    async def start(self) -> None:
        """Open the store, go on with what was left, and listen."""
        self._scratch = tempfile.TemporaryDirectory(prefix="segue-")
        data = self.settings.data or Path(self._scratch.name)
        self.store = GroupCommit(SqliteStore(data, migrations(self.api), self.clock, self._ids), self._timers)
        try:
            self.api.blobs = Blobs(data / "blobs")
            self.pool = Pool(data / "functions", self.settings.endpoint_url)
            effects = {"lambda:invoke": FunctionEffect(self.pool, self.api, self.store)}
            pages = {
                "/_segue/health": partial(health, self.api),
                "/_localstack/health": partial(health, self.api),
                "/_segue/deliveries": partial(deliveries_page, self.store),
            }
            self.gateway = Gateway(self.api, self.store, effects, pages)
            self._http = await http.serve(self.gateway, self.settings.host, self.settings.port)
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
        await self.store.close()
        self._scratch.cleanup()

    async def run_until(self, stopped: asyncio.Event) -> None:
        """Start, serve until ``stopped`` is set, stop."""
        await self.start()
        await stopped.wait()
        await self.stop()
