"""What tools ask of every function and nobody sets: no code signing, runtimes kept up to date by the platform."""

from __future__ import annotations

from typing import Any

from segue.api import Call
from segue.api.call import Result
from segue.services.lambda_.functions import existing
from segue.services.lambda_.names import function_resource, named_function, plain_function_resource
from segue.services.lambda_.service import SERVICE


@SERVICE.operation("GetFunctionCodeSigningConfig", reads=True, resource=plain_function_resource)
def get_function_code_signing_config(call: Call, params: dict[str, Any]) -> Result:
    """A function without a code signing configuration answers its name only."""
    named = named_function(call, params)
    existing(call, named)
    return {"FunctionName": named.name}


@SERVICE.operation("GetRuntimeManagementConfig", reads=True, resource=function_resource)
def get_runtime_management_config(call: Call, params: dict[str, Any]) -> Result:
    named = named_function(call, params)
    existing(call, named)
    return {"UpdateRuntimeOn": "Auto", "FunctionArn": named.invoked_version_arn}
