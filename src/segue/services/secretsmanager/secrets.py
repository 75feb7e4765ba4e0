"""Secrets: made, changed, described, listed, deleted now or later."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from segue import jobs
from segue.api import Call
from segue.api.paginate import decode_token, encode_token
from segue.api.tags import add_tags, drop_tags, remove_tags, tags_of
from segue.errors import AwsError, not_implemented
from segue.jobs import Job
from segue.languages.policy import MalformedPolicy, validate_document
from segue.services.secretsmanager import records
from segue.services.secretsmanager.filters import filtered
from segue.services.secretsmanager.records import Secret
from segue.services.secretsmanager.service import SERVICE, changeable, existing, scope_of, secret_arn
from segue.services.secretsmanager.values import add_version, check_value

_NAME = re.compile(r"[A-Za-z0-9/_+=.@!-]+")
_DAY_MS = 86_400_000
_EVERYBODY: Final[tuple[Any, ...]] = ("*", {"AWS": "*"}, {"AWS": ["*"]})
_LEFT_OUT = ("AddReplicaRegions", "ForceOverwriteReplicaSecret", "Type", "CrossAccountPrimaryARN")


def _new_arn(call: Call, params: dict[str, Any]) -> str:
    return call.arn("secretsmanager", f"secret:{params['Name']}")


@SERVICE.operation("CreateSecret", resource=_new_arn)
def create_secret(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """A new secret, with a first value if one is given."""
    for member in _LEFT_OUT:
        if params.get(member):
            raise not_implemented("secretsmanager:CreateSecret", member)
    name, has_value = params["Name"], check_value(params)
    _check_name(name)
    known = records.find(call.tx, scope_of(call), name)
    if known is not None:
        return _again(call, known, params)
    secret = new_secret(call, params)
    add_tags(call.tx, secret.arn, _tags_given(params))
    version_id = add_version(call, secret, params) if has_value else None
    return {"ARN": secret.arn, "Name": name, "VersionId": version_id}


def new_secret(call: Call, params: dict[str, Any], owner: str = "") -> Secret:
    """The row of a new secret."""
    name = params["Name"]
    secret = Secret(
        arn=call.arn("secretsmanager", f"secret:{name}-{call.tx.ids.alphanumeric(6)}"),
        number=call.tx.ids.ordered(call.now_ms),
        scope=scope_of(call),
        name=name,
        description=params.get("Description"),
        kms_key=params.get("KmsKeyId"),
        owner=owner,
        created_at_ms=call.now_ms,
        changed_at_ms=call.now_ms,
        accessed_at_ms=None,
        deleted_at_ms=None,
    )
    records.insert(call.tx, secret)
    return secret


def _check_name(name: str) -> None:
    """Recorded: sfn-error-handling/aws_sdk__invalid_secret_name."""
    if not _NAME.fullmatch(name):
        message = "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: "
        raise AwsError("ValidationException", f"{message}-/_+=.@!")
    if "!" in name:
        raise AwsError("ValidationException", "Invalid name. '!' is for the secrets that services manage.")


def _again(call: Call, known: Secret, params: dict[str, Any]) -> dict[str, Any]:
    """The same request once more is answered alike; another one for the same name is refused."""
    if known.deleted_at_ms is not None:
        message = "You can't create this secret because a secret with this name is already scheduled for deletion."
        raise AwsError("InvalidRequestException", message)
    token = params.get("ClientRequestToken")
    if token in {version.id for version in records.versions(call.tx, known.arn)}:
        return {"ARN": known.arn, "Name": known.name, "VersionId": add_version(call, known, params)}
    message = f"The operation failed because the secret {known.name} already exists."
    raise AwsError("ResourceExistsException", message)


@SERVICE.operation("UpdateSecret", resource=secret_arn)
def update_secret(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Change what is given of a secret; a value becomes its current one."""
    secret = changeable(call, params["SecretId"])
    version_id = add_version(call, secret, params) if check_value(params) else None
    description, key = params.get("Description", secret.description), params.get("KmsKeyId", secret.kms_key)
    records.save(call.tx, secret._replace(description=description, kms_key=key, changed_at_ms=call.now_ms))
    return {"ARN": secret.arn, "Name": secret.name, "VersionId": version_id}


