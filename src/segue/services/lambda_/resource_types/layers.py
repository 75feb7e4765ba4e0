"""AWS::Lambda::LayerVersion, AWS::Lambda::LayerVersionPermission."""

from __future__ import annotations

from segue.api.resource_types import Resource, ResourceRequest, ResourceType, remove
from segue.services.lambda_.service import SERVICE


def _create(request: ResourceRequest) -> Resource:
    params = {**request.properties, "LayerName": request.name("LayerName", 140)}
    made = request.perform("lambda:PublishLayerVersion", params)
    return Resource(made["LayerVersionArn"], {"LayerVersionArn": made["LayerVersionArn"]})


def _delete(request: ResourceRequest) -> None:
    layer, _, version = request.physical_id.rpartition(":")
    remove(request, "lambda:DeleteLayerVersion", {"LayerName": layer, "VersionNumber": int(version)})


SERVICE.resource_type(ResourceType("AWS::Lambda::LayerVersion", _create, _delete))


def _create_permission(request: ResourceRequest) -> Resource:
    properties = dict(request.properties)
    layer, _, version = str(properties.pop("LayerVersionArn")).rpartition(":")
    statement = request.name("", 100)
    params = {**properties, "LayerName": layer, "VersionNumber": version, "StatementId": statement}
    request.perform("lambda:AddLayerVersionPermission", params)
    made = f"{layer}:{version}#{statement}"
    return Resource(made, {"Id": made})


def _delete_permission(request: ResourceRequest) -> None:
    arn, _, statement = request.physical_id.partition("#")
    layer, _, version = arn.rpartition(":")
    params = {"LayerName": layer, "VersionNumber": version, "StatementId": statement}
    remove(request, "lambda:RemoveLayerVersionPermission", params)


SERVICE.resource_type(ResourceType("AWS::Lambda::LayerVersionPermission", _create_permission, _delete_permission))
