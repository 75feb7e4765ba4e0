"""A version's configuration: from a request to what is stored, and from there to AWS's answer."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping
from typing import Any

from segue.api import Call
from segue.errors import not_implemented
from segue.services.lambda_.errors import constraint, invalid
from segue.services.lambda_.formats import code_sha256, iso_timestamp
from segue.services.lambda_.layers import layer_references
from segue.services.lambda_.names import FunctionName
from segue.services.lambda_.records import FunctionVersion

log = logging.getLogger(__name__)

_ENVIRONMENT_BYTES = 4_096
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html, "Defined runtime environment variables".
_RESERVED_VARIABLES = frozenset({
    "_HANDLER", "_X_AMZN_TRACE_ID", "AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION", "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_RUNTIME_API", "AWS_REGION", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
})  # fmt: skip
# https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html: for others AWS takes no new functions. We do.
_CURRENT_RUNTIMES = frozenset({
    "nodejs20.x", "nodejs22.x", "nodejs24.x", "python3.10", "python3.11", "python3.12", "python3.13", "python3.14",
    "java8.al2", "java11", "java17", "java21", "java25", "dotnet8", "dotnet10", "ruby3.2", "ruby3.3", "ruby3.4",
    "provided.al2", "provided.al2023",
})  # fmt: skip
# What a function would not work without, or would work differently with: said, not swallowed.
_NOT_SUPPORTED = (
    "ImageConfig", "FileSystemConfigs", "CodeSigningConfigArn", "TenancyConfig", "CapacityProviderConfig",
    "DurableConfig", "RuntimeConfig", "AcceleratorConfig", "PublishTo",
)  # fmt: skip
_STORED_AS_GIVEN = ("Role", "Handler", "Runtime", "Description", "Timeout", "MemorySize", "KMSKeyArn", "Architectures")


def new_configuration(call: Call, function: FunctionName, params: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration that ``CreateFunction`` asks for, with AWS's defaults.

    Raises:
        AwsError: as AWS refuses values; 501 for what is not implemented.
    """
    if params.get("PackageType", "Zip") != "Zip":
        raise not_implemented("lambda:CreateFunction", "PackageType Image")
    if "Runtime" not in params or "Handler" not in params:
        raise invalid("Runtime and Handler are mandatory parameters for functions created with deployment packages.")
    defaults: dict[str, Any] = {
        "FunctionName": function.name,
        "Description": "",
        "Timeout": 3,
        "MemorySize": 128,
        "TracingConfig": {"Mode": "PassThrough"},
        "PackageType": "Zip",
        "Architectures": ["x86_64"],
        "EphemeralStorage": {"Size": 512},
        "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{function.name}"},
    }
    return changed_configuration(call, defaults, params, "CreateFunction")


def changed_configuration(
    call: Call, current: Mapping[str, Any], params: Mapping[str, Any], operation: str
) -> dict[str, Any]:
    """``current`` with the members that ``params`` names."""
    _check(params, operation)
    _check_runtime(call, params.get("Runtime"))
    changed = dict(current)
    changed.update({member: params[member] for member in _STORED_AS_GIVEN if member in params})
    changed.update(_structures(current, params))
    if "Layers" in params:
        changed["Layers"] = layer_references(call, params["Layers"])
    if "Runtime" in params:
        changed["RuntimeVersionConfig"] = {"RuntimeVersionArn": _runtime_version_arn(call.region, params["Runtime"])}
        if params["Runtime"] not in _CURRENT_RUNTIMES:
            log.warning(
                "%s: AWS has retired the runtime %s; it is accepted here", changed["FunctionName"], params["Runtime"]
            )
    return {member: value for member, value in changed.items() if value not in (None, [])}


