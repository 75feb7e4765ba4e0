"""The rows of versions and aliases of state machines, and the SQL that reads and writes them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from segue.store import Row, Transaction


@dataclass(frozen=True, slots=True)
class Version:
    """A numbered snapshot of a state machine; ``settings`` as in :class:`~segue.services.states.records.Machine`."""

    arn: str
    machine_arn: str
    number: int
    description: str
    revision_id: str
    definition_hash: str
    role_arn: str
    settings: dict[str, Any]
    created_at_ms: int


@dataclass(frozen=True, slots=True)
class Alias:
    """A name for one or two versions. ``routing``: each version's ARN and its share of new executions, in percent.
    ``number`` orders aliases by their creation.
    """

    arn: str
    machine_arn: str
    name: str
    description: str
    routing: tuple[tuple[str, int], ...]
    created_at_ms: int
    updated_at_ms: int
    number: int = 0


_VERSION_COLUMNS = "arn, machine_arn, number, description, revision_id, definition_hash, role_arn, settings, created_at"
_ALIAS_COLUMNS = "arn, machine_arn, name, description, routing, created_at, updated_at, number"


def find_version(tx: Transaction, arn: str) -> Version | None:
    """The version of that ARN."""
    row = tx.one(f"SELECT {_VERSION_COLUMNS} FROM states_versions WHERE arn = ?", arn)
    return None if row is None else _version(row)


def version_of_revision(tx: Transaction, machine_arn: str, revision_id: str) -> Version | None:
    """The newest version that was published of a revision."""
    row = tx.one(
        f"SELECT {_VERSION_COLUMNS} FROM states_versions WHERE machine_arn = ? AND revision_id = ?"
        " ORDER BY number DESC LIMIT 1",
        machine_arn,
        revision_id,
    )
    return None if row is None else _version(row)


def list_versions(tx: Transaction, machine_arn: str, before: int, limit: int) -> list[Version]:
    """Versions of a state machine with numbers below ``before``, the newest first."""
    rows = tx.all(
        f"SELECT {_VERSION_COLUMNS} FROM states_versions WHERE machine_arn = ? AND number < ?"
        " ORDER BY number DESC LIMIT ?",
        machine_arn,
        before,
        limit,
    )
    return [_version(row) for row in rows]


def count_versions(tx: Transaction, machine_arn: str) -> int:
    """How many versions a state machine has."""
    row = tx.one("SELECT COUNT(*) FROM states_versions WHERE machine_arn = ?", machine_arn)
    return int(row[0]) if row else 0


def insert_version(tx: Transaction, version: Version) -> None:
    """Keep a new version, and that its number is taken."""
    tx.run(
        "INSERT INTO states_versions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        version.arn,
        version.machine_arn,
        version.number,
        version.description,
        version.revision_id,
        version.definition_hash,
        version.role_arn,
        json.dumps(version.settings),
        version.created_at_ms,
    )
    tx.run("UPDATE states_machines SET last_version = ? WHERE arn = ?", version.number, version.machine_arn)


def delete_version(tx: Transaction, arn: str) -> None:
    """Forget a version; its number is not given again."""
    tx.run("DELETE FROM states_versions WHERE arn = ?", arn)


def find_alias(tx: Transaction, arn: str) -> Alias | None:
    """The alias of that ARN."""
    row = tx.one(f"SELECT {_ALIAS_COLUMNS} FROM states_aliases WHERE arn = ?", arn)
    return None if row is None else _alias(row)


def list_aliases(tx: Transaction, machine_arn: str, after: int = -1, limit: int = 1_000) -> list[Alias]:
    """Aliases of a state machine in the order of their creation, those after a number."""
    rows = tx.all(
        f"SELECT {_ALIAS_COLUMNS} FROM states_aliases WHERE machine_arn = ? AND number > ? ORDER BY number LIMIT ?",
        machine_arn,
        after,
        limit,
    )
    return [_alias(row) for row in rows]


def insert_alias(tx: Transaction, alias: Alias) -> None:
    """Keep a new alias."""
    tx.run(
        "INSERT INTO states_aliases VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        alias.arn,
        alias.machine_arn,
        alias.name,
        alias.description,
        json.dumps(alias.routing),
        alias.created_at_ms,
        alias.updated_at_ms,
        alias.number,
    )


def update_alias(tx: Transaction, alias: Alias) -> None:
    """Keep what was changed of an alias."""
    tx.run(
        "UPDATE states_aliases SET description = ?, routing = ?, updated_at = ? WHERE arn = ?",
        alias.description,
        json.dumps(alias.routing),
        alias.updated_at_ms,
        alias.arn,
    )


def delete_alias(tx: Transaction, arn: str) -> None:
    """Forget an alias."""
    tx.run("DELETE FROM states_aliases WHERE arn = ?", arn)


def delete_all(tx: Transaction, machine_arn: str) -> None:
    """The state machine goes, and its versions and aliases with it."""
    tx.run("DELETE FROM states_versions WHERE machine_arn = ?", machine_arn)
    tx.run("DELETE FROM states_aliases WHERE machine_arn = ?", machine_arn)


def _version(row: Row) -> Version:
    return Version(row[0], row[1], row[2], row[3], row[4], row[5], row[6], json.loads(row[7]), row[8])


def _alias(row: Row) -> Alias:
    routing = tuple((str(arn), int(weight)) for arn, weight in json.loads(row[4]))
    return Alias(row[0], row[1], row[2], row[3], routing, row[5], row[6], row[7])
