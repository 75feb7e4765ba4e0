"""What a request would consume on AWS, for those who ask (``ReturnConsumedCapacity``).

Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
"""

from __future__ import annotations

from typing import Any

from segue.services.dynamodb.schema import Table

READ_UNIT_BYTES = 4_096
WRITE_UNIT_BYTES = 1_024


def read_units(size: int, consistent: bool, *, transactional: bool = False) -> float:
    """Units of reading so many bytes."""
    whole = float(max(1, -(-size // READ_UNIT_BYTES)))
    return whole * 2 if transactional else whole if consistent else whole / 2


def write_units(size: int, *, transactional: bool = False) -> float:
    """Units of writing so many bytes."""
    whole = float(max(1, -(-size // WRITE_UNIT_BYTES)))
    return whole * 2 if transactional else whole


def consumed(
    level: str | None, table: Table, units: float, by_index: dict[str, float] | None = None, *, kind: str = ""
) -> dict[str, Any] | None:
    """The ``ConsumedCapacity`` member; ``None`` where it is not asked for.

    Args:
        level: ``INDEXES``, ``TOTAL``, ``NONE`` or nothing.
        units: of the table itself.
        by_index: of its indexes.
        kind: ``Read`` or ``Write``, where AWS tells them apart (transactions).
    """
    if level not in ("TOTAL", "INDEXES"):
        return None
    by_index = by_index or {}
    total = units + sum(by_index.values())
    found: dict[str, Any] = {"TableName": table.name, "CapacityUnits": total}
    if kind:
        found[f"{kind}CapacityUnits"] = total
    if level == "INDEXES":
        found["Table"] = {"CapacityUnits": units, **({f"{kind}CapacityUnits": units} if kind else {})}
        for name, amount in by_index.items():
            where = "GlobalSecondaryIndexes" if table.indexes[name].is_global else "LocalSecondaryIndexes"
            found.setdefault(where, {})[name] = {"CapacityUnits": amount}
    return found
