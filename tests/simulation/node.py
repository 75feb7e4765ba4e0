"""One node of a world: the store, the worker and the gateway that a real one has, on the world's loop and database."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import greenlet

from segue.api import Caller, housekeeping
from segue.clock import SystemClock
from segue.errors import AwsError
from segue.gateway.answers import Answers
from segue.gateway.app import Exchange, Gateway
from segue.ids import Ids
from segue.runtimes.spec import FunctionSpec, Invocation, Outcome
from segue.server import node_is_gone
from segue.services.events import compiled
from segue.services.lambda_ import invocation
from segue.services.states import advance, map_items, map_work
from segue.store.postgres.store import PostgresStore
from segue.store.store import StoreUnavailable
from segue.wire.request import Request
from segue.worker import Worker
from segue.worker.functions import FunctionEffect
from tests.simulation.database import SimulatedDatabase
from tests.simulation.loop import Loop

if TYPE_CHECKING:
    from tests.simulation.world import World

_MEMORY: tuple[tuple[tuple[Any, ...], str, Callable[[], Any]], ...] = (
    ((advance,), "TREES", lambda: advance.Trees(advance._TREES_BYTES)),
    ((map_items, map_work), "MAPS", lambda: map_items.Sources(map_items._MAPS)),
    ((compiled,), "_buses", OrderedDict),
    ((invocation,), "_targets", OrderedDict),
)
"""What a process remembers of the rows, besides its objects: where, by what name, and how it begins."""


class MachineClock(SystemClock):
    """The clock of one machine, which may be wrong."""

    def __init__(self, world: World, ahead_ms: int) -> None:
        super().__init__()
        self._world = world
        self._ahead_ms = ahead_ms

    def now_ms(self) -> int:
        return self._world.database_ms + self._ahead_ms

    def elapsed_seconds(self) -> float:
        return self._world.time.now_us / 1e6


class Told:
    """An answer as the operation gave it, or its error."""

    upgrade = None

    def __init__(self, result: dict[str, Any] | None, error: AwsError | None = None) -> None:
        self.result = result
        self.error = error


class _Direct:
    """Answers that nobody puts on a wire."""

    def of(self, result: dict[str, Any], request_id: str) -> Any:
        return Told(result)

    def of_error(self, error: AwsError, request_id: str) -> Any:
        return Told(None, error)


_DIRECT: Answers = _Direct()


class SimulatedNode:
    """A process. What it holds in memory ends with it.

    Args:
        world: whose rows, time and weather it has.
        name: of all nodes that there have been.
    """

    def __init__(self, world: World, name: int) -> None:
        self.world = world
        self.name = name
        self.loop = Loop(world.time)
        self.stopped_until_us = 0
        self.is_buried = False
        self.asked: dict[asyncio.Future[Told], None] = {}
        """What clients wait for here: they notice when it ends."""
        self.functions_running: dict[asyncio.Task[Any], None] = {}
        self.memory = [make() for _, _, make in _MEMORY]
        self._greenlets: list[greenlet.greenlet] = []
        self._heard: Callable[[str], None] | None = None
        self._listening: asyncio.Future[None] | None = None
        self.loop.call_soon(self._start)

    def enter(self) -> None:
        """What modules remember is this node's."""
        for (modules, attribute, _), own in zip(_MEMORY, self.memory, strict=True):
            for module in modules:
                setattr(module, attribute, own)

    def take(self, operation: str, params: dict[str, Any], caller: Caller, then: Callable[[Told], None]) -> None:
        """A request has come."""
        service, _, name = operation.partition(":")
        found = self.api.operation(service, name)
        request_id = self.store.ids.uuid()
        exchange = Exchange(self.gateway, Request("POST", "/"), operation, found, params, _DIRECT, request_id, caller)
        answer: Any = exchange.begin()
        if isinstance(answer, asyncio.Future):
            answer.add_done_callback(lambda answered: answered.cancelled() or then(answered.result()))
        else:
            then(answer)

    def waits(self, one: greenlet.greenlet) -> None:
        """A greenlet of this node may from now on be waiting for something."""
        if one not in self._greenlets:
            self._greenlets = [known for known in self._greenlets if not known.dead]
            self._greenlets.append(one)

    def listen(self, heard: Callable[[str], None]) -> asyncio.Future[None]:
        """It wants to hear notices, until what is returned is done."""
        self._heard = heard
        self._listening = self.loop.create_future()
        return self._listening

    def hear(self, notice: str) -> None:
        """Another node's notice has come."""
        if self._heard is not None:
            self._heard(notice)

    def hear_nothing(self) -> None:
        """The connection on which notices come ends."""
        self._heard = None
        if self._listening is not None and not self._listening.done():
            self._listening.set_result(None)

    def bury(self) -> None:
        """Let go of what is still under way, once the world is over."""
        self.is_buried = True
        with self.loop.running():
            for one in self._greenlets:
                if not one.dead:
                    one.throw()
            self.loop.let_go()

    def _start(self) -> None:
        """As ``segue.server.Server`` does, without what talks to the world outside by itself."""
        world, ids = self.world, Ids(self.world.random.getrandbits(64))
        self.api = world.new_api()
        ahead_ms = world.random.randint(-world.weather.skew_ms, world.weather.skew_ms)
        self.store = PostgresStore(
            SimulatedDatabase(self),
            {},
            MachineClock(world, ahead_ms),
            ids,
            gone=node_is_gone,
        )
        self.api.tallies = self.store.tallies
        self.api.node = self.store.node
        self.functions = FunctionEffect(_Pool(self), self.api, self.store)  # type: ignore[arg-type]
        effects: dict[str, Any] = {"lambda:invoke": self.functions, housekeeping.BLOBS_EFFECT: _no_blobs}
        self.worker = Worker(self.api, self.store, effects)
        self.gateway = Gateway(self.api, self.store, effects)
        for work in (self._open(), self.functions.follow()):
            self.loop.create_task(work).add_done_callback(_must_not_fail)

    async def _open(self) -> None:
        await self.store.write(lambda tx: housekeeping.ensure(tx, self.api.settings.kept))
        await self.worker.start()


class _Pool:
    """What :class:`segue.runtimes.pool.Pool` is to a node: functions run outside."""

    def __init__(self, node: SimulatedNode) -> None:
        self._node = node

    async def invoke(self, spec: FunctionSpec, invocation: Invocation) -> Outcome:
        ended: asyncio.Future[Outcome] = self._node.loop.create_future()
        self._node.world.outside.invoke(self._node, spec, invocation, ended)
        return await ended

    def prewarm(self, runtime: str) -> None:
        """Nothing is cold here."""

    def keep_only(self, functions: Any) -> None:
        """Nothing is kept here."""


def _must_not_fail(task: asyncio.Task[Any]) -> None:
    if not task.cancelled() and not isinstance(task.exception(), (StoreUnavailable, type(None))):
        task.result()


async def _no_blobs(_: str) -> list[str]:
    return []
