"""A world in one thread: real nodes on one database, each transaction in its turn, everything drawn from a seed.

What real nodes leave to chance (who is next, how long something takes, who dies, who is stopped, what is lost between
them) is drawn from the seed, so a failure can be repeated.
"""

from __future__ import annotations

import copy
import logging
import random
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar
from zlib import crc32

from segue.api import Api, Caller
from segue.ids import Ids
from segue.store import Transaction, Unit
from segue.store.store import StoreUnavailable
from segue.worker.invariants import violations
from tests.simulation.deployment import BEGAN_MS, Deployment, perform_at_once, transact
from tests.simulation.loop import Time
from tests.simulation.node import SimulatedNode
from tests.simulation.outside import Client, Function, Outside
from tests.simulation.weather import Weather

T = TypeVar("T")

_QUIET_US = 250_000
"""How often it is asked whether there is nothing more to do."""
_STORM_US = 120_000_000
_AFTERWARDS_US = 3_000_000
_LONGEST_US = 3_600_000_000
_IDLE_JOBS = ("api:housekeeping", "api:collect-blobs")


class World:
    """Nodes, what is outside of them, and their time.

    Args:
        seed: from which all chance is drawn.
        deployment: what is there when it begins.
        functions: what the functions do, by name.
        nodes: how many; by chance unless given.
    """

    def __init__(
        self, seed: int, deployment: Deployment, functions: dict[str, Function], nodes: int | None = None
    ) -> None:
        self.random = random.Random(seed)
        self.weather = Weather(self.random)
        self.weather.draw()
        self.time = Time()
        self.counts: Counter[str] = Counter()
        self.rows = deployment.rows
        self.rows.begin_world()
        self._deployed = deployment.api
        self._ids = Ids(seed)
        self.outside = Outside(self, functions)
        self.nodes: list[SimulatedNode] = []
        self._ended: list[SimulatedNode] = []
        self.crash_at: tuple[int, bool] | None = None
        """Its node dies at this commit of the run, just before it (true) or just after, and at no other."""
        self.digest = 0
        """Of all that has happened: the same wherever the same seed is lived through."""
        self._commits = 0
        self._errors = _Errors()
        for _ in range(nodes or self.random.choice((1, 2, 2, 3, 3, 4))):
            self._begin_node()

    @property
    def database_ms(self) -> int:
        """The time on the database's machine."""
        return BEGAN_MS + 1_000 + self.time.now_us // 1_000

    def asked_time(self) -> int:
        """The database's time in microseconds, as a transaction is told it. No two happen in the same."""
        self.time.now_us += 5
        return (BEGAN_MS + 1_000) * 1_000 + self.time.now_us

    def close(self) -> None:
        """Let go of everything; what was written is taken back."""
        self._ended += self.nodes
        for node in self._ended:
            node.loop.end()
        for node in self._ended:
            node.bury()
        self.outside.loop.end()
        with self.outside.loop.running():
            self.outside.loop.let_go()
        self.outside.enter()
        self.rows.end_world()
        self._errors.close()

    def new_api(self) -> Api:
        """The door of a node of its own."""
        return copy.copy(self._deployed)

    def look(self, unit: Unit[T]) -> T:
        """What is in the rows now."""
        return transact(self.rows, self.database_ms, self._ids, unit)

    def perform(self, operation: str, **params: Any) -> Any:
        """What an operation answers now, without a node."""
        return self.look(lambda tx: perform_at_once(self._deployed, tx, operation, params))

    def check(self) -> None:
        """Nothing is in the rows that must not be."""
        found = self.look(lambda tx: list(violations(self._deployed, tx)))
        assert not found, found

    def client(self, caller: Caller | None = None) -> Client:
        """Somebody who asks the nodes."""
        return Client(self, caller or Caller())

    def any_node(self) -> SimulatedNode | None:
        """One that is there, as far as is known."""
        return self.random.choice(self.nodes) if self.nodes else None

    def run(self, until: Callable[[], bool]) -> None:
        """Go on in all weathers until there is nothing more to do and ``until`` is true, and then in calm."""
        storm_ends_us = self.time.now_us + _STORM_US
        self.weather.calm = False
        self._go_on(lambda: self.time.now_us > storm_ends_us or (self._is_quiet() and until()))
        self.weather.calm = True
        for node in self.nodes:
            node.stopped_until_us = 0
        after_us = self.time.now_us + _AFTERWARDS_US
        self._go_on(lambda: self.time.now_us > after_us and self._is_quiet() and until())

    def run_calmly(self, work: Coroutine[Any, Any, T]) -> T:
        """Have a client do something while nothing happens; what it comes to."""
        self.weather.calm = True
        task = self.outside.begin(work)
        self._go_on(task.done)
        return task.result()

    def _go_on(self, until: Callable[[], bool]) -> None:
        looked_us = self.time.now_us
        limit_us = looked_us + _LONGEST_US
        while True:
            if self._step():
                continue
            if self._errors.found:
                raise AssertionError(self._errors.found[0])
            if self.time.now_us >= looked_us + _QUIET_US:
                looked_us = self.time.now_us
                if until():
                    return
                if looked_us > limit_us:
                    raise AssertionError(f"not done after {_LONGEST_US / 1e6:.0f} seconds: {self._why_not()}")
            self._let_time_pass()

    def _why_not(self) -> str:
        jobs = self.look(_busy_jobs)
        return f"jobs: {jobs}; outside: {self.outside.busy}; nodes: {len(self.nodes)}; {dict(self.counts)}"

    def _is_quiet(self) -> bool:
        return not self.outside.busy and not self.look(_busy_jobs)

    def _step(self) -> bool:
        """Let one of the processes that have something to do go on; whether there was one."""
        now_us = self.time.now_us
        ready = [one for one in (self.outside, *self.nodes) if one.loop.ready and one.stopped_until_us <= now_us]
        if not ready:
            return False
        one = ready[0] if len(ready) == 1 else ready[int(self.random.random() * len(ready))]
        one.enter()
        one.loop.run_one()
        return True

    def _let_time_pass(self) -> None:
        """Go on to when something happens."""
        times = []
        for one in (self.outside, *self.nodes):
            next_us = self.time.now_us if one.loop.ready else one.loop.next_us()
            if next_us is not None:
                times.append(max(next_us, one.stopped_until_us))
        self.time.now_us = max(self.time.now_us, min(times))
        for one in (self.outside, *self.nodes):
            if one.stopped_until_us <= self.time.now_us:
                one.loop.ring()

    def _begin_node(self) -> None:
        self.nodes.append(SimulatedNode(self, len(self.nodes) + len(self._ended)))

    def end(self, node: SimulatedNode) -> None:
        """A process dies. Another comes in its place."""
        self.counts["crashes"] += 1
        if self.counts["crashes"] % 8 == 1:
            self.check()
        node.loop.end()
        self.nodes.remove(node)
        self._ended.append(node)
        self.outside.gone(node)
        self.outside.loop.call_later(self.random.choice((0.1, 1.0, 10.0)), self._begin_node)

    def dies_at(self, before: bool) -> bool:
        """Whether a node dies at its commit, on this side of it. Asked once on each side."""
        if self.weather.calm:
            return False
        self._commits += before
        if self.crash_at is not None:
            return self.crash_at == (self._commits, before)
        if self.weather.crashes_left and self.weather.happens(self.weather.crash / 2):
            self.weather.crashes_left -= 1
            return True
        return False

    def committed(self, node: SimulatedNode, statements: int, wrote: bool) -> None:
        """A transaction of a node has been committed. It may be stopped now, or taken for dead."""
        note = f"{self.digest} {node.name} {self.time.now_us} {statements} {wrote}"
        self.digest = crc32(note.encode())
        self.counts["commits"] += 1
        weather = self.weather
        if weather.happens(weather.pause):
            self.counts["stopped"] += 1
            seconds = self.random.choice((0.5, 5, 10, 40, 100))
            node.stopped_until_us = self.time.now_us + round(seconds * 1e6)
        if weather.happens(weather.rumour):
            self.counts["taken for dead"] += 1
            self.rows.execute("UPDATE store_nodes SET seen_at = seen_at - 7000 WHERE token = ?", (node.store.node,))

    def tell(self, node: SimulatedNode, notice: str) -> None:
        """A node's notice is on its way to the others, or lost."""
        weather = self.weather
        for other in self.nodes:
            if other is node or weather.happens(weather.silence):
                continue
            for _ in range(1 + weather.happens(weather.late)):
                self.outside.later(other.loop, weather.latency_seconds(), other.hear, notice)
            if weather.happens(weather.lost):
                other.loop.call_soon(other.hear_nothing)


class _Errors(logging.Handler):
    """What nodes log as errors: nothing in a simulated world is one."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[str] = []
        self._logger = logging.getLogger("segue")
        self._logger.addHandler(self)
        self._told, self._logger.propagate = self._logger.propagate, False

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if any(isinstance(one, StoreUnavailable) for one in (error, *(record.args or ()))):
            return  # it was stopped for so long that it gave up; what it wanted is done later, or by others
        self.found.append(f"{record.getMessage()}: {error!r}")

    def close(self) -> None:
        self._logger.removeHandler(self)
        self._logger.propagate = self._told
        super().close()


def _busy_jobs(tx: Transaction) -> list[Any]:
    """What is to be done, other than now and then."""
    rows = tx.all("SELECT kind, key, last_error FROM jobs WHERE wait_key IS NULL")
    return [row for row in rows if row[0] not in _IDLE_JOBS]
