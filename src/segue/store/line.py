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

    def __len__(self) -> int:
        return len(self.begun) + len(self.arriving)

    def add(self, item: T) -> None:
        """The last of its line."""
        (self.arriving if item.arriving else self.begun).append(item)

    def give_back(self, batch: Sequence[T]) -> None:
        """There was no room for these: they are the first again."""
        for item in reversed(batch):
            (self.arriving if item.arriving else self.begun).appendleft(item)

    @property
    def is_too_long(self) -> bool:
        """Whether who comes now should come later: many wait, and the first for long. A few that wait for a slow disk
        are no crowd, and a crowd that is soon served is none either.
        """
        waiting = len(self.arriving)
        return waiting >= _MANY and (waiting >= _MOST or self._elapsed() - self.arriving[0].since >= _LONG_SECONDS)
