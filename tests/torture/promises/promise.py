"""What a kind of load is."""

from __future__ import annotations

import random
from collections.abc import Iterator

from tests.torture.clients import Clients
from tests.torture.ledger import Ledger


class Promise:
    """A kind of load: what clients ask for, what they were promised, and whether the promises were kept.

    A step may end in any exception, since the server dies at any moment: what was not answered was not promised, but
    may have happened. ``tried`` and ``promised`` of the ledger hold the difference.
    """

    kind = ""
    weight = 1.0

    def __init__(self) -> None:
        self.ledger = Ledger(self.kind)

    def deploy(self, clients: Clients) -> None:
        """Make what it needs, before anything is killed."""

    def step(self, clients: Clients, chance: random.Random) -> None:
        """One request, or a few."""
        raise NotImplementedError

    def problems(self, clients: Clients) -> Iterator[str]:
        """What is wrong once nothing is killed any more, in words; asked again until all has come."""
        raise NotImplementedError
