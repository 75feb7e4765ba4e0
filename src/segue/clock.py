"""Time is given, never taken: everything inside reads it from the clock it was handed.

Times are ``int`` milliseconds since the epoch, AWS's own resolution, so that sums are exact.
"""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Where the present comes from."""

    def now_ms(self) -> int:
        """The present, in milliseconds since the epoch."""
        ...

    def elapsed_seconds(self) -> float:
        """Seconds since some moment, by a clock that nobody sets: for how long something takes."""
        ...


class SystemClock:
    """The machine's clock, never running backwards within the process."""

    def __init__(self) -> None:
        self._latest_ms = 0

    def now_ms(self) -> int:
        now = time.time_ns() // 1_000_000
        self._latest_ms = max(now, self._latest_ms)
        return self._latest_ms

    def elapsed_seconds(self) -> float:
        return time.monotonic()


class ManualClock:
    """A clock that stands still until it is told to go on, for tests and simulations."""

    def __init__(self, now_ms: int = 1_700_000_000_000) -> None:
        self._now_ms = now_ms

    def now_ms(self) -> int:
        return self._now_ms

    def elapsed_seconds(self) -> float:
        """What is done takes its real time, whatever time it is."""
        return time.monotonic()

    def advance(self, milliseconds: int) -> None:
        """Go on by ``milliseconds``; time never goes back (``ValueError``)."""
        if milliseconds < 0:
            raise ValueError("time does not go back")
        self._now_ms += milliseconds
