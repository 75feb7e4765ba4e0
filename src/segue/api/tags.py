"""Tags of resources, by ARN: one table for all services."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from segue.store import Transaction

MIGRATIONS = (
    """
    CREATE TABLE tags (
        arn TEXT NOT NULL,
        key TEXT NOT NULL,
        value TEXT NOT NULL,
        PRIMARY KEY (arn, key)
    );
    """,
)


def tags_of(tx: Transaction, arn: str) -> dict[str, str]:
    """A resource's tags."""
    return dict(tx.all("SELECT key, value FROM tags WHERE arn = ? ORDER BY key", arn))


def add_tags(tx: Transaction, arn: str, tags: Mapping[str, str]) -> None:
    """Add tags, replacing values of the same key."""
    for key, value in tags.items():
        tx.run(
            "INSERT INTO tags VALUES (?, ?, ?) ON CONFLICT (arn, key) DO UPDATE SET value = excluded.value",
            arn,
            key,
            value,
        )


def remove_tags(tx: Transaction, arn: str, keys: Iterable[str]) -> None:
    """Remove tags by key; absent ones do no harm."""
    for key in keys:
        tx.run("DELETE FROM tags WHERE arn = ? AND key = ?", arn, key)


def drop_tags(tx: Transaction, arn: str) -> None:
    """The resource is gone: so are its tags."""
    tx.run("DELETE FROM tags WHERE arn = ?", arn)
