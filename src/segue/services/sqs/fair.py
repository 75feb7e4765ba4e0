"""Fair queues: on a standard queue whose messages name groups, quiet groups are served before noisy ones.

A group is noisy while it has at least thirty messages in flight that are more than a tenth of all in flight. Messages
without a group are quiet. What AWS measures besides, a group's share of the consumers' time, is left out.

Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues-detailed.html
"""

from __future__ import annotations

from collections import Counter

from segue.services.sqs.records import Queue
from segue.store import Transaction

_LEAST_IN_FLIGHT = 30
_SHARE = 10  # one in ten
_SAMPLE = 1_000
"""So many of the messages in flight are looked at, those that come back last."""
_HEAD = 200
"""So far ahead of their turn messages without a group are looked for."""


def receivable(tx: Transaction, queue: Queue, count: int) -> list[int] | None:
    """Rows of up to ``count`` messages to be received now; ``None``: no group is noisy, the oldest are next."""
    grouped = tx.one(
        "SELECT 1 FROM sqs_messages WHERE queue = ? AND sequence IS NULL AND group_id IS NOT NULL LIMIT 1", queue.arn
    )
    if grouped is None:
        return None
    noisy = noisy_groups(_in_flight(tx, queue))
    if not noisy:
        return None
    found = _quiet(tx, queue, sorted(noisy), count)
    for group in noisy:
        if len(found) < count:
            found += _of_group(tx, queue, group, count - len(found))
    return found


def noisy_groups(in_flight: Counter[str | None]) -> list[str]:
    """The groups that have too much in flight, those with least of it first. ``None`` counts what has no group."""
    least = max(_LEAST_IN_FLIGHT, in_flight.total() // _SHARE + 1)
    noisy = [(count, group) for group, count in in_flight.items() if group is not None and count >= least]
    return [group for _, group in sorted(noisy)]


def _in_flight(tx: Transaction, queue: Queue) -> Counter[str | None]:
    rows = tx.all(
        "SELECT group_id, receive_count FROM sqs_messages WHERE queue = ? AND visible_at > ?"
        " ORDER BY visible_at DESC, id DESC LIMIT ?",
        queue.arn,
        tx.now_ms,
        _SAMPLE,
    )
    return Counter(group for group, receives in rows if receives)


def _quiet(tx: Transaction, queue: Queue, noisy: list[str], count: int) -> list[int]:
    """The oldest messages of other groups: the index by groups is read between the noisy ones."""
    rows = [
        row
        for after, before in zip(["", *noisy], [*noisy, "\x7f"], strict=True)
        for row in tx.all(
            "SELECT visible_at, id FROM sqs_messages WHERE queue = ? AND sequence IS NULL"
            " AND group_id > ? AND group_id < ? AND visible_at <= ? ORDER BY group_id, visible_at, id LIMIT ?",
            queue.arn,
            after,
            before,
            tx.now_ms,
            10 * count,
        )
    ]
    rows += tx.all(
        "SELECT visible_at, id FROM (SELECT visible_at, id, group_id FROM sqs_messages"
        " WHERE queue = ? AND visible_at <= ? ORDER BY visible_at, id LIMIT ?) AS head WHERE group_id IS NULL LIMIT ?",
        queue.arn,
        tx.now_ms,
        _HEAD,
        count,
    )
    return [row_id for _, row_id in sorted((row[0], row[1]) for row in rows)[:count]]


def _of_group(tx: Transaction, queue: Queue, group: str, count: int) -> list[int]:
    rows = tx.all(
        "SELECT id FROM sqs_messages WHERE queue = ? AND sequence IS NULL AND group_id = ? AND visible_at <= ?"
        " ORDER BY visible_at, id LIMIT ?",
        queue.arn,
        group,
        tx.now_ms,
        count,
    )
    return [row[0] for row in rows]
