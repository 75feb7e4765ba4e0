"""Parameters in templates.

Source: CloudFormation template reference, AWS::SSM::Parameter (whose ``Type`` is no ``SecureString``).
"""

from __future__ import annotations

from typing import Any

from segue.api.resource_types import Resource, ResourceRequest, ResourceType, chosen, remove
from segue.errors import AwsError
from segue.services.ssm.service import SERVICE, arn_of

_LONGEST_NAME = 1_011
_KEPT = ("AllowedPattern", "DataType", "Description", "Policies", "Tier", "Type", "Value")


def _create(request: ResourceRequest) -> Resource:
    _refuse_secure(request)
    name = request.name("Name", _LONGEST_NAME)
    params = {"Name": name, **chosen(request.properties, *_KEPT), "Tags": request.all_tags()}
    request.perform("ssm:PutParameter", params)
    return _parameter(request, name)


def _refuse_secure(request: ResourceRequest) -> None:
    kind = request.properties.get("Type")
    if kind == "SecureString":
        raise AwsError("ValidationError", "Type: AWS CloudFormation doesn't support creating a SecureString parameter")


def _parameter(request: ResourceRequest, name: str) -> Resource:
    given = request.properties
    return Resource(name, {"Arn": arn_of(request.call, name), "Type": given["Type"], "Value": str(given["Value"])})


def _update(request: ResourceRequest) -> Resource:
    _refuse_secure(request)
    name = request.physical_id
    gone = {"Description": ""} if request.previous.get("Description") is not None else {}
    params: dict[str, Any] = {"Name": name, **gone, **chosen(request.properties, *_KEPT), "Overwrite": True}
    if request.previous.get("Policies") is not None:
        params.setdefault("Policies", "[{}]")
    if request.changed(*_KEPT):
        request.perform("ssm:PutParameter", params)
    named = {"ResourceType": "Parameter", "ResourceId": name}
    tags = request.all_tags()
    there = request.perform("ssm:ListTagsForResource", named)["TagList"]
    if stale := [tag["Key"] for tag in there if tag["Key"] not in tags]:
        request.perform("ssm:RemoveTagsFromResource", {**named, "TagKeys": stale})
    if tags:
        request.perform("ssm:AddTagsToResource", {**named, "Tags": tags})
    return _parameter(request, name)


def _delete(request: ResourceRequest) -> None:
    remove(request, "ssm:DeleteParameter", {"Name": request.physical_id})


SERVICE.resource_type(ResourceType("AWS::SSM::Parameter", _create, _delete, _update, frozenset(("Name", "Type"))))
