"""AWS::Lambda::LayerVersion."""

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
