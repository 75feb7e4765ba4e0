"""Who may run on this node, given what runs on the others."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import pytest

from segue.api import places
from segue.clock import ManualClock, SystemClock
from segue.ids import Ids
from segue.runtimes import ConcurrencyExceeded
from segue.store import Transaction
from segue.store.group_commit import GroupCommit
from segue.store.sqlite import SqliteStore
from segue.store.store import Store, StoreUnavailable
from segue.worker.concurrency import Concurrency


class Shared(GroupCommit):
    """A store that says it is shared, and breaks when it is told."""

    shared = True
    others: Sequence[Mapping[str, Any]] = ()  # type: ignore[assignment]
    broken = 0
    is_answer_lost = False  # it is carried out, but not known to be

    def write(self, unit: Any) -> asyncio.Future[Any]:
        if self.broken:
            self.broken -= 1
            if self.is_answer_lost:
                super().write(unit)
            failed: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
            failed.set_exception(StoreUnavailable("the database is away"))
            return failed
        return super().write(unit)


def store() -> Shared:
    return Shared(SqliteStore(None, {"places": places.MIGRATIONS}, ManualClock(), Ids(1)))


def taken(tx: Transaction) -> int:
    row = tx.one("SELECT COUNT(*) FROM places")
    assert row is not None
    return int(row[0])


class Node:
    """One of several nodes of a store, with what it runs."""

    def __init__(self, shared: Store, name: str, limit: int) -> None:
        self._shared, self.node, self.others = shared, name, list[Mapping[str, Any]]()
        self.concurrency = Concurrency(self, limit)  # type: ignore[arg-type]
        self.running: dict[asyncio.Task[Any] | None, asyncio.Event] = {}
        self.tasks: list[asyncio.Task[bool]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._shared, name)

    def begin(self, many: int = 1) -> list[asyncio.Task[bool]]:
        """Invocations that run until they are ended; what each comes to is whether it was admitted."""
        begun = [asyncio.create_task(self._run()) for _ in range(many)]
        self.tasks += begun
        return begun

    async def _run(self) -> bool:
        try:
            async with self.concurrency.admit("f", None):
                end = self.running[asyncio.current_task()] = asyncio.Event()
                await end.wait()
        except ConcurrencyExceeded as refused:
            return refused.reason != "ConcurrentInvocationLimitExceeded"
        return True

    def end(self, many: int = 1) -> None:
        for _ in range(min(many, len(self.running))):
            self.running.popitem()[1].set()

    async def settled(self, begun: list[asyncio.Task[bool]]) -> int:
        """How many of them are running, when it is known of all."""
        while not all(task.done() or task in self.running for task in begun):  # noqa: ASYNC110 - all of them, in turns
            await asyncio.sleep(0)
        return sum(task in self.running for task in begun)


def held(tx: Transaction) -> dict[str, int]:
    return {node: many for node, many in tx.all("SELECT node, held FROM place_shares") if many}


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("segue.worker.concurrency._KEPT_SECONDS", 0)
    monkeypatch.setattr("segue.worker.concurrency._KEPT_WHERE_FEW_ARE_LEFT_SECONDS", 0)


@pytest.mark.usefixtures("impatient")
def test_the_accounts_limit_is_exact_and_what_one_node_does_not_use_is_another_s() -> None:
    async def main() -> None:
        shared = store()
        one, two = Node(shared, "one", 10), Node(shared, "two", 10)
        assert await one.settled(one.begin(6)) == 6
        admitted = await two.settled(two.begin(10))
        assert 0 < admitted <= 4
        one.others, two.others = [{"functions": admitted}], [{"functions": 6}]
        await one.concurrency.keep()
        assert admitted + sum([await two.settled(two.begin()) for _ in range(5)]) == 4
        one.end(6)
        two.end(4)
        await asyncio.gather(*one.tasks, *two.tasks)
        for node in (one, two) * 2:
            node.others = []
            await node.concurrency.keep()
        assert shared.read(held) == {}
        assert await two.settled(two.begin(11)) == 10
        await shared.close()

    asyncio.run(main())


@pytest.mark.usefixtures("impatient")
def test_a_burst_costs_few_units_and_a_steady_load_none() -> None:
    async def main() -> None:
        shared = store()
        node = Node(shared, "one", 1_000)
        assert await node.settled(node.begin(200)) == 200
        assert shared.units < 5
        await node.concurrency.keep()
        before = shared.units
        for _ in range(100):
            node.end()
            assert await node.settled(node.begin()) == 1
        assert shared.units == before
        await shared.close()

    asyncio.run(main())


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("seed", range(10))
def test_whatever_nodes_do_no_more_run_than_may(seed: int) -> None:
    """Three nodes begin, end, give back and are told of each other late; now and then the database is away, or its
    answer is lost."""

    async def main() -> None:
        chance, shared, limit = random.Random(seed), store(), 20
        nodes, keeping = [Node(shared, name, limit) for name in "abc"], list[asyncio.Task[None]]()
        for _ in range(200):
            node = chance.choice(nodes)
            act = chance.choice(("begin", "begin", "end", "keep", "tell", "break"))
            if act == "begin":
                node.begin(chance.randrange(1, 8))
            elif act == "end":
                node.end(chance.randrange(1, 8))
            elif act == "keep":
                keeping.append(asyncio.create_task(node.concurrency.keep()))
            elif act == "tell":
                node.others = [{"functions": len(other.running)} for other in nodes if other is not node]
            else:
                shared.broken, shared.is_answer_lost = 1, chance.random() < 0.5
            for _ in range(chance.randrange(4)):
                await asyncio.sleep(0)
            assert sum(len(each.running) for each in nodes) <= limit
        shared.broken = 0
        await asyncio.gather(*keeping, return_exceptions=True)
        for node in nodes:
            while not all(task.done() for task in node.tasks):
                node.end(limit)
                await asyncio.sleep(0)
        for node in nodes * 3:
            await node.concurrency.keep()
        assert shared.read(held) == {}
        await asyncio.gather(*(task for node in nodes for task in node.tasks), return_exceptions=True)
        await shared.close()

    asyncio.run(main())


@pytest.mark.usefixtures("impatient")
def test_a_node_that_was_taken_for_dead_holds_again_what_it_runs() -> None:
    async def main() -> None:
        shared = store()
        one, two = Node(shared, "one", 10), Node(shared, "two", 10)
        await one.settled(one.begin(4))
        await shared.write(lambda tx: places.lose_of(tx, "one"))
        assert shared.read(held) == {}
        await one.concurrency.keep()
        assert shared.read(held)["one"] >= 4
        assert await two.settled(two.begin(10)) <= 6
        await shared.close()

    asyncio.run(main())


@pytest.mark.usefixtures("impatient")
def test_two_nodes_of_a_real_database_that_ask_at_the_same_time_get_no_more_than_there_are(database: str) -> None:
    pytest.importorskip("psycopg", reason="pip install 'segue[postgres]'")
    from segue.store.postgres.opening import Database
    from segue.store.postgres.store import PostgresStore

    async def main() -> None:
        schema = {"places": places.MIGRATIONS}
        stores = [PostgresStore(Database(database), schema, SystemClock(), Ids(seed)) for seed in (1, 2)]
        nodes = [Node(each, each.node, 40) for each in stores]
        for _ in range(10):
            begun = [node.begin(25) for node in nodes]
            keeping = [asyncio.create_task(node.concurrency.keep()) for node in nodes]
            admitted = [await node.settled(tasks) for node, tasks in zip(nodes, begun, strict=True)]
            assert 25 <= sum(admitted) <= 40
            for node in nodes:
                node.end(25)
            await asyncio.gather(*keeping, *(task for node in nodes for task in node.tasks))
        for each in stores:
            await each.close()

    asyncio.run(main())


def test_a_place_is_given_back_however_the_invocation_ends_and_when_the_database_is_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("segue.store.patience._PAUSE_SECONDS", 0.001)

    async def main() -> None:
        shared = store()
        concurrency = Concurrency(shared, 10)
        with suppress(KeyError):
            async with concurrency.admit("f", 1):
                with pytest.raises(ConcurrencyExceeded):
                    async with concurrency.admit("f", 1):
                        pass
                assert shared.read(taken) == 1
                shared.broken = 3
                raise KeyError
        assert shared.read(taken) == 0
        shared.broken = 1  # whether it was taken is not known
        with pytest.raises(StoreUnavailable, match="away"):
            async with concurrency.admit("f", 1):
                pass
        assert shared.read(taken) == 0
        await shared.close()

    asyncio.run(main())


def test_a_store_of_one_process_needs_no_rows() -> None:
    async def main() -> None:
        shared = store()
        shared.shared = False
        async with Concurrency(shared, 10).admit("f", 1):
            assert shared.read(taken) == 0
        await shared.close()

    asyncio.run(main())
