"""The rows of state machines, executions and task tokens, and the SQL that reads and writes them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from segue.services.states.chunks import unpack_events
from segue.store import Row, Transaction


@dataclass(frozen=True, slots=True)
class Machine:
    """A state machine. ``settings`` holds what is stored and returned as given (logging, tracing, encryption).

    ``last_version`` is the highest number that a version of it ever had.
    """

    arn: str
    name: str
    kind: str
    role_arn: str
    definition_hash: str
    revision_id: str
    created_at_ms: int
    updated_at_ms: int
    settings: dict[str, Any]
    status: str
    last_version: int = 0


class Execution(NamedTuple):
    """An execution. ``parent`` names the task that waits for its end (``arn/frame.generation/pattern``), or is empty.

    ``trace`` is the conversation that it belongs to, ``trace_header`` what its starter gave.
    ``number`` orders executions by their start; ``revision`` changes at every save, so that a cached tree is known to
    be the saved one; ``chunks`` is how many there are; ``snapshot`` is the tree as of ``snapshot_chunk``. The
    fields are in the order of the columns. (A named tuple: it is changed at every save, and that costs a quarter.)
    """

    arn: str
    number: int
    machine_arn: str
    name: str
    kind: str
    definition_hash: str
    role_arn: str
    seed: int
    status: str
    start_at_ms: int
    stop_at_ms: int | None
    input: str
    output: str | None
    error: str | None
    cause: str | None
    trace: str
    trace_header: str
    parent: str
    revision: int
    chunks: int
    snapshot_chunk: int
    version_arn: str = ""
    alias_arn: str = ""
    logging: str = ""
    redrive_count: int = 0
    redriven_at_ms: int | None = None


_MACHINE_COLUMNS = (
    "arn, name, kind, role_arn, definition_hash, revision_id, created_at, updated_at, settings, status, last_version"
)
EXECUTION_COLUMNS = (
    "arn, number, machine_arn, name, kind, definition_hash, role_arn, seed, status, start_at, stop_at, input, output,"
    " error, cause, trace, trace_header, parent, revision, chunks, snapshot_chunk, version_arn, alias_arn, logging,"
    " redrive_count, redriven_at"
)
_INSERT_EXECUTION = (
    f"INSERT INTO states_executions ({EXECUTION_COLUMNS}) VALUES ({', '.join('?' * len(Execution._fields))})"
)


def find_machine(tx: Transaction, arn: str) -> Machine | None:
    """The state machine of that ARN."""
    row = tx.one(f"SELECT {_MACHINE_COLUMNS} FROM states_machines WHERE arn = ?", arn)
    return None if row is None else _machine(row)


def list_machines(tx: Transaction, prefix: str, after_arn: str, limit: int) -> list[Machine]:
    """State machines whose ARN starts with ``prefix``, in the order of their ARNs."""
    rows = tx.all(
        f"SELECT {_MACHINE_COLUMNS} FROM states_machines WHERE arn > ? AND arn >= ? AND arn < ? ORDER BY arn LIMIT ?",
        after_arn,
        prefix,
        prefix + "\U0010ffff",
        limit,
    )
    return [_machine(row) for row in rows]


def has_more(tx: Transaction, table: str, prefix: str, than: int) -> bool:
    """Whether a table has ``than`` rows or more whose ARNs start with ``prefix``."""
    found = tx.one(
        f"SELECT arn FROM {table} WHERE arn >= ? AND arn < ? ORDER BY arn LIMIT 1 OFFSET ?",
        prefix,
        prefix + "\U0010ffff",
        than - 1,
    )
    return found is not None


def insert_machine(tx: Transaction, machine: Machine) -> None:
    """Keep a new state machine."""
    tx.run("INSERT INTO states_machines VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", *_machine_row(machine))


def update_machine(tx: Transaction, machine: Machine) -> None:
    """Keep what was changed."""
    tx.run(
        "UPDATE states_machines SET role_arn = ?, definition_hash = ?, revision_id = ?, updated_at = ?, settings = ?,"
        " status = ?, last_version = ? WHERE arn = ?",
        machine.role_arn,
        machine.definition_hash,
        machine.revision_id,
        machine.updated_at_ms,
        json.dumps(machine.settings),
        machine.status,
        machine.last_version,
        machine.arn,
    )


def delete_machine(tx: Transaction, arn: str) -> None:
    """Forget a state machine; its executions stay."""
    tx.run("DELETE FROM states_machines WHERE arn = ?", arn)


def find_execution(tx: Transaction, arn: str) -> Execution | None:
    """The execution of that ARN."""
    row = tx.one(f"SELECT {EXECUTION_COLUMNS} FROM states_executions WHERE arn = ?", arn)
    return None if row is None else Execution(*row)


def find_by_parent(tx: Transaction, parent: str) -> Execution | None:
    """The execution that somebody waits for."""
    row = tx.one(f"SELECT {EXECUTION_COLUMNS} FROM states_executions WHERE parent = ? AND parent <> ''", parent)
    return None if row is None else Execution(*row)


def delete_execution(tx: Transaction, arn: str) -> None:
    """Forget an execution's row."""
    tx.run("DELETE FROM states_executions WHERE arn = ?", arn)


