"""The rows of stacks and their templates."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgpack

from segue.store import Row, Transaction

_COLUMNS = (
    "id, number, scope, name, status, reason, created_at, updated_at, deleted_at, parent, root, settings, operation"
)


@dataclass(slots=True)
class Stack:
    """A stack; times in milliseconds.

    Attributes:
        id: its ARN.
        scope: account and region, in which its name is unique among those that are not deleted.
        parent, root: the stacks that it is nested in; empty where it is not.
        settings: what was asked for: ``description``, ``parameters`` (name → text), ``tags``, ``capabilities``,
            ``role_arn``, ``caller``, ``notification_arns``, ``disable_rollback``, ``outputs``, ...
        operation: what is going on (see :mod:`segue.services.cloudformation.operations`), or what the last
            operation has left to be rolled back; ``None`` where there is nothing.
    """

    id: str
    number: int
    scope: str
    name: str
    status: str
    reason: str
    created_at_ms: int
    updated_at_ms: int | None = None
    deleted_at_ms: int | None = None
    parent: str = ""
    root: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    operation: dict[str, Any] | None = None

    @property
    def busy(self) -> bool:
        """Whether an operation is under way."""
        return self.status.endswith("_IN_PROGRESS") and self.status != "REVIEW_IN_PROGRESS"


@dataclass(frozen=True, slots=True)
class TemplateTexts:
    """A template as it was given, and what transforms have made of it (JSON)."""

    original: str
    processed: str


def insert(tx: Transaction, stack: Stack) -> None:
    """A new stack."""
    tx.run(
        f"INSERT INTO cloudformation_stacks ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        stack.id,
        stack.number,
        stack.scope,
        stack.name,
        stack.status,
        stack.reason,
        stack.created_at_ms,
        stack.updated_at_ms,
        stack.deleted_at_ms,
        stack.parent,
        stack.root,
        msgpack.packb(stack.settings),
        None if stack.operation is None else msgpack.packb(stack.operation),
    )


def save(tx: Transaction, stack: Stack) -> None:
    """Write what has changed of a stack."""
    tx.run(
        "UPDATE cloudformation_stacks SET status = ?, reason = ?, updated_at = ?, deleted_at = ?, settings = ?,"
        " operation = ? WHERE id = ?",
        stack.status,
        stack.reason,
        stack.updated_at_ms,
        stack.deleted_at_ms,
        msgpack.packb(stack.settings),
        None if stack.operation is None else msgpack.packb(stack.operation),
        stack.id,
    )


def by_id(tx: Transaction, stack_id: str) -> Stack | None:
    """The stack of that ARN, deleted or not."""
    row = tx.one(f"SELECT {_COLUMNS} FROM cloudformation_stacks WHERE id = ?", stack_id)
    return None if row is None else _stack(row)


def deleted_since(tx: Transaction, scope: str, name: str, since_ms: int) -> Stack | None:
    """The last stack of a name that was deleted, if it was since then."""
    sql = (
        f"SELECT {_COLUMNS} FROM cloudformation_stacks WHERE scope = ? AND name = ? AND deleted_at >= ?"
        " ORDER BY number DESC LIMIT 1"
    )
    row = tx.one(sql, scope, name, since_ms)
    return None if row is None else _stack(row)


def by_name(tx: Transaction, scope: str, name: str) -> Stack | None:
    """The stack of that name that is not deleted."""
    sql = f"SELECT {_COLUMNS} FROM cloudformation_stacks WHERE scope = ? AND name = ? AND deleted_at IS NULL"
    row = tx.one(sql, scope, name)
    return None if row is None else _stack(row)


def listed(tx: Transaction, scope: str, before: int, limit: int, *, deleted: bool) -> list[Stack]:
    """Stacks made before that number, newest first."""
    sql = f"SELECT {_COLUMNS} FROM cloudformation_stacks WHERE scope = ? AND number < ?"
    sql += "" if deleted else " AND deleted_at IS NULL"
    return [_stack(row) for row in tx.all(f"{sql} ORDER BY number DESC LIMIT ?", scope, before, limit)]


def count(tx: Transaction, scope: str) -> int:
    """How many stacks there are."""
    row = tx.one("SELECT COUNT(*) FROM cloudformation_stacks WHERE scope = ? AND deleted_at IS NULL", scope)
    return 0 if row is None else int(row[0])


def deleted_before(tx: Transaction, before_ms: int, limit: int) -> list[str]:
    """Stacks that were deleted before that time."""
    sql = "SELECT id FROM cloudformation_stacks WHERE deleted_at IS NOT NULL AND deleted_at < ? LIMIT ?"
    return [row[0] for row in tx.all(sql, before_ms, limit)]


def forget(tx: Transaction, stack_id: str) -> None:
    """Forget a stack and all that is left of it."""
    for table in ("resources", "events", "imports", "exports", "responses"):
        tx.run(f"DELETE FROM cloudformation_{table} WHERE stack = ?", stack_id)
    drop_template(tx, stack_id)
    tx.run("DELETE FROM cloudformation_stacks WHERE id = ?", stack_id)


def by_operation(tx: Transaction, operation: str) -> Stack | None:
    """The stack that an operation was on."""
    row = tx.one("SELECT stack FROM cloudformation_events WHERE operation = ? LIMIT 1", operation)
    return None if row is None else by_id(tx, row[0])


def template(tx: Transaction, owner: str) -> TemplateTexts | None:
    """The template of a stack or a change set."""
    row = tx.one("SELECT original, processed FROM cloudformation_templates WHERE owner = ?", owner)
    return None if row is None else TemplateTexts(*row)


def processed_template(tx: Transaction, owner: str) -> str:
    """What transforms have made of the template of a stack or a change set (JSON)."""
    row = tx.one("SELECT processed FROM cloudformation_templates WHERE owner = ?", owner)
    assert row is not None, owner
    return str(row[0])


def keep_template(tx: Transaction, owner: str, texts: TemplateTexts) -> None:
    """Keep a stack's or a change set's template, instead of the one it had."""
    tx.run(
        "INSERT INTO cloudformation_templates VALUES (?, ?, ?)"
        " ON CONFLICT (owner) DO UPDATE SET original = excluded.original, processed = excluded.processed",
        owner,
        texts.original,
        texts.processed,
    )


def drop_template(tx: Transaction, owner: str) -> None:
    """Forget a template."""
    tx.run("DELETE FROM cloudformation_templates WHERE owner = ?", owner)


def _stack(row: Row) -> Stack:
    stack = Stack(*row[:11])
    stack.settings, stack.operation = _plain(row[11]), None if row[12] is None else _plain(row[12])
    return stack


def _plain(packed: bytes) -> dict[str, Any]:
    unpacked: dict[str, Any] = msgpack.unpackb(packed, strict_map_key=False)
    return unpacked
