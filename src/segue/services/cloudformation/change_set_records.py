"""The rows of change sets."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgpack

from segue.services.cloudformation import records
from segue.store import Row, Transaction

_COLUMNS = "id, number, stack, name, status, reason, execution, created_at, data"


@dataclass(slots=True)
class ChangeSet:
    """A change set.

    Attributes:
        id: its ARN.
        stack: the stack's ARN.
        status: ``CREATE_COMPLETE`` or ``FAILED``.
        execution: ``AVAILABLE``, ``UNAVAILABLE``, ``EXECUTE_IN_PROGRESS``, ``EXECUTE_COMPLETE``, …
        data: ``params`` (the request's, without its template), ``changes``, and what the template came to:
            ``parameters``, ``stored``, ``hidden``, ``values``.
    """

    id: str
    number: int
    stack: str
    name: str
    status: str
    reason: str
    execution: str
    created_at_ms: int
    data: dict[str, Any] = field(default_factory=dict)


def insert(tx: Transaction, change_set: ChangeSet) -> None:
    """A new change set."""
    tx.run(
        f"INSERT INTO cloudformation_change_sets ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        change_set.id,
        change_set.number,
        change_set.stack,
        change_set.name,
        change_set.status,
        change_set.reason,
        change_set.execution,
        change_set.created_at_ms,
        msgpack.packb(change_set.data),
    )


def save_execution(tx: Transaction, change_set: ChangeSet, execution: str) -> None:
    """Its execution stands otherwise now."""
    change_set.execution = execution
    tx.run("UPDATE cloudformation_change_sets SET execution = ? WHERE id = ?", execution, change_set.id)


def by_id(tx: Transaction, change_set_id: str) -> ChangeSet | None:
    """The change set of that ARN."""
    row = tx.one(f"SELECT {_COLUMNS} FROM cloudformation_change_sets WHERE id = ?", change_set_id)
    return None if row is None else _change_set(row)


def of_stack(tx: Transaction, stack: str) -> list[ChangeSet]:
    """The change sets of a stack, newest first."""
    sql = f"SELECT {_COLUMNS} FROM cloudformation_change_sets WHERE stack = ? ORDER BY number DESC"
    return [_change_set(row) for row in tx.all(sql, stack)]


def by_name(tx: Transaction, stack: str, name: str) -> ChangeSet | None:
    """The newest change set of that name."""
    return next((each for each in of_stack(tx, stack) if each.name == name), None)


def remove(tx: Transaction, change_set_id: str) -> None:
    """Forget a change set."""
    records.drop_template(tx, change_set_id)
    tx.run("DELETE FROM cloudformation_change_sets WHERE id = ?", change_set_id)


def make_obsolete(tx: Transaction, stack: str) -> None:
    """The stack has changed by other means: what was to be changed of it is not true any more."""
    tx.run(
        "UPDATE cloudformation_change_sets SET execution = 'OBSOLETE' WHERE stack = ? AND execution = 'AVAILABLE'",
        stack,
    )


def _change_set(row: Row) -> ChangeSet:
    found = ChangeSet(*row[:8])
    found.data = msgpack.unpackb(row[8], strict_map_key=False)
    return found
