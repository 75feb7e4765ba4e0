"""The values of secrets: versions, and the staging labels that move between them."""

from __future__ import annotations

from typing import Any

from segue.api import Call
from segue.api.paginate import decode_token, encode_token
from segue.errors import AwsError
from segue.services.secretsmanager import records
from segue.services.secretsmanager.filters import filtered
from segue.services.secretsmanager.records import Secret, Version
from segue.services.secretsmanager.service import SERVICE, changeable, existing, scope_of, secret_arn

CURRENT, PREVIOUS, PENDING = "AWSCURRENT", "AWSPREVIOUS", "AWSPENDING"

_MAX_BYTES = 65_536
_BATCH = 20
_UNLABELLED_KEPT = 100
_DAY_MS = 86_400_000


def check_value(params: dict[str, Any]) -> bool:
    """Whether a call brings a value; ``AwsError`` where it brings two, or one that is too long."""
    text, binary = params.get("SecretString"), params.get("SecretBinary")
    if text is not None and binary is not None:
        message = "You can't specify both a secret string and secret binary in the same request."
        raise AwsError("InvalidParameterException", message)
    if len(text.encode() if text is not None else binary or b"") > _MAX_BYTES:
        raise AwsError("ValidationException", f"The secret value is longer than {_MAX_BYTES} bytes.")
    return text is not None or binary is not None


def add_version(call: Call, secret: Secret, params: dict[str, Any], stages: tuple[str, ...] = (CURRENT,)) -> str:
    """Give a secret a new value; its version's id. The same request again changes nothing."""
    version_id = params.get("ClientRequestToken") or call.tx.ids.uuid()
    text, binary = params.get("SecretString"), params.get("SecretBinary")
    known = next((one for one in records.versions(call.tx, secret.arn) if one.id == version_id), None)
    if known is not None and (known.text, known.bytes) == (None, None):  # a rotation's, whose value is made now
        records.save_value(call.tx, secret.arn, version_id, text, binary)
        for stage in stages:
            move_stage(call, secret, stage, version_id)
        return version_id
    if known is not None:
        if (known.text, known.bytes) == (text, binary):
            return version_id
        message = f"You can't use ClientRequestToken {version_id} because that value is already in use for a version"
        raise AwsError("ResourceExistsException", f"{message} of secret {secret.arn}.")
    number = call.tx.ids.ordered(call.now_ms)
    records.insert_version(call.tx, Version(secret.arn, version_id, number, text, binary, (), call.now_ms))
    for stage in stages:
        move_stage(call, secret, stage, version_id)
    _forget_old(call, secret)
    return version_id


def move_stage(call: Call, secret: Secret, stage: str, to: str | None) -> None:
    """Move a label; what AWSCURRENT leaves becomes AWSPREVIOUS."""
    for version in records.versions(call.tx, secret.arn):
        stages = set(version.stages)
        if version.id == to:
            stages.add(stage)
        elif stage in stages:
            stages.discard(stage)
            if stage == CURRENT and to is not None:
                move_stage(call, secret, PREVIOUS, version.id)
                stages.add(PREVIOUS)
        records.save_stages(call.tx, secret.arn, version.id, tuple(sorted(stages)))


def _forget_old(call: Call, secret: Secret) -> None:
    """Versions without labels beyond the newest hundred are forgotten (AWS keeps those of the last day besides)."""
    unlabelled = [one for one in records.versions(call.tx, secret.arn) if not one.stages]
    for version in unlabelled[:-_UNLABELLED_KEPT]:
        if version.created_at_ms < call.now_ms - _DAY_MS:
            records.delete_version(call.tx, secret.arn, version.id)


def version_of(call: Call, secret: Secret, version_id: str | None, stage: str | None) -> Version:
    """The version that is meant, the current one unless told; ``AwsError`` where there is none."""
    found = records.versions(call.tx, secret.arn)
    if version_id is not None:
        version = next((one for one in found if one.id == version_id), None)
        if version is None:
            raise _no_value(f"VersionId: {version_id}")
        if stage is not None and stage not in version.stages:
            message = "You provided a VersionStage that is not associated to the provided VersionId."
            raise AwsError("InvalidRequestException", message)
        return version
    version = next((one for one in found if (stage or CURRENT) in one.stages), None)
    if version is None:
        raise _no_value(f"staging label: {stage or CURRENT}")
    return version


def _no_value(what: str) -> AwsError:
    message = f"Secrets Manager can't find the specified secret value for {what}"
    return AwsError("ResourceNotFoundException", message)


