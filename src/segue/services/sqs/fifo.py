"""FIFO queues: which messages may be received without breaking the order of their groups."""

from __future__ import annotations

from segue.services.sqs.records import Queue
from segue.store import Transaction

_PAGE = 200


def receivable(tx: Transaction, queue: Queue, count: int, taken: set[int]) -> list[int]:
    """Rows of up to ``count`` messages that may be received now, each group's in order.

    A group is locked while one of its messages is in flight, and a message waits for those before it. As many as
    there are come from the group that has waited longest, then from the next.

    Args:
        taken: rows that this receive has already.
    """
    found: list[int] = []
    seen: set[str] = set()
    after = (0, 0)
    while len(found) < count:
        rows = tx.all(
            "SELECT visible_at, id, group_id FROM sqs_messages"
            " WHERE queue = ? AND visible_at <= ? AND (visible_at, id) > (?, ?) ORDER BY visible_at, id LIMIT ?",
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
    # "+ 0" keeps the planner off the index by visibility, which would walk all that is in flight in the queue.
    locked = tx.all(
        "SELECT id FROM sqs_messages WHERE sequence IS NOT NULL AND queue = ? AND group_id = ?"
        " AND visible_at + 0 > ? AND receive_count > 0 LIMIT ?",
        queue.arn,
        group,
        tx.now_ms,
        len(taken) + 1,
    )
    if any(row[0] not in taken for row in locked):
        return []
    rows = tx.all(
        "SELECT id, visible_at FROM sqs_messages WHERE sequence IS NOT NULL AND queue = ? AND group_id = ?"
        " ORDER BY id LIMIT ?",
        queue.arn,
        group,
        count + len(taken),
    )
    head: list[int] = []
    for row_id, visible_at_ms in rows:
        if row_id in taken:
            continue
        if visible_at_ms > tx.now_ms or len(head) == count:
            break
        head.append(row_id)
    return head
