"""The groups of FIFO queues: one message of each is marked as the one that leads it, the first as a rule.

So a receive finds a group without walking past what waits behind the first messages of others: a receive costs the
same whatever has piled up, and however many groups are locked.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from segue.store import Transaction

_OF_GROUP: Final = "sequence IS NOT NULL AND queue = ? AND group_id = ?"
LEADS: Final = f"CASE WHEN EXISTS (SELECT 1 FROM sqs_messages WHERE {_OF_GROUP}) THEN NULL ELSE 1 END"
"""SQL: the mark of a message that comes to a group, for the parameters queue and group."""


def delete(tx: Transaction, which: str, *params: Any) -> int:
    """Delete the messages of which the SQL condition ``which`` is true; how many. Their groups go on."""
    rows = tx.all(f"DELETE FROM sqs_messages WHERE {which} RETURNING queue, group_id, leads", *params)
    close_up(tx, ((queue, group) for queue, group, leads in rows if leads))
    return len(rows)


def close_up(tx: Transaction, left: Iterable[tuple[str, str]]) -> None:
    """The leading messages of these groups (queue and group) have left: the next ones lead."""
    for queue, group in left:
        tx.run(
            "UPDATE sqs_messages SET leads = 1 WHERE id ="
            f" (SELECT id FROM sqs_messages WHERE {_OF_GROUP} ORDER BY id LIMIT 1)",
            queue,
            group,
        )
