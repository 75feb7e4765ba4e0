"""Where the outcomes of asynchronous invocations go: destinations get a record, dead-letter queues the event itself.

Sources: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html (the record),
conformance case sns-api/sns__sns_topic_as_lambda_dead_letter_queue (the dead-letter attributes).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from segue.api import Call, Target, deliver
from segue.services.lambda_ import metrics
from segue.services.lambda_.formats import iso_timestamp
from segue.services.lambda_.invocation import InvokeOutcome, InvokeTarget, error_object
from segue.services.lambda_.names import FunctionName, ordinal_of
from segue.services.lambda_.records import find_version
from segue.services.lambda_.sessions import PRINCIPAL

_ERROR_MESSAGE_CHARACTERS = 1_024
# Source, detail type and ARNs count as well (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html).
_EVENT_ENVELOPE_BYTES = 1_024


@dataclass(frozen=True, slots=True)
class Ending:
    """How an asynchronous invocation ended: ``Success``, ``RetriesExhausted`` or ``EventAgeExceeded``."""

    request_id: str
    function: FunctionName
    payload: bytes
    condition: str
    invocations: int


def hand_on(
    call: Call, target: InvokeTarget | None, ending: Ending, outcome: InvokeOutcome | None, destination: str
) -> bool:
    """Deliver an ending to its destination and, if it is a failure, to the dead-letter queue; whether there was any.

    ``target`` is the version that ran, if one did. ``call`` is the service's own.
    """
    configuration = _configuration(call, ending.function)
    role_arn = configuration.get("Role", "")
    dead_letters = configuration.get("DeadLetterConfig", {}).get("TargetArn", "")
    if destination:
        text = _record(call, target, ending, outcome)
        limit_bytes = _limit_bytes(call, destination)
        if limit_bytes is not None and len(text.encode()) > limit_bytes:
            text = _record(call, target, ending, outcome, with_payloads=False)
        operation = _operation(call, ending, destination, text)
        if not _deliver(call, ending, destination, operation, role_arn):
            metrics.count(call, ending.function.arn, "DestinationDeliveryFailures")
    if dead_letters and ending.condition != "Success":
        params = _dead_letter(call, ending, outcome, dead_letters)
        if not _deliver(call, ending, dead_letters, params, role_arn):
            metrics.count(call, ending.function.arn, "DeadLetterErrors")
        return True
    return bool(destination)


def _configuration(call: Call, function: FunctionName) -> Any:
    """The configuration whose role and dead-letter queue count; empty where the function is gone."""
    ordinal = ordinal_of(function.qualifier)  # an alias has none
    version = find_version(call.tx, function.arn, max(0, ordinal))
    return {} if version is None else version.configuration


def _deliver(call: Call, ending: Ending, target_arn: str, operation: tuple[str, dict[str, Any]], role_arn: str) -> bool:
    """Whether it arrived at once; else it is tried again, or given up."""
    region = target_arn.split(":")[3] or call.region
    return deliver(
        call.as_caller(call.caller.in_region(region)),
        Target(
            service=PRINCIPAL,
            source_arn=ending.function.arn,
            target_arn=target_arn,
            operation=operation[0],
            params=operation[1],
            role_arn=role_arn,
            subject=ending.request_id,
        ),
    )


def _limit_bytes(call: Call, destination: str) -> int | None:
    limits = call.limits
    by_service = {
        "sns": limits.publish_bytes,
        "sqs": limits.message_bytes,
        "events": limits.put_events_bytes - _EVENT_ENVELOPE_BYTES,
        "lambda": limits.async_invoke_payload_bytes,
    }
    return by_service.get(destination.split(":")[2])  # a bucket takes everything


def _record(
    call: Call,
    target: InvokeTarget | None,
    ending: Ending,
    outcome: InvokeOutcome | None,
    *,
    with_payloads: bool = True,
) -> str:
    """The invocation record; payloads are put in as they are, so that no number changes on the way.

    They are left out where the record would be too big for its destination, as AWS does.
    """
    head = {
        "version": "1.0",
        "timestamp": iso_timestamp(call.now_ms).replace("+0000", "Z"),
        "requestContext": {
            "requestId": ending.request_id,
            "functionArn": ending.function.invoked_version_arn,
            "condition": ending.condition,
            "approximateInvokeCount": ending.invocations,
        },
    }
    parts = [_json(head)[:-1]]
    if with_payloads:
        parts.append(f'"requestPayload":{ending.payload.decode()}')
    if outcome is not None and outcome.refused is None and target is not None:
        context: dict[str, Any] = {"statusCode": 200, "executedVersion": target.version}
        if outcome.function_error:
            context["functionError"] = outcome.function_error
        parts.append(f'"responseContext":{_json(context)}')
        if with_payloads:
            parts.append(f'"responsePayload":{_embedded(outcome.payload)}')
    return ",".join(parts) + "}"


def _embedded(payload: bytes) -> str:
    """A result within a document: as it is if it is JSON, as a string otherwise."""
    try:
        orjson.loads(payload)
    except orjson.JSONDecodeError:
        return _json(payload.decode(errors="replace")) if payload else "null"
    return payload.decode()


def _operation(call: Call, ending: Ending, destination: str, text: str) -> tuple[str, dict[str, Any]]:
    service = destination.split(":")[2]
    if service == "sqs":
        return "sqs:SendMessage", {"QueueUrl": _queue_url(call, destination), "MessageBody": text}
    if service == "sns":
        return "sns:Publish", {"TopicArn": destination, "Message": text}
    if service == "lambda":
        return "lambda:Invoke", {"FunctionName": destination, "InvocationType": "Event", "Payload": text.encode()}
    if service == "s3":
        moment = datetime.fromtimestamp(call.now_ms / 1000, UTC)
        name = f"{moment:%Y/%m/%d}/{moment:%Y-%m-%dT%H.%M.%S}-{call.tx.ids.uuid()}"
        key = f"aws/lambda/async/{ending.function.name}/{name}"
        return "s3:PutObject", {"Bucket": destination.rpartition(":")[2], "Key": key, "Body": text.encode()}
    outcome = "Success" if ending.condition == "Success" else "Failure"
    entry = {
        "Source": "lambda",
        "DetailType": f"Lambda Function Invocation Result - {outcome}",
        "Detail": text,
        "Resources": [destination, ending.function.invoked_version_arn],
        "EventBusName": destination,
    }
    return "events:PutEvents", {"Entries": [entry]}


def _dead_letter(
    call: Call, ending: Ending, outcome: InvokeOutcome | None, target_arn: str
) -> tuple[str, dict[str, Any]]:
    text = ending.payload.decode()
    attributes = {
        "RequestID": {"DataType": "String", "StringValue": ending.request_id},
        "ErrorCode": {"DataType": "Number", "StringValue": str(_status(outcome))},
        "ErrorMessage": {"DataType": "String", "StringValue": _message(ending, outcome)[:_ERROR_MESSAGE_CHARACTERS]},
    }
    if target_arn.split(":")[2] == "sns":
        return "sns:Publish", {"TopicArn": target_arn, "Message": text, "MessageAttributes": attributes}
    params = {"QueueUrl": _queue_url(call, target_arn), "MessageBody": text, "MessageAttributes": attributes}
    return "sqs:SendMessage", params


def _status(outcome: InvokeOutcome | None) -> int:
    return outcome.refused.status if outcome is not None and outcome.refused is not None else 200


def _message(ending: Ending, outcome: InvokeOutcome | None) -> str:
    if outcome is None:
        return ending.condition
    if outcome.refused is not None:
        return outcome.refused.message
    return str(error_object(outcome.payload).get("errorMessage") or outcome.function_error or ending.condition)


def _queue_url(call: Call, arn: str) -> str:
    *_, account, name = arn.split(":")
    return f"{call.api.settings.endpoint_url}/{account}/{name}"


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
