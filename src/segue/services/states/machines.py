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
from segue.services.states import logging_configuration, records, tokens_records
from segue.services.states.advance import advance
from segue.services.states.arns import checked_arn, checked_name, machine_missing
from segue.services.states.records import Machine
from segue.services.states.service import SERVICE
from segue.services.states.tags import tags_given

_SETTINGS = ("loggingConfiguration", "tracingConfiguration", "encryptionConfiguration")
_ABORTS_PER_COMMIT = 50


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
        compile(records.parsed(text))
    except NotYet as missing:
        raise AwsError("NotImplemented", f"Segue does not run this definition yet: {missing}", status=501) from None
    return text


@SERVICE.operation("CreateStateMachine")
def create_state_machine(call: Call, params: dict[str, Any]) -> Result:
    name = checked_name(params["name"])
    kind = params.get("type", "STANDARD")
    if params.get("versionDescription") and not params.get("publish"):
        raise AwsError("ValidationException", "Version description can only be set when publish is true")
    if params.get("publish"):
        raise AwsError("NotImplemented", "Segue does not implement publish of CreateStateMachine yet.", status=501)
    _check_role(params["roleArn"])
    logging_configuration.check(call, params.get("loggingConfiguration", {}))
    text = checked_definition(params["definition"], kind)
    arn = call.arn("states", f"stateMachine:{name}")
    digest = records.keep_definition(call.tx, text)
    settings = {member: params[member] for member in _SETTINGS if member in params}
    existing = records.find_machine(call.tx, arn)
    if existing is not None:
        given = (digest, kind, params["roleArn"], settings)
        if given != (existing.definition_hash, existing.kind, existing.role_arn, existing.settings):
            raise AwsError("StateMachineAlreadyExists", f"State Machine Already Exists: '{arn}'")
        return {"stateMachineArn": arn, "creationDate": existing.created_at_ms}
    machine = Machine(arn, name, kind, params["roleArn"], digest, "", call.now_ms, call.now_ms, settings, "ACTIVE")
    records.insert_machine(call.tx, machine)
    add_tags(call.tx, arn, tags_given(params))
    return {"stateMachineArn": arn, "creationDate": call.now_ms}


@SERVICE.operation("UpdateStateMachine", resource=_arn)
def update_state_machine(call: Call, params: dict[str, Any]) -> Result:
    machine = existing_machine(call, params["stateMachineArn"])
    if not any(member in params for member in ("definition", "roleArn", *_SETTINGS)):
        raise AwsError(
            "MissingRequiredParameter",
            "Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration must be"
            " specified",
        )
    if params.get("publish"):
        raise AwsError("NotImplemented", "Segue does not implement publish of UpdateStateMachine yet.", status=501)
    digest = machine.definition_hash
    if "definition" in params:
        digest = records.keep_definition(call.tx, checked_definition(params["definition"], machine.kind))
    if "roleArn" in params:
        _check_role(params["roleArn"])
    logging_configuration.check(call, params.get("loggingConfiguration", {}))
    given = {member: params[member] for member in _SETTINGS if member in params}
    # Only what a version would hold makes another revision (sfn-api/sfn_api_logs__update_logging_configuration).
    revised = "definition" in params or "roleArn" in params or not machine.revision_id
    changed = replace(
        machine,
        definition_hash=digest,
        role_arn=params.get("roleArn", machine.role_arn),
        settings={**machine.settings, **given},
        revision_id=call.tx.ids.uuid() if revised else machine.revision_id,
        updated_at_ms=call.now_ms,
    )
    records.update_machine(call.tx, changed)
    return {"updateDate": call.now_ms, "revisionId": changed.revision_id}


@SERVICE.operation("DescribeStateMachine", reads=True, resource=_arn)
def describe_state_machine(call: Call, params: dict[str, Any]) -> Result:
    machine = existing_machine(call, params["stateMachineArn"])
    return {
        "stateMachineArn": machine.arn,
        "name": machine.name,
        "status": machine.status,
        "type": machine.kind,
        "creationDate": machine.created_at_ms,
        **machine_members(call, machine, machine.definition_hash),
    }


def machine_members(call: Call, machine: Machine, digest: str) -> dict[str, Any]:
    """What both descriptions of a state machine tell."""
    members = {
        "definition": records.definition(call.tx, digest),
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
    arn = checked_arn(params["stateMachineArn"], "stateMachine")
    if records.find_machine(call.tx, arn) is not None:
        records.delete_machine(call.tx, arn)
        drop_tags(call.tx, arn)
        jobs.enqueue(call.tx, "stepfunctions:abort", arn, [arn, call.tx.ids.ordered(call.now_ms)], trace=call.trace)
    return {}


@SERVICE.job("abort")
def abort_executions(call: Call, job: Job) -> Again | None:
    """The state machine is gone: its executions end (API reference, DeleteStateMachine)."""
    arn, before = job.payload
    running = records.list_executions(call.tx, arn, "RUNNING", before, _ABORTS_PER_COMMIT)
    for execution in running:
        advance(call, execution.arn, Stop())
    return Again(call.now_ms, [arn, running[-1].number]) if len(running) == _ABORTS_PER_COMMIT else None


@SERVICE.operation("ValidateStateMachineDefinition", reads=True)
def validate_state_machine_definition(_: Call, params: dict[str, Any]) -> Result:
    limit = params.get("maxResults") or 100
    found = validate(params["definition"], kind=params.get("type", "STANDARD"))
    worst = {"severity": "ERROR"} if params.get("severity", "ERROR") == "ERROR" else {}
    shown = [
        {
            "severity": diagnostic.severity,
            "code": diagnostic.code,
            "message": diagnostic.message,
            "location": diagnostic.location,
        }
        for diagnostic in found
        if not worst or diagnostic.severity == "ERROR"
    ]
    failed = any(diagnostic.severity == "ERROR" for diagnostic in found)
    return {"result": "FAIL" if failed else "OK", "diagnostics": shown[:limit], "truncated": len(shown) > limit}


@SERVICE.operation("TagResource", resource=_arn)
def tag_resource(call: Call, params: dict[str, Any]) -> Result:
    _taggable(call, params["resourceArn"])
    add_tags(call.tx, params["resourceArn"], tags_given(params))
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


def existing_machine(call: Call, arn: str) -> Machine:
    """The state machine of that ARN; ``AwsError`` where there is none."""
    machine = records.find_machine(call.tx, checked_arn(arn, "stateMachine"))
    if machine is None:
        raise machine_missing(arn)
    return machine


def _taggable(call: Call, arn: str) -> None:
    checked_arn(arn, "stateMachine|activity")
    if records.find_machine(call.tx, arn) is None and not tokens_records.has_activity(call.tx, arn):
        raise AwsError("ResourceNotFound", f"Resource not found: '{arn}'")


def _check_role(arn: str) -> None:
    if not arn.startswith("arn:") or ":role/" not in arn:
        raise AwsError("InvalidArn", f"Invalid Role Arn: '{arn}'")
