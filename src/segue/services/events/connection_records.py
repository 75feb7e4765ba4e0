"""The rows of connections and API destinations: one document each."""

from __future__ import annotations

import json
from typing import Any, Literal

from segue.api import Call
from segue.services.events.records import scope_of

Table = Literal["connections", "destinations"]


def load(call: Call, table: Table, name: str, scope: str = "") -> dict[str, Any] | None:
    """The document of that name, in ``scope``, the caller's unless told."""
    sql = f"SELECT document FROM events_{table} WHERE scope = ? AND name = ?"
    row = call.tx.one(sql, scope or _here(call), name)
    return None if row is None else json.loads(row[0])


def save(call: Call, table: Table, name: str, arn: str, document: dict[str, Any], scope: str = "") -> None:
    """Keep a document, instead of the one of its name if there is one."""
    call.tx.run(
        f"INSERT INTO events_{table} VALUES (?, ?, ?, ?)"
        " ON CONFLICT (scope, name) DO UPDATE SET arn = excluded.arn, document = excluded.document",
        scope or _here(call),
        name,
        arn,
        json.dumps(document),
    )


def delete(call: Call, table: Table, name: str) -> None:
    """Forget the document of that name."""
    call.tx.run(f"DELETE FROM events_{table} WHERE scope = ? AND name = ?", _here(call), name)


def listed(call: Call, table: Table, prefix: str, after: str) -> list[dict[str, Any]]:
    """The documents whose names begin with ``prefix`` and come after ``after``, by name."""
    sql = f"SELECT document FROM events_{table} WHERE scope = ? AND name > ? AND substr(name, 1, ?) = ? ORDER BY name"
    return [json.loads(row[0]) for row in call.tx.all(sql, _here(call), after, len(prefix), prefix)]


def _here(call: Call) -> str:
    return scope_of(call.account, call.region)
