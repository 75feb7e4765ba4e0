"""What may be done only so many times at once, by all nodes together.

Either each time holds a place, a row, which whoever gives the place back deletes (:func:`take`). Or, for what is done
too often for that, each node holds a share of the places, a row of its own (:func:`share`). Rows of a node that has
gone are deleted by the others.
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
    """
    CREATE TABLE place_shares (
        what TEXT NOT NULL,
        node TEXT NOT NULL,
        held BIGINT NOT NULL,
        PRIMARY KEY (what, node)
    );
    """,
)

_SPARE = 4
"""Of what is left each node takes one of so many parts beside what it needs, so that it need not ask soon again."""


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


def share(tx: Transaction, what: str, most: int, wanted: int, *, node: str) -> int:
    """Have a node hold as many of ``most`` places as it wants, in place of those that it held; how many they are.

    Fewer than it wants are all that the others have left. They are some more where it wants more than it held, and many
    are left.
    """
    own = tx.one("SELECT held FROM place_shares WHERE what = ? AND node = ?", what, node)
    held = wanted
    if own is None or wanted > own[0]:  # else it is nobody else's concern
        row = tx.one(
            "SELECT COALESCE(SUM(held), 0), COUNT(*) FROM place_shares WHERE what = ? AND node <> ?", what, node
        )
        assert row is not None
        left = most - int(row[0]) - wanted
        held = wanted + left // (_SPARE * (row[1] + 1)) if left > 0 else max(wanted + left, 0)
    if own is None or held != own[0]:
        tx.run(
            "INSERT INTO place_shares (what, node, held) VALUES (?, ?, ?)"
            " ON CONFLICT (what, node) DO UPDATE SET held = excluded.held",
            what,
            node,
            held,
        )
    return held


def lose_of(tx: Transaction, node: str) -> None:
    """A node is no more: what it did has ended."""
    tx.run("DELETE FROM places WHERE node = ?", node)
    tx.run("DELETE FROM place_shares WHERE node = ?", node)


def lose_all(tx: Transaction) -> None:
    """Whatever nodes there were are no more."""
    tx.run("DELETE FROM places")
    tx.run("DELETE FROM place_shares")
