"""PutItem, GetItem, UpdateItem, DeleteItem."""

from __future__ import annotations

from typing import Any

from segue.api import Call, Result
from segue.languages.expressions import (
    Binding,
    Item,
    Projector,
    compile_projection,
    normalize,
    parse_projection,
    projector,
)
from segue.services.dynamodb import records, writes
from segue.services.dynamodb.capacity import consumed, read_units
from segue.services.dynamodb.schema import find_table, key_of, key_place, resource
from segue.services.dynamodb.service import invalid, operation
from segue.services.dynamodb.writes import Change

_OLD_OR_NONE = (None, "NONE", "ALL_OLD")


@operation("PutItem", resource=resource)
def put_item(call: Call, params: dict[str, Any]) -> Result:
    """Create or replace an item."""
    return _write(call, "Put", params)


@operation("DeleteItem", resource=resource)
def delete_item(call: Call, params: dict[str, Any]) -> Result:
    """Delete an item, if it is there."""
    return _write(call, "Delete", params)


@operation("UpdateItem", resource=resource)
def update_item(call: Call, params: dict[str, Any]) -> Result:
    """Change attributes of an item, which is created if it is not there."""
    return _write(call, "Update", params)


@operation("GetItem", reads=True, resource=resource)
def get_item(call: Call, params: dict[str, Any]) -> Result:
    """One item by its key."""
    table = find_table(call, params["TableName"])
    binding = writes.bind(params, ("ProjectionExpression",))
    project = projection(params, binding)
    binding.check_used()
    key = {name: normalize(value)[0] for name, value in params["Key"].items()}
    found = records.get(call.tx, table.id, key_place(table, key))
    size = 0 if found is None else found[1]
    result: dict[str, Any] = {}
    if found is not None:
        result["Item"] = project(found[0]) if project else found[0]
    capacity = consumed(
        params.get("ReturnConsumedCapacity"), table, read_units(size, bool(params.get("ConsistentRead")))
    )
    return result | ({"ConsumedCapacity": capacity} if capacity else {})


def projection(params: dict[str, Any], binding: Binding) -> Projector | None:
    """What a read is to return of each item; ``None``: all of it."""
    text = params.get("ProjectionExpression")
    if text is not None:
        return compile_projection(parse_projection(text), binding)[0]
    names = params.get("AttributesToGet")
    return projector([(name,) for name in names]) if names else None


def _write(call: Call, kind: str, params: dict[str, Any]) -> Result:
    returns = params.get("ReturnValues")
    if kind != "Update" and returns not in _OLD_OR_NONE:
        raise invalid("Return values set to invalid value")
    planned = writes.plan(call, kind, params)
    wants_capacity = params.get("ReturnConsumedCapacity") in ("TOTAL", "INDEXES")
    look = kind != "Put" or wants_capacity or returns == "ALL_OLD"
    change = writes.decide(call, planned, look=look)
    writes.apply(call, change)
    result: dict[str, Any] = {}
    attributes = returned(change, returns)
    if attributes:
        result["Attributes"] = attributes
    if wants_capacity:
        result["ConsumedCapacity"] = consumed(params["ReturnConsumedCapacity"], planned.table, *writes.units(change))
    if params.get("ReturnItemCollectionMetrics") == "SIZE" and (metrics := collection_metrics([change])):
        result["ItemCollectionMetrics"] = metrics[0]
    return result


def returned(change: Change, returns: str | None) -> Item | None:
    """The attributes that ``ReturnValues`` asks for."""
    update = change.plan.update
    match returns:
        case "ALL_OLD":
            return change.old
        case "ALL_NEW":
            return change.new
        case "UPDATED_OLD" if update is not None and change.old is not None:
            return projector(update.paths)(change.old) if update.paths else None
        case "UPDATED_NEW" if update is not None and change.new is not None:
            return projector(update.paths)(change.new) if update.paths else None
    return None


def collection_metrics(changes: list[Change]) -> list[dict[str, Any]]:
    """The item collections of written items whose tables have local indexes; below AWS's resolution of a gigabyte."""
    found = []
    for change in changes:
        table = change.plan.table
        if change.plan.kind == "ConditionCheck" or all(index.is_global for index in table.indexes.values()):
            continue
        key = key_of(table, change.new or change.old or change.plan.key or {})
        metrics = {"ItemCollectionKey": {table.hash.name: key[table.hash.name]}, "SizeEstimateRangeGB": [0.0, 1.0]}
        if metrics not in found:
            found.append(metrics)
    return found
