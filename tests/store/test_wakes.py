"""Wakes: nobody who parks misses one, nobody is left behind, and waiting leaves nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from segue.clock import ManualClock
from segue.store import wakes as module
from segue.store.timers import LoopTimers, ManualTimers
from segue.store.wakes import Wakes


def run(work: Callable[[Wakes, ManualClock, ManualTimers], Awaitable[None]]) -> None:
    async def main() -> None:
        clock = ManualClock(1_000)
        timers = ManualTimers(clock)
        wakes = Wakes(timers)
        await asyncio.wait_for(work(wakes, clock, timers), 5)
        assert not wakes._waiters
        assert not wakes._lines

    asyncio.run(main())


@pytest.mark.parametrize(
    ("woken_by", "looked_in", "is_woken"),
    [(5, 4, True), (5, 5, False), (5, 6, False)],
    ids=["a later unit woke it", "its own unit woke it", "it looked later"],
)
def test_a_wake_between_look_and_park_answers_at_once(woken_by: int, looked_in: int, is_woken: bool) -> None:
    async def work(wakes: Wakes, clock: ManualClock, timers: ManualTimers) -> None:
        wakes.notify(["key"], woken_by)
        waiter = wakes.park(["key", "other"], looked_in)
        assert waiter.done() is is_woken
        waiter.cancel()
        await asyncio.sleep(0)

    run(work)


def test_all_who_wait_for_a_key_are_woken_and_no_others() -> None:
    async def work(wakes: Wakes, clock: ManualClock, timers: ManualTimers) -> None:
        first, second, other = wakes.park(["a"], 1), wakes.park(["b", "a"], 1), wakes.park(["b"], 1)
        wakes.notify(["a"], 2)
        assert (first.done(), second.done(), other.done()) == (True, True, False)
        await asyncio.sleep(0)
        wakes.notify(["b"], 3)
        assert other.done()
        await asyncio.sleep(0)

    run(work)


def test_time_wakes_too_and_the_alarm_is_switched_off_by_an_earlier_wake() -> None:
    async def work(wakes: Wakes, clock: ManualClock, timers: ManualTimers) -> None:
        late, woken = wakes.park(["a"], 1, 2_000), wakes.park(["b"], 1, 2_000)
        wakes.notify(["b"], 2)
        await woken
        clock.advance(999)
        timers.ring()
        assert not late.done()
        clock.advance(1)
        timers.ring()
        await late
        await asyncio.sleep(0)
        assert timers.next_ms() is None

    run(work)


def test_a_time_that_has_come_wakes_without_delay() -> None:
    async def work(wakes: Wakes, clock: ManualClock, timers: ManualTimers) -> None:
        await wakes.park(["a"], 1, 1_000)
        await wakes.park(["a"], 1, 500)
        await asyncio.sleep(0)

    run(work)


def test_who_looked_before_what_is_forgotten_looks_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_RECENT", 3)

    async def work(wakes: Wakes, clock: ManualClock, timers: ManualTimers) -> None:
        for seq, key in enumerate(["a", "b", "c", "d", "e"], start=1):
            wakes.notify([key], seq)
        assert wakes.park(["unrelated"], 1).done()  # 'b', woken by unit 2, is forgotten: it might have been meant
        fresh = wakes.park(["unrelated"], 2)
        assert not fresh.done()  # it saw what unit 2 did: nothing it missed is forgotten
        fresh.cancel()
        await asyncio.sleep(0)

    run(work)


def test_who_stands_in_line_is_called_one_a_wake_and_the_longest_waiting_first() -> None:
    async def work(wakes: Wakes, clock: ManualClock, timers: ManualTimers) -> None:
        line = [wakes.stand_in_line("q", 1, 9_000, 9_000, again=False) for _ in range(5)]
        everybody = wakes.park(["q"], 1)
        wakes.notify(["q", "q"], 2)
        assert [waiter.done() for waiter in line] == [True, True, False, False, False]
        assert everybody.result() is True
        await asyncio.sleep(0)
        back = wakes.stand_in_line("q", 2, 9_000, 9_000, again=True)  # he found nothing: he keeps his place
        wakes.call_next("q")
        assert (back.done(), line[2].done()) == (True, False)
        line[2].cancel()
        await asyncio.sleep(0)
        wakes.call_next("q")
        assert line[3].result() is True
        await asyncio.sleep(0)
        clock.advance(8_000)
        timers.ring()
        assert line[4].result() is False  # his time is over; nobody has called him
        await asyncio.sleep(0)
        assert timers.next_ms() is None

    run(work)


def test_of_who_stands_in_line_one_looks_when_it_is_time_to() -> None:
    async def work(wakes: Wakes, clock: ManualClock, timers: ManualTimers) -> None:
        first = wakes.stand_in_line("q", 1, 9_000, 5_000, again=False)
        second = wakes.stand_in_line("q", 1, 9_000, 4_000, again=False)
        clock.advance(3_000)
        timers.ring()
        assert (first.done(), second.done()) == (True, False)
        await asyncio.sleep(0)
        clock.advance(5_000)
        timers.ring()
        await second

        assert wakes.stand_in_line("q", 1, 9_000, 1_000, again=False).cancel()  # he leaves; his alarm finds nobody
        await asyncio.sleep(0)
        timers.ring()
        await asyncio.sleep(0)

    run(work)


def test_a_wake_between_look_and_standing_in_line_answers_at_once() -> None:
    async def work(wakes: Wakes, clock: ManualClock, timers: ManualTimers) -> None:
        wakes.notify(["q"], 5)
        assert wakes.stand_in_line("q", 4, 9_000, 9_000, again=False).result() is True
        later = wakes.stand_in_line("q", 5, 9_000, 9_000, again=False)
        assert not later.done()
        wakes.notify_all(6)
        assert later.result() is True
        await asyncio.sleep(0)

    run(work)


def test_alarms_on_the_event_loop_ring_in_the_clocks_time() -> None:
    async def main() -> list[str]:
        clock = ManualClock(0)
        rung: list[str] = []
        timers = LoopTimers(asyncio.get_running_loop(), clock)
        timers.call_at(5, lambda: rung.append("early"))
        timers.call_at(10, lambda: rung.append("cancelled")).cancel()
        clock.advance(20)
        timers.call_at(15, lambda: rung.append("past"))
        await asyncio.sleep(0.03)
        return rung

    assert sorted(asyncio.run(main())) == ["early", "past"]
