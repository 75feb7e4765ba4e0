"""The composition root: the only file that knows everybody."""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import socket
import tempfile
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from segue import __version__
from segue.api import (
    Api,
    Service,
    deduplication,
    deliveries,
    housekeeping,
    outbox,
    places,
    sockets,
    streams,
    tags,
    throttles,
)
from segue.api.forward import FORWARD
from segue.api.http_effect import HTTP
from segue.api.mail_effect import MAIL
from segue.api.serverless_effect import SERVERLESS
from segue.api.service import Identity
from segue.api.sources import lanes, queues
from segue.clock import Clock, SystemClock
from segue.config import Settings
from segue.console.blobs import blobs_page
from segue.console.cluster import cluster_page
from segue.console.deliveries import deliveries_page
from segue.console.health import health
from segue.console.load import Load
from segue.console.origin import guarded
from segue.console.outbox import outbox_page
from segue.console.outbox_sent import sent_page
from segue.console.pages import PREFIX, Pages
from segue.console.peek import peek_page
from segue.console.responses import responses_page
from segue.console.underway import underway_page
from segue.gateway import http
from segue.gateway.app import Gateway, Page
from segue.gateway.files import read_pieces
from segue.ids import Ids
from segue.jobs import queue
from segue.runtimes.pool import Pool, PoolSettings
from segue.services.cloudformation import responses
from segue.services.cloudwatch.records import keep_tallies
from segue.services.sqs.peek import peek
from segue.store import Transaction, contents
from segue.store.blobs import MOVE
from segue.store.group_commit import GroupCommit
from segue.store.migrations import Migrations
from segue.store.sqlite import SqliteStore, hold
from segue.store.store import Store
from segue.store.timers import Timers
from segue.wire.checksums import Digests
from segue.wire.request import FileBody
from segue.worker import Worker
from segue.worker.concurrency import TOLD as FUNCTIONS
from segue.worker.content_mover import open_content
from segue.worker.forward_client import ForwardEffect
from segue.worker.function_streams import StreamEffect
from segue.worker.functions import FunctionEffect
from segue.worker.http_client import HttpEffect
from segue.worker.mail_server import MailEffect
from segue.worker.parameters_extension import App, ParametersExtension
from segue.worker.run_job import handler_of
from segue.worker.serverless import ServerlessEffect
from segue.worker.worker import TOLD as BEGUN
from segue.worker.worker import Effect

log = logging.getLogger(__name__)

_TALLY_SECONDS = 10.0
_OTHER_FILES = 512
_GRACE_SECONDS = 5.0
"""How long functions may run on when a node leaves others that would have to run them again."""

_SERVICES = (
    "sqs",
    "sns",
    "events",
    "dynamodb",
    "dynamodbstreams",
    "logs",
    "iam",
    "sts",
    "lambda_",
    "states",
    "s3",
    "secretsmanager",
    "scheduler",
    "pipes",
    "apigatewayv2",
    "apigateway",
    "apigatewaymanagementapi",
    "cloudformation",
    "ssm",
    "cloudwatch",
    "kms",
    "ecr",
    "ses",
    "ses.v2",
)


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
        "deduplication": deduplication.MIGRATIONS,
        "deliveries": deliveries.MIGRATIONS,
        "streams": streams.MIGRATIONS,
        "sockets": sockets.MIGRATIONS,
        "queue_sources": queues.MIGRATIONS,
        "stream_sources": lanes.MIGRATIONS,
        "tags": tags.MIGRATIONS,
        "throttles": throttles.MIGRATIONS,
        "outbox": outbox.MIGRATIONS,
        "places": places.MIGRATIONS,
        contents.COMPONENT: contents.MIGRATIONS,
    }
    return {**floors, **api.migrations}


