"""What CloudWatch is told of rules.

Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html
"""

from __future__ import annotations

from segue.api import Call
from segue.api.deliveries import Delivery
from segue.services.events.service import SERVICE
from segue.store.tallies import Dimensions

NAMESPACE = "AWS/Events"
_RULE = "rule/"


def _dimensions(rule: str) -> Dimensions:
    """Of a rule, as its ARN names it behind ``rule/``: with its bus, where that is not the default one."""
    bus, _, name = rule.rpartition("/")
    return (("EventBusName", bus), ("RuleName", name)) if bus else (("RuleName", name),)


def count_triggered(call: Call, rule_arn: str) -> None:
    """An event has matched a rule."""
    call.tally(rule_arn, NAMESPACE, "TriggeredRules", _dimensions(rule_arn.split(":", 5)[5].removeprefix(_RULE)))


def count_delivery(call: Call, delivery: Delivery) -> None:
    """Count what came of handing an event to a target."""
    resource = delivery.source.split(":", 5)[5]
    if not resource.startswith(_RULE) or delivery.status == "audit":
        return
    dimensions = _dimensions(resource.removeprefix(_RULE))
    if delivery.status == "retrying":
        call.tally(delivery.source, NAMESPACE, "RetryInvocationAttempts", dimensions)
        return
    call.tally(delivery.source, NAMESPACE, "Invocations", dimensions)
    if delivery.status != "delivered":
        call.tally(delivery.source, NAMESPACE, "FailedInvocations", dimensions)
    if delivery.status == "dead-lettered":
        call.tally(delivery.source, NAMESPACE, "InvocationsSentToDlq", dimensions)


SERVICE.counts_delivery = count_delivery
