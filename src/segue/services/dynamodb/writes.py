"""One write of one item: planned from a request, checked against the item as it is, applied with its index entries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from segue import jobs
from segue.api import Call
from segue.errors import AwsError
from segue.languages.expressions import (
    Binding,
    ExpressionError,
    Item,
    Predicate,
    Update,
    compile_condition,
    compile_update,
    legacy,
    normalize,
    normalize_item,
    parse_condition,
    parse_update,
)
from segue.services.dynamodb import changes, records
from segue.services.dynamodb.capacity import write_units
from segue.services.dynamodb.records import Place
from segue.services.dynamodb.schema import (
    Table,
    check_index_keys,
    entry_place,
    find_table,
    item_place,
    key_place,
)
from segue.services.dynamodb.service import invalid, invalid_values

EXPIRE_JOB = "dynamodb:expire"
TTL_HORIZON_SECONDS = 5 * 366 * 86_400
"""Items that expired longer ago are left alone: amazondynamodb/latest/developerguide/howitworks-ttl.html"""

_EXPRESSIONS = {
    "Put": ("ConditionExpression",),
    "Delete": ("ConditionExpression",),
    "ConditionCheck": ("ConditionExpression",),
    "Update": ("UpdateExpression", "ConditionExpression"),
}


@dataclass(frozen=True, slots=True)
class Plan:
    """What a request wants of one item.

    Attributes:
        table, at: where the item is.
        kind: ``Put``, ``Update``, ``Delete`` or ``ConditionCheck``.
        holds: its condition, if it has one.
        item, size: of a put, the item.
        key, update: of an update.
        return_old_on_failure: whether a failed condition's error carries the item.
        must_be_new: whether there may be no such item yet.
    """

    table: Table
    at: Place
    kind: str
    holds: Predicate | None
    item: Item | None = None
    size: int = 0
    key: Item | None = None
    update: Update | None = None
    return_old_on_failure: bool = False
    must_be_new: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """What a plan comes to: the item before and after (``None``: there is none), and their sizes."""

    plan: Plan
    old: Item | None
    old_size: int
    new: Item | None
    new_size: int


def plan(call: Call, kind: str, params: dict[str, Any]) -> Plan:
    """Read a request (or one of a transaction's) as a plan.

    Raises:
        AwsError, ExpressionError: the request is invalid, whatever the item is.
    """
    table = find_table(call, params["TableName"])
    binding = bind(params, _EXPRESSIONS[kind])
    item, size, update = None, 0, None
    if kind == "Put":
        item, size, at = checked_item(call, table, params["Item"])
        key = None
    else:
        key = {name: normalize(value)[0] for name, value in params["Key"].items()}
        at = key_place(table, key)
    if kind == "Update":
        update = _update(table, params, binding)
    holds = _condition(params, binding)
    binding.check_used()
    wants_old = params.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
    return Plan(table, at, kind, holds, item, size, key, update, wants_old)


def checked_item(call: Call, table: Table, given: Item) -> tuple[Item, int, Place]:
    """An item to be put, its size, and where it belongs.

    Raises:
        AwsError, ExpressionError: it is too big, or lacks a key, or is otherwise none for this table.
    """
    item, size = normalize_item(given)
    if size > call.limits.item_bytes:
        raise invalid("Item size has exceeded the maximum allowed size")
    at = item_place(table, item)
    check_index_keys(table, item)
    return item, size, at


def bind(params: dict[str, Any], expressions: tuple[str, ...]) -> Binding:
    """The request's placeholders; refuses new and old parameters side by side."""
    old = [] if _OLDER_NAMES.isdisjoint(params) else [name for name in _OLDER if params.get(name) is not None]
    new = [name for name in expressions if params.get(name) is not None]
    if old and new:
        raise invalid(
            "Can not use both expression and non-expression parameters in the same request: "
            f"Non-expression parameters: {{{', '.join(old)}}} Expression parameters: {{{', '.join(new)}}}"
        )
    return Binding(
        params.get("ExpressionAttributeNames"),
        params.get("ExpressionAttributeValues"),
        {name: params.get(name) for name in expressions},
    )


_OLDER = (
    "AttributesToGet",
    "AttributeUpdates",
    "ConditionalOperator",
    "Expected",
    "KeyConditions",
    "QueryFilter",
    "ScanFilter",
)
_OLDER_NAMES = frozenset(_OLDER)


def _condition(params: dict[str, Any], binding: Binding) -> Predicate | None:
    text = params.get("ConditionExpression")
    if text is not None:
        label = "ConditionExpression"
        return compile_condition(parse_condition(text, label), binding, label)
    expected = params.get("Expected")
    condition = legacy.conditions(expected, params.get("ConditionalOperator")) if expected else None
    return compile_condition(condition, binding, "Expected") if condition else None


def _update(table: Table, params: dict[str, Any], binding: Binding) -> Update:
    text = params.get("UpdateExpression")
    if text is not None:
        update = compile_update(parse_update(text), binding)
    else:
        update = compile_update(legacy.updates(params.get("AttributeUpdates") or {}), binding, "AttributeUpdates")
    check_update(table, update)
    return update


def check_update(table: Table, update: Update) -> None:
    """Refuse an update of a key."""
    keys = {key.name for key in table.keys}
    for path in update.paths:
        if path[0] in keys:
            raise invalid_values(f"Cannot update attribute {path[0]}. This attribute is part of the key")


def decide(call: Call, planned: Plan, *, look: bool = True) -> Change:
    """The change that the plan makes to the item as it is; nothing is written yet.

    Args:
        look: whether the item before must be known, though the plan itself may not need it.

    Raises:
        AwsError: ``ConditionalCheckFailedException``, ``DuplicateItemException``, or a ``ValidationException`` of the
            update.
    """
    table = planned.table
    told = bool(table.indexes) or table.stream is not None
    needs_old = look or told or planned.holds is not None or planned.update is not None or planned.must_be_new
    found = records.get(call.tx, table.id, planned.at) if needs_old else None
    old, old_size = found or (None, 0)
    if planned.holds is not None and not planned.holds(old or {}):
        shown = {"Item": old} if planned.return_old_on_failure and old is not None else None
        raise AwsError("ConditionalCheckFailedException", "The conditional request failed", members=shown)
    if planned.must_be_new and old is not None:
        raise AwsError("DuplicateItemException", "Duplicate primary key exists in table")
    if planned.kind == "ConditionCheck":
        return Change(planned, old, old_size, old, old_size)
    if planned.kind == "Delete":
        return Change(planned, old, old_size, None, 0)
    if planned.update is None:
        return Change(planned, old, old_size, planned.item, planned.size)
    new, size = _updated(call, planned, planned.update, old)
    return Change(planned, old, old_size, new, size)


def _updated(call: Call, planned: Plan, update: Update, old: Item | None) -> tuple[Item, int]:
    new, size = normalize_item(update.apply(old if old is not None else planned.key or {}))
    if size > call.limits.item_bytes:
        raise invalid("Item size to update has exceeded the maximum allowed size")
    check_index_keys(planned.table, new)
    return new, size


def apply(call: Call, change: Change, *, expired: bool = False) -> None:
    """Write a change down: the item, its index entries, its time to live, its record in the table's stream."""
    planned = change.plan
    if planned.kind == "ConditionCheck":
        return
    table, at, tx = planned.table, planned.at, call.tx
    if change.new is None:
        if change.old is not None:
            records.delete(tx, table.id, at)
    else:
        expires_at_ms = expiry_ms(call, table, change.new) if table.ttl_attribute else None
        records.put(tx, table.id, at, change.new, change.new_size, expires_at_ms)
        if expires_at_ms is not None:
            arrange_expiry(call, table)
    for index in table.indexes.values():
        before = entry_place(index, change.old) if change.old is not None else None
        after = entry_place(index, change.new) if change.new is not None else None
        if before == after:
            continue
        if before is not None:
            records.delete_entry(tx, index.id, before, at)
        if after is not None:
            records.put_entry(tx, index.id, after, at)
    if table.stream is not None:
        names = tuple(key.name for key in table.keys)
        changes.write(tx, table.stream, names, at.bucket, change.old, change.new, expired=expired)


def units(change: Change, *, transactional: bool = False) -> tuple[float, dict[str, float]]:
    """What the change consumes: of the table, of each index that it touches."""
    size = max(change.old_size, change.new_size)
    by_index = {}
    for index in change.plan.table.indexes.values():
        if any(item is not None and entry_place(index, item) for item in (change.old, change.new)):
            by_index[index.name] = write_units(size, transactional=transactional)
    return write_units(size, transactional=transactional), by_index


# time to live


def expiry_ms(call: Call, table: Table, item: Item) -> int | None:
    """When an item expires, by its table's attribute (epoch seconds); ``None`` where it does not."""
    value = item.get(table.ttl_attribute, {}).get("N")
    if value is None:
        return None
    seconds = float(value)
    if not call.now_ms / 1000 - TTL_HORIZON_SECONDS < seconds < 253_402_300_800:
        return None
    return int(seconds * 1000)


def arrange_expiry(call: Call, table: Table) -> None:
    """Have the table's next expiry done when it is due: one job a table."""
    row = call.tx.one("SELECT MIN(expires_at) FROM dynamodb_items WHERE tbl = ? AND expires_at IS NOT NULL", table.id)
    if row is None or row[0] is None:
        return
    planned = call.tx.one("SELECT visible_at FROM jobs WHERE key = ? AND kind = ?", table.arn, EXPIRE_JOB)
    if planned is not None and planned[0] <= row[0]:
        return
    jobs.cancel(call.tx, EXPIRE_JOB, table.arn)
    jobs.enqueue(call.tx, EXPIRE_JOB, table.arn, {}, at_ms=row[0])


def as_api_error(error: AwsError | ExpressionError) -> AwsError:
    """What went wrong with one of several writes, as an API error."""
    return error if isinstance(error, AwsError) else invalid(error.message)
