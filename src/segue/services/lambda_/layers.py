"""Layers: published versions of shared content."""

from __future__ import annotations

import json
import logging
from typing import Any

from segue.api import Call
from segue.api.authorize import authorize_action
from segue.api.call import Result
from segue.api.paginate import decode_token, encode_token
from segue.arn import make_arn
from segue.services.lambda_.code import code_location, take_code
from segue.services.lambda_.errors import invalid, missing
from segue.services.lambda_.formats import code_sha256, iso_timestamp
from segue.services.lambda_.names import ordinal_of, scope_of
from segue.services.lambda_.service import SERVICE
from segue.store import Row, Transaction

log = logging.getLogger(__name__)

_MAXIMUM_LAYERS = 5
_COLUMNS = "arn, version, name, code_sha256, code_size, configuration"
_INFO = ("Description", "CompatibleArchitectures", "CompatibleRuntimes", "LicenseInfo")


def layer_references(call: Call, arns: list[str]) -> list[dict[str, Any]]:
    """What a configuration stores of the layers it names; ``AwsError`` where one does not exist."""
    if len(arns) > _MAXIMUM_LAYERS:
        raise invalid(f"Cannot reference more than {_MAXIMUM_LAYERS} layers.")
    if len({arn.rpartition(":")[0] for arn in arns}) < len(arns):
        raise invalid("Two different versions of the same layer are not allowed to be referenced in the same function.")
    return [{"Arn": arn, "CodeSize": _usable(call, arn)} for arn in arns]


def _usable(call: Call, arn: str) -> int:
    """The size of a layer that a function wants. Layers that other accounts publish may be missing here: then the
    function does without, and its log says so (:func:`missing_layers`).
    """
    row, is_foreign = find_layer(call.tx, arn), arn.count(":") == 7 and arn.split(":")[4] != call.account
    if row is None and not is_foreign:
        raise invalid(f"Layer version {arn} does not exist.")
    if row is None:
        log.warning("the layer %s of another account is not here: the function's log will say more", arn)
        return 0
    if is_foreign:
        authorize_action(call, SERVICE, "lambda:GetLayerVersion", arn)
    return int(row[4])


def layer_blobs(call: Call, references: list[dict[str, Any]]) -> tuple[str, ...]:
    """The content of the layers that a configuration names; deleted versions go on working for their functions."""
    rows = (find_layer(call.tx, reference["Arn"], deleted=True) for reference in references)
    return tuple(row[3] for row in rows if row is not None)


def missing_layers(call: Call, references: list[dict[str, Any]]) -> tuple[str, ...]:
    """The layers that a configuration names and that are not here."""
    arns = (reference["Arn"] for reference in references)
    return tuple(arn for arn in arns if find_layer(call.tx, arn, deleted=True) is None)


def version_resource(call: Call, params: dict[str, Any]) -> str:
    """The ARN that policies speak of, for operations on one version of a layer."""
    return f"{_layer_arn(call, params['LayerName'])}:{params['VersionNumber']}"


@SERVICE.operation("PublishLayerVersion", resource=lambda call, params: _layer_arn(call, params["LayerName"]))
def publish_layer_version(call: Call, params: dict[str, Any]) -> Result:
    arn = _layer_arn(call, params["LayerName"])
    sha256, size = take_code(call, params["Content"], "PublishLayerVersion")
    row = call.tx.one("SELECT MAX(version) FROM lambda_layers WHERE arn = ?", arn)
    version = (row[0] if row and row[0] else 0) + 1
    info = {member: params[member] for member in _INFO if params.get(member)}
    info["CreatedDate"] = iso_timestamp(call.now_ms)
    name = arn.rpartition(":")[2]
    call.tx.run(
        "INSERT INTO lambda_layers (arn, version, scope, name, code_sha256, code_size, configuration, is_deleted)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, 0)",
        arn,
        version,
        scope_of(arn),
        name,
        sha256,
        size,
        json.dumps(info),
    )
    return _version_view(call, (arn, version, name, sha256, size, json.dumps(info)))


@SERVICE.operation("GetLayerVersion", reads=True, resource=version_resource)
def get_layer_version(call: Call, params: dict[str, Any]) -> Result:
    return _get(call, version_resource(call, params))


