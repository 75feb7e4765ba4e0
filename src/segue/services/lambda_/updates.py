"""Updates of ``$LATEST``: its code, its configuration."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from segue.api import Call
from segue.api.call import Result
from segue.errors import not_implemented
from segue.services.lambda_.code import take_code
from segue.services.lambda_.configuration import UPDATING, changed_configuration, view
from segue.services.lambda_.errors import function_not_found, stale_revision
from segue.services.lambda_.names import function_name, plain_function_resource
from segue.services.lambda_.records import FunctionVersion, find_version, save_session, save_version
from segue.services.lambda_.service import SERVICE
from segue.services.lambda_.sessions import open_session
from segue.services.lambda_.versions import publish


@SERVICE.operation("UpdateFunctionCode", resource=plain_function_resource)
def update_function_code(call: Call, params: dict[str, Any]) -> Result:
    if params.get("PublishTo"):
        raise not_implemented("lambda:UpdateFunctionCode", "PublishTo")
    latest = _latest(call, params)
    dry_run = bool(params.get("DryRun"))
    sha256, size = take_code(call, params, "UpdateFunctionCode", keep=not dry_run)
    if dry_run:
        return view(latest, latest.function_arn)
    configuration = dict(latest.configuration)
    if params.get("Architectures"):
        configuration["Architectures"] = params["Architectures"]
    changed = replace(latest, code_sha256=sha256, code_size=size, configuration=configuration)
    return _save(call, changed, published=bool(params.get("Publish")))


@SERVICE.operation("UpdateFunctionConfiguration", resource=plain_function_resource)
def update_function_configuration(call: Call, params: dict[str, Any]) -> Result:
    latest = _latest(call, params)
    configuration = changed_configuration(call, latest.configuration, params, "UpdateFunctionConfiguration")
    if configuration["Role"] != latest.configuration["Role"]:
        save_session(call.tx, latest.function_arn, open_session(call, latest.function_arn, configuration["Role"]))
    return _save(call, replace(latest, configuration=configuration))


def _latest(call: Call, params: dict[str, Any]) -> FunctionVersion:
    named = function_name(call, params["FunctionName"])
    latest = find_version(call.tx, named.arn, 0)
    if latest is None:
        raise function_not_found(named.arn)
    if params.get("RevisionId", latest.revision) != latest.revision:
        raise stale_revision()
    return latest


def _save(call: Call, changed: FunctionVersion, *, published: bool = False) -> dict[str, Any]:
    changed = replace(changed, revision=call.tx.ids.uuid(), modified_at_ms=call.now_ms)
    save_version(call.tx, changed)
    if published:
        version = publish(call, changed)
        return view(version, version.arn, state=UPDATING)
    return view(changed, changed.function_arn, state=UPDATING)
