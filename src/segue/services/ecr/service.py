"""The service's declaration, and how operations find the repository they mean."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from segue.api import Call, Service
from segue.errors import AwsError
from segue.store import Row, Transaction

MIGRATIONS = (
    """
    CREATE TABLE ecr_repositories (
        arn TEXT PRIMARY KEY,
        scope TEXT NOT NULL,
        name TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        settings TEXT NOT NULL,
        policy TEXT,
        lifecycle TEXT
    );
    CREATE UNIQUE INDEX ecr_repositories_name ON ecr_repositories (scope, name);
    """,
)
_COLUMNS = "arn, scope, name, created_at, settings, policy, lifecycle"


class Repository(NamedTuple):
    """A repository; ``settings`` as answers have them (scanning, mutability, encryption)."""

    arn: str
    scope: str
    name: str
    created_at_ms: int
    settings: dict[str, Any]
    policy: str | None
    lifecycle: str | None


def _policy_of(tx: Transaction, arn: str) -> str | None:
    row = tx.one("SELECT policy FROM ecr_repositories WHERE arn = ?", arn)
    return None if row is None else row[0]


SERVICE = Service("ecr", migrations=MIGRATIONS, resource_policy=_policy_of)


def scope_of(call: Call) -> str:
    """Where names are unique."""
    return f"{call.account}/{call.region}"


def repository_arn(call: Call, params: dict[str, Any]) -> str:
    """The ARN of the repository that a request names, which policies speak of."""
    return call.arn("ecr", f"repository/{params['repositoryName']}")


def find(call: Call, name: str) -> Repository | None:
    """The repository of that name."""
    row = call.tx.one(f"SELECT {_COLUMNS} FROM ecr_repositories WHERE scope = ? AND name = ?", scope_of(call), name)
    return None if row is None else _repository(row)


def existing(call: Call, params: dict[str, Any]) -> Repository:
    """The repository that a request names.

    Raises:
        AwsError: ``RepositoryNotFoundException``; another account's registry has none here.
    """
    name, registry = params["repositoryName"], params.get("registryId") or call.account
    found = find(call, name) if registry == call.account else None
    if found is None:
        message = f"The repository with name '{name}' does not exist in the registry with id '{registry}'"
        raise AwsError("RepositoryNotFoundException", message)
    return found


def after(call: Call, last: str, limit: int) -> list[Repository]:
    """Repositories by name."""
    sql = f"SELECT {_COLUMNS} FROM ecr_repositories WHERE scope = ? AND name > ? ORDER BY name LIMIT ?"
    return [_repository(row) for row in call.tx.all(sql, scope_of(call), last, limit)]


def save(call: Call, repository: Repository) -> None:
    """Keep a repository, new or changed."""
    call.tx.run(
        f"INSERT INTO ecr_repositories ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (arn) DO UPDATE SET"
        " settings = excluded.settings, policy = excluded.policy, lifecycle = excluded.lifecycle",
        *repository._replace(settings=json.dumps(repository.settings)),  # type: ignore[arg-type]
    )


def _repository(row: Row) -> Repository:
    return Repository(row[0], row[1], row[2], row[3], json.loads(row[4]), row[5], row[6])
