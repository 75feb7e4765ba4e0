"""Repositories in templates.

Source: CloudFormation template reference, AWS::ECR::Repository.
"""

from __future__ import annotations

from typing import Any

from segue.api.resource_types import Resource, ResourceRequest, ResourceType, chosen, remove, retag
from segue.services.ecr.service import SERVICE

_LONGEST_NAME = 256
_FILTERS = "ImageTagMutabilityExclusionFilters"
_OF_FILTER = {
    "ImageTagMutabilityExclusionFilterType": "filterType",
    "ImageTagMutabilityExclusionFilterValue": "filter",
}
_SETTINGS = (
    "EncryptionConfiguration",
    "ImageScanningConfiguration",
    "ImageTagMutability",
    _FILTERS,
)


def _create(request: ResourceRequest) -> Resource:
    name = request.name("RepositoryName", _LONGEST_NAME, lower=True)
    params = {"RepositoryName": name, **_settings(request), "Tags": request.all_tags()}
    made = request.perform("ecr:CreateRepository", params)["repository"]
    _keep_policies(request, name)
    return Resource(name, {"Arn": made["repositoryArn"], "RepositoryUri": made["repositoryUri"]})


def _settings(request: ResourceRequest) -> dict[str, Any]:
    """The settings, with their filters' members under the names that the API has for them."""
    found = chosen(request.properties, *_SETTINGS)
    if filters := found.get(_FILTERS):
        found[_FILTERS] = [{_OF_FILTER.get(name, name): value for name, value in one.items()} for one in filters]
    return found


def _keep_policies(request: ResourceRequest, name: str) -> None:
    repository = {"RepositoryName": name}
    now, before = request.properties, request.previous
    lifecycle = (now.get("LifecyclePolicy") or {}).get("LifecyclePolicyText")
    if lifecycle:
        request.perform("ecr:PutLifecyclePolicy", {**repository, "LifecyclePolicyText": lifecycle})
    elif before.get("LifecyclePolicy"):
        remove(request, "ecr:DeleteLifecyclePolicy", repository)
    if now.get("RepositoryPolicyText"):
        request.perform("ecr:SetRepositoryPolicy", {**repository, "PolicyText": now["RepositoryPolicyText"]})
    elif before.get("RepositoryPolicyText"):
        remove(request, "ecr:DeleteRepositoryPolicy", repository)


def _update(request: ResourceRequest) -> Resource:
    name, given = request.physical_id, request.properties
    if request.changed("ImageTagMutability"):
        value = given.get("ImageTagMutability", "MUTABLE")
        request.perform("ecr:PutImageTagMutability", {"RepositoryName": name, "ImageTagMutability": value})
    if request.changed("ImageScanningConfiguration"):
        scanning: dict[str, Any] = given.get("ImageScanningConfiguration") or {"ScanOnPush": False}
        params = {"RepositoryName": name, "ImageScanningConfiguration": scanning}
        request.perform("ecr:PutImageScanningConfiguration", params)
    if request.changed("LifecyclePolicy", "RepositoryPolicyText"):
        _keep_policies(request, name)
    retag(request, "ecr", {"ResourceArn": request.attributes["Arn"]})
    return Resource(name, request.attributes)


def _delete(request: ResourceRequest) -> None:
    remove(request, "ecr:DeleteRepository", {"RepositoryName": request.physical_id, "Force": True})


SERVICE.resource_type(ResourceType("AWS::ECR::Repository", _create, _delete, _update))
