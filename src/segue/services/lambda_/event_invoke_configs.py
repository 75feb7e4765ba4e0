"""How asynchronous invocations of a function are tried again, and where their outcomes go."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from segue.api import Call
from segue.api.call import Result
from segue.api.paginate import decode_token, encode_token
from segue.services.lambda_.errors import invalid, missing
from segue.services.lambda_.functions import existing
from segue.services.lambda_.names import FunctionName, function_name, function_resource, named_function
from segue.services.lambda_.records import find_function
from segue.services.lambda_.service import SERVICE
from segue.store import Row, Transaction

_MEMBERS = ("MaximumRetryAttempts", "MaximumEventAgeInSeconds", "DestinationConfig")
_DESTINATION_SERVICES = ("sqs", "sns", "lambda", "events", "s3")


@dataclass(frozen=True, slots=True)
class EventInvokeConfig:
    """The configuration in force, AWS's defaults included. Empty texts: no destination."""

    maximum_retry_attempts: int = 2
    maximum_event_age_seconds: int = 21_600
    on_success: str = ""
    on_failure: str = ""


def config_in_force(tx: Transaction, qualified_arn: str) -> EventInvokeConfig:
    """The configuration of the function, version or alias that was invoked (``…:$LATEST`` where none was named)."""
    row = tx.one("SELECT configuration FROM lambda_event_invoke_configs WHERE arn = ?", qualified_arn)
    if row is None:
        return EventInvokeConfig()
    stored = json.loads(row[0])
    destinations = stored.get("DestinationConfig") or {}
    return EventInvokeConfig(
        stored.get("MaximumRetryAttempts", 2),
        stored.get("MaximumEventAgeInSeconds", 21_600),
        (destinations.get("OnSuccess") or {}).get("Destination", ""),
        (destinations.get("OnFailure") or {}).get("Destination", ""),
    )


@SERVICE.operation("PutFunctionEventInvokeConfig", resource=function_resource)
def put_function_event_invoke_config(call: Call, params: dict[str, Any]) -> Result:
    named = named_function(call, params)
    existing(call, named)
    return _save(call, named, _given(params))


@SERVICE.operation("UpdateFunctionEventInvokeConfig", resource=function_resource)
def update_function_event_invoke_config(call: Call, params: dict[str, Any]) -> Result:
    named = named_function(call, params)
    existing(call, named)
    stored = json.loads(_find(call, named)[1])
    given = _given(params)
    if "DestinationConfig" in given:
        given["DestinationConfig"] = {**stored.get("DestinationConfig", {}), **given["DestinationConfig"]}
    return _save(call, named, {**stored, **given})


@SERVICE.operation("GetFunctionEventInvokeConfig", reads=True, resource=function_resource)
def get_function_event_invoke_config(call: Call, params: dict[str, Any]) -> Result:
    return _view(_find(call, named_function(call, params)))


@SERVICE.operation("DeleteFunctionEventInvokeConfig", resource=function_resource)
def delete_function_event_invoke_config(call: Call, params: dict[str, Any]) -> Result:
    named = named_function(call, params)
    _find(call, named)
    call.tx.run("DELETE FROM lambda_event_invoke_configs WHERE arn = ?", named.invoked_version_arn)
    return {}


@SERVICE.operation("ListFunctionEventInvokeConfigs", reads=True, resource=function_resource)
def list_function_event_invoke_configs(call: Call, params: dict[str, Any]) -> Result:
    named = function_name(call, params["FunctionName"])
    if find_function(call.tx, named.arn) is None:
        raise missing("The function does not exist.")
    limit = min(params.get("MaxItems", 50), 50)
    after = decode_token(params["Marker"])[0] if params.get("Marker") else ""
    rows = call.tx.all(
        "SELECT arn, configuration, modified_at FROM lambda_event_invoke_configs WHERE function_arn = ? AND arn > ?"
        " ORDER BY arn LIMIT ?",
        named.arn,
        after,
        limit + 1,
    )
    result: dict[str, Any] = {"FunctionEventInvokeConfigs": [_view(row) for row in rows[:limit]]}
    if len(rows) > limit:
        result["NextMarker"] = encode_token(rows[limit - 1][0])
    return result


def _given(params: dict[str, Any]) -> dict[str, Any]:
    given = {member: params[member] for member in _MEMBERS if params.get(member) is not None}
    if not given:
        raise invalid("You must specify at least one of error handling or destination setting.")
    for name, outcome in (given.get("DestinationConfig") or {}).items():
        _check_destination(params, name, outcome.get("Destination", ""))
    return given


def _check_destination(params: dict[str, Any], name: str, destination: str) -> None:
    """Refuse what is no destination; buckets are for failures only
    (https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html).
    """
    if not destination:
        return
    parts = destination.split(":", 5)
    unfit = (parts[2:3] == ["sqs"] and destination.endswith(".fifo")) or (parts[2:3] == ["s3"] and name == "OnSuccess")
    if len(parts) < 6 or parts[2] not in _DESTINATION_SERVICES or unfit:
        raise invalid(f"The provided destination config DestinationConfig is invalid: {destination}")
    if parts[2] == "lambda" and destination.split(":")[6] == function_name_part(params["FunctionName"]):
        raise invalid("You can't specify the function as a destination for itself.")


def function_name_part(text: str) -> str:
    """The name within any form of a function's name."""
    parts = text.split(":")
    if text.startswith("arn:"):
        return parts[6]
    return parts[2] if len(parts) > 2 and parts[1] == "function" else parts[0]


def _find(call: Call, named: FunctionName) -> Row:
    row = call.tx.one(
        "SELECT arn, configuration, modified_at FROM lambda_event_invoke_configs WHERE arn = ?",
        named.invoked_version_arn,
    )
    if row is None:
        raise missing(f"The function {named.invoked_version_arn} doesn't have an EventInvokeConfig")
    return row


def _save(call: Call, named: FunctionName, configuration: dict[str, Any]) -> dict[str, Any]:
    row = (named.invoked_version_arn, json.dumps(configuration), call.now_ms)
    call.tx.run(
        "INSERT INTO lambda_event_invoke_configs (arn, function_arn, configuration, modified_at) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (arn) DO UPDATE SET configuration = excluded.configuration, modified_at = excluded.modified_at",
        row[0],
        named.arn,
        row[1],
        row[2],
    )
    return _view(row)


def _view(row: Row) -> dict[str, Any]:
    configuration = json.loads(row[1])
    destinations = {"OnSuccess": {}, "OnFailure": {}, **configuration.pop("DestinationConfig", {})}
    return {"FunctionArn": row[0], "LastModified": row[2], **configuration, "DestinationConfig": destinations}
