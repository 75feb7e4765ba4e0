"""Keys: made, described, listed, enabled, disabled, deleted after a while; their policies, rotation and tags.

Source: API reference, CreateKey, DescribeKey, ScheduleKeyDeletion, PutKeyPolicy, GetKeyRotationStatus.
"""

from __future__ import annotations

import base64
import json
from typing import Any

from segue import jobs
from segue.api import Call
from segue.api.paginate import decode_token, encode_token
from segue.api.tags import add_tags, drop_tags, remove_tags, tags_of
from segue.arn import partition_of
from segue.errors import AwsError, not_implemented
from segue.jobs import Job
from segue.languages.policy import MalformedPolicy, validate_document
from segue.services.kms import records
from segue.services.kms.pairs import ALGORITHMS, new_pair
from segue.services.kms.records import Key
from segue.services.kms.service import SERVICE, existing, key_arn, scope_of

_DAY_MS = 86_400_000
_PAGE = 100
_SECRET_BYTES = 64
_HMACS = {f"HMAC_{bits}": f"HMAC_SHA_{bits}" for bits in (224, 256, 384, 512)}
_USAGES = {
    "SYMMETRIC_DEFAULT": "ENCRYPT_DECRYPT",
    **dict.fromkeys(_HMACS, "GENERATE_VERIFY_MAC"),
    **dict.fromkeys(ALGORITHMS, "SIGN_VERIFY"),
}
_ROTATION_DAYS = 365


