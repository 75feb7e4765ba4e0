"""What CreateTable and UpdateTable ask for, checked: key schemas, indexes, billing."""

from __future__ import annotations

from typing import Any

from segue.errors import not_implemented
from segue.services.dynamodb.schema import check_name
from segue.services.dynamodb.service import invalid, invalid_values

MAX_GLOBAL_INDEXES = 20
MAX_LOCAL_INDEXES = 5
MAX_PROJECTED_ATTRIBUTES = 100
"""Limits: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html"""

_UNSUPPORTED = {
    "CreateTable": ("VectorIndexes", "GlobalTableSourceArn", "GlobalTableSettingsReplicationMode"),
    "UpdateTable": (
        "ReplicaUpdates",
        "MultiRegionConsistency",
        "GlobalTableWitnessUpdates",
        "GlobalTableSettingsReplicationMode",
        "DisassociationProtectionEnabled",
        "VectorIndexUpdates",
    ),
}


def refuse_unsupported(operation: str, params: dict[str, Any]) -> None:
    """501 for what is not there: global tables, vector indexes."""
    for member in _UNSUPPORTED[operation]:
        if params.get(member):
            raise not_implemented(f"dynamodb:{operation}", member)


def check_create(params: dict[str, Any]) -> None:
    """Refuse a CreateTable that contradicts itself."""
    name = params["TableName"]
    check_name(name)
    if not name.startswith("arn:") and not 3 <= len(name) <= 255:
        raise invalid("TableName must be at least 3 characters long and at most 255 characters long")
    for member in ("AttributeDefinitions", "KeySchema"):
        if not params.get(member):
            raise invalid_values(f"Missing {member}")
    _check_key_schema(params["KeySchema"])
    check_billing(params.get("BillingMode") or "PROVISIONED", params.get("ProvisionedThroughput"))
    check_indexes(params)
    check_definitions(params)


def check_billing(mode: str, throughput: dict[str, Any] | None) -> None:
    """Refuse throughput where it is on demand, and its lack where it is provisioned."""
    if mode == "PROVISIONED" and throughput is None:
        raise invalid("No provisioned throughput specified for the table")
    if mode == "PAY_PER_REQUEST" and throughput is not None:
        raise invalid_values(
            "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST"
        )


def check_indexes(params: dict[str, Any]) -> None:
    """Refuse index definitions that contradict the table or each other."""
    local, glob = params.get("LocalSecondaryIndexes") or [], params.get("GlobalSecondaryIndexes") or []
    names: set[str] = set()
    for index in (*local, *glob):
        name = index["IndexName"]
        if name in names:
            raise invalid_values(f"Duplicate index name: {name}")
        names.add(name)
        _check_key_schema(index["KeySchema"])
        _check_projection(index)
    if len(local) > MAX_LOCAL_INDEXES:
        raise invalid_values("Number of LocalSecondaryIndexes exceeds per-table limit of 5")
    if len(glob) > MAX_GLOBAL_INDEXES:
        raise invalid_values("GlobalSecondaryIndex count exceeds the per-table limit of 20")
    table_keys = [each["AttributeName"] for each in params["KeySchema"]]
    if local and len(table_keys) < 2:
        raise invalid_values(
            "Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex"
        )
    for index in local:
        keys = [each["AttributeName"] for each in index["KeySchema"]]
        if len(keys) < 2:
            raise invalid_values(f"Index KeySchema does not have a range key for index: {index['IndexName']}")
        if keys[0] != table_keys[0]:
            raise invalid_values(
                "Index KeySchema does not have the same leading hash key as table KeySchema for index: "
                f"{index['IndexName']}. index hash key: {keys[0]}, table hash key: {table_keys[0]}"
            )


def check_definitions(params: dict[str, Any]) -> None:
    """Refuse keys without a definition, and definitions without a key."""
    defined = [each["AttributeName"] for each in params["AttributeDefinitions"]]
    if len(set(defined)) != len(defined):
        raise invalid_values("Cannot define an attribute more than once")
    indexes = [*(params.get("LocalSecondaryIndexes") or []), *(params.get("GlobalSecondaryIndexes") or [])]
    used: list[str] = []
    for schema in (params["KeySchema"], *(index["KeySchema"] for index in indexes)):
        keys = [each["AttributeName"] for each in schema]
        used += [key for key in keys if key not in used]
        if any(key not in defined for key in keys):
            raise invalid_values(
                "Some index key attributes are not defined in AttributeDefinitions. "
                f"Keys: [{', '.join(keys)}], AttributeDefinitions: [{', '.join(defined)}]"
            )
    if len(used) == len(defined):
        return
    if not indexes:
        raise invalid_values(
            "Number of attributes in KeySchema does not exactly match number of attributes defined in "
            "AttributeDefinitions"
        )
    raise invalid_values(
        f"Some AttributeDefinitions are not used. AttributeDefinitions: [{', '.join(defined)}], "
        f"keys used: [{', '.join(used)}]"
    )


def _check_key_schema(schema: list[dict[str, str]]) -> None:
    if schema[0]["KeyType"] != "HASH":
        raise invalid("Invalid KeySchema: The first KeySchemaElement is not a HASH key type")
    if len(schema) > 2:
        raise invalid("Invalid KeySchema: Too many KeySchemaElements; a key has one HASH and at most one RANGE element")
    if len(schema) == 2:
        if schema[1]["KeyType"] != "RANGE":
            raise invalid("Invalid KeySchema: The second KeySchemaElement is not a RANGE key type")
        if schema[0]["AttributeName"] == schema[1]["AttributeName"]:
            raise invalid("Both the Hash Key and the Range Key element in the KeySchema have the same name")


def _check_projection(index: dict[str, Any]) -> None:
    projection = index.get("Projection") or {}
    kind, others = projection.get("ProjectionType"), projection.get("NonKeyAttributes")
    if kind is None:
        raise invalid_values(f"Unknown ProjectionType: null for index: {index['IndexName']}")
    if kind == "INCLUDE" and not others:
        raise invalid_values("ProjectionType is INCLUDE, but NonKeyAttributes is not specified")
    if kind != "INCLUDE" and others:
        raise invalid_values(f"ProjectionType is {kind}, but NonKeyAttributes is specified")
    if others and len(others) > MAX_PROJECTED_ATTRIBUTES:
        raise invalid_values("Number of NonKeyAttributes exceeds the limit of 100")
