"""The tables: queues, messages, what FIFO queues remember, message move tasks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from segue.api.deduplication import forget_messages
from segue.services.sqs import groups
from segue.store import Row, Transaction

MIGRATIONS = (
    """
    CREATE TABLE sqs_queues (
        arn TEXT PRIMARY KEY,
        region TEXT NOT NULL,
        account TEXT NOT NULL,
        name TEXT NOT NULL,
        attributes TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        modified_at BIGINT NOT NULL,
        purged_at BIGINT NOT NULL DEFAULT 0,
        dead_letter_arn TEXT
    );
    CREATE INDEX sqs_queues_dead_letter ON sqs_queues (dead_letter_arn) WHERE dead_letter_arn IS NOT NULL;
    CREATE TABLE sqs_messages (
        id BIGINT PRIMARY KEY,
        queue TEXT NOT NULL,
        message_id TEXT NOT NULL,
        body TEXT NOT NULL,
        body_md5 TEXT NOT NULL,
        attributes BYTEA,
        sender TEXT NOT NULL,
        sent_at BIGINT NOT NULL,
        visible_at BIGINT NOT NULL,
        receive_count BIGINT NOT NULL DEFAULT 0,
        first_received_at BIGINT,
        receipt BIGINT NOT NULL DEFAULT 0,
        group_id TEXT,
        deduplication_id TEXT,
        sequence BIGINT,
        trace TEXT NOT NULL,
        trace_header TEXT,
        dead_letter_source TEXT
    );
    CREATE INDEX sqs_messages_visible ON sqs_messages (queue, visible_at, id);
    CREATE INDEX sqs_messages_group ON sqs_messages (queue, group_id, id) WHERE sequence IS NOT NULL;
    CREATE TABLE sqs_receive_attempts (
        queue TEXT NOT NULL,
        attempt_id TEXT NOT NULL,
        receipt BIGINT NOT NULL,
        message_ids TEXT NOT NULL,
        expires_at BIGINT NOT NULL,
        PRIMARY KEY (queue, attempt_id)
    );
    CREATE TABLE sqs_move_tasks (
        task_id TEXT PRIMARY KEY,
        source TEXT NOT NULL,
        destination TEXT,
        per_second BIGINT,
        status TEXT NOT NULL,
        moved BIGINT NOT NULL,
        to_move BIGINT NOT NULL,
        started_at BIGINT NOT NULL,
        failure TEXT
    );
    CREATE INDEX sqs_move_tasks_source ON sqs_move_tasks (source, started_at);
    """,
    """
    ALTER TABLE sqs_messages ADD COLUMN received_at BIGINT;
    CREATE INDEX sqs_messages_tenant ON sqs_messages (queue, group_id, visible_at, id)
        WHERE sequence IS NULL AND group_id IS NOT NULL;
    CREATE TABLE sqs_deleted_queues (
        arn TEXT PRIMARY KEY,
        deleted_at BIGINT NOT NULL
    );
    """,
    "CREATE INDEX sqs_receive_attempts_expiry ON sqs_receive_attempts (expires_at);",
    """
    ALTER TABLE sqs_messages ADD COLUMN behind BIGINT;
    CREATE INDEX sqs_messages_leading ON sqs_messages (queue, visible_at, id)
        WHERE sequence IS NOT NULL AND behind IS NULL;
    """,
    "CREATE INDEX sqs_receive_attempts_queue ON sqs_receive_attempts (queue, expires_at);",
)

PARTITION_KEYS = {"sqs_messages": "queue"}


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue as its row says, with what the hot paths need worked out once.

    ``attributes`` holds what was set or has a default, as text; the figures are those attributes in their units.
    """

    arn: str
    region: str
    account: str
    name: str
    attributes: Mapping[str, str]
    created_at_ms: int
    modified_at_ms: int
    purged_at_ms: int
    fifo: bool
    visibility_timeout_seconds: int
    delay_seconds: int
    retention_ms: int
    maximum_message_bytes: int
    wait_seconds: int
    content_based_deduplication: bool
    deduplicates_by_group: bool
    dead_letter_arn: str | None
    max_receive_count: int

    @property
    def wake_key(self) -> str:
        """Woken when a message may have become receivable, or will be earlier than before."""
        return f"sqs:{self.arn}"


