"""Which tables and columns there are at a version of the schema: the scripts say so, whatever the engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import apsw

from segue.store.migrations import Migrations, migrate


@dataclass(frozen=True, slots=True)
class Table:
    """A table that the scripts make.

    Attributes:
        columns: their names and their types as the scripts spell them.
    """

    name: str
    columns: tuple[tuple[str, str], ...]

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.columns]


def at(versions: Mapping[str, int], migrations: Migrations) -> Migrations:
    """The scripts that a store of these versions has run."""
    return {component: migrations[component][:version] for component, version in versions.items()}


def tables(migrations: Migrations) -> list[Table]:
    """What these scripts make, in an order of its own."""
    connection = apsw.Connection(":memory:")
    migrate(connection, migrations)
    names = connection.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite~_%' ESCAPE '~'"
        " AND name <> 'schema_versions' ORDER BY name"
    ).fetchall()
    found = []
    for (name,) in names:
        columns = connection.execute("SELECT name, type FROM pragma_table_info(?)", (name,))
        found.append(Table(str(name), tuple((str(column), str(kind)) for column, kind in columns)))
    connection.close()
    return found
