"""How much evaluations have done: counted, not timed, so that a bound ends the same evaluation at the same place
wherever it is repeated.

A unit is about a microsecond's work. The count only grows and means nothing by itself; evaluators look at how far it
went. It is the one thing that evaluations leave behind.
"""

from __future__ import annotations

MAX_READ = 500_000
"""The most that one path may look at, in values. A payload of 256 KiB has 130,000 at most."""

MAX_STATE = 2_000_000
"""The most that evaluating one state may do, all its expressions together."""


_NEVER = 1 << 62


class WorkExceeded(Exception):
    """An evaluation did more than it may."""


class Work:
    """The count.

    Attributes:
        done: units so far.
        read_limit: where the path being read has to end.
        state_limit: where the state being evaluated has to end; without one, each expression has its own bound alone.
    """

    __slots__ = ("done", "read_limit", "state_limit")

    def __init__(self) -> None:
        self.done = 0
        self.read_limit = MAX_READ
        self.state_limit = _NEVER

    def begin_state(self) -> None:
        """Another state is evaluated from here on."""
        self.state_limit = self.done + MAX_STATE

    def end_state(self) -> None:
        """What is evaluated from here on belongs to no state."""
        self.state_limit = _NEVER

    def begin_read(self) -> None:
        """Another path is read from here on."""
        self.read_limit = min(self.done + MAX_READ, self.state_limit)

    def read(self, values: int) -> None:
        """A path looks at this many values.

        Raises:
            WorkExceeded: it is too much for one path.
        """
        self.done += values
        if self.done > self.read_limit:
            raise WorkExceeded("The path looks at too many values")

    def check_state(self) -> None:
        """Before another expression of the state is evaluated.

        Raises:
            WorkExceeded: the state has done too much already.
        """
        if self.done > self.state_limit:
            raise WorkExceeded("All expressions of the state together work for too long")


WORK = Work()
