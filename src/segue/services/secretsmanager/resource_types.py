"""Secrets and their policies in templates.

Source: CloudFormation template reference, AWS::SecretsManager::Secret, ResourcePolicy, SecretTargetAttachment,
RotationSchedule. A secret that a stack deletes is gone at once: its name may be used again.
"""

from __future__ import annotations

import json
from typing import Any

from segue.api.resource_types import Resource, ResourceRequest, ResourceType, chosen, note_ignored, remove, retag
from segue.errors import AwsError
from segue.services.secretsmanager.service import SERVICE

_LONGEST_NAME = 256
_SECRET = ("Description", "KmsKeyId", "SecretString")
_PASSWORD = (
    "ExcludeCharacters",
    "ExcludeLowercase",
    "ExcludeNumbers",
    "ExcludePunctuation",
    "ExcludeUppercase",
    "IncludeSpace",
    "PasswordLength",
    "RequireEachIncludedType",
)


def _create_secret(request: ResourceRequest) -> Resource:
    name = request.name("Name", _LONGEST_NAME)
    params = {"Name": name, **chosen(request.properties, *_SECRET), "Tags": request.all_tags()}
    if (made := _generated(request)) is not None:
        params["SecretString"] = made
    arn = request.perform("secretsmanager:CreateSecret", params)["ARN"]
    note_ignored(request, "ReplicaRegions", "Type")
    return Resource(arn, {"Id": arn})


def _generated(request: ResourceRequest) -> str | None:
    """The value that the template has made: a password, or an object with one in it."""
    wanted = request.properties.get("GenerateSecretString")
    if wanted is None:
        return None
    if request.properties.get("SecretString") is not None:
        raise AwsError("ValidationError", "Only one of SecretString and GenerateSecretString may be specified")
    password = request.perform("secretsmanager:GetRandomPassword", chosen(wanted, *_PASSWORD))["RandomPassword"]
    template, key = wanted.get("SecretStringTemplate"), wanted.get("GenerateStringKey")
    if (template is None) != (key is None):
        raise AwsError("ValidationError", "SecretStringTemplate and GenerateStringKey need each other")
    if template is None:
        return str(password)
    try:
        document = json.loads(template)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise AwsError("ValidationError", "SecretStringTemplate is no JSON object")
    return json.dumps({**document, key: password})


def _update_secret(request: ResourceRequest) -> Resource:
    arn = request.physical_id
    params: dict[str, Any] = {"SecretId": arn, "Description": request.properties.get("Description", "")}
    params |= chosen(request.properties, "KmsKeyId")
    if request.changed("SecretString"):
        params |= chosen(request.properties, "SecretString")
    if request.changed("GenerateSecretString") and (made := _generated(request)) is not None:
        params["SecretString"] = made
    request.perform("secretsmanager:UpdateSecret", params)
    retag(request, "secretsmanager", {"SecretId": arn}, "DescribeSecret")
    note_ignored(request, "ReplicaRegions", "Type")
    return Resource(arn, request.attributes)


def _delete_secret(request: ResourceRequest) -> None:
    params = {"SecretId": request.physical_id, "ForceDeleteWithoutRecovery": True}
    remove(request, "secretsmanager:DeleteSecret", params)


def _put_policy(request: ResourceRequest) -> Resource:
    secret = request.properties["SecretId"]
    params = {"SecretId": secret, "ResourcePolicy": request.properties["ResourcePolicy"]}
    arn = request.perform("secretsmanager:PutResourcePolicy", params)["ARN"]
    return Resource(arn, {"Id": arn})


def _delete_policy(request: ResourceRequest) -> None:
    remove(request, "secretsmanager:DeleteResourcePolicy", {"SecretId": request.physical_id})


def _note_attachment(request: ResourceRequest) -> Resource:
    request.notes.append("SecretTargetAttachment has no effect here: the secret is not given its target's address")
    secret = request.properties["SecretId"]
    return Resource(secret, {"Id": secret})


def _rotate(request: ResourceRequest) -> Resource:
    secret, given = request.properties["SecretId"], chosen(request.properties, "RotationLambdaARN", "RotationRules")
    if given.get("RotationLambdaARN") is None:
        request.notes.append(
            "RotationSchedule has no effect without RotationLambdaARN: AWS's own functions are not here"
        )
        return Resource(secret, {"Id": secret})
    now = request.properties.get("RotateImmediatelyOnUpdate")
    arn = request.perform("secretsmanager:RotateSecret", {"SecretId": secret, "RotateImmediately": now, **given})["ARN"]
    return Resource(arn, {"Id": arn})


def _cancel_rotation(request: ResourceRequest) -> None:
    remove(request, "secretsmanager:CancelRotateSecret", {"SecretId": request.physical_id})


def _forget(request: ResourceRequest) -> None:
    """There is nothing to remove."""


_PREFIX = "AWS::SecretsManager"
_PLACE = frozenset(("SecretId",))
SERVICE.resource_type(ResourceType(f"{_PREFIX}::Secret", _create_secret, _delete_secret, _update_secret))
SERVICE.resource_type(ResourceType(f"{_PREFIX}::ResourcePolicy", _put_policy, _delete_policy, _put_policy, _PLACE))
SERVICE.resource_type(
    ResourceType(f"{_PREFIX}::SecretTargetAttachment", _note_attachment, _forget, _note_attachment, _PLACE)
)
SERVICE.resource_type(ResourceType(f"{_PREFIX}::RotationSchedule", _rotate, _cancel_rotation, _rotate, _PLACE))
