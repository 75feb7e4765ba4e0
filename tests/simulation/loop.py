"""An event loop in a time of its own: what is ready waits until the world picks this loop, one callback at a time."""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import Any

_WAITS_AT_END = 100


class Time:
    """The time of a world, in microseconds since it began."""

    __slots__ = ("now_us",)

    def __init__(self) -> None:
        self.now_us = 0


class Handle:
    """A callback that is to be called."""

    __slots__ = ("_args", "_at_seconds", "_callback")

    def __init__(self, callback: Callable[..., object], args: tuple[Any, ...], at_seconds: float = 0.0) -> None:
        self._callback: Callable[..., object] | None = callback
        self._args = args
        self._at_seconds = at_seconds

    def cancel(self) -> None:
        """Do not call it."""
        self._callback = None

    def cancelled(self) -> bool:
        """Whether it is not to be called."""
        return self._callback is None

    def when(self) -> float:
        """When it is to be called, in the loop's seconds."""
        return self._at_seconds

    def run(self) -> None:
        """Call it."""
        if self._callback is not None:
            self._callback(*self._args)


class Loop(asyncio.AbstractEventLoop):
    """What asyncio needs of an event loop, of one process of a simulated world.

    Args:
        time: the world's.
    """

    def __init__(self, time: Time) -> None:
        self._time = time
        self._timers: list[tuple[int, int, Handle]] = []
        self._count = 0
        self.ready: deque[Handle] = deque()
        self.tasks: dict[asyncio.Task[Any], None] = {}
        self.closed = False

    @contextmanager
    def running(self) -> Iterator[None]:
        """What is done in the block is done by this process."""
        asyncio._set_running_loop(self)
        try:
            yield
        finally:
            asyncio._set_running_loop(None)

    def run_one(self) -> None:
        """Call what was ready first. Its exceptions go on: nothing that asyncio calls raises any."""
        asyncio._set_running_loop(self)
        try:
            self.ready.popleft().run()
        finally:
            asyncio._set_running_loop(None)

    def next_us(self) -> int | None:
        """When the next alarm is due."""
        timers = self._timers
        while timers and timers[0][2].cancelled():
            heapq.heappop(timers)
        return timers[0][0] if timers else None

    def ring(self) -> None:
        """What is due is ready."""
        while (at_us := self.next_us()) is not None and at_us <= self._time.now_us:
            self.ready.append(heapq.heappop(self._timers)[2])

    def end(self) -> None:
        """The process is gone: nothing of it happens any more."""
        self.closed = True
        self.ready.clear()
        self._timers.clear()

    def let_go(self) -> None:
        """End whatever was under way and will never go on."""
        for task in self.tasks:
            coroutine = task.get_coro()
            if task.done() or coroutine is None:
                continue
            with suppress(asyncio.CancelledError, StopIteration):
                for _ in range(_WAITS_AT_END):  # what it waits for before it ends
                    coroutine.throw(asyncio.CancelledError())
        self.tasks.clear()

    def time(self) -> float:
        return self._time.now_us / 1e6

    def call_soon(self, callback: Callable[..., object], *args: Any, context: Any = None) -> Any:
        handle = Handle(callback, args)
        if not self.closed:
            self.ready.append(handle)
        return handle

    call_soon_threadsafe = call_soon

    def call_later(self, delay: float, callback: Callable[..., object], *args: Any, context: Any = None) -> Any:
        return self.call_at(self.time() + delay, callback, *args)

    def call_at(self, when: float, callback: Callable[..., object], *args: Any, context: Any = None) -> Any:
        handle = Handle(callback, args, when)
        if not self.closed:
            self._count += 1
            heapq.heappush(self._timers, (round(when * 1e6), self._count, handle))
        return handle

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)

    def create_task(
        self, coro: Coroutine[Any, Any, Any], *, name: str | None = None, context: Any = None
    ) -> asyncio.Task[Any]:
        task = asyncio.Task(coro, loop=self, name=name or "task")
        self.tasks[task] = None
        task.add_done_callback(self._forget)
        return task

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self.tasks.pop(task, None)

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return True

    def is_closed(self) -> bool:
        return self.closed

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Of tasks that were let go in the midst, and of exceptions that nobody asked for."""
