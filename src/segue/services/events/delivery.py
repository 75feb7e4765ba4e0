"""Handing an event to a target: which operation of which service, with what."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from segue.api import Call, Target, deliver
from segue.api.caller import service_caller
from segue.api.deliver import attempt, dead_letter, deliver_later
from segue.api.deliveries import Delivery, record
from segue.arn import Arn, is_arn, parse_arn
from segue.errors import AwsError
from segue.jobs import Again, Job, Outbound, Pending
from segue.languages.asl.json_text import dump, parse
from segue.languages.input_templates import InputTooLarge, dynamic
from segue.services.events.api_destinations import find_destination, reserve
from segue.services.events.compiled import CompiledTarget
from segue.services.events.event import Event, timestamp
from segue.services.events.inputs import Occasion
from segue.services.events.service import SERVICE

PRINCIPAL = "events.amazonaws.com"

_DEFAULT_RETRIES = 185
_DEFAULT_AGE_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Handover:
    """One event for one target of one rule.

    Attributes:
        rule_arn: on whose behalf.
        target: the target as configured.
        arn: its ARN, parsed.
        event: the event.
        input: what the target is given of it.
    """

    rule_arn: str
    target: dict[str, Any]
    arn: Arn
    event: Event
    input: str


Request = tuple[str, dict[str, Any]]
"""An operation and its input."""


def hand_over(call: Call, rule_arn: str, rule_name: str, target: CompiledTarget, event: Event) -> None:
    """Deliver the event to a target that is not a bus; every outcome is recorded."""
    occasion = Occasion(event.body, event.text, rule_arn, rule_name, timestamp(event.ingested_at_ms))
    try:
        handover = Handover(rule_arn, target.document, target.arn, event, target.make_input(occasion))
    except InputTooLarge as error:
        _not_made(call, Handover(rule_arn, target.document, target.arn, event, ""), str(error))
        return
    if handover.arn.service == "events" and handover.arn.resource.startswith("api-destination/"):
        destination = find_destination(call, target.document["Arn"])
        at_ms = call.now_ms if destination is None else reserve(call, destination)
        deliver_later(call, api_destination_target(handover), at_ms)
        return
    request = _REQUESTS.get(handover.arn.service)
    if request is None:
        reason = f"Segue does not implement targets of the service '{handover.arn.service}' yet."
        record(
            call, Delivery(rule_arn, target.document["Arn"], f"{handover.arn.service}:?", "failed", 1, reason, event.id)
        )
        return
    operation, params = request(call, handover)
    deliver(call, delivery_target(handover, operation, params))


def _not_made(call: Call, handover: Handover, reason: str) -> None:
    target = delivery_target(handover, f"{handover.arn.service}:?", {})
    kept = bool(target.dead_letter_arn) and dead_letter(call, target, AwsError("INVALID_PARAMETER", reason))
    status = "dead-lettered" if kept else "dropped"
    record(call, Delivery(target.source_arn, target.target_arn, target.operation, status, 1, reason, target.subject))


def api_destination_target(handover: Handover) -> Target:
    """The delivery to an API destination."""
    params = {"ApiDestinationArn": handover.target["Arn"], "Body": handover.input, **_http_parameters(handover)}
    return delivery_target(handover, "events:InvokeApiDestination", params)


def _http_parameters(handover: Handover) -> dict[str, Any]:
    if "HttpParameters" not in handover.target:
        return {}
    given = handover.target["HttpParameters"]
    made = {
        name: value if name == "HeaderParameters" else dynamic(value, handover.event.body)
        for name, value in given.items()
    }
    return {"HttpParameters": made}


def delivery_target(handover: Handover, operation: str, params: dict[str, Any]) -> Target:
    """The delivery with the target's retry policy and dead-letter queue."""
    retry = handover.target.get("RetryPolicy", {})
    return Target(
        service=PRINCIPAL,
        source_arn=handover.rule_arn,
        target_arn=handover.target["Arn"],
        operation=operation,
        params=params,
        role_arn=handover.target.get("RoleArn", ""),
        dead_letter_arn=handover.target.get("DeadLetterConfig", {}).get("Arn", ""),
        dead_letter_body=handover.event.text,
        dead_letter_attributes={"RULE_ARN": handover.rule_arn, "TARGET_ARN": handover.target["Arn"]},
        max_attempts=retry.get("MaximumRetryAttempts", _DEFAULT_RETRIES) + 1,
        max_age_ms=retry.get("MaximumEventAgeInSeconds", _DEFAULT_AGE_SECONDS) * 1_000,
        subject=handover.event.id,
        bus_errors=True,
    )


