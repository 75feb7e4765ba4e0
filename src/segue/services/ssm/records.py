"""The rows of parameters and of their versions."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from segue.store import Row, Transaction

MIGRATIONS = (
    """
    CREATE TABLE ssm_parameters (
        scope TEXT NOT NULL,
        name TEXT NOT NULL,
        latest BIGINT NOT NULL,
        PRIMARY KEY (scope, name)
    );
    CREATE TABLE ssm_versions (
        scope TEXT NOT NULL,
        name TEXT NOT NULL,
        version BIGINT NOT NULL,
        value TEXT NOT NULL,
        modified_at BIGINT NOT NULL,
        labels TEXT NOT NULL,
        details TEXT NOT NULL,
        PRIMARY KEY (scope, name, version)
    );
    """,
)
_COLUMNS = "v.name, v.version, v.value, v.modified_at, v.labels, v.details"
_LATEST = (
    f"SELECT {_COLUMNS} FROM ssm_parameters p"
    " JOIN ssm_versions v ON v.scope = p.scope AND v.name = p.name AND v.version = p.latest"
)


@dataclass(frozen=True, slots=True)
class Version:
    """A value that a parameter has or had.

    Attributes:
        value: as it is kept: of a ``SecureString`` encrypted, in base64.
        details: ``Type``, ``Tier``, ``DataType``, ``KeyId``, ``Description``, ``AllowedPattern``, ``LastModifiedUser``,
            ``Policies``.
    """

    name: str
    version: int
    value: str
    modified_at_ms: int
    labels: tuple[str, ...] = ()
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def type(self) -> str:
        """``String``, ``StringList`` or ``SecureString``."""
        return str(self.details["Type"])


def latest(tx: Transaction, scope: str, name: str) -> Version | None:
    """A parameter as it stands."""
    row = tx.one(f"{_LATEST} WHERE p.scope = ? AND p.name = ?", scope, name)
    return None if row is None else _version(row)


def after(tx: Transaction, scope: str, prefix: str, last: str, limit: int) -> list[Version]:
    """Parameters whose names have a prefix, by name, after one of them."""
    rows = tx.all(
        f"{_LATEST} WHERE p.scope = ? AND p.name >= ? AND p.name > ? AND p.name < ? ORDER BY p.name LIMIT ?",
        scope,
        prefix,
        last,
        prefix + "\U0010ffff",
        limit,
    )
    return [_version(row) for row in rows]


def versions(tx: Transaction, scope: str, name: str, after_version: int = 0, limit: int = 1_000) -> list[Version]:
    """A parameter's versions, oldest first."""
    rows = tx.all(
        f"SELECT {_COLUMNS} FROM ssm_versions v WHERE v.scope = ? AND v.name = ? AND v.version > ?"
        " ORDER BY v.version LIMIT ?",
        scope,
        name,
        after_version,
        limit,
    )
    return [_version(row) for row in rows]


def insert(tx: Transaction, scope: str, made: Version) -> None:
    """Keep a new version, which is the latest now."""
    tx.run(
        "INSERT INTO ssm_parameters VALUES (?, ?, ?) ON CONFLICT (scope, name) DO UPDATE SET latest = excluded.latest",
        scope,
        made.name,
        made.version,
    )
    tx.run(
        "INSERT INTO ssm_versions VALUES (?, ?, ?, ?, ?, ?, ?)",
        scope,
        made.name,
        made.version,
        made.value,
        made.modified_at_ms,
        "\n".join(made.labels),
        json.dumps(made.details),
    )


def delete_version(tx: Transaction, scope: str, name: str, version: int) -> None:
    """Forget a version."""
    tx.run("DELETE FROM ssm_versions WHERE scope = ? AND name = ? AND version = ?", scope, name, version)


def save_labels(tx: Transaction, scope: str, name: str, version: int, labels: tuple[str, ...]) -> None:
    """Keep which labels a version has."""
    sql = "UPDATE ssm_versions SET labels = ? WHERE scope = ? AND name = ? AND version = ?"
    tx.run(sql, "\n".join(labels), scope, name, version)


def save_details(tx: Transaction, scope: str, version: Version) -> None:
    """Keep what a version tells beside its value."""
    sql = "UPDATE ssm_versions SET details = ? WHERE scope = ? AND name = ? AND version = ?"
    tx.run(sql, json.dumps(version.details), scope, version.name, version.version)


def delete(tx: Transaction, scope: str, name: str) -> bool:
    """Forget a parameter and its versions; whether there was one."""
    tx.run("DELETE FROM ssm_versions WHERE scope = ? AND name = ?", scope, name)
    return bool(tx.run("DELETE FROM ssm_parameters WHERE scope = ? AND name = ?", scope, name))


def _version(row: Row) -> Version:
    labels = tuple(row[4].split("\n")) if row[4] else ()
    return Version(row[0], row[1], row[2], row[3], labels, json.loads(row[5]))
