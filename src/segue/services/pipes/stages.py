"""The two stages of an execution: which operation is performed with the events, and what its result says of them.

Sources: user guide, "Amazon EventBridge Pipes batching and concurrency" (arrays, partial failures), "Event enrichment"
(empty answers), "Amazon EventBridge Pipes targets"; API reference, ``PipeTargetParameters``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from segue.api import Call
from segue.api.sources.queues import queue_url
from segue.errors import AwsError
from segue.languages.asl.json_text import dump, parse
from segue.languages.input_templates import dynamic
from segue.services.pipes.checks import LARGEST_BATCH, kind_of
from segue.services.pipes.inputs import decoded, json_array
from segue.services.pipes.records import Pipe
from segue.wire.timestamps import from_text

Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Failures:
    """Which events failed (by their places in the batch), and why; ``None``: all of them."""

    places: frozenset[int] | None = frozenset()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """What is performed, and how its result is read.

    Attributes:
        enriched: the events of an enrichment's result.
        failed: what a target's result says.
    """

    operation: str
    params: dict[str, Any]
    enriched: Callable[[Answer], list[str]] = lambda answer: []
    failed: Callable[[Answer], Failures] = lambda answer: Failures()


def enrichment_request(pipe: Pipe, texts: Sequence[str], events: Sequence[str]) -> Request:
    """How the enrichment is asked."""
    arn, kind = pipe.enrichment, kind_of(pipe.enrichment)
    if kind == "lambda":
        return Request("lambda:Invoke", _invocation(arn, texts, "RequestResponse"), enriched=_of_function)
    if kind == "states":
        params = {"stateMachineArn": arn, "input": json_array(texts)}
        return Request("stepfunctions:StartSyncExecution", params, enriched=_of_execution)
    params = _http(arn, texts, events, pipe.enrichment_parameters)
    return Request("events:InvokeApiDestination", params, enriched=lambda answer: _events_of(answer["Body"]))


def target_request(call: Call, pipe: Pipe, texts: Sequence[str], events: Sequence[str], ids: Sequence[str]) -> Request:
    """How the target is given the events.

    Args:
        texts: what it gets of each event.
        events: the events, in which parameters that are paths look.
        ids: the identifiers of the source's records, by which answers may name those that failed.

    Raises:
        AwsError: they are more than the target takes.
    """
    kind = kind_of(str(pipe.target))
    if len(texts) > LARGEST_BATCH.get(kind, 1):
        raise AwsError("BatchTooLarge", f"{len(texts)} events are more than the target takes at once.")
    return _TARGETS[kind](call, pipe, texts, [decoded(parse(event)) for event in events], ids)


def _invocation(arn: str, texts: Sequence[str], kind: str) -> dict[str, Any]:
    return {"FunctionName": arn, "InvocationType": kind, "Payload": json_array(texts).encode()}


def _http(arn: str, texts: Sequence[str], events: Sequence[Any], parameters: dict[str, Any]) -> dict[str, Any]:
    event = events[0] if not isinstance(events[0], str) else decoded(parse(events[0]))
    params = {"ApiDestinationArn": arn, "Body": texts[0]}
    return params | (
        {"HttpParameters": dynamic(parameters["HttpParameters"], event)} if "HttpParameters" in parameters else {}
    )


def _of_function(answer: Answer) -> list[str]:
    _check_function(answer)
    return _events_of(bytes(answer["Payload"]).decode("utf-8", "replace"))


def _check_function(answer: Answer) -> None:
    if "FunctionError" not in answer:
        return
    text = bytes(answer["Payload"]).decode("utf-8", "replace")
    try:
        message = json.loads(text).get("errorMessage")
    except (ValueError, AttributeError):
        message = None
    raise AwsError("FunctionError", str(message or text))


def _of_execution(answer: Answer) -> list[str]:
    _check_execution(answer)
    return _events_of(answer.get("output", ""))


def _check_execution(answer: Answer) -> None:
    if answer["status"] != "SUCCEEDED":
        why = ": ".join(str(answer[name]) for name in ("error", "cause") if answer.get(name))
        raise AwsError(f"Execution{answer['status'].title().replace('_', '')}", why or "The execution failed.")


def _events_of(text: str) -> list[str]:
    """The events in an enrichment's answer; none where it is empty."""
    try:
        value = parse(text) if text else None
    except ValueError:
        return [dump(text)]
    if value in (None, "", {}, []):
        return []
    return [dump(item) for item in value] if isinstance(value, list) else [dump(value)]


def _reported(text: str, ids: Sequence[str]) -> Failures:
    """``batchItemFailures`` in a target's answer; one that names no record of the batch means all of them."""
    try:
        answer = json.loads(text) if text else None
    except (ValueError, RecursionError):
        return Failures()
    failures = answer.get("batchItemFailures") if isinstance(answer, dict) else None
    if not failures or not isinstance(failures, list):
        return Failures()
    places = {known: place for place, known in enumerate(ids)}
    named = [each.get("itemIdentifier") if isinstance(each, dict) else None for each in failures]
    found = [places.get(name) if isinstance(name, str) else None for name in named]
    whole = None if None in found else frozenset(place for place in found if place is not None)
    return Failures(whole, "reported as failed by the target")


def _function(_: Call, pipe: Pipe, texts: Sequence[str], __: Sequence[Any], ids: Sequence[str]) -> Request:
    given = pipe.target_parameters.get("LambdaFunctionParameters", {}).get("InvocationType", "REQUEST_RESPONSE")
    if given == "FIRE_AND_FORGET":
        return Request("lambda:Invoke", _invocation(str(pipe.target), texts, "Event"))

    def failed(answer: Answer) -> Failures:
        _check_function(answer)
        return _reported(bytes(answer["Payload"]).decode("utf-8", "replace"), ids)

    return Request("lambda:Invoke", _invocation(str(pipe.target), texts, "RequestResponse"), failed=failed)


