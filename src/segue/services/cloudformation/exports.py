"""What stacks export to each other, and who imports it.

Source: CloudFormation user guide, "Get exported outputs from a deployed CloudFormation stack".
"""

from __future__ import annotations

from typing import Any

from segue.api import Call
from segue.api.paginate import decode_token, encode_token
from segue.services.cloudformation.service import SERVICE, invalid, scope_of
from segue.store import Transaction

_PAGE = 100


@SERVICE.operation("ListExports", reads=True)
def list_exports(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """What the stacks of a region export, by name."""
    after = decode_token(params["NextToken"], "ValidationError")[0] if params.get("NextToken") else ""
    sql = "SELECT name, value, stack FROM cloudformation_exports WHERE scope = ? AND name > ? ORDER BY name LIMIT ?"
    rows = call.tx.all(sql, scope_of(call), after, _PAGE + 1)
    shown = [{"ExportingStackId": stack, "Name": name, "Value": value} for name, value, stack in rows[:_PAGE]]
    more = {"NextToken": encode_token(rows[_PAGE - 1][0])} if len(rows) > _PAGE else {}
    return {"Exports": shown, **more}


@SERVICE.operation("ListImports", reads=True)
def list_imports(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """The names of the stacks that import an export."""
    name = params["ExportName"]
    found = importers(call.tx, scope_of(call), name)
    if not found:
        raise invalid(f"Export '{name}' is not imported by any stack.")
    return {"Imports": found}


def value_of(tx: Transaction, scope: str, name: str) -> str | None:
    """What is exported by that name."""
    row = tx.one("SELECT value FROM cloudformation_exports WHERE scope = ? AND name = ?", scope, name)
    return None if row is None else str(row[0])


def importers(tx: Transaction, scope: str, name: str, but: str = "") -> list[str]:
    """The names of the stacks that import an export, one stack left out."""
    sql = (
        "SELECT s.name FROM cloudformation_imports i JOIN cloudformation_stacks s ON s.id = i.stack"
        " WHERE i.scope = ? AND i.name = ? AND i.stack <> ? ORDER BY s.name"
    )
    return [row[0] for row in tx.all(sql, scope, name, but)]


def keep_import(tx: Transaction, scope: str, name: str, stack: str) -> None:
    """A stack imports an export."""
    tx.run("INSERT INTO cloudformation_imports VALUES (?, ?, ?) ON CONFLICT DO NOTHING", scope, name, stack)


def keep_imports_only(tx: Transaction, stack: str, names: set[str]) -> None:
    """A stack imports nothing but these any more."""
    for (name,) in tx.all("SELECT name FROM cloudformation_imports WHERE stack = ?", stack):
        if name not in names:
            tx.run("DELETE FROM cloudformation_imports WHERE stack = ? AND name = ?", stack, name)


def of_stack(tx: Transaction, stack: str) -> dict[str, str]:
    """What a stack exports."""
    return dict(tx.all("SELECT name, value FROM cloudformation_exports WHERE stack = ? ORDER BY name", stack))


def in_use(tx: Transaction, scope: str, stack: str) -> str:
    """Why a stack cannot be deleted: the first of its exports that another one imports; or nothing."""
    for name in of_stack(tx, stack):
        if users := importers(tx, scope, name, stack):
            return f"Delete canceled. Cannot delete export {name} as it is in use by {_enumerated(users)}."
    return ""


def replace(tx: Transaction, scope: str, stack: str, wanted: dict[str, str]) -> str:
    """A stack exports these from now on; or why it cannot."""
    present = of_stack(tx, stack)
    for name, value in present.items():
        if wanted.get(name) == value:
            continue
        if users := importers(tx, scope, name, stack):
            verb = "updated" if name in wanted else "deleted"
            return f"Export {name} cannot be {verb} as it is in use by {_enumerated(users)}"
    for name in wanted:
        sql = "SELECT s.name FROM cloudformation_exports e JOIN cloudformation_stacks s ON s.id = e.stack"
        row = tx.one(f"{sql} WHERE e.scope = ? AND e.name = ? AND e.stack <> ?", scope, name, stack)
        if row is not None:
            return f"Export with name {name} is already exported by stack {row[0]}"
    tx.run("DELETE FROM cloudformation_exports WHERE stack = ?", stack)
    for name, value in wanted.items():
        tx.run("INSERT INTO cloudformation_exports VALUES (?, ?, ?, ?)", scope, name, value, stack)
    return ""


def drop(tx: Transaction, stack: str) -> None:
    """A deleted stack exports and imports nothing."""
    tx.run("DELETE FROM cloudformation_exports WHERE stack = ?", stack)
    tx.run("DELETE FROM cloudformation_imports WHERE stack = ?", stack)


def _enumerated(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
