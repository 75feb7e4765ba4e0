"""PartiQL statements carried out: as reads of pages, and as plans of writes.

Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.statements.html
"""

from __future__ import annotations

import base64
import json
from typing import Any

from segue.api import Call
from segue.api.paginate import decode_token, encode_token
from segue.languages.expressions import (
    Binding,
    ExpressionError,
    Item,
    KeyCondition,
    Projector,
    compile_condition,
    compile_key_condition,
    compile_projection,
    compile_update,
)
from segue.languages.expressions.nodes import Condition, Either, In, Not
from segue.languages.partiql import Delete, Insert, Select, Statement, Update, conjuncts, equalities
from segue.services.dynamodb import pages, records, writes
from segue.services.dynamodb.capacity import consumed, read_units
from segue.services.dynamodb.query import carried, chosen_index
from segue.services.dynamodb.schema import KeyAttribute, Table, find_table, key_place, table_arn
from segue.services.dynamodb.service import authorize_table, invalid, invalid_values

LABEL = "WHERE"
_NO_KEY = "Where clause does not contain a mandatory equality on all key attributes"


def plan(call: Call, statement: Statement, params: dict[str, Any]) -> writes.Plan:
    """A statement that writes, as a plan.

    Raises:
        AwsError, ExpressionError: the table is not there, the key is not whole, values do not fit.
    """
    wants_old = params.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
    match statement:
        case Insert(name, given):
            table = _table(call, name, "PartiQLInsert")
            item, size, at = writes.checked_item(call, table, given)
            return writes.Plan(table, at, "Put", None, item, size, must_be_new=True)
        case Update(name, actions, condition):
            table = _table(call, name, "PartiQLUpdate")
            key = whole_key(table, condition)
            holds = compile_condition(condition, Binding(), LABEL)
            update = compile_update(actions, Binding())
            writes.check_update(table, update)
            at = key_place(table, key)
            return writes.Plan(table, at, "Update", holds, None, 0, key, update, wants_old)
        case Delete(name, condition):
            table = _table(call, name, "PartiQLDelete")
            key = whole_key(table, condition)
            only_key = len(conjuncts(condition)) == len(key)
            must_hold = None if only_key else compile_condition(condition, Binding(), LABEL)
            return writes.Plan(table, key_place(table, key), "Delete", must_hold, None, 0, key, None, wants_old)
    raise invalid("Unsupported operation: a statement that writes is INSERT, UPDATE or DELETE")


def check(call: Call, select: Select) -> writes.Plan:
    """``EXISTS`` in a transaction: the condition that there is such an item."""
    table = _table(call, select.table, "PartiQLSelect")
    key = whole_key(table, select.condition)
    assert select.condition is not None  # it has the key
    holds = compile_condition(select.condition, Binding(), LABEL)
    return writes.Plan(table, key_place(table, key), "ConditionCheck", holds, key=key)


def get(call: Call, select: Select) -> tuple[Table, Item | None, int]:
    """The one item that a statement selects by its whole key, and its size.

    Raises:
        AwsError: ``ValidationException`` where the key is not whole.
    """
    table = _table(call, select.table, "PartiQLSelect")
    found = records.get(call.tx, table.id, key_place(table, whole_key(table, select.condition)))
    if found is None or select.condition is None:
        return table, None, 0
    holds, project = compile_condition(select.condition, Binding(), LABEL)(found[0]), _projector(select)
    item = found[0] if project is None else project(found[0])
    return table, item if holds else None, found[1]


