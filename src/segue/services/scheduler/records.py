"""Groups and schedules as rows. A scope is ``account/region``."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from segue.store import Row, Transaction

DEFAULT_GROUP = "default"

MIGRATIONS = (
    """
    CREATE TABLE scheduler_groups (
        arn TEXT PRIMARY KEY,
        scope TEXT NOT NULL,
        name TEXT NOT NULL,
        state TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        modified_at BIGINT NOT NULL
    );
    CREATE UNIQUE INDEX scheduler_groups_name ON scheduler_groups (scope, name);
    CREATE TABLE scheduler_schedules (
        arn TEXT PRIMARY KEY,
        scope TEXT NOT NULL,
        group_name TEXT NOT NULL,
        name TEXT NOT NULL,
        state TEXT NOT NULL,
        document TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        modified_at BIGINT NOT NULL
    );
    CREATE UNIQUE INDEX scheduler_schedules_name ON scheduler_schedules (scope, group_name, name);
    CREATE TABLE scheduler_tokens (
        scope TEXT NOT NULL,
        token TEXT NOT NULL,
        request TEXT NOT NULL,
        answer TEXT NOT NULL,
        expires_at BIGINT NOT NULL,
        PRIMARY KEY (scope, token)
    );
    CREATE INDEX scheduler_tokens_expiry ON scheduler_tokens (expires_at);
    """,
)
_GROUP = "SELECT arn, name, state, created_at, modified_at FROM scheduler_groups"
_SCHEDULE = "SELECT arn, group_name, name, state, document, created_at, modified_at FROM scheduler_schedules"


class Group(NamedTuple):
    """A group of schedules. Times in milliseconds."""

    arn: str
    name: str
    state: str
    created_at_ms: int
    modified_at_ms: int


class ScheduleRow(NamedTuple):
    """A schedule: ``document`` has the members of the request that made it what it is."""

    arn: str
    group_name: str
    name: str
    state: str
    document: dict[str, Any]
    created_at_ms: int
    modified_at_ms: int


def find_group(tx: Transaction, arn: str) -> Group | None:
    """The group; the default one is always there."""
    row = tx.one(f"{_GROUP} WHERE arn = ?", arn)
    if row is None and arn.endswith(f"/{DEFAULT_GROUP}"):
        return Group(arn, DEFAULT_GROUP, "ACTIVE", tx.now_ms, tx.now_ms)
    return None if row is None else Group(*row)


def save_group(tx: Transaction, scope: str, group: Group) -> None:
    """Keep a group, new or changed."""
    tx.run(
        "INSERT INTO scheduler_groups VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (arn) DO UPDATE SET state = excluded.state, modified_at = excluded.modified_at",
        group.arn,
        scope,
        group.name,
        group.state,
        group.created_at_ms,
        group.modified_at_ms,
    )


def delete_group(tx: Transaction, arn: str) -> None:
    """Forget a group."""
    tx.run("DELETE FROM scheduler_groups WHERE arn = ?", arn)


def list_groups(tx: Transaction, scope: str, prefix: str, after: str, limit: int) -> list[Group]:
    """Groups by name."""
    rows = tx.all(
        f"{_GROUP} WHERE scope = ? AND substr(name, 1, ?) = ? AND name > ? ORDER BY name LIMIT ?",
        scope,
        len(prefix),
        prefix,
        after,
        limit,
    )
    return [Group(*row) for row in rows]


def find_schedule(tx: Transaction, arn: str) -> ScheduleRow | None:
    """The schedule, if there is one."""
    row = tx.one(f"{_SCHEDULE} WHERE arn = ?", arn)
    return None if row is None else _schedule(row)


def save_schedule(tx: Transaction, scope: str, schedule: ScheduleRow) -> None:
    """Keep a schedule, new or changed."""
    tx.run(
        "INSERT INTO scheduler_schedules VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (arn) DO UPDATE SET"
        " state = excluded.state, document = excluded.document, modified_at = excluded.modified_at",
        schedule.arn,
        scope,
        schedule.group_name,
        schedule.name,
        schedule.state,
        json.dumps(schedule.document),
        schedule.created_at_ms,
        schedule.modified_at_ms,
    )


def delete_schedule(tx: Transaction, arn: str) -> None:
    """Forget a schedule."""
    tx.run("DELETE FROM scheduler_schedules WHERE arn = ?", arn)


def schedules_of(tx: Transaction, scope: str, group_name: str, limit: int) -> list[str]:
    """The ARNs of some schedules of a group."""
    sql = "SELECT arn FROM scheduler_schedules WHERE scope = ? AND group_name = ? LIMIT ?"
    return [arn for (arn,) in tx.all(sql, scope, group_name, limit)]


def list_schedules(
    tx: Transaction, scope: str, group_name: str, prefix: str, state: str, after: tuple[str, str], limit: int
) -> list[ScheduleRow]:
    """Schedules by group and name; of all groups and in all states where none is named."""
    where, args = "scope = ?", list[Any]([scope])
    if group_name:
        where += f" AND group_name = ? AND name {'>' if after[1] >= prefix else '>='} ? AND name < ?"
        args += [group_name, max(after[1], prefix), prefix + "\U0010ffff"]
    else:
        where += " AND (group_name, name) > (?, ?) AND substr(name, 1, ?) = ?"
        args += [*after, len(prefix), prefix]
    if state:
        where, args = f"{where} AND state = ?", [*args, state]
    rows = tx.all(f"{_SCHEDULE} WHERE {where} ORDER BY group_name, name LIMIT ?", *args, limit)
    return [_schedule(row) for row in rows]


def _schedule(row: Row) -> ScheduleRow:
    arn, group_name, name, state, document, created_at, modified_at = row
    return ScheduleRow(arn, group_name, name, state, json.loads(document), created_at, modified_at)
