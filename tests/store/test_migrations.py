"""What versions of Segue side by side need of the schema: a newer one only adds to it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from pathlib import Path

import segue
from segue.api import Api
from segue.config import Settings
from segue.server import migrations, services
from segue.store.postgres.nodes import ENGINE, MIGRATIONS

ADDS = re.compile(
    r"CREATE TABLE \w+ .*"
    r"|CREATE INDEX \w+ ON .*"
    r"|ALTER TABLE \w+ ADD COLUMN \w+ (?:BIGINT|TEXT|BYTEA|DOUBLE PRECISION)(?: NOT NULL)? DEFAULT (?:\d+|'[^']*')"
    r"|ALTER TABLE \w+ ADD COLUMN \w+ (?:BIGINT|TEXT|BYTEA|DOUBLE PRECISION)",
)
UNIQUE = re.compile(r"CREATE UNIQUE INDEX \w+ ON (\w+) .*")
BEFORE_THERE_WERE_NODES = {
    ("events", 1, "UPDATE events_targets SET"),
    ("lambda", 3, "INSERT INTO held_messages SELECT"),
    ("lambda", 3, "DROP TABLE lambda_held_messages"),
    ("lambda", 3, "INSERT INTO stream_lanes SELECT"),
    ("lambda", 3, "DROP TABLE lambda_stream_lanes"),
}
"""Scripts that change more, from when no two versions could share a store. Nothing is to be added here: what an older
node reads and writes must go on being there (docs/how-to/postgresql.md)."""


def breaking(component: str, number: int, script: str, plain_indexes: Collection[str] = ()) -> Iterator[str]:
    """The statements of a script that an older node beside it would feel. (It does not feel that a plain index is gone;
    of a unique one it may say ``ON CONFLICT``.)"""
    statements = [" ".join(text.split()) for text in re.sub(r"--.*", "", script).split(";") if text.strip()]
    made = {found.group(1) for one in statements if (found := re.match(r"CREATE TABLE (\w+)", one))}
    for statement in statements:
        unique = UNIQUE.fullmatch(statement)
        known = any(
            statement.startswith(words) for *where, words in BEFORE_THERE_WERE_NODES if where == [component, number]
        )
        unneeded = statement.removeprefix("DROP INDEX ") in plain_indexes
        if not (ADDS.fullmatch(statement) or unneeded or (unique and unique.group(1) in made) or known):
            yield f"{component}, script {number}: {statement}"


def test_scripts_only_add_what_older_nodes_need_not_know() -> None:
    schema = {ENGINE: MIGRATIONS, **migrations(Api(services(), Settings()))}
    plain = [name for scripts in schema.values() for name in re.findall(r"CREATE INDEX (\w+)", " ".join(scripts))]
    found = [
        statement
        for component, scripts in schema.items()
        for number, script in enumerate(scripts)
        for statement in breaking(component, number, script, plain)
    ]
    assert found == []


def test_what_would_break_an_older_node_is_found() -> None:
    for statement in (
        "DROP TABLE jobs;",
        "DROP INDEX jobs_unique;",
        "ALTER TABLE jobs DROP COLUMN trace;",
        "ALTER TABLE jobs RENAME COLUMN trace TO cause;",
        "ALTER TABLE jobs ADD COLUMN colour TEXT NOT NULL;",
        "CREATE UNIQUE INDEX jobs_one ON jobs (key);",
        "UPDATE jobs SET key = '';",
    ):
        assert list(breaking("jobs", 1, statement)), statement
    assert not list(breaking("jobs", 1, "ALTER TABLE jobs ADD COLUMN colour TEXT NOT NULL DEFAULT 'blue';"))
    assert not list(breaking("jobs", 1, "CREATE TABLE a (b TEXT); CREATE UNIQUE INDEX a_b ON a (b);"))


def test_columns_are_asked_for_by_name_so_that_new_ones_hurt_nobody() -> None:
    modules = Path(segue.__file__).parent.rglob("*.py")
    for module in (one for one in modules if one.name != "partitions.py"):  # that copies whole tables
        assert not re.search(r"\b(?:SELECT|RETURNING) (?:\w+\.)?\*", module.read_text()), module
