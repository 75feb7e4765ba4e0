"""The rows of names and their mappings, and of links to private networks."""

from __future__ import annotations

import json
from typing import Any

from segue.store import Transaction

Document = dict[str, Any]

MIGRATION = """
    CREATE TABLE apigatewayv2_domains (
        name TEXT PRIMARY KEY,
        account TEXT NOT NULL,
        region TEXT NOT NULL,
        document TEXT NOT NULL
    );
    CREATE INDEX apigatewayv2_domains_account ON apigatewayv2_domains (account, region, name);
    CREATE TABLE apigatewayv2_mappings (
        domain TEXT NOT NULL,
        id TEXT NOT NULL,
        document TEXT NOT NULL,
        PRIMARY KEY (domain, id)
    );
    CREATE TABLE apigatewayv2_links (
        account TEXT NOT NULL,
        region TEXT NOT NULL,
        id TEXT NOT NULL,
        document TEXT NOT NULL,
        PRIMARY KEY (account, region, id)
    );
    """


def find_domain(tx: Transaction, name: str) -> Document | None:
    """A name, whosever it is."""
    row = tx.one("SELECT document FROM apigatewayv2_domains WHERE name = ?", name)
    return None if row is None else dict(json.loads(row[0]))


def domains_after(tx: Transaction, account: str, region: str, after: str, most: int) -> list[Document]:
    """An account's names, a page of them."""
    rows = tx.all(
        "SELECT document FROM apigatewayv2_domains WHERE account = ? AND region = ? AND name > ? ORDER BY name LIMIT ?",
        account,
        region,
        after,
        most,
    )
    return [json.loads(row[0]) for row in rows]


def put_domain(tx: Transaction, name: str, document: Document) -> None:
    """Write a name, new or changed."""
    account, region = document["Owner"]
    tx.run(
        "INSERT INTO apigatewayv2_domains (name, account, region, document) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (name) DO UPDATE SET document = excluded.document",
        name,
        account,
        region,
        json.dumps(document),
    )


def drop_domain(tx: Transaction, name: str) -> None:
    """Remove a name with its mappings."""
    tx.run("DELETE FROM apigatewayv2_mappings WHERE domain = ?", name)
    tx.run("DELETE FROM apigatewayv2_domains WHERE name = ?", name)


def mappings_of(tx: Transaction, domain: str) -> list[Document]:
    """The mappings of a name."""
    rows = tx.all("SELECT document FROM apigatewayv2_mappings WHERE domain = ? ORDER BY id", domain)
    return [json.loads(row[0]) for row in rows]


def put_mapping(tx: Transaction, domain: str, document: Document) -> None:
    """Write a mapping, new or changed."""
    tx.run(
        "INSERT INTO apigatewayv2_mappings (domain, id, document) VALUES (?, ?, ?)"
        " ON CONFLICT (domain, id) DO UPDATE SET document = excluded.document",
        domain,
        document["ApiMappingId"],
        json.dumps(document),
    )


def drop_mapping(tx: Transaction, domain: str, mapping_id: str) -> None:
    """Remove a mapping."""
    tx.run("DELETE FROM apigatewayv2_mappings WHERE domain = ? AND id = ?", domain, mapping_id)


def links_of(tx: Transaction, account: str, region: str) -> list[Document]:
    """An account's links."""
    rows = tx.all(
        "SELECT document FROM apigatewayv2_links WHERE account = ? AND region = ? ORDER BY id", account, region
    )
    return [json.loads(row[0]) for row in rows]


def put_link(tx: Transaction, account: str, region: str, document: Document) -> None:
    """Write a link, new or changed."""
    tx.run(
        "INSERT INTO apigatewayv2_links (account, region, id, document) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (account, region, id) DO UPDATE SET document = excluded.document",
        account,
        region,
        document["VpcLinkId"],
        json.dumps(document),
    )


def drop_link(tx: Transaction, account: str, region: str, link_id: str) -> None:
    """Remove a link."""
    tx.run("DELETE FROM apigatewayv2_links WHERE account = ? AND region = ? AND id = ?", account, region, link_id)
