"""Functions: create, look at, list, delete."""

from __future__ import annotations

from typing import Any

from segue.api import Call
from segue.api.call import Result
from segue.api.paginate import decode_token, encode_token
from segue.api.tags import add_tags, drop_tags, tags_of
from segue.services.lambda_.code import code_location, take_code
from segue.services.lambda_.configuration import CREATING, new_configuration, view
from segue.services.lambda_.errors import conflict, function_not_found, invalid
from segue.services.lambda_.names import (
    LATEST,
    FunctionName,
    function_name,
    function_resource,
    named_function,
    ordinal_of,
    plain_function_resource,
)
from segue.services.lambda_.records import (
    Function,
    FunctionVersion,
    delete_function,
    delete_version,
    find_function,
    find_version,
    insert_function,
    list_latest,
    list_versions,
    save_version,
)
from segue.services.lambda_.service import SERVICE
from segue.services.lambda_.sessions import open_session
from segue.services.lambda_.versions import alias_version, publish


@SERVICE.operation("CreateFunction", resource=plain_function_resource)
def create_function(call: Call, params: dict[str, Any]) -> Result:
    function = function_name(call, params["FunctionName"])
    if function.qualifier:
        raise invalid("Function name must not have a qualifier.")
    if find_function(call.tx, function.arn) is not None:
        raise conflict(f"Function already exist: {function.name}")
    configuration = new_configuration(call, function, params)
    sha256, size = take_code(call, params["Code"], "CreateFunction")
    insert_function(call.tx, function.arn, function.name, open_session(call, function.arn, params["Role"]))
    latest = FunctionVersion(function.arn, 0, call.tx.ids.uuid(), sha256, size, call.now_ms, configuration)
    save_version(call.tx, latest)
    add_tags(call.tx, function.arn, params.get("Tags") or {})
    if params.get("Publish"):
        latest = publish(call, latest)
        return view(latest, latest.arn, state=CREATING)
    return view(latest, function.arn, state=CREATING)


@SERVICE.operation("GetFunction", reads=True, resource=function_resource)
def get_function(call: Call, params: dict[str, Any]) -> Result:
    named = named_function(call, params)
    function, version = existing(call, named)
    result: dict[str, Any] = {
        "Configuration": view(version, view_arn(named, version)),
        "Code": {"RepositoryType": "S3", "Location": code_location(call, version.code_sha256)},
    }
    tags = tags_of(call.tx, named.arn)
    if tags:
        result["Tags"] = tags
    if function.reserved_concurrency is not None:
        result["Concurrency"] = {"ReservedConcurrentExecutions": function.reserved_concurrency}
    return result


@SERVICE.operation("GetFunctionConfiguration", reads=True, resource=function_resource)
def get_function_configuration(call: Call, params: dict[str, Any]) -> Result:
    named = named_function(call, params)
    version = existing(call, named)[1]
    return view(version, view_arn(named, version))


@SERVICE.operation("ListFunctions", reads=True)
def list_functions(call: Call, params: dict[str, Any]) -> Result:
    limit = min(params.get("MaxItems", 50), 50)
    after, from_ordinal = decode_token(params["Marker"], kinds=(str, int)) if params.get("Marker") else ("", 0)
    scope = f"{call.region}:{call.account}"
    if params.get("FunctionVersion") == "ALL":
        return _list_all_versions(call, scope, after, from_ordinal, limit)
    found = list_latest(call.tx, scope, after, limit + 1)
    result: dict[str, Any] = {"Functions": [_listed(version, version.function_arn) for version in found[:limit]]}
    if len(found) > limit:
        result["NextMarker"] = encode_token(found[limit - 1].configuration["FunctionName"], 0)
    return result


def _list_all_versions(call: Call, scope: str, after: str, from_ordinal: int, limit: int) -> dict[str, Any]:
    """A marker names the last finished function, and the version of the next one to go on with."""
    page: list[dict[str, Any]] = []
    for latest in list_latest(call.tx, scope, after, limit + 1):
        left = limit - len(page)
        versions = list_versions(call.tx, latest.function_arn, from_ordinal, left + 1)
        page += [_listed(version, version.arn) for version in versions[:left]]
        if len(versions) > left:
            return {"Functions": page, "NextMarker": encode_token(after, versions[left].ordinal)}
        after, from_ordinal = latest.configuration["FunctionName"], 0
    return {"Functions": page}


@SERVICE.operation("ListVersionsByFunction", reads=True, resource=plain_function_resource)
def list_versions_by_function(call: Call, params: dict[str, Any]) -> Result:
    named = function_name(call, params["FunctionName"])
    if find_function(call.tx, named.arn) is None:
        raise function_not_found(named.arn)
    limit = min(params.get("MaxItems", 50), 50)
    from_ordinal = decode_token(params["Marker"], kinds=(int,))[0] if params.get("Marker") else 0
    found = list_versions(call.tx, named.arn, from_ordinal, limit + 1)
    result: dict[str, Any] = {"Versions": [_listed(version, version.arn) for version in found[:limit]]}
    if len(found) > limit:
        result["NextMarker"] = encode_token(found[limit].ordinal)
    return result


@SERVICE.operation("DeleteFunction", resource=function_resource)
def delete(call: Call, params: dict[str, Any]) -> Result:
    named = named_function(call, params)
    if find_function(call.tx, named.arn) is None:
        raise function_not_found(named.qualified_arn)
    if not named.qualifier:
        delete_function(call.tx, named.arn)
        drop_tags(call.tx, named.arn)
    elif named.qualifier == LATEST:
        raise invalid("$LATEST version cannot be deleted without deleting the function.")
    elif not named.qualifier.isdigit():
        raise invalid("Deletion of aliases is not currently supported.")
    else:
        _delete_published(call, named)
    return {"StatusCode": 204}


def _delete_published(call: Call, named: FunctionName) -> None:
    using = call.tx.all(
        "SELECT name FROM lambda_aliases WHERE function_arn = ? AND (version = ? OR weights LIKE ?)",
        named.arn,
        named.qualifier,
        f'%"{named.qualifier}":%',
    )
    if using:
        aliases = ", ".join(row[0] for row in using)
        raise conflict(
            f"Version {named.qualifier} of function {named.arn} cannot be deleted: it is referenced by aliases "
            f"[{aliases}]."
        )
    delete_version(call.tx, named.arn, ordinal_of(named.qualifier))


def existing(call: Call, named: FunctionName) -> tuple[Function, FunctionVersion]:
    """The named function and its named version (an alias's main one).

    Raises:
        AwsError: ``ResourceNotFoundException``.
    """
    function = find_function(call.tx, named.arn)
    if function is None:
        raise function_not_found(named.qualified_arn)
    qualifier = named.qualifier or LATEST
    if qualifier != LATEST and not qualifier.isdigit():
        qualifier = alias_version(call, named)
    version = find_version(call.tx, named.arn, ordinal_of(qualifier))
    if version is None:
        raise function_not_found(named.qualified_arn)
    return function, version


def view_arn(named: FunctionName, version: FunctionVersion) -> str:
    """The ARN that an answer shows: as named."""
    return named.qualified_arn if named.qualifier else version.function_arn


def _listed(version: FunctionVersion, arn: str) -> dict[str, Any]:
    """Lists leave out how far a function is (AWS's documentation of ``ListFunctions``)."""
    item = view(version, arn)
    for member in ("State", "LastUpdateStatus", "RuntimeVersionConfig"):
        item.pop(member, None)
    return item
