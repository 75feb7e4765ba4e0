"""The rows of Map Runs: counters that change with every child, a plan that does not, items that wait for their turn.

The children are executions; their ``parent`` is ``map/<number of the run>/<the child's place>/<its items>``.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import msgpack

from segue.languages.asl.map_plan import MapPlan
from segue.services.states.records import EXECUTION_COLUMNS, Execution
from segue.store import Transaction


class MapRun(NamedTuple):
    """A Map Run, its fields in the order of the columns.

    ``phase``: ``running`` (items are read, children started), ``stopping`` (children are called off), ``writing``
    (results go to where they are wanted), ``ended``, ``forgotten`` (so are its Express children). ``items_known``
    have been read, all of them if ``items_done``; children have got those below ``next_item``. ``cursor``: how far
    a walk over the children has come. ``is_working``: its job is there. ``error`` and ``cause``: why it will fail,
    or has.
    """

    number: int
    arn: str
    execution_arn: str
    frame: int
    generation: int
    kind: str
    definition_hash: str
    role_arn: str
    trace: str
    started_at_ms: int
    has_batches: int
    status: str
    phase: str
    stopped_at_ms: int | None
    window: int
    tolerated_count: int | None
    tolerated_percentage: float | None
    redrive_count: int = 0
    redriven_at_ms: int | None = None
    items_known: int = 0
    items_done: int = 0
    next_item: int = 0
    next_child: int = 0
    cursor: int = 0
    running: int = 0
    succeeded: int = 0
    failed: int = 0
    timed_out: int = 0
    aborted: int = 0
    items_running: int = 0
    items_succeeded: int = 0
    items_failed: int = 0
    items_timed_out: int = 0
    items_aborted: int = 0
    to_redrive: int = 0
    items_to_redrive: int = 0
    not_redrivable: int = 0
    items_not_redrivable: int = 0
    written: int = 0
    items_written: int = 0
    is_working: int = 0
    error: str | None = None
    cause: str | None = None

    @property
    def is_over(self) -> bool:
        """Nothing is left to do for it, unless it is redriven."""
        return self.phase in ("ended", "forgotten")


_COLUMNS = tuple(field.removesuffix("_ms") for field in MapRun._fields)
_SELECT = f"SELECT {', '.join(_COLUMNS)} FROM states_map_runs"
_INSERT = f"INSERT INTO states_map_runs ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))})"
_FIXED = _COLUMNS.index("status")
_UPDATE = f"UPDATE states_map_runs SET {', '.join(f'{name} = ?' for name in _COLUMNS[_FIXED:])} WHERE number = ?"


def insert(tx: Transaction, run: MapRun, plan: MapPlan) -> None:
    """Keep a new Map Run."""
    tx.run(_INSERT, *run)
    tx.run("INSERT INTO states_map_plans VALUES (?, ?, NULL)", run.number, msgpack.packb(plan.dump()))


def save(tx: Transaction, run: MapRun) -> None:
    """Keep what has changed."""
    tx.run(_UPDATE, *run[_FIXED:], run.number)


def find(tx: Transaction, number: int) -> MapRun | None:
    """The Map Run of that number."""
    row = tx.one(f"{_SELECT} WHERE number = ?", number)
    return None if row is None else MapRun(*row)


def find_by_arn(tx: Transaction, arn: str) -> MapRun | None:
    """The Map Run of that ARN."""
    row = tx.one(f"{_SELECT} WHERE arn = ?", arn)
    return None if row is None else MapRun(*row)


def list_of(tx: Transaction, execution_arn: str, after: int, limit: int) -> list[MapRun]:
    """The Map Runs of an execution, in the order of their starts."""
    rows = tx.all(
        f"{_SELECT} WHERE execution_arn = ? AND number > ? ORDER BY number LIMIT ?", execution_arn, after, limit
    )
    return [MapRun(*row) for row in rows]


def find_by_key(tx: Transaction, execution_arn: str, key: tuple[int, int]) -> MapRun | None:
    """The Map Run that an execution waits for under this key."""
    row = tx.one(f"{_SELECT} WHERE execution_arn = ? AND frame = ? AND generation = ?", execution_arn, *key)
    return None if row is None else MapRun(*row)


def with_old_children(tx: Transaction, before_ms: int) -> MapRun | None:
    """A Map Run that succeeded before a time and whose Express children are still there."""
    row = tx.one(
        f"{_SELECT} WHERE kind = 'EXPRESS' AND status = 'SUCCEEDED' AND phase = 'ended' AND stopped_at < ? LIMIT 1",
        before_ms,
    )
    return None if row is None else MapRun(*row)


def plan_of(tx: Transaction, number: int) -> MapPlan:
    """What the Map Run is to do."""
    row = tx.one("SELECT plan FROM states_map_plans WHERE run = ?", number)
    assert row is not None, f"the plan of the Map Run {number} is missing"
    return MapPlan.load(msgpack.unpackb(row[0]))


def place_of(tx: Transaction, number: int) -> dict[str, Any]:
    """Where reading has come to; empty at the beginning."""
    row = tx.one("SELECT place FROM states_map_plans WHERE run = ?", number)
    place: dict[str, Any] = msgpack.unpackb(row[0]) if row is not None and row[0] is not None else {}
    return place


def save_place(tx: Transaction, number: int, place: dict[str, Any]) -> None:
    """Remember where reading has come to."""
    tx.run("UPDATE states_map_plans SET place = ? WHERE run = ?", msgpack.packb(place), number)


def drop_results(tx: Transaction, number: int) -> None:
    """Results are to be written anew."""
    place = place_of(tx, number)
    if place.pop("results", None) is not None:
        save_place(tx, number, place)


def add_items(tx: Transaction, number: int, first_item: int, items: list[str]) -> None:
    """Keep items that were read, until children have got them."""
    tx.run("INSERT INTO states_map_items VALUES (?, ?, ?)", number, first_item, msgpack.packb(items))


def items_from(tx: Transaction, number: int, item: int) -> tuple[int, list[str]] | None:
    """The kept piece that holds an item: its first item's index, and its items."""
    row = tx.one(
        "SELECT first_item, items FROM states_map_items WHERE run = ? AND first_item <= ? ORDER BY first_item DESC"
        " LIMIT 1",
        number,
        item,
    )
    return None if row is None else (row[0], msgpack.unpackb(row[1]))


