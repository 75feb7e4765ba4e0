"""Event buses."""

from __future__ import annotations

from typing import Any

from segue.api import Call
from segue.api.paginate import decode_token, encode_token
from segue.api.tags import add_tags, drop_tags
from segue.errors import AwsError
from segue.services.events.names import bus_arn, bus_of, named_bus_resource, without_none
from segue.services.events.records import (
    DEFAULT_BUS,
    Bus,
    delete_bus,
    ensure_default_bus,
    find_bus,
    insert_bus,
    list_buses,
    list_rules,
    scope_of,
    update_bus,
)
from segue.services.events.service import SERVICE

_KEPT = ("Description", "KmsKeyIdentifier", "DeadLetterConfig", "LogConfig")
_PAGE = 100


@SERVICE.operation("CreateEventBus", resource=named_bus_resource)
def create_event_bus(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """A new bus. Partner event sources are refused: there are none."""
    name = params["Name"]
    if params.get("EventSourceName"):
        raise AwsError("ResourceNotFoundException", f"Event source {params['EventSourceName']} does not exist.")
    arn = bus_arn(call, name)
    if name == DEFAULT_BUS or find_bus(call.tx, arn) is not None:
        raise AwsError("ResourceAlreadyExistsException", f"Event bus {name} already exists.")
    if "/" in name:
        raise AwsError("ValidationException", "Event bus name must not contain '/'.")
    details = {member: params[member] for member in _KEPT if member in params}
    insert_bus(call.tx, arn, details)
    add_tags(call.tx, arn, {tag["Key"]: tag["Value"] for tag in params.get("Tags", ())})
    return {"EventBusArn": arn, **details}


@SERVICE.operation("DescribeEventBus", resource=named_bus_resource)
def describe_event_bus(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """A bus with its policy."""
    bus = bus_of(call, params.get("Name"))
    return {**_summary(bus), **bus.details}


@SERVICE.operation("UpdateEventBus", resource=named_bus_resource)
def update_event_bus(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Change what is given of a bus."""
    bus = bus_of(call, params.get("Name"))
    details = bus.details | {member: params[member] for member in _KEPT if member in params}
    update_bus(call.tx, bus.arn, details, bus.policy)
    return {"Arn": bus.arn, "Name": bus.name, **details}


@SERVICE.operation("ListEventBuses")
def list_event_buses(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """The buses of the caller's account and region, by name."""
    ensure_default_bus(call.tx, call.account, call.region)
    limit = params.get("Limit", _PAGE)
    after = decode_token(params["NextToken"])[0] if params.get("NextToken") else ""
    buses = list_buses(call.tx, scope_of(call.account, call.region), params.get("NamePrefix", ""), after, limit + 1)
    page = buses[:limit]
    answer: dict[str, Any] = {
        "EventBuses": [_summary(bus) | without_none({"Description": bus.details.get("Description")}) for bus in page]
    }
    if len(buses) > limit:
        answer["NextToken"] = encode_token(page[-1].name)
    return answer


@SERVICE.operation("DeleteEventBus", resource=named_bus_resource)
def delete_event_bus(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Remove a bus without rules; one that does not exist is no error."""
    arn = bus_arn(call, params["Name"])
    if arn.rsplit("/", 1)[-1] == DEFAULT_BUS:
        raise AwsError("ValidationException", "Cannot delete event bus default.")
    if list_rules(call.tx, arn, limit=1):
        raise AwsError("ValidationException", "EventBus can't be deleted since it has rules.")
    delete_bus(call.tx, arn)
    drop_tags(call.tx, arn)
    return {}


def _summary(bus: Bus) -> dict[str, Any]:
    members = {
        "Name": bus.name,
        "Arn": bus.arn,
        "Policy": bus.policy,
        "CreationTime": bus.created_at_ms,
        "LastModifiedTime": bus.modified_at_ms,
    }
    return without_none(members)
