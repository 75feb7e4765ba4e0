"""A world in one thread: the real services and jobs on a store in memory, driven step by step from a seed.

Everything that a real server leaves to chance (which job runs first, how long a function takes, when the process dies)
is drawn from the seed, so a failure can be repeated. A crash forgets all that is not in the store.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from botocore import xform_name
from botocore.exceptions import ClientError

from segue.api import Api, Call, Caller
from segue.api.perform import perform
from segue.clock import ManualClock
from segue.config import Settings
from segue.errors import AwsError
from segue.ids import Ids
from segue.jobs import Job, Outbound, queue
from segue.server import migrations, services
from segue.services.iam.identity import IamIdentity
from segue.services.lambda_.invocation import InvokeOutcome, InvokeRequest, record_invocation
from segue.services.states.advance import TREES
from segue.store import Transaction, Unit
from segue.store.blobs import Blobs
from segue.store.sqlite import SqliteStore
from segue.wire.model import load_service
from segue.worker.invariants import violations
from segue.worker.run_job import run_job, settle_job

T = TypeVar("T")
Function = Callable[["World", Any, Caller], Any]

_SECOND_MS = 1_000


class Crash(Exception):
    """The process is gone."""


@dataclass(slots=True)
class InFlight:
    """Something that left the building and ends at a time of its own."""

    job: Job
    outbound: Outbound
    ends_at_ms: int


class World:
    """The simulated server and its surroundings.

    Args:
        seed: from which all chance is drawn.
        functions: what the functions do, by name: called with the world, the event and the function's caller.
        crashes: the probability of a crash at a commit (half of them just before it, half just after).
        blobs: where code lives; shared by worlds, content-addressed.
    """

    def __init__(self, seed: int, functions: dict[str, Function], crashes: float, blobs: Blobs) -> None:
        self.random = random.Random(seed)
        self.clock = ManualClock()
        self.functions = functions
        self.crashes = crashes
        self.counts: Counter[str] = Counter()
        self.api = Api(services(), Settings(), IamIdentity())
        self.api.blobs = blobs
        self.store = SqliteStore(None, migrations(self.api), self.clock, Ids(seed))
        self.in_flight: list[InFlight] = []
        self.outside: list[list[Callable[[], Any]]] = []
        """Clients, each with what it still wants; it asks again until it is answered."""
        self.calm = True
        self.crash_at: tuple[int, bool] | None = None
        """Crash at this commit of the run, just before it (true) or just after, and at no other."""
        self._commits = 0

    def close(self) -> None:
        """Let the store go."""
        self.store.close()

    def check(self) -> None:
        """Nothing is in the store that must not be."""
        found = self.store.transact(lambda tx: list(violations(self.api, tx)))[0]
        assert not found, found

    def transact(self, unit: Unit[T]) -> T:
        """One unit and its commit, where the process may die on either side of it."""
        dies, before = self._fate()
        self.store.begin()
        try:
            result, _ = self.store.run(unit)
        except BaseException:
            self.store.rollback()
            raise
        self.counts["commits"] += 1
        if dies and before:
            self.store.rollback()
            raise Crash
        self.store.commit()
        if dies:
            raise Crash
        return result

    def _fate(self) -> tuple[bool, bool]:
        """Whether the process dies at this commit, and whether before it."""
        if self.calm:
            return False, False
        self._commits += 1
        if self.crash_at is not None:
            return self._commits == self.crash_at[0], self.crash_at[1]
        dies = self.random.random() < self.crashes
        return dies, dies and self.random.random() < 0.5

    def perform(self, operation: str, params: dict[str, Any], caller: Caller | None = None, trace: str = "") -> Any:
        """An API call from outside: its answer, once it is committed."""

        def unit(tx: Transaction) -> Any:
            call = Call(tx, caller or Caller(), self.api, tx.now_ms, trace, self.store.ids.uuid())
            return perform(call, operation, params)

        return self.transact(unit)

    def run(self, until: Callable[[], bool], limit_ms: int = 3_600_000) -> None:
        """Go on, crashing and restarting on the way, until ``until`` is true and nothing is under way."""
        end_ms = self.clock.now_ms() + limit_ms
        self.calm = False
        while self.clock.now_ms() < end_ms:
            try:
                if not self._step() and not self._let_time_pass() and until():
                    break
            except Crash:
                self.restart()
        self.calm = True
        assert until(), f"not done after {limit_ms / 1000:.0f} virtual seconds: {self.counts}"

    def restart(self) -> None:
        """Everything outside the store is forgotten; the next process takes over."""
        self.counts["crashes"] += 1
        if self.counts["crashes"] % 8 == 1:
            self.check()
        self.in_flight.clear()
        TREES.clear()
        self.clock.advance(self.random.randrange(2 * _SECOND_MS))
        calm, self.calm = self.calm, True
        self.transact(queue.release_leases)
        self.calm = calm

    def _step(self) -> bool:
        """Do one of the things that can be done now; whether there was one."""
        ended = [flight for flight in self.in_flight if flight.ends_at_ms <= self.clock.now_ms()]
        due = self.store.transact(lambda tx: queue.due(tx, 8))[0]
        choices: list[Callable[[], None]] = [*(lambda job=job: self._run(job) for job in due)]  # type: ignore[misc]
        choices += [*(lambda flight=flight: self._end(flight) for flight in ended)]  # type: ignore[misc]
        choices += [*(lambda client=client: self._ask(client) for client in self.outside)]  # type: ignore[misc]
        if not choices:
            return False
        self.random.choice(choices)()
        return True

    def _ask(self, client: list[Callable[[], Any]]) -> None:
        client[0]()
        client.pop(0)
        if not client:
            self.outside.remove(client)

    def _run(self, job: Job) -> None:
        self.counts["jobs"] += 1
        left = self.transact(lambda tx: run_job(self.api, tx, job))
        if left is not None:
            slow = self.random.random() < 0.1
            takes_ms = self.random.randrange(8 * _SECOND_MS if slow else 300)
            self.in_flight.append(InFlight(*left, self.clock.now_ms() + takes_ms))

    def _end(self, flight: InFlight) -> None:
        self.in_flight.remove(flight)
        outcome = self._invoke(flight.outbound.request)
        if self.random.random() < 0.05:
            self.counts["settled late"] += 1
            return  # the worker paused until another took its lease: the function has run, nobody was told
        self.transact(lambda tx: settle_job(self.api, tx, flight.job, flight.outbound, outcome))

    def _invoke(self, request: InvokeRequest) -> InvokeOutcome:
        import json

        self.counts["invocations"] += 1
        target = request.target
        caller = Caller(target.account, target.region, arn=target.session.role_arn)
        try:
            result = self.functions[target.name](self, json.loads(request.payload), caller)
        except AwsError as error:
            document = {"errorType": "ClientError", "errorMessage": str(error)}
            outcome = InvokeOutcome(json.dumps(document).encode(), "Unhandled")
        except ValueError as error:
            document = {"errorType": str(error), "errorMessage": str(error)}
            outcome = InvokeOutcome(json.dumps(document).encode(), "Unhandled")
        else:
            outcome = InvokeOutcome(json.dumps(result).encode())
        self.transact(lambda tx: record_invocation(self._system(tx), request, outcome))
        return outcome

    def _system(self, tx: Transaction) -> Call:
        return Call(tx, Caller(), self.api, tx.now_ms, "", "")

    def _let_time_pass(self) -> bool:
        """Go on to when something falls due; whether there was anything but waiting for work."""
        due_ms = self.store.transact(queue.next_due_ms)[0]
        times = [flight.ends_at_ms for flight in self.in_flight] + ([due_ms] if due_ms is not None else [])
        if not times:
            return False
        self.clock.advance(max(0, min(times) - self.clock.now_ms()))
        return bool(self.in_flight) or self.store.transact(_any_unparked)[0]


def _any_unparked(tx: Transaction) -> bool:
    return tx.one("SELECT 1 FROM jobs WHERE wait_key IS NULL LIMIT 1") is not None


class PerformClient:
    """A service's client as boto3 makes them, without HTTP: the deployment scripts run on it unchanged."""

    def __init__(self, world: World, service: str) -> None:
        self._world = world
        self._service = service
        self._operations = {xform_name(name): name for name in load_service(service).operations}
        self.meta = self
        self.region_name = "us-east-1"

    def get_waiter(self, _: str) -> PerformClient:
        """There is nothing to wait for."""
        return self

    def wait(self, **_: Any) -> None:
        """There is nothing to wait for."""

    def __getattr__(self, name: str) -> Any:
        operation = self._operations[name]

        def call(**params: Any) -> Any:
            try:
                return self._world.perform(f"{self._service}:{operation}", params)
            except AwsError as error:
                raise ClientError({"Error": {"Code": error.code, "Message": error.message}}, operation) from None

        return call
