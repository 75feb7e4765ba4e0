"""BatchGetItem and BatchWriteItem: many items at once, each by itself."""

from __future__ import annotations

from typing import Any

from segue.api import Call, Result
from segue.languages.expressions import Item, normalize
from segue.services.dynamodb import records, writes
from segue.services.dynamodb.capacity import consumed, read_units
from segue.services.dynamodb.items import collection_metrics, projection
from segue.services.dynamodb.schema import Table, find_table, key_place, table_arn
from segue.services.dynamodb.service import authorize_table, invalid, operation

MAX_WRITES = 25
MAX_READS = 100
RESPONSE_BYTES = 16 * 1_048_576
"""Limits: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html"""


@operation("BatchWriteItem", action=None)
def batch_write_item(call: Call, params: dict[str, Any]) -> Result:
    """Up to 25 puts and deletes; all of them are processed."""
    requests = params["RequestItems"]
    _check_count(sum(map(len, requests.values())), MAX_WRITES)
    changes: dict[str, list[writes.Change]] = {}
    for name, entries in requests.items():
        authorize_table(call, "BatchWriteItem", table_arn(call, name))
        plans = [_plan(call, name, entry) for entry in entries]
        if len({planned.at for planned in plans}) != len(plans):
            raise invalid("Provided list of item keys contains duplicates")
        changes[name] = [writes.decide(call, planned) for planned in plans]
    for change in (each for group in changes.values() for each in group):
        writes.apply(call, change)
    result: dict[str, Any] = {"UnprocessedItems": {}}
    capacity = [_consumed(params, group) for group in changes.values()]
    if any(capacity):
        result["ConsumedCapacity"] = capacity
    if params.get("ReturnItemCollectionMetrics") == "SIZE":
        metrics = {name: collection_metrics(group) for name, group in changes.items()}
        result["ItemCollectionMetrics"] = {name: each for name, each in metrics.items() if each}
    return result


@operation("BatchGetItem", reads=True, action=None)
def batch_get_item(call: Call, params: dict[str, Any]) -> Result:
    """Up to 100 items by their keys; what is beyond 16 MB is handed back unprocessed."""
    requests = params["RequestItems"]
    _check_count(sum(len(request["Keys"]) for request in requests.values()), MAX_READS)
    responses: dict[str, list[Item]] = {}
    unprocessed: dict[str, Any] = {}
    capacity, left = [], RESPONSE_BYTES
    for name, request in requests.items():
        authorize_table(call, "BatchGetItem", table_arn(call, name))
        table = find_table(call, name)
        found, skipped, units, left = _get(call, table, request, left)
        responses[name] = found
        if skipped:
            unprocessed[name] = request | {"Keys": skipped}
        used = consumed(params.get("ReturnConsumedCapacity"), table, units)
        if used:
            capacity.append(used)
    result: dict[str, Any] = {"Responses": responses, "UnprocessedKeys": unprocessed}
    return result | ({"ConsumedCapacity": capacity} if capacity else {})


def _get(call: Call, table: Table, request: dict[str, Any], left: int) -> tuple[list[Item], list[Item], float, int]:
    binding = writes.bind(request, ("ProjectionExpression",))
    project = projection(request, binding)
    binding.check_used()
    keys = [{name: normalize(value)[0] for name, value in key.items()} for key in request["Keys"]]
    places = [key_place(table, key) for key in keys]
    if len(set(places)) != len(places):
        raise invalid("Provided list of item keys contains duplicates")
    found: list[Item] = []
    units = 0.0
    for at_key, at in enumerate(places):
        row = records.get(call.tx, table.id, at)
        size = row[1] if row else 0
        if size > left:
            return found, request["Keys"][at_key:], units, 0
        left -= size
        units += read_units(size, bool(request.get("ConsistentRead")))
        if row:
            found.append(project(row[0]) if project else row[0])
    return found, [], units, left


def _plan(call: Call, name: str, entry: dict[str, Any]) -> writes.Plan:
    if len(entry) != 1:
        raise invalid("Supplied WriteRequest must contain exactly one of PutRequest and DeleteRequest")
    if "PutRequest" in entry:
        return writes.plan(call, "Put", {"TableName": name, "Item": entry["PutRequest"]["Item"]})
    return writes.plan(call, "Delete", {"TableName": name, "Key": entry["DeleteRequest"]["Key"]})


def _check_count(count: int, most: int) -> None:
    if count > most:
        raise invalid(
            f"Too many items requested for the {'BatchWriteItem' if most == MAX_WRITES else 'BatchGetItem'} call"
        )


def _consumed(params: dict[str, Any], group: list[writes.Change]) -> dict[str, Any] | None:
    total, by_index = 0.0, dict[str, float]()
    for change in group:
        units, indexes = writes.units(change)
        total += units
        for name, amount in indexes.items():
            by_index[name] = by_index.get(name, 0.0) + amount
    return consumed(params.get("ReturnConsumedCapacity"), group[0].plan.table, total, by_index)
