"""What every store promises, whichever engine keeps its rows."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import hypothesis
import hypothesis.strategies as st
import pytest

from segue.clock import ManualClock
from segue.ids import Ids
from segue.store import Transaction
from segue.store.group_commit import GroupCommit
from segue.store.migrations import Migrations, StoreIsNewer
from segue.store.postgres.transaction import PostgresTransaction
from segue.store.sqlite import SqliteStore, SqliteTransaction
from segue.store.store import Store
from tests.postgres import NoPostgres, drop_database, new_database

SCHEMA: Migrations = {
    "test": ("CREATE TABLE numbers (n BIGINT PRIMARY KEY, text TEXT, bytes BYTEA, real DOUBLE PRECISION);",)
}
Work = Callable[[Store], Awaitable[None]]
Open = Callable[[Migrations], Store]


@pytest.fixture(params=["sqlite", "postgresql"])
def opens(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """Opens the same rows, again and again."""
    if request.param == "sqlite":
        yield lambda schema: GroupCommit(SqliteStore(tmp_path, schema, ManualClock(), Ids(1)))
        return
    try:
        url = new_database()
    except NoPostgres as none:
        pytest.skip(str(none))
    from segue.store.postgres.opening import Database
    from segue.store.postgres.store import PostgresStore

    yield lambda schema: PostgresStore(Database(url), schema, ManualClock(), Ids(1))
    drop_database(url)


def run(opens: Open, work: Work, schema: Migrations = SCHEMA) -> None:
    async def main() -> None:
        store = opens(schema)
        try:
            await asyncio.wait_for(work(store), 20)
        finally:
            await store.close()

    asyncio.run(main())


def insert(number: int) -> Callable[[Transaction], int]:
    def unit(tx: Transaction) -> int:
        tx.run("INSERT INTO numbers (n) VALUES (?)", number)
        tx.wake(f"number {number}")
        return number

    return unit


def numbers(tx: Transaction) -> list[int]:
    return [row[0] for row in tx.all("SELECT n FROM numbers ORDER BY n")]


def test_what_was_read_is_read_anew_once_it_was_written_or_undone(opens: Open) -> None:
    def unit(tx: Transaction) -> list[list[int]]:
        seen = [numbers(tx), numbers(tx)]
        seen[0].append(-1)
        tx.run("INSERT INTO numbers (n) VALUES (1)")
        seen.append(numbers(tx))
        with suppress(LookupError), tx.savepoint():
            tx.all("UPDATE numbers SET n = 2 RETURNING n")
            seen.append(numbers(tx))
            raise LookupError
        return [*seen, numbers(tx)]

    async def work(store: Store) -> None:
        before, after = store.write(unit), store.write(numbers)
        assert await before == [[-1], [], [1], [2], [1]]
        assert await after == [1]

    run(opens, work)


def test_units_run_in_order_and_all_are_answered(opens: Open) -> None:
    async def work(store: Store) -> None:
        answered: list[int] = []
        writes = [store.write(insert(number)) for number in range(300)]
        for write in writes:
            write.add_done_callback(lambda done: answered.append(done.result()))
        await asyncio.gather(*writes)
        assert answered == list(range(300))
        assert await store.look(numbers) == list(range(300))

    run(opens, work)


def test_a_failing_unit_hurts_nobody_else_and_leaves_nothing(opens: Open) -> None:
    def writes_and_raises(tx: Transaction) -> None:
        insert(9)(tx)
        raise KeyError("after all")

    async def work(store: Store) -> None:
        answers = await asyncio.gather(
            *(store.write(insert(number)) for number in (1, 2, 1, 3)),
            store.write(lambda tx: 1 // 0),
            store.write(writes_and_raises),
            store.write(insert(4)),
            return_exceptions=True,
        )
        kinds = [answer if isinstance(answer, int) else type(answer).__mro__[-3] for answer in answers]
        assert [*kinds[:2], *kinds[3:]] == [1, 2, 3, Exception, Exception, 4]
        assert isinstance(answers[2], Exception)
        assert isinstance(answers[5], KeyError)
        assert await store.look(numbers) == [1, 2, 3, 4]

    run(opens, work)


def test_a_unit_that_met_one_before_it_is_run_after_it_although_the_batch_is_cut_short_meanwhile(opens: Open) -> None:
    runs: list[float] = []

    def slow_when_run_again(_: Transaction) -> None:
        runs.append(time.monotonic())
        while len(runs) > 1 and time.monotonic() < runs[-1] + 0.05:
            pass

    async def work(store: Store) -> None:
        units = (slow_when_run_again, insert(1), insert(1), insert(2))
        answers = await asyncio.gather(*map(store.write, units), return_exceptions=True)
        assert (answers[1], answers[3]) == (1, 2)
        assert isinstance(answers[2], Exception)

    run(opens, work)


@pytest.mark.parametrize("value", [0, -1, 2**63 - 1, -(2**63)])
def test_integers_come_back_as_they_were(opens: Open, value: int) -> None:
    async def work(store: Store) -> None:
        await store.write(insert(value))
        assert await store.look(lambda tx: tx.one("SELECT n, SUM(n), COUNT(*) FROM numbers GROUP BY n")) == (
            value,
            value,
            1,
        )

    run(opens, work)


def test_texts_bytes_and_reals_come_back_as_they_were(opens: Open) -> None:
    given = (1, "ä 'quoted?' \U0001f600\n", b"\x00\xff'\\", 0.1)

    async def work(store: Store) -> None:
        await store.write(lambda tx: tx.run("INSERT INTO numbers VALUES (?, ?, ?, ?)", *given))
        await store.write(lambda tx: tx.run("INSERT INTO numbers VALUES (2, NULL, ?, ?)", b"", 1e300))
        rows = await store.look(lambda tx: tx.all("SELECT * FROM numbers ORDER BY n"))
        assert rows == [given, (2, None, b"", 1e300)]
        assert await store.look(lambda tx: tx.one("SELECT n FROM numbers WHERE text = '?' OR n = ?", 1)) == (1,)

    run(opens, work)


def test_texts_are_ordered_by_their_bytes(opens: Open) -> None:
    texts = ["B", "a", "_", "Ä", "ab", "Z", "-", "a-b", "\U0001f600", "ﬀ"]

    async def work(store: Store) -> None:
        for number, text in enumerate(texts):
            await store.write(lambda tx: tx.run("INSERT INTO numbers (n, text) VALUES (?, ?)", number, text))  # noqa: B023
        rows = await store.look(lambda tx: tx.all("SELECT text FROM numbers WHERE text > ? ORDER BY text", "-"))
        assert [row[0] for row in rows] == sorted((text for text in texts if text > "-"), key=str.encode)

    run(opens, work)


def test_statements_say_how_many_rows_they_changed(opens: Open) -> None:
    async def work(store: Store) -> None:
        def unit(tx: Transaction) -> tuple[Any, ...]:
            made = [tx.run("INSERT INTO numbers (n) VALUES (?)", number) for number in range(5)]
            kept = tx.run("INSERT INTO numbers (n) VALUES (3) ON CONFLICT (n) DO NOTHING")
            changed = tx.run("UPDATE numbers SET text = 'x' WHERE n > ?", 2)
            gone = tx.all("DELETE FROM numbers WHERE n < ? RETURNING n", 2)
            return sum(made), kept == 0, not kept, int(changed), changed > 1, bool(changed), sorted(gone)

        assert await store.write(unit) == (5, True, True, 2, True, True, [(0,), (1,)])

    run(opens, work)


def test_what_a_savepoint_undoes_is_undone_with_its_wakes(opens: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(store: Store) -> None:
        def unit(tx: Transaction) -> list[int]:
            insert(1)(tx)
            for number, error in ((2, KeyError), (3, None)):
                try:
                    with tx.savepoint():
                        insert(number)(tx)
                        with suppress(ValueError), tx.savepoint():
                            insert(10 * number)(tx)
                            raise ValueError
                        if error is not None:
                            raise error
                except KeyError:
                    pass
            return numbers(tx)

        woken: list[str] = []
        notify = store.wakes.notify
        monkeypatch.setattr(store.wakes, "notify", lambda keys, seq: (woken.extend(keys), notify(keys, seq)))
        assert await store.write(unit) == [1, 3]
        assert [key for key in woken if key.startswith("number")] == ["number 1", "number 3"]

    run(opens, work)


def test_a_statement_that_fails_in_a_savepoint_is_undone_with_it(opens: Open) -> None:
    async def work(store: Store) -> None:
        def unit(tx: Transaction) -> list[int]:
            insert(1)(tx)
            try:
                with tx.savepoint():
                    insert(2)(tx)
                    insert(1)(tx)
                    insert(3)(tx)
            except Exception:
                insert(4)(tx)
            return numbers(tx)

        first, second = await asyncio.gather(store.write(unit), store.write(insert(5)))
        assert second == 5
        assert [number for number in first if number != 5] == [1, 4]
        assert await store.look(numbers) == [1, 4, 5]

    run(opens, work)


def test_a_look_that_writes_is_run_as_a_writer(opens: Open) -> None:
    async def work(store: Store) -> None:
        assert await store.look(insert(7)) == 7
        assert await store.look(numbers) == [7]

    run(opens, work)


def test_who_looks_and_parks_misses_no_wake(opens: Open) -> None:
    async def work(store: Store) -> None:
        def unit(number: int, tx: Transaction) -> tuple[bool, int]:
            return number in numbers(tx), tx.seq

        async def waits_for(number: int) -> None:
            found, seq = await store.look(partial(unit, number))
            while not found:  # a wake may be for nothing
                await asyncio.wait_for(store.wakes.park((f"number {number}",), seq), 5)
                found, seq = await store.look(partial(unit, number))

        for number in range(30):
            waiter = asyncio.ensure_future(waits_for(number))
            write = store.write(insert(number))
            await asyncio.gather(*((write, waiter) if number % 2 else (waiter, write)))

    run(opens, work)


def test_who_saw_what_was_done_in_his_batch_is_woken_by_what_is_done_after(opens: Open) -> None:
    async def work(store: Store) -> None:
        def does(tx: Transaction) -> None:
            tx.run("INSERT INTO numbers (n) VALUES (1) ON CONFLICT DO NOTHING")
            tx.wake("k")

        def sees(tx: Transaction) -> int:
            tx.saw("k")
            return tx.seq

        async def park() -> asyncio.Future[bool]:
            _, seq = await asyncio.gather(store.write(does), store.write(sees))
            return store.wakes.park(("k",), seq)

        while (parked := await park()).done():
            continue  # everybody is woken when a node begins to hear of others
        seq, _ = await asyncio.gather(store.write(sees), store.write(does))
        assert await asyncio.wait_for(parked, 5)
        assert store.wakes.park(("k",), seq).done()

    run(opens, work)


def test_what_units_leave_behind_goes_without_a_search_for_garbage(opens: Open) -> None:
    """The server seldom searches: under a long flood what waits for that would fill the memory."""

    def left() -> int:
        return sum(isinstance(each, SqliteTransaction | PostgresTransaction) for each in gc.get_objects())

    async def work(store: Store) -> None:
        for first in range(0, 1_000, 100):
            await asyncio.gather(*(store.write(insert(number)) for number in range(first, first + 100)))
            await asyncio.gather(*(store.look(numbers) for _ in range(10)))
        assert left() < 200  # of the last batch, and of what a node does for itself

    gc.collect()
    gc.disable()
    try:
        run(opens, work)
    finally:
        gc.enable()


def test_rows_are_there_after_opening_again(opens: Open) -> None:
    async def writes(store: Store) -> None:
        await asyncio.gather(*(store.write(insert(number)) for number in range(10)))

    async def looks(store: Store) -> None:
        assert await store.look(numbers) == list(range(10))

    run(opens, writes)
    run(opens, looks)


def test_ordered_ids_grow_over_a_restart(opens: Open) -> None:
    made: list[int] = []

    async def work(store: Store) -> None:
        made.extend(await store.write(lambda tx: [tx.ids.ordered(tx.now_ms) for _ in range(5_000)]))

    for _ in range(3):
        run(opens, work)
    assert made == sorted(set(made))


def test_migrations_run_once_and_a_newer_store_is_refused(opens: Open) -> None:
    newer: Migrations = {"test": (*SCHEMA["test"], "INSERT INTO numbers (n) VALUES (5);")}

    async def looks(store: Store) -> None:
        assert await store.look(numbers) == [5]

    for schema in (newer, newer):
        run(opens, looks, schema)
    with pytest.raises(StoreIsNewer, match="'test' is at version 2, this program knows 1"):
        run(opens, looks)


def test_closing_finishes_what_was_handed_in(opens: Open) -> None:
    async def hands_in(store: Store) -> None:
        for number in range(200):
            store.write(insert(number))

    async def looks(store: Store) -> None:
        assert len(await store.look(numbers)) == 200

    run(opens, hands_in)
    run(opens, looks)


def test_any_text_is_kept_and_found_and_in_order(opens: Open) -> None:
    """Also the one character that PostgreSQL's texts have not, and what stands for it there."""
    texts = st.one_of(st.text("\x00\x01\x02a%é", max_size=4), st.text(st.characters(codec="utf-8"), max_size=3))

    @hypothesis.settings(max_examples=15)
    @hypothesis.given(st.lists(texts, min_size=1, max_size=15))
    def check(texts: list[str]) -> None:
        def unit(tx: Transaction) -> None:
            tx.run("DELETE FROM numbers")
            for number, text in enumerate(texts):
                tx.run("INSERT INTO numbers (n, text) VALUES (?, ?)", number, text)
            found = [row[0] for row in tx.all("SELECT text FROM numbers ORDER BY text")]
            assert found == sorted(texts, key=str.encode)
            for text in texts:
                rows = tx.all("SELECT n FROM numbers WHERE text = ? ORDER BY n", text)
                assert [row[0] for row in rows] == [n for n, other in enumerate(texts) if other == text]
                count = tx.one("SELECT COUNT(*) FROM numbers WHERE text < ?", text)
                assert count == (sum(other.encode() < text.encode() for other in texts),)

        run(opens, lambda store: store.write(unit))

    check()