_COLUMNS = "arn, region, account, name, attributes, created_at, modified_at, purged_at"


@lru_cache(maxsize=4_096)
def _queue(row: Row) -> Queue:
    # Keyed by the row's content, so that a cached queue is right whatever transaction read the row.
    arn, region, account, name, text, created_at, modified_at, purged_at = row
    attributes: dict[str, str] = json.loads(text)
    redrive: dict[str, Any] = json.loads(attributes["RedrivePolicy"]) if "RedrivePolicy" in attributes else {}
    return Queue(
        arn,
        region,
        account,
        name,
        attributes,
        created_at,
        modified_at,
        purged_at,
        fifo=attributes.get("FifoQueue") == "true",
        visibility_timeout_seconds=int(attributes["VisibilityTimeout"]),
        delay_seconds=int(attributes["DelaySeconds"]),
        retention_ms=int(attributes["MessageRetentionPeriod"]) * 1_000,
        maximum_message_bytes=int(attributes["MaximumMessageSize"]),
        wait_seconds=int(attributes["ReceiveMessageWaitTimeSeconds"]),
        content_based_deduplication=attributes.get("ContentBasedDeduplication") == "true",
        deduplicates_by_group=attributes.get("DeduplicationScope") == "messageGroup",
        dead_letter_arn=redrive.get("deadLetterTargetArn"),
        max_receive_count=int(redrive.get("maxReceiveCount", 0)),
    )


def queue_of(tx: Transaction, arn: str) -> Queue | None:
    """The queue, or ``None``."""
    row = tx.one(f"SELECT {_COLUMNS} FROM sqs_queues WHERE arn = ?", arn)
    return None if row is None else _queue(tuple(row))


def save_queue(tx: Transaction, queue: tuple[str, str, str, str], attributes: Mapping[str, str]) -> None:
    """Make the queue ``(arn, region, account, name)``, or replace its attributes."""
    redrive = attributes.get("RedrivePolicy")
    tx.run(
        "INSERT INTO sqs_queues (arn, region, account, name, attributes, created_at, modified_at, dead_letter_arn)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (arn) DO UPDATE SET attributes = excluded.attributes,"
        " modified_at = excluded.modified_at, dead_letter_arn = excluded.dead_letter_arn",
        *queue,
        json.dumps(attributes, ensure_ascii=False, separators=(",", ":")),
        tx.now_ms,
        tx.now_ms,
        json.loads(redrive).get("deadLetterTargetArn") if redrive else None,
    )


def queues_after(tx: Transaction, prefix: str, after_arn: str, limit: int) -> list[Queue]:
    """Queues whose ARN starts with ``prefix``, in order, after ``after_arn``."""
    rows = tx.all(
        f"SELECT {_COLUMNS} FROM sqs_queues WHERE arn >= ? AND arn < ? AND arn > ? ORDER BY arn LIMIT ?",
        prefix,
        prefix + "\U0010ffff",
        after_arn,
        limit,
    )
    return [_queue(tuple(row)) for row in rows]


def sources_of(tx: Transaction, dead_letter_arn: str, after_arn: str, limit: int) -> list[Queue]:
    """The queues that name ``dead_letter_arn`` as their dead-letter queue."""
    rows = tx.all(
        f"SELECT {_COLUMNS} FROM sqs_queues WHERE dead_letter_arn = ? AND arn > ? ORDER BY arn LIMIT ?",
        dead_letter_arn,
        after_arn,
        limit,
    )
    return [_queue(tuple(row)) for row in rows]


def delete_queue(tx: Transaction, arn: str) -> None:
    """The queue and what it remembers are gone; its messages are :func:`delete_messages`' to delete."""
    tx.run("DELETE FROM sqs_queues WHERE arn = ?", arn)
    forget_messages(tx, arn)
    tx.run("DELETE FROM sqs_receive_attempts WHERE queue = ?", arn)
    tx.run("DELETE FROM sqs_move_tasks WHERE source = ?", arn)


