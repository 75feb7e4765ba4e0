"""Stacks, their events, resources and templates, as the API shows them."""

from __future__ import annotations

from typing import Any

import orjson

from segue.api import Call
from segue.api.paginate import decode_token, encode_token
from segue.jobs import Pending
from segue.services.cloudformation import events, records, resource_records
from segue.services.cloudformation.operations import stack_key
from segue.services.cloudformation.records import Stack
from segue.services.cloudformation.resource_records import ResourceRow
from segue.services.cloudformation.service import SERVICE, existing, invalid, scope_of, stack_arn

_PAGE = 100
_NEWEST = (1 << 63) - 1
_MOMENT_MS = 250
_NOT_CHECKED = {"StackDriftStatus": "NOT_CHECKED"}


@SERVICE.operation("DescribeStacks", reads=True, resource=stack_arn)
def describe_stacks(call: Call, params: dict[str, Any]) -> dict[str, Any] | Pending:
    """One stack, or all that are not deleted.

    Of one whose operation has begun a moment ago the answer waits a little, until it has ended (see
    ``Settings.stack_wait_ms``).
    """
    if not params.get("StackName"):
        page, more = _page_of_stacks(call, params, deleted=False)
        return {"Stacks": [shown(stack) for stack in page], **more}
    stack = _lately_deleted(call, params["StackName"]) or existing(call, params["StackName"], deleted=True)
    if stack.busy and stack.operation is not None and not call.nested:
        until_ms = stack.operation["begun_at"] + call.api.settings.stack_wait_ms
        if until_ms > call.now_ms:
            return Pending((stack_key(stack.id),), until_ms)
    return {"Stacks": [shown(stack)]}


