"""An event on a bus: to the targets of the rules that match it, into the archives, on to other buses."""

from __future__ import annotations

from segue.api import Call
from segue.api.authorize import authorize
from segue.api.caller import role_caller, service_caller
from segue.api.deliver import dead_letter
from segue.api.deliveries import Delivery, record
from segue.errors import AwsError
from segue.services.events import metrics
from segue.services.events.compiled import CompiledArchive, CompiledBus, CompiledTarget, compiled_bus
from segue.services.events.delivery import PRINCIPAL, Handover, delivery_target, hand_over
from segue.services.events.event import Event
from segue.services.events.service import SERVICE
from segue.store import Transaction

_DAY_MS = 86_400_000
_EXPIRED_AT_ONCE = 10

MAX_HOPS = 5
"""How many buses may pass an event on; a circle of rules ends there, and the record says so."""


def listens(tx: Transaction, bus_arn: str, source: str) -> bool:
    """Whether an event of that source could go anywhere: what other services ask before they make one."""
    bus = compiled_bus(tx, bus_arn)
    return bus is not None and bus.may_take(source)


SERVICE.listens = listens


def route(call: Call, bus_arn: str, event: Event) -> None:
    """Let a bus handle an event."""
    route_on(call, compiled_bus(call.tx, bus_arn), bus_arn, event)


def route_on(
    call: Call, bus: CompiledBus | None, bus_arn: str, event: Event, only_rules: frozenset[str] = frozenset()
) -> None:
    """Let a bus handle an event. An event for a bus that does not exist is dropped, as on AWS, but recorded.

    Args:
        only_rules: ARNs of the rules that may take part; all of them if none is named.
    """
    if bus is None:
        _went_nowhere(call, bus_arn, event, "dropped", f"Event bus {bus_arn} does not exist.")
        return
    matched = False
    for rule in bus.matching(event.body):
        if only_rules and rule.arn not in only_rules:
            continue
        matched = True
        metrics.count_triggered(call, rule.arn)
        for target in rule.targets:
            send(call, rule.arn, rule.name, target, event)
    for archive in bus.archives:
        matched = _archive(call, archive, event) or matched
    if not matched:
        _went_nowhere(call, bus_arn, event, "ignored", bus.why_not(event.body))


def _went_nowhere(call: Call, bus_arn: str, event: Event, status: str, reason: str) -> None:
    source = call.caller.source_arn or call.caller.principal_arn
    record(call, Delivery(source, bus_arn, "events:PutEvents", status, 1, reason, event.id))


def send(call: Call, rule_arn: str, rule_name: str, target: CompiledTarget, event: Event) -> None:
    """Hand an event to a target of a rule."""
    if target.arn.service == "events" and target.arn.resource.startswith("event-bus/"):
        _pass_on(call, rule_arn, target, event)
    else:
        hand_over(call, rule_arn, rule_name, target, event)


def _pass_on(call: Call, rule_arn: str, target: CompiledTarget, event: Event) -> None:
    """To another bus, which must allow the rule's role, or the service."""
    bus, arn = target.arn, target.document["Arn"]
    role = target.document.get("RoleArn", "")
    caller = role_caller(role, event.id, bus.region) if role else service_caller(PRINCIPAL, rule_arn)
    passed = event.passed_on(bus.region, call.tx.ids.uuid())
    try:
        if passed.hops > MAX_HOPS:
            raise AwsError("LoopDetected", f"{MAX_HOPS} buses have passed this event on already.")
        with call.tx.savepoint():
            there = call.as_caller(caller)
            authorize(there, SERVICE, SERVICE.operations["PutEvents"], {"Entries": [{"EventBusName": arn}]})
            record(call, Delivery(rule_arn, arn, "events:PutEvents", subject=event.id))
            route(there, arn, passed)
    except AwsError as error:
        lost = delivery_target(Handover(rule_arn, target.document, bus, event, event.text), "events:PutEvents", {})
        if lost.dead_letter_arn:
            dead_letter(call, lost, error)
        status = "dead-lettered" if lost.dead_letter_arn else "dropped"
        record(call, Delivery(rule_arn, arn, "events:PutEvents", status, 1, str(error), event.id))


def _archive(call: Call, archive: CompiledArchive, event: Event) -> bool:
    if "replay-name" in event.body or (archive.pattern is not None and not archive.pattern.matches(event.body)):
        return False
    call.tx.run(
        "INSERT INTO events_archived VALUES (?, ?, ?, ?)",
        call.tx.ids.ordered(call.now_ms),
        archive.arn,
        event.ingested_at_ms,
        event.text,
    )
    if archive.retention_days:
        call.tx.run(
            "DELETE FROM events_archived WHERE id IN"
            " (SELECT id FROM events_archived WHERE archive_arn = ? AND at < ? ORDER BY at LIMIT ?)",
            archive.arn,
            call.now_ms - archive.retention_days * _DAY_MS,
            _EXPIRED_AT_ONCE,
        )
    return True
