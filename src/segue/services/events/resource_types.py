"""Rules, buses and their policies in templates. Archives, connections and API destinations: ``resource_types_more``.

Source: CloudFormation template reference, AWS::Events::Rule, EventBus, EventBusPolicy.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from segue.api.resource_types import (
    Resource,
    ResourceRequest,
    ResourceType,
    chosen,
    is_gone,
    refuse_existing,
    remove,
    retag,
)
from segue.arn import parse_arn
from segue.errors import AwsError
from segue.services.events.delivery import reaches
from segue.services.events.names import bus_arn
from segue.services.events.records import DEFAULT_BUS
from segue.services.events.service import SERVICE

_LONGEST_NAME = 64
_RULE = ("Description", "EventPattern", "RoleArn", "ScheduleExpression", "State")


def _create_rule(request: ResourceRequest) -> Resource:
    name, bus = request.name("Name", _LONGEST_NAME), request.properties.get("EventBusName")
    bus_name = parse_arn(bus_arn(request.call, bus)).resource.partition("/")[2]
    physical_id = name if bus_name == DEFAULT_BUS else f"{bus_name}|{name}"
    refuse_existing(request, physical_id, "events:DescribeRule", {"Name": name, "EventBusName": bus})
    made = _put_rule(request, name, bus)
    return Resource(physical_id, {"Arn": made["RuleArn"], "RuleName": name})


def _put_rule(request: ResourceRequest, name: str, bus: str | None) -> dict[str, Any]:
    given = chosen(request.properties, *_RULE)
    given.setdefault("State", "ENABLED")
    made = request.perform("events:PutRule", {"Name": name, "EventBusName": bus, "Tags": request.all_tags(), **given})
    if targets := request.properties.get("Targets"):
        answer = request.perform("events:PutTargets", {"Rule": name, "EventBusName": bus, "Targets": targets})
        for arn in (target.get("Arn", "") for target in targets if not reaches(target.get("Arn", ""))):
            request.notes.append(f"Segue has no way to {arn}: the record of deliveries will tell of it")
        for failed in answer["FailedEntries"]:
            raise AwsError(failed["ErrorCode"], failed["ErrorMessage"])
    return made


def _update_rule(request: ResourceRequest) -> Resource:
    name, bus = request.physical_id.rpartition("|")[2], request.properties.get("EventBusName")
    kept = {target["Id"] for target in request.properties.get("Targets") or ()}
    _remove_targets(request, name, bus, kept)
    _put_rule(request, name, bus)
    retag(request, "events", {"ResourceARN": request.attributes["Arn"]})
    return Resource(request.physical_id, request.attributes)


def _remove_targets(request: ResourceRequest, name: str, bus: str | None, kept: set[str]) -> None:
    """Remove a rule's targets, also those that others have added since, but for these."""
    rule = {"Rule": name, "EventBusName": bus}
    there = request.perform("events:ListTargetsByRule", rule)["Targets"]
    if stale := [target["Id"] for target in there if target["Id"] not in kept]:
        request.perform("events:RemoveTargets", {**rule, "Ids": stale})


def _delete_rule(request: ResourceRequest) -> None:
    name, bus = request.physical_id.rpartition("|")[2], request.properties.get("EventBusName")
    try:
        _remove_targets(request, name, bus, set())
        request.perform("events:DeleteRule", {"Name": name, "EventBusName": bus})
    except AwsError as error:
        if not is_gone(error):
            raise


_BUS = ("Description", "KmsKeyIdentifier", "DeadLetterConfig", "LogConfig")


def _create_bus(request: ResourceRequest) -> Resource:
    name = request.properties["Name"]
    params = {
        "Name": name,
        "EventSourceName": request.properties.get("EventSourceName"),
        "Tags": request.all_tags(),
        **chosen(request.properties, *_BUS),
    }
    arn = request.perform("events:CreateEventBus", params)["EventBusArn"]
    _put_bus_policy(request, name)
    return Resource(name, {"Arn": arn, "Name": name, "Policy": request.properties.get("Policy") or ""})


def _put_bus_policy(request: ResourceRequest, name: str) -> None:
    policy = request.properties.get("Policy")
    if policy:
        request.perform("events:PutPermission", {"EventBusName": name, "Policy": policy})
    elif request.previous.get("Policy"):
        request.perform("events:RemovePermission", {"EventBusName": name, "RemoveAllPermissions": True})


def _update_bus(request: ResourceRequest) -> Resource:
    name = request.physical_id
    request.perform("events:UpdateEventBus", {"Name": name, **chosen(request.properties, *_BUS)})
    if request.changed("Policy"):
        _put_bus_policy(request, name)
    retag(request, "events", {"ResourceARN": request.attributes["Arn"]})
    return Resource(name, {**request.attributes, "Policy": request.properties.get("Policy") or ""})


def _delete_bus(request: ResourceRequest) -> None:
    remove(request, "events:DeleteEventBus", {"Name": request.physical_id})


def _put_statement(request: ResourceRequest) -> Resource:
    given = request.properties
    bus, statement_id = given.get("EventBusName") or DEFAULT_BUS, given["StatementId"]
    if given.get("Statement") is not None:
        statement = _object(given["Statement"])
        document = _policy_of(request, bus)
        others = [kept for kept in _statements(document) if kept.get("Sid") != statement_id]
        document["Statement"] = [*others, {**statement, "Sid": statement_id}]
        request.perform("events:PutPermission", {"EventBusName": bus, "Policy": document})
    else:
        params = chosen(given, "Action", "Principal", "Condition")
        request.perform("events:PutPermission", {"EventBusName": bus, "StatementId": statement_id, **params})
    return Resource(f"{bus}|{statement_id}")


def _object(statement: Any) -> dict[str, Any]:
    if isinstance(statement, str):
        with suppress(ValueError, RecursionError):
            statement = json.loads(statement)
    if not isinstance(statement, dict):
        raise AwsError("ValidationError", "Statement must be an object")
    return statement


def _policy_of(request: ResourceRequest, bus: str) -> dict[str, Any]:
    text = request.perform("events:DescribeEventBus", {"Name": bus}).get("Policy")
    document: dict[str, Any] = json.loads(text) if text else {"Version": "2012-10-17", "Statement": []}
    return document


def _statements(document: dict[str, Any]) -> list[dict[str, Any]]:
    statements = document.get("Statement") or []
    return statements if isinstance(statements, list) else [statements]


def _delete_statement(request: ResourceRequest) -> None:
    bus, _, statement_id = request.physical_id.rpartition("|")
    remove(request, "events:RemovePermission", {"EventBusName": bus, "StatementId": statement_id})


_PLACE = frozenset(("Name", "EventBusName"))
SERVICE.resource_type(ResourceType("AWS::Events::Rule", _create_rule, _delete_rule, _update_rule, _PLACE))
SERVICE.resource_type(ResourceType("AWS::Events::EventBus", _create_bus, _delete_bus, _update_bus))
SERVICE.resource_type(
    ResourceType(
        "AWS::Events::EventBusPolicy",
        _put_statement,
        _delete_statement,
        _put_statement,
        frozenset(("EventBusName", "StatementId")),
    )
)
