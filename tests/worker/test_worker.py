"""The worker on a live store: everything due runs, what leaves comes back, and nothing stops it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from segue.api import Call
from segue.clock import SystemClock
from segue.ids import Ids
from segue.jobs import Job, Outbound, enqueue, queue
from segue.store import Transaction
from segue.store.group_commit import GroupCommit
from segue.store.sqlite import SqliteStore
from segue.worker import Worker
from tests.api.house import SCHEMA, House

Handle = Callable[[Call, Job], Any]


class Site:
    """A running worker, whose jobs of kind ``test:job`` are handled by ``handle``."""

    def __init__(self, handle: Handle, effect: Callable[[Any], Awaitable[Any]] | None = None) -> None:
        self.api = House().api
        self.api.jobs = {"test:job": handle}
        self.store = GroupCommit(SqliteStore(None, {**SCHEMA, **self.api.migrations}, SystemClock(), Ids(1)))
        self.worker = Worker(self.api, self.store, {} if effect is None else {"test:effect": effect})

    async def enqueue(self, *payloads: Any, delay_ms: int = 0) -> None:
        def unit(tx: Transaction) -> None:
            for payload in payloads:
                enqueue(tx, "test:job", "k", payload, at_ms=tx.now_ms + delay_ms)

        await self.store.write(unit)

    async def left(self) -> int:
        return int((await self.store.write(lambda tx: tx.one("SELECT count(*) FROM jobs")))[0])  # type: ignore[index]

    async def drained(self) -> None:
        while await self.left() or self.worker.busy:  # noqa: ASYNC110
            await asyncio.sleep(0.002)


async def until(is_so: Callable[[], bool]) -> None:
    while not is_so():  # noqa: ASYNC110
        await asyncio.sleep(0.002)


def run(site: Callable[[], Site], work: Callable[[Site], Awaitable[None]], *, started: bool = True) -> None:
    async def main() -> None:
        made = site()
        if started:
            await made.worker.start()
        try:
            await asyncio.wait_for(work(made), 10)
        finally:
            await made.worker.stop()
            await made.store.close()

    asyncio.run(main())


def test_jobs_of_now_and_of_later_run_each_once() -> None:
    ran: list[int] = []

    async def work(site: Site) -> None:
        await site.enqueue(*range(100))
        await site.enqueue(100, delay_ms=30)
        await site.drained()

    run(lambda: Site(lambda call, job: ran.append(job.payload)), work)
    assert sorted(ran) == list(range(101))


def test_what_leaves_runs_beside_each_other_and_is_settled() -> None:
    settled: list[str] = []
    gate: list[asyncio.Event] = []

    async def effect(request: Any) -> Any:
        gate.append(asyncio.Event())
        if len(gate) == 3:
            for event in gate:
                event.set()
        await gate[request].wait()  # nobody goes on before all three are outside
        return f"outcome {request}"

    def handle(call: Call, job: Job) -> Outbound:
        return Outbound("test:effect", job.payload, lambda call, outcome: settled.append(outcome))

    async def work(site: Site) -> None:
        await site.enqueue(0, 1, 2)
        await site.drained()

    run(lambda: Site(handle, effect), work)
    assert sorted(settled) == ["outcome 0", "outcome 1", "outcome 2"]


def test_what_goes_on_after_a_settlement_is_claimed_in_its_transaction(monkeypatch: pytest.MonkeyPatch) -> None:
    commits: list[str] = []
    commit = SqliteStore.commit

    def counted(store: SqliteStore) -> None:
        commits.append("commit")
        commit(store)

    async def effect(request: int) -> int:
        commits.append(f"step {request}")
        return request

    def handle(call: Call, job: Job) -> Outbound:
        def settle(call: Call, outcome: int) -> None:
            if outcome < 4:
                enqueue(call.tx, "test:job", "k", outcome + 1)

        return Outbound("test:effect", job.payload, settle)

    async def work(site: Site) -> None:
        monkeypatch.setattr(SqliteStore, "commit", counted)
        await site.enqueue(0)
        await until(lambda: "step 4" in commits and not site.worker.busy)

    run(lambda: Site(handle, effect), work)
    steps = commits[commits.index("step 0") : commits.index("step 4")]
    assert steps == ["step 0", "commit", "step 1", "commit", "step 2", "commit", "step 3", "commit"]


def test_where_a_round_takes_long_a_claim_takes_as_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenth of a second for what else is in a batch: then jobs have the next as long, not a hundredth."""
    seconds = 0.0
    claims = [0]
    commit = SqliteStore.commit

    def slow(store: SqliteStore) -> None:
        nonlocal seconds
        seconds += 0.1
        claims.append(0)
        commit(store)

    def handle(call: Call, job: Job) -> None:
        claims[-1] += 1

    async def work(site: Site) -> None:
        await site.enqueue(*range(200))
        await site.worker.start()
        await until(lambda: sum(claims) == 200)

    monkeypatch.setattr(SqliteStore, "commit", slow)
    monkeypatch.setattr(SystemClock, "elapsed_seconds", lambda clock: seconds)
    run(lambda: Site(handle), work, started=False)
    assert [count for count in claims if count] == [32, 168]


