"""Asynchronous invocations: run, tried again, given up, and handed on to where their outcomes go.

Source: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html: a failed event is tried twice
more, a minute and two minutes later; a throttled one for up to six hours, after a second, doubling up to five minutes.
A burst's throttled events are spread, each by chance, so that they do not come back as one.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from functools import partial

from segue.api import Call
from segue.api.caller import service_caller
from segue.api.deliver import retry_delay_ms
from segue.api.deliveries import Delivery, record
from segue.errors import AwsError
from segue.jobs import Again, Job, Outbound
from segue.services.lambda_ import metrics
from segue.services.lambda_.destinations import Ending, hand_on
from segue.services.lambda_.event_invoke_configs import EventInvokeConfig, config_in_force
from segue.services.lambda_.invocation import EFFECT, InvokeOutcome, InvokeRequest
from segue.services.lambda_.invoke import invoke_request
from segue.services.lambda_.names import FunctionName
from segue.services.lambda_.service import SERVICE
from segue.services.lambda_.sessions import PRINCIPAL

_RETRY_AFTER_MS = 60_000
_LOST = "(The event is lost: the function has neither a dead-letter queue nor a destination on failure.)"


@dataclass(frozen=True, slots=True)
class AsyncEvent:
    """An accepted event: the job's payload."""

    function_arn: str
    name: str
    qualifier: str
    payload: bytes
    request_id: str
    received_at_ms: int
    invocations: int = 0
    throttles: int = 0

    @property
    def function(self) -> FunctionName:
        """Whom it is for."""
        return FunctionName(self.function_arn, self.name, self.qualifier)


@SERVICE.job("async")
def run_async(call: Call, job: Job) -> Again | Outbound | None:
    """Invoke the function with the event."""
    event = AsyncEvent(**job.payload)
    call = call.as_caller(service_caller(PRINCIPAL, event.function_arn))
    config = config_in_force(call.tx, event.function.invoked_version_arn)
    if call.now_ms - event.received_at_ms > config.maximum_event_age_seconds * 1_000:
        _give_up(call, event, config, "EventAgeExceeded", None, None)
        return None
    try:
        request = invoke_request(call, event.function, event.payload, request_id=event.request_id)
    except AwsError as error:
        if error.status == 429:
            # Reserved concurrency 0 turns asynchronous processing off: events are handed on at once.
            refused = InvokeOutcome(refused=error)
            _give_up(call, event, config, "RetriesExhausted", refused, None)
            return None
        _note(call, event, "dropped", str(error))
        return None
    return Outbound(EFFECT, request, partial(_settle, event, request))


def _settle(event: AsyncEvent, request: InvokeRequest, call: Call, outcome: InvokeOutcome) -> Again | None:
    call = call.as_caller(service_caller(PRINCIPAL, event.function_arn), trace=request.trace)
    config = config_in_force(call.tx, event.function.invoked_version_arn)
    refused = outcome.refused
    if refused is not None and refused.retryable:
        later = replace(event, throttles=event.throttles + 1)
        delay_ms = retry_delay_ms(later.throttles, jitter=call.tx.ids.random.random)
        return _again(call, later, config, delay_ms, outcome, request)
    event = replace(event, invocations=event.invocations + 1)
    if refused is None and outcome.function_error is None:
        ending = Ending(event.request_id, event.function, event.payload, "Success", event.invocations)
        hand_on(call, request.target, ending, outcome, config.on_success)
        return None
    if event.invocations > config.maximum_retry_attempts:
        _give_up(call, event, config, "RetriesExhausted", outcome, request)
        return None
    return _again(call, event, config, _RETRY_AFTER_MS * event.invocations, outcome, request)


def _again(
    call: Call,
    event: AsyncEvent,
    config: EventInvokeConfig,
    delay_ms: int,
    outcome: InvokeOutcome,
    request: InvokeRequest,
) -> Again | None:
    at_ms = call.now_ms + delay_ms
    if at_ms - event.received_at_ms > config.maximum_event_age_seconds * 1_000:
        _give_up(call, event, config, "EventAgeExceeded", outcome, request)
        return None
    _note(call, event, "retrying", outcome.error_text)
    return Again(at_ms, asdict(event), outcome.error_text)


def _give_up(
    call: Call,
    event: AsyncEvent,
    config: EventInvokeConfig,
    condition: str,
    outcome: InvokeOutcome | None,
    request: InvokeRequest | None,
) -> None:
    ending = Ending(event.request_id, event.function, event.payload, condition, event.invocations)
    target = request.target if request is not None else None
    metrics.count(call, event.function_arn, "AsyncEventsDropped")
    reason = outcome.error_text if outcome else condition
    if hand_on(call, target, ending, outcome, config.on_failure):
        _note(call, event, "dead-lettered", reason)
    else:
        _note(call, event, "failed", f"{reason[:1_500]} {_LOST}")


def _note(call: Call, event: AsyncEvent, status: str, reason: str) -> None:
    arn = event.function.qualified_arn
    record(
        call, Delivery(arn, arn, "lambda:Invoke", status, event.invocations + event.throttles, reason, event.request_id)
    )
