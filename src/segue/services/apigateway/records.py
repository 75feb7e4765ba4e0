"""The rows of REST APIs.

An API is one document: its settings and all its parts (``resources`` with their methods and integrations,
``authorizers``, ``models``, …), as the API of APIs names their members. A deployment is a copy of it that never
changes; a stage names one. Keys, usage plans and the account's settings are documents of an account.
"""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from segue.store import Transaction
from segue.store.transaction import Row

Document = dict[str, Any]

MIGRATIONS = (
    """
    CREATE TABLE apigateway_apis (
        id TEXT PRIMARY KEY,
        account TEXT NOT NULL,
        region TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        document TEXT NOT NULL
    );
    CREATE INDEX apigateway_apis_account ON apigateway_apis (account, region, id);
    CREATE TABLE apigateway_deployments (
        api TEXT NOT NULL,
        id TEXT NOT NULL,
        document TEXT NOT NULL,
        digest TEXT NOT NULL,
        PRIMARY KEY (api, id)
    );
    CREATE TABLE apigateway_snapshots (
        api TEXT NOT NULL,
        digest TEXT NOT NULL,
        content TEXT NOT NULL,
        PRIMARY KEY (api, digest)
    );
    CREATE TABLE apigateway_stages (
        api TEXT NOT NULL,
        name TEXT NOT NULL,
        document TEXT NOT NULL,
        PRIMARY KEY (api, name)
    );
    CREATE TABLE apigateway_owned (
        account TEXT NOT NULL,
        region TEXT NOT NULL,
        kind TEXT NOT NULL,
        id TEXT NOT NULL,
        document TEXT NOT NULL,
        PRIMARY KEY (account, region, kind, id)
    );
    """,
    """
    CREATE TABLE apigateway_usage (
        plan TEXT NOT NULL,
        key TEXT NOT NULL,
        day TEXT NOT NULL,
        used BIGINT NOT NULL,
        PRIMARY KEY (plan, key, day)
    );
    """,
)

_KEPT = 64


@dataclass(frozen=True, slots=True)
class RestApi:
    """An API with its document."""

    id: str
    account: str
    region: str
    created_at_ms: int
    document: Document

    @property
    def arn(self) -> str:
        """What invoke permissions speak of (``arn:aws:execute-api:…``)."""
        return f"arn:aws:execute-api:{self.region}:{self.account}:{self.id}"


_API = "id, account, region, created_at, document"


def _api(row: Row) -> RestApi:
    api_id, account, region, created_at, document = row
    return RestApi(api_id, account, region, created_at, json.loads(document))


def find_api(tx: Transaction, api_id: str) -> RestApi | None:
    """An API by its id, whosever it is."""
    row = tx.one(f"SELECT {_API} FROM apigateway_apis WHERE id = ?", api_id)
    return None if row is None else _api(row)


def name_of(tx: Transaction, api_id: str) -> str:
    """What an API is called now; empty where it is not there. Every visit asks: its document is read once."""
    row = tx.one("SELECT document FROM apigateway_apis WHERE id = ?", api_id)
    return "" if row is None else _name_in(row[0])


@lru_cache(maxsize=64)
def _name_in(document: str) -> str:
    return str(json.loads(document).get("name", ""))


def owner_of(tx: Transaction, api_id: str) -> tuple[str, str] | None:
    """Whose an API is: account and region."""
    row = tx.one("SELECT account, region FROM apigateway_apis WHERE id = ?", api_id)
    return None if row is None else (row[0], row[1])


def apis_after(tx: Transaction, account: str, region: str, after: str, most: int) -> list[RestApi]:
    """An account's APIs, a page of them."""
    rows = tx.all(
        f"SELECT {_API} FROM apigateway_apis WHERE account = ? AND region = ? AND id > ? ORDER BY id LIMIT ?",
        account,
        region,
        after,
        most,
    )
    return [_api(row) for row in rows]


def put_api(tx: Transaction, api: RestApi) -> None:
    """Write an API, new or changed."""
    tx.run(
        f"INSERT INTO apigateway_apis ({_API}) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (id) DO UPDATE SET document = excluded.document",
        api.id,
        api.account,
        api.region,
        api.created_at_ms,
        json.dumps(api.document),
    )


def drop_api(tx: Transaction, api_id: str) -> None:
    """Remove an API with all that belongs to it."""
    for table in ("deployments", "snapshots", "stages"):
        tx.run(f"DELETE FROM apigateway_{table} WHERE api = ?", api_id)
    tx.run("DELETE FROM apigateway_apis WHERE id = ?", api_id)


# Deployments: what stages serve


