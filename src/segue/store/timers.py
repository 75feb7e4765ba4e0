"""Alarms for waiters in memory. What must happen at a time is a row (a job); an alarm only says when to look again."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from typing import Protocol

from segue.clock import Clock, ManualClock

_LONGEST_SLEEP_SECONDS = 30.0


class Timer(Protocol):
    """A set alarm."""

    def cancel(self) -> None:
        """Switch it off; it may have rung."""
        ...


class Timers(Protocol):
    """Sets alarms."""

    def call_at(self, at_ms: int, callback: Callable[[], None]) -> Timer:
        """Call ``callback`` on the event loop at ``at_ms`` or soon after."""
        ...


class LoopTimers:
    """Alarms on the event loop, in the time of the machine's clock (looked at again at least every half minute)."""

    def __init__(self, loop: asyncio.AbstractEventLoop, clock: Clock) -> None:
        self._loop = loop
        self._clock = clock

    def call_at(self, at_ms: int, callback: Callable[[], None]) -> Timer:
        return _LoopTimer(self._loop, self._clock, at_ms, callback)


class _LoopTimer:
    __slots__ = ("_at_ms", "_callback", "_clock", "_handle", "_loop")

    def __init__(self, loop: asyncio.AbstractEventLoop, clock: Clock, at_ms: int, callback: Callable[[], None]) -> None:
        self._loop, self._clock, self._at_ms, self._callback = loop, clock, at_ms, callback
        self._handle = self._sleep()

    def cancel(self) -> None:
        self._handle.cancel()

    def _sleep(self) -> asyncio.TimerHandle:
        seconds = max(0.0, (self._at_ms - self._clock.now_ms()) / 1000)
        return self._loop.call_later(min(seconds, _LONGEST_SLEEP_SECONDS), self._look)

    def _look(self) -> None:
        if self._clock.now_ms() >= self._at_ms:
            self._callback()
        else:
            self._handle = self._sleep()


class ManualTimers:
    """Alarms in the time of a :class:`~segue.clock.ManualClock`; they ring when :meth:`ring` finds their time come."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self._heap: list[tuple[int, int, _ManualTimer]] = []
        self._count = 0

    def call_at(self, at_ms: int, callback: Callable[[], None]) -> Timer:
        timer = _ManualTimer(callback)
        if at_ms <= self._clock.now_ms():
            asyncio.get_running_loop().call_soon(timer.ring)
        else:
            self._count += 1
            heapq.heappush(self._heap, (at_ms, self._count, timer))
        return timer

    def next_ms(self) -> int | None:
        """When the next alarm is due."""
        while self._heap and self._heap[0][2].cancelled:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def ring(self) -> None:
        """Ring every alarm whose time has come."""
        while (at_ms := self.next_ms()) is not None and at_ms <= self._clock.now_ms():
            heapq.heappop(self._heap)[2].ring()


class _ManualTimer:
    __slots__ = ("_callback", "cancelled")

    def __init__(self, callback: Callable[[], None]) -> None:
        self._callback = callback
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True

    def ring(self) -> None:
        if not self.cancelled:
            self._callback()
