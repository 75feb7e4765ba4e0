"""The rows of secrets and their versions."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from segue.arn import is_arn
from segue.store import Transaction

MIGRATIONS = (
    """
    CREATE TABLE secretsmanager_secrets (
        arn TEXT PRIMARY KEY,
        number BIGINT NOT NULL,
        scope TEXT NOT NULL,
        name TEXT NOT NULL,
        description TEXT,
        kms_key TEXT,
        owner TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        changed_at BIGINT NOT NULL,
        accessed_at BIGINT,
        deleted_at BIGINT,
        policy TEXT
    );
    CREATE UNIQUE INDEX secretsmanager_secrets_name ON secretsmanager_secrets (scope, name);
    CREATE INDEX secretsmanager_secrets_number ON secretsmanager_secrets (scope, number);
    CREATE TABLE secretsmanager_versions (
        arn TEXT NOT NULL,
        id TEXT NOT NULL,
        number BIGINT NOT NULL,
        text TEXT,
        bytes BYTEA,
        stages TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        PRIMARY KEY (arn, id)
    );
    """,
    """
    CREATE TABLE secretsmanager_rotations (
        arn TEXT PRIMARY KEY,
        document TEXT NOT NULL
    );
    """,
)
_SECRET = "arn, number, scope, name, description, kms_key, owner, created_at, changed_at, accessed_at, deleted_at"
_VERSION = "arn, id, number, text, bytes, stages, created_at"


class Secret(NamedTuple):
    """A secret; ``owner`` is the service that manages it, or nothing. Times in milliseconds."""

    arn: str
    number: int
    scope: str
    name: str
    description: str | None
    kms_key: str | None
    owner: str
    created_at_ms: int
    changed_at_ms: int
    accessed_at_ms: int | None
    deleted_at_ms: int | None


class Version(NamedTuple):
    """A value that a secret has or had, with its staging labels."""

    arn: str
    id: str
    number: int
    text: str | None
    bytes: bytes | None
    stages: tuple[str, ...]
    created_at_ms: int


def find(tx: Transaction, scope: str, secret_id: str) -> Secret | None:
    """The secret of that name, ARN, or ARN without its last six characters."""
    if not is_arn(secret_id):
        row = tx.one(f"SELECT {_SECRET} FROM secretsmanager_secrets WHERE scope = ? AND name = ?", scope, secret_id)
        return None if row is None else Secret(*row)
    row = tx.one(f"SELECT {_SECRET} FROM secretsmanager_secrets WHERE arn = ?", secret_id)
    if row is None:
        sql = f"SELECT {_SECRET} FROM secretsmanager_secrets WHERE substr(arn, 1, length(arn) - 7) = ? LIMIT 1"
        row = tx.one(sql, secret_id)
    return None if row is None else Secret(*row)


def insert(tx: Transaction, secret: Secret) -> None:
    """Keep a new secret."""
    marks = ", ".join("?" * len(secret))
    tx.run(f"INSERT INTO secretsmanager_secrets ({_SECRET}) VALUES ({marks})", *secret)


def save(tx: Transaction, secret: Secret) -> None:
    """Keep what of a secret can change."""
    tx.run(
        "UPDATE secretsmanager_secrets"
        " SET description = ?, kms_key = ?, changed_at = ?, accessed_at = ?, deleted_at = ? WHERE arn = ?",
        secret.description,
        secret.kms_key,
        secret.changed_at_ms,
        secret.accessed_at_ms,
        secret.deleted_at_ms,
        secret.arn,
    )


def delete(tx: Transaction, arn: str) -> None:
    """Forget a secret and its versions."""
    tx.run("DELETE FROM secretsmanager_secrets WHERE arn = ?", arn)
    tx.run("DELETE FROM secretsmanager_versions WHERE arn = ?", arn)
    tx.run("DELETE FROM secretsmanager_rotations WHERE arn = ?", arn)


def listed(tx: Transaction, scope: str) -> list[Secret]:
    """All secrets of an account and region, oldest first."""
    rows = tx.all(f"SELECT {_SECRET} FROM secretsmanager_secrets WHERE scope = ? ORDER BY number", scope)
    return [Secret(*row) for row in rows]


def versions(tx: Transaction, arn: str) -> list[Version]:
    """A secret's versions, oldest first."""
    rows = tx.all(f"SELECT {_VERSION} FROM secretsmanager_versions WHERE arn = ? ORDER BY number", arn)
    return [
        Version(arn, id, number, text, value, tuple(stages.splitlines()), created_at)
        for arn, id, number, text, value, stages, created_at in rows
    ]


def insert_version(tx: Transaction, version: Version) -> None:
    """Keep a new version."""
    values = [*version[:5], "\n".join(version.stages), version.created_at_ms]
    tx.run(f"INSERT INTO secretsmanager_versions ({_VERSION}) VALUES (?, ?, ?, ?, ?, ?, ?)", *values)


def save_stages(tx: Transaction, arn: str, version_id: str, stages: tuple[str, ...]) -> None:
    """Keep which labels a version has."""
    sql = "UPDATE secretsmanager_versions SET stages = ? WHERE arn = ? AND id = ?"
    tx.run(sql, "\n".join(stages), arn, version_id)


def delete_version(tx: Transaction, arn: str, version_id: str) -> None:
    """Forget a version."""
    tx.run("DELETE FROM secretsmanager_versions WHERE arn = ? AND id = ?", arn, version_id)


def policy_of(tx: Transaction, arn: str) -> str | None:
    """The resource policy attached to a secret."""
    row = tx.one("SELECT policy FROM secretsmanager_secrets WHERE arn = ?", arn)
    return None if row is None else row[0]


def save_policy(tx: Transaction, arn: str, policy: str | None) -> None:
    """Attach a resource policy, or none."""
    tx.run("UPDATE secretsmanager_secrets SET policy = ? WHERE arn = ?", policy, arn)


def save_value(tx: Transaction, arn: str, version_id: str, text: str | None, value: bytes | None) -> None:
    """Give a version that has none its value."""
    sql = "UPDATE secretsmanager_versions SET text = ?, bytes = ? WHERE arn = ? AND id = ?"
    tx.run(sql, text, value, arn, version_id)


def rotation_of(tx: Transaction, arn: str) -> dict[str, Any] | None:
    """How a secret is rotated: ``function``, ``rules``, ``enabled``, ``next_ms``, ``last_ms``."""
    row = tx.one("SELECT document FROM secretsmanager_rotations WHERE arn = ?", arn)
    return None if row is None else json.loads(row[0])


def save_rotation(tx: Transaction, arn: str, rotation: dict[str, Any]) -> None:
    """Keep how a secret is rotated."""
    tx.run(
        "INSERT INTO secretsmanager_rotations VALUES (?, ?)"
        " ON CONFLICT (arn) DO UPDATE SET document = excluded.document",
        arn,
        json.dumps(rotation),
    )
