"""What tools ask of every function, and what has no effect here: code signing, runtime updates, detection of loops."""

from __future__ import annotations

import json
from typing import Any

from segue.api import Call
from segue.api.call import Result
from segue.services.lambda_.errors import invalid
from segue.services.lambda_.functions import existing
from segue.services.lambda_.names import function_name, function_resource, named_function, plain_function_resource
from segue.services.lambda_.service import SERVICE


@SERVICE.operation("GetFunctionCodeSigningConfig", reads=True, resource=plain_function_resource)
def get_function_code_signing_config(call: Call, params: dict[str, Any]) -> Result:
    """A function without a code signing configuration answers its name only."""
    named = named_function(call, params)
    existing(call, named)
    return {"FunctionName": named.name}


@SERVICE.operation("PutRuntimeManagementConfig", resource=function_resource)
def put_runtime_management_config(call: Call, params: dict[str, Any]) -> Result:
    """Stored and told: functions run on what is installed here."""
    named = named_function(call, params)
    existing(call, named)
    mode, runtime = params["UpdateRuntimeOn"], params.get("RuntimeVersionArn")
    if (mode == "Manual") != bool(runtime):
        raise invalid("RuntimeVersionArn must be set if, and only if, UpdateRuntimeOn is Manual.")
    config = {"UpdateRuntimeOn": mode, **({"RuntimeVersionArn": runtime} if runtime else {})}
    _store(call, named.invoked_version_arn, named.arn, "runtime", config)
    return {**config, "FunctionArn": named.invoked_version_arn}


@SERVICE.operation("GetRuntimeManagementConfig", reads=True, resource=function_resource)
def get_runtime_management_config(call: Call, params: dict[str, Any]) -> Result:
    named = named_function(call, params)
    existing(call, named)
    config = _stored(call, named.invoked_version_arn, "runtime") or {"UpdateRuntimeOn": "Auto"}
    return {**config, "FunctionArn": named.invoked_version_arn}


@SERVICE.operation("PutFunctionRecursionConfig", resource=plain_function_resource)
def put_function_recursion_config(call: Call, params: dict[str, Any]) -> Result:
    """Stored and told: loops are not detected here."""
    named = function_name(call, params["FunctionName"])
    existing(call, named)
    _store(call, named.arn, named.arn, "recursion", {"RecursiveLoop": params["RecursiveLoop"]})
    return {"RecursiveLoop": params["RecursiveLoop"]}


@SERVICE.operation("GetFunctionRecursionConfig", reads=True, resource=plain_function_resource)
def get_function_recursion_config(call: Call, params: dict[str, Any]) -> Result:
    named = function_name(call, params["FunctionName"])
    existing(call, named)
    return _stored(call, named.arn, "recursion") or {"RecursiveLoop": "Terminate"}


def _store(call: Call, arn: str, function_arn: str, kind: str, configuration: dict[str, Any]) -> None:
    call.tx.run(
        "INSERT INTO lambda_settings (arn, kind, function_arn, configuration) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (arn, kind) DO UPDATE SET configuration = excluded.configuration",
        arn,
        kind,
        function_arn,
        json.dumps(configuration),
    )


def _stored(call: Call, arn: str, kind: str) -> dict[str, Any] | None:
    row = call.tx.one("SELECT configuration FROM lambda_settings WHERE arn = ? AND kind = ?", arn, kind)
    found: dict[str, Any] | None = None if row is None else json.loads(row[0])
    return found
