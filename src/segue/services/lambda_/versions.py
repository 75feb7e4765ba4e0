"""Published versions and aliases."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from segue.api import Call
from segue.api.call import Result
from segue.api.paginate import decode_token, encode_token
from segue.errors import not_implemented
from segue.services.lambda_.configuration import view
from segue.services.lambda_.errors import conflict, function_not_found, invalid, missing, stale_revision
from segue.services.lambda_.formats import code_sha256
from segue.services.lambda_.names import (
    LATEST,
    FunctionName,
    function_name,
    ordinal_of,
    plain_function_resource,
)
from segue.services.lambda_.records import FunctionVersion, find_function, find_version, save_version
from segue.services.lambda_.service import SERVICE
from segue.store import Row

_ALIAS = "function_arn, name, version, description, weights, revision"


@SERVICE.operation("PublishVersion", resource=plain_function_resource)
def publish_version(call: Call, params: dict[str, Any]) -> Result:
    if params.get("PublishTo"):
        raise not_implemented("lambda:PublishVersion", "PublishTo")
    named = function_name(call, params["FunctionName"])
    latest = find_version(call.tx, named.arn, 0)
    if latest is None:
        raise function_not_found(named.arn)
    if params.get("RevisionId", latest.revision) != latest.revision:
        raise stale_revision()
    current = code_sha256(latest.code_sha256)
    given = params.get("CodeSha256") or current
    if given != current:
        raise invalid(
            f"CodeSHA256 ({given}) is different from current CodeSHA256 in $LATEST ({current}). "
            "Please try again with the CodeSHA256 in $LATEST."
        )
    published = publish(call, latest, params.get("Description"))
    return view(published, published.arn)


def publish(call: Call, latest: FunctionVersion, description: str | None = None) -> FunctionVersion:
    """The version that freezes ``latest``: the last published one if nothing has changed since, as AWS does."""
    function = find_function(call.tx, latest.function_arn)
    assert function is not None
    configuration = dict(latest.configuration)
    if description is not None:
        configuration["Description"] = description
    last = find_version(call.tx, latest.function_arn, function.latest_version) if function.latest_version else None
    if last and last.code_sha256 == latest.code_sha256 and _same(last.configuration, latest.configuration):
        return last
    ordinal = function.latest_version + 1
    published = replace(latest, ordinal=ordinal, revision=call.tx.ids.uuid(), configuration=configuration)
    save_version(call.tx, published)
    call.tx.run("UPDATE lambda_functions SET latest_version = ? WHERE arn = ?", ordinal, latest.function_arn)
    return published


def _same(one: Any, other: Any) -> bool:
    return {**one, "Description": ""} == {**other, "Description": ""}


@SERVICE.operation("CreateAlias", resource=plain_function_resource)
def create_alias(call: Call, params: dict[str, Any]) -> Result:
    named = _existing_function(call, params)
    if _find_alias(call, named.arn, params["Name"]) is not None:
        raise conflict(f"Alias already exists: {named.arn}:{params['Name']}")
    weights = _checked_weights(call, named, params["FunctionVersion"], params.get("RoutingConfig"))
    row = (
        named.arn,
        params["Name"],
        params["FunctionVersion"],
        params.get("Description", ""),
        json.dumps(weights),
        call.tx.ids.uuid(),
    )
    call.tx.run(f"INSERT INTO lambda_aliases ({_ALIAS}) VALUES (?, ?, ?, ?, ?, ?)", *row)
    return _alias_view(row)


@SERVICE.operation("UpdateAlias", resource=plain_function_resource)
def update_alias(call: Call, params: dict[str, Any]) -> Result:
    named = _existing_function(call, params)
    row = _existing_alias(call, named.arn, params["Name"])
    if params.get("RevisionId", row[5]) != row[5]:
        raise stale_revision()
    version = params.get("FunctionVersion") or str(row[2])
    routing = params["RoutingConfig"] if "RoutingConfig" in params else {"AdditionalVersionWeights": json.loads(row[4])}
    weights = _checked_weights(call, named, version, routing)
    description = params.get("Description", row[3])
    changed = (row[0], row[1], version, description, json.dumps(weights), call.tx.ids.uuid())
    call.tx.run(
        "UPDATE lambda_aliases SET version = ?, description = ?, weights = ?, revision = ?"
        " WHERE function_arn = ? AND name = ?",
        *changed[2:],
        *changed[:2],
    )
    return _alias_view(changed)


@SERVICE.operation("GetAlias", reads=True, resource=plain_function_resource)
def get_alias(call: Call, params: dict[str, Any]) -> Result:
    named = function_name(call, params["FunctionName"])
    return _alias_view(_existing_alias(call, named.arn, params["Name"]))


@SERVICE.operation("DeleteAlias", resource=plain_function_resource)
def delete_alias(call: Call, params: dict[str, Any]) -> Result:
    named = function_name(call, params["FunctionName"])
    call.tx.run("DELETE FROM lambda_aliases WHERE function_arn = ? AND name = ?", named.arn, params["Name"])
    for table in ("policies", "event_invoke_configs", "provisioned_concurrency", "urls"):
        call.tx.run(f"DELETE FROM lambda_{table} WHERE arn = ?", f"{named.arn}:{params['Name']}")
    return {}


@SERVICE.operation("ListAliases", reads=True, resource=plain_function_resource)
def list_aliases(call: Call, params: dict[str, Any]) -> Result:
    named = _existing_function(call, params)
    limit = min(params.get("MaxItems", 50), 10_000)
    after = decode_token(params["Marker"])[0] if params.get("Marker") else ""
    version = params.get("FunctionVersion")
    rows = call.tx.all(
        f"SELECT {_ALIAS} FROM lambda_aliases WHERE function_arn = ? AND name > ?"
        f"{' AND version = ?' if version else ''} ORDER BY name LIMIT ?",
        *((named.arn, after, version, limit + 1) if version else (named.arn, after, limit + 1)),
    )
    result: dict[str, Any] = {"Aliases": [_alias_view(row) for row in rows[:limit]]}
    if len(rows) > limit:
        result["NextMarker"] = encode_token(rows[limit - 1][1])
    return result


def alias_version(call: Call, named: FunctionName, *, chance: float | None = None) -> str:
    """The version behind an alias: its main one, or by ``chance`` (0 to 1) one of its weighted others.

    Raises:
        AwsError: ``ResourceNotFoundException``.
    """
    row = _find_alias(call, named.arn, named.qualifier)
    if row is None:
        raise function_not_found(named.qualified_arn)
    if chance is not None:
        for version, weight in json.loads(row[4]).items():
            chance -= weight
            if chance < 0:
                return str(version)
    return str(row[2])


def _existing_function(call: Call, params: dict[str, Any]) -> FunctionName:
    named = function_name(call, params["FunctionName"])
    if find_function(call.tx, named.arn) is None:
        raise function_not_found(named.arn)
    return named


def _existing_alias(call: Call, arn: str, name: str) -> Row:
    row = _find_alias(call, arn, name)
    if row is None:
        raise missing(f"Cannot find alias arn: {arn}:{name}")
    return row


def _find_alias(call: Call, arn: str, name: str) -> Row | None:
    return call.tx.one(f"SELECT {_ALIAS} FROM lambda_aliases WHERE function_arn = ? AND name = ?", arn, name)


def _checked_weights(call: Call, named: FunctionName, version: str, routing: dict[str, Any] | None) -> dict[str, float]:
    weights: dict[str, float] = (routing or {}).get("AdditionalVersionWeights") or {}
    for each in (version, *weights):
        if find_version(call.tx, named.arn, ordinal_of(each)) is None:
            raise function_not_found(f"{named.arn}:{each}")
    if weights and (version == LATEST or LATEST in weights):
        raise invalid("$LATEST is not supported for an alias pointing to more than 1 version")
    if version in weights:
        raise invalid(
            f"Invalid function version {version}. Function version {version} is already included in routing "
            "configuration."
        )
    if len(weights) > 1:
        raise invalid("Number of items in AdditionalVersionWeights cannot be greater than 1")
    return weights


def _alias_view(row: Row) -> dict[str, Any]:
    alias = {
        "AliasArn": f"{row[0]}:{row[1]}",
        "Name": row[1],
        "FunctionVersion": row[2],
        "Description": row[3],
        "RevisionId": row[5],
    }
    weights = json.loads(row[4])
    if weights:
        alias["RoutingConfig"] = {"AdditionalVersionWeights": weights}
    return alias
