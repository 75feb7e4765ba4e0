"""Pipes as rows. A scope is ``account/region``."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from segue.arn import Arn, parse_arn
from segue.store import Row, Transaction

MIGRATIONS = (
    """
    CREATE TABLE pipes_pipes (
        arn TEXT PRIMARY KEY,
        scope TEXT NOT NULL,
        name TEXT NOT NULL,
        desired_state TEXT NOT NULL,
        current_state TEXT NOT NULL,
        reason TEXT NOT NULL,
        document TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        modified_at BIGINT NOT NULL
    );
    CREATE UNIQUE INDEX pipes_pipes_name ON pipes_pipes (scope, name);
    """,
)
_PIPE = "SELECT arn, name, desired_state, current_state, reason, document, created_at, modified_at FROM pipes_pipes"


class Pipe(NamedTuple):
    """A pipe: ``document`` has the members of the requests that made it what it is. Times in milliseconds."""

    arn: str
    name: str
    desired_state: str
    current_state: str
    reason: str
    document: dict[str, Any]
    created_at_ms: int
    modified_at_ms: int

    @property
    def source(self) -> str:
        """The ARN of where events come from."""
        return str(self.document["Source"])

    @property
    def target(self) -> Arn:
        """The ARN of where they go."""
        return parse_arn(self.document["Target"])

    @property
    def enrichment(self) -> str:
        """The ARN of what adds to them; empty: nothing."""
        return str(self.document.get("Enrichment", ""))

    @property
    def role_arn(self) -> str:
        """The role that the pipe acts as."""
        return str(self.document["RoleArn"])

    @property
    def region(self) -> str:
        """Where it is."""
        return parse_arn(self.arn).region

    @property
    def reads_stream(self) -> bool:
        """Whether the source is a stream, not a queue."""
        return parse_arn(self.source).service == "dynamodb"

    @property
    def source_parameters(self) -> dict[str, Any]:
        """How the source is read."""
        name = "DynamoDBStreamParameters" if self.reads_stream else "SqsQueueParameters"
        found: dict[str, Any] = self.document["SourceParameters"][name]
        return found

    @property
    def filters(self) -> tuple[str, ...]:
        """Event patterns, of which one must match."""
        criteria = self.document["SourceParameters"].get("FilterCriteria", {})
        return tuple(each.get("Pattern", "{}") for each in criteria.get("Filters", ()))

    @property
    def target_parameters(self) -> dict[str, Any]:
        """How the target is used."""
        found: dict[str, Any] = self.document.get("TargetParameters", {})
        return found

    @property
    def enrichment_parameters(self) -> dict[str, Any]:
        """How the enrichment is used."""
        found: dict[str, Any] = self.document.get("EnrichmentParameters", {})
        return found


def find_pipe(tx: Transaction, arn: str) -> Pipe | None:
    """The pipe, if there is one."""
    row = tx.one(f"{_PIPE} WHERE arn = ?", arn)
    return None if row is None else _pipe(row)


def save_pipe(tx: Transaction, scope: str, pipe: Pipe) -> None:
    """Keep a pipe, new or changed."""
    tx.run(
        "INSERT INTO pipes_pipes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (arn) DO UPDATE SET"
        " desired_state = excluded.desired_state, current_state = excluded.current_state, reason = excluded.reason,"
        " document = excluded.document, modified_at = excluded.modified_at",
        pipe.arn,
        scope,
        pipe.name,
        pipe.desired_state,
        pipe.current_state,
        pipe.reason,
        json.dumps(pipe.document),
        pipe.created_at_ms,
        pipe.modified_at_ms,
    )


def delete_pipe(tx: Transaction, arn: str) -> None:
    """Forget a pipe."""
    tx.run("DELETE FROM pipes_pipes WHERE arn = ?", arn)


def list_pipes(tx: Transaction, scope: str, prefix: str, after: str, limit: int) -> list[Pipe]:
    """Pipes by name."""
    sql = f"{_PIPE} WHERE scope = ? AND substr(name, 1, ?) = ? AND name > ? ORDER BY name LIMIT ?"
    return [_pipe(row) for row in tx.all(sql, scope, len(prefix), prefix, after, limit)]


def _pipe(row: Row) -> Pipe:
    arn, name, desired, current, reason, document, created_at, modified_at = row
    return Pipe(arn, name, desired, current, reason, json.loads(document), created_at, modified_at)