@pytest.mark.parametrize("failure", [ValueError("broken"), KeyError("x")])
def test_an_effect_that_breaks_is_performed_again(failure: Exception) -> None:
    tries: list[int] = []

    async def effect(request: Any) -> str:
        tries.append(1)
        if len(tries) == 1:
            raise failure
        return "done"

    async def work(site: Site) -> None:
        await site.enqueue(1)
        await site.drained()

    run(lambda: Site(lambda call, job: Outbound("test:effect", 1, lambda call, outcome: None), effect), work)
    assert len(tries) == 2


def test_stopping_lets_go_and_the_next_start_takes_over() -> None:
    outside = asyncio.Event

    async def work(site: Site) -> None:
        began, ran = outside(), []

        async def effect(request: Any) -> str:
            ran.append(request)
            began.set()
            if len(ran) == 1:
                await asyncio.Event().wait()
            return "done"

        site.worker = Worker(site.api, site.store, {"test:effect": effect})
        await site.worker.start()
        await site.enqueue("a")
        await began.wait()
        assert site.worker.busy
        await site.worker.stop()
        assert await site.left() == 1
        site.worker = Worker(site.api, site.store, {"test:effect": effect})
        await site.worker.start()
        await site.drained()
        assert ran == ["a", "a"]

    handle: Handle = lambda call, job: Outbound("test:effect", job.payload, lambda call, outcome: None)  # noqa: E731
    run(lambda: Site(handle), work, started=False)


def test_a_store_that_fails_for_a_while_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the claiming nor the renewing of leases ends with an error of the disk."""
    ran: list[int] = []

    async def work(site: Site) -> None:
        monkeypatch.setattr("segue.worker.worker._AFTER_FAILURE_SECONDS", 0.01)
        monkeypatch.setattr(queue, "LEASE_MS", 3)
        sound = site.store.store.begin
        failures = [OSError("disk")] * 5

        def begin() -> bool:
            if failures:
                raise failures.pop()
            return sound()

        monkeypatch.setattr(site.store.store, "begin", begin)
        site.store.wakes.notify([queue.DUE], 10**9)
        await until(lambda: not failures)
        await site.enqueue(1)
        await site.drained()

    run(lambda: Site(lambda call, job: ran.append(job.payload)), work)
    assert ran == [1]


def test_a_lease_that_looks_abandoned_is_renewed_while_its_job_still_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a sleep of the machine every lease has run out; what runs here must not be run a second time."""
    performed: list[Any] = []

    async def work(site: Site) -> None:
        began, gate = asyncio.Event(), asyncio.Event()

        async def effect(request: Any) -> str:
            performed.append(request)
            began.set()
            await gate.wait()
            return "done"

        site.worker._effects = {"test:effect": effect}
        await site.enqueue("slow")
        await began.wait()
        await site.store.write(lambda tx: tx.run("UPDATE jobs SET visible_at = 1") and tx.wake(queue.DUE))
        await site.enqueue("quick")
        await until(lambda: len(performed) == 2)
        gate.set()
        await site.drained()

    handle: Handle = lambda call, job: Outbound("test:effect", job.payload, lambda call, outcome: None)  # noqa: E731
    run(lambda: Site(handle), work)
    assert performed == ["slow", "quick"]


