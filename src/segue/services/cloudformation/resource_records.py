"""The rows of stacks' resources, and of the steps by which an operation changes them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import msgpack

from segue.store import Row, Transaction

_COLUMNS = "number, stack, logical_id, type, physical_id, status, reason, changed_at, live, data"


@dataclass(slots=True)
class ResourceRow:
    """One real resource of a stack (of a logical id there may be two while one replaces the other).

    Attributes:
        number: which one.
        live: whether it is the one that the template means; otherwise it is about to be removed.
        data: ``properties`` (resolved), ``attributes``, ``needs`` (logical ids), ``tags``, ``deletion_policy``,
            ``replace_policy``, ``description``, ``metadata``, ``token``, ``progress``; ``made_by`` and ``changed_by``
            name the operation that made it and the one that changed it last, ``before`` is what it was until then.
    """

    number: int
    stack: str
    logical_id: str
    type: str
    physical_id: str
    status: str
    reason: str
    changed_at_ms: int
    live: bool = True
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """What is to be done with a resource: ``create``, ``update``, ``delete`` or ``restore``.

    Attributes:
        resource: the resource's row; 0 where there is none yet.
        state: ``waiting``, ``running``, ``done`` or ``failed``.
        waits: how many steps before it are not done.
    """

    number: int
    stack: str
    logical_id: str
    resource: int
    action: str
    state: str
    waits: int


def insert(tx: Transaction, row: ResourceRow) -> None:
    """A new resource."""
    tx.run(
        f"INSERT INTO cloudformation_resources ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        row.number,
        row.stack,
        row.logical_id,
        row.type,
        row.physical_id,
        row.status,
        row.reason,
        row.changed_at_ms,
        int(row.live),
        msgpack.packb(row.data),
    )


def save(tx: Transaction, row: ResourceRow) -> None:
    """Write what has changed of a resource."""
    tx.run(
        "UPDATE cloudformation_resources SET physical_id = ?, status = ?, reason = ?, changed_at = ?, live = ?,"
        " data = ? WHERE number = ?",
        row.physical_id,
        row.status,
        row.reason,
        row.changed_at_ms,
        int(row.live),
        msgpack.packb(row.data),
        row.number,
    )


def remove(tx: Transaction, row: ResourceRow) -> None:
    """Forget a resource."""
    tx.run("DELETE FROM cloudformation_resources WHERE number = ?", row.number)


def find(tx: Transaction, number: int) -> ResourceRow | None:
    """A resource by its number."""
    row = tx.one(f"SELECT {_COLUMNS} FROM cloudformation_resources WHERE number = ?", number)
    return None if row is None else _row(row)


def all_of(tx: Transaction, stack: str) -> list[ResourceRow]:
    """All resources of a stack, those about to be removed included."""
    sql = f"SELECT {_COLUMNS} FROM cloudformation_resources WHERE stack = ? ORDER BY logical_id, number"
    return [_row(row) for row in tx.all(sql, stack)]


def live_of(tx: Transaction, stack: str, logical_ids: Iterable[str] | None = None) -> dict[str, ResourceRow]:
    """What the stack's template means, by logical id (of these only, if given)."""
    if logical_ids is None:
        return {row.logical_id: row for row in all_of(tx, stack) if row.live}
    sql = f"SELECT {_COLUMNS} FROM cloudformation_resources WHERE stack = ? AND logical_id = ? AND live = 1"
    found = (tx.one(sql, stack, logical_id) for logical_id in logical_ids)
    return {row[2]: _row(row) for row in found if row is not None}


def by_physical_id(tx: Transaction, physical_id: str) -> list[ResourceRow]:
    """Resources of that physical id, in all stacks."""
    sql = f"SELECT {_COLUMNS} FROM cloudformation_resources WHERE physical_id = ? AND live = 1 ORDER BY number DESC"
    return [_row(row) for row in tx.all(sql, physical_id)]


def _row(row: Row) -> ResourceRow:
    found = ResourceRow(*row[:8])
    found.live, found.data = row[8] == 1, msgpack.unpackb(row[9], strict_map_key=False)
    return found


_STEP = "number, stack, logical_id, resource, action, state, waits"


def plan(tx: Transaction, stack: str, steps: Iterable[Step], edges: Iterable[tuple[int, int]]) -> None:
    """The steps of a phase instead of the last one's; of an edge the first must be done before the second."""
    forget_plan(tx, stack)
    waits: dict[int, int] = {}
    for needed, dependent in edges:
        tx.run("INSERT INTO cloudformation_edges VALUES (?, ?, ?)", stack, needed, dependent)
        waits[dependent] = waits.get(dependent, 0) + 1
    for step in steps:
        tx.run(
            f"INSERT INTO cloudformation_steps ({_STEP}) VALUES (?, ?, ?, ?, ?, 'waiting', ?)",
            step.number,
            stack,
            step.logical_id,
            step.resource,
            step.action,
            waits.get(step.number, 0),
        )


def forget_plan(tx: Transaction, stack: str) -> None:
    """There is nothing to be done."""
    tx.run("DELETE FROM cloudformation_steps WHERE stack = ?", stack)
    tx.run("DELETE FROM cloudformation_edges WHERE stack = ?", stack)


def start_ready(tx: Transaction, stack: str) -> list[Step]:
    """The steps that wait for nothing any more, in the order of the template; from now on they are running."""
    sql = (
        f"SELECT {_STEP} FROM cloudformation_steps WHERE stack = ? AND state = 'waiting' AND waits = 0 ORDER BY number"
    )
    ready = [Step(*row) for row in tx.all(sql, stack)]
    for step in ready:
        tx.run("UPDATE cloudformation_steps SET state = 'running' WHERE number = ?", step.number)
    return ready


def end_step(tx: Transaction, step: Step, state: str) -> None:
    """A step is ``done``, so that others need not wait for it any more, or ``failed``."""
    tx.run("UPDATE cloudformation_steps SET state = ? WHERE number = ?", state, step.number)
    if state == "done":
        tx.run(
            "UPDATE cloudformation_steps SET waits = waits - 1 WHERE number IN"
            " (SELECT dependent FROM cloudformation_edges WHERE stack = ? AND needed = ?)",
            step.stack,
            step.number,
        )


def find_step(tx: Transaction, number: int) -> Step | None:
    """A step of the present phase."""
    row = tx.one(f"SELECT {_STEP} FROM cloudformation_steps WHERE number = ?", number)
    return None if row is None else Step(*row)


def steps_in(tx: Transaction, stack: str, state: str) -> list[Step]:
    """The steps in a state."""
    sql = f"SELECT {_STEP} FROM cloudformation_steps WHERE stack = ? AND state = ? ORDER BY number"
    return [Step(*row) for row in tx.all(sql, stack, state)]


def count_running(tx: Transaction, stack: str) -> int:
    """How many steps are running."""
    row = tx.one("SELECT COUNT(*) FROM cloudformation_steps WHERE stack = ? AND state = 'running'", stack)
    return 0 if row is None else int(row[0])


def drop_waiting(tx: Transaction, stack: str) -> None:
    """What has not begun will not begin."""
    tx.run("DELETE FROM cloudformation_steps WHERE stack = ? AND state = 'waiting'", stack)


def attach(tx: Transaction, step: Step, number: int) -> None:
    """From now on the step is about this resource."""
    tx.run("UPDATE cloudformation_steps SET resource = ? WHERE number = ?", number, step.number)
