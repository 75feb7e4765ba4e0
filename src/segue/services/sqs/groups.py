"""The groups of FIFO queues: what comes to a group that has messages already is marked as behind them.

So a receive looks at the messages that lead their groups only: it costs the same whatever has piled up behind them, and
however many groups are locked.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from segue.store import Transaction

LEADING: Final = "sequence IS NOT NULL AND behind IS NULL"
"""SQL: what a group's first message is, at the least."""
_OF_GROUP: Final = "sequence IS NOT NULL AND queue = ? AND group_id = ?"
BEHIND: Final = f"CASE WHEN EXISTS (SELECT 1 FROM sqs_messages WHERE {_OF_GROUP}) THEN 1 END"
"""SQL: the mark of a message that comes to a group, for the parameters queue and group."""


def delete(tx: Transaction, which: str, *params: Any) -> int:
    """Delete the messages of which the SQL condition ``which`` is true; how many. Their groups go on."""
    rows = tx.all(f"DELETE FROM sqs_messages WHERE {which} RETURNING queue, group_id, {LEADING}", *params)
    close_up(tx, ((queue, group) for queue, group, led in rows if led))
    return len(rows)


def close_up(tx: Transaction, left: Iterable[tuple[str, str]]) -> None:
    """Messages that led these groups (queue and group) have left: the next ones lead."""
    for queue, group in left:
        tx.run(
            "UPDATE sqs_messages SET behind = NULL WHERE behind = 1 AND id ="
            f" (SELECT id FROM sqs_messages WHERE {_OF_GROUP} ORDER BY id LIMIT 1)",
            queue,
            group,
        )


def find_forsaken(tx: Transaction, queue: str) -> bool:
    """Whether the oldest message of a queue had a group that nobody led; now it is led.

    A node that knows nothing of the mark, as there may be during an upgrade, leaves such groups.
    """
    oldest = tx.one(
        "SELECT group_id FROM sqs_messages WHERE queue = ? AND visible_at <= ? ORDER BY visible_at, id LIMIT 1",
        queue,
        tx.now_ms,
    )
    if oldest is None:
        return False
    led = f"SELECT 1 FROM sqs_messages WHERE {_OF_GROUP} AND behind IS NULL ORDER BY id LIMIT 1"
    if tx.one(led, queue, oldest[0]) is not None:
        return False
    close_up(tx, [(queue, oldest[0])])
    return True
