"""Traps about tasks: callbacks, retries, catchers, limits of inline maps and Express workflows."""

from __future__ import annotations

import json
from collections.abc import Iterator

from segue.languages.asl.diagnostics import Diagnostic
from segue.languages.asl.validate_map import mode_of
from segue.languages.asl_hints.containers import Place

MAX_INLINE_CONCURRENCY = 40
"""Developer guide, "Using Map state in Inline mode"."""

MAX_EXPRESS_SECONDS = 300

_TIME_LIMITS = ("TimeoutSeconds", "TimeoutSecondsPath", "HeartbeatSeconds", "HeartbeatSecondsPath")


ALWAYS_THE_SAME: dict[str, str] = {
    "States.ParameterPathFailure": "the same paths are read again",
    "States.ResultPathMatchFailure": "the same ResultPath is written again",
    "States.IntrinsicFailure": "the same function gets the same arguments",
    "States.QueryEvaluationError": "the same expression gets the same input",
    "States.DataLimitExceeded": "the payload stays as big as it was",
    "States.NoChoiceMatched": "only Choice states give it, and they have no Retry",
    "States.Permissions": "the role has no more rights than before",
}

KNOWN_ERRORS = frozenset(
    [
        "States.ALL",
        "States.BranchFailed",
        "States.DataLimitExceeded",
        "States.ExceedToleratedFailureThreshold",
        "States.HeartbeatTimeout",
        "States.Http.Socket",
        "States.IntrinsicFailure",
        "States.ItemReaderFailed",
        "States.NoChoiceMatched",
        "States.ParameterPathFailure",
        "States.Permissions",
        "States.QueryEvaluationError",
        "States.ResultPathMatchFailure",
        "States.ResultWriterFailed",
        "States.Runtime",
        "States.TaskFailed",
        "States.Timeout",
    ]
)
"""Developer guide, "Handling errors in Step Functions workflows"; what begins with States. is reserved."""


def waits_for_callback(place: Place) -> bool:
    """Whether the task ends when somebody else says so."""
    return place.resource.endswith(".waitForTaskToken") or ":activity:" in place.resource


def callback_without_timeout(place: Place) -> Iterator[Diagnostic]:
    if waits_for_callback(place) and not any(field in place.state for field in _TIME_LIMITS):
        message = (
            "Nothing ends this task if the answer never comes, for up to a year: set TimeoutSeconds or HeartbeatSeconds"
        )
        yield place.hint("CALLBACK_WITHOUT_TIMEOUT", message)


def callback_without_token(place: Place) -> Iterator[Diagnostic]:
    if not place.resource.endswith(".waitForTaskToken"):
        return
    field = "Arguments" if place.language == "JSONata" else "Parameters"
    sent = json.dumps(place.state.get(field), ensure_ascii=False)
    token = "$states.context.Task.Token" if place.language == "JSONata" else "$$.Task.Token"
    if "Task.Token" in sent or '"$$"' in sent or '"$"' in sent or (sent.startswith('"{%') and "context" in sent):
        return
    if place.language == "JSONPath" and ".$" in sent and '"$' in sent and "Token" in sent:
        return  # the token may travel in a variable or in the input
    message = f"The task waits for its token to come back, but does not send it: put {token} into {field}"
    yield place.hint("CALLBACK_WITHOUT_TOKEN", message, f"{place.where}/{field}" if field in place.state else "")


def catch_drops_input(place: Place) -> Iterator[Diagnostic]:
    for catcher, where in place.entries("Catch"):
        target = place.container.states.get(catcher.get("Next", ""), {})
        if target.get("Type") == "Fail":
            continue
        if place.language == "JSONPath" and "ResultPath" not in catcher:
            message = 'The error takes the place of the state\'s input; to keep both, set "ResultPath": "$.error"'
            yield place.hint("CATCH_DROPS_INPUT", message, where)
        elif place.language == "JSONata" and "Output" not in catcher and "Assign" not in catcher:
            message = "The error takes the place of the state's input; to keep it, set Output or Assign"
            yield place.hint("CATCH_DROPS_INPUT", message, where)


def pointless_retry(place: Place) -> Iterator[Diagnostic]:
    for retrier, where in place.entries("Retry"):
        for position, name in enumerate(retrier["ErrorEquals"]):
            if name in ALWAYS_THE_SAME and retrier.get("MaxAttempts") != 0:
                message = f"Trying again does not help against {name}: {ALWAYS_THE_SAME[name]}"
                yield place.hint("POINTLESS_RETRY", message, f"{where}/ErrorEquals[{position}]")


def errors_that_do_not_match(place: Place) -> Iterator[Diagnostic]:
    for field in ("Retry", "Catch"):
        for entry, where in place.entries(field):
            for position, name in enumerate(entry["ErrorEquals"]):
                at = f"{where}/ErrorEquals[{position}]"
                if name == "States.Runtime":
                    message = "States.Runtime is neither retried nor caught: it always fails the execution"
                    yield place.hint("ERROR_NEVER_HANDLED", message, at)
                elif name.startswith("States.") and name not in KNOWN_ERRORS:
                    yield place.hint("UNKNOWN_ERROR_NAME", f"Step Functions has no error {name}", at)


def crowded_inline_map(place: Place) -> Iterator[Diagnostic]:
    wanted = place.state.get("MaxConcurrency")
    is_inline = place.type == "Map" and mode_of(place.state) == "INLINE"
    if is_inline and type(wanted) is int and wanted > MAX_INLINE_CONCURRENCY:
        message = f"An inline Map runs {MAX_INLINE_CONCURRENCY} iterations at a time on AWS, whatever this says"
        yield place.hint("INLINE_CONCURRENCY", message, f"{place.where}/MaxConcurrency")


def too_long_for_express(place: Place) -> Iterator[Diagnostic]:
    if place.container.kind != "EXPRESS":
        return
    for field in ("Seconds", "TimeoutSeconds"):
        if type(place.state.get(field)) is int and place.state[field] > MAX_EXPRESS_SECONDS:
            message = "Express workflows end after five minutes"
            yield place.hint("TOO_LONG_FOR_EXPRESS", message, f"{place.where}/{field}")


TASK_RULES = (
    callback_without_timeout,
    callback_without_token,
    catch_drops_input,
    pointless_retry,
    errors_that_do_not_match,
    crowded_inline_map,
    too_long_for_express,
)