def drop_items(tx: Transaction, number: int) -> None:
    """Forget the items that were read."""
    tx.run("DELETE FROM states_map_items WHERE run = ?", number)


def drop_items_before(tx: Transaction, number: int, item: int) -> None:
    """Forget the pieces of items that lie before an item."""
    tx.run(
        "DELETE FROM states_map_items WHERE run = ? AND first_item < (SELECT MAX(first_item) FROM states_map_items"
        " WHERE run = ? AND first_item <= ?)",
        number,
        number,
        item,
    )


# Children

LOOKED_AT = 2_000
"""So many are looked at in one unit where only some are wanted."""


def child_parent(number: int, place: int, items: int) -> str:
    """What a child's row says of its parent."""
    return f"map/{number}/{place:010d}/{items}"


def child_place(parent: str) -> tuple[int, int, int]:
    """The run's number, the child's place and how many items it has."""
    _, number, place, items = parent.split("/")
    return int(number), int(place), int(items)


def run_arn_of(tx: Transaction, execution: Execution) -> str | None:
    """The ARN of the Map Run that an execution is a child of."""
    if not execution.parent.startswith("map/"):
        return None
    run = find(tx, child_place(execution.parent)[0])
    return None if run is None else run.arn


def children(tx: Transaction, number: int, first: int, limit: int, statuses: tuple[str, ...] = ()) -> list[Execution]:
    """Children of a Map Run in their order, from a place on, of some statuses only if told."""
    where = f" AND status IN ({', '.join('?' * len(statuses))})" if statuses else ""
    rows = tx.all(
        f"SELECT {EXECUTION_COLUMNS} FROM states_executions WHERE parent >= ? AND parent < ? AND parent <> ''{where}"
        " ORDER BY parent LIMIT ?",
        f"map/{number}/{first:010d}",
        f"map/{number}0",
        *statuses,
        limit,
    )
    return [Execution(*row) for row in rows]


def walk(tx: Transaction, run: MapRun, limit: int, statuses: tuple[str, ...]) -> tuple[list[Execution], int | None]:
    """The next children of some statuses behind the run's cursor, and the cursor behind them; ``None``: that was all.

    No more than :data:`LOOKED_AT` children are looked at: there may be none among them, and more behind.
    """
    end = min(run.cursor + LOOKED_AT, run.next_child)
    marks = ", ".join("?" * len(statuses))
    rows = tx.all(
        f"SELECT {EXECUTION_COLUMNS} FROM states_executions WHERE parent >= ? AND parent < ? AND parent <> ''"
        f" AND status IN ({marks}) ORDER BY parent LIMIT ?",
        f"map/{run.number}/{run.cursor:010d}",
        f"map/{run.number}/{end:010d}",
        *statuses,
        limit,
    )
    found = [Execution(*row) for row in rows]
    following = child_place(found[-1].parent)[1] + 1 if len(found) == limit else end
    return found, following if found or following < run.next_child else None


def children_before(
    tx: Transaction, number: int, before: int, limit: int, status: str | None, redriven: bool | None, first: int
) -> list[Execution]:
    """Children of a Map Run, the newest first, from place ``first`` to below ``before``; of one status, or redriven."""
    where = " AND status = ?" if status else ""
    if redriven is not None:
        where += " AND redrive_count > 0" if redriven else " AND redrive_count = 0"
    rows = tx.all(
        f"SELECT {EXECUTION_COLUMNS} FROM states_executions WHERE parent >= ? AND parent < ? AND parent <> ''{where}"
        " ORDER BY parent DESC LIMIT ?",
        f"map/{number}/{first:010d}",
        f"map/{number}/{before:010d}",
        *((status,) if status else ()),
        limit,
    )
    return [Execution(*row) for row in rows]


def forget_express_children(tx: Transaction, number: int, limit: int) -> int:
    """Forget rows of Express children, whose results are no longer needed; how many there were."""
    return tx.run(
        "DELETE FROM states_executions WHERE arn IN (SELECT arn FROM states_executions WHERE parent >= ? AND parent < ?"
        " AND parent <> '' AND kind = 'EXPRESS' LIMIT ?)",
        f"map/{number}/",
        f"map/{number}0",
        limit,
    )


def forget(tx: Transaction, number: int) -> None:
    """Forget a Map Run itself."""
    drop_items(tx, number)
    tx.run("DELETE FROM states_map_plans WHERE run = ?", number)
    tx.run("DELETE FROM states_map_runs WHERE number = ?", number)
