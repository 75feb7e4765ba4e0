"""Reserved and provisioned concurrency, and the account's limits."""

from __future__ import annotations

from typing import Any

from segue.api import Call
from segue.api.call import Result
from segue.api.paginate import decode_token, encode_token
from segue.errors import AwsError
from segue.services.lambda_.errors import function_not_found, invalid
from segue.services.lambda_.formats import iso_timestamp
from segue.services.lambda_.functions import existing
from segue.services.lambda_.names import (
    LATEST,
    function_name,
    function_resource,
    named_function,
    plain_function_resource,
)
from segue.services.lambda_.records import Function, find_function
from segue.services.lambda_.service import SERVICE
from segue.store import Row

_ALWAYS_UNRESERVED = 100
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: storage for uploaded functions, 75 GB.
_TOTAL_CODE_BYTES = 80_530_636_800


@SERVICE.operation("PutFunctionConcurrency", resource=plain_function_resource)
def put_function_concurrency(call: Call, params: dict[str, Any]) -> Result:
    function = _function(call, params)
    wanted = params["ReservedConcurrentExecutions"]
    left = _unreserved(call) + (function.reserved_concurrency or 0) - wanted
    if left < _ALWAYS_UNRESERVED:
        raise invalid(
            "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution "
            f"below its minimum value of [{_ALWAYS_UNRESERVED}]."
        )
    _reserve(call, function, wanted)
    return {"ReservedConcurrentExecutions": wanted}


@SERVICE.operation("GetFunctionConcurrency", reads=True, resource=plain_function_resource)
def get_function_concurrency(call: Call, params: dict[str, Any]) -> Result:
    reserved = _function(call, params).reserved_concurrency
    return {} if reserved is None else {"ReservedConcurrentExecutions": reserved}


@SERVICE.operation("DeleteFunctionConcurrency", resource=plain_function_resource)
def delete_function_concurrency(call: Call, params: dict[str, Any]) -> Result:
    _reserve(call, _function(call, params), None)
    return {}


@SERVICE.operation("PutProvisionedConcurrencyConfig", resource=function_resource)
def put_provisioned_concurrency_config(call: Call, params: dict[str, Any]) -> Result:
    """Stored and told; environments are kept warm anyway."""
    named = named_function(call, params)
    existing(call, named)
    if named.qualifier in ("", LATEST):
        raise invalid("Provisioned Concurrency Configs cannot be applied to unpublished function versions.")
    wanted = params["ProvisionedConcurrentExecutions"]
    call.tx.run(
        "INSERT INTO lambda_provisioned_concurrency (arn, function_arn, requested, modified_at) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (arn) DO UPDATE SET requested = excluded.requested, modified_at = excluded.modified_at",
        named.qualified_arn,
        named.arn,
        wanted,
        call.now_ms,
    )
    return _provisioned_view((named.qualified_arn, wanted, call.now_ms))


@SERVICE.operation("GetProvisionedConcurrencyConfig", reads=True, resource=function_resource)
def get_provisioned_concurrency_config(call: Call, params: dict[str, Any]) -> Result:
    named = named_function(call, params)
    row = call.tx.one(
        "SELECT arn, requested, modified_at FROM lambda_provisioned_concurrency WHERE arn = ?", named.qualified_arn
    )
    if row is None:
        raise AwsError(
            "ProvisionedConcurrencyConfigNotFoundException",
            "No Provisioned Concurrency Config found for this function",
            status=404,
            members={"Type": "User"},
        )
    return _provisioned_view(row)


@SERVICE.operation("DeleteProvisionedConcurrencyConfig", resource=function_resource)
def delete_provisioned_concurrency_config(call: Call, params: dict[str, Any]) -> Result:
    named = named_function(call, params)
    call.tx.run("DELETE FROM lambda_provisioned_concurrency WHERE arn = ?", named.qualified_arn)
    return {}


@SERVICE.operation("ListProvisionedConcurrencyConfigs", reads=True, resource=plain_function_resource)
def list_provisioned_concurrency_configs(call: Call, params: dict[str, Any]) -> Result:
    function = _function(call, params)
    limit = min(params.get("MaxItems", 50), 50)
    after = decode_token(params["Marker"])[0] if params.get("Marker") else ""
    rows = call.tx.all(
        "SELECT arn, requested, modified_at FROM lambda_provisioned_concurrency WHERE function_arn = ? AND arn > ?"
        " ORDER BY arn LIMIT ?",
        function.arn,
        after,
        limit + 1,
    )
    items = [{"FunctionArn": row[0], **_provisioned_view(row)} for row in rows[:limit]]
    result: dict[str, Any] = {"ProvisionedConcurrencyConfigs": items}
    if len(rows) > limit:
        result["NextMarker"] = encode_token(rows[limit - 1][0])
    return result


@SERVICE.operation("GetAccountSettings", reads=True)
def get_account_settings(call: Call, params: dict[str, Any]) -> Result:
    limits = call.limits
    row = call.tx.one(
        "SELECT COUNT(DISTINCT f.arn), COALESCE(SUM(v.code_size), 0) FROM lambda_functions f"
        " JOIN lambda_versions v ON v.function_arn = f.arn WHERE f.scope = ?",
        f"{call.region}:{call.account}",
    )
    assert row is not None
    return {
        "AccountLimit": {
            "TotalCodeSize": _TOTAL_CODE_BYTES,
            "CodeSizeUnzipped": limits.function_unzipped_bytes,
            "CodeSizeZipped": limits.function_zip_bytes,
            "ConcurrentExecutions": limits.account_concurrency,
            "UnreservedConcurrentExecutions": _unreserved(call),
        },
        "AccountUsage": {"TotalCodeSize": row[1], "FunctionCount": row[0]},
    }


def _function(call: Call, params: dict[str, Any]) -> Function:
    named = function_name(call, params["FunctionName"])
    function = find_function(call.tx, named.arn)
    if function is None:
        raise function_not_found(named.arn)
    return function


def _reserve(call: Call, function: Function, reserved: int | None) -> None:
    call.tx.run("UPDATE lambda_functions SET reserved_concurrency = ? WHERE arn = ?", reserved, function.arn)


def _unreserved(call: Call) -> int:
    row = call.tx.one(
        "SELECT COALESCE(SUM(reserved_concurrency), 0) FROM lambda_functions WHERE scope = ?",
        f"{call.region}:{call.account}",
    )
    assert row is not None
    return call.limits.account_concurrency - int(row[0])


def _provisioned_view(row: Row) -> dict[str, Any]:
    return {
        "RequestedProvisionedConcurrentExecutions": row[1],
        "AllocatedProvisionedConcurrentExecutions": row[1],
        "AvailableProvisionedConcurrentExecutions": row[1],
        "Status": "READY",
        "LastModified": iso_timestamp(row[2]),
    }
