"""FIFO queues: which messages may be received without breaking the order of their groups."""

from __future__ import annotations

from itertools import islice, takewhile

from segue.services.sqs import groups
from segue.services.sqs.records import Queue
from segue.store import Transaction

_PAGE = 200
_FIRST = 20
"""So many of a group are looked at. A receive takes the first ten at most and locks the group, so that what is in
flight is among those.
"""


def receivable(tx: Transaction, queue: Queue, count: int, taken: set[int]) -> list[int]:
    """Rows of up to ``count`` messages that may be received now, each group's in order.

    A group is locked while one of its messages is in flight, and a message waits for those before it. As many as
    there are come from the group that has waited longest, then from the next.

    Args:
        taken: rows that this receive has already.
    """
    found = _of_led_groups(tx, queue, count, taken)
    if not found and groups.find_forsaken(tx, queue.arn):
        found = _of_led_groups(tx, queue, count, taken)
    return found


def _of_led_groups(tx: Transaction, queue: Queue, count: int, taken: set[int]) -> list[int]:
    found: list[int] = []
    seen: set[str] = set()
    after = (0, 0)
    while len(found) < count:
        rows = tx.all(
            f"SELECT visible_at, id, group_id FROM sqs_messages WHERE {groups.LEADING}"
            " AND queue = ? AND visible_at <= ? AND (visible_at, id) > (?, ?) ORDER BY visible_at, id LIMIT ?",
            queue.arn,
            tx.now_ms,
            *after,
            _PAGE,
        )
        for _, _, group in rows:
            if group not in seen and len(found) < count:
                seen.add(group)
                found += _head(tx, queue, group, count - len(found), taken)
        if len(rows) < _PAGE:
            break
        after = rows[-1][0], rows[-1][1]
    return found


def _head(tx: Transaction, queue: Queue, group: str, count: int, taken: set[int]) -> list[int]:
    """The first messages of a group, none if it is locked by another receive."""
    rows = tx.all(
        "SELECT id, visible_at, receive_count FROM sqs_messages"
        " WHERE sequence IS NOT NULL AND queue = ? AND group_id = ? ORDER BY id LIMIT ?",
        queue.arn,
        group,
        _FIRST + len(taken),
    )
    waiting = [(row_id, visible_at, receives) for row_id, visible_at, receives in rows if row_id not in taken]
    if any(visible_at > tx.now_ms and receives for _, visible_at, receives in waiting):
        return []
    head = takewhile(lambda row: row[1] <= tx.now_ms, waiting)
    return [row_id for row_id, _, _ in islice(head, count)]
