"""What an engine must be able to do for its rows to be moved."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from segue.store.migrations import Migrations
from segue.store.portable.schema import Table
from segue.store.transaction import Row, Transaction


class NotEmpty(Exception):
    """There is data already where rows are to be put."""


class RowRefused(Exception):
    """The engine cannot keep a value."""


class Source(Protocol):
    """Rows as they are at one moment; whoever writes meanwhile is not held up."""

    transaction: Transaction
    """What is committed at that moment, to be read only."""

    def versions(self) -> dict[str, int]:
        """How many scripts each component has run, without the engine's own."""
        ...

    def ids_mark(self) -> int:
        """What no id that was made is greater than."""
        ...

    def rows(self, table: Table) -> Iterator[Row]:
        """All rows of a table, one after the other."""
        ...


class Target(Protocol):
    """A store that is being made, in one piece."""

    transaction: Transaction
    """What has been put there until now."""

    def migrate(self, migrations: Migrations) -> None:
        """Run the scripts that were not run yet."""
        ...

    def insert(self, table: Table, rows: Sequence[Sequence[Any]]) -> None:
        """Put rows there.

        Raises:
            RowRefused: with words.
        """
        ...

    def resume_ids(self, mark: int) -> None:
        """Have ids begin behind the mark."""
        ...


Opened = AbstractContextManager[Source]
"""A source; it is let go at the end of the block."""

Made = AbstractContextManager[Target]
"""A target: it is there after the block, whole, or if the block raises as empty as it was before."""
