"""Function URLs: their configuration. Requests to them are answered by :mod:`segue.services.lambda_.visits`.

Source: Lambda API reference, CreateFunctionUrlConfig and companions; developer guide, "Lambda function URLs".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from segue.api import Call
from segue.api.call import Result
from segue.api.paginate import decode_token, encode_token
from segue.services.lambda_.errors import conflict, missing
from segue.services.lambda_.formats import iso_timestamp
from segue.services.lambda_.functions import existing
from segue.services.lambda_.names import function_resource, named_function, plain_function_resource
from segue.services.lambda_.service import SERVICE
from segue.store import Row, Transaction

LABEL = "lambda-url"
_COLUMNS = "arn, function_arn, id, created_at, modified_at, configuration"
_MEMBERS = ("AuthType", "Cors", "InvokeMode")


@dataclass(frozen=True, slots=True)
class FunctionUrl:
    """The URL of a function or of an alias. ``arn`` is of what it invokes."""

    arn: str
    function_arn: str
    id: str
    created_at_ms: int
    modified_at_ms: int
    configuration: Mapping[str, Any]


def find_url(tx: Transaction, url_id: str) -> FunctionUrl | None:
    """The URL of that id."""
    row = tx.one(f"SELECT {_COLUMNS} FROM lambda_urls WHERE id = ?", url_id)
    return None if row is None else _url(row)


@SERVICE.operation("CreateFunctionUrlConfig", resource=function_resource)
def create_function_url_config(call: Call, params: dict[str, Any]) -> Result:
    named = named_function(call, params)
    existing(call, named)
    if _find(call, named.qualified_arn) is not None:
        raise conflict(
            f"Failed to create function url config for [functionArn = {named.qualified_arn}]. Error message:  "
            "FunctionUrlConfig exists for this Lambda function"
        )
    configuration = {"InvokeMode": "BUFFERED", **_given(params)}
    url_id = call.tx.ids.alphanumeric(32).lower()
    row = (named.qualified_arn, named.arn, url_id, call.now_ms, call.now_ms, json.dumps(configuration))
    call.tx.run(f"INSERT INTO lambda_urls ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)", *row)
    return _without(_view(call, _url(row)), "LastModifiedTime")


@SERVICE.operation("GetFunctionUrlConfig", reads=True, resource=function_resource)
def get_function_url_config(call: Call, params: dict[str, Any]) -> Result:
    return _view(call, _existing(call, params))


@SERVICE.operation("UpdateFunctionUrlConfig", resource=function_resource)
def update_function_url_config(call: Call, params: dict[str, Any]) -> Result:
    before = _existing(call, params)
    configuration = {**before.configuration, **_given(params)}
    call.tx.run(
        "UPDATE lambda_urls SET configuration = ?, modified_at = ? WHERE arn = ?",
        json.dumps(configuration),
        call.now_ms,
        before.arn,
    )
    return _view(call, _existing(call, params))


@SERVICE.operation("DeleteFunctionUrlConfig", resource=function_resource)
def delete_function_url_config(call: Call, params: dict[str, Any]) -> Result:
    call.tx.run("DELETE FROM lambda_urls WHERE arn = ?", _existing(call, params).arn)
    return {}


@SERVICE.operation("ListFunctionUrlConfigs", reads=True, resource=plain_function_resource)
def list_function_url_configs(call: Call, params: dict[str, Any]) -> Result:
    named = named_function(call, params)
    existing(call, named)
    limit = min(params.get("MaxItems", 50), 50)
    after = decode_token(params["Marker"])[0] if params.get("Marker") else ""
    rows = call.tx.all(
        f"SELECT {_COLUMNS} FROM lambda_urls WHERE function_arn = ? AND arn > ? ORDER BY arn LIMIT ?",
        named.arn,
        after,
        limit + 1,
    )
    result: dict[str, Any] = {"FunctionUrlConfigs": [_view(call, _url(row)) for row in rows[:limit]]}
    if len(rows) > limit:
        result["NextMarker"] = encode_token(rows[limit - 1][0])
    return result


def _given(params: dict[str, Any]) -> dict[str, Any]:
    return {member: params[member] for member in _MEMBERS if params.get(member) is not None}


def _existing(call: Call, params: dict[str, Any]) -> FunctionUrl:
    found = _find(call, named_function(call, params).qualified_arn)
    if found is None:
        raise missing()
    return found


def _find(call: Call, arn: str) -> FunctionUrl | None:
    row = call.tx.one(f"SELECT {_COLUMNS} FROM lambda_urls WHERE arn = ?", arn)
    return None if row is None else _url(row)


def _url(row: Row) -> FunctionUrl:
    return FunctionUrl(row[0], row[1], row[2], row[3], row[4], json.loads(row[5]))


def _view(call: Call, url: FunctionUrl) -> dict[str, Any]:
    """A URL as answers show it: one that can be reached on this machine, by path."""
    return {
        "FunctionUrl": f"{call.api.settings.endpoint_url}/_aws/{LABEL}/{url.id}/",
        "FunctionArn": url.arn,
        **url.configuration,
        "CreationTime": iso_timestamp(url.created_at_ms),
        "LastModifiedTime": iso_timestamp(url.modified_at_ms),
    }


def _without(view: dict[str, Any], member: str) -> dict[str, Any]:
    return {name: value for name, value in view.items() if name != member}
