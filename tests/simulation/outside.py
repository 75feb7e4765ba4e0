"""What is outside the nodes: clients that ask any of them until one answers, and functions while they run."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any

from segue.api import Caller
from segue.errors import AwsError
from segue.runtimes.spec import FunctionSpec, Invocation, Outcome
from tests.simulation.loop import Loop
from tests.simulation.node import SimulatedNode, Told

if TYPE_CHECKING:
    from tests.simulation.world import World

Function = Callable[["Client", Any], Awaitable[Any]]

_PATIENCE_SECONDS = 6.0
"""How long a client waits for an answer, beyond what it has asked to wait for, before it asks another node."""


class HungUp(Exception):
    """The connection has ended without an answer."""


class Client:
    """Somebody who asks until there is an answer: what was asked may have been done more than once.

    Args:
        world: whose nodes are asked.
        caller: on whose authority.
    """

    def __init__(self, world: World, caller: Caller) -> None:
        self._world = world
        self._caller = caller
        self.asked = 0
        """How often it has asked somebody for something."""

    async def ask(self, operation: str, *, wait_seconds: float = 0.0, **params: Any) -> Any:
        """The answer of whatever node gave one.

        Args:
            wait_seconds: how long the operation itself may wait for something.

        Raises:
            AwsError: the operation's.
        """
        outside = self._world.outside
        while True:
            node = self._world.any_node()
            answer: asyncio.Future[Told] = outside.loop.create_future()
            if node is not None:
                self.asked += 1
                outside.send(node, operation, params, self._caller, answer)
                outside.loop.call_later(_PATIENCE_SECONDS + wait_seconds, _hang_up, answer)
                try:
                    told = await answer
                except HungUp:
                    self._world.counts["asked again"] += 1
                else:
                    if told.error is None:
                        return told.result
                    if told.error.code == "InternalFailure":
                        raise AssertionError(f"{operation} failed inside: {told.error}")
                    if told.error.status != 503:
                        raise told.error
            await asyncio.sleep(0.05)


class Outside:
    """Where clients and functions are.

    Args:
        world: whose nodes they ask.
        functions: what the functions do, by name.
    """

    def __init__(self, world: World, functions: dict[str, Function]) -> None:
        self.loop = Loop(world.time)
        self.stopped_until_us = 0
        self._world = world
        self._functions = functions
        self._busy: dict[asyncio.Task[Any], None] = {}

    @property
    def busy(self) -> bool:
        """Whether somebody is still at it."""
        return bool(self._busy)

    def enter(self) -> None:
        """Nothing of the nodes is remembered here."""

    def begin(self, work: Coroutine[Any, Any, Any], *, aside: bool = False) -> asyncio.Task[Any]:
        """Have a client do its work; what it raises fails the world.

        Args:
            aside: it goes on for ever; else the world is not quiet before it is done.
        """
        task = self.loop.create_task(work)
        if not aside:
            self._busy[task] = None
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._busy.pop(task, None)
        if not task.cancelled():
            task.result()

    def send(
        self, node: SimulatedNode, operation: str, params: dict[str, Any], caller: Caller, answer: asyncio.Future[Told]
    ) -> None:
        """A request goes to a node; it or its answer may be lost on its way, and then the client notices."""
        weather = self._world.weather
        lost = weather.random.choice(("request", "answer")) if weather.happens(weather.unanswered) else ""
        if lost == "request":
            self.loop.call_later(0.1, _hang_up, answer)
            return

        def answered(told: Told) -> None:
            node.asked.pop(answer, None)
            self.loop.call_later(weather.latency_seconds(), _hang_up if lost else _answer, answer, told)

        node.asked[answer] = None
        self.later(node.loop, weather.latency_seconds(), node.take, operation, params, caller, answered)

    @staticmethod
    def later(loop: Loop, seconds: float, what: Callable[..., object], *args: Any) -> None:
        """Call something there, at once or later."""
        if seconds:
            loop.call_later(seconds, what, *args)
        else:
            loop.call_soon(what, *args)

    def gone(self, node: SimulatedNode) -> None:
        """A node has ended: who waits for its answers notices. Its functions end with it, or a little later."""
        for answer in node.asked:
            self.loop.call_later(self._world.weather.latency_seconds(), _hang_up, answer)
        for task in node.functions_running:
            if self._world.random.random() < 0.5:
                self.loop.call_soon(task.cancel)

    def invoke(
        self, node: SimulatedNode, spec: FunctionSpec, invocation: Invocation, ended: asyncio.Future[Outcome]
    ) -> None:
        """Run a function, and tell the node when it has ended."""
        self._world.counts["invocations"] += 1
        task = self.begin(self._run(node, spec, invocation, ended))
        node.functions_running[task] = None
        task.add_done_callback(lambda task: node.functions_running.pop(task))

    async def _run(
        self, node: SimulatedNode, spec: FunctionSpec, invocation: Invocation, ended: asyncio.Future[Outcome]
    ) -> None:
        chance = self._world.random
        takes_seconds = chance.random() * (8 if chance.random() < 0.05 else 0.3)
        before = chance.random() * takes_seconds
        await asyncio.sleep(before)
        outcome = await self._outcome(spec, invocation)
        await asyncio.sleep(takes_seconds - before)
        node.loop.call_soon(lambda: ended.done() or ended.set_result(outcome))

    async def _outcome(self, spec: FunctionSpec, invocation: Invocation) -> Outcome:
        client = Client(self._world, Caller(spec.account, spec.region, arn=spec.role_arn))
        try:
            result = await self._functions[spec.name](client, json.loads(invocation.payload))
        except AwsError as error:
            return _failed("ClientError", str(error))
        except ValueError as error:
            return _failed(str(error), str(error))
        return Outcome("ok", json.dumps(result).encode(), None, (), "", 0.0, None, 0)


def _failed(kind: str, message: str) -> Outcome:
    document = {"errorType": kind, "errorMessage": message}
    return Outcome("error", json.dumps(document).encode(), "Unhandled", (), "", 0.0, None, 0)


def _answer(answer: asyncio.Future[Told], told: Told) -> None:
    if not answer.done():
        answer.set_result(told)


def _hang_up(answer: asyncio.Future[Told], _: Told | None = None) -> None:
    if not answer.done():
        answer.set_exception(HungUp())