@SERVICE.operation("GetSecretValue", resource=secret_arn)
def get_secret_value(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """The value of a version, the current one unless told."""
    secret = existing(call, params["SecretId"])
    version = version_of(call, secret, params.get("VersionId"), params.get("VersionStage"))
    if version.text is None and version.bytes is None:
        raise _no_value(f"staging label: {params.get('VersionStage') or PENDING}")
    today_ms = call.now_ms - call.now_ms % _DAY_MS
    if secret.accessed_at_ms != today_ms:  # AWS tells the day only
        records.save(call.tx, secret._replace(accessed_at_ms=today_ms))
    return {
        "ARN": secret.arn,
        "Name": secret.name,
        "VersionId": version.id,
        "SecretString": version.text,
        "SecretBinary": version.bytes,
        "VersionStages": list(version.stages),
        "CreatedDate": version.created_at_ms,
    }


@SERVICE.operation("BatchGetSecretValue")
def batch_get_secret_value(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """The current values of several secrets, named or filtered; what is wrong with one is told beside the others."""
    named, filters = params.get("SecretIdList"), params.get("Filters")
    if (named is None) == (filters is None):
        message = "Either 'SecretIdList' or 'Filters' must be provided, but not both."
        raise AwsError("InvalidParameterException", message)
    if named is not None and (params.get("MaxResults") or params.get("NextToken")):
        message = "MaxResults and NextToken are for Filters, not for SecretIdList."
        raise AwsError("InvalidParameterException", message)
    token = None
    if filters is not None:
        last, limit = _last(params), params.get("MaxResults", _BATCH)
        left = [secret for secret in filtered(call, filters) if secret.number > last]
        token = encode_token(left[limit - 1].number) if len(left) > limit else None
        named = [secret.arn for secret in left[:limit]]
    values, errors = [], []
    for secret_id in named or ():
        try:
            values.append(call.perform("secretsmanager:GetSecretValue", {"SecretId": secret_id}))
        except AwsError as error:
            errors.append({"SecretId": secret_id, "ErrorCode": error.code, "Message": error.message})
    return {"SecretValues": values, "Errors": errors, "NextToken": token}


def _last(params: dict[str, Any]) -> int:
    if "NextToken" not in params:
        return -1
    return int(decode_token(params["NextToken"], "InvalidNextTokenException", "Invalid token", (int,))[0])


@SERVICE.operation("PutSecretValue", resource=secret_arn)
def put_secret_value(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """A new version, which becomes the current one unless other labels are given."""
    secret = changeable(call, params["SecretId"])
    if not check_value(params):
        raise AwsError("InvalidRequestException", "You must provide either SecretString or SecretBinary.")
    stages = tuple(params.get("VersionStages") or (CURRENT,))
    version_id = add_version(call, secret, params, stages)
    records.save(call.tx, secret._replace(changed_at_ms=call.now_ms))
    return {"ARN": secret.arn, "Name": secret.name, "VersionId": version_id, "VersionStages": list(stages)}


@SERVICE.operation("UpdateSecretVersionStage", resource=secret_arn)
def update_secret_version_stage(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Move a label from one version to another, or take it away."""
    secret, stage = changeable(call, params["SecretId"]), params["VersionStage"]
    source, target = params.get("RemoveFromVersionId"), params.get("MoveToVersionId")
    holder = next((one.id for one in records.versions(call.tx, secret.arn) if stage in one.stages), None)
    if target is not None:
        version_of(call, secret, target, None)
    if source is None and holder not in (None, target):
        message = f"The parameter RemoveFromVersionId can't be empty. Staging label {stage} is currently attached to "
        raise AwsError("InvalidParameterException", f"{message}version {holder}, so you must explicitly reference that")
    if source is not None and source != holder:
        message = f"The staging label {stage} is not attached to version {source}."
        raise AwsError("InvalidParameterException", message)
    if target is None and stage == CURRENT:
        raise AwsError("InvalidParameterException", "You can only move staging label AWSCURRENT to a different secret")
    move_stage(call, secret, stage, target)
    records.save(call.tx, secret._replace(changed_at_ms=call.now_ms))
    return {"ARN": secret.arn, "Name": secret.name}


@SERVICE.operation("ListSecretVersionIds", reads=True, resource=secret_arn)
def list_secret_version_ids(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """A secret's versions, newest first; those without labels only if asked for."""
    secret = existing(call, params["SecretId"], deleted=True)
    found = records.versions(call.tx, secret.arn)[::-1]
    shown = [one for one in found if one.stages or params.get("IncludeDeprecated")]
    before = (
        decode_token(params["NextToken"], "InvalidNextTokenException", "Invalid token", (int,))[0]
        if ("NextToken" in params)
        else None
    )
    left = [one for one in shown if before is None or one.number < before]
    limit = params.get("MaxResults", 100)
    members = [
        {"VersionId": one.id, "VersionStages": list(one.stages) or None, "CreatedDate": one.created_at_ms}
        for one in left[:limit]
    ]
    token = encode_token(left[limit - 1].number) if len(left) > limit else None
    return {"ARN": secret.arn, "Name": secret.name, "Versions": members, "NextToken": token}


@SERVICE.internal("PutManagedSecret", action="secretsmanager:CreateSecret")
def put_managed_secret(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Make or change the secret of a service that keeps one for its user: ``Name``, ``Owner``, ``SecretString``."""
    from segue.services.secretsmanager.secrets import new_secret

    secret = records.find(call.tx, scope_of(call), params["Name"])
    if secret is None:
        secret = new_secret(call, params, params["Owner"])
    add_version(call, secret, {"SecretString": params["SecretString"]})
    return {"ARN": secret.arn}


@SERVICE.internal("DeleteManagedSecret", action="secretsmanager:DeleteSecret")
def delete_managed_secret(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Forget the secret that a service has kept (``SecretId``)."""
    secret = records.find(call.tx, scope_of(call), params["SecretId"])
    if secret is not None:
        records.delete(call.tx, secret.arn)
    return {}