def _structures(current: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    changed: dict[str, Any] = {}
    if "Environment" in params:
        variables = params["Environment"].get("Variables") or {}
        changed["Environment"] = {"Variables": variables} if variables else None
    if "DeadLetterConfig" in params:
        target = params["DeadLetterConfig"].get("TargetArn")
        changed["DeadLetterConfig"] = {"TargetArn": target} if target else None
    if "TracingConfig" in params:
        changed["TracingConfig"] = {"Mode": params["TracingConfig"].get("Mode", "PassThrough")}
    if "EphemeralStorage" in params:
        changed["EphemeralStorage"] = params["EphemeralStorage"]
    if "LoggingConfig" in params:
        changed["LoggingConfig"] = _logging(current["LoggingConfig"], params["LoggingConfig"])
    if "SnapStart" in params:  # told only: nothing is frozen to disk here, environments are kept warm
        changed["SnapStart"] = {"ApplyOn": params["SnapStart"].get("ApplyOn", "None"), "OptimizationStatus": "Off"}
    if "VpcConfig" in params:
        given = params["VpcConfig"]
        # There is no network to choose here; the ids are kept and told.
        changed["VpcConfig"] = {
            "SubnetIds": given.get("SubnetIds", []),
            "SecurityGroupIds": given.get("SecurityGroupIds", []),
            "VpcId": "",
            "Ipv6AllowedForDualStack": given.get("Ipv6AllowedForDualStack", False),
        }
    return changed


def _logging(current: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    logging_config = {**current, **given}
    if logging_config["LogFormat"] == "JSON":
        logging_config.setdefault("ApplicationLogLevel", "INFO")
        logging_config.setdefault("SystemLogLevel", "INFO")
    elif "ApplicationLogLevel" in given or "SystemLogLevel" in given:
        raise invalid("Log level is only supported for JSON log format.")
    else:
        logging_config.pop("ApplicationLogLevel", None)
        logging_config.pop("SystemLogLevel", None)
    return logging_config


def _check(params: Mapping[str, Any], operation: str) -> None:
    for member in _NOT_SUPPORTED:
        if params.get(member) not in (None, {}, [], ""):
            raise not_implemented(f"lambda:{operation}", member)
    if params.get("Timeout", 1) > 900:
        raise constraint("timeout", params["Timeout"], "have value less than or equal to 900")
    if params.get("MemorySize", 128) > 10_240:
        raise constraint("memorySize", params["MemorySize"], "have value less than or equal to 10240")
    _check_environment((params.get("Environment") or {}).get("Variables") or {})
    target = (params.get("DeadLetterConfig") or {}).get("TargetArn", "")
    if target and target.split(":")[2:3] not in (["sqs"], ["sns"]):
        raise invalid(f"The provided target ARN {target} is invalid. It must be an SQS queue or an SNS topic.")


def _check_runtime(call: Call, runtime: str | None) -> None:
    known = call.api.model("lambda").shape("Runtime").traits["enum"]
    if runtime is not None and runtime not in known:
        raise invalid(
            f"Value {runtime} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: "
            f"[{', '.join(known)}] or be a valid ARN"
        )


def _check_environment(variables: Mapping[str, str]) -> None:
    because = (
        "Lambda was unable to configure your environment variables because the environment variables you have provided"
    )
    reserved = sorted(_RESERVED_VARIABLES.intersection(variables))
    if reserved:
        raise invalid(
            f"{because} contains reserved keys that are currently not supported for modification. "
            f"Reserved keys used in this request: {', '.join(reserved)}"
        )
    text = json.dumps(variables, separators=(",", ":"), ensure_ascii=False)
    if len(text.encode()) > _ENVIRONMENT_BYTES:
        raise invalid(f"{because} exceeded the 4KB limit. String measured: {text}")


def _runtime_version_arn(region: str, runtime: str) -> str:
    return f"arn:aws:lambda:{region}::runtime:{hashlib.sha256(runtime.encode()).hexdigest()}"


def view(version: FunctionVersion, arn: str, *, state: Mapping[str, str] | None = None) -> dict[str, Any]:
    """AWS's ``FunctionConfiguration``; ``arn`` as the caller named the function, ``state`` where it is not at rest."""
    return {
        **version.configuration,
        "FunctionArn": arn,
        "Version": version.version,
        "CodeSize": version.code_size,
        "CodeSha256": code_sha256(version.code_sha256),
        "RevisionId": version.revision,
        "LastModified": iso_timestamp(version.modified_at_ms),
        "State": "Active",
        "LastUpdateStatus": "Successful",
        **(state or {}),
    }


CREATING: Mapping[str, str] = {
    "State": "Pending",
    "StateReason": "The function is being created.",
    "StateReasonCode": "Creating",
}
"""What ``CreateFunction`` answers; at the next look the function is active."""

UPDATING: Mapping[str, str] = {
    "LastUpdateStatus": "InProgress",
    "LastUpdateStatusReason": "The function is being created.",
    "LastUpdateStatusReasonCode": "Creating",
}
"""What an update answers; at the next look it has been successful. (The reason is AWS's own wording.)"""
