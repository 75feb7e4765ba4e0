"""What a unit of work sees of the store.

One SQL text serves SQLite and PostgreSQL: ``?`` placeholders, ``BIGINT``/``TEXT``/``BYTEA``/``DOUBLE PRECISION``
columns, ``INSERT … ON CONFLICT``, ``UPDATE … RETURNING``; nothing that only one of them knows.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeVar

from segue.ids import Ids
from segue.store.tallies import Series

T = TypeVar("T")
Row = tuple[Any, ...]


class Transaction(Protocol):
    """One unit's view of the store. It may be run again, so a unit has no effect but its rows."""

    now_ms: int
    """The unit's present: read once, so that all its rows agree."""
    skip_locked: str
    """Ends a ``SELECT`` that passes over rows which others are just working on, and keeps its own from them."""
    seq: int
    """Numbers the units in the order of their commits; tells a parked waiter which wakes it may have missed."""

    @property
    def ids(self) -> Ids:
        """Where the unit's identifiers and chance come from."""
        ...

    def one(self, sql: str, *args: Any) -> Row | None:
        """The first row of a query (or of ``… RETURNING``), or ``None``."""
        ...

    def all(self, sql: str, *args: Any) -> list[Row]:
        """All rows of a query (or of ``… RETURNING``)."""
        ...

    def run(self, sql: str, *args: Any) -> int:
        """Run a statement; the number of rows it changed."""
        ...

    def wake(self, key: str) -> None:
        """After the commit, wake whoever is parked on ``key`` (see ``segue.jobs`` for durable waiters)."""
        ...

    def saw(self, key: str) -> None:
        """The unit has seen what units before it have woken others by ``key`` for; who parks after it is not woken for
        that any more, though they be committed together."""
        ...

    def tally(self, series: Series, value: float) -> None:
        """After the commit, count ``value`` in a series of measurements (see :mod:`segue.store.tallies`)."""
        ...

    def savepoint(self) -> AbstractContextManager[None]:
        """What is written inside is undone if the block raises; the exception goes on."""
        ...


Unit = Callable[[Transaction], T]
