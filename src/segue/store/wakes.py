"""Parked waiters and the keys that wake them.

Waiting costs a dictionary entry. A waiter looks, finds nothing, and parks with the number of the unit in which it
looked: a wake that came between is remembered (``_RECENT`` of them) and answers at once, so no wake is ever lost.
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
        self._waiters: dict[str, dict[asyncio.Future[None], None]] = {}  # in the order of their coming
        self._recent: OrderedDict[str, int] = OrderedDict()
        self._forgotten_seq = -1

    def notify(self, keys: Iterable[str], seq: int) -> None:
        """Wake all who are parked on any of ``keys``; ``seq`` is the unit that woke them."""
        for key in keys:
            self._recent[key] = seq
            self._recent.move_to_end(key)
            for waiter in self._waiters.pop(key, ()):
                _finish(waiter)
        while len(self._recent) > _RECENT:
            _, self._forgotten_seq = self._recent.popitem(last=False)

    def notify_all(self, seq: int) -> None:
        """Wake everybody, also who parks with an older number: what was woken until now is not known."""
        self._recent.clear()
        self._forgotten_seq = seq
        self._wake_keys(list(self._waiters))

    def notify_some(self, part: int, parts: int) -> None:
        """Wake one of ``parts`` equal parts of those who are parked, so that they look again."""
        self._wake_keys([key for key in self._waiters if crc32(key.encode(errors="replace")) % parts == part])

    def _wake_keys(self, keys: Iterable[str]) -> None:
        for key in keys:
            for waiter in self._waiters.pop(key, ()):
                _finish(waiter)

    def park(self, keys: Iterable[str], since_seq: int, until_ms: int | None = None) -> asyncio.Future[None]:
        """A future that is done at the first wake of any of ``keys`` after unit ``since_seq``, or at ``until_ms``.

        Cancel it to leave.
        """
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        keys = tuple(keys)
        if since_seq < self._forgotten_seq or any(self._recent.get(key, -1) > since_seq for key in keys):
            waiter.set_result(None)
            return waiter
        for key in keys:
            self._waiters.setdefault(key, {})[waiter] = None
        timer = None if until_ms is None else self._timers.call_at(until_ms, lambda: _finish(waiter))
        waiter.add_done_callback(lambda _: self._forget(keys, waiter, timer))
        return waiter

    def _forget(self, keys: tuple[str, ...], waiter: asyncio.Future[None], timer: Timer | None) -> None:
        if timer is not None:
            timer.cancel()
        for key in keys:
            waiters = self._waiters.get(key)
            if waiters is not None:
                waiters.pop(waiter, None)
                if not waiters:
                    del self._waiters[key]


def _finish(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
