"""How PostgreSQL reads: by the index that is meant, with statistics and without, whatever else is in the tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.postgres import NoPostgres, drop_database, new_database

pytest.importorskip("psycopg", reason="pip install 'segue[postgres]'")

import psycopg

from segue.api import Api
from segue.config import Settings
from segue.server import migrations, services
from segue.store.postgres.dialect import statement
from segue.store.postgres.opening import Database

ROWS = 20_000
FILLED = {
    # one queue, one activity, one table and one machine have nearly everything; what is asked for is another
    "jobs": "(id, kind, key, visible_at, payload, created_at, trace) SELECT i, 'k', 'key' || i, i, '', i, ''",
    "sqs_messages": "(id, queue, message_id, body, body_md5, sender, sent_at, visible_at, trace)"
    " SELECT i, CASE WHEN i % 100 = 0 THEN 'q' || i ELSE 'big' END, i, 'body', '', '', i, i, ''",
    "states_activity_tasks": "(id, activity_arn, token, execution_arn, frame, generation, input)"
    " SELECT i, CASE WHEN i % 100 = 0 THEN 'a' || i ELSE 'big' END, i, 'e' || i, 1, 1, ''",
    "dynamodb_items": "(tbl, bucket, hash, sort, item, size)"
    " SELECT i % 3, i % 4000, CONVERT_TO('h' || i, 'UTF8'), '', '', 1",
    "dynamodb_index_entries": "(idx, bucket, hash, sort, item_bucket, item_hash, item_sort)"
    " SELECT i % 3, i % 50, CONVERT_TO('g' || i % 50, 'UTF8'), CONVERT_TO('s' || i, 'UTF8'), i % 4000,"
    " CONVERT_TO('h' || i, 'UTF8'), ''",
}
READ = {
    "SELECT id FROM jobs WHERE visible_at <= ? ORDER BY visible_at, id LIMIT ?": {"jobs_due"},
    "SELECT visible_at FROM jobs WHERE key = ? AND kind = ?": {"jobs_key"},
    "SELECT 1 FROM jobs WHERE wait_key = ? LIMIT 1": {"jobs_parked"},
    "SELECT 1 FROM jobs WHERE key = ? UNION ALL SELECT 1 FROM jobs WHERE key > ? AND key < ? LIMIT 1": {"jobs_key"},
    "SELECT id FROM sqs_messages WHERE queue = ? AND visible_at <= ? ORDER BY visible_at, id LIMIT ?": {
        "sqs_messages_visible"
    },
    "DELETE FROM sqs_messages WHERE id IN"
    " (SELECT id FROM sqs_messages WHERE queue = ? AND id <= ? ORDER BY visible_at, id LIMIT ?)": {
        "sqs_messages_visible",
        "sqs_messages_pkey",
    },
    "DELETE FROM states_activity_tasks WHERE id = (SELECT id FROM states_activity_tasks"
    " WHERE activity_arn >= ? AND activity_arn <= ? ORDER BY activity_arn, id LIMIT 1)": {
        "states_activity_tasks_activity",
        "states_activity_tasks_pkey",
    },
    "SELECT i.item FROM dynamodb_index_entries e LEFT JOIN dynamodb_items i"
    " ON i.tbl = ? AND i.bucket = e.item_bucket AND i.hash = e.item_hash AND i.sort = e.item_sort"
    " WHERE e.idx = ? AND e.bucket >= ? AND e.bucket < ?"
    " ORDER BY e.bucket, e.hash, e.sort, e.item_hash, e.item_sort LIMIT ?": {
        "dynamodb_index_entries_pkey",
        "dynamodb_items_pkey",
    },
    "SELECT arn FROM states_executions WHERE arn > ? ORDER BY arn LIMIT ?": {"states_executions_pkey"},
}


@pytest.fixture(scope="module")
def connection() -> Iterator[psycopg.Connection[Any]]:
    try:
        url = new_database()
    except NoPostgres as none:
        pytest.skip(str(none))
    database = Database(url)
    database.prepare(migrations(Api(services(), Settings())))
    with psycopg.connect(database.conninfo, autocommit=True, prepare_threshold=None) as made:
        for table, content in FILLED.items():
            made.execute(f"INSERT INTO {table} {content} FROM generate_series(1, {ROWS}) i".encode())
        yield made
    drop_database(url)


@pytest.mark.parametrize("statistics", ["none", "fresh"])
def test_by_the_index_that_is_meant(connection: psycopg.Connection[Any], statistics: str) -> None:
    if statistics == "fresh":
        connection.execute("ANALYZE")
    for sql, indexes in READ.items():
        nodes = list(plan(connection, sql))
        used = {node["Index Name"] for node in nodes if "Index Name" in node}
        assert used == indexes, sql
        for node in nodes:
            assert node["Node Type"] not in ("Seq Scan", "Sort", "Incremental Sort"), (sql, node)
            assert "Index Name" not in node or "Index Cond" in node, (sql, node)


def plan(connection: psycopg.Connection[Any], sql: str) -> Iterator[dict[str, Any]]:
    """The nodes of the plan that a server's connection would make and keep."""
    translated = statement(sql)
    nothing = ", ".join(["NULL"] * sql.count("?"))
    connection.execute(b"DEALLOCATE ALL")
    connection.execute(b"PREPARE asked AS " + translated)
    row = connection.execute(f"EXPLAIN (FORMAT JSON) EXECUTE asked({nothing})".encode()).fetchone()
    assert row is not None
    waiting = [row[0][0]["Plan"]]
    while waiting:
        node = waiting.pop()
        waiting += node.get("Plans", [])
        yield node
