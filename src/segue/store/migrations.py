"""Forward-only migrations: each component lists its scripts in order; what a store has run, it never runs again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

Migrations = Mapping[str, Sequence[str]]
"""Component name → its scripts, oldest first. A script is one or more SQL statements ended by semicolons."""

_TABLE = """CREATE TABLE IF NOT EXISTS schema_versions (
    component TEXT PRIMARY KEY,
    version BIGINT NOT NULL
)"""


class StoreIsNewer(Exception):
    """The store was written by a newer Segue; going back is not possible."""


class _Connection(Protocol):
    def execute(self, sql: str, args: tuple[Any, ...] = ...) -> Any: ...


def refuse_newer(versions: Mapping[str, int], migrations: Migrations) -> None:
    """Refuse what this program does not know.

    Raises:
        StoreIsNewer: a component has run scripts that are not among these.
    """
    for component, version in versions.items():
        known = len(migrations.get(component, ()))
        if version > known:
            raise StoreIsNewer(
                f"The data was written by a newer Segue: '{component}' is at version {version}, this program knows "
                f"{known}. Start the newer program, or choose other data (--data, --store)."
            )


def migrate(connection: _Connection, migrations: Migrations, before: str = "") -> None:
    """Bring the store to this program's schema, within the caller's transaction.

    Args:
        before: what is said before the schema of a store changes that is there already, and may be in use.

    Raises:
        StoreIsNewer: the store has run scripts that this program does not know.
    """
    connection.execute(_TABLE)
    versions = dict(connection.execute("SELECT component, version FROM schema_versions"))
    refuse_newer(versions, migrations)
    if before and versions and any(len(scripts) > versions.get(name, 0) for name, scripts in migrations.items()):
        connection.execute(before)
    for component, scripts in migrations.items():
        for script in scripts[versions.get(component, 0) :]:
            connection.execute(script)
        connection.execute(
            "INSERT INTO schema_versions VALUES (?, ?)"
            " ON CONFLICT (component) DO UPDATE SET version = excluded.version",
            (component, len(scripts)),
        )
