"""The rows of HTTP APIs: each API and each of its parts (routes, integrations, stages, …) is a document."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from segue.services.apigatewayv2 import domain_records
from segue.services.apigatewayv2.routing import Router
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
    """
    ALTER TABLE apigatewayv2_apis ADD COLUMN revision BIGINT NOT NULL DEFAULT 0;
    """,
    domain_records.MIGRATION,
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
    def is_websocket(self) -> bool:
        """Whether it is a WebSocket API, not an HTTP API."""
        return self.document.get("ProtocolType") == "WEBSOCKET"

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
        f"INSERT INTO apigatewayv2_apis ({_API}, revision) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (id) DO UPDATE SET document = excluded.document, revision = excluded.revision",
        api.id,
        api.account,
        api.region,
        api.created_at_ms,
        json.dumps(api.document),
        tx.ids.ordered(tx.now_ms),
    )


def _changed(tx: Transaction, api_id: str) -> None:
    tx.run("UPDATE apigatewayv2_apis SET revision = ? WHERE id = ?", tx.ids.ordered(tx.now_ms), api_id)


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


def parts_below(
    tx: Transaction, api_id: str, kind: str, owner_id: str, after: str = "", most: int = 1_000
) -> list[dict[str, Any]]:
    """The parts of a kind that belong to another part, in the order of their ids."""
    rows = tx.all(
        "SELECT document FROM apigatewayv2_parts WHERE api = ? AND kind = ? AND id > ? AND id < ? ORDER BY id LIMIT ?",
        api_id,
        kind,
        f"{owner_id}/{after}",
        f"{owner_id}0",  # what comes after every text that begins with the owner and a slash
        most,
    )
    return [json.loads(row[0]) for row in rows]


def drop_parts_below(tx: Transaction, api_id: str, kind: str, owner_id: str) -> None:
    """Remove the parts of a kind that belong to another part."""
    tx.run(
        "DELETE FROM apigatewayv2_parts WHERE api = ? AND kind = ? AND id > ? AND id < ?",
        api_id,
        kind,
        f"{owner_id}/",
        f"{owner_id}0",
    )


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
    _changed(tx, api_id)


def drop_part(tx: Transaction, api_id: str, kind: str, part_id: str) -> None:
    """Remove a part."""
    tx.run("DELETE FROM apigatewayv2_parts WHERE api = ? AND kind = ? AND id = ?", api_id, kind, part_id)
    _changed(tx, api_id)


def drop_parts(tx: Transaction, api_id: str) -> None:
    """Remove all parts: an import brings its own."""
    tx.run("DELETE FROM apigatewayv2_parts WHERE api = ?", api_id)
    _changed(tx, api_id)


# What serves requests: an API with all that it is made of, read once for each of its revisions

Parts = dict[str, dict[str, dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Served:
    """An API as it serves requests. It is shared: nobody may change it."""

    api: HttpApi
    parts: Parts
    router: Router

    def part(self, kind: str, part_id: str) -> dict[str, Any] | None:
        """A part's document."""
        return self.parts.get(kind, {}).get(part_id)

    def all(self, kind: str) -> Iterable[dict[str, Any]]:
        """All parts of a kind."""
        return self.parts.get(kind, {}).values()

    def below(self, kind: str, owner_id: str) -> list[dict[str, Any]]:
        """The parts of a kind that belong to another part (the responses of a route)."""
        prefix = f"{owner_id}/"
        return [part for part_id, part in self.parts.get(kind, {}).items() if part_id.startswith(prefix)]


_served: OrderedDict[tuple[str, int], Served] = OrderedDict()
_KEPT = 128


def served(tx: Transaction, api_id: str) -> Served | None:
    """An API as it serves requests."""
    row = tx.one("SELECT revision FROM apigatewayv2_apis WHERE id = ?", api_id)
    if row is None:
        return None
    known = _served.get((api_id, row[0]))
    if known is not None:
        return known
    api = find_api(tx, api_id)
    assert api is not None
    parts: Parts = {}
    rows = tx.all("SELECT kind, id, document FROM apigatewayv2_parts WHERE api = ? ORDER BY kind, id", api_id)
    for kind, part_id, document in rows:
        parts.setdefault(kind, {})[part_id] = json.loads(document)
    routes = [] if api.is_websocket else parts.get("Route", {}).values()
    found = Served(api, parts, Router(routes))
    if row[0]:  # of a row that an earlier release wrote, the revision does not say what it holds
        _served[api_id, row[0]] = found
        if len(_served) > _KEPT:
            _served.popitem(last=False)
    return found
