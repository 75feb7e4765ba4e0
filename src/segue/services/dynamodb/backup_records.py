"""The rows of backups. Their items lie where tables' do, under the backup's id."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

from segue.store import Row, Transaction

_COLUMNS = "arn, id, table_arn, name, created_at, status, document"


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup; ``document`` is the table's description when it was made, with its ``ItemCount`` and ``SizeBytes``."""

    arn: str
    id: int
    table_arn: str
    name: str
    created_at_ms: int
    status: str
    document: dict[str, Any]

    def available(self) -> Backup:
        """The backup when all its items are there."""
        return replace(self, status="AVAILABLE")


def save_backup(tx: Transaction, backup: Backup) -> None:
    """Write a backup down, new or changed."""
    tx.run(
        f"INSERT INTO dynamodb_backups ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (arn) DO UPDATE SET status = excluded.status",
        backup.arn,
        backup.id,
        backup.table_arn,
        backup.name,
        backup.created_at_ms,
        backup.status,
        json.dumps(backup.document),
    )


def find_backup(tx: Transaction, arn: str) -> Backup | None:
    """The backup of that ARN."""
    row = tx.one(f"SELECT {_COLUMNS} FROM dynamodb_backups WHERE arn = ?", arn)
    return None if row is None else _backup(row)


def is_being_made(tx: Transaction, table_arn: str) -> bool:
    """Whether a backup of the table is under way."""
    sql = "SELECT 1 FROM dynamodb_backups WHERE table_arn = ? AND status = 'CREATING' LIMIT 1"
    return tx.one(sql, table_arn) is not None


def delete_backup_row(tx: Transaction, arn: str) -> None:
    """The backup is gone; its items are purged apart."""
    tx.run("DELETE FROM dynamodb_backups WHERE arn = ?", arn)


def backups_of(tx: Transaction, prefix: str, after: str, span_ms: tuple[int, int | None], limit: int) -> list[Backup]:
    """The backups whose ARNs begin so, made within a span of time, by ARN."""
    rows = tx.all(
        f"SELECT {_COLUMNS} FROM dynamodb_backups"
        " WHERE arn >= ? AND arn < ? AND arn > ? AND created_at >= ? AND created_at <= ? ORDER BY arn LIMIT ?",
        prefix,
        prefix[:-1] + chr(ord(prefix[-1]) + 1),
        after,
        span_ms[0],
        (1 << 62) if span_ms[1] is None else span_ms[1],
        limit,
    )
    return [_backup(row) for row in rows]


def _backup(row: Row) -> Backup:
    return Backup(row[0], row[1], row[2], row[3], row[4], row[5], json.loads(row[6]))