def select_page(call: Call, select: Select, params: dict[str, Any]) -> dict[str, Any]:
    """A page of what a statement selects, as ``ExecuteStatement`` answers it."""
    table = _table(call, select.table, "PartiQLSelect", select.index)
    asked = {"IndexName": select.index, "ConsistentRead": params.get("ConsistentRead")}
    index = chosen_index(table, asked)
    where, forward = _range(select, index.keys if index else table.keys)
    token = params.get("NextToken")
    where = pages.starting(table, index, where, None if token is None else _key(token))
    page = pages.read(call.tx, table, index, where, params.get("Limit"), forward)
    holds = compile_condition(select.condition, Binding(), LABEL) if select.condition else None
    project = _projector(select)
    items = [carried(table, index, item) if index else item for item in page.items if holds is None or holds(item)]
    result: dict[str, Any] = {"Items": [project(item) for item in items] if project else items}
    if page.last is not None:
        names = {key.name for key in (*table.keys, *(index.keys if index else ()))}
        result["LastEvaluatedKey"] = {name: page.last[name] for name in page.last if name in names}
        result["NextToken"] = _token(result["LastEvaluatedKey"])
    units = read_units(page.size, bool(params.get("ConsistentRead")))
    level = params.get("ReturnConsumedCapacity")
    capacity = consumed(level, table, 0.0, {index.name: units}) if index else consumed(level, table, units)
    return result | ({"ConsumedCapacity": capacity} if capacity else {})


def whole_key(table: Table, condition: Condition | None) -> Item:
    """The primary key that a condition names.

    Raises:
        AwsError: ``ValidationException``: it does not name all of it.
    """
    equal = equalities(condition)
    if any(key.name not in equal for key in table.keys):
        raise invalid(_NO_KEY)
    return {key.name: equal[key.name] for key in table.keys}


def _table(call: Call, name: str, action: str, index: str | None = None) -> Table:
    arn = table_arn(call, name)
    authorize_table(call, action, f"{arn}/index/{index}" if index else arn)
    return find_table(call, name)


def _range(select: Select, keys: tuple[KeyAttribute, ...]) -> tuple[pages.Range, bool]:
    """What is read: the one partition that the condition names (as far as its sort key says), or everything."""
    hash_key, sort_key = keys[0], keys[1] if len(keys) > 1 else None
    value = equalities(select.condition).get(hash_key.name)
    if value is None:
        if select.order:
            raise invalid(
                "Must have at least one non-optional hash key condition in WHERE clause when using ORDER BY clause."
            )
        return pages.segment_range(0, 1), True
    if hash_key.type not in value:
        raise invalid_values("Condition parameter type does not match schema type")
    forward = True
    for name, descending in select.order:
        if sort_key is None or name not in (hash_key.name, sort_key.name):
            raise invalid(f"Variable reference {name} in ORDER BY clause must be part of the primary key")
        forward = forward and not (descending and name == sort_key.name)
    on_sort = _on_sort(select.condition, sort_key) if sort_key else None
    return pages.partition_range(value, on_sort), forward


def _on_sort(condition: Condition | None, sort_key: KeyAttribute) -> KeyCondition | None:
    """A condition on the sort key by which fewer items need to be looked at, if there is one."""
    for one in conjuncts(condition):
        if isinstance(one, Either | Not | In):
            continue
        try:
            found = compile_key_condition(one, Binding()).get(sort_key.name)
        except ExpressionError:
            continue
        if found is not None and all(sort_key.type in value for value in found.values):
            return found
    return None


def _projector(select: Select) -> Projector | None:
    return None if select.paths is None else compile_projection(select.paths, Binding(), "SELECT")[0]


def _token(key: Item) -> str:
    plain = {name: {tag: _text(value) for tag, value in typed.items()} for name, typed in key.items()}
    return encode_token(json.dumps(plain))


def _text(value: str | bytes) -> str:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def _key(token: str) -> Item:
    words = "NextToken does not match request"
    (text,) = decode_token(token, "ValidationException", words)
    try:
        plain = json.loads(text)
        return {
            name: {tag: base64.b64decode(value) if tag == "B" else str(value) for tag, value in typed.items()}
            for name, typed in plain.items()
        }
    except (ValueError, AttributeError, RecursionError):
        raise invalid(words) from None
