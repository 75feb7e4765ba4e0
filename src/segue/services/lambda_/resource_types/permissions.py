"""AWS::Lambda::Permission."""

from __future__ import annotations

from segue.api.resource_types import Resource, ResourceRequest, ResourceType, remove
from segue.services.lambda_.service import SERVICE


def _create(request: ResourceRequest) -> Resource:
    statement = request.name("", 100)
    request.perform("lambda:AddPermission", {**request.properties, "StatementId": statement})
    return Resource(statement, {"Id": statement})


def _delete(request: ResourceRequest) -> None:
    params = {"FunctionName": request.properties["FunctionName"], "StatementId": request.physical_id}
    remove(request, "lambda:RemovePermission", params)


SERVICE.resource_type(ResourceType("AWS::Lambda::Permission", _create, _delete))
