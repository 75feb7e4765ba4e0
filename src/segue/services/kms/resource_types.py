"""Keys and aliases in templates.

Source: CloudFormation template reference, AWS::KMS::Key, AWS::KMS::Alias. A key that a stack deletes is deleted after
its waiting period, and cannot be used meanwhile.
"""

from __future__ import annotations

from typing import Any

from segue.api.resource_types import Resource, ResourceRequest, ResourceType, chosen, is_gone, note_ignored, remove
from segue.errors import AwsError
from segue.services.kms.service import SERVICE

_AT_CREATION = ("Description", "KeySpec", "KeyUsage", "MultiRegion", "Origin")


def _create_key(request: ResourceRequest) -> Resource:
    given = request.properties
    params: dict[str, Any] = {**chosen(given, *_AT_CREATION), "Policy": given.get("KeyPolicy")}
    key = request.perform("kms:CreateKey", params)["KeyMetadata"]
    _tag(request, key["KeyId"], [])
    if given.get("Enabled") is False:
        request.perform("kms:DisableKey", {"KeyId": key["KeyId"]})
    if given.get("EnableKeyRotation"):
        _rotate(request, key["KeyId"])
    note_ignored(request, "BypassPolicyLockoutSafetyCheck")
    return Resource(key["KeyId"], {"Arn": key["Arn"], "KeyId": key["KeyId"]})


def _rotate(request: ResourceRequest, key_id: str) -> None:
    days = request.properties.get("RotationPeriodInDays")
    request.perform("kms:EnableKeyRotation", {"KeyId": key_id, "RotationPeriodInDays": days})


def _tag(request: ResourceRequest, key_id: str, before: list[str]) -> None:
    tags = request.all_tags()
    if stale := [key for key in before if key not in tags]:
        request.perform("kms:UntagResource", {"KeyId": key_id, "TagKeys": stale})
    if tags:
        listed = [{"TagKey": key, "TagValue": value} for key, value in tags.items()]
        request.perform("kms:TagResource", {"KeyId": key_id, "Tags": listed})


def _update_key(request: ResourceRequest) -> Resource:
    key, given = {"KeyId": request.physical_id}, request.properties
    if request.changed("Enabled"):
        request.perform("kms:DisableKey" if given.get("Enabled") is False else "kms:EnableKey", key)
    if request.changed("Description"):
        request.perform("kms:UpdateKeyDescription", {**key, "Description": given.get("Description", "")})
    if request.changed("KeyPolicy") and given.get("KeyPolicy") is not None:
        request.perform("kms:PutKeyPolicy", {**key, "PolicyName": "default", "Policy": given["KeyPolicy"]})
    if request.changed("EnableKeyRotation", "RotationPeriodInDays"):
        if given.get("EnableKeyRotation"):
            _rotate(request, request.physical_id)
        else:
            request.perform("kms:DisableKeyRotation", key)
    there = request.perform("kms:ListResourceTags", key)["Tags"]
    _tag(request, request.physical_id, [tag["TagKey"] for tag in there])
    return Resource(request.physical_id, request.attributes)


def _delete_key(request: ResourceRequest) -> None:
    days = request.properties.get("PendingWindowInDays") or 30
    try:
        request.perform("kms:ScheduleKeyDeletion", {"KeyId": request.physical_id, "PendingWindowInDays": days})
    except AwsError as error:
        if not is_gone(error) and error.code != "KMSInvalidStateException":
            raise


def _create_alias(request: ResourceRequest) -> Resource:
    name = request.properties["AliasName"]
    params = {"AliasName": name, "TargetKeyId": request.properties["TargetKeyId"]}
    request.perform("kms:CreateAlias", params)
    return Resource(name)


def _update_alias(request: ResourceRequest) -> Resource:
    params = {"AliasName": request.physical_id, "TargetKeyId": request.properties["TargetKeyId"]}
    request.perform("kms:UpdateAlias", params)
    return Resource(request.physical_id, request.attributes)


def _delete_alias(request: ResourceRequest) -> None:
    remove(request, "kms:DeleteAlias", {"AliasName": request.physical_id})


_FIXED = frozenset(("KeySpec", "KeyUsage", "MultiRegion", "Origin"))
SERVICE.resource_type(ResourceType("AWS::KMS::Key", _create_key, _delete_key, _update_key, _FIXED))
SERVICE.resource_type(ResourceType("AWS::KMS::Alias", _create_alias, _delete_alias, _update_alias))
