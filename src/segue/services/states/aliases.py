"""Aliases of state machines: create, update, describe, list, delete."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from segue.api import Call, Result
from segue.api.paginate import decode_token, encode_token
from segue.errors import AwsError
from segue.services.states import records, version_records
from segue.services.states.arns import checked_arn, machine_missing
from segue.services.states.qualified import existing_machine, qualifier, refuse_deleting, unqualified
from segue.services.states.service import SERVICE
from segue.services.states.version_records import Alias

Routing = tuple[tuple[str, int], ...]


def _alias(_: Call, params: dict[str, Any]) -> str:
    return str(params["stateMachineAliasArn"])


def _routed(_: Call, params: dict[str, Any]) -> str:
    return unqualified(str(params["routingConfiguration"][0]["stateMachineVersionArn"]))


@SERVICE.operation("CreateStateMachineAlias", resource=_routed)
def create_state_machine_alias(call: Call, params: dict[str, Any]) -> Result:
    """Idempotent for the same name, description and routing (API reference)."""
    routing = _checked_routing(call, params["routingConfiguration"])
    machine_arn = unqualified(routing[0][0])
    name, description = params["name"], params.get("description", "")
    arn = f"{machine_arn}:{name}"
    existing = version_records.find_alias(call.tx, arn)
    if existing is not None:
        if (existing.description, existing.routing) != (description, routing):
            raise AwsError("ConflictException", f"An alias of that name and other contents exists: '{arn}'")
        return {"stateMachineAliasArn": arn, "creationDate": existing.created_at_ms}
    most = call.limits.state_machine_aliases
    if len(version_records.list_aliases(call.tx, machine_arn, limit=most)) >= most:
        raise AwsError("ServiceQuotaExceededException", f"State machine '{machine_arn}' has {most} aliases already")
    number = call.tx.ids.ordered(call.now_ms)
    alias = Alias(arn, machine_arn, name, description, routing, call.now_ms, call.now_ms, number)
    version_records.insert_alias(call.tx, alias)
    return {"stateMachineAliasArn": arn, "creationDate": call.now_ms}


@SERVICE.operation("UpdateStateMachineAlias", resource=_alias)
def update_state_machine_alias(call: Call, params: dict[str, Any]) -> Result:
    alias = _existing(call, params["stateMachineAliasArn"])
    if "description" not in params and "routingConfiguration" not in params:
        raise AwsError("ValidationException", "Either description or routingConfiguration must be specified")
    routing = alias.routing
    if "routingConfiguration" in params:
        routing = _checked_routing(call, params["routingConfiguration"], of=alias.machine_arn)
    description = params.get("description", alias.description)
    version_records.update_alias(
        call.tx, replace(alias, description=description, routing=routing, updated_at_ms=call.now_ms)
    )
    return {"updateDate": call.now_ms}


@SERVICE.operation("DescribeStateMachineAlias", reads=True, resource=_alias)
def describe_state_machine_alias(call: Call, params: dict[str, Any]) -> Result:
    alias = _existing(call, params["stateMachineAliasArn"])
    return {
        "stateMachineAliasArn": alias.arn,
        "name": alias.name,
        "description": alias.description or None,
        "routingConfiguration": [{"stateMachineVersionArn": arn, "weight": weight} for arn, weight in alias.routing],
        "creationDate": alias.created_at_ms,
        "updateDate": alias.updated_at_ms,
    }


@SERVICE.operation(
    "ListStateMachineAliases", reads=True, resource=lambda _, params: unqualified(str(params["stateMachineArn"]))
)
def list_state_machine_aliases(call: Call, params: dict[str, Any]) -> Result:
    """Aliases of a state machine, or, by a version's ARN, those that lead to that version; as they were
    created (sfn-api/sfn_api_aliasing__idempotent_create_alias)."""
    arn = checked_arn(params["stateMachineArn"], "stateMachine")
    machine = existing_machine(call, unqualified(arn))
    if qualifier(arn) and version_records.find_version(call.tx, arn) is None:
        raise machine_missing(arn)
    limit = params.get("maxResults") or 100
    after = int(decode_token(params["nextToken"], kinds=(int,))[0]) if "nextToken" in params else -1
    found = [
        alias
        for alias in version_records.list_aliases(call.tx, machine.arn, after)
        if not qualifier(arn) or arn in (version for version, _ in alias.routing)
    ]
    shown = [{"stateMachineAliasArn": alias.arn, "creationDate": alias.created_at_ms} for alias in found[:limit]]
    return {
        "stateMachineAliases": shown,
        "nextToken": encode_token(found[limit - 1].number) if len(found) > limit else None,
    }


@SERVICE.operation("DeleteStateMachineAlias", resource=_alias)
def delete_state_machine_alias(call: Call, params: dict[str, Any]) -> Result:
    version_records.delete_alias(call.tx, checked_arn(params["stateMachineAliasArn"], "stateMachine"))
    return {}


def _existing(call: Call, arn: str) -> Alias:
    alias = version_records.find_alias(call.tx, checked_arn(arn, "stateMachine"))
    if alias is None:
        # sfn-api/sfn_api_aliasing__update_no_such_alias_arn
        raise AwsError("ResourceNotFound", "Request references a resource that does not exist.")
    return alias


def _checked_routing(call: Call, given: list[dict[str, Any]], of: str | None = None) -> Routing:
    """One or two different versions of one state machine (``of``, where that is known), their weights 100 together.

    Raises:
        AwsError: ``ValidationException``, ``ResourceNotFound``, ``StateMachineDeleting``, ``InvalidArn``.
    """
    routing = tuple((str(entry["stateMachineVersionArn"]), int(entry["weight"])) for entry in given)
    arns = [checked_arn(arn, "stateMachine") for arn, _ in routing]
    listed = ",".join(arns)
    if not all(qualifier(arn).isdigit() for arn in arns):
        raise _invalid(f"Routing configuration must contain state machine version ARNs. Received: [{listed}]")
    if len(set(arns)) != len(arns):
        raise _invalid(f"Routing configuration must contain distinct state machine version ARNs. Received: [{listed}]")
    if len({*map(unqualified, arns), *((of,) if of else ())}) > 1:
        raise _invalid(f"Routing configuration must contain versions of one state machine. Received: [{listed}]")
    weights = [weight for _, weight in routing]
    if sum(weights) != 100:
        shown = ",".join(str(weight) for weight in weights)
        raise _invalid(f"Sum of routing configuration weights must equal 100. Received: [{shown}]")
    machine = records.find_machine(call.tx, unqualified(arns[0]))
    if machine is None or any(version_records.find_version(call.tx, arn) is None for arn in arns):
        raise AwsError("ResourceNotFound", "Request references a resource that does not exist.")
    refuse_deleting(machine)
    return routing


def _invalid(message: str) -> AwsError:
    return AwsError("ValidationException", message)