def remember_deleted(tx: Transaction, arn: str, for_ms: int) -> None:
    """That a queue was deleted now; what was deleted more than ``for_ms`` ago is forgotten."""
    tx.run("DELETE FROM sqs_deleted_queues WHERE deleted_at <= ?", tx.now_ms - for_ms)
    tx.run(
        "INSERT INTO sqs_deleted_queues VALUES (?, ?) ON CONFLICT (arn) DO UPDATE SET deleted_at = excluded.deleted_at",
        arn,
        tx.now_ms,
    )


def is_deleted_since(tx: Transaction, arn: str, since_ms: int) -> bool:
    """Whether a queue of that name was deleted after ``since_ms``."""
    return tx.one("SELECT 1 FROM sqs_deleted_queues WHERE arn = ? AND deleted_at > ?", arn, since_ms) is not None


def delete_messages(tx: Transaction, arn: str, last_id: int, limit: int) -> bool:
    """Delete up to ``limit`` messages of a queue, none younger than ``last_id``; whether that was all."""
    deleted = groups.delete(
        tx,
        "id IN (SELECT id FROM sqs_messages WHERE queue = ? AND id <= ? ORDER BY visible_at, id LIMIT ?)",
        arn,
        last_id,
        limit,
    )
    return deleted < limit


def policy_of(tx: Transaction, arn: str) -> str | None:
    """The queue's policy document, for authorization."""
    queue = queue_of(tx, arn)
    return queue.attributes.get("Policy") if queue else None


@dataclass(frozen=True, slots=True)
class Depth:
    """How many messages wait, are in flight and delayed, and when the oldest of them all was sent (if there is one)."""

    visible: int
    in_flight: int
    delayed: int
    oldest_sent_at_ms: int | None

    @property
    def total(self) -> int:
        """All that is in the queue."""
        return self.visible + self.in_flight + self.delayed


def depth(tx: Transaction, queue: Queue) -> Depth:
    """Count what is in the queue; what is past its retention does not count.

    A message's row is numbered when it is sent or moved, by the time, so that its age is in the index that is counted.
    """
    now = tx.now_ms
    oldest = (now - queue.retention_ms + 1) << 22
    waiting = tx.one(
        "SELECT COUNT(*), MIN(id) FROM sqs_messages WHERE queue = ? AND visible_at <= ? AND id >= ?",
        queue.arn,
        now,
        oldest,
    )
    hidden = tx.one(
        "SELECT COUNT(*), MIN(id), COUNT(CASE WHEN receive_count > 0 THEN 1 END) FROM sqs_messages"
        " WHERE queue = ? AND visible_at > ? AND id >= ?",
        queue.arn,
        now,
        oldest,
    )
    assert waiting is not None
    assert hidden is not None
    first = min((row_id for row_id in (waiting[1], hidden[1]) if row_id is not None), default=None)
    sent = None if first is None else tx.one("SELECT sent_at FROM sqs_messages WHERE id = ?", first)
    return Depth(waiting[0], hidden[2], hidden[0] - hidden[2], sent[0] if sent else None)


def drop_move_tasks(tx: Transaction, arn: str, kept: int) -> None:
    """Forget the message move tasks of a queue but the latest."""
    latest = "SELECT task_id FROM sqs_move_tasks WHERE source = ? ORDER BY started_at DESC LIMIT ?"
    sql = f"DELETE FROM sqs_move_tasks WHERE source = ? AND status <> 'RUNNING' AND task_id NOT IN ({latest})"
    tx.run(sql, arn, arn, kept)


def drop_receive_attempts(tx: Transaction, limit: int) -> int:
    """Forget some of the receive attempts that cannot be repeated any more; how many."""
    expired = "SELECT queue, attempt_id FROM sqs_receive_attempts WHERE expires_at <= ? LIMIT ?"
    return tx.run(f"DELETE FROM sqs_receive_attempts WHERE (queue, attempt_id) IN ({expired})", tx.now_ms, limit)


def drop_expired(tx: Transaction, queue: Queue, limit: int = 500) -> int:
    """Remove visible messages past their retention (a message is never visible before it was sent); how many."""
    return groups.delete(
        tx,
        "id IN (SELECT id FROM sqs_messages WHERE queue = ? AND visible_at <= ? AND sent_at <= ? LIMIT ?)",
        queue.arn,
        tx.now_ms - queue.retention_ms,
        tx.now_ms - queue.retention_ms,
        limit,
    )