def partition_keys(api: Api) -> dict[str, str]:
    """Of each table that grows, the column that says what a row belongs to: a queue, an execution, an item's key."""
    floors = (queue, deduplication, deliveries, streams, contents)
    keys = [floor.PARTITION_KEYS for floor in floors] + [service.partition_keys for service in api.services.values()]
    return {table: key for of_one in keys for table, key in of_one.items()}


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
        self._others: list[http.Server] = []  # that listen on ports which functions want
        self.api = Api(services(), settings, _identity())

    async def start(self) -> None:
        """Open the store, go on with what was left, and listen."""
        async with AsyncExitStack() as opened:  # closes what was opened if the rest cannot be
            await self._open(opened)
            self._opened = opened.pop_all()

    async def stop(self) -> None:
        """Answer what is under way, let go of the rest; everything acknowledged is in the store."""
        await self._opened.aclose()

    async def _open(self, opened: AsyncExitStack) -> None:
        """Open part after part, and arrange how each is closed, in the opposite order."""
        listening = opened.enter_context(bind(self.settings.host, self.settings.port))
        self.settings = replace(self.settings, port=listening.getsockname()[1])
        self.api.settings = self.settings
        data = self.settings.data or Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="segue-")))
        if self.settings.store:
            opened.callback(os.close, hold(data))
        self.store = self._open_store(data)
        opened.push_async_callback(self.store.close)
        self.api.tallies = self.store.tallies
        opened.push_async_callback(self._keep_tallies)
        in_use = partial(housekeeping.blobs_in_use, self.api)
        self.api.blobs, self.content = open_content(self.settings, data, self.store, in_use)
        opened.push_async_callback(self.content.close)
        self.api.node = self.store.node
        self.pool = Pool(
            data / "functions",
            PoolSettings(account_concurrency=self.settings.limits.account_concurrency),
            clock=self.store.clock,
            on_late_lines=lambda *late: self.functions.late_lines(*late),
            fetch_code=self.content.fetch_whole,
        )
        self.functions = FunctionEffect(self.pool, self.api, self.store)
        opened.push_async_callback(self.functions.afterwards.flush)
        opened.push_async_callback(self.pool.close)
        await self.pool.start()
        following = asyncio.create_task(self.functions.follow(), name="functions: follow")
        opened.callback(following.cancel)
        if self.store.shared:
            keeping = asyncio.create_task(self.functions.concurrency.keep_forever(), name="functions: keep places")
            opened.callback(keeping.cancel)
        effects = self._effects(opened)
        self.functions.extension = ParametersExtension(self.api, self.store, effects, self._listen)
        opened.push_async_callback(self._close_others)
        self.worker = Worker(self.api, self.store, effects)
        opened.push_async_callback(self.worker.stop, _GRACE_SECONDS if self.store.shared else 0)
        self.gateway = Gateway(self.api, self.store, effects, self._pages())
        opened.push_async_callback(self.gateway.close)
        self._http = await http.serve(
            guarded(self.gateway, self.settings, self.gateway.admits),
            listening,
            http.HttpLimits(connections=_most_connections()),
            receive=self.gateway.receive,
            sockets=self.gateway.sockets,
        )
        opened.push_async_callback(self._http.close)
        opened.push_async_callback(self.gateway.sockets.close)
        opened.callback(self.gateway.stop_waiting)
        await self._go_to_work(opened)

    def _effects(self, opened: AsyncExitStack) -> dict[str, Effect]:
        """How what leaves the building is done."""
        serverless = ServerlessEffect()
        opened.push_async_callback(serverless.close)
        mail = MailEffect(self.settings.smtp)
        opened.push_async_callback(mail.close)
        return {
            "lambda:invoke": self.functions,
            "lambda:invoke-streaming": StreamEffect(self.functions),
            HTTP: HttpEffect(),
            SERVERLESS: serverless,
            MAIL: mail,
            FORWARD: ForwardEffect(),
            MOVE: self.content,
            "blobs:digests": _digests,
            housekeeping.BLOBS_EFFECT: self.content.old,
        }

    def _pages(self) -> dict[str, Page]:
        """What is answered beside AWS's operations, by the beginning of its path."""
        return {
            "/_segue/health": partial(health, self.api),
            "/_localstack/health": partial(health, self.api),
            "/_segue/blobs/": partial(blobs_page, self.api.blobs, self.content.fetch_whole),
            responses.PREFIX: partial(responses_page, self.store, responses.PREFIX, responses.keep),
            "/_segue/deliveries": partial(deliveries_page, self.store),
            "/_segue/underway": partial(underway_page, self.store),
            "/_segue/cluster": partial(cluster_page, self.store, lambda kind: handler_of(self.api, kind) is not None),
            "/_segue/outbox": partial(outbox_page, self.api, self.store),
            "/_aws/ses": partial(sent_page, self.api, self.store),
            "/_segue/peek": partial(peek_page, self.store, peek),
            PREFIX: Pages(),  # last: it begins the others
        }

    async def _go_to_work(self, opened: AsyncExitStack) -> None:
        """Begin what goes on as long as the node is there."""
        await self.store.write(lambda tx: housekeeping.ensure(tx, self.settings.kept))
        if not self.store.shared:
            await self.store.write(lambda tx: sockets.lose_of_others(tx, self.api.node))
        await self.worker.start()
        if self.store.shared:  # what is new is for the others
            opened.callback(self.worker.claim_no_more)
        keeping = asyncio.create_task(self._keep_counting(), name="tallies: keep")
        opened.callback(keeping.cancel)
        self.store.tell = load = self._load()
        sampling = asyncio.create_task(load.sample_forever(), name="load: sample")
        opened.callback(sampling.cancel)
        if self.api.blobs.is_cache:
            tidying = asyncio.create_task(self.content.tidy_forever(), name="content: tidy")
            opened.callback(tidying.cancel)

    def _open_store(self, data: Path) -> Store:
        schema = migrations(self.api)
        if not self.settings.store:
            return GroupCommit(SqliteStore(data, schema, self.clock, self._ids), self._timers)
        from segue.store.postgres.opening import Database
        from segue.store.postgres.store import PostgresStore

        return PostgresStore(
            Database(self.settings.store),
            schema,
            self.clock,
            self._ids,
            self._timers,
            gone=node_is_gone,
        )

    def _load(self) -> Load:
        """What this node tells the others of itself."""
        late = self.worker.lateness.percentiles
        shown: dict[str, Callable[[], Any]] = {
            "address": lambda: self.settings.endpoint_url,
            "version": lambda: __version__,
            "connections": lambda: len(self._http.connections),
            "waiting": lambda: self.gateway.waiting,
            FUNCTIONS: lambda: self.functions.running,
            "environments": lambda: self.pool.environments,
            BEGUN: lambda: self.worker.begun,
            "lateMs": lambda: late(self.store.clock.now_ms(), 50, 99),
        }
        counted = {"requestsPerSecond": lambda: self.gateway.requests, "unitsPerSecond": lambda: self.store.units}
        return Load(self.store.clock, shown, counted)

    async def _listen(self, app: App, port: int) -> None:
        """Answer on another port of the loopback interface, until the server stops."""
        sock = bind("127.0.0.1", port)
        try:
            listening = await http.serve(app, sock)
        except BaseException:
            sock.close()
            raise
        self._others.append(listening)

    async def _close_others(self) -> None:
        for other in self._others:
            await other.close()

    async def _keep_counting(self) -> None:
        """Write down what was counted, every few seconds of real time."""
        while True:
            await asyncio.sleep(_TALLY_SECONDS)
            try:
                await self._keep_tallies()
            except Exception:
                log.exception("what was counted could not be written down; trying again")

    async def _keep_tallies(self) -> None:
        cells = self.store.tallies.take()
        if cells:
            await self.store.write(lambda tx: keep_tallies(tx, cells))
        self.store.tallies.written()

    async def run_until(self, stopped: asyncio.Event) -> None:
        """Start, serve until ``stopped`` is set, stop."""
        await self.start()
        await stopped.wait()
        await self.stop()


async def _digests(request: tuple[FileBody, tuple[str, ...]]) -> dict[str, bytes]:
    """The effect ``blobs:digests``: of a body on disk, by the names of :mod:`segue.wire.checksums`."""
    body, names = request
    digests = Digests(names)
    async for piece in read_pieces(body):
        await asyncio.to_thread(digests.update, piece)
    return digests.result()


def node_is_gone(tx: Transaction, number: int, node: str) -> None:
    """What a node held, others go on with."""
    queue.release_leases_of(tx, number)
    sockets.lose_of(tx, node)
    places.lose_of(tx, node)


def take_over(tx: Transaction) -> None:
    """What the processes of an earlier store held when it was copied, others go on with."""
    queue.release_leases(tx)
    sockets.lose_of_others(tx, "")
    places.lose_all(tx)


def _most_connections() -> int:
    """As many as files may be open, but for those that the rest of the program needs."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return 1 << 30 if limit == resource.RLIM_INFINITY else max(limit - _OTHER_FILES, limit // 2)


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
