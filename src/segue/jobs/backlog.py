"""What waits in the queue of jobs, counted for people who look: at most so many rows of each sort."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from segue.jobs.queue import LEASE_MS, NODES, next_due_ms
from segue.store import Transaction

MOST = 20_000
"""No more are counted of each sort: who looks holds up nobody."""

# What is true of a job, at how many milliseconds from now.
_SORTS = {
    "due": ("visible_at <= ?", (0,)),
    "leased": ("visible_at > ? AND visible_at <= ? AND receipt <> 0", (0, LEASE_MS)),
    "parked": ("visible_at > ? AND wait_key IS NOT NULL", (0,)),
    "later": ("visible_at > ? AND wait_key IS NULL AND receipt = 0", (0,)),
}


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many jobs there are.

    Attributes:
        kinds: by sort, then by kind, those of which there are most first. The sorts: ``due`` and not begun, ``leased``
            by a node, ``parked`` until they are woken, for ``later``. Where :data:`MOST` of a sort are counted, there
            are more.
        leased: by node (its number).
        oldest_due_ms: for how long the first of those that are due has been so.
    """

    kinds: Mapping[str, Mapping[str, int]]
    leased: Mapping[int, int]
    oldest_due_ms: int


def backlog(tx: Transaction) -> Backlog:
    """Count the jobs. A unit that reads."""
    first_ms = next_due_ms(tx)
    return Backlog(
        {sort: _count(tx, "kind", sort) for sort in _SORTS},
        _count(tx, f"receipt & {NODES}", "leased"),
        0 if first_ms is None else max(0, tx.now_ms - first_ms),
    )


def _count(tx: Transaction, by: str, sort: str) -> dict[Any, int]:
    condition, after_ms = _SORTS[sort]
    rows = tx.all(
        f"SELECT what, COUNT(*) FROM (SELECT {by} AS what FROM jobs WHERE {condition} LIMIT {MOST}) AS counted"
        " GROUP BY what ORDER BY COUNT(*) DESC, what",
        *(tx.now_ms + ms for ms in after_ms),
    )
    return dict(rows)
