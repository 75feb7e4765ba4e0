"""Deduplication of messages to FIFO resources: one table for all services.

Within five minutes a message of the same deduplication id is taken and not sent again.
Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/using-messagededuplicationid-property.html
"""

from __future__ import annotations

from segue.store import Transaction

MIGRATIONS = (
    """
    CREATE TABLE deduplication (
        arn TEXT NOT NULL,
        scope TEXT NOT NULL,
        deduplication_id TEXT NOT NULL,
        message_id TEXT NOT NULL,
        sequence BIGINT NOT NULL,
        expires_at BIGINT NOT NULL,
        PRIMARY KEY (arn, scope, deduplication_id)
    );
    CREATE INDEX deduplication_expiry ON deduplication (expires_at);
    """,
)

PARTITION_KEYS = {"deduplication": "arn"}

_INTERVAL_MS = 300_000
_FORGOTTEN_AT_ONCE = 20


def remember_message(
    tx: Transaction, arn: str, scope: str, deduplication_id: str, message_id: str, sequence: int
) -> tuple[str, int] | None:
    """The message of the last five minutes with this deduplication id, or ``None``: this one is remembered.

    Args:
        arn: the queue or topic.
        scope: within it, where ids are compared: a message group, or empty for all of it.

    Returns:
        The earlier message's id and sequence number.
    """
    row = tx.one(
        "SELECT message_id, sequence FROM deduplication"
        " WHERE arn = ? AND scope = ? AND deduplication_id = ? AND expires_at > ?",
        arn,
        scope,
        deduplication_id,
        tx.now_ms,
    )
    if row is not None:
        return row[0], row[1]
    prune(tx, _FORGOTTEN_AT_ONCE)
    tx.run(
        "INSERT INTO deduplication VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (arn, scope, deduplication_id) DO UPDATE SET message_id = excluded.message_id,"
        " sequence = excluded.sequence, expires_at = excluded.expires_at",
        arn,
        scope,
        deduplication_id,
        message_id,
        sequence,
        tx.now_ms + _INTERVAL_MS,
    )
    return None


def prune(tx: Transaction, limit: int) -> int:
    """Forget some of what is too old to be compared with; how much."""
    return tx.run(
        "DELETE FROM deduplication WHERE (arn, scope, deduplication_id) IN"
        " (SELECT arn, scope, deduplication_id FROM deduplication WHERE expires_at <= ? LIMIT ?)",
        tx.now_ms,
        limit,
    )


def forget_messages(tx: Transaction, arn: str) -> None:
    """A queue or topic is gone."""
    tx.run("DELETE FROM deduplication WHERE arn = ?", arn)
