"""A table as handlers see it: its key schema, its indexes, and how items are keyed by them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from segue.api import Call
from segue.arn import make_arn
from segue.errors import AwsError
from segue.languages.expressions import Item, encode_key
from segue.services.dynamodb import records
from segue.services.dynamodb.changes import ChangeStream, change_stream
from segue.services.dynamodb.records import Place, place
from segue.services.dynamodb.service import invalid, invalid_values

MAX_HASH_KEY_BYTES = 2_048
MAX_SORT_KEY_BYTES = 1_024

_NAME = re.compile(r"[a-zA-Z0-9_.-]+", re.ASCII)
_KINDS = {"S": "string", "B": "binary"}


@dataclass(frozen=True, slots=True)
class KeyAttribute:
    """A key's attribute: its name and type (``S``, ``N``, ``B``)."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Index:
    """A secondary index; ``projection`` lists what it carries besides keys, ``None`` for everything."""

    name: str
    id: int
    is_global: bool
    hash: KeyAttribute
    sort: KeyAttribute | None
    projection: tuple[str, ...] | None

    @property
    def keys(self) -> tuple[KeyAttribute, ...]:
        """Its key schema, partition key first."""
        return (self.hash, self.sort) if self.sort else (self.hash,)


@dataclass(frozen=True, slots=True)
class Table:
    """A table, as its document describes it."""

    arn: str
    id: int
    name: str
    hash: KeyAttribute
    sort: KeyAttribute | None
    indexes: dict[str, Index]
    ttl_attribute: str
    document: dict[str, Any]
    stream: ChangeStream | None = None
    is_restoring: bool = False

    @property
    def keys(self) -> tuple[KeyAttribute, ...]:
        """Its key schema, partition key first."""
        return (self.hash, self.sort) if self.sort else (self.hash,)


_tables: dict[tuple[str, int], Table] = {}
_MAX_KEPT = 1_000


def table_arn(call: Call, name: str) -> str:
    """The ARN of a table named in a request by name or by ARN."""
    if name.startswith("arn:"):
        return name.split("/index/", 1)[0]
    return make_arn("dynamodb", call.region, call.account, f"table/{name}")


def resource(call: Call, params: dict[str, Any]) -> str:
    """The ARN that a policy must allow: the table's, or its index's."""
    arn = table_arn(call, params["TableName"])
    return f"{arn}/index/{params['IndexName']}" if params.get("IndexName") else arn


def find_table(call: Call, name: str) -> Table:
    """The table of that name or ARN.

    Raises:
        AwsError: ``ValidationException`` for a name that is none, ``ResourceNotFoundException``.
    """
    arn = table_arn(call, name)
    row = records.table_row(call.tx, arn)
    if row is None:
        check_name(name)
        raise AwsError("ResourceNotFoundException", "Requested resource not found")
    table = load_table(call, arn, row[0], row[1])
    if table.is_restoring:
        raise AwsError("ResourceNotFoundException", "Requested resource not found")
    return table


def load_table(call: Call, arn: str, row_id: int, revision: int) -> Table:
    """The table in one of its revisions, kept for the next call."""
    table = _tables.get((arn, revision))
    if table is None:
        if len(_tables) >= _MAX_KEPT:
            _tables.clear()
        table = _tables[arn, revision] = _table(arn, row_id, json.loads(records.table_document(call.tx, arn)))
    return table


def check_name(name: str) -> None:
    """Refuse what cannot be a table's name (conformance: put_item_invalid_table_name)."""
    if not name.startswith("arn:") and not _NAME.fullmatch(name):
        raise invalid(
            f"1 validation error detected: Value '{name}' at 'tableName' failed to satisfy constraint: "
            "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"
        )