@SERVICE.operation("CreateKey")
def create_key(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """A new key: symmetric, for message authentication codes, or a pair for signatures."""
    spec = params.get("KeySpec") or params.get("CustomerMasterKeySpec") or "SYMMETRIC_DEFAULT"
    if spec not in _USAGES:
        raise not_implemented("kms:CreateKey", f"KeySpec {spec}")
    for member in ("CustomKeyStoreId", "XksKeyId"):
        if params.get(member):
            raise not_implemented("kms:CreateKey", member)
    if params.get("Origin", "AWS_KMS") != "AWS_KMS":
        raise not_implemented("kms:CreateKey", f"Origin {params['Origin']}")
    usage = params.get("KeyUsage", "ENCRYPT_DECRYPT")
    if spec.startswith("RSA_") and usage == "ENCRYPT_DECRYPT" and "KeyUsage" in params:
        raise not_implemented("kms:CreateKey", f"KeyUsage {usage} with KeySpec {spec}")
    if usage != _USAGES[spec]:
        raise AwsError("ValidationException", f"KeyUsage {usage} is not compatible with KeySpec {spec}")
    if "Policy" in params:
        _check_policy(params["Policy"])
    details = {"Description": params.get("Description", ""), "KeySpec": spec, "KeyUsage": usage}
    if params.get("MultiRegion"):
        details["MultiRegion"] = True
    key = make_key(call, details, params.get("Policy"))
    add_tags(call.tx, key.arn, {tag["TagKey"]: tag["TagValue"] for tag in params.get("Tags") or ()})
    return {"KeyMetadata": members(key)}


def make_key(call: Call, details: dict[str, Any], policy: str | None = None) -> Key:
    """The row of a new key."""
    key_id, spec = call.tx.ids.uuid(), details["KeySpec"]
    made = Key(
        key_id,
        scope_of(call),
        call.arn("kms", f"key/{key_id}"),
        "Enabled",
        new_pair(spec) if spec in ALGORITHMS else base64.b64decode(call.tx.ids.token(_SECRET_BYTES)),
        policy or _usual_policy(call),
        {"CreationDate": call.now_ms, "KeyManager": "CUSTOMER", **details},
    )
    records.save_key(call.tx, made)
    return made


def _usual_policy(call: Call) -> str:
    statement = {
        "Sid": "Enable IAM User Permissions",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:{partition_of(call.region)}:iam::{call.account}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    return json.dumps({"Version": "2012-10-17", "Id": "key-default-1", "Statement": [statement]}, indent=2)


def members(key: Key) -> dict[str, Any]:
    """A key as answers have it."""
    details, symmetric = key.details, key.details["KeySpec"] == "SYMMETRIC_DEFAULT"
    told: dict[str, Any] = {
        "AWSAccountId": key.scope.partition("/")[0],
        "KeyId": key.id,
        "Arn": key.arn,
        "CreationDate": details["CreationDate"],
        "Enabled": key.state == "Enabled",
        "Description": details["Description"],
        "KeyUsage": details["KeyUsage"],
        "KeyState": key.state,
        "DeletionDate": details.get("DeletionDate"),
        "Origin": "AWS_KMS",
        "KeyManager": details["KeyManager"],
        "CustomerMasterKeySpec": details["KeySpec"],
        "KeySpec": details["KeySpec"],
        "MultiRegion": details.get("MultiRegion", False),
    }
    if symmetric:
        return {**told, "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"]}
    if details["KeySpec"] in ALGORITHMS:
        return {**told, "SigningAlgorithms": list(ALGORITHMS[details["KeySpec"]])}
    return {**told, "MacAlgorithms": [_HMACS[details["KeySpec"]]]}


def _changeable(call: Call, named: str, *, pending: bool = False) -> Key:
    """A key that users may change: not one of AWS's, nor (unless ``pending``) one that is to be deleted."""
    key = existing(call, named)
    if key.details["KeyManager"] == "AWS":
        raise AwsError("AccessDeniedException", f"{key.arn} is managed by AWS.", status=400)
    if key.state == "PendingDeletion" and not pending:
        raise AwsError("KMSInvalidStateException", f"{key.arn} is pending deletion.")
    return key


def _save(call: Call, key: Key, **details: Any) -> Key:
    changed = {name: value for name, value in {**key.details, **details}.items() if value is not None}
    saved = key._replace(details=changed)
    records.save_key(call.tx, saved)
    return saved


@SERVICE.operation("DescribeKey", reads=True, resource=key_arn)
def describe_key(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """A key."""
    return {"KeyMetadata": members(existing(call, params["KeyId"]))}


@SERVICE.operation("ListKeys", reads=True)
def list_keys(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Keys, by id."""
    limit = params.get("Limit", _PAGE)
    found = records.keys_after(call.tx, scope_of(call), marker(params), limit + 1)
    shown = [{"KeyId": key.id, "KeyArn": key.arn} for key in found[:limit]]
    return {"Keys": shown, **next_page(found, limit, lambda key: key.id)}


def marker(params: dict[str, Any]) -> str:
    """After which key the page begins."""
    if not params.get("Marker"):
        return ""
    return str(decode_token(params["Marker"], "InvalidMarkerException", "Invalid marker.")[0])


def next_page(found: list[Any], limit: int, key_of: Any) -> dict[str, Any]:
    """Where the next page begins."""
    truncated = len(found) > limit
    return {"Truncated": truncated, "NextMarker": encode_token(key_of(found[limit - 1])) if truncated else None}


@SERVICE.operation("UpdateKeyDescription", resource=key_arn)
def update_key_description(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Describe a key otherwise."""
    _save(call, _changeable(call, params["KeyId"]), Description=params["Description"])
    return {}


@SERVICE.operation("EnableKey", resource=key_arn)
def enable_key(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Let a key be used again."""
    _save(call, _changeable(call, params["KeyId"])._replace(state="Enabled"))
    return {}


@SERVICE.operation("DisableKey", resource=key_arn)
def disable_key(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Let a key rest."""
    _save(call, _changeable(call, params["KeyId"])._replace(state="Disabled"))
    return {}


@SERVICE.operation("ScheduleKeyDeletion", resource=key_arn)
def schedule_key_deletion(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Delete a key in some days."""
    key, days = _changeable(call, params["KeyId"]), params.get("PendingWindowInDays", 30)
    if not 7 <= days <= 30:
        raise AwsError("ValidationException", "PendingWindowInDays must be between 7 and 30.")
    at_ms = call.now_ms + days * _DAY_MS
    _save(call, key._replace(state="PendingDeletion"), DeletionDate=at_ms)
    jobs.enqueue(call.tx, "kms:delete", key.arn, [key.scope, key.id], at_ms=at_ms)
    return {"KeyId": key.arn, "DeletionDate": at_ms, "KeyState": "PendingDeletion", "PendingWindowInDays": days}


@SERVICE.job("delete")
def delete(call: Call, job: Job) -> None:
    """A key's days are over."""
    key = records.find_key(call.tx, *job.payload)
    if key is not None:
        records.delete_key(call.tx, key)
        drop_tags(call.tx, key.arn)


@SERVICE.operation("CancelKeyDeletion", resource=key_arn)
def cancel_key_deletion(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Take back a deletion that is still to come; the key is disabled then."""
    key = _changeable(call, params["KeyId"], pending=True)
    if key.state != "PendingDeletion":
        raise AwsError("KMSInvalidStateException", f"{key.arn} is not pending deletion.")
    jobs.cancel(call.tx, "kms:delete", key.arn)
    _save(call, key._replace(state="Disabled"), DeletionDate=None)
    return {"KeyId": key.arn}


@SERVICE.operation("GetKeyPolicy", reads=True, resource=key_arn)
def get_key_policy(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Who may use a key."""
    _check_policy_name(params)
    return {"Policy": existing(call, params["KeyId"]).policy, "PolicyName": "default"}


@SERVICE.operation("PutKeyPolicy", resource=key_arn)
def put_key_policy(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Say who may use a key."""
    _check_policy_name(params)
    _check_policy(params["Policy"])
    _save(call, _changeable(call, params["KeyId"])._replace(policy=params["Policy"]))
    return {}


@SERVICE.operation("ListKeyPolicies", reads=True, resource=key_arn)
def list_key_policies(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """The names of a key's policies: there is one."""
    existing(call, params["KeyId"])
    return {"PolicyNames": ["default"], "Truncated": False}


def _check_policy_name(params: dict[str, Any]) -> None:
    if params.get("PolicyName", "default") != "default":
        raise AwsError("NotFoundException", "No such policy exists")


def _check_policy(text: str) -> None:
    try:
        validate_document(text, "resource")
    except MalformedPolicy as error:
        raise AwsError("MalformedPolicyDocumentException", str(error)) from None


@SERVICE.operation("EnableKeyRotation", resource=key_arn)
def enable_key_rotation(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Note that a key is to be rotated, which nobody sees: its material stays."""
    days = params.get("RotationPeriodInDays", _ROTATION_DAYS)
    _save(call, _symmetric(_changeable(call, params["KeyId"])), RotationDays=days)
    return {}


@SERVICE.operation("DisableKeyRotation", resource=key_arn)
def disable_key_rotation(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Note that a key is not to be rotated."""
    _save(call, _symmetric(_changeable(call, params["KeyId"])), RotationDays=None)
    return {}


@SERVICE.operation("GetKeyRotationStatus", reads=True, resource=key_arn)
def get_key_rotation_status(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Whether a key is to be rotated."""
    key = existing(call, params["KeyId"])
    days = key.details.get("RotationDays")
    return {"KeyRotationEnabled": days is not None, "KeyId": key.arn, "RotationPeriodInDays": days}


def _symmetric(key: Key) -> Key:
    if key.details["KeySpec"] != "SYMMETRIC_DEFAULT":
        raise AwsError("UnsupportedOperationException", f"{key.arn} is not a symmetric encryption key.")
    return key


@SERVICE.operation("TagResource", resource=key_arn)
def tag_resource(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Tag a key."""
    key = _changeable(call, params["KeyId"])
    add_tags(call.tx, key.arn, {tag["TagKey"]: tag["TagValue"] for tag in params["Tags"]})
    return {}


@SERVICE.operation("UntagResource", resource=key_arn)
def untag_resource(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Remove tags of a key."""
    remove_tags(call.tx, _changeable(call, params["KeyId"]).arn, params["TagKeys"])
    return {}


@SERVICE.operation("ListResourceTags", reads=True, resource=key_arn)
def list_resource_tags(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """A key's tags."""
    found = tags_of(call.tx, existing(call, params["KeyId"]).arn)
    return {"Tags": [{"TagKey": key, "TagValue": value} for key, value in found.items()], "Truncated": False}
