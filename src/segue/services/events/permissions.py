"""Who may put events on a bus: its resource policy, statement by statement or as a whole."""

from __future__ import annotations

import json
from typing import Any

from segue.api import Call
from segue.arn import partition_of
from segue.errors import AwsError
from segue.languages.policy import MalformedPolicy, validate_document
from segue.services.events.names import bus_of, bus_resource
from segue.services.events.records import Bus, update_bus
from segue.services.events.service import SERVICE

_MAX_POLICY_CHARACTERS = 10_240


@SERVICE.operation("PutPermission", resource=bus_resource)
def put_permission(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Replace the policy (``Policy``), or one statement of it (``StatementId``, ``Action``, ``Principal``)."""
    bus = bus_of(call, params.get("EventBusName"))
    if params.get("Policy"):
        if any(params.get(name) for name in ("Action", "Principal", "StatementId", "Condition")):
            raise AwsError("ValidationException", "Policy can not be combined with other permission parameters.")
        policy = _checked(params["Policy"])
    else:
        policy = _with_statement(call, bus, params)
    if len(policy) > _MAX_POLICY_CHARACTERS:
        raise AwsError("PolicyLengthExceededException", "Policy length exceeded.")
    update_bus(call.tx, bus.arn, bus.details, policy)
    return {}


@SERVICE.operation("RemovePermission", resource=bus_resource)
def remove_permission(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Remove one statement, or all."""
    bus = bus_of(call, params.get("EventBusName"))
    if params.get("RemoveAllPermissions"):
        update_bus(call.tx, bus.arn, bus.details, None)
        return {}
    if not params.get("StatementId"):
        raise AwsError("ValidationException", "Parameter StatementId is required.")
    if bus.policy is None:
        raise AwsError("ResourceNotFoundException", "EventBus does not have a policy.")
    document = json.loads(bus.policy)
    statements = _statements(document)
    kept = [statement for statement in statements if statement.get("Sid") != params["StatementId"]]
    if len(kept) == len(statements):
        raise AwsError("ResourceNotFoundException", "Statement with the provided id does not exist.")
    update_bus(call.tx, bus.arn, bus.details, _text({**document, "Statement": kept}) if kept else None)
    return {}


def _with_statement(call: Call, bus: Bus, params: dict[str, Any]) -> str:
    for name in ("Action", "Principal", "StatementId"):
        if not params.get(name):
            raise AwsError("ValidationException", f"Parameter {name} must be specified.")
    if params["Action"] != "events:PutEvents":
        raise AwsError("ValidationException", "Provided value in parameter 'action' is not supported.")
    principal: Any = params["Principal"]
    if principal != "*":
        principal = {"AWS": f"arn:{partition_of(call.region)}:iam::{principal}:root"}
    statement: dict[str, Any] = {
        "Sid": params["StatementId"],
        "Effect": "Allow",
        "Principal": principal,
        "Action": params["Action"],
        "Resource": bus.arn,
    }
    if params.get("Condition"):
        condition = params["Condition"]
        statement["Condition"] = {condition["Type"]: {condition["Key"]: condition["Value"]}}
    document = json.loads(bus.policy) if bus.policy else {"Version": "2012-10-17", "Statement": []}
    others = [kept for kept in _statements(document) if kept.get("Sid") != params["StatementId"]]
    return _text({**document, "Statement": [*others, statement]})


def _checked(text: str) -> str:
    try:
        validate_document(text, "resource")
    except MalformedPolicy as error:
        raise AwsError("ValidationException", f"Invalid policy: {error}") from None
    return text


def _statements(document: dict[str, Any]) -> list[dict[str, Any]]:
    statements = document.get("Statement", [])
    return statements if isinstance(statements, list) else [statements]


def _text(document: dict[str, Any]) -> str:
    return json.dumps(document, separators=(",", ":"))
