"""What a node says of itself: some numbers as they are, others by how fast they grow."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from segue.clock import Clock

_SAMPLES = 6
_SAMPLE_SECONDS = 2.0


class Load:
    """Numbers of this process, for other nodes and for people.

    Args:
        clock: measures how long it is since a counter was looked at.
        shown: by name, what is told as it is.
        counted: by name, what only grows; told is by how much a second, in the last ten.
    """

    def __init__(
        self, clock: Clock, shown: Mapping[str, Callable[[], Any]], counted: Mapping[str, Callable[[], int]]
    ) -> None:
        self._clock = clock
        self._shown = shown
        self._counted = counted
        self._samples: deque[tuple[float, dict[str, int]]] = deque(maxlen=_SAMPLES)

    def sample(self) -> None:
        """Remember where the counters stand."""
        self._samples.append((self._clock.elapsed_seconds(), self._read()))

    async def sample_forever(self) -> None:
        """:meth:`sample`, every two seconds."""
        while True:
            self.sample()
            await asyncio.sleep(_SAMPLE_SECONDS)

    def __call__(self) -> dict[str, Any]:
        """All of it, now."""
        shown = {name: ask() for name, ask in self._shown.items()}
        if self._samples:
            then, before = self._samples[0]
            seconds = max(self._clock.elapsed_seconds() - then, 0.001)
            shown |= {name: round((now - before[name]) / seconds, 1) for name, now in self._read().items()}
        return shown

    def _read(self) -> dict[str, int]:
        return {name: ask() for name, ask in self._counted.items()}
