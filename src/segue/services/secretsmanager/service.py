"""The service's declaration, and how operations find the secret they mean."""

from __future__ import annotations

from typing import Any

from segue.api import Call, Service
from segue.errors import AwsError
from segue.services.secretsmanager import records
from segue.services.secretsmanager.records import Secret

SERVICE = Service("secretsmanager", migrations=records.MIGRATIONS, resource_policy=records.policy_of)


def scope_of(call: Call) -> str:
    """Where names are unique."""
    return f"{call.account}/{call.region}"


def secret_arn(call: Call, params: dict[str, Any]) -> str:
    """The ARN of the secret that a call means, as far as it is known: what policies speak of."""
    found = records.find(call.tx, scope_of(call), params["SecretId"])
    return found.arn if found is not None else call.arn("secretsmanager", f"secret:{params['SecretId']}")


def existing(call: Call, secret_id: str, *, deleted: bool = False) -> Secret:
    """The secret; ``AwsError`` where there is none, or where it is marked for deletion (unless ``deleted``)."""
    found = records.find(call.tx, scope_of(call), secret_id)
    if found is None:
        raise AwsError("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
    if found.deleted_at_ms is not None and not deleted:
        message = "You can't perform this operation on the secret because it was marked for deletion."
        raise AwsError("InvalidRequestException", message)
    return found


def changeable(call: Call, secret_id: str) -> Secret:
    """An existing secret that users may change: not one that another service manages."""
    secret = existing(call, secret_id)
    if secret.owner:
        message = f"You can't perform this operation on the secret because it is managed by {secret.owner}."
        raise AwsError("InvalidRequestException", message)
    return secret