@SERVICE.operation("DescribeSecret", reads=True, resource=secret_arn)
def describe_secret(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """A secret without its values."""
    secret = existing(call, params["SecretId"], deleted=True)
    return {**_members(call, secret), "VersionIdsToStages": _stages(call, secret) or None}


def _members(call: Call, secret: Secret) -> dict[str, Any]:
    return {
        "ARN": secret.arn,
        "Name": secret.name,
        "Description": secret.description,
        "KmsKeyId": secret.kms_key,
        "LastChangedDate": secret.changed_at_ms,
        "LastAccessedDate": secret.accessed_at_ms,
        "DeletedDate": secret.deleted_at_ms,
        "Tags": [{"Key": key, "Value": value} for key, value in tags_of(call.tx, secret.arn).items()] or None,
        "OwningService": secret.owner or None,
        "CreatedDate": secret.created_at_ms,
        **_rotation(call, secret),
    }


def _rotation(call: Call, secret: Secret) -> dict[str, Any]:
    rotation = records.rotation_of(call.tx, secret.arn)
    if rotation is None:
        return {}
    return {
        "RotationEnabled": rotation["enabled"],
        "RotationLambdaARN": rotation["function"],
        "RotationRules": rotation["rules"] or None,
        "NextRotationDate": rotation.get("next_ms"),
        "LastRotatedDate": rotation.get("last_ms"),
    }


def _stages(call: Call, secret: Secret) -> dict[str, list[str]]:
    return {one.id: list(one.stages) for one in records.versions(call.tx, secret.arn) if one.stages}


@SERVICE.operation("ListSecrets", reads=True)
def list_secrets(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Secrets, newest first unless told otherwise; those marked for deletion only if asked for."""
    found = filtered(call, params.get("Filters", []), deleted=bool(params.get("IncludePlannedDeletion")))
    if params.get("SortOrder", "desc") == "desc":
        found.reverse()
    skip = (
        decode_token(params["NextToken"], "InvalidNextTokenException", "Invalid token", (int,))[0]
        if ("NextToken" in params)
        else None
    )
    at = 0 if skip is None else next((n + 1 for n, one in enumerate(found) if one.number == skip), len(found))
    limit = params.get("MaxResults", 100)
    shown = [
        {**_members(call, secret), "SecretVersionsToStages": _stages(call, secret) or None}
        for secret in found[at : at + limit]
    ]
    token = encode_token(found[at + limit - 1].number) if len(found) > at + limit else None
    return {"SecretList": shown, "NextToken": token}


@SERVICE.operation("DeleteSecret", resource=secret_arn)
def delete_secret(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Mark a secret for deletion in some days, or delete it at once."""
    force, days = params.get("ForceDeleteWithoutRecovery", False), params.get("RecoveryWindowInDays")
    if force and days is not None:
        message = "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays."
        raise AwsError("InvalidParameterException", message)
    if days is not None and not 7 <= days <= 30:
        message = "The RecoveryWindowInDays value must be between 7 and 30 days (inclusive)."
        raise AwsError("InvalidParameterException", message)
    secret = changeable(call, params["SecretId"])
    at_ms = call.now_ms if force else call.now_ms + (days or 30) * _DAY_MS
    if force:
        _forget(call, secret.arn)
    else:
        records.save(call.tx, secret._replace(deleted_at_ms=at_ms))
        jobs.enqueue(call.tx, "secretsmanager:forget", secret.arn, secret.arn, at_ms=at_ms)
    return {"ARN": secret.arn, "Name": secret.name, "DeletionDate": at_ms}


@SERVICE.job("forget")
def forget(call: Call, job: Job) -> None:
    """A secret's recovery window is over."""
    _forget(call, job.payload)


def _forget(call: Call, arn: str) -> None:
    records.delete(call.tx, arn)
    drop_tags(call.tx, arn)


@SERVICE.operation("RestoreSecret", resource=secret_arn)
def restore_secret(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Take back a deletion that is still to come."""
    secret = existing(call, params["SecretId"], deleted=True)
    records.save(call.tx, secret._replace(deleted_at_ms=None))
    jobs.cancel(call.tx, "secretsmanager:forget", secret.arn)
    return {"ARN": secret.arn, "Name": secret.name}


@SERVICE.operation("TagResource", resource=secret_arn)
def tag_resource(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Add tags."""
    secret = existing(call, params["SecretId"])
    add_tags(call.tx, secret.arn, _tags_given(params))
    return {}


def _tags_given(params: dict[str, Any]) -> dict[str, str]:
    """The tags of a request; the model lets a key be missing, the service does not."""
    tags: list[dict[str, str]] = params.get("Tags", [])
    if not all("Key" in tag for tag in tags):
        raise AwsError("InvalidParameterException", "You must provide a Key for each of the Tags.")
    return {tag["Key"]: tag.get("Value", "") for tag in tags}


@SERVICE.operation("UntagResource", resource=secret_arn)
def untag_resource(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Remove tags."""
    remove_tags(call.tx, existing(call, params["SecretId"]).arn, params["TagKeys"])
    return {}


@SERVICE.operation("PutResourcePolicy", resource=secret_arn)
def put_resource_policy(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Say who may use a secret."""
    secret = existing(call, params["SecretId"])
    if _lets_everybody(params["ResourcePolicy"]) and params.get("BlockPublicPolicy"):
        message = "You can't attach a resource policy that allows public access to the secret."
        raise AwsError("PublicPolicyException", message)
    records.save_policy(call.tx, secret.arn, params["ResourcePolicy"])
    return {"ARN": secret.arn, "Name": secret.name}


@SERVICE.operation("ValidateResourcePolicy", reads=True, action="secretsmanager:ValidateResourcePolicy")
def validate_resource_policy(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Whether a policy could be put: it is one, and it does not let everybody."""
    if params.get("SecretId") is not None:
        existing(call, params["SecretId"])
    errors = []
    if _lets_everybody(params["ResourcePolicy"]):
        words = "The policy allows public access to the secret: name principals, or add a condition."
        errors.append({"CheckName": "BlockPublicPolicy", "ErrorMessage": words})
    return {"PolicyValidationPassed": not errors, "ValidationErrors": errors}


def _lets_everybody(text: str) -> bool:
    """Whether a policy has a statement for all principals without a condition; ``AwsError`` where it is none."""
    try:
        validate_document(text, "resource")
    except MalformedPolicy as error:
        raise AwsError("MalformedPolicyDocumentException", str(error)) from None
    statements = json.loads(text)["Statement"]
    return any(
        one["Effect"] == "Allow" and not one.get("Condition") and one.get("Principal") in _EVERYBODY
        for one in (statements if isinstance(statements, list) else [statements])
    )


@SERVICE.operation("GetResourcePolicy", reads=True, resource=secret_arn)
def get_resource_policy(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Who may use a secret."""
    secret = existing(call, params["SecretId"])
    return {"ARN": secret.arn, "Name": secret.name, "ResourcePolicy": records.policy_of(call.tx, secret.arn)}


@SERVICE.operation("DeleteResourcePolicy", resource=secret_arn)
def delete_resource_policy(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Take the policy away."""
    secret = existing(call, params["SecretId"])
    records.save_policy(call.tx, secret.arn, None)
    return {"ARN": secret.arn, "Name": secret.name}
