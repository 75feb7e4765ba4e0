"""AWS::Lambda::Url."""

from __future__ import annotations

from typing import Any

from segue.api.resource_types import Resource, ResourceRequest, ResourceType, remove
from segue.services.lambda_.service import SERVICE


def _params(request: ResourceRequest) -> dict[str, Any]:
    properties = request.properties
    return {
        "FunctionName": properties["TargetFunctionArn"],
        "Qualifier": properties.get("Qualifier"),
        "AuthType": properties["AuthType"],
        "Cors": properties.get("Cors", {}),
        "InvokeMode": properties.get("InvokeMode", "BUFFERED"),
    }


def _create(request: ResourceRequest) -> Resource:
    made = request.perform("lambda:CreateFunctionUrlConfig", _params(request))
    return Resource(made["FunctionArn"], {"FunctionArn": made["FunctionArn"], "FunctionUrl": made["FunctionUrl"]})


def _update(request: ResourceRequest) -> Resource:
    request.perform("lambda:UpdateFunctionUrlConfig", _params(request))
    return Resource(request.physical_id, request.attributes)


def _delete(request: ResourceRequest) -> None:
    remove(request, "lambda:DeleteFunctionUrlConfig", {"FunctionName": request.physical_id})


SERVICE.resource_type(
    ResourceType("AWS::Lambda::Url", _create, _delete, _update, frozenset({"TargetFunctionArn", "Qualifier"}))
)
