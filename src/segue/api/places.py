"""What may be done only so many times at once, by all nodes together: each time holds a place, a row.

Whoever gives a place back deletes its row; those of a node that has gone are deleted by the others.
"""

from __future__ import annotations

from segue.store import Transaction

MIGRATIONS = (
    """
    CREATE TABLE places (
        id TEXT PRIMARY KEY,
        what TEXT NOT NULL,
        node TEXT NOT NULL
    );
    CREATE INDEX places_what ON places (what);
    CREATE INDEX places_node ON places (node);
    """,
)


def take(tx: Transaction, what: str, most: int, *, place: str, node: str) -> bool:
    """Take one of ``most`` places; whether there was one left.

    Args:
        what: which thing is done.
        place: names the place that is taken.
        node: on which it is done.
    """
    row = tx.one("SELECT COUNT(*) FROM places WHERE what = ?", what)
    if row is not None and row[0] >= most:
        return False
    tx.run("INSERT INTO places (id, what, node) VALUES (?, ?, ?)", place, what, node)
    return True


def give_back(tx: Transaction, place: str) -> None:
    """It is done. A place that was not taken, or was lost, is none."""
    tx.run("DELETE FROM places WHERE id = ?", place)


def lose_of(tx: Transaction, node: str) -> None:
    """A node is no more: what it did has ended."""
    tx.run("DELETE FROM places WHERE node = ?", node)


def lose_all(tx: Transaction) -> None:
    """Whatever nodes there were are no more."""
    tx.run("DELETE FROM places")
