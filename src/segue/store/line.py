"""Units that wait for their batch: what has just come from outside in one line, what goes on with something begun in
another.

Each batch takes of both, so that a flood of requests does not keep jobs from their turn, nor jobs the requests.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final, Generic, Protocol, TypeVar

from segue.clock import Clock

_LONG_SECONDS: Final = 1.0
_MANY: Final = 128
_MOST: Final = 20_000


class Waiting(Protocol):
    """What waits: whether it has just come from outside, and since when it waits."""

    arriving: bool
    since: float


T = TypeVar("T", bound=Waiting)


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
