"""A look at a queue that changes nothing."""

from __future__ import annotations

from typing import Any

import msgpack

from segue.services.sqs.records import depth, queue_of
from segue.store import Transaction

_NAMES = ("messageId", "body", "attributes", "sentAt", "visibleAt", "receiveCount", "groupId", "trace", "source")


def peek(tx: Transaction, queue_arn: str, limit: int = 100) -> dict[str, Any]:
    """A queue's ``messages``, those that can be received first, and when its oldest was sent (``oldestSentAt``).

    Nothing is received by it. Times are in milliseconds; ``source`` is the queue whose dead letter a message is.
    """
    queue = queue_of(tx, queue_arn)
    if queue is None:
        return {"messages": [], "oldestSentAt": None}
    rows = tx.all(
        "SELECT message_id, body, attributes, sent_at, visible_at, receive_count, group_id, trace, dead_letter_source"
        " FROM sqs_messages WHERE queue = ? AND sent_at > ? ORDER BY visible_at, id LIMIT ?",
        queue_arn,
        tx.now_ms - queue.retention_ms,
        limit,
    )
    seen = [dict(zip(_NAMES, row, strict=True)) for row in rows]
    for message in seen:
        packed = message["attributes"]
        message["attributes"] = msgpack.unpackb(packed) if packed else {}
        message["visible"] = message["visibleAt"] <= tx.now_ms
    return {"messages": seen, "oldestSentAt": depth(tx, queue).oldest_sent_at_ms}