def put_deployment(tx: Transaction, api_id: str, deployment_id: str, document: Document, content: Document) -> None:
    """Keep a deployment. Deployments of the same content share it."""
    text = json.dumps(content, sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()
    tx.run(
        "INSERT INTO apigateway_snapshots (api, digest, content) VALUES (?, ?, ?) ON CONFLICT (api, digest) DO NOTHING",
        api_id,
        digest,
        text,
    )
    tx.run(
        "INSERT INTO apigateway_deployments (api, id, document, digest) VALUES (?, ?, ?, ?)",
        api_id,
        deployment_id,
        json.dumps(document),
        digest,
    )


def change_deployment(tx: Transaction, api_id: str, deployment_id: str, document: Document) -> None:
    """Change what is said of a deployment (its content never changes)."""
    tx.run(
        "UPDATE apigateway_deployments SET document = ? WHERE api = ? AND id = ?",
        json.dumps(document),
        api_id,
        deployment_id,
    )


def find_deployment(tx: Transaction, api_id: str, deployment_id: str) -> Document | None:
    """What is said of a deployment."""
    row = tx.one("SELECT document FROM apigateway_deployments WHERE api = ? AND id = ?", api_id, deployment_id)
    return None if row is None else dict(json.loads(row[0]))


def deployments_of(tx: Transaction, api_id: str) -> list[Document]:
    """All deployments of an API."""
    rows = tx.all("SELECT document FROM apigateway_deployments WHERE api = ? ORDER BY id", api_id)
    return [json.loads(row[0]) for row in rows]


def drop_deployment(tx: Transaction, api_id: str, deployment_id: str) -> None:
    """Remove a deployment, and its content if no other has it."""
    tx.run("DELETE FROM apigateway_deployments WHERE api = ? AND id = ?", api_id, deployment_id)
    tx.run(
        "DELETE FROM apigateway_snapshots WHERE api = ? AND digest NOT IN"
        " (SELECT digest FROM apigateway_deployments WHERE api = ?)",
        api_id,
        api_id,
    )


_snapshots: OrderedDict[str, Document] = OrderedDict()


def snapshot(tx: Transaction, api_id: str, deployment_id: str) -> Document | None:
    """A deployment's content. It is shared: nobody may change it."""
    row = tx.one("SELECT digest FROM apigateway_deployments WHERE api = ? AND id = ?", api_id, deployment_id)
    if row is None:
        return None
    content = _snapshots.get(row[0])
    if content is None:
        found = tx.one("SELECT content FROM apigateway_snapshots WHERE api = ? AND digest = ?", api_id, row[0])
        if found is None:
            return None
        content = _snapshots[row[0]] = json.loads(found[0])
        if len(_snapshots) > _KEPT:
            _snapshots.popitem(last=False)
    return content


# Stages


def find_stage(tx: Transaction, api_id: str, name: str) -> Document | None:
    """A stage's document."""
    row = tx.one("SELECT document FROM apigateway_stages WHERE api = ? AND name = ?", api_id, name)
    return None if row is None else dict(json.loads(row[0]))


def stages_of(tx: Transaction, api_id: str) -> list[Document]:
    """All stages of an API."""
    rows = tx.all("SELECT document FROM apigateway_stages WHERE api = ? ORDER BY name", api_id)
    return [json.loads(row[0]) for row in rows]


def put_stage(tx: Transaction, api_id: str, name: str, document: Document) -> None:
    """Write a stage, new or changed."""
    tx.run(
        "INSERT INTO apigateway_stages (api, name, document) VALUES (?, ?, ?)"
        " ON CONFLICT (api, name) DO UPDATE SET document = excluded.document",
        api_id,
        name,
        json.dumps(document),
    )


def drop_stage(tx: Transaction, api_id: str, name: str) -> None:
    """Remove a stage."""
    tx.run("DELETE FROM apigateway_stages WHERE api = ? AND name = ?", api_id, name)


# What an account owns beside its APIs


def find_owned(tx: Transaction, account: str, region: str, kind: str, part_id: str) -> Document | None:
    """A document of a kind (``ApiKey``, ``UsagePlan``, …)."""
    row = tx.one(
        "SELECT document FROM apigateway_owned WHERE account = ? AND region = ? AND kind = ? AND id = ?",
        account,
        region,
        kind,
        part_id,
    )
    return None if row is None else dict(json.loads(row[0]))


def owned_of(tx: Transaction, account: str, region: str, kind: str) -> list[Document]:
    """All documents of a kind."""
    rows = tx.all(
        "SELECT document FROM apigateway_owned WHERE account = ? AND region = ? AND kind = ? ORDER BY id",
        account,
        region,
        kind,
    )
    return [json.loads(row[0]) for row in rows]


def put_owned(tx: Transaction, account: str, region: str, kind: str, part_id: str, document: Document) -> None:
    """Write a document, new or changed."""
    tx.run(
        "INSERT INTO apigateway_owned (account, region, kind, id, document) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (account, region, kind, id) DO UPDATE SET document = excluded.document",
        account,
        region,
        kind,
        part_id,
        json.dumps(document),
    )


def drop_owned(tx: Transaction, account: str, region: str, kind: str, part_id: str) -> None:
    """Remove a document."""
    tx.run(
        "DELETE FROM apigateway_owned WHERE account = ? AND region = ? AND kind = ? AND id = ?",
        account,
        region,
        kind,
        part_id,
    )


# What keys have used of plans, a row for each day


def count_usage(tx: Transaction, plan: str, key: str, day: str, more: int = 1) -> None:
    """A key has used a plan (again)."""
    tx.run(
        "INSERT INTO apigateway_usage (plan, key, day, used) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (plan, key, day) DO UPDATE SET used = apigateway_usage.used + excluded.used",
        plan,
        key,
        day,
        more,
    )


def usage_of(tx: Transaction, plan: str, key: str) -> list[tuple[str, int]]:
    """What a key has used of a plan in the last days, by day."""
    rows = tx.all("SELECT day, used FROM apigateway_usage WHERE plan = ? AND key = ? ORDER BY day", plan, key)
    return [(row[0], row[1]) for row in rows[-120:]]


def first_usage(tx: Transaction, plan: str, key: str) -> str | None:
    """On which day a key has used a plan first."""
    row = tx.one("SELECT MIN(day) FROM apigateway_usage WHERE plan = ? AND key = ?", plan, key)
    return None if row is None else row[0]


def keys_used(tx: Transaction, plan: str) -> list[str]:
    """Which keys have used a plan."""
    return [row[0] for row in tx.all("SELECT DISTINCT key FROM apigateway_usage WHERE plan = ? ORDER BY key", plan)]


def drop_usage(tx: Transaction, plan: str) -> None:
    """Forget what was used of a plan."""
    tx.run("DELETE FROM apigateway_usage WHERE plan = ?", plan)
