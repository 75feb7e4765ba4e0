"""State machines: create, update, describe, list, delete."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from segue import jobs
from segue.api import Call, Result
from segue.api.paginate import decode_token, encode_token
from segue.api.tags import add_tags, drop_tags, remove_tags, tags_of
from segue.errors import AwsError
from segue.jobs import Again, Job
from segue.languages.asl import NotYet, Stop, compile
from segue.languages.asl.diagnostics import invalid_definition_message
from segue.languages.asl.validate import validate
from segue.languages.asl.variable_references import variable_references
from segue.services.states import (
    definitions,
    encryption,
    logging_configuration,
    records,
    tokens_records,
    version_records,
    versions,
)
from segue.services.states.advance import advance
from segue.services.states.arns import checked_arn, checked_name, checked_role
from segue.services.states.qualified import as_version, existing_machine, qualifier, refuse_deleting
from segue.services.states.records import Machine
from segue.services.states.service import SERVICE
from segue.services.states.tags import check_number, tags_given

_SETTINGS = ("loggingConfiguration", "tracingConfiguration", "encryptionConfiguration")
_ABORTS_PER_COMMIT = 50
_NO_BOUND = (1 << 63) - 1


def _arn(_: Call, params: dict[str, Any]) -> str:
    return str(params.get("stateMachineArn") or params.get("resourceArn"))


def checked_definition(text: str, kind: str) -> str:
    """A definition that can be run.

    Raises:
        AwsError: ``InvalidDefinition`` in AWS's words; 501 for what the engine does not run yet.
    """
    found = [diagnostic for diagnostic in validate(text, kind=kind) if diagnostic.severity == "ERROR"]
    if found:
        raise AwsError("InvalidDefinition", invalid_definition_message(found))
    try:
        compile(definitions.parsed(text))
    except NotYet as missing:
        raise AwsError("NotImplemented", f"Segue does not run this definition yet: {missing}", status=501) from None
    return text


@SERVICE.operation("CreateStateMachine")
def create_state_machine(call: Call, params: dict[str, Any]) -> Result:
    name = checked_name(params["name"])
    kind = params.get("type", "STANDARD")
    versions.check_description(params)
    checked_role(params["roleArn"])
    _check_settings(call, params)
    text = checked_definition(params["definition"], kind)
    arn = call.arn("states", f"stateMachine:{name}")
    digest = definitions.keep(call.tx, text)
    settings = {member: params[member] for member in _SETTINGS if member in params}
    existing = records.find_machine(call.tx, arn)
    if existing is not None:
        return _created_before(call, refuse_deleting(existing), (digest, kind, settings), params)
    machine = Machine(arn, name, kind, params["roleArn"], digest, "", call.now_ms, call.now_ms, settings, "ACTIVE")
    tags = tags_given(params)
    check_number(arn, tags)
    if records.has_more(call.tx, "states_machines", call.arn("states", "stateMachine:"), call.limits.state_machines):
        raise AwsError("StateMachineLimitExceeded", f"There are {call.limits.state_machines} state machines already.")
    logging_configuration.arrange(call, settings.get("loggingConfiguration", {}), arn, machine.role_arn)
    records.insert_machine(call.tx, machine)
    add_tags(call.tx, arn, tags)
    return {"stateMachineArn": arn, "creationDate": call.now_ms, **_published(call, machine, params)}


def _created_before(call: Call, existing: Machine, given: tuple[Any, ...], params: dict[str, Any]) -> Result:
    """The answer to a second creation: the first one's if both ask for the same.

    A role or tags that differ are ignored; whether to publish, and with what description, is not (API reference,
    CreateStateMachine, "idempotency check").
    """
    first = version_records.version_of_revision(call.tx, existing.arn, "")
    same = given == (existing.definition_hash, existing.kind, existing.settings)
    if params.get("publish"):
        same = same and first is not None and first.description == params.get("versionDescription", "")
    if not same:
        raise AwsError("StateMachineAlreadyExists", f"State Machine Already Exists: '{existing.arn}'")
    members = {"stateMachineVersionArn": first.arn} if first and params.get("publish") else {}
    return {"stateMachineArn": existing.arn, "creationDate": existing.created_at_ms, **members}


def _published(call: Call, machine: Machine, params: dict[str, Any]) -> dict[str, Any]:
    if not params.get("publish"):
        return {}
    return {"stateMachineVersionArn": versions.publish(call, machine, params.get("versionDescription", "")).arn}


def _check_settings(call: Call, params: dict[str, Any]) -> None:
    logging_configuration.check(call, params.get("loggingConfiguration", {}))
    encryption.check(params.get("encryptionConfiguration"))


@SERVICE.operation("UpdateStateMachine", resource=_arn)
def update_state_machine(call: Call, params: dict[str, Any]) -> Result:
    machine = refuse_deleting(existing_machine(call, params["stateMachineArn"]))
    if not any(member in params for member in ("definition", "roleArn", *_SETTINGS)):
        raise AwsError(
            "MissingRequiredParameter",
            "Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration must be"
            " specified",
        )
    versions.check_description(params)
    digest = machine.definition_hash
    if "definition" in params:
        digest = definitions.keep(call.tx, checked_definition(params["definition"], machine.kind))
    if "roleArn" in params:
        checked_role(params["roleArn"])
    _check_settings(call, params)
    given = {member: params[member] for member in _SETTINGS if member in params}
    changed = replace(
        machine,
        definition_hash=digest,
        role_arn=params.get("roleArn", machine.role_arn),
        settings={**machine.settings, **given},
    )
    # What is as it was makes no other revision (sfn-api/sfn_api_logs__update_logging_configuration).
    revised = changed != machine or not machine.revision_id
    revision_id = call.tx.ids.uuid() if revised else machine.revision_id
    changed = replace(changed, revision_id=revision_id, updated_at_ms=call.now_ms)
    logging_configuration.arrange(call, given.get("loggingConfiguration", {}), changed.arn, changed.role_arn)
    records.update_machine(call.tx, changed)
    return {"updateDate": call.now_ms, "revisionId": changed.revision_id, **_published(call, changed, params)}


@SERVICE.operation("DescribeStateMachine", reads=True, resource=_arn)
def describe_state_machine(call: Call, params: dict[str, Any]) -> Result:
    arn = params["stateMachineArn"]
    described: dict[str, Any] = {"stateMachineArn": arn}
    if qualifier(arn).isdigit():
        machine = as_version(call, arn)
        version = version_records.find_version(call.tx, arn)
        assert version is not None
        described |= {"creationDate": version.created_at_ms, "description": version.description or None}
    else:
        machine = existing_machine(call, arn)
        described |= {"creationDate": machine.created_at_ms}
    return {
        **described,
        "name": machine.name,
        "status": machine.status,
        "type": machine.kind,
        **machine_members(call, machine, machine.definition_hash, params.get("includedData")),
    }


def _variable_references(definition_text: str) -> dict[str, list[str]] | None:
    """None when no state reads a variable; there are none that nobody assigns."""
    if '"Assign"' not in definition_text:
        return None
    return variable_references(definitions.parsed(definition_text)) or None


def machine_members(call: Call, machine: Machine, digest: str, included: str | None = None) -> dict[str, Any]:
    """What both descriptions of a state machine tell; with ``METADATA_ONLY`` the definition is ``{}`` (API reference,
    DescribeStateMachine, definition).
    """
    text = definitions.text_of(call.tx, digest)
    members = {
        "definition": "{}" if included == "METADATA_ONLY" else text,
        "variableReferences": None if included == "METADATA_ONLY" else _variable_references(text),
        "roleArn": machine.role_arn,
        "revisionId": machine.revision_id or None,
        "loggingConfiguration": {"level": "OFF", "includeExecutionData": False},
        "tracingConfiguration": {"enabled": False},
    }
    logging = {**members["loggingConfiguration"], **machine.settings.get("loggingConfiguration", {})}  # type: ignore[dict-item]
    return {**members, **machine.settings, "loggingConfiguration": logging}


@SERVICE.operation("ListStateMachines", reads=True)
def list_state_machines(call: Call, params: dict[str, Any]) -> Result:
    limit = params.get("maxResults") or 100
    after = str(decode_token(params["nextToken"])[0]) if "nextToken" in params else ""
    found = records.list_machines(call.tx, call.arn("states", "stateMachine:"), after, limit + 1)
    machines = [
        {
            "stateMachineArn": machine.arn,
            "name": machine.name,
            "type": machine.kind,
            "creationDate": machine.created_at_ms,
        }
        for machine in found[:limit]
    ]
    token = encode_token(machines[-1]["stateMachineArn"]) if len(found) > limit else None
    return {"stateMachines": machines, "nextToken": token}


@SERVICE.operation("DeleteStateMachine", resource=_arn)
def delete_state_machine(call: Call, params: dict[str, Any]) -> Result:
    """Its versions and aliases go with it. While executions of it run it is ``DELETING``; they end first."""
    arn = checked_arn(params["stateMachineArn"], "stateMachine")
    if qualifier(arn):
        raise AwsError("ValidationException", f"'{arn}' is the ARN of a version or an alias, not of a state machine")
    machine = records.find_machine(call.tx, arn)
    if machine is None or machine.status == "DELETING":
        return {}
    if records.list_executions(call.tx, arn, "RUNNING", _NO_BOUND, 1):
        records.update_machine(call.tx, replace(machine, status="DELETING"))
        jobs.enqueue(call.tx, "stepfunctions:abort", arn, [arn, call.tx.ids.ordered(call.now_ms)], trace=call.trace)
    else:
        _forget(call, arn)
    return {}


@SERVICE.job("abort")
def abort_executions(call: Call, job: Job) -> Again | None:
    """The state machine is to go: its executions end, then it is forgotten (API reference, DeleteStateMachine)."""
    arn, before = job.payload
    running = records.list_executions(call.tx, arn, "RUNNING", before, _ABORTS_PER_COMMIT)
    for execution in running:
        advance(call, execution.arn, Stop())
    if len(running) == _ABORTS_PER_COMMIT:
        return Again(call.now_ms, [arn, running[-1].number])
    _forget(call, arn)
    return None


def _forget(call: Call, arn: str) -> None:
    records.delete_machine(call.tx, arn)
    version_records.delete_all(call.tx, arn)
    drop_tags(call.tx, arn)


@SERVICE.operation("ValidateStateMachineDefinition", reads=True)
def validate_state_machine_definition(_: Call, params: dict[str, Any]) -> Result:
    limit = params.get("maxResults") or 100
    with_warnings = params.get("severity") == "WARNING"
    found = validate(params["definition"], kind=params.get("type", "STANDARD"), warnings=with_warnings)
    shown = [
        {
            "severity": diagnostic.severity,
            "code": diagnostic.code,
            "message": diagnostic.message,
            "location": diagnostic.location,
        }
        for diagnostic in found
    ]
    failed = any(diagnostic.severity == "ERROR" for diagnostic in found)
    return {"result": "FAIL" if failed else "OK", "diagnostics": shown[:limit], "truncated": len(shown) > limit}


@SERVICE.operation("TagResource", resource=_arn)
def tag_resource(call: Call, params: dict[str, Any]) -> Result:
    arn, tags = params["resourceArn"], tags_given(params)
    _taggable(call, arn)
    check_number(arn, tags, tags_of(call.tx, arn))
    add_tags(call.tx, arn, tags)
    return {}


@SERVICE.operation("UntagResource", resource=_arn)
def untag_resource(call: Call, params: dict[str, Any]) -> Result:
    _taggable(call, params["resourceArn"])
    remove_tags(call.tx, params["resourceArn"], params["tagKeys"])
    return {}


@SERVICE.operation("ListTagsForResource", reads=True, resource=_arn)
def list_tags_for_resource(call: Call, params: dict[str, Any]) -> Result:
    _taggable(call, params["resourceArn"])
    return {"tags": [{"key": key, "value": value} for key, value in tags_of(call.tx, params["resourceArn"]).items()]}


def _taggable(call: Call, arn: str) -> None:
    checked_arn(arn, "stateMachine|activity")
    if records.find_machine(call.tx, arn) is None and not tokens_records.has_activity(call.tx, arn):
        raise AwsError("ResourceNotFound", f"Resource not found: '{arn}'")
