"""State machines, their versions and aliases, and activities in templates.

Source: CloudFormation template reference, AWS::StepFunctions::StateMachine, StateMachineVersion, StateMachineAlias,
Activity.
"""

from __future__ import annotations

from typing import Any

from segue.api.resource_types import Resource, ResourceRequest, ResourceType, chosen, refuse_existing, remove, retag
from segue.errors import AwsError
from segue.jobs import Pending
from segue.services.states.service import SERVICE
from segue.services.states.template_definition import definition_of

_SERVICE = SERVICE.name
_LONGEST_NAME = 80
_SETTINGS = ("RoleArn", "LoggingConfiguration", "TracingConfiguration", "EncryptionConfiguration")
_UNSET: dict[str, Any] = {
    "LoggingConfiguration": {"Level": "OFF", "IncludeExecutionData": False, "Destinations": []},
    "TracingConfiguration": {"Enabled": False},
    "EncryptionConfiguration": {"Type": "AWS_OWNED_KEY"},
}
"""What a setting is again when a template no longer names it."""


def _create_machine(request: ResourceRequest) -> Resource:
    name = request.name("StateMachineName", _LONGEST_NAME)
    arn = request.call.arn("states", f"stateMachine:{name}")
    refuse_existing(request, arn, f"{_SERVICE}:DescribeStateMachine", {"StateMachineArn": arn})
    params = {
        "Name": name,
        "Definition": definition_of(request),
        "Type": request.properties.get("StateMachineType"),
        "Tags": request.all_tags(),
        **chosen(request.properties, *_SETTINGS),
    }
    request.perform(f"{_SERVICE}:CreateStateMachine", params)
    return _machine(request, arn, name)


def _machine(request: ResourceRequest, arn: str, name: str) -> Resource:
    described = request.perform(f"{_SERVICE}:DescribeStateMachine", {"StateMachineArn": arn})
    revision = described.get("revisionId") or "INITIAL"
    return Resource(arn, {"Arn": arn, "Name": name, "StateMachineRevisionId": revision})


def _update_machine(request: ResourceRequest) -> Resource:
    arn = request.physical_id
    gone = {name: value for name, value in _UNSET.items() if request.previous.get(name) is not None}
    settings = {**gone, **chosen(request.properties, *_SETTINGS)}
    params = {"StateMachineArn": arn, "Definition": definition_of(request), **settings}
    request.perform(f"{_SERVICE}:UpdateStateMachine", params)
    retag(request, _SERVICE, {"ResourceArn": arn})
    return _machine(request, arn, request.attributes["Name"])


def _delete_machine(request: ResourceRequest) -> Pending | None:
    """Running executions end first; until then the state machine is there, and its name taken."""
    arn = request.physical_id
    remove(request, f"{_SERVICE}:DeleteStateMachine", {"StateMachineArn": arn})
    try:
        request.perform(f"{_SERVICE}:DescribeStateMachine", {"StateMachineArn": arn})
    except AwsError:
        return None
    return Pending((f"{_SERVICE}:deleted:{arn}",), request.call.now_ms + _LOOK_AGAIN_MS)


_LOOK_AGAIN_MS = 200


def _create_activity(request: ResourceRequest) -> Resource:
    name = request.name("Name", _LONGEST_NAME)
    arn = request.call.arn("states", f"activity:{name}")
    refuse_existing(request, arn, f"{_SERVICE}:DescribeActivity", {"ActivityArn": arn})
    keys = request.properties.get("EncryptionConfiguration")
    params = {"Name": name, "Tags": request.all_tags(), "EncryptionConfiguration": keys}
    request.perform(f"{_SERVICE}:CreateActivity", params)
    return Resource(arn, {"Arn": arn, "Name": name})


def _update_activity(request: ResourceRequest) -> Resource:
    retag(request, _SERVICE, {"ResourceArn": request.physical_id})
    return Resource(request.physical_id, request.attributes)


def _delete_activity(request: ResourceRequest) -> None:
    remove(request, f"{_SERVICE}:DeleteActivity", {"ActivityArn": request.physical_id})


def _create_version(request: ResourceRequest) -> Resource:
    given = request.properties
    params = {
        "StateMachineArn": given["StateMachineArn"],
        "RevisionId": given.get("StateMachineRevisionId"),
        "Description": given.get("Description"),
    }
    made = request.perform(f"{_SERVICE}:PublishStateMachineVersion", params)
    return Resource(made["stateMachineVersionArn"], {"Arn": made["stateMachineVersionArn"]})


def _delete_version(request: ResourceRequest) -> None:
    remove(request, f"{_SERVICE}:DeleteStateMachineVersion", {"StateMachineVersionArn": request.physical_id})


def _create_alias(request: ResourceRequest) -> Resource:
    routing = _routing(request)
    machine = routing[0]["StateMachineVersionArn"].rpartition(":")[0]
    name = request.name("Name", _LONGEST_NAME)
    arn = f"{machine}:{name}"
    refuse_existing(request, arn, f"{_SERVICE}:DescribeStateMachineAlias", {"StateMachineAliasArn": arn})
    params = {"Name": name, "Description": request.properties.get("Description"), "RoutingConfiguration": routing}
    made = request.perform(f"{_SERVICE}:CreateStateMachineAlias", params)
    return Resource(made["stateMachineAliasArn"], {"Arn": made["stateMachineAliasArn"]})


def _update_alias(request: ResourceRequest) -> Resource:
    params = {
        "StateMachineAliasArn": request.physical_id,
        "Description": request.properties.get("Description", ""),
        "RoutingConfiguration": _routing(request),
    }
    request.perform(f"{_SERVICE}:UpdateStateMachineAlias", params)
    return Resource(request.physical_id, request.attributes)


def _routing(request: ResourceRequest) -> list[dict[str, Any]]:
    preference = request.properties.get("DeploymentPreference")
    if preference is None:
        routing: list[dict[str, Any]] = request.properties.get("RoutingConfiguration") or []
        if not routing:
            raise AwsError("ValidationError", "Either RoutingConfiguration or DeploymentPreference must be specified")
        return routing
    if preference.get("Type") != "ALL_AT_ONCE":
        request.notes.append(f"DeploymentPreference: {preference.get('Type')} shifts all executions at once here")
    return [{"StateMachineVersionArn": preference["StateMachineVersionArn"], "Weight": 100}]


def _delete_alias(request: ResourceRequest) -> None:
    remove(request, f"{_SERVICE}:DeleteStateMachineAlias", {"StateMachineAliasArn": request.physical_id})


_OF_VERSIONS = frozenset(("StateMachineArn", "StateMachineRevisionId", "Description"))
_PREFIX = "AWS::StepFunctions"
SERVICE.resource_type(ResourceType(f"{_PREFIX}::StateMachine", _create_machine, _delete_machine, _update_machine))
SERVICE.resource_type(ResourceType(f"{_PREFIX}::Activity", _create_activity, _delete_activity, _update_activity))
SERVICE.resource_type(
    ResourceType(f"{_PREFIX}::StateMachineVersion", _create_version, _delete_version, replaces=_OF_VERSIONS)
)
SERVICE.resource_type(ResourceType(f"{_PREFIX}::StateMachineAlias", _create_alias, _delete_alias, _update_alias))
