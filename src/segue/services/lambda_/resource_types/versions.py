"""AWS::Lambda::Version, AWS::Lambda::Alias."""

from __future__ import annotations

from typing import Any

from segue.api.resource_types import Resource, ResourceRequest, ResourceType, is_gone, remove
from segue.errors import AwsError
from segue.services.lambda_.names import function_name
from segue.services.lambda_.records import find_function
from segue.services.lambda_.service import SERVICE

_PROVISIONED = "ProvisionedConcurrencyConfig has no effect: environments are kept warm anyway."


def _create_version(request: ResourceRequest) -> Resource:
    name = request.properties["FunctionName"]
    function = find_function(request.call.tx, function_name(request.call, name).arn)
    params = {member: request.properties.get(member) for member in ("CodeSha256", "Description")}
    made = request.perform("lambda:PublishVersion", {"FunctionName": name, **params})
    if function is not None and int(made["Version"]) <= function.latest_version:
        raise AwsError(
            "AlreadyExists",
            f"A version for this Lambda function exists ( {made['Version']} ). Modify the function to create a new "
            "version.",
        )
    _provision(request, name, made["Version"])
    arn = made["FunctionArn"]
    return Resource(arn, {"Version": made["Version"], "FunctionArn": arn})


def _update_version(request: ResourceRequest) -> Resource:
    _provision(request, request.properties["FunctionName"], request.attributes["Version"])
    return Resource(request.physical_id, request.attributes)


def _delete_version(request: ResourceRequest) -> None:
    remove(request, "lambda:DeleteFunction", {"FunctionName": request.physical_id})


def _provision(request: ResourceRequest, function: str, qualifier: str) -> None:
    """Provisioned concurrency as the template has it: kept and told, and noted."""
    named = {"FunctionName": function, "Qualifier": qualifier}
    wanted = request.properties.get("ProvisionedConcurrencyConfig") or request.properties.get("ProvisioningPolicy")
    if wanted:
        count = wanted.get("ProvisionedConcurrentExecutions") if isinstance(wanted, dict) else None
        params = {**named, "ProvisionedConcurrentExecutions": count}
        request.perform("lambda:PutProvisionedConcurrencyConfig", params)
        request.notes.append(_PROVISIONED)
    elif request.previous.get("ProvisionedConcurrencyConfig"):
        remove(request, "lambda:DeleteProvisionedConcurrencyConfig", named)


def _alias_params(request: ResourceRequest) -> dict[str, Any]:
    properties = request.properties
    listed = (properties.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or ()
    weights = {str(each["FunctionVersion"]): float(each["FunctionWeight"]) for each in listed}
    return {
        "FunctionName": properties["FunctionName"],
        "Name": properties["Name"],
        "FunctionVersion": properties["FunctionVersion"],
        "Description": properties.get("Description", ""),
        "RoutingConfig": {"AdditionalVersionWeights": weights},
    }


def _create_alias(request: ResourceRequest) -> Resource:
    made = request.perform("lambda:CreateAlias", _alias_params(request))
    _provision(request, request.properties["FunctionName"], made["Name"])
    return Resource(made["AliasArn"], {"AliasArn": made["AliasArn"]})


def _update_alias(request: ResourceRequest) -> Resource:
    request.perform("lambda:UpdateAlias", _alias_params(request))
    _provision(request, request.properties["FunctionName"], request.properties["Name"])
    return Resource(request.physical_id, request.attributes)


def _delete_alias(request: ResourceRequest) -> None:
    params = {member: request.properties[member] for member in ("FunctionName", "Name")}
    try:
        request.perform("lambda:DeleteAlias", params)
    except AwsError as error:
        if not is_gone(error):
            raise


SERVICE.resource_type(
    ResourceType(
        "AWS::Lambda::Version",
        _create_version,
        _delete_version,
        _update_version,
        frozenset({"FunctionName", "CodeSha256", "Description", "RuntimePolicy"}),
    )
)
SERVICE.resource_type(
    ResourceType("AWS::Lambda::Alias", _create_alias, _delete_alias, _update_alias, frozenset({"FunctionName", "Name"}))
)
