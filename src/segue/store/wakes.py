"""Parked waiters and the keys that wake them.

Waiting costs a dictionary entry. A waiter looks, finds nothing, and parks with the number of the unit in which it
looked: a wake that came between is remembered (``_RECENT`` of them) and answers at once, so no wake is ever lost.

Who waits for the same thing as others (a message of a queue) *stands in line*: a wake is for the first of them, who
passes it on when he has found something. So ten thousand who wait cost nothing until it is their turn.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterable
from zlib import crc32

from segue.store.timers import Timer, Timers

_RECENT = 4096


class Wakes:
    """Wake-ups within one process, by key. Used only on the event loop's thread."""

    def __init__(self, timers: Timers) -> None:
        self._timers = timers
        self._waiters: dict[str, dict[asyncio.Future[bool], None]] = {}  # in the order of their coming
        self._lines: dict[str, OrderedDict[asyncio.Future[bool], None]] = {}
        self._looks: dict[str, tuple[int, Timer]] = {}
        self._recent: OrderedDict[str, int] = OrderedDict()
        self._forgotten_seq = -1

    def notify(self, keys: Iterable[str], seq: int) -> None:
        """Wake all who are parked on any of ``keys``, of who stands in line the first; ``seq`` is the unit that woke
        them."""
        for key in keys:
            self._recent[key] = seq
            self._recent.move_to_end(key)
            self._wake(key)
        while len(self._recent) > _RECENT:
            _, self._forgotten_seq = self._recent.popitem(last=False)

    def notify_all(self, seq: int) -> None:
        """Wake everybody, also who parks with an older number: what was woken until now is not known."""
        self._recent.clear()
        self._forgotten_seq = seq
        self._wake_keys([*self._waiters, *self._lines])

    def notify_some(self, part: int, parts: int) -> None:
        """Wake one of ``parts`` equal parts of those who are parked, so that they look again."""
        keys = [*self._waiters, *self._lines]
        self._wake_keys([key for key in keys if crc32(key.encode(errors="replace")) % parts == part])

    def _wake_keys(self, keys: Iterable[str]) -> None:
        for key in keys:
            self._wake(key)

    def _wake(self, key: str) -> None:
        for waiter in self._waiters.pop(key, ()):
            _finish(waiter, woken=True)
        if key in self._lines:
            self.call_next(key)

    def call_next(self, key: str) -> None:
        """Wake the first who stands in line for ``key``, if there is one."""
        line = self._lines.get(key)
        while line:
            waiter, _ = line.popitem(last=False)
            if not waiter.done():
                waiter.set_result(True)
                break
        if line is not None and not line:
            del self._lines[key]

    def stand_in_line(
        self, key: str, since_seq: int, until_ms: int, look_ms: int, *, again: bool
    ) -> asyncio.Future[bool]:
        """As :meth:`park`, for one key, where others wait for the same: a future that is done when it is one's turn.

        Who was woken and found something, or leaves without looking, must :meth:`call_next`.

        Args:
            look_ms: when the first in line is to look although nobody wakes him.
            again: who was called and found nothing keeps his place.
        """
        waiter: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        if since_seq < self._forgotten_seq or self._recent.get(key, -1) > since_seq:
            waiter.set_result(True)
            return waiter
        line = self._lines.setdefault(key, OrderedDict())
        line[waiter] = None
        if again:
            line.move_to_end(waiter, last=False)
        timer = self._timers.call_at(until_ms, lambda: _finish(waiter))
        waiter.add_done_callback(lambda _: self._leave_line(key, waiter, timer))
        look = self._looks.get(key)
        if look_ms < until_ms and (look is None or look_ms < look[0]):
            if look is not None:
                look[1].cancel()
            self._looks[key] = look_ms, self._timers.call_at(look_ms, lambda: self._look(key))
        return waiter

    def _look(self, key: str) -> None:
        del self._looks[key]
        self.call_next(key)

    def _leave_line(self, key: str, waiter: asyncio.Future[bool], timer: Timer) -> None:
        timer.cancel()
        line = self._lines.get(key)
        if line is not None and line.pop(waiter, self) is None and not line:
            del self._lines[key]

    def park(self, keys: Iterable[str], since_seq: int, until_ms: int | None = None) -> asyncio.Future[bool]:
        """A future that is done at the first wake of any of ``keys`` after unit ``since_seq``, or at ``until_ms``;
        its result is whether it was a wake.

        Cancel it to leave.
        """
        waiter: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        keys = tuple(keys)
        if since_seq < self._forgotten_seq or any(self._recent.get(key, -1) > since_seq for key in keys):
            waiter.set_result(True)
            return waiter
        for key in keys:
            self._waiters.setdefault(key, {})[waiter] = None
        timer = None if until_ms is None else self._timers.call_at(until_ms, lambda: _finish(waiter))
        waiter.add_done_callback(lambda _: self._forget(keys, waiter, timer))
        return waiter

    def _forget(self, keys: tuple[str, ...], waiter: asyncio.Future[bool], timer: Timer | None) -> None:
        if timer is not None:
            timer.cancel()
        for key in keys:
            waiters = self._waiters.get(key)
            if waiters is not None:
                waiters.pop(waiter, None)
                if not waiters:
                    del self._waiters[key]


def _finish(waiter: asyncio.Future[bool], *, woken: bool = False) -> None:
    if not waiter.done():
        waiter.set_result(woken)