@SERVICE.operation("ListStacks", reads=True)
def list_stacks(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """All stacks, those deleted in the last ninety days included."""
    page, more = _page_of_stacks(call, params, deleted=True)
    wanted = params.get("StackStatusFilter")
    return {"StackSummaries": [_summary(stack) for stack in page if not wanted or stack.status in wanted], **more}


def _lately_deleted(call: Call, name: str) -> Stack | None:
    """The stack of a name that was deleted a moment ago.

    Nothing goes as fast on AWS as here: who looks right after DeleteStack still finds the stack
    (sfn-api/sfn_api__cloudformation_definition_string_create_describe_dumps), so for a moment he does here, too.
    """
    if records.by_name(call.tx, scope_of(call), name) is not None:
        return None
    return records.deleted_since(call.tx, scope_of(call), name, call.now_ms - _MOMENT_MS)


def _page_of_stacks(call: Call, params: dict[str, Any], *, deleted: bool) -> tuple[list[Stack], dict[str, Any]]:
    before = _number(params)
    found = records.listed(call.tx, scope_of(call), before, _PAGE + 1, deleted=deleted)
    more = {"NextToken": encode_token(found[_PAGE - 1].number)} if len(found) > _PAGE else {}
    return found[:_PAGE], more


def _number(params: dict[str, Any]) -> int:
    token = params.get("NextToken")
    return decode_token(token, "ValidationError", kinds=(int,))[0] if token else _NEWEST


def shown(stack: Stack) -> dict[str, Any]:
    """A stack as DescribeStacks shows it."""
    settings = stack.settings
    hidden = settings.get("hidden", ())
    members = {
        "StackId": stack.id,
        "StackName": stack.name,
        "Description": settings.get("description") or None,
        "Parameters": [
            _parameter(settings, hidden, name, text) for name, text in settings.get("parameters", {}).items()
        ],
        "CreationTime": stack.created_at_ms,
        "LastUpdatedTime": stack.updated_at_ms,
        "DeletionTime": stack.deleted_at_ms,
        "RollbackConfiguration": settings.get("rollback_configuration", {}),
        "StackStatus": stack.status,
        "StackStatusReason": stack.reason or None,
        "DisableRollback": bool(settings.get("disable_rollback")),
        "NotificationARNs": settings.get("notification_arns", []),
        "TimeoutInMinutes": settings.get("timeout_minutes"),
        "Capabilities": settings.get("capabilities"),
        "Outputs": [_output(each) for each in settings.get("outputs", ())] or None,
        "RoleARN": settings.get("role_arn"),
        "Tags": [{"Key": key, "Value": value} for key, value in settings.get("tags", {}).items()],
        "EnableTerminationProtection": bool(settings.get("protected")) if not stack.parent else None,
        "ParentId": stack.parent or None,
        "RootId": stack.root or None,
        "DriftInformation": _NOT_CHECKED,
        "ChangeSetId": settings.get("change_set"),
        "RetainExceptOnCreate": settings.get("retain_except_on_create"),
    }
    return {name: value for name, value in members.items() if value is not None}


def _parameter(settings: dict[str, Any], hidden: Any, name: str, text: str) -> dict[str, Any]:
    found = {"ParameterKey": name, "ParameterValue": "****" if name in hidden else text}
    stored = settings.get("stored", {})
    return {**found, "ResolvedValue": stored[name]} if name in stored else found


def _output(output: dict[str, Any]) -> dict[str, Any]:
    members = {
        "OutputKey": output["key"],
        "OutputValue": output["value"],
        "Description": output["description"] or None,
        "ExportName": output["export"] or None,
    }
    return {name: value for name, value in members.items() if value is not None}


def _summary(stack: Stack) -> dict[str, Any]:
    members = {
        "StackId": stack.id,
        "StackName": stack.name,
        "TemplateDescription": stack.settings.get("description") or None,
        "CreationTime": stack.created_at_ms,
        "LastUpdatedTime": stack.updated_at_ms,
        "DeletionTime": stack.deleted_at_ms,
        "StackStatus": stack.status,
        "StackStatusReason": stack.reason or None,
        "ParentId": stack.parent or None,
        "RootId": stack.root or None,
        "DriftInformation": _NOT_CHECKED,
    }
    return {name: value for name, value in members.items() if value is not None}


@SERVICE.operation("DescribeStackEvents", reads=True, resource=stack_arn)
def describe_stack_events(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """What has happened to a stack, newest first."""
    words = "Stack [{}] does not exist"
    stack = existing(call, params["StackName"], words, deleted=True)
    found = events.page(call.tx, stack.id, _number(params), _PAGE + 1)
    more = {"NextToken": encode_token(found[_PAGE - 1][0])} if len(found) > _PAGE else {}
    for _, event in found:
        event.pop("OperationType", None)
    return {"StackEvents": [event for _, event in found[:_PAGE]], **more}


@SERVICE.operation("DescribeStackResources", reads=True, resource=stack_arn)
def describe_stack_resources(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """The resources of a stack, or of the stack that has a resource of some physical id."""
    if bool(params.get("StackName")) == bool(params.get("PhysicalResourceId")):
        raise invalid("Only one of StackName and PhysicalResourceId must be specified")
    if physical_id := params.get("PhysicalResourceId"):
        rows = resource_records.by_physical_id(call.tx, physical_id)
        stacks = [records.by_id(call.tx, row.stack) for row in rows]
        found = next((each for each in stacks if each is not None and each.scope == scope_of(call)), None)
        if found is None:
            raise invalid(f"Stack for {physical_id} does not exist")
        stack = found
    else:
        stack = existing(call, params["StackName"], deleted=True)
    rows = _rows(call, stack)
    if logical_id := params.get("LogicalResourceId"):
        rows = [row for row in rows if row.logical_id == logical_id]
    return {"StackResources": [_resource(stack, row, "Timestamp") for row in rows]}


@SERVICE.operation("DescribeStackResource", reads=True, resource=stack_arn)
def describe_stack_resource(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """One resource of a stack."""
    stack = existing(call, params["StackName"], "Stack '{}' does not exist", deleted=True)
    logical_id = params["LogicalResourceId"]
    row = next((row for row in _rows(call, stack) if row.logical_id == logical_id), None)
    if row is None:
        raise invalid(f"Resource {logical_id} does not exist for stack {stack.name}")
    metadata = row.data.get("metadata")
    more = {} if metadata is None else {"Metadata": orjson.dumps(metadata).decode()}
    return {"StackResourceDetail": {**_resource(stack, row, "LastUpdatedTimestamp"), **more}}


@SERVICE.operation("ListStackResources", reads=True, resource=stack_arn)
def list_stack_resources(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """The resources of a stack, by logical id."""
    stack = existing(call, params["StackName"], deleted=True)
    after = decode_token(params["NextToken"], "ValidationError")[0] if params.get("NextToken") else ""
    rows = [row for row in _rows(call, stack) if row.logical_id > after]
    page = rows[:_PAGE]
    more = {"NextToken": encode_token(page[-1].logical_id)} if len(rows) > _PAGE else {}
    summaries = [_resource(stack, row, "LastUpdatedTimestamp") for row in page]
    for summary in summaries:
        del summary["StackId"], summary["StackName"]
    return {"StackResourceSummaries": summaries, **more}


def _rows(call: Call, stack: Stack) -> list[ResourceRow]:
    """The rows that are shown: of a logical id the one that the template means, or the last there was."""
    shown_rows: dict[str, ResourceRow] = {}
    for row in resource_records.all_of(call.tx, stack.id):
        if row.live or row.logical_id not in shown_rows:
            shown_rows[row.logical_id] = row
    return list(shown_rows.values())


def _resource(stack: Stack, row: ResourceRow, time_name: str) -> dict[str, Any]:
    members = {
        "StackName": stack.name,
        "StackId": stack.id,
        "LogicalResourceId": row.logical_id,
        "PhysicalResourceId": row.physical_id or None,
        "ResourceType": row.type,
        time_name: row.changed_at_ms,
        "ResourceStatus": row.status,
        "ResourceStatusReason": row.reason or None,
        "DriftInformation": {"StackResourceDriftStatus": "NOT_CHECKED"},
    }
    return {name: value for name, value in members.items() if value is not None}
