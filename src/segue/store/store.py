"""What the edges see of a store, whichever engine keeps the rows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from segue.clock import Clock
from segue.ids import Ids
from segue.store.tallies import Tallies
from segue.store.transaction import Transaction, Unit
from segue.store.wakes import Wakes

T = TypeVar("T")


class StoreUnavailable(Exception):
    """The database cannot be reached, or has not answered in time. What was asked for has not happened, unless the
    words say that nobody knows."""


class DatabaseUnusable(Exception):
    """The database cannot be reached, or is not one that can be used."""


class WritesNeeded(Exception):
    """A unit that was run as a reader wants to write: run it as a writer (nothing has happened yet)."""


@dataclass(frozen=True, slots=True)
class NodeSeen:
    """One of the nodes that share the rows, as the others see it.

    Attributes:
        number: its own while it is there; later another's.
        name: which process on which machine.
        is_here: whether it was seen lately, and has not gone.
        told: what it says of itself, with each sign of life.
    """

    number: int
    name: str
    started_at_ms: int
    seen_at_ms: int
    is_here: bool
    told: Mapping[str, Any]


class Store(Protocol):
    """Runs units and answers after their commit. Lives on one event loop."""

    clock: Clock
    ids: Ids
    wakes: Wakes
    tallies: Tallies
    node: str
    """Names this process among those that share the rows, or have had them."""
    reads_at_once: bool
    """Whether :meth:`read` is there: the rows are in this process, nobody waits for them."""
    shared: bool
    """Whether other nodes work on the same rows."""
    private: frozenset[str]
    """Wake keys that concern this node only: others are not told."""
    units: int
    """How many units have been committed."""
    tell: Callable[[], Mapping[str, Any]]
    """What this node says of itself to whoever asks :meth:`nodes`; set by the composition root."""

    def write(self, unit: Unit[T], *, arriving: bool = False) -> asyncio.Future[T]:
        """Run a unit; the future is done when its rows are on disk, or holds what the unit raised.

        ``arriving``: it is somebody's who has just come; all others go on with what is begun (see :mod:`store.line`).
        """
        ...

    @property
    def is_behind(self) -> bool:
        """Whether so much waits to be written that who comes now should come later."""
        ...

    def read(self, unit: Unit[T]) -> T:
        """Run a unit that only reads, at once, on what is committed. Only where ``reads_at_once``.

        Raises:
            WritesNeeded: it wants to write.
        """
        ...

    def look(self, unit: Unit[T]) -> asyncio.Future[T]:
        """Run a unit that most likely only reads, on what is committed; as a writer if it wants to write."""
        ...

    @property
    def is_behind_in_reading(self) -> bool:
        """As :attr:`is_behind`, of :meth:`look`."""
        ...

    @property
    def others(self) -> Sequence[Mapping[str, Any]]:
        """What each of the other nodes has told of itself with its last sign of life, as far as is known."""
        ...

    def nodes(self, tx: Transaction) -> list[NodeSeen]:
        """Who shares the rows, and who did not long ago and was missed."""
        ...

    def facts(self, tx: Transaction) -> Mapping[str, Any]:
        """What an operator wants to know of the database: engine, version, size, connections."""
        ...

    async def close(self) -> None:
        """Finish what was handed in, then let go."""
        ...
