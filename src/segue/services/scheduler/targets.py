"""What a schedule's target is: which operation is performed, with what.

Sources: user guide, "Using templated targets", "Using universal targets" and "Adding context attributes"; API
reference, ``Target`` (without an ``Input`` the target gets a default notification).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from segue.api import Call
from segue.api.sdk.members import UnusableParameters, to_model
from segue.api.sdk.names import UnknownService, operation_named
from segue.arn import Arn, is_arn, parse_arn
from segue.errors import not_implemented
from segue.languages.asl.json_text import dump, parse
from segue.services.scheduler.service import invalid
from segue.wire.timestamps import to_iso

UNIVERSAL = "arn:aws:scheduler:::aws-sdk:"
_READS = (
    "get", "describe", "list", "poll", "receive", "search", "scan", "query", "select", "read", "lookup", "discover",
    "validate", "batchGet", "batchDescribe", "batchRead", "transactGet", "adminGet", "adminList", "testMigration",
    "retrieve", "testConnection", "translateDocument", "isAuthorized", "invokeModel",
)  # fmt: skip

Request = tuple[str, dict[str, Any]]
"""An operation and its input."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """One attempt at one of a schedule's times.

    Attributes:
        schedule_arn: whose.
        scheduled_at_ms: the time that was meant.
        execution_id: of the attempt.
        attempt: its number, from 1.
    """

    schedule_arn: str
    scheduled_at_ms: int
    execution_id: str
    attempt: int

    @property
    def scheduled_time(self) -> str:
        """``2022-03-22T18:59:43Z``."""
        return to_iso(self.scheduled_at_ms // 1_000 * 1_000)

    def fill(self, text: str) -> str:
        """The text with context attributes in the places of their keywords."""
        for name, value in (
            ("schedule-arn", self.schedule_arn),
            ("scheduled-time", self.scheduled_time),
            ("execution-id", self.execution_id),
            ("attempt-number", str(self.attempt)),
        ):
            text = text.replace(f"<aws.scheduler.{name}>", value)
        return text


def payload_of(call: Call, target: dict[str, Any], occasion: Occasion) -> str:
    """What the target is given: its input with context attributes, or a notification."""
    given = "{}" if target["Arn"].startswith(UNIVERSAL) else None
    text = target.get("Input", given)
    return notification(call, occasion) if text is None else occasion.fill(text)


def request_of(call: Call, target: dict[str, Any], payload: str) -> Request | None:
    """What to perform; ``None`` where Segue has no way to the target.

    Raises:
        AwsError: ``ValidationException`` where the parameters of a universal target are none (with their context
            attributes filled in).
    """
    if target["Arn"].startswith(UNIVERSAL):
        return universal(target, payload)
    arn = parse_arn(target["Arn"])
    make = TEMPLATES.get(arn.service)
    return None if make is None else make(call, target, arn, payload)


def universal(target: dict[str, Any], text: str) -> Request:
    """The operation of a universal target, its input from JSON text.

    Raises:
        AwsError: ``ValidationException`` where either is wrong; 501 for a service that Segue knows nothing of.
    """
    service, _, action = target["Arn"].removeprefix(UNIVERSAL).partition(":")
    if any(action.startswith(prefix) for prefix in _READS):
        raise invalid(f"The action {action} is not supported: it only reads.")
    try:
        operation = operation_named(service, action)
    except UnknownService:
        raise not_implemented(f"targets of the service '{service}'") from None
    except LookupError as error:
        raise invalid(f"{target['Arn']} is not a target. Reason: {error.args[0]}") from None
    try:
        params = to_model(operation.service, operation.input, parse(text))
    except UnusableParameters as unusable:
        raise invalid(f"Invalid RequestJson provided. Reason: {unusable.why}") from None
    except ValueError:
        raise invalid("Invalid RequestJson provided. Reason: it is not well-formed JSON") from None
    return f"{operation.service.name}:{operation.name}", params


def notification(call: Call, occasion: Occasion) -> str:
    """What targets get of schedules without an input."""
    schedule = parse_arn(occasion.schedule_arn)
    return dump(
        {
            "version": "0",
            "id": call.tx.ids.uuid(),
            "detail-type": "Scheduled Event",
            "source": "aws.scheduler",
            "account": schedule.account,
            "time": occasion.scheduled_time,
            "region": schedule.region,
            "resources": [occasion.schedule_arn],
            "detail": "{}",
        }
    )


def _function(_: Call, target: dict[str, Any], __: Arn, text: str) -> Request:
    return "lambda:Invoke", {"FunctionName": target["Arn"], "InvocationType": "Event", "Payload": text.encode()}


def _queue(call: Call, target: dict[str, Any], arn: Arn, text: str) -> Request:
    params = {"QueueUrl": f"{call.api.settings.endpoint_url}/{arn.account}/{arn.resource}", "MessageBody": text}
    return "sqs:SendMessage", params | target.get("SqsParameters", {})


def _topic(_: Call, target: dict[str, Any], __: Arn, text: str) -> Request:
    return "sns:Publish", {"TopicArn": target["Arn"], "Message": text}


def _state_machine(_: Call, target: dict[str, Any], __: Arn, text: str) -> Request:
    return "stepfunctions:StartExecution", {"stateMachineArn": target["Arn"], "input": text}


def _bus(_: Call, target: dict[str, Any], __: Arn, text: str) -> Request:
    return "events:PutEvents", {
        "Entries": [{**target["EventBridgeParameters"], "EventBusName": target["Arn"], "Detail": text}]
    }


TEMPLATES: dict[str, Callable[[Call, dict[str, Any], Arn, str], Request]] = {
    "lambda": _function,
    "sqs": _queue,
    "sns": _topic,
    "states": _state_machine,
    "events": _bus,
}
"""Target service → what is performed on it."""


def reaches(arn: str) -> bool:
    """Whether there is a way to a target (whether its operation is one of Segue's is seen when it is performed)."""
    return arn.startswith(UNIVERSAL) or (is_arn(arn) and parse_arn(arn).service in TEMPLATES)
