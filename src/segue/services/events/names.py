"""From what callers write (a bus's name or ARN, a rule's name) to rows, or AWS's error."""

from __future__ import annotations

from typing import Any

from segue.api import Call
from segue.arn import is_arn, parse_arn
from segue.errors import AwsError
from segue.services.events.records import DEFAULT_BUS, Bus, Rule, ensure_default_bus, find_bus, find_rule, rule_arn


def bus_arn(call: Call, name_or_arn: str | None) -> str:
    """The ARN of the bus that a caller names; the default one if none is named."""
    if name_or_arn and is_arn(name_or_arn):
        return name_or_arn
    return call.arn("events", f"event-bus/{name_or_arn or DEFAULT_BUS}")


def bus_of(call: Call, name_or_arn: str | None) -> Bus:
    """The bus that a caller names, for an operation that may write.

    Raises:
        AwsError: ``ResourceNotFoundException``.
    """
    arn = bus_arn(call, name_or_arn)
    if arn.endswith(f":event-bus/{DEFAULT_BUS}"):
        parsed = parse_arn(arn)
        ensure_default_bus(call.tx, parsed.account, parsed.region)
    bus = find_bus(call.tx, arn)
    if bus is None:
        raise no_such_bus(arn.rsplit("/", 1)[-1])
    return bus


def no_such_bus(name: str) -> AwsError:
    """The error for a bus that does not exist."""
    return AwsError("ResourceNotFoundException", f"Event bus {name} does not exist.")


def rule_of(call: Call, name: str, bus_name_or_arn: str | None) -> Rule:
    """The rule that a caller names.

    Raises:
        AwsError: ``ResourceNotFoundException``, for the bus or the rule.
    """
    bus = bus_of(call, bus_name_or_arn)
    rule = find_rule(call.tx, rule_arn(bus.arn, name))
    if rule is None:
        raise no_such_rule(name, bus.name)
    return rule


def no_such_rule(name: str, bus_name: str) -> AwsError:
    """The error for a rule that does not exist."""
    return AwsError("ResourceNotFoundException", f"Rule {name} does not exist on EventBus {bus_name}.")


def bus_resource(call: Call, params: dict[str, Any]) -> str:
    """What a policy must allow: the bus that ``EventBusName`` (or ``Name``) names."""
    return bus_arn(call, params.get("EventBusName"))


def named_bus_resource(call: Call, params: dict[str, Any]) -> str:
    """What a policy must allow: the bus that ``Name`` names."""
    return bus_arn(call, params.get("Name"))


def rule_resource(call: Call, params: dict[str, Any]) -> str:
    """What a policy must allow: the rule that ``Rule`` or ``Name`` names on its bus."""
    return rule_arn(bus_arn(call, params.get("EventBusName")), params.get("Rule") or params.get("Name", ""))


def check_not_managed(call: Call, rule: Rule, params: dict[str, Any]) -> None:
    """A rule that a service manages is that service's, unless ``Force`` is given. ``ManagedRuleException``."""
    if rule.managed_by and rule.managed_by != call.caller.service and not params.get("Force"):
        raise AwsError(
            "ManagedRuleException",
            f"Rule {rule.name} is managed by {rule.managed_by} and can only be changed by it, or with Force.",
        )


def without_none(members: dict[str, Any]) -> dict[str, Any]:
    """An answer's members that have a value."""
    return {name: value for name, value in members.items() if value is not None}
