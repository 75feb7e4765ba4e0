"""Versions of state machines: publish, list, delete."""

from __future__ import annotations

from typing import Any

from segue.api import Call, Result
from segue.api.paginate import decode_token, encode_token
from segue.errors import AwsError
from segue.services.states import version_records
from segue.services.states.arns import checked_arn
from segue.services.states.qualified import existing_machine, qualifier, refuse_deleting, unqualified
from segue.services.states.records import Machine
from segue.services.states.service import SERVICE
from segue.services.states.version_records import Version

_NO_BOUND = (1 << 63) - 1


def check_description(params: dict[str, Any]) -> None:
    """Raise where a version is described that is not to be published (sfn-api/sfn_api_versioning)."""
    if params.get("versionDescription") and not params.get("publish"):
        raise AwsError("ValidationException", "Version description can only be set when publish is true")


def publish(call: Call, machine: Machine, description: str) -> Version:
    """The version of a state machine's newest revision: the one that there is, or a new one.

    Source: API reference, PublishStateMachineVersion ("idempotent"); numbers are never given twice.

    Raises:
        AwsError: ``ServiceQuotaExceededException`` when there are too many.
    """
    existing = version_records.version_of_revision(call.tx, machine.arn, machine.revision_id)
    if existing is not None:
        return existing
    if version_records.count_versions(call.tx, machine.arn) >= call.limits.state_machine_versions:
        raise AwsError(
            "ServiceQuotaExceededException",
            f"State machine '{machine.arn}' has {call.limits.state_machine_versions} versions already; delete some",
        )
    number = machine.last_version + 1
    version = Version(
        f"{machine.arn}:{number}",
        machine.arn,
        number,
        description,
        machine.revision_id,
        machine.definition_hash,
        machine.role_arn,
        machine.settings,
        call.now_ms,
    )
    version_records.insert_version(call.tx, version)
    return version


def _machine(_: Call, params: dict[str, Any]) -> str:
    return str(params["stateMachineArn"])


@SERVICE.operation("PublishStateMachineVersion", resource=_machine)
def publish_state_machine_version(call: Call, params: dict[str, Any]) -> Result:
    machine = refuse_deleting(existing_machine(call, params["stateMachineArn"]))
    wanted = params.get("revisionId", machine.revision_id)
    # The first revision has no id; callers name it so (API reference, PublishStateMachineVersion, revisionId).
    if wanted != machine.revision_id and not (wanted == "INITIAL" and not machine.revision_id):
        raise AwsError(
            "ConflictException",
            f"Failed to publish the State Machine version for revision {wanted}. The current State Machine revision is"
            f" {machine.revision_id or 'INITIAL'}.",
        )
    version = publish(call, machine, params.get("description", ""))
    return {"stateMachineVersionArn": version.arn, "creationDate": version.created_at_ms}


@SERVICE.operation("ListStateMachineVersions", reads=True, resource=_machine)
def list_state_machine_versions(call: Call, params: dict[str, Any]) -> Result:
    machine = existing_machine(call, params["stateMachineArn"])
    limit = params.get("maxResults") or 100
    before = int(decode_token(params["nextToken"], kinds=(int,))[0]) if "nextToken" in params else _NO_BOUND
    found = version_records.list_versions(call.tx, machine.arn, before, limit + 1)
    shown = [
        {"stateMachineVersionArn": version.arn, "creationDate": version.created_at_ms} for version in found[:limit]
    ]
    token = encode_token(found[limit - 1].number) if len(found) > limit else None
    return {"stateMachineVersions": shown, "nextToken": token}


@SERVICE.operation("DeleteStateMachineVersion", resource=lambda _, params: str(params["stateMachineVersionArn"]))
def delete_state_machine_version(call: Call, params: dict[str, Any]) -> Result:
    arn = checked_arn(params["stateMachineVersionArn"], "stateMachine")
    if not qualifier(arn).isdigit():
        raise AwsError("ValidationException", f"'{arn}' is not the ARN of a state machine version")
    aliases = [
        alias.name
        for alias in version_records.list_aliases(call.tx, unqualified(arn))
        if arn in (version for version, _ in alias.routing)
    ]
    if aliases:
        raise AwsError(
            "ConflictException",
            "Version to be deleted must not be referenced by an alias. Current list of aliases referencing this"
            f" version: [{', '.join(aliases)}]",
        )
    version_records.delete_version(call.tx, arn)
    return {}