def _table(arn: str, row_id: int, document: dict[str, Any]) -> Table:
    types = {each["AttributeName"]: each["AttributeType"] for each in document["AttributeDefinitions"]}
    hash_key, sort_key = _keys(document["KeySchema"], types)
    indexes = {}
    for kind in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes"):
        for each in document.get(kind, ()):
            index_hash, index_sort = _keys(each["KeySchema"], types)
            projection = each["Projection"]
            carried = {"ALL": None, "KEYS_ONLY": ()}.get(
                projection["ProjectionType"], tuple(projection.get("NonKeyAttributes", ()))
            )
            name = each["IndexName"]
            row = document["IndexIds"][name]
            indexes[name] = Index(name, row, kind[0] == "G", index_hash, index_sort, carried)
    return Table(
        arn,
        row_id,
        document["TableName"],
        hash_key,
        sort_key,
        indexes,
        document.get("TimeToLive", ""),
        document,
        change_stream(document),
        document.get("RestoreSummary", {}).get("RestoreInProgress", False),
    )


def _keys(schema: list[dict[str, str]], types: dict[str, str]) -> tuple[KeyAttribute, KeyAttribute | None]:
    by_role = {each["KeyType"]: each["AttributeName"] for each in schema}
    sort = by_role.get("RANGE")
    hash_name = by_role["HASH"]
    return KeyAttribute(hash_name, types[hash_name]), KeyAttribute(sort, types[sort]) if sort else None


# keys of items


def item_place(table: Table, item: Item) -> Place:
    """Where an item to be put belongs.

    Raises:
        AwsError: a key attribute is missing, of the wrong type, empty, or too long.
    """
    for key in table.keys:
        value = item.get(key.name)
        if value is None:
            raise invalid_values(f"Missing the key {key.name} in the item")
        if key.type not in value:
            raise invalid_values(f"Type mismatch for key {key.name} expected: {key.type} actual: {next(iter(value))}")
    return _checked_place(table, item)


def key_place(table: Table, key: Item) -> Place:
    """Where the item with the given primary key is.

    Raises:
        AwsError: it is not this table's key.
    """
    if len(key) != len(table.keys):
        raise invalid("The provided key element does not match the schema")
    for attribute in table.keys:
        value = key.get(attribute.name)
        if value is None or attribute.type not in value:
            raise invalid("The provided key element does not match the schema")
    return _checked_place(table, key)


def _checked_place(table: Table, item: Item) -> Place:
    encoded = []
    for key in table.keys:
        value = item[key.name]
        if not value[key.type] and key.type != "N":
            raise invalid(
                "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an "
                f"empty {_KINDS[key.type]} value. Key: {key.name}"
            )
        encoded.append(encode_key(value))
    if len(encoded[0]) > MAX_HASH_KEY_BYTES:
        raise invalid_values("Size of hashkey has exceeded the maximum size limit of2048 bytes")
    if len(encoded) > 1 and len(encoded[1]) > MAX_SORT_KEY_BYTES:
        raise invalid_values("Aggregated size of all range keys has exceeded the size limit of 1024 bytes")
    return place(*encoded)


def entry_place(index: Index, item: Item) -> Place | None:
    """Where an item is in an index; ``None`` where it lacks one of the index's keys."""
    if any(key.name not in item for key in index.keys):
        return None
    return place(*(encode_key(item[key.name]) for key in index.keys))


def check_index_keys(table: Table, item: Item) -> None:
    """Refuse values that an index cannot take for its keys."""
    for index in table.indexes.values():
        for key in index.keys:
            value = item.get(key.name)
            if value is None:
                continue
            if key.type not in value:
                raise invalid_values(
                    f"Type mismatch for Index Key {key.name} Expected: {key.type} Actual: {next(iter(value))} "
                    f"IndexName: {index.name}"
                )
            if not value[key.type] and key.type != "N":
                raise invalid(
                    "One or more parameter values are not valid. A value specified for a secondary index key is not "
                    "supported. The AttributeValue for a key attribute cannot contain an empty "
                    f"{_KINDS[key.type]} value. IndexName: {index.name}, IndexKey: {key.name}"
                )


def key_of(table: Table, item: Item) -> Item:
    """An item's primary key."""
    return {key.name: item[key.name] for key in table.keys}