def _queue(call: Call, handover: Handover) -> Request:
    arn = handover.arn
    params = {
        "QueueUrl": f"{call.api.settings.endpoint_url}/{arn.account}/{arn.resource}",
        "MessageBody": handover.input,
    }
    group = handover.target.get("SqsParameters", {}).get("MessageGroupId")
    return "sqs:SendMessage", {**params, "MessageGroupId": group} if group else params


def _topic(call: Call, handover: Handover) -> Request:
    return "sns:Publish", {"TopicArn": handover.target["Arn"], "Message": handover.input}


def _function(call: Call, handover: Handover) -> Request:
    params = {
        "FunctionName": handover.target["Arn"],
        "InvocationType": "Event",
        "Payload": handover.input.encode(),
    }
    return "lambda:Invoke", params


def _state_machine(call: Call, handover: Handover) -> Request:
    name = f"{handover.event.id}_{call.tx.ids.uuid()}"
    params = {"stateMachineArn": handover.target["Arn"], "name": name, "input": handover.input}
    return "stepfunctions:StartExecution", params


def _endpoint(call: Call, handover: Handover) -> Request:
    params = {"Arn": handover.target["Arn"], "Body": handover.input, **_http_parameters(handover)}
    return "apigateway:InvokeEndpoint", params


def _log_group(call: Call, handover: Handover) -> Request:
    """A stream of its own for each event, as on AWS; a transformer may give the timestamp and the message."""
    group = handover.arn.resource.removeprefix("log-group:").removesuffix(":*")
    stream = handover.event.id
    caller = service_caller(PRINCIPAL, handover.rule_arn).in_region(handover.arn.region)
    with suppress(AwsError), call.tx.savepoint():  # what is wrong here will meet PutLogEvents, which is recorded
        call.as_caller(caller).perform("logs:CreateLogStream", {"logGroupName": group, "logStreamName": stream})
    entry = {"timestamp": handover.event.ingested_at_ms, "message": handover.input}
    if "InputTransformer" in handover.target:
        entry |= _log_entry(handover.input)
    return "logs:PutLogEvents", {"logGroupName": group, "logStreamName": stream, "logEvents": [entry]}


def _log_entry(text: str) -> dict[str, Any]:
    """The timestamp and message that a transformer made, if it made those."""
    try:
        made = parse(text)
    except ValueError:
        return {}
    if not isinstance(made, dict) or not isinstance(made.get("message"), str | dict):
        return {}
    message = made["message"]
    entry: dict[str, Any] = {"message": message if isinstance(message, str) else dump(message)}
    if isinstance(made.get("timestamp"), int):
        entry["timestamp"] = made["timestamp"]
    return entry


_REQUESTS: dict[str, Callable[[Call, Handover], Request]] = {
    "sqs": _queue,
    "sns": _topic,
    "lambda": _function,
    "states": _state_machine,
    "logs": _log_group,
    "execute-api": _endpoint,
}
"""Target service → what is performed on it. Buses are in ``routing``: an event passes on as it is."""


def reaches(arn: str) -> bool:
    """Whether there is a way to a target."""
    return is_arn(arn) and parse_arn(arn).service in (*_REQUESTS, "events")


@SERVICE.job("destination")
def call_destination(call: Call, job: Job) -> Again | Outbound | Pending | None:
    """Jobs of earlier versions, which called API destinations themselves."""
    target, region = job.payload["target"], parse_arn(job.payload["rule_arn"]).region
    event = Event(job.payload["event_id"], {}, job.payload["event"], region, job.payload["ingested_at"])
    handover = Handover(job.payload["rule_arn"], target, parse_arn(target["Arn"]), event, job.payload["input"])
    return attempt(call, api_destination_target(handover), job.attempts, job.created_at_ms)
