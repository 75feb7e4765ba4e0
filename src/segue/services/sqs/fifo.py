"""FIFO queues: which messages may be received without breaking the order of their groups."""

from __future__ import annotations

from segue.services.sqs.records import Queue
from segue.store import Transaction

_CANDIDATES = 20


def receivable(tx: Transaction, queue: Queue, count: int, taken: set[int]) -> list[int]:
    """Rows of up to ``count`` messages that may be received now, each group's in order.

    A group is locked while one of its messages is in flight, and a message waits for those before it. As many as
    there are come from the group that has waited longest, then from the next.

    Args:
        taken: rows that this receive has already.
    """
    found: list[int] = []
    passed: list[str] = []
    while len(found) < count:
        marks = ", ".join("?" * len(passed))
        rows = tx.all(
            "SELECT group_id FROM sqs_messages WHERE queue = ? AND visible_at <= ?"
            + (f" AND group_id NOT IN ({marks})" if passed else "")
            + " ORDER BY visible_at, id LIMIT ?",
            queue.arn,
            tx.now_ms,
            *passed,
            _CANDIDATES,
        )
        if not rows:
            break
        for group in dict.fromkeys(row[0] for row in rows):
            passed.append(group)
            found += _head(tx, queue, group, count - len(found), taken)
            if len(found) >= count:
                break
    return found


def _head(tx: Transaction, queue: Queue, group: str, count: int, taken: set[int]) -> list[int]:
    """The first messages of a group, none if it is locked by another receive."""
    locked = tx.all(
        "SELECT id FROM sqs_messages WHERE sequence IS NOT NULL AND queue = ? AND group_id = ?"
        " AND visible_at > ? AND receive_count > 0 LIMIT 20",
        queue.arn,
        group,
        tx.now_ms,
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
