"""The rows of keys and aliases."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from segue.arn import is_arn, parse_arn
from segue.store import Row, Transaction

MIGRATIONS = (
    """
    CREATE TABLE kms_keys (
        id TEXT PRIMARY KEY,
        scope TEXT NOT NULL,
        arn TEXT NOT NULL,
        state TEXT NOT NULL,
        secret BYTEA NOT NULL,
        policy TEXT NOT NULL,
        details TEXT NOT NULL
    );
    CREATE INDEX kms_keys_scope ON kms_keys (scope, id);
    CREATE TABLE kms_aliases (
        scope TEXT NOT NULL,
        name TEXT NOT NULL,
        key_id TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        updated_at BIGINT NOT NULL,
        PRIMARY KEY (scope, name)
    );
    CREATE INDEX kms_aliases_key ON kms_aliases (key_id);
    """,
)
_KEY = "id, scope, arn, state, secret, policy, details"
_ALIAS = "scope, name, key_id, created_at, updated_at"


class Key(NamedTuple):
    """A key.

    Attributes:
        state: ``Enabled``, ``Disabled`` or ``PendingDeletion``.
        secret: what it encrypts and authenticates with.
        details: ``KeySpec``, ``KeyUsage``, ``Description``, ``CreationDate``, ``KeyManager``, ``Rotation``, …
    """

    id: str
    scope: str
    arn: str
    state: str
    secret: bytes
    policy: str
    details: dict[str, Any]


class Alias(NamedTuple):
    """A key's other name (``alias/…``). Times in milliseconds."""

    scope: str
    name: str
    key_id: str
    created_at_ms: int
    updated_at_ms: int


def find_key(tx: Transaction, scope: str, key_id: str) -> Key | None:
    """The key of that id."""
    row = tx.one(f"SELECT {_KEY} FROM kms_keys WHERE id = ? AND scope = ?", key_id, scope)
    return None if row is None else _key(row)


def keys_after(tx: Transaction, scope: str, last: str, limit: int) -> list[Key]:
    """Keys by id."""
    sql = f"SELECT {_KEY} FROM kms_keys WHERE scope = ? AND id > ? ORDER BY id LIMIT ?"
    return [_key(row) for row in tx.all(sql, scope, last, limit)]


def save_key(tx: Transaction, key: Key) -> None:
    """Keep a key, new or changed."""
    tx.run(
        f"INSERT INTO kms_keys ({_KEY}) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
        " state = excluded.state, policy = excluded.policy, details = excluded.details",
        *key[:6],
        json.dumps(key.details),
    )


def delete_key(tx: Transaction, key: Key) -> None:
    """Forget a key with its aliases: what it has encrypted is lost."""
    tx.run("DELETE FROM kms_aliases WHERE key_id = ?", key.id)
    tx.run("DELETE FROM kms_keys WHERE id = ?", key.id)


def find_alias(tx: Transaction, scope: str, name: str) -> Alias | None:
    """The alias of that name."""
    row = tx.one(f"SELECT {_ALIAS} FROM kms_aliases WHERE scope = ? AND name = ?", scope, name)
    return None if row is None else Alias(*row)


def aliases_after(tx: Transaction, scope: str, key_id: str, last: str, limit: int) -> list[Alias]:
    """Aliases by name, of one key or (empty) of all."""
    rows = tx.all(
        f"SELECT {_ALIAS} FROM kms_aliases WHERE scope = ? AND name > ? AND (? = '' OR key_id = ?)"
        " ORDER BY name LIMIT ?",
        scope,
        last,
        key_id,
        key_id,
        limit,
    )
    return [Alias(*row) for row in rows]


def save_alias(tx: Transaction, alias: Alias) -> None:
    """Keep an alias, new or changed."""
    tx.run(
        f"INSERT INTO kms_aliases ({_ALIAS}) VALUES (?, ?, ?, ?, ?) ON CONFLICT (scope, name) DO UPDATE SET"
        " key_id = excluded.key_id, updated_at = excluded.updated_at",
        *alias,
    )


def delete_alias(tx: Transaction, scope: str, name: str) -> bool:
    """Forget an alias; whether there was one."""
    return bool(tx.run("DELETE FROM kms_aliases WHERE scope = ? AND name = ?", scope, name))


def policy_of(tx: Transaction, arn: str) -> str | None:
    """The policy of a key."""
    if not is_arn(arn):
        return None
    row = tx.one("SELECT policy FROM kms_keys WHERE id = ?", parse_arn(arn).resource.removeprefix("key/"))
    return None if row is None else str(row[0])


def _key(row: Row) -> Key:
    return Key(row[0], row[1], row[2], row[3], row[4], row[5], json.loads(row[6]))
