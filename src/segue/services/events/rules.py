"""Rules: what they match, or when they fire."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from segue.api import Call
from segue.api.paginate import decode_token, encode_token
from segue.api.tags import add_tags, drop_tags
from segue.errors import AwsError
from segue.languages import eventpattern
from segue.languages.eventpattern import InvalidPattern
from segue.languages.schedules import InvalidSchedule, parse_schedule
from segue.services.events.firing import reschedule
from segue.services.events.names import bus_of, bus_resource, check_not_managed, rule_of, rule_resource, without_none
from segue.services.events.records import (
    DEFAULT_BUS,
    Rule,
    delete_rule,
    find_rule,
    list_rules,
    rule_arn,
    rules_with_target,
    save_rule,
    targets_of,
)
from segue.services.events.service import SERVICE

_PAGE = 100


@SERVICE.operation("PutRule", resource=rule_resource)
def put_rule(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Make a rule, or change it: members not given are emptied, targets and tags stay."""
    bus = bus_of(call, params.get("EventBusName"))
    pattern, schedule = params.get("EventPattern"), params.get("ScheduleExpression")
    _check(bus.name, pattern, schedule)
    arn = rule_arn(bus.arn, params["Name"])
    known = find_rule(call.tx, arn)
    if known is not None:
        check_not_managed(call, known, params)
    rule = Rule(
        arn,
        bus.arn,
        params["Name"],
        params.get("State", "ENABLED"),
        pattern or None,
        schedule or None,
        known.managed_by if known else (call.caller.service or None),
        known.created_by if known else call.account,
        {name: params[name] for name in ("Description", "RoleArn") if name in params},
    )
    save_rule(call.tx, rule)
    if known is None:
        add_tags(call.tx, arn, {tag["Key"]: tag["Value"] for tag in params.get("Tags", ())})
    reschedule(call.tx, rule)
    return {"RuleArn": arn}


def _check(bus_name: str, pattern: str | None, schedule: str | None) -> None:
    if not pattern and not schedule:
        raise AwsError("ValidationException", "Parameter(s) EventPattern or ScheduleExpression must be specified.")
    if schedule:
        if bus_name != DEFAULT_BUS:
            raise AwsError("ValidationException", "ScheduleExpression is supported only on the default event bus.")
        try:
            parse_schedule(schedule)
        except InvalidSchedule:
            raise AwsError("ValidationException", "Parameter ScheduleExpression is not valid.") from None
    if pattern:
        check_pattern(pattern)


def check_pattern(text: str) -> eventpattern.Pattern:
    """The pattern compiled; ``InvalidEventPatternException`` where it is none."""
    try:
        return eventpattern.compile(text)
    except InvalidPattern as error:
        raise AwsError("InvalidEventPatternException", f"Event pattern is not valid. Reason: {error}") from None


@SERVICE.operation("DescribeRule", resource=rule_resource)
def describe_rule(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """A rule."""
    rule = rule_of(call, params["Name"], params.get("EventBusName"))
    return {**_members(rule), "CreatedBy": rule.created_by}


@SERVICE.operation("ListRules", resource=bus_resource)
def list_rules_of_bus(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """The rules of a bus, by name."""
    bus = bus_of(call, params.get("EventBusName"))
    limit = params.get("Limit", _PAGE)
    rules = list_rules(call.tx, bus.arn, params.get("NamePrefix", ""), _after(params), limit + 1)
    answer: dict[str, Any] = {"Rules": [_members(rule) for rule in rules[:limit]]}
    if len(rules) > limit:
        answer["NextToken"] = encode_token(rules[limit - 1].name)
    return answer


@SERVICE.operation("ListRuleNamesByTarget", resource=bus_resource)
def list_rule_names_by_target(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """The names of the rules of a bus that have a target."""
    bus = bus_of(call, params.get("EventBusName"))
    limit = params.get("Limit", _PAGE)
    names = rules_with_target(call.tx, bus.arn, params["TargetArn"], _after(params), limit + 1)
    answer: dict[str, Any] = {"RuleNames": names[:limit]}
    if len(names) > limit:
        answer["NextToken"] = encode_token(names[limit - 1])
    return answer


@SERVICE.operation("EnableRule", resource=rule_resource)
def enable_rule(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Let a rule take part again."""
    return _set_state(call, params, "ENABLED")


@SERVICE.operation("DisableRule", resource=rule_resource)
def disable_rule(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Let a rule rest."""
    return _set_state(call, params, "DISABLED")


@SERVICE.operation("DeleteRule", resource=rule_resource)
def delete_rule_of_bus(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Remove a rule without targets; one that does not exist is no error."""
    bus = bus_of(call, params.get("EventBusName"))
    rule = find_rule(call.tx, rule_arn(bus.arn, params["Name"]))
    if rule is None:
        return {}
    check_not_managed(call, rule, params)
    if targets_of(call.tx, rule.arn):
        raise AwsError("ValidationException", "Rule can't be deleted since it has targets.")
    delete_rule(call.tx, rule)
    drop_tags(call.tx, rule.arn)
    reschedule(call.tx, replace(rule, state="DISABLED"))
    return {}


def _set_state(call: Call, params: dict[str, Any], state: str) -> dict[str, Any]:
    rule = rule_of(call, params["Name"], params.get("EventBusName"))
    check_not_managed(call, rule, params)
    changed = replace(rule, state=state)
    save_rule(call.tx, changed)
    reschedule(call.tx, changed)
    return {}


def _after(params: dict[str, Any]) -> str:
    return str(decode_token(params["NextToken"])[0]) if params.get("NextToken") else ""


def _members(rule: Rule) -> dict[str, Any]:
    members = {
        "Name": rule.name,
        "Arn": rule.arn,
        "EventPattern": rule.pattern,
        "State": rule.state,
        "ScheduleExpression": rule.schedule,
        "ManagedBy": rule.managed_by,
        "EventBusName": rule.bus_name,
        **rule.details,
    }
    return without_none(members)
