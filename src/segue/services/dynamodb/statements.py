"""ExecuteStatement, BatchExecuteStatement and ExecuteTransaction."""

from __future__ import annotations

from typing import Any

from segue.api import Call, Result
from segue.errors import AwsError
from segue.languages.expressions import ExpressionError
from segue.languages.partiql import Delete, Exists, Select, Statement, Update, parse
from segue.services.dynamodb import partiql, writes
from segue.services.dynamodb.capacity import consumed, read_units
from segue.services.dynamodb.items import returned
from segue.services.dynamodb.schema import Table
from segue.services.dynamodb.service import invalid, operation
from segue.services.dynamodb.transactions import write_all

_BATCH_CODES = {
    "AccessDeniedException": "AccessDenied",
    "ConditionalCheckFailedException": "ConditionalCheckFailed",
    "DuplicateItemException": "DuplicateItem",
    "ResourceNotFoundException": "ResourceNotFound",
    "ValidationException": "ValidationError",
}


@operation("ExecuteStatement", action=None)
def execute_statement(call: Call, params: dict[str, Any]) -> Result:
    """Select items, or write one."""
    statement = _parsed(params)
    if isinstance(statement, Select):
        return partiql.select_page(call, statement, params)
    if isinstance(statement, Exists):
        raise invalid("EXISTS is a statement of transactions")
    if params.get("NextToken") or params.get("Limit"):
        raise invalid("NextToken and Limit are for SELECT statements")
    change, item = _write(call, statement, params)
    result: dict[str, Any] = {"Items": [] if item is None else [item]}
    capacity = consumed(params.get("ReturnConsumedCapacity"), change.plan.table, *writes.units(change))
    return result | ({"ConsumedCapacity": capacity} if capacity else {})


@operation("BatchExecuteStatement", action=None)
def batch_execute_statement(call: Call, params: dict[str, Any]) -> Result:
    """Up to 25 statements, each by itself: reads of single items, or writes."""
    responses, units = list[dict[str, Any]](), dict[str, tuple[Table, float]]()
    kinds = set()
    for given in params["Statements"]:
        try:
            with call.tx.savepoint():
                statement = _parsed(given)
                kinds.add(isinstance(statement, Select))
                table, item, used = _one_of_batch(call, statement, given)
        except (AwsError, ExpressionError) as failure:
            responses.append({"Error": _batch_error(failure)})
            continue
        responses.append({"TableName": table.name} | ({} if item is None else {"Item": item}))
        units[table.arn] = (table, units.get(table.arn, (table, 0.0))[1] + used)
    if len(kinds) > 1:
        raise invalid("All statements within a batch must be of the same type: reads or writes")
    result: dict[str, Any] = {"Responses": responses}
    capacity = [consumed(params.get("ReturnConsumedCapacity"), *each) for each in units.values()]
    return result | ({"ConsumedCapacity": capacity} if any(capacity) else {})


@operation("ExecuteTransaction", action=None)
def execute_transaction(call: Call, params: dict[str, Any]) -> Result:
    """Up to 100 statements, all or nothing: reads of single items, or writes and conditions."""
    statements = [_parsed(given) for given in params["TransactStatements"]]
    reads = [isinstance(statement, Select) for statement in statements]
    if all(reads):
        return _read_all(call, statements, params)
    if any(reads):
        raise invalid("All statements within a transaction must be of the same type: reads, or writes and EXISTS")
    plans = []
    for statement, given in zip(statements, params["TransactStatements"], strict=True):
        if isinstance(statement, Exists):
            plans.append(partiql.check(call, statement.select))
        else:
            plans.append(partiql.plan(call, statement, given))
    answer = write_all(call, plans, params, params["TransactStatements"])
    return {"Responses": [{} for _ in plans], **answer}


def _read_all(call: Call, statements: list[Statement], params: dict[str, Any]) -> Result:
    responses, units = list[dict[str, Any]](), dict[str, tuple[Table, float]]()
    for statement in statements:
        assert isinstance(statement, Select)
        table, item, size = partiql.get(call, statement)
        responses.append({} if item is None else {"Item": item})
        used = read_units(size, True, transactional=True)
        units[table.arn] = (table, units.get(table.arn, (table, 0.0))[1] + used)
    result: dict[str, Any] = {"Responses": responses}
    capacity = [consumed(params.get("ReturnConsumedCapacity"), *each, kind="Read") for each in units.values()]
    return result | ({"ConsumedCapacity": capacity} if any(capacity) else {})


def _parsed(given: dict[str, Any]) -> Statement:
    return parse(given["Statement"], given.get("Parameters") or ())


def _one_of_batch(
    call: Call, statement: Statement, given: dict[str, Any]
) -> tuple[Table, dict[str, Any] | None, float]:
    if isinstance(statement, Select):
        table, item, size = partiql.get(call, statement)
        return table, item, read_units(size, bool(given.get("ConsistentRead")))
    change, item = _write(call, statement, given)
    return change.plan.table, item, writes.units(change)[0]


def _write(call: Call, statement: Statement, given: dict[str, Any]) -> tuple[writes.Change, dict[str, Any] | None]:
    change = writes.decide(call, partiql.plan(call, statement, given))
    writes.apply(call, change)
    returning = statement.returning if isinstance(statement, Update | Delete) else None
    return change, returned(change, returning)


def _batch_error(failure: AwsError | ExpressionError) -> dict[str, Any]:
    error = writes.as_api_error(failure)
    code = _BATCH_CODES.get(error.code)
    if code is None:
        raise error
    return {"Code": code, "Message": error.message, **error.members}
