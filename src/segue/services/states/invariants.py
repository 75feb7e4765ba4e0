"""What must be true of executions: histories without a gap, tokens that lead somewhere, nobody forgotten."""

from __future__ import annotations

from collections.abc import Iterator

from segue.services.states.chunks import unpack_events
from segue.services.states.service import SERVICE
from segue.store import Row, Transaction

_PAGE = 500


def _pages(tx: Transaction, columns: str) -> Iterator[Row]:
    """Columns of all executions, the ARN first, a page at a time."""
    after = ""
    while True:
        rows = tx.all(f"SELECT {columns} FROM states_executions WHERE arn > ? ORDER BY arn LIMIT ?", after, _PAGE)
        yield from rows
        if len(rows) < _PAGE:
            return
        after = rows[-1][0]


@SERVICE.invariant
def histories_have_no_gap(tx: Transaction) -> Iterator[str]:
    """Chunks are numbered from 1 to the execution's count, and so are the events in them."""
    for arn, number, kind, chunks in _pages(tx, "arn, number, kind, chunks"):
        event, found = 1, 0
        rows = tx.all("SELECT chunk, first_event, events FROM states_chunks WHERE execution = ? ORDER BY chunk", number)
        if not rows and kind == "EXPRESS":  # its history is kept only as long as it runs
            continue
        for found, (chunk, first_event, packed) in enumerate(rows, 1):
            ids = [event.id for event in unpack_events(packed)]
            if chunk != found or first_event != event or ids != list(range(event, event + len(ids))):
                yield f"{arn}: a gap in the history at chunk {chunk}, event {first_event}"
                break
            event += len(ids)
        else:
            if found != chunks:
                yield f"{arn}: {found} chunks of history, {chunks} are counted"


@SERVICE.invariant
def nobody_is_forgotten(tx: Transaction) -> Iterator[str]:
    """Whoever runs has a job, a token, an activity's task, a Map Run or a child that will move it on."""
    for arn, status in _pages(tx, "arn, status"):
        if status != "RUNNING":
            continue
        # whatever belongs to an execution is kept under its ARN, or under its ARN, a slash and more
        below = (f"{arn}/", f"{arn}0")
        either = "SELECT 1 FROM jobs WHERE key = ? UNION ALL SELECT 1 FROM jobs WHERE key > ? AND key < ? LIMIT 1"
        if tx.one(either, arn, *below):
            continue
        if any(_refers(tx, table, arn) for table in ("states_tokens", "states_activity_tasks")):
            continue
        child = (
            "SELECT 1 FROM states_executions WHERE parent <> '' AND parent > ? AND parent < ? AND status = ? LIMIT 1"
        )
        if tx.one(child, *below, "RUNNING"):
            continue
        if tx.one("SELECT 1 FROM states_map_runs WHERE execution_arn = ? AND status = 'RUNNING' LIMIT 1", arn) is None:
            yield f"{arn}: runs, and waits for nothing"


@SERVICE.invariant
def tokens_lead_to_executions(tx: Transaction) -> Iterator[str]:
    """Tokens go with their execution, since it tells who comes late; tasks of activities end with it."""
    for table, over in (("states_tokens", ""), ("states_activity_tasks", "OR e.status <> 'RUNNING'")):
        rows = tx.all(
            f"SELECT t.execution_arn, COUNT(*) FROM {table} t LEFT JOIN states_executions e ON e.arn = t.execution_arn"
            f" WHERE e.arn IS NULL {over} GROUP BY t.execution_arn ORDER BY t.execution_arn"
        )
        for arn, count in rows:
            yield f"{arn}: {count} rows of {table} are left of it"


def _refers(tx: Transaction, table: str, arn: str) -> bool:
    return tx.one(f"SELECT 1 FROM {table} WHERE execution_arn = ? LIMIT 1", arn) is not None
