"""What is watched: a subject makes keys, does to them what clients do, and says which histories cannot be."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Hashable, Iterator
from typing import Any

from tests.histories.history import History
from tests.histories.linearizable import Model, stuck

Make = Callable[[str], Any]
"""A client of some node, by the service's name."""

ROLE = "arn:aws:iam::000000000000:role/histories"
_OPEN_KEYS = 3
_STEPS_OF_A_KEY = 25


class Subject:
    """A kind of thing with keys. Few keys at a time get the operations of all clients, so that these meet."""

    name = ""
    model: Model
    start: Hashable = None

    def __init__(self) -> None:
        self.history = History()
        self._lock = threading.Lock()
        self._open: dict[str, int] = {}
        self._made = 0

    def deploy(self, make: Make) -> None:
        """Make what must be there before all keys."""

    def prepare(self, make: Make, key: str) -> None:
        """Make what must be there for a key."""

    def act(self, make: Make, key: str, chance: random.Random) -> None:
        """Do one thing, as a client would.

        Raises:
            Unanswered: nobody knows whether it has happened.
        """
        raise NotImplementedError

    def step(self, make: Make, chance: random.Random) -> None:
        """Act on one of the open keys, or open one."""
        key = self._take(chance)
        if not key:
            with self._lock:
                self._made += 1
                key = f"{self.name}-{self._made}"
            self.prepare(make, key)
            with self._lock:
                self._open[key] = _STEPS_OF_A_KEY
        self.act(make, key, chance)

    def problems(self) -> Iterator[str]:
        """The keys whose histories cannot be, in words."""
        for key, operations in self.history.operations.items():
            if left := stuck(operations, self.model, self.start):
                yield "\n    ".join([f"{key}: no order explains all of", *map(str, left)])

    def _take(self, chance: random.Random) -> str:
        with self._lock:
            if len(self._open) < _OPEN_KEYS:
                return ""
            key = chance.choice(list(self._open))
            self._open[key] -= 1
            if not self._open[key]:
                del self._open[key]
            return key
