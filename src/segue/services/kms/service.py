"""The service's declaration, and how operations find the key they mean."""

from __future__ import annotations

from typing import Any

from segue.api import Call, Service
from segue.arn import is_arn, parse_arn
from segue.errors import AwsError
from segue.services.kms import records
from segue.services.kms.records import Key

SERVICE = Service("kms", migrations=records.MIGRATIONS, resource_policy=records.policy_of)


def scope_of(call: Call) -> str:
    """Where keys and aliases are."""
    return f"{call.account}/{call.region}"


def key_arn(call: Call, params: dict[str, Any]) -> str:
    """The ARN of the key that a request names, which policies speak of."""
    named = str(params.get("KeyId") or params.get("TargetKeyId") or params.get("ResourceId") or "")
    found = find(call, named) if named else None
    if found is not None:
        return found.arn
    return named if is_arn(named) else call.arn("kms", f"key/{named}")


def find(call: Call, named: str) -> Key | None:
    """The key of that id, ARN, alias name or alias ARN."""
    scope, name = scope_of(call), named
    if is_arn(named):
        arn = parse_arn(named)
        scope, name = f"{arn.account}/{arn.region}", arn.resource.removeprefix("key/")
    if name.startswith("alias/"):
        alias = records.find_alias(call.tx, scope, name)
        return None if alias is None else records.find_key(call.tx, scope, alias.key_id)
    return records.find_key(call.tx, scope, name)


def existing(call: Call, named: str) -> Key:
    """The key; ``NotFoundException`` where there is none."""
    found = find(call, named)
    if found is not None:
        return found
    if "alias/" in named:
        arn = named if is_arn(named) else call.arn("kms", named)
        raise AwsError("NotFoundException", f"Alias {arn} is not found.")
    arn = named if is_arn(named) else call.arn("kms", f"key/{named}")
    raise AwsError("NotFoundException", f"Key '{arn}' does not exist")


def usable(key: Key, usage: str, operation: str) -> Key:
    """The key, if it can be used for this.

    Raises:
        AwsError: ``DisabledException``, ``KMSInvalidStateException``, ``InvalidKeyUsageException``.
    """
    if key.state == "Disabled":
        raise AwsError("DisabledException", f"{key.arn} is disabled.")
    if key.state != "Enabled":
        raise AwsError("KMSInvalidStateException", f"{key.arn} is pending deletion.")
    if key.details["KeyUsage"] != usage:
        what = f"{key.arn} key usage is {key.details['KeyUsage']} which is not valid for {operation}."
        raise AwsError("InvalidKeyUsageException", what)
    return key
