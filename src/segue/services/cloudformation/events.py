"""What happens to a stack and its resources, told: events of the stack, its topics, and the default bus.

Source: CloudFormation user guide, "View stack events", "Managing events with CloudFormation and EventBridge".
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import msgpack

from segue.api import Call, Target, deliver
from segue.api.emit import emit
from segue.services.cloudformation import records
from segue.services.cloudformation.authority import PRINCIPAL
from segue.services.cloudformation.records import Stack
from segue.services.cloudformation.resource_records import ResourceRow
from segue.services.cloudformation.service import STACK_TYPE
from segue.store import Transaction


def become(call: Call, stack: Stack, status: str, reason: str = "") -> None:
    """A stack has another status from now on."""
    stack.status, stack.reason = status, reason
    records.save(call.tx, stack)
    event = {
        "EventId": call.tx.ids.uuid(),
        "LogicalResourceId": stack.name,
        "PhysicalResourceId": stack.id,
        "ResourceType": STACK_TYPE,
        "ResourceStatus": status,
    }
    _tell(call, stack, event, reason)
    detail = {"stack-id": stack.id, "status-details": {"status": status, "status-reason": reason}}
    _emit(call, stack, "CloudFormation Stack Status Change", detail)


def resource_becomes(call: Call, stack: Stack, row: ResourceRow, status: str, reason: str = "") -> None:
    """A resource has another status from now on; the row is the caller's to save."""
    row.status, row.reason, row.changed_at_ms = status, reason, call.now_ms
    event = {
        "LogicalResourceId": row.logical_id,
        "PhysicalResourceId": row.physical_id,
        "ResourceType": row.type,
        "ResourceStatus": status,
        "ResourceProperties": _shown_properties(stack, row),
    }
    _tell(call, stack, event, reason)
    detail = {
        "stack-id": stack.id,
        "logical-resource-id": row.logical_id,
        "physical-resource-id": row.physical_id,
        "status-details": {"status": status, "status-reason": reason},
        "resource-type": row.type,
    }
    _emit(call, stack, "CloudFormation Resource Status Change", detail)


def _shown_properties(stack: Stack, row: ResourceRow) -> str:
    """A resource's properties as text, without the values of parameters that are not to be shown."""
    text = json.dumps(row.data.get("properties", {}), separators=(",", ":"), ensure_ascii=False, default=str)
    for name in stack.settings.get("hidden", ()):
        value = stack.settings.get("values", {}).get(name)
        if isinstance(value, str) and value:
            text = text.replace(json.dumps(value, ensure_ascii=False)[1:-1], "****")
    return text


def page(
    tx: Transaction, stack_id: str, before: int, limit: int, operation: str = ""
) -> list[tuple[int, dict[str, Any]]]:
    """Events before that number, newest first, with their numbers."""
    sql = "SELECT number, data FROM cloudformation_events WHERE stack = ? AND number < ?"
    args: tuple[Any, ...] = (stack_id, before)
    if operation:
        sql, args = f"{sql} AND operation = ?", (*args, operation)
    rows = tx.all(f"{sql} ORDER BY number DESC LIMIT ?", *args, limit)
    return [(row[0], msgpack.unpackb(row[1])) for row in rows]


def _tell(call: Call, stack: Stack, event: dict[str, Any], reason: str) -> None:
    operation = stack.operation or {}
    at_ms = _moment(call, stack)
    event.setdefault("EventId", f"{event['LogicalResourceId']}-{event['ResourceStatus']}-{_iso(at_ms)}")
    event |= {"StackId": stack.id, "StackName": stack.name, "Timestamp": at_ms}
    if reason:
        event["ResourceStatusReason"] = reason
    if operation.get("token"):
        event["ClientRequestToken"] = operation["token"]
    if operation.get("id"):
        event["OperationId"] = operation["id"]
        event["OperationType"] = f"{operation['kind']}_STACK"
    call.tx.run(
        "INSERT INTO cloudformation_events VALUES (?, ?, ?, ?)",
        call.tx.ids.ordered(call.now_ms),
        stack.id,
        operation.get("id", ""),
        msgpack.packb(event),
    )
    for topic in stack.settings.get("notification_arns", ()):
        _notify(call, stack, topic, event)


def _moment(call: Call, stack: Stack) -> int:
    """When an event is said to have happened (milliseconds): each a little later than the one before it.

    Much of a stack becomes in one moment here. Who follows events sorts them by time, and takes two of the same id
    (which is made of the time) for one.
    """
    row = call.tx.one("SELECT data FROM cloudformation_events WHERE stack = ? ORDER BY number DESC LIMIT 1", stack.id)
    return call.now_ms if row is None else max(call.now_ms, int(msgpack.unpackb(row[0])["Timestamp"]) + 1)


def _notify(call: Call, stack: Stack, topic: str, event: dict[str, Any]) -> None:
    told = {
        "StackId": stack.id,
        "Timestamp": _iso(call.now_ms),
        "EventId": event["EventId"],
        "LogicalResourceId": event["LogicalResourceId"],
        "Namespace": stack.scope.partition("/")[0],
        "PhysicalResourceId": event["PhysicalResourceId"],
        "ResourceProperties": event.get("ResourceProperties", "null"),
        "ResourceStatus": event["ResourceStatus"],
        "ResourceStatusReason": event.get("ResourceStatusReason", ""),
        "ResourceType": event["ResourceType"],
        "StackName": stack.name,
        "ClientRequestToken": event.get("ClientRequestToken", "null"),
    }
    message = "".join(f"{name}='{value}'\n" for name, value in told.items())
    params = {"TopicArn": topic, "Subject": "AWS CloudFormation Notification", "Message": message}
    deliver(call, Target(PRINCIPAL, stack.id, topic, "sns:Publish", params, subject=event["EventId"]))


def _emit(call: Call, stack: Stack, detail_type: str, detail: dict[str, Any]) -> None:
    token = (stack.operation or {}).get("token", "")
    full = {**detail, "client-request-token": token}
    emit(call, PRINCIPAL, "aws.cloudformation", detail_type, stack.id, lambda: full)


def _iso(at_ms: int) -> str:
    at = datetime.fromtimestamp(at_ms / 1000, UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at_ms % 1000:03d}Z"