@SERVICE.operation(
    "GetLayerVersionByArn",
    reads=True,
    action="lambda:GetLayerVersion",
    resource=lambda call, params: str(params["Arn"]),
)
def get_layer_version_by_arn(call: Call, params: dict[str, Any]) -> Result:
    return _get(call, params["Arn"])


@SERVICE.operation("DeleteLayerVersion", resource=version_resource)
def delete_layer_version(call: Call, params: dict[str, Any]) -> Result:
    call.tx.run("DELETE FROM lambda_layer_policies WHERE arn = ?", version_resource(call, params))
    arn = _layer_arn(call, params["LayerName"])
    call.tx.run("UPDATE lambda_layers SET is_deleted = 1 WHERE arn = ? AND version = ?", arn, params["VersionNumber"])
    return {}


@SERVICE.operation("ListLayerVersions", reads=True)
def list_layer_versions(call: Call, params: dict[str, Any]) -> Result:
    limit = params.get("MaxItems", 50)
    before = decode_token(params["Marker"], kinds=(int,))[0] if params.get("Marker") else 1 << 62
    rows = call.tx.all(
        f"SELECT {_COLUMNS} FROM lambda_layers WHERE arn = ? AND is_deleted = 0 AND version < ?"
        " ORDER BY version DESC LIMIT ?",
        _layer_arn(call, params["LayerName"]),
        before,
        limit + 1,
    )
    found = [row for row in rows[:limit] if _matches(row, params)]
    result: dict[str, Any] = {"LayerVersions": [_item(row) for row in found]}
    if len(rows) > limit:
        result["NextMarker"] = encode_token(rows[limit - 1][1])
    return result


@SERVICE.operation("ListLayers", reads=True)
def list_layers(call: Call, params: dict[str, Any]) -> Result:
    limit = params.get("MaxItems", 50)
    after = decode_token(params["Marker"])[0] if params.get("Marker") else ""
    rows = call.tx.all(
        f"SELECT {_COLUMNS} FROM lambda_layers l WHERE scope = ? AND name > ? AND is_deleted = 0 AND version ="
        " (SELECT MAX(version) FROM lambda_layers WHERE arn = l.arn AND is_deleted = 0) ORDER BY name LIMIT ?",
        f"{call.region}:{call.account}",
        after,
        limit + 1,
    )
    found = [row for row in rows[:limit] if _matches(row, params)]
    layers = [{"LayerName": row[2], "LayerArn": row[0], "LatestMatchingVersion": _item(row)} for row in found]
    result: dict[str, Any] = {"Layers": layers}
    if len(rows) > limit:
        result["NextMarker"] = encode_token(rows[limit - 1][2])
    return result


def _matches(row: Row, params: dict[str, Any]) -> bool:
    info = json.loads(row[5])
    runtime, architecture = params.get("CompatibleRuntime"), params.get("CompatibleArchitecture")
    return (not runtime or runtime in info.get("CompatibleRuntimes", [runtime])) and (
        not architecture or architecture in info.get("CompatibleArchitectures", [architecture])
    )


def _get(call: Call, version_arn: str) -> dict[str, Any]:
    row = find_layer(call.tx, version_arn)
    if row is None:
        raise missing()
    return _version_view(call, row)


def find_layer(tx: Transaction, version_arn: str, *, deleted: bool = False) -> Row | None:
    """The row of a version: its layer's ARN, its number, name, code, code's size and configuration."""
    arn, _, version = version_arn.rpartition(":")
    ordinal = ordinal_of(version)
    row = tx.one(f"SELECT {_COLUMNS}, is_deleted FROM lambda_layers WHERE arn = ? AND version = ?", arn, ordinal)
    return None if row is None or (row[6] and not deleted) else row


def _item(row: Row) -> dict[str, Any]:
    return {"LayerVersionArn": f"{row[0]}:{row[1]}", "Version": row[1], **json.loads(row[5])}


def _version_view(call: Call, row: Row) -> dict[str, Any]:
    content = {"Location": code_location(call, row[3]), "CodeSha256": code_sha256(row[3]), "CodeSize": row[4]}
    return {"Description": "", **_item(row), "LayerArn": row[0], "Content": content}


def _layer_arn(call: Call, name: str) -> str:
    return name if name.startswith("arn:") else make_arn("lambda", call.region, call.account, f"layer:{name}")
