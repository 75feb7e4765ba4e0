"""Parsed statements."""

from __future__ import annotations

from dataclasses import dataclass

from segue.languages.expressions import Item
from segue.languages.expressions.nodes import Action, Condition, Path


@dataclass(frozen=True)
class Select:
    """``SELECT paths FROM table.index WHERE condition ORDER BY …``; ``paths`` is ``None`` for ``*``.

    ``order`` has attribute names and whether they descend.
    """

    table: str
    index: str | None
    paths: tuple[Path, ...] | None
    condition: Condition | None
    order: tuple[tuple[str, bool], ...] = ()


@dataclass(frozen=True)
class Insert:
    """``INSERT INTO table VALUE item``."""

    table: str
    item: Item


@dataclass(frozen=True)
class Update:
    """``UPDATE table SET … REMOVE … WHERE condition RETURNING …``; ``returning`` as in ``ReturnValues``."""

    table: str
    actions: tuple[Action, ...]
    condition: Condition
    returning: str | None = None


@dataclass(frozen=True)
class Delete:
    """``DELETE FROM table WHERE condition RETURNING …``."""

    table: str
    condition: Condition
    returning: str | None = None


@dataclass(frozen=True)
class Exists:
    """``EXISTS(SELECT …)``: in a transaction, that there is such an item."""

    select: Select


Statement = Select | Insert | Update | Delete | Exists
