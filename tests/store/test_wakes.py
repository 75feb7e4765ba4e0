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
