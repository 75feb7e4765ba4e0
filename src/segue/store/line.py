"""Units that wait for their batch: what has just come from outside in one line, what goes on with something begun in
another.

Each batch takes of both, so that a flood of requests does not keep jobs from their turn, nor jobs the requests.
"""

from __future__ import annotations

from asyncio import Future
from collections import deque
from collections.abc import Sequence
from typing import Any, Final, Generic, TypeVar

from segue.clock import Clock
from segue.store.transaction import Unit

_LONG_SECONDS: Final = 1.0
_MANY: Final = 128
_MOST: Final = 20_000
_PACE_SECONDS: Final = 0.5
"""So long at least it is counted how many are served, before it is said how fast."""


class Ran:
    """A unit that waits, or was run; what came of it, and who waits for that.

    Args:
        since: from when on it waits, by the clock's elapsed seconds.
        arriving: whether it has just come from outside.
    """

    __slots__ = ("answer", "arriving", "error", "result", "since", "unit")

    def __init__(self, unit: Unit[Any], answer: Future[Any], since: float, *, arriving: bool = False) -> None:
        self.unit = unit
        self.answer = answer
        self.since = since
        self.arriving = arriving
        self.result: Any = None
        self.error: BaseException | None = None

    def tell(self, failure: BaseException | None = None) -> None:
        """Answer: what the unit raised, else why its commit failed, else its result."""
        if self.answer.done():
            return
        error = self.error or failure
        if error is None:
            self.answer.set_result(self.result)
        elif isinstance(error, StopIteration):  # which a future refuses to hold
            self.answer.set_exception(RuntimeError(f"a unit raised {error!r}"))
        else:
            self.answer.set_exception(error)


T = TypeVar("T", bound=Ran)


class Line(Generic[T]):
    """Both lines.

    Args:
        clock: tells for how long something waits.
    """

    def __init__(self, clock: Clock) -> None:
        self._elapsed = clock.elapsed_seconds
        self.begun: deque[T] = deque()
        self.arriving: deque[T] = deque()
        self._came = 0
        self._counted, self._counted_at = 0, 0.0  # of those who came, how many were served, and when they were counted
        self._pace = 0.0  # how many a second, since some wait; 0: not known

    def __len__(self) -> int:
        return len(self.begun) + len(self.arriving)

    def add(self, item: T) -> None:
        """The last of its line."""
        if not item.arriving:
            self.begun.append(item)
            return
        if not self.arriving:
            self._counted, self._counted_at, self._pace = self._came, item.since, 0.0
        self._came += 1
        self.arriving.append(item)

    def give_back(self, batch: Sequence[T]) -> None:
        """There was no room for these: they are the first again."""
        for item in reversed(batch):
            (self.arriving if item.arriving else self.begun).appendleft(item)

    @property
    def is_too_long(self) -> bool:
        """Whether who comes now should come later: many wait, and the last of them would for long. A few that wait for
        a slow disk are no crowd, and a crowd that is soon served is none either.
        """
        waiting = len(self.arriving)
        if not _MANY <= waiting < _MOST:
            return waiting >= _MOST
        now = self._elapsed()
        self._count(now)
        if self._pace:
            return waiting >= self._pace * _LONG_SECONDS
        return now - self.arriving[0].since >= _LONG_SECONDS

    def _count(self, now: float) -> None:
        seconds = now - self._counted_at
        if seconds >= _PACE_SECONDS:
            served = self._came - len(self.arriving)
            self._pace = (served - self._counted) / seconds
            self._counted, self._counted_at = served, now
