"""Putting events on buses, and trying patterns on an event."""

from __future__ import annotations

from typing import Any

from segue.api import Call, Result
from segue.api.authorize import authorize
from segue.errors import AwsError, not_implemented
from segue.languages.asl.json_text import parse
from segue.services.events.compiled import CompiledBus, compiled_bus
from segue.services.events.event import make_event
from segue.services.events.names import bus_arn
from segue.services.events.routing import route_on
from segue.services.events.rules import check_pattern
from segue.services.events.service import SERVICE

_TIME_BYTES = 14
_REQUIRED = ("Source", "DetailType", "Detail")
_EVENT_FIELDS = ("id", "account", "source", "time", "region", "detail-type")


def _first_bus(call: Call, params: dict[str, Any]) -> str:
    return bus_arn(call, params["Entries"][0].get("EventBusName"))


@SERVICE.operation("PutEvents", resource=_first_bus)
def put_events(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Put up to ten events on their buses, in order; each entry stands for itself.

    An event for a bus that does not exist gets its id all the same (conformance: put_events_nonexistent_event_bus).
    """
    if params.get("EndpointId"):
        raise not_implemented("events:PutEvents", "EndpointId")
    entries: list[dict[str, Any]] = params["Entries"]
    if sum(map(_size_bytes, entries)) > call.limits.put_events_bytes:
        raise AwsError("ValidationException", "Total size of the entries in the request is over the limit.")
    answers = []
    buses: dict[str, CompiledBus | None] = {}
    for entry in entries:
        arn = bus_arn(call, entry.get("EventBusName"))
        if arn not in buses:
            if buses:  # the first has been authorized as the operation's resource
                authorize(call, SERVICE, SERVICE.operations["PutEvents"], {"Entries": [entry]})
            buses[arn] = compiled_bus(call.tx, arn)
        answers.append(_put(call, buses[arn], arn, entry))
    return {"FailedEntryCount": sum("ErrorCode" in answer for answer in answers), "Entries": answers}


@SERVICE.internal("PutServiceEvents", action=None)
def put_service_events(call: Call, params: dict[str, Any]) -> Result:
    """What a service tells of its resources, on the default bus: nobody has to allow it (user guide, "Events from AWS
    services")."""
    return put_events(call, params)


def _put(call: Call, bus: CompiledBus | None, arn: str, entry: dict[str, Any]) -> dict[str, Any]:
    for name in _REQUIRED:
        if not entry.get(name):
            reason = f"Parameter {name} is not valid. Reason: {name} is a required argument."
            return {"ErrorCode": "InvalidArgument", "ErrorMessage": reason}
    if entry["Source"].startswith("aws.") and call.caller.kind != "service":
        return {"ErrorCode": "NotAuthorizedForSourceException", "ErrorMessage": "Not authorized for the source."}
    try:
        detail = parse(entry["Detail"])
    except ValueError:
        detail = None
    if not isinstance(detail, dict):
        return {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}
    event = make_event(
        event_id=call.tx.ids.uuid(),
        detail_type=entry["DetailType"],
        source=entry["Source"],
        account=call.account,
        region=call.region,
        time_ms=entry.get("Time", call.now_ms),
        resources=entry.get("Resources", ()),
        detail=detail,
        now_ms=call.now_ms,
        trace=entry.get("TraceHeader") or call.trace,
    )
    there = call if event.trace == call.trace else call.as_caller(call.caller, event.trace)
    route_on(there, bus, arn, event)
    return {"EventId": event.id}


def _size_bytes(entry: dict[str, Any]) -> int:
    """As https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevent-size.html counts."""
    size = _TIME_BYTES if "Time" in entry else 0
    size += sum(len(entry[name].encode()) for name in _REQUIRED if entry.get(name))
    return size + sum(len(resource.encode()) for resource in entry.get("Resources", ()))


@SERVICE.operation("TestEventPattern", reads=True)
def test_event_pattern(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Whether an event would match a pattern."""
    try:
        event = parse(params["Event"])
    except ValueError:
        event = None
    if not isinstance(event, dict) or any(name not in event for name in _EVENT_FIELDS):
        raise AwsError("ValidationException", "Parameter Event is not valid.")
    return {"Result": check_pattern(params["EventPattern"]).matches(event)}
