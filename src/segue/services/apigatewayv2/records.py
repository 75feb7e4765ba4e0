"""The rows of HTTP APIs: each API and each of its parts (routes, integrations, stages, …) is a document."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from segue.store import Transaction
from segue.store.transaction import Row

MIGRATIONS = (
    """
    CREATE TABLE apigatewayv2_apis (
        id TEXT PRIMARY KEY,
        account TEXT NOT NULL,
        region TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        document TEXT NOT NULL
    );
    CREATE INDEX apigatewayv2_apis_account ON apigatewayv2_apis (account, region, id);
    CREATE TABLE apigatewayv2_parts (
        api TEXT NOT NULL,
        kind TEXT NOT NULL,
        id TEXT NOT NULL,
        document TEXT NOT NULL,
        PRIMARY KEY (api, kind, id)
    );
    """,
)


@dataclass(frozen=True, slots=True)
class HttpApi:
    """An API; ``document`` is as the API of APIs tells it, without what follows from the row."""

    id: str
    account: str
    region: str
    created_at_ms: int
    document: dict[str, Any]

    @property
    def arn(self) -> str:
        """What invoke permissions speak of (``arn:aws:execute-api:…``)."""
        return f"arn:aws:execute-api:{self.region}:{self.account}:{self.id}"


_API = "id, account, region, created_at, document"


def _api(row: Row) -> HttpApi:
    api_id, account, region, created_at, document = row
    return HttpApi(api_id, account, region, created_at, json.loads(document))


def find_api(tx: Transaction, api_id: str) -> HttpApi | None:
    """An API by its id, whosever it is."""
    row = tx.one(f"SELECT {_API} FROM apigatewayv2_apis WHERE id = ?", api_id)
    return None if row is None else _api(row)


def apis_after(tx: Transaction, account: str, region: str, after: str, most: int) -> list[HttpApi]:
    """An account's APIs, a page of them."""
    rows = tx.all(
        f"SELECT {_API} FROM apigatewayv2_apis WHERE account = ? AND region = ? AND id > ? ORDER BY id LIMIT ?",
        account,
        region,
        after,
        most,
    )
    return [_api(row) for row in rows]


def put_api(tx: Transaction, api: HttpApi) -> None:
    """Write an API, new or changed."""
    tx.run(
        f"INSERT INTO apigatewayv2_apis ({_API}) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (id) DO UPDATE SET document = excluded.document",
        api.id,
        api.account,
        api.region,
        api.created_at_ms,
        json.dumps(api.document),
    )


def drop_api(tx: Transaction, api_id: str) -> None:
    """Remove an API with all its parts."""
    tx.run("DELETE FROM apigatewayv2_parts WHERE api = ?", api_id)
    tx.run("DELETE FROM apigatewayv2_apis WHERE id = ?", api_id)


def find_part(tx: Transaction, api_id: str, kind: str, part_id: str) -> dict[str, Any] | None:
    """A part's document."""
    row = tx.one("SELECT document FROM apigatewayv2_parts WHERE api = ? AND kind = ? AND id = ?", api_id, kind, part_id)
    return None if row is None else dict(json.loads(row[0]))


def parts_after(tx: Transaction, api_id: str, kind: str, after: str = "", most: int = 1_000) -> list[dict[str, Any]]:
    """The parts of a kind, in the order of their ids."""
    rows = tx.all(
        "SELECT document FROM apigatewayv2_parts WHERE api = ? AND kind = ? AND id > ? ORDER BY id LIMIT ?",
        api_id,
        kind,
        after,
        most,
    )
    return [json.loads(row[0]) for row in rows]


def put_part(tx: Transaction, api_id: str, kind: str, part_id: str, document: dict[str, Any]) -> None:
    """Write a part, new or changed."""
    tx.run(
        "INSERT INTO apigatewayv2_parts (api, kind, id, document) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (api, kind, id) DO UPDATE SET document = excluded.document",
        api_id,
        kind,
        part_id,
        json.dumps(document),
    )


def drop_part(tx: Transaction, api_id: str, kind: str, part_id: str) -> None:
    """Remove a part."""
    tx.run("DELETE FROM apigatewayv2_parts WHERE api = ? AND kind = ? AND id = ?", api_id, kind, part_id)


def drop_parts(tx: Transaction, api_id: str) -> None:
    """Remove all parts: an import brings its own."""
    tx.run("DELETE FROM apigatewayv2_parts WHERE api = ?", api_id)