def test_jobs_of_a_kind_that_only_a_newer_node_knows_are_left_as_they_are(caplog: pytest.LogCaptureFixture) -> None:
    ran: list[Any] = []

    async def work(site: Site) -> None:
        await site.store.write(lambda tx: [enqueue(tx, "newer:job", "k", number) for number in range(40)])
        await site.enqueue("known", delay_ms=20)
        await until(lambda: ran == ["known"])
        await site.enqueue("another")
        await until(lambda: ran == ["known", "another"])
        rows = await site.store.write(lambda tx: tx.all("SELECT attempts, receipt, last_error FROM jobs"))
        assert rows == [(0, 0, None)] * 40

    run(lambda: Site(lambda call, job: ran.append(job.payload)), work)
    assert [record.getMessage() for record in caplog.records] == [
        "jobs of kinds that a newer Segue knows are left to it: newer:job"
    ]


def test_who_leaves_others_claims_no_more_and_finishes_what_runs() -> None:
    settled: list[Any] = []

    async def work(site: Site) -> None:
        began, gate = asyncio.Event(), asyncio.Event()

        async def effect(request: Any) -> str:
            began.set()
            await gate.wait()
            return "done"

        site.worker._effects = {"test:effect": effect}
        await site.enqueue("runs")
        await began.wait()
        site.worker.claim_no_more()
        await site.enqueue("is another's")
        asyncio.get_running_loop().call_later(0.02, gate.set)
        await site.worker.stop(grace_seconds=10)
        assert (settled, await site.left()) == (["done"], 1)

    def handle(call: Call, job: Job) -> Outbound:
        return Outbound("test:effect", job.payload, lambda call, outcome: settled.append(outcome))

    run(lambda: Site(handle), work)


@pytest.mark.parametrize("told", [{"begun": 0}, {}, {"begun": None}, {"begun": 100}])
def test_a_node_far_ahead_of_another_gives_it_a_start_with_what_leaves_but_not_with_what_is_quick(
    told: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    quick: list[Any] = []
    is_ahead = told.get("begun") == 0
    monkeypatch.setattr(queue, "HEAD_START_MS", 200 if is_ahead else 600_000)  # so long nobody waits here

    async def work(site: Site) -> None:
        performed: list[float] = []
        now = asyncio.get_running_loop().time

        async def effect(request: Any) -> str:
            performed.append(now())
            await until(lambda: len(performed) == 100)
            return "done"

        site.api.jobs = {**site.api.jobs, "test:quick": lambda call, job: quick.append(now())}
        site.worker._effects = {"test:effect": effect}
        site.store.others = (told,)
        await site.enqueue(*range(50))  # more than may be begun at once, in two steps: the first is not held back
        await until(lambda: len(performed) >= 32)
        came = now()
        await site.store.write(lambda tx: enqueue(tx, "test:quick", "k", 1))
        await site.enqueue(*range(50))
        await site.drained()
        assert not is_ahead or max(performed) - came >= 0.2
        assert quick[0] < max(performed)

    handle: Handle = lambda call, job: Outbound("test:effect", job.payload, lambda call, outcome: None)  # noqa: E731
    run(lambda: Site(handle), work)
