"""Query and Scan: pages of a table or an index in key order, filtered and projected.

A page ends at ``Limit`` items looked at, or where the next item would take it beyond 1 MB.
Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.Pagination.html
"""

from __future__ import annotations

from typing import Any

from segue.api import Call, Result
from segue.languages.expressions import (
    Binding,
    Item,
    KeyCondition,
    Predicate,
    compile_condition,
    compile_key_condition,
    legacy,
    parse_condition,
)
from segue.services.dynamodb import pages, writes
from segue.services.dynamodb.capacity import consumed, read_units
from segue.services.dynamodb.items import projection
from segue.services.dynamodb.pages import Page, Range
from segue.services.dynamodb.schema import Index, Table, find_table, resource
from segue.services.dynamodb.service import invalid, invalid_values, operation

_QUERY_EXPRESSIONS = ("ProjectionExpression", "FilterExpression", "KeyConditionExpression")
_SCAN_EXPRESSIONS = ("ProjectionExpression", "FilterExpression")


@operation("Query", reads=True, resource=resource)
def query(call: Call, params: dict[str, Any]) -> Result:
    """The items of one partition, in the order of their sort keys."""
    table = find_table(call, params["TableName"])
    index = chosen_index(table, params)
    binding = writes.bind(params, _QUERY_EXPRESSIONS)
    conditions = _key_conditions(params, binding)
    hash_key, sort_key = (index.hash, index.sort) if index else (table.hash, table.sort)
    names = {hash_key.name, *([sort_key.name] if sort_key else [])}
    equals = conditions.get(hash_key.name)
    if equals is None:
        raise invalid(f"Query condition missed key schema element: {hash_key.name}")
    if equals.operator != "=":
        raise invalid("Query key condition not supported")
    extra = [name for name in conditions if name not in names]
    if extra:
        missed = sort_key.name if sort_key and sort_key.name not in conditions else None
        raise invalid(
            f"Query condition missed key schema element: {missed}" if missed else "Query key condition not supported"
        )
    on_sort = conditions.get(sort_key.name) if sort_key else None
    for key in (hash_key, *([sort_key] if sort_key else [])):
        for value in conditions[key.name].values if key.name in conditions else ():
            if key.type not in value:
                raise invalid_values("Condition parameter type does not match schema type")
            if not value[key.type] and key.type != "N":
                raise invalid(
                    "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain "
                    f"an empty {'string' if key.type == 'S' else 'binary'} value. Key: {key.name}"
                )
    filtered = _filter(params, binding, "QueryFilter", names)
    where = pages.partition_range(equals.values[0], on_sort)
    return _answer(call, params, table, index, where, filtered, binding)


@operation("Scan", reads=True, resource=resource)
def scan(call: Call, params: dict[str, Any]) -> Result:
    """All items of a table or an index, or of one of its segments, in hash order."""
    table = find_table(call, params["TableName"])
    index = chosen_index(table, params)
    binding = writes.bind(params, _SCAN_EXPRESSIONS)
    filtered = _filter(params, binding, "ScanFilter", set())
    segment, total = params.get("Segment"), params.get("TotalSegments")
    if (segment is None) != (total is None):
        given, missing = ("Segment", "TotalSegments") if total is None else ("TotalSegments", "Segment")
        raise invalid(
            f"The {missing} parameter is required but was not present in the request when {given} parameter is present"
        )
    if segment is not None and total is not None and segment >= total:
        raise invalid(
            "The Segment parameter is zero-based and must be less than parameter TotalSegments: "
            f"Segment: {segment} is not less than TotalSegments: {total}"
        )
    where = pages.segment_range(segment or 0, total or 1)
    return _answer(call, params, table, index, where, filtered, binding)