def last_event(tx: Transaction, execution: int) -> int:
    """The id of the newest event of an execution."""
    row = tx.one(
        "SELECT first_event, events FROM states_chunks WHERE execution = ? ORDER BY chunk DESC LIMIT 1", execution
    )
    if row is None:
        return 0
    events = unpack_events(row[1])
    return events[-1].id if events else int(row[0]) - 1


def list_executions(
    tx: Transaction, arn: str, status: str | None, before: int, limit: int, column: str = "machine_arn", first: int = 0
) -> list[Execution]:
    """Executions of a state machine (or, by ``column``, of a version or alias), newest first, those with a ``number``
    below ``before``; of those that succeeded, only from ``first`` on.
    """
    where, args = "", [arn, before]
    if status == "SUCCEEDED":
        where, args = " AND status = ? AND number >= ?", [*args, status, first]
    elif status:
        where, args = " AND status = ? AND status <> 'SUCCEEDED'", [*args, status]  # so that the partial index serves,
    if column != "machine_arn":
        where += f" AND {column} <> ''"  # as here
    rows = tx.all(
        f"SELECT {EXECUTION_COLUMNS} FROM states_executions WHERE {column} = ? AND number < ?{where}"
        " ORDER BY number DESC LIMIT ?",
        *args,
        limit,
    )
    return [Execution(*row) for row in rows]


def nth_before(tx: Transaction, arn: str, before: int, count: int, column: str) -> int:
    """The number of the ``count``-th execution that :func:`list_executions` would list; 0: there are fewer."""
    where = "" if column == "machine_arn" else f" AND {column} <> ''"
    row = tx.one(
        f"SELECT number FROM states_executions WHERE {column} = ? AND number < ?{where} ORDER BY number DESC"
        " LIMIT 1 OFFSET ?",
        arn,
        before,
        count - 1,
    )
    return 0 if row is None else int(row[0])


def insert_execution(tx: Transaction, execution: Execution) -> None:
    """Keep a new execution."""
    tx.run(_INSERT_EXECUTION, *execution)


def save_execution(tx: Transaction, execution: Execution, snapshot: bytes | None) -> None:
    """Keep what a step made of it; the snapshot only where there is a new one."""
    tx.run(
        "UPDATE states_executions SET status = ?, stop_at = ?, output = ?, error = ?, cause = ?, revision = ?,"
        " chunks = ?, snapshot_chunk = ?, snapshot = COALESCE(?, snapshot) WHERE arn = ?",
        execution.status,
        execution.stop_at_ms,
        execution.output,
        execution.error,
        execution.cause,
        execution.revision,
        execution.chunks,
        execution.snapshot_chunk,
        snapshot,
        execution.arn,
    )


def keep_for_redrive(tx: Transaction, arn: str, kept: bytes) -> None:
    """Keep what a redrive of an execution that has just ended will begin with, in the place of its snapshot."""
    tx.run("UPDATE states_executions SET snapshot = ? WHERE arn = ?", kept, arn)


def is_kept(tx: Transaction, arn: str) -> bool:
    """Whether there is something that a redrive can begin with."""
    row = tx.one("SELECT snapshot IS NOT NULL FROM states_executions WHERE arn = ?", arn)
    return row is not None and bool(row[0])


def save_redrive(tx: Transaction, execution: Execution, snapshot: bytes) -> None:
    """Keep that an execution runs again, from this snapshot."""
    save_execution(tx, execution, snapshot)
    tx.run(
        "UPDATE states_executions SET redrive_count = ?, redriven_at = ? WHERE arn = ?",
        execution.redrive_count,
        execution.redriven_at_ms,
        execution.arn,
    )


def redrive_of(tx: Transaction, execution: int, token: str, since_ms: int, last: int) -> int | None:
    """When an execution was redriven with this token, if it is among the ``last`` ones since then."""
    rows = tx.all(
        "SELECT token, redriven_at FROM states_redrives WHERE execution = ? AND redriven_at >= ?"
        " ORDER BY redriven_at DESC LIMIT ?",
        execution,
        since_ms,
        last,
    )
    return next((at_ms for known, at_ms in rows if known == token), None)


