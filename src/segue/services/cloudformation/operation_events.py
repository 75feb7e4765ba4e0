"""Events by operation: what has happened in one of a stack's operations, or what has failed in any.

Source: CloudFormation API reference, DescribeEvents.
"""

from __future__ import annotations

from typing import Any

from segue.api import Call
from segue.api.paginate import decode_token, encode_token
from segue.services.cloudformation import events
from segue.services.cloudformation.change_sets import find_change_set
from segue.services.cloudformation.records import Stack, by_operation
from segue.services.cloudformation.service import SERVICE, STACK_TYPE, existing, invalid, stack_arn

_PAGE = 100
_NEWEST = (1 << 63) - 1


@SERVICE.operation("DescribeEvents", reads=True, resource=stack_arn)
def describe_events(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Events of a stack or of one of its operations, newest first. Change sets have none: nothing is tried for them."""
    if params.get("ChangeSetName"):
        find_change_set(call, params)
        return {"OperationEvents": []}
    operation = params.get("OperationId", "")
    if params.get("StackName"):
        stack = existing(call, params["StackName"], "Stack [{}] does not exist", deleted=True)
    elif operation:
        stack = _stack_of(call, operation)
    else:
        raise invalid("One of ChangeSetName, OperationId or StackName must be specified")
    token = params.get("NextToken")
    before = decode_token(token, "ValidationError", kinds=(int,))[0] if token else _NEWEST
    found = events.page(call.tx, stack.id, before, _PAGE + 1, operation)
    more = {"NextToken": encode_token(found[_PAGE - 1][0])} if len(found) > _PAGE else {}
    only_failed = (params.get("Filters") or {}).get("FailedEvents")
    shown = [_shown(event) for _, event in found[:_PAGE]]
    wanted = [event for event in shown if not only_failed or event["EventType"] == "PROVISIONING_ERROR"]
    return {"OperationEvents": wanted, **more}


def _stack_of(call: Call, operation: str) -> Stack:
    found = by_operation(call.tx, operation)
    if found is None:
        raise invalid(f"Operation {operation} does not exist")
    return found


def _shown(event: dict[str, Any]) -> dict[str, Any]:
    shown = {name: value for name, value in event.items() if name not in ("StackName", "OperationType")}
    status = event["ResourceStatus"]
    shown["OperationType"] = event.get("OperationType", "UPDATE_STACK")
    shown["EventType"] = "PROVISIONING_ERROR" if status.endswith("_FAILED") else "STACK_EVENT"
    if event["ResourceType"] == STACK_TYPE and event["PhysicalResourceId"] == event["StackId"]:
        ended = "FAILED" if "ROLLBACK" in status or status.endswith("_FAILED") else "SUCCEEDED"
        shown["OperationStatus"] = "IN_PROGRESS" if status.endswith("_IN_PROGRESS") else ended
    return shown