def chosen_index(table: Table, params: dict[str, Any]) -> Index | None:
    """The index that a read names, if it names one.

    Raises:
        AwsError: ``ValidationException``: there is none, or it cannot be read so.
    """
    name = params.get("IndexName")
    if name is None:
        return None
    index = table.indexes.get(name)
    if index is None:
        raise invalid(f"The table does not have the specified index: {name}")
    if name in table.document.get("Backfilling", ()):
        raise invalid(f"Cannot read from backfilling global secondary index: {name}")
    if index.is_global and params.get("ConsistentRead"):
        raise invalid("Consistent reads are not supported on global secondary indexes")
    if index.is_global and index.projection is not None and params.get("Select") == "ALL_ATTRIBUTES":
        raise invalid_values(
            "Select type ALL_ATTRIBUTES is not supported for global secondary index "
            f"{name} because its projection type is not ALL"
        )
    return index


def _key_conditions(params: dict[str, Any], binding: Binding) -> dict[str, KeyCondition]:
    text = params.get("KeyConditionExpression")
    if text is not None:
        return compile_key_condition(parse_condition(text, "KeyConditionExpression"), binding)
    given = params.get("KeyConditions")
    if not given:
        raise invalid("Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.")
    return legacy.key_conditions(given)


def _filter(params: dict[str, Any], binding: Binding, older: str, keys: set[str]) -> Predicate | None:
    text = params.get("FilterExpression")
    if text is not None:
        label = "FilterExpression"
        predicate = compile_condition(parse_condition(text, label), binding, label)
        used = sorted(binding.touched.get(label, set()) & keys)
        if used:
            raise invalid(
                f"Filter Expression can only contain non-primary key attributes: Primary key attribute: {used[0]}"
            )
        return predicate
    given = params.get(older)
    condition = legacy.conditions(given, params.get("ConditionalOperator")) if given else None
    return compile_condition(condition, binding, older) if condition else None


def _answer(
    call: Call,
    params: dict[str, Any],
    table: Table,
    index: Index | None,
    where: Range,
    filtered: Predicate | None,
    binding: Binding,
) -> Result:
    project = projection(params, binding)
    binding.check_used()
    select = _select(params, index)
    where = pages.starting(table, index, where, params.get("ExclusiveStartKey"))
    forward = params.get("ScanIndexForward", True)
    page = pages.read(call.tx, table, index, where, params.get("Limit"), forward)
    kept = [item for item in page.items if filtered is None or filtered(item)]
    result: dict[str, Any] = {"Count": len(kept), "ScannedCount": len(page.items)}
    if select != "COUNT":
        if index is not None and select != "ALL_ATTRIBUTES":
            kept = [carried(table, index, item) for item in kept]
        result["Items"] = [project(item) for item in kept] if project else kept
    if page.last is not None:
        keys = {key.name for key in (*table.keys, *(index.keys if index else ()))}
        result["LastEvaluatedKey"] = {name: page.last[name] for name in page.last if name in keys}
    capacity = _consumed(params, table, index, page)
    return result | ({"ConsumedCapacity": capacity} if capacity else {})


def _select(params: dict[str, Any], index: Index | None) -> str | None:
    select: str | None = params.get("Select")
    projecting = params.get("ProjectionExpression") is not None or params.get("AttributesToGet")
    if select == "SPECIFIC_ATTRIBUTES" and not projecting:
        raise invalid(
            "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES"
        )
    if projecting and select not in (None, "SPECIFIC_ATTRIBUTES"):
        what = "ProjectionExpression" if params.get("ProjectionExpression") is not None else "AttributesToGet"
        raise invalid(
            f"Cannot specify the {what} when choosing to get {'only the ' if select == 'COUNT' else ''}"
            f"{'Count' if select == 'COUNT' else select}"
        )
    if select == "ALL_PROJECTED_ATTRIBUTES" and index is None:
        raise invalid("ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName")
    return select


def carried(table: Table, index: Index, item: Item) -> Item:
    """What the index carries of an item."""
    if index.projection is None:
        return item
    names = {key.name for key in (*table.keys, *index.keys)} | set(index.projection or ())
    return {name: value for name, value in item.items() if name in names}


def _consumed(params: dict[str, Any], table: Table, index: Index | None, page: Page) -> dict[str, Any] | None:
    units = read_units(page.size, bool(params.get("ConsistentRead")))
    level = params.get("ReturnConsumedCapacity")
    return consumed(level, table, 0.0, {index.name: units}) if index else consumed(level, table, units)