def _state_machine(_: Call, pipe: Pipe, texts: Sequence[str], __: Sequence[Any], ids: Sequence[str]) -> Request:
    given = pipe.target_parameters.get("StepFunctionStateMachineParameters", {}).get("InvocationType")
    params = {"stateMachineArn": str(pipe.target), "input": json_array(texts)}
    if given == "FIRE_AND_FORGET":
        return Request("stepfunctions:StartExecution", params)

    def failed(answer: Answer) -> Failures:
        _check_execution(answer)
        return _reported(answer.get("output", ""), ids)

    return Request("stepfunctions:StartSyncExecution", params, failed=failed)


def _queue(call: Call, pipe: Pipe, texts: Sequence[str], events: Sequence[Any], _: Sequence[str]) -> Request:
    parameters = pipe.target_parameters.get("SqsQueueParameters", {})
    entries = [
        {"Id": str(place), "MessageBody": text, **_given(dynamic(parameters, event))}
        for place, (text, event) in enumerate(zip(texts, events, strict=True))
    ]
    return Request(
        "sqs:SendMessageBatch", {"QueueUrl": queue_url(call, str(pipe.target)), "Entries": entries}, failed=_entries
    )


def _given(parameters: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in parameters.items() if value != ""}


def _topic(_: Call, pipe: Pipe, texts: Sequence[str], __: Sequence[Any], ___: Sequence[str]) -> Request:
    entries = [{"Id": str(place), "Message": text} for place, text in enumerate(texts)]
    params = {"TopicArn": str(pipe.target), "PublishBatchRequestEntries": entries}
    return Request("sns:PublishBatch", params, failed=_entries)


def _entries(answer: Answer) -> Failures:
    """The failures of a batch operation, by the entries' ids."""
    failed = answer.get("Failed", [])
    reason = "; ".join(sorted({f"{entry['Code']}: {entry.get('Message', '')}" for entry in failed}))
    return Failures(frozenset(int(entry["Id"]) for entry in failed), reason)


def _bus(_: Call, pipe: Pipe, texts: Sequence[str], events: Sequence[Any], __: Sequence[str]) -> Request:
    """Source and detail type are those that pipes on AWS give unless told."""
    parameters = pipe.target_parameters.get("EventBridgeEventBusParameters", {})
    if "EndpointId" in parameters:
        raise AwsError("NotImplemented", "Segue does not implement global endpoints (EndpointId).", status=501)
    kind = "dynamodb" if pipe.reads_stream else "sqs"
    entries = [
        {
            "Source": f"Pipe {pipe.name}",
            "DetailType": f"Event from aws:{kind}",
            "EventBusName": str(pipe.target),
            "Detail": text,
            **_with_time(_given(dynamic(parameters, event))),
        }
        for text, event in zip(texts, events, strict=True)
    ]
    return Request("events:PutEvents", {"Entries": entries}, failed=_put)


def _with_time(parameters: dict[str, Any]) -> dict[str, Any]:
    if "Time" not in parameters:
        return parameters
    at_ms = _milliseconds(parameters["Time"])
    return {**parameters, "Time": at_ms} if at_ms is not None else {k: v for k, v in parameters.items() if k != "Time"}


def _milliseconds(text: str) -> int | None:
    """A time in ISO 8601, or in seconds or milliseconds since the epoch."""
    if text.isascii() and text.isdigit():
        return int(text) if len(text) > 10 else int(text) * 1_000
    try:
        return from_text(text)
    except ValueError:
        return None


def _put(answer: Answer) -> Failures:
    failed = {place: entry for place, entry in enumerate(answer["Entries"]) if entry.get("ErrorCode")}
    reason = "; ".join(sorted({f"{entry['ErrorCode']}: {entry.get('ErrorMessage', '')}" for entry in failed.values()}))
    return Failures(frozenset(failed), reason)


def _log_group(call: Call, pipe: Pipe, texts: Sequence[str], events: Sequence[Any], _: Sequence[str]) -> Request:
    parameters = pipe.target_parameters.get("CloudWatchLogsParameters", {})
    group = pipe.target.resource.removeprefix("log-group:").removesuffix(":*")
    stream = str(dynamic(parameters.get("LogStreamName", pipe.name), events[0])) or pipe.name
    names = {"logGroupName": group, "logStreamName": stream}
    with suppress(AwsError), call.tx.savepoint():  # what is wrong here will meet PutLogEvents
        call.perform("logs:CreateLogStream", names)
    lines: list[dict[str, Any]] = []
    for text, event in zip(texts, events, strict=True):
        at_ms = _milliseconds(dynamic(parameters["Timestamp"], event)) if "Timestamp" in parameters else None
        lines.append({"timestamp": call.now_ms if at_ms is None else at_ms, "message": text})
    lines.sort(key=lambda line: line["timestamp"])
    return Request("logs:PutLogEvents", {**names, "logEvents": lines})


def _api_destination(_: Call, pipe: Pipe, texts: Sequence[str], events: Sequence[Any], __: Sequence[str]) -> Request:
    return Request("events:InvokeApiDestination", _http(str(pipe.target), texts, events, pipe.target_parameters))


_TARGETS: dict[str, Callable[[Call, Pipe, Sequence[str], Sequence[Any], Sequence[str]], Request]] = {
    "lambda": _function,
    "states": _state_machine,
    "sqs": _queue,
    "sns": _topic,
    "events": _bus,
    "logs": _log_group,
    "api-destination": _api_destination,
}
