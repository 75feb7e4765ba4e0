"""TransactWriteItems and TransactGetItems: all or nothing, with a reason for each action that failed.

Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import msgpack

from segue.api import Call, Result
from segue.errors import AwsError
from segue.languages.expressions import ExpressionError, normalize
from segue.services.dynamodb import records, writes
from segue.services.dynamodb.capacity import consumed, read_units
from segue.services.dynamodb.items import collection_metrics, projection
from segue.services.dynamodb.schema import Table, find_table, key_place, table_arn
from segue.services.dynamodb.service import SERVICE, authorize_table, invalid, operation

MAX_BYTES = 4 * 1_048_576
_FORGOTTEN_AT_ONCE = 250
TOKEN_LIFE_MS = 600_000
_ACTIONS = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}
"""Transactions have no action of their own: amazondynamodb/latest/developerguide/transaction-apis-iam.html"""
_REASONS = {
    "ConditionalCheckFailedException": "ConditionalCheckFailed",
    "DuplicateItemException": "DuplicateItem",
    "ValidationException": "ValidationError",
}


@operation("TransactWriteItems", action=None)
def transact_write_items(call: Call, params: dict[str, Any]) -> Result:
    """Up to 100 puts, updates, deletes and condition checks, all or nothing; idempotent by token for ten minutes."""
    plans = [_plan(call, entry) for entry in params["TransactItems"]]
    return write_all(call, plans, params, params["TransactItems"])


def write_all(call: Call, plans: list[writes.Plan], params: dict[str, Any], request: Any) -> dict[str, Any]:
    """Carry out all plans or none; ``request`` is what must be the same under the same ``ClientRequestToken``.

    Raises:
        AwsError: ``TransactionCanceledException``, ``IdempotentParameterMismatchException``, ``ValidationException``.
    """
    token = params.get("ClientRequestToken")
    digest = b""
    if token is not None:
        digest = sha256(msgpack.packb(request)).digest()
        answered = _answered(call, token, digest)
        if answered is not None:
            return answered
    if len({(planned.table.id, planned.at) for planned in plans}) != len(plans):
        raise invalid("Transaction request cannot include multiple operations on one item")
    changes = _decide(call, plans)
    if sum(change.new_size for change in changes if change.plan.kind != "ConditionCheck") > MAX_BYTES:
        raise invalid("Transaction payload size limit exceeded")
    for change in changes:
        writes.apply(call, change)
    result: dict[str, Any] = {}
    capacity = _consumed(params.get("ReturnConsumedCapacity"), changes)
    if capacity:
        result["ConsumedCapacity"] = capacity
    if params.get("ReturnItemCollectionMetrics") == "SIZE":
        by_table: dict[str, list[writes.Change]] = {}
        for change in changes:
            by_table.setdefault(change.plan.table.name, []).append(change)
        metrics = {name: collection_metrics(group) for name, group in by_table.items()}
        result["ItemCollectionMetrics"] = {name: each for name, each in metrics.items() if each}
    if token is not None:
        call.tx.run(
            "INSERT INTO dynamodb_tokens VALUES (?, ?, ?, ?) ON CONFLICT (token) DO UPDATE"
            " SET request = excluded.request, at = excluded.at, answer = excluded.answer",
            _token_key(call, token),
            digest,
            call.now_ms,
            msgpack.packb(result),
        )
    return result


@operation("TransactGetItems", reads=True, action=None)
def transact_get_items(call: Call, params: dict[str, Any]) -> Result:
    """Up to 100 items as they are at one moment."""
    responses, sizes = [], dict[str, tuple[Table, float]]()
    for entry in params["TransactItems"]:
        get = entry["Get"]
        authorize_table(call, "GetItem", table_arn(call, get["TableName"]))
        table = find_table(call, get["TableName"])
        binding = writes.bind(get, ("ProjectionExpression",))
        project = projection(get, binding)
        binding.check_used()
        key = {name: normalize(value)[0] for name, value in get["Key"].items()}
        found = records.get(call.tx, table.id, key_place(table, key))
        responses.append({} if found is None else {"Item": project(found[0]) if project else found[0]})
        units = read_units(found[1] if found else 0, True, transactional=True)
        sizes[table.arn] = (table, sizes.get(table.arn, (table, 0.0))[1] + units)
    level = params.get("ReturnConsumedCapacity")
    capacity = [consumed(level, table, units, kind="Read") for table, units in sizes.values()]
    result: dict[str, Any] = {"Responses": responses}
    return result | ({"ConsumedCapacity": capacity} if any(capacity) else {})


def _plan(call: Call, entry: dict[str, Any]) -> writes.Plan:
    if len(entry) != 1:
        raise invalid("TransactItems can only contain one of Check, Put, Update or Delete")
    ((kind, action),) = entry.items()
    authorize_table(call, _ACTIONS[kind], table_arn(call, action["TableName"]))
    return writes.plan(call, kind, action)


def _decide(call: Call, plans: list[writes.Plan]) -> list[writes.Change]:
    """What all plans come to, or ``TransactionCanceledException`` with a reason for each."""
    changes, reasons = [], list[dict[str, Any]]()
    for planned in plans:
        try:
            changes.append(writes.decide(call, planned))
            reasons.append({"Code": "None"})
        except (AwsError, ExpressionError) as failure:
            error = writes.as_api_error(failure)
            code = _REASONS.get(error.code)
            if code is None:
                raise
            reasons.append({"Code": code, "Message": error.message, **error.members})
    if len(changes) < len(plans):
        codes = ", ".join(reason["Code"] for reason in reasons)
        raise AwsError(
            "TransactionCanceledException",
            f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]",
            members={"CancellationReasons": reasons},
        )
    return changes


def _token_key(call: Call, token: str) -> str:
    return f"{call.account}:{call.region}:{token}"


def _answered(call: Call, token: str, digest: bytes) -> dict[str, Any] | None:
    """What the same transaction was answered before, within the token's life."""
    row = call.tx.one(
        "SELECT request, answer FROM dynamodb_tokens WHERE token = ? AND at >= ?",
        _token_key(call, token),
        call.now_ms - TOKEN_LIFE_MS,
    )
    if row is None:
        return None
    if row[0] != digest:
        raise AwsError(
            "IdempotentParameterMismatchException",
            "Request rejected because it has the same token as an earlier request with different parameters",
        )
    answer: dict[str, Any] = msgpack.unpackb(row[1])
    return answer


def _consumed(level: str | None, changes: list[writes.Change]) -> list[dict[str, Any]]:
    by_table: dict[str, tuple[Table, float, dict[str, float]]] = {}
    for change in changes:
        table = change.plan.table
        units, indexes = writes.units(change, transactional=True)
        _, total, by_index = by_table.get(table.arn, (table, 0.0, {}))
        for name, amount in indexes.items():
            by_index[name] = by_index.get(name, 0.0) + amount
        by_table[table.arn] = (table, total + units, by_index)
    found = [consumed(level, *each, kind="Write") for each in by_table.values()]
    return [each for each in found if each is not None]


@SERVICE.housekeeping.append
def _forget_tokens(call: Call, _: Any) -> bool:
    """Forget a piece of the tokens that have had their life; whether there is more."""
    old = "SELECT token FROM dynamodb_tokens WHERE at < ? LIMIT ?"
    gone = call.tx.run(
        f"DELETE FROM dynamodb_tokens WHERE token IN ({old})", call.now_ms - TOKEN_LIFE_MS, _FORGOTTEN_AT_ONCE
    )
    return gone == _FORGOTTEN_AT_ONCE