def note_redrive(tx: Transaction, execution: int, token: str, now_ms: int) -> None:
    """Remember the token of a redrive."""
    tx.run(
        "INSERT INTO states_redrives VALUES (?, ?, ?)"
        " ON CONFLICT (execution, token) DO UPDATE SET redriven_at = excluded.redriven_at",
        execution,
        token,
        now_ms,
    )


def insert_chunk(
    tx: Transaction, execution: int, chunk: int, first_event: int, events: bytes, journal: bytes | None
) -> None:
    """Keep one commit's events and journal."""
    tx.run("INSERT INTO states_chunks VALUES (?, ?, ?, ?, ?)", execution, chunk, first_event, events, journal)


def journals_since(tx: Transaction, execution: int, chunk: int) -> list[bytes]:
    """The journals of the chunks after ``chunk``, oldest first."""
    rows = tx.all(
        "SELECT journal FROM states_chunks WHERE execution = ? AND chunk > ? ORDER BY chunk", execution, chunk
    )
    return [row[0] for row in rows if row[0] is not None]


def snapshot_of(tx: Transaction, arn: str) -> bytes | None:
    """The newest snapshot of an execution's tree."""
    row = tx.one("SELECT snapshot FROM states_executions WHERE arn = ?", arn)
    return None if row is None else row[0]


def drop_journals(tx: Transaction, execution: int) -> None:
    """The execution has ended: only its history is of interest."""
    tx.run("UPDATE states_chunks SET journal = NULL WHERE execution = ? AND journal IS NOT NULL", execution)


def drop_chunks(tx: Transaction, execution: int) -> None:
    """Forget the history and the journals of an execution."""
    tx.run("DELETE FROM states_chunks WHERE execution = ?", execution)


def drop_some_chunks(tx: Transaction, execution: int, limit: int) -> bool:
    """Forget a piece of a history, its beginning; whether there is more."""
    sql = "SELECT chunk FROM states_chunks WHERE execution = ? ORDER BY chunk LIMIT 1 OFFSET ?"
    last = tx.one(sql, execution, limit)
    if last is None:
        drop_chunks(tx, execution)
    else:
        tx.run("DELETE FROM states_chunks WHERE execution = ? AND chunk < ?", execution, last[0])
    return last is not None


def ended_before(tx: Transaction, kind: str, before_ms: int, limit: int) -> list[tuple[str, int, int]]:
    """ARNs, numbers and chunks of executions of a kind that ended before a time, the oldest first.

    Express children of Map Runs go with their Map Run.
    """
    rows = tx.all(
        "SELECT arn, number, chunks FROM states_executions WHERE stop_at < ? AND kind = ?"
        " AND (kind = 'STANDARD' OR SUBSTR(parent, 1, 4) <> 'map/') ORDER BY stop_at LIMIT ?",
        before_ms,
        kind,
        limit,
    )
    return [(arn, number, chunks) for arn, number, chunks in rows]


def forget_execution(tx: Transaction, arn: str, number: int) -> None:
    """Forget everything of an execution but its history: its row, its tokens, so that its name is free again."""
    delete_execution(tx, arn)
    tx.run("DELETE FROM states_tokens WHERE execution_arn = ?", arn)
    tx.run("DELETE FROM states_redrives WHERE execution = ?", number)


def chunk_events(tx: Transaction, execution: int, chunk: int) -> bytes | None:
    """The packed events of one chunk."""
    row = tx.one("SELECT events FROM states_chunks WHERE execution = ? AND chunk = ?", execution, chunk)
    return None if row is None else bytes(row[0])


def event_chunks(tx: Transaction, execution: int, first: int, last: int) -> list[bytes]:
    """The chunks that hold the events from ``first`` to ``last``, oldest first."""
    rows = tx.all(
        "SELECT events FROM states_chunks WHERE execution = ? AND first_event <= ? AND first_event >= COALESCE((SELECT"
        " MAX(first_event) FROM states_chunks WHERE execution = ? AND first_event <= ?), 0) ORDER BY chunk",
        execution,
        last,
        execution,
        first,
    )
    return [row[0] for row in rows]


@lru_cache(maxsize=1_024)
def _machine(row: Row) -> Machine:
    # Keyed by the row's content, so that it is right whatever transaction read the row.
    columns = list(row)
    columns[8] = json.loads(columns[8])
    return Machine(*columns)


def _machine_row(machine: Machine) -> tuple[Any, ...]:
    return (
        machine.arn,
        machine.name,
        machine.kind,
        machine.role_arn,
        machine.definition_hash,
        machine.revision_id,
        machine.created_at_ms,
        machine.updated_at_ms,
        json.dumps(machine.settings),
        machine.status,
        machine.last_version,
    )
