"""What a unit costs the store, counted: steps of SQLite's machine, which are the same on every machine."""

from __future__ import annotations

from typing import Any

import apsw

from segue.store import Unit
from segue.testing import Segue


def steps(segue: Segue, unit: Unit[Any]) -> int:
    """Run a unit, and count. Each row that a statement looks at is about ten steps, whether it is given back or not."""
    return segue.transact(counted(unit))


def counted(unit: Unit[Any]) -> Unit[int]:
    """A unit that does the same and gives the steps."""

    def counting(tx: Any) -> int:
        connection: apsw.Connection = tx._execute.__self__
        taken: list[int] = []

        def ended(event: dict[str, Any]) -> None:
            taken.append(event["stmt_status"]["SQLITE_STMTSTATUS_VM_STEP"])

        connection.trace_v2(apsw.SQLITE_TRACE_PROFILE, ended)
        try:
            unit(tx)
        finally:
            connection.trace_v2(0)
        return sum(taken)

    return counting
