"""The rows of the service: everything with a name is a document of its account and region, by kind and name."""

from __future__ import annotations

import json
from typing import Any, Final, NamedTuple

from segue.store import Row, Transaction

MIGRATIONS = (
    """
    CREATE TABLE ses_things (
        scope TEXT NOT NULL,
        kind TEXT NOT NULL,
        name TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        changed_at BIGINT NOT NULL,
        document TEXT NOT NULL,
        PRIMARY KEY (scope, kind, name)
    );
    CREATE TABLE ses_statistics (
        scope TEXT NOT NULL,
        slot BIGINT NOT NULL,
        what TEXT NOT NULL,
        count BIGINT NOT NULL,
        PRIMARY KEY (scope, slot, what)
    );
    CREATE INDEX ses_statistics_slot ON ses_statistics (slot);
    """,
)

IDENTITY: Final = "identity"
TEMPLATE: Final = "template"
CONFIGURATION_SET: Final = "configuration-set"
CONTACT_LIST: Final = "contact-list"
SUPPRESSED: Final = "suppressed"
LINK: Final = "link"
ACCOUNT: Final = "account"

SLOT_MS: Final = 900_000
"""Statistics are counted by quarters of an hour, as GetSendStatistics tells them."""
STATISTICS_KEPT_MS: Final = 14 * 86_400_000


class Thing(NamedTuple):
    """An identity, a template, a configuration set, …: what it is, is in its document."""

    name: str
    created_at_ms: int
    changed_at_ms: int
    document: dict[str, Any]


_THING: Final = "name, created_at, changed_at, document"


def find(tx: Transaction, scope: str, kind: str, name: str) -> Thing | None:
    """The thing of that kind and name."""
    row = tx.one(f"SELECT {_THING} FROM ses_things WHERE scope = ? AND kind = ? AND name = ?", scope, kind, name)
    return None if row is None else _thing(row)


def save(tx: Transaction, scope: str, kind: str, name: str, document: dict[str, Any]) -> None:
    """Keep a thing; one that is there already keeps when it was made."""
    tx.run(
        "INSERT INTO ses_things VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (scope, kind, name)"
        " DO UPDATE SET changed_at = excluded.changed_at, document = excluded.document",
        scope,
        kind,
        name,
        tx.now_ms,
        tx.now_ms,
        json.dumps(document, separators=(",", ":")),
    )


def delete(tx: Transaction, scope: str, kind: str, name: str) -> bool:
    """Forget a thing; whether it was there."""
    return tx.run("DELETE FROM ses_things WHERE scope = ? AND kind = ? AND name = ?", scope, kind, name) > 0


def delete_kind(tx: Transaction, scope: str, kind: str) -> None:
    """Forget all things of a kind."""
    tx.run("DELETE FROM ses_things WHERE scope = ? AND kind = ?", scope, kind)


def listed(tx: Transaction, scope: str, kind: str, after: str = "", limit: int = 1_000) -> list[Thing]:
    """Things of a kind, by name, after one."""
    sql = f"SELECT {_THING} FROM ses_things WHERE scope = ? AND kind = ? AND name > ? ORDER BY name LIMIT ?"
    return [_thing(row) for row in tx.all(sql, scope, kind, after, limit)]


def count(tx: Transaction, scope: str, kind: str) -> int:
    """How many there are of a kind."""
    row = tx.one("SELECT COUNT(*) FROM ses_things WHERE scope = ? AND kind = ?", scope, kind)
    return 0 if row is None else int(row[0])


def add_statistic(tx: Transaction, scope: str, what: str, number: int) -> None:
    """Count: ``DeliveryAttempts``, ``Bounces``, ``Complaints`` or ``Rejects``."""
    if number:
        tx.run(
            "INSERT INTO ses_statistics VALUES (?, ?, ?, ?) ON CONFLICT (scope, slot, what)"
            " DO UPDATE SET count = ses_statistics.count + excluded.count",
            scope,
            tx.now_ms // SLOT_MS * SLOT_MS,
            what,
            number,
        )


def statistics(tx: Transaction, scope: str, since_ms: int) -> list[tuple[int, str, int]]:
    """Slot, what and count, oldest first."""
    sql = "SELECT slot, what, count FROM ses_statistics WHERE scope = ? AND slot >= ? ORDER BY slot, what"
    return [(row[0], row[1], row[2]) for row in tx.all(sql, scope, since_ms)]


def forget(tx: Transaction, kind: str, before_ms: int, limit: int) -> bool:
    """Forget things of a kind, of every account, that are older: a piece; whether there is more."""
    rows = tx.all(
        "SELECT scope, name FROM ses_things WHERE kind = ? AND created_at < ? LIMIT ?", kind, before_ms, limit
    )
    for scope, name in rows:
        delete(tx, scope, kind, name)
    return len(rows) == limit


def forget_statistics(tx: Transaction) -> None:
    """Forget what GetSendStatistics no longer tells."""
    tx.run("DELETE FROM ses_statistics WHERE slot < ?", tx.now_ms - STATISTICS_KEPT_MS)


def _thing(row: Row) -> Thing:
    return Thing(row[0], row[1], row[2], json.loads(row[3]))
