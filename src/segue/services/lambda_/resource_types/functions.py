"""AWS::Lambda::Function."""

from __future__ import annotations

from typing import Any

from segue.api.resource_types import Resource, ResourceRequest, ResourceType, remove, retag
from segue.errors import AwsError
from segue.services.lambda_.layers import missing_layers
from segue.services.lambda_.resource_types.inline_code import package_of
from segue.services.lambda_.service import SERVICE

# What a member is again when a template no longer names it.
_DEFAULTS: dict[str, Any] = {
    "Description": "",
    "Timeout": 3,
    "MemorySize": 128,
    "Environment": {"Variables": {}},
    "DeadLetterConfig": {},
    "TracingConfig": {"Mode": "PassThrough"},
    "Layers": [],
    "EphemeralStorage": {"Size": 512},
    "VpcConfig": {"SubnetIds": [], "SecurityGroupIds": []},
    "KmsKeyArn": "",
    "SnapStart": {"ApplyOn": "None"},
    "LoggingConfig": {},
    "Role": None,
    "Handler": None,
    "Runtime": None,
}
_WITHOUT_EFFECT = {
    "CodeSigningConfigArn": "code is run whoever signed it",
    "FileSystemConfigs": "there is no file system to mount: what the function looks for there is missing",
    "RuntimeManagementConfig": "functions run on what is installed here",
    "RecursiveLoop": "loops are not detected",
}
_NOTED = {
    "SnapStart": "environments are kept warm instead",
    "VpcConfig": "functions reach what this machine reaches",
}


def _create(request: ResourceRequest) -> Resource:
    name = request.name("FunctionName")
    given = {member: value for member, value in request.properties.items() if member not in _WITHOUT_EFFECT}
    given.pop("ReservedConcurrentExecutions", None)
    if "VpcConfig" in given:
        given["VpcConfig"] = _vpc(given["VpcConfig"])
    _note(request)
    params = {**given, "FunctionName": name, "Code": _code(request), "Tags": request.all_tags()}
    made = request.perform("lambda:CreateFunction", params)
    _reserve(request, name)
    attributes = {
        "Arn": made["FunctionArn"],
        "SnapStartResponse": made["SnapStart"],
        **{f"SnapStartResponse.{member}": value for member, value in made["SnapStart"].items()},
    }
    return Resource(name, attributes)


def _note(request: ResourceRequest) -> None:
    for member, why in {**_WITHOUT_EFFECT, **_NOTED}.items():
        if request.properties.get(member) not in (None, [], {}, {"ApplyOn": "None"}, "Terminate"):
            request.notes.append(f"{member} has no effect: {why}.")
    layers = [{"Arn": arn} for arn in request.properties.get("Layers") or ()]
    for arn in missing_layers(request.call, layers):
        if arn.split(":")[4:5] != [request.call.account]:
            request.notes.append(f"The layer {arn} of another account is not here: the function's log says more.")


def _code(request: ResourceRequest) -> dict[str, Any]:
    code = dict(request.properties["Code"])
    if code.get("ImageUri") or request.properties.get("PackageType") == "Image":
        raise AwsError(
            "NotImplemented",
            "Functions from container images cannot run here yet: package the code as a zip archive (PackageType Zip)",
            status=501,
        )
    if "ZipFile" in code:
        return {"ZipFile": package_of(str(code["ZipFile"]), str(request.properties.get("Runtime", "")))}
    return {member: code.get(member) for member in ("S3Bucket", "S3Key", "S3ObjectVersion")}


def _update(request: ResourceRequest) -> Resource:
    name = request.physical_id
    _note(request)
    changed = [member for member in _DEFAULTS if request.changed(member)]
    if changed:
        params = {member: _configured(request, member) for member in changed}
        request.perform("lambda:UpdateFunctionConfiguration", {"FunctionName": name, **params})
    if request.changed("Code", "Architectures"):
        architectures = request.properties.get("Architectures", ["x86_64"])
        params = {"FunctionName": name, "Architectures": architectures, **_code(request)}
        request.perform("lambda:UpdateFunctionCode", params)
    if request.changed("ReservedConcurrentExecutions"):
        _reserve(request, name)
    _tag(request)
    return Resource(name, request.attributes)


def _vpc(given: dict[str, Any]) -> dict[str, Any]:
    """The network as the API takes it: subnets and groups that have no effect here may have ids of any form."""
    begins = {"SubnetIds": "subnet-", "SecurityGroupIds": "sg-"}
    ids = {
        member: [each for each in given.get(member) or () if str(each).startswith(begin)]
        for member, begin in begins.items()
    }
    return {**given, **ids}


def _configured(request: ResourceRequest, member: str) -> Any:
    value = request.properties.get(member)
    if member == "LoggingConfig":
        return {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{request.physical_id}", **(value or {})}
    if value is None:
        return _DEFAULTS[member]
    return _vpc(value) if member == "VpcConfig" else value


def _reserve(request: ResourceRequest, name: str) -> None:
    reserved = request.properties.get("ReservedConcurrentExecutions")
    if reserved is not None:
        params = {"FunctionName": name, "ReservedConcurrentExecutions": reserved}
        request.perform("lambda:PutFunctionConcurrency", params)
    elif request.physical_id:
        request.perform("lambda:DeleteFunctionConcurrency", {"FunctionName": name})


def _tag(request: ResourceRequest) -> None:
    retag(request, "lambda", {"Resource": request.attributes["Arn"]}, "ListTags")


def _delete(request: ResourceRequest) -> None:
    remove(request, "lambda:DeleteFunction", {"FunctionName": request.physical_id})


SERVICE.resource_type(
    ResourceType("AWS::Lambda::Function", _create, _delete, _update, frozenset({"FunctionName", "PackageType"}))
)
