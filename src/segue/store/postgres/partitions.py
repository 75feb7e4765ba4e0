"""Tables in parts: each table that grows is cut by its partition key, so that its parts can be vacuumed, moved to other
disks and looked after one by one.

https://www.postgresql.org/docs/current/ddl-partitioning.html: hash partitioning; a unique index must hold the key.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import psycopg
from psycopg import sql

from segue.clock import Clock
from segue.ids import Ids
from segue.store.postgres.opening import SCHEMA_LOCK, Database
from segue.store.postgres.session import SessionTransaction, connected, has_schema
from segue.store.snapshot import NoData
from segue.store.store import DatabaseUnusable

_SCHEMA = "segue_parts"
"""Where parts are kept, so that whoever lists tables sees whole ones."""
_INDEXES = """
SELECT c.relname, i.indisunique, i.indisprimary, pg_get_indexdef(i.indexrelid),
       ARRAY(SELECT a.attname FROM unnest(i.indkey) WITH ORDINALITY AS k (number, place)
             JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number ORDER BY k.place)
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = %s::regclass ORDER BY c.relname
"""
_CONNECTED = """
SELECT COUNT(*) FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'segue' AND pid <> pg_backend_pid()
"""
_Connection = psycopg.Connection[Any]


def partition(
    database: Database, clock: Clock, keys: Mapping[str, str], parts: int, tell: Callable[[str], None]
) -> list[str]:
    """Cut tables into parts, all of them or none. What is in parts already stays as it is.

    Args:
        keys: the column by whose hash each table is cut.
        parts: into how many.
        tell: hears of each table before it is cut.

    Returns:
        The tables that were cut.

    Raises:
        NoData: no server has made its tables there.
        DatabaseUnusable: with words; also while servers are running.
    """
    with connected(database) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (SCHEMA_LOCK,))
        transaction = SessionTransaction(connection, clock.now_ms(), Ids(), reads=False)
        if not has_schema(transaction):
            raise NoData(f"{database.shown} is no Segue's database yet: start a server on it once")
        _refuse_while_served(database, transaction)
        connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(_SCHEMA)))
        whole = [table for table in sorted(keys) if _is_whole(connection, table)]
        for table in whole:
            tell(table)
            _cut(connection, table, keys[table], parts)
        return whole


def _refuse_while_served(database: Database, transaction: SessionTransaction) -> None:
    connected = transaction.one(_CONNECTED)
    if connected and connected[0]:
        raise DatabaseUnusable(f"{database.shown}: servers are running on it. Stop them first")


def _is_whole(connection: _Connection, table: str) -> bool:
    row = connection.execute("SELECT relkind FROM pg_class WHERE oid = to_regclass(%s)", (table,)).fetchone()
    return row is not None and row[0] == "r"


def _cut(connection: _Connection, table: str, key: str, parts: int) -> None:
    name, old = sql.Identifier(table), sql.Identifier(_SCHEMA, table)

    def run(statement: str, *parts: sql.Composable) -> None:
        connection.execute(sql.SQL(statement).format(*parts))

    indexes = connection.execute(_INDEXES, (table,)).fetchall()
    run("ALTER TABLE {} SET SCHEMA {}", name, sql.Identifier(_SCHEMA))
    run("CREATE TABLE {} (LIKE {} INCLUDING DEFAULTS) PARTITION BY HASH ({})", name, old, sql.Identifier(key))
    for number in range(parts):
        part, which = sql.Identifier(_SCHEMA, f"{table}_{number}"), (sql.Literal(parts), sql.Literal(number))
        run("CREATE TABLE {} PARTITION OF {} FOR VALUES WITH (MODULUS {}, REMAINDER {})", part, name, *which)
    run("INSERT INTO {} SELECT * FROM {}", name, old)
    run("DROP TABLE {}", old)
    for index in indexes:
        connection.execute(_index(table, key, *index))
    run("ANALYZE {}", name)


def _index(table: str, key: str, name: str, unique: bool, primary: bool, made: str, columns: list[str]) -> sql.Composed:
    """What makes an index of the table in parts as it was on the whole one."""
    if unique and key not in columns:
        columns = [*columns, key]
    listed = sql.SQL(", ").join(map(sql.Identifier, columns))
    if primary:
        added = "ALTER TABLE {} ADD CONSTRAINT {} PRIMARY KEY ({})"
        return sql.SQL(added).format(sql.Identifier(table), sql.Identifier(name), listed)
    condition = re.search(r" WHERE .*", made)
    kind = "CREATE UNIQUE INDEX {} ON {} ({})" if unique else "CREATE INDEX {} ON {} ({})"
    created = sql.SQL(kind).format(sql.Identifier(name), sql.Identifier(table), listed)
    return created + sql.SQL(condition.group() if condition else "")
