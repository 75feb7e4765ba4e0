"""PostgreSQL that goes away: at any moment, and in the midst of a commit. What was acknowledged is there, once."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from segue.clock import ManualClock, SystemClock
from segue.ids import Ids
from segue.store import Transaction
from segue.store.migrations import Migrations
from segue.store.store import DatabaseUnusable, StoreUnavailable
from tests.postgres import Cluster, NoPostgres, execute

pytest.importorskip("psycopg", reason="pip install 'segue[postgres]'")

from psycopg import connect as connected

from segue.store.postgres import lane, nodes, notices
from segue.store.postgres.connection import Connection
from segue.store.postgres.opening import Database
from segue.store.postgres.store import NodeClock, PostgresStore

SCHEMA: Migrations = {"test": ("CREATE TABLE numbers (n BIGINT PRIMARY KEY, times BIGINT NOT NULL);",)}


@pytest.fixture
def url(database: str) -> str:
    return database


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    try:
        started = Cluster().start()
    except NoPostgres as none:
        pytest.skip(str(none))
    yield started
    started.remove()


def count(number: int) -> Callable[[Transaction], int]:
    """A unit that is noticed when it is done twice."""

    def unit(tx: Transaction) -> int:
        row = tx.one(
            "INSERT INTO numbers VALUES (?, 1) ON CONFLICT (n) DO UPDATE SET times = numbers.times + 1 RETURNING times",
            number,
        )
        assert row is not None
        times: int = row[0]
        return times

    return unit


def counted(tx: Transaction) -> dict[int, int]:
    return dict(tx.all("SELECT n, times FROM numbers ORDER BY n"))  # type: ignore[arg-type]


def run(url: str, work: Callable[[PostgresStore], Awaitable[None]]) -> None:
    async def main() -> None:
        store = PostgresStore(Database(url), SCHEMA, SystemClock(), Ids(1))
        try:
            await asyncio.wait_for(work(store), 50)
        finally:
            await asyncio.wait_for(store.close(), 30)

    asyncio.run(main())


def test_looks_ask_side_by_side_and_each_gets_its_own_answer(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[int] = []
    flush = Connection.flush

    def counting(connection: Connection, *args: Any) -> None:
        if connection.together is not None:
            waited.append(len(connection.together))
        flush(connection, *args)

    def look(number: int) -> Callable[[Transaction], Any]:
        def unit(tx: Transaction) -> Any:
            times = tx.one("SELECT times FROM numbers WHERE n = ?", number)
            if number == 7:
                raise LookupError(number)
            if number == 8:
                return count(number)(tx)  # writes after all
            return times, tx.all("SELECT COUNT(*) FROM numbers"), tx.ids.ordered(tx.now_ms) > 0

        return unit

    async def work(store: PostgresStore) -> None:
        await asyncio.gather(*(store.write(count(number)) for number in range(20)))
        monkeypatch.setattr(Connection, "flush", counting)
        looks = [store.look(look(number)) for number in range(20)]
        answers = await asyncio.gather(*looks, return_exceptions=True)
        assert isinstance(answers.pop(7), LookupError)
        assert answers.pop(7) == 2
        assert answers == [((1,), [(20,)], True)] * 18
        assert waited == [20, 21]  # what all of them ask first, and what they then ask, which is one thing

    run(url, work)


@pytest.mark.parametrize("mode", ["immediate", "fast"])
def test_a_server_that_restarts_is_waited_for_and_nothing_is_half_done(cluster: Cluster, mode: str) -> None:
    async def work(store: PostgresStore) -> None:
        answered: dict[int, int] = {}
        stopped = asyncio.Event()

        async def client(first: int) -> None:
            number = first
            while not stopped.is_set():
                answered[number] = await store.write(count(number))
                number += 10

        clients = [asyncio.ensure_future(client(first)) for first in range(10)]
        for _ in range(2):
            await asyncio.sleep(0.2)
            await asyncio.to_thread(cluster.stop, mode)
            await asyncio.sleep(0.2)
            before = len(answered)
            await asyncio.to_thread(cluster.start)
            while len(answered) < before + 100:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        stopped.set()
        await asyncio.gather(*clients)
        assert set(answered.values()) == {1}
        assert await store.look(counted) == dict.fromkeys(sorted(answered), 1)

    run(cluster.url(), work)


class Wire:
    """Stands between a node and the server, and can be cut in the midst of what is said."""

    def __init__(self, directory: Path, server: str) -> None:
        self.directory = directory
        self._server = server
        self.cut = ""
        """``before``: what the node says next does not arrive; ``late``: it does, when nobody counts on it any more;
        ``after``: it does, and the answer does not."""
        self.late: asyncio.Task[None] | None = None

    async def _open(self) -> None:
        self._listening = await asyncio.start_unix_server(self._connected, self.directory / ".s.PGSQL.5432")

    def __enter__(self) -> Wire:
        """In a thread of its own: a node that starts waits for the server with its whole event loop."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._open(), self._loop).result(10)
        return self

    async def _close(self) -> None:
        self._listening.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def url(self, database: str) -> str:
        return f"postgresql://segue@/{database}?host={self.directory}"

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_unix_connection(self._server)
        answers = asyncio.ensure_future(self._answers(from_server, writer))
        while data := await reader.read(65_536):
            if self.cut == "before":
                break
            if self.cut == "late":
                self.late = asyncio.create_task(self._say_later(to_server, data))
                break
            to_server.write(data)
            if self.cut == "after":
                await asyncio.sleep(0.2)  # the server does what it was told
                break
        answers.cancel()
        if self.cut != "late":
            to_server.close()
        self.cut = ""
        writer.close()

    async def _say_later(self, to_server: asyncio.StreamWriter, data: bytes) -> None:
        await asyncio.sleep(2)
        to_server.write(data)
        await asyncio.sleep(0.5)
        to_server.close()

    async def _answers(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            if not self.cut:
                writer.write(data)
        writer.close()


@pytest.mark.parametrize("cut", ["before", "late", "after"])
def test_a_connection_lost_during_a_commit_is_resolved_by_looking(cluster: Cluster, tmp_path: Path, cut: str) -> None:
    async def main() -> None:
        store = PostgresStore(Database(wire.url("postgres")), SCHEMA, SystemClock(), Ids(1))
        await store.write(count(1))
        tried = 0

        def unit(tx: Transaction) -> None:
            nonlocal tried
            tried += 1
            tx.run("UPDATE numbers SET times = times + 1 WHERE n = 1")
            wire.cut = cut if tried == 1 else ""  # what is said next is the commit

        await asyncio.wait_for(store.write(unit), 20)
        assert tried == (1 if cut == "after" else 2)
        assert wire.late is None or not wire.late.done()
        while wire.late is not None and not wire.late.done():  # noqa: ASYNC110 (it is in another loop)
            await asyncio.sleep(0.1)
        assert await store.look(counted) == {1: 2}
        await store.close()

    with Wire(tmp_path, f"{cluster.directory}/.s.PGSQL.5432") as wire:
        asyncio.run(main())


def test_a_connection_lost_between_a_commit_and_its_notices_is_lost_once(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    send, cut = Connection.send, []

    def cuts(connection: Connection, sql: str, *more: Any) -> Any:
        if sql == notices.SEND and not cut:
            cut.append(sql)
            connection.close()
        return send(connection, sql, *more)

    monkeypatch.setattr(PostgresStore, "notices", lambda _, keys: [(notices.SEND, ("",))])
    monkeypatch.setattr(Connection, "send", cuts)

    async def work(store: PostgresStore) -> None:
        assert [await store.write(count(1)) for _ in range(3)] == [1, 2, 3]
        assert cut

    run(url, work)


def test_an_answer_that_the_event_loop_does_not_tell_of_is_looked_for(url: str) -> None:
    async def work(store: PostgresStore) -> None:
        await store.write(count(1))
        connection = store._writes._lanes[0]._connection
        assert connection is not None
        asyncio.get_running_loop().remove_reader(connection._socket)
        assert await asyncio.wait_for(store.write(count(2)), 10) == 1
        assert connection.lost is None
        began = time.monotonic()
        for number in range(20):
            await store.write(count(100 + number))
        assert time.monotonic() - began < 10

    run(url, work)


def test_who_waits_too_long_is_told_so(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lane, "PATIENCE_SECONDS", 0.3)

    async def work(store: PostgresStore) -> None:
        await store.write(count(1))
        await asyncio.to_thread(cluster.stop)
        for asks in (store.write(count(2)), store.look(counted)):
            with pytest.raises(StoreUnavailable, match="the database does not answer"):
                await asks
        await asyncio.to_thread(cluster.start)
        assert await store.write(count(2)) == 1

    run(cluster.url(), work)


def test_who_waits_behind_others_is_told_as_soon(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the connection stands and the server says nothing."""
    monkeypatch.setattr(lane, "PATIENCE_SECONDS", 1)
    monkeypatch.setattr(lane, "_SILENCE_SECONDS", 3)

    async def work(store: PostgresStore) -> None:
        await store.write(count(1))
        began = time.monotonic()
        with connected(url) as other:
            other.execute("LOCK TABLE numbers")
            waiting = [store.write(count(number)) for number in range(200)]
            answers = await asyncio.gather(*waiting, return_exceptions=True)
        assert {type(answer) for answer in answers} == {StoreUnavailable}
        assert time.monotonic() - began < 15
        assert await store.write(count(2)) == 1

    run(url, work)


@pytest.mark.parametrize("together", [False, True])
def test_a_node_that_stops_in_the_midst_of_what_it_says_does_not_keep_the_turn(url: str, together: bool) -> None:
    """What it had to say until then has arrived, and the server waits for the rest, with the table locked."""

    async def work(store: PostgresStore) -> None:
        await store.write(count(1))
        if together:
            store._node.others = 1
        stopped = await Database(url).connect()
        stopped.send("BEGIN")
        stopped.send("LOCK TABLE store_turn IN EXCLUSIVE MODE")
        stopped.send("INSERT INTO numbers VALUES (7, 1)")
        stopped._pg.send_flush_request()
        stopped._write()
        await asyncio.sleep(0.2)
        began = time.monotonic()
        assert await store.write(count(2)) == 1
        assert 1 < time.monotonic() - began < 10
        assert await store.look(counted) == {1: 1, 2: 1}
        stopped.close()

    run(url, work)


def test_a_database_that_is_not_there_is_told_with_words_without_the_password() -> None:
    with pytest.raises(DatabaseUnusable, match=r"postgresql://me@127\.0\.0\.1:1/none cannot be used: .*") as raised:
        Database("postgresql://me:secret@127.0.0.1:1/none").prepare(SCHEMA)
    assert "secret" not in str(raised.value)


def test_nodes_take_turns_and_see_each_others_rows_and_wakes(url: str) -> None:
    async def main() -> None:
        stores = [PostgresStore(Database(url), SCHEMA, SystemClock(), Ids(number)) for number in range(4)]

        def add(tx: Transaction) -> int:
            """Read, then write what follows from it: lost updates would show."""
            (times,) = tx.one("SELECT times FROM numbers WHERE n = 1") or (0,)
            tx.run("INSERT INTO numbers VALUES (1, ?) ON CONFLICT (n) DO UPDATE SET times = excluded.times", times + 1)
            tx.wake("added")
            return tx.ids.ordered(tx.now_ms)

        made = await asyncio.gather(*(store.write(add) for store in stores for _ in range(100)))
        assert len(set(made)) == 400
        for store in stores:
            assert await store.look(counted) == {1: 400}
        for store in stores:
            await store.write(store._node.beat)  # they know of each other
        seq = await stores[1].look(lambda tx: tx.seq)
        parked = stores[1].wakes.park(("added",), seq)
        await stores[0].write(add)
        await asyncio.wait_for(parked, 5)
        await asyncio.gather(*(store.close() for store in stores))

    asyncio.run(main())


def test_a_node_that_is_away_is_missed_once_and_its_number_is_used_again(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone: list[tuple[int, str]] = []

    async def main() -> None:
        clock = ManualClock()
        stores = [
            PostgresStore(
                Database(url), SCHEMA, clock, Ids(number), gone=lambda tx, number, token: gone.append((number, token))
            )
            for number in range(2)
        ]
        for store in stores:
            await store.write(store._node.beat)
        first, second = sorted(stores, key=lambda store: store._node.number)
        assert (first._node.number, second._node.number) == (0, 1)
        monkeypatch.setattr(first, "beat_is_due", lambda: False)
        clock.advance(nodes.AWAY_MS + 1)
        await second.write(second._node.beat)
        await second.write(second._node.beat)
        assert gone == [(0, first.node)]
        clock.advance(nodes.AWAY_MS + 60_000)
        await second.write(second._node.beat)
        third = PostgresStore(Database(url), SCHEMA, clock, Ids(3))
        await third.write(third._node.beat)
        assert third._node.number == 0
        await first.write(first._node.beat)  # it was only asleep: its number is another's
        assert first._node.number not in (0, second._node.number)
        for store in (*stores, third):
            await store.close()

    asyncio.run(main())


class Machine(ManualClock):
    """A machine whose clock somebody sets while it runs."""

    seconds = 0.0

    def elapsed_seconds(self) -> float:
        return self.seconds


def test_the_clock_is_the_databases() -> None:
    machine = Machine(160_000)
    clock = NodeClock(machine)
    assert clock.now_ms() == 160_000  # of what it was before, nothing stays
    clock.set(100_000, 0.0, 0.002)
    assert clock.now_ms() == 99_999
    machine.advance(60_000)
    assert clock.now_ms() == 99_999  # somebody sets the machine's clock
    machine.seconds = 1.5
    assert clock.now_ms() == 101_499
    clock.set(101_500, 1.499, 1.501)  # the same, as far as can be known
    assert clock.now_ms() == 101_499
    clock.set(100_000, 1.5, 1.5)
    assert clock.now_ms() == 101_499  # it stands still rather than go back
    machine.seconds = 3.5
    assert clock.now_ms() == 102_000


def test_what_is_written_after_another_nodes_commit_is_numbered_after_it(url: str) -> None:
    """However wrong the nodes' clocks are: so are messages of a group in order, whichever nodes they were sent by."""

    async def main() -> None:
        stores = [PostgresStore(Database(url), SCHEMA, SystemClock(), Ids(number)) for number in range(3)]
        made: list[int] = []
        for turn in range(60):
            store = stores[turn % 3]
            assert isinstance(store.clock, NodeClock)
            store.clock._latest_ms += turn % 3 * 1_000
            count = turn % 7 + 1
            made += await store.write(lambda tx, count=count: [tx.ids.ordered(tx.now_ms) for _ in range(count)])
        assert made == sorted(set(made))
        await asyncio.gather(*(store.close() for store in stores))

    asyncio.run(main())


def test_a_column_that_another_node_has_added_hurts_nobody(url: str) -> None:
    async def work(store: PostgresStore) -> None:
        def everything(tx: Transaction) -> list[object]:
            return list(tx.all("SELECT * FROM numbers"))

        await store.write(count(1))
        assert await store.look(everything) == [(1, 1)]
        assert await store.write(everything) == [(1, 1)]
        execute("ALTER TABLE numbers ADD COLUMN more TEXT", url)
        assert await store.write(everything) == [(1, 1, None)]
        assert await store.look(everything) == [(1, 1, None)]

    run(url, work)


def test_a_node_that_comes_again_is_not_ahead_of_the_others(url: str) -> None:
    """What it makes comes before what others make a second later: messages keep their order."""

    async def main() -> None:
        made: list[int] = []
        for at_ms in (1_000_000, 1_000_000, 1_001_500):
            store = PostgresStore(Database(url), SCHEMA, ManualClock(at_ms), Ids(1))
            made.append(await store.write(lambda tx: tx.ids.ordered(tx.now_ms)))
            await store.close()
        assert made[0] < made[1] < made[2]
        assert made[2] >> 22 == 1_001_500

    asyncio.run(asyncio.wait_for(main(), 20))
