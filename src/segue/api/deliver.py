"""Delivering from one resource to another: in the sender's transaction, retried as jobs, never lost in silence.

A topic, a rule, a destination, a schedule all hand on messages the same way: the operation on the target is performed
under a savepoint on the authority of the sending service. What may succeed later is tried again by the sender's
policy; what may not goes to the dead-letter queue, or is dropped; every outcome is recorded with its reason. What
leaves the building, or has to be waited for, is done by a job.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any, Literal

from segue import jobs
from segue.api.bus_errors import bus_error_code
from segue.api.call import Call
from segue.api.caller import Caller, role_caller, service_caller
from segue.api.deliveries import Delivery, place, record
from segue.arn import is_arn, parse_arn
from segue.errors import AwsError
from segue.jobs import Again, Job, Outbound, Pending

JOB = "api:deliver"
_ATTEMPTS = "attempts"
"""In a job's payload: how many there have been before it; one where it is not said."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a message goes, and what happens if it cannot.

    Attributes:
        service: the sending service's principal (``sns.amazonaws.com``).
        source_arn: the sending resource.
        account: whose it is, where its ARN does not say (a bucket's).
        target_arn: the receiving resource.
        operation: what is performed on it (``sqs:SendMessage``).
        params: the operation's input.
        role_arn: the role that the service assumes for it, if one is configured.
        dead_letter_arn: the queue for what cannot be delivered.
        dead_letter_body: what goes there.
        dead_letter_attributes: message attributes that go there beside those of the error (see :func:`dead_letter`).
        max_attempts: how often to try, the first time included.
        max_age_ms: for how long to try.
        subject: the message's id, for the record.
        bus_errors: dead letters call errors what event buses call them (``NO_RESOURCE``).
        topic_errors: dead letters tell of errors as topics and functions do (``ErrorCode``, ``ErrorMessage``).
        dead_letter_params: members of the message that goes there beside its body (its group, its attributes).
        delays_ms: how long to wait before each further attempt, where a schedule of the receiver's says it; it also
            says how many there are.
        report: the operation that is told what has come of it, once that is final; with ``report_params`` it gets
            ``Status`` (``delivered``, ``failed``), ``Attempts``, ``Answer`` (a result) and ``Error`` (code, message).
    """

    service: str
    source_arn: str
    target_arn: str
    operation: str
    params: dict[str, Any]
    role_arn: str = ""
    dead_letter_arn: str = ""
    dead_letter_body: str = ""
    dead_letter_attributes: dict[str, str] | None = None
    max_attempts: int = 186
    max_age_ms: int = 86_400_000
    subject: str = ""
    account: str = ""
    bus_errors: bool = False
    topic_errors: bool = False
    dead_letter_params: dict[str, Any] | None = None
    delays_ms: list[int] | None = None
    report: str = ""
    report_params: dict[str, Any] | None = None


def deliver_later(call: Call, target: Target, at_ms: int) -> None:
    """Have a job deliver, for the first time at ``at_ms``."""
    payload = {**asdict(target), _ATTEMPTS: 0}
    jobs.enqueue(call.tx, JOB, target.source_arn, payload, at_ms=at_ms, trace=call.trace)


def deliver(call: Call, target: Target) -> bool:
    """Deliver now, in this transaction; whether it arrived. If it did not, what follows is already arranged."""
    try:
        answer = _attempt(call, target, 1, call.now_ms, here=True)
    except _Leaves:
        deliver_later(call, target, call.now_ms)
        return False
    if isinstance(answer, Again):
        jobs.enqueue(call.tx, JOB, target.source_arn, asdict(target), at_ms=answer.at_ms, trace=call.trace)
    return answer is True


def run_delivery(call: Call, job: Job) -> Again | Outbound | Pending | None:
    """The job that tries a delivery, for the first time (one that leaves the building) or again."""
    payload = dict(job.payload)
    number = payload.pop(_ATTEMPTS, 1) + job.attempts
    return attempt(call, Target(**payload), number, job.created_at_ms)


def attempt(call: Call, target: Target, number: int, since_ms: int) -> Again | Outbound | Pending | None:
    """Try a delivery: for jobs whose message changes with every attempt, or that have more to do than to deliver.

    Args:
        number: of this attempt; the first is 1.
        since_ms: when the first one was due.

    Returns:
        ``Again`` when to try the next time; ``None`` if it arrived or is given up (both are recorded).
    """
    answer = _attempt(call, target, number, since_ms)
    return None if isinstance(answer, bool) else answer


class _Leaves(Exception):
    """What is to be performed cannot be done in this transaction alone."""


def _attempt(
    call: Call, target: Target, number: int, since_ms: int, *, here: bool = False
) -> Again | Outbound | Pending | bool:
    began = place(call)
    try:
        with call.tx.savepoint():
            result = call.as_caller(_caller(call, target)).perform(target.operation, target.params)
            if here and not isinstance(result, dict):
                raise _Leaves
            _check_entries(result)
    except AwsError as error:
        return _failed(call, target, number, since_ms, error)
    if isinstance(result, Outbound):
        return Outbound(result.effect, result.request, partial(_settle, target, number, since_ms, result))
    if isinstance(result, Pending):
        return result
    record(call, _delivery(target, "delivered", number), began)
    _report(call, target, "delivered", number, result)
    return True


def _check_entries(result: Any) -> None:
    """An operation on several entries answers well where all of them fail: of a delivery's one entry that is an error.

    Raises:
        AwsError: what is said of the entry; it may pass if it is the service's fault.
    """
    if isinstance(result, dict) and result.get("FailedEntryCount"):
        failed = next(entry for entry in result["Entries"] if entry.get("ErrorCode"))
        code = failed["ErrorCode"]
        retryable = code.startswith(("Internal", "Throttl"))
        raise AwsError(code, failed.get("ErrorMessage", ""), retryable=retryable)


def _settle(target: Target, number: int, since_ms: int, outbound: Outbound, call: Call, outcome: Any) -> Again | None:
    try:  # what settling writes before it finds an error stays (a token that was refused is forgotten)
        result = outbound.settle(call.as_caller(_caller(call, target)), outcome)
        _check_entries(result)
    except AwsError as error:
        return _failed(call, target, number, since_ms, error) or None
    record(call, _delivery(target, "delivered", number))
    _report(call, target, "delivered", number, result)
    return None


def _report(call: Call, target: Target, status: str, attempts: int, answer: Any, error: AwsError | None = None) -> None:
    if not target.report:
        return
    told = {"code": error.code, "message": error.message} if error is not None else None
    outcome = {"Status": status, "Attempts": attempts, "Answer": answer, "Error": told}
    by_service = call.as_caller(service_caller(target.service, target.source_arn))
    by_service.perform(target.report, {**(target.report_params or {}), **outcome})


def _caller(call: Call, target: Target) -> Caller:
    region = parse_arn(target.source_arn).region if is_arn(target.source_arn) else ""
    caller = (
        role_caller(target.role_arn, target.source_arn.rsplit(":", 1)[-1][:64], region or call.region)
        if target.role_arn
        else service_caller(target.service, target.source_arn)
    )
    if target.account:
        caller = replace(caller, account=target.account)
    if is_arn(target.target_arn):
        # The operation happens where its target is, which may be another region than the sender's.
        caller = caller.in_region(parse_arn(target.target_arn).region or caller.region)
    return caller


def _failed(call: Call, target: Target, number: int, since_ms: int, error: AwsError) -> Again | Literal[False]:
    delay_ms, too_often = _next(call, target, number)
    at_ms = call.now_ms + delay_ms
    reason = f"{error.code}: {error.message}"
    exhausted = ""
    if error.retryable:
        too_old = at_ms - since_ms > target.max_age_ms
        if not too_often and not too_old:
            record(call, _delivery(target, "retrying", number, reason))
            return Again(at_ms, reason=reason)
        exhausted = "MaximumRetryAttempts" if too_often else "MaximumEventAgeInSeconds"
    kept = bool(target.dead_letter_arn) and dead_letter(call, target, error, number, exhausted)
    record(call, _delivery(target, "dead-lettered" if kept else "dropped", number, reason))
    _report(call, target, "failed", number, None, error)
    return False


def _next(call: Call, target: Target, number: int) -> tuple[int, bool]:
    """How long to wait after the failed attempt of that number, and whether it was the last."""
    if target.delays_ms is None:
        delay_ms = retry_delay_ms(number, jitter=call.tx.ids.random.random)
        return delay_ms, number >= target.max_attempts
    return (0, True) if number > len(target.delays_ms) else (target.delays_ms[number - 1], False)


def dead_letter(call: Call, target: Target, error: AwsError, attempts: int = 1, exhausted: str = "") -> bool:
    """Send what could not be delivered to its dead-letter queue; whether it is there.

    That failing too is recorded, not raised. Beside the target's own attributes the message has those of the error:
    its code and message, how often it was tried again and, where that has ended, by which limit.

    Args:
        attempts: how often it was tried.
        exhausted: the member of the retry policy that has ended it; empty where trying again is of no use.
    """
    queue = parse_arn(target.dead_letter_arn)
    more = dict(target.dead_letter_params or {})
    attributes = {
        **more.pop("MessageAttributes", {}),
        **{
            name: {"DataType": "String", "StringValue": value}
            for name, value in _of_error(call, target, error, attempts, exhausted).items()
            if value
        },
    }
    params = {
        "QueueUrl": f"{call.api.settings.endpoint_url}/{queue.account}/{queue.resource}",
        "MessageBody": target.dead_letter_body,
        "MessageAttributes": attributes,
        **more,
    }
    caller = service_caller(target.service, target.source_arn).in_region(queue.region)
    try:
        with call.tx.savepoint():
            call.as_caller(caller).perform("sqs:SendMessage", params)
    except AwsError as failure:
        record(
            call,
            Delivery(
                target.source_arn, target.dead_letter_arn, "sqs:SendMessage", "dropped", 1, str(failure), target.subject
            ),
        )
        return False
    return True


def _of_error(call: Call, target: Target, error: AwsError, attempts: int, exhausted: str) -> dict[str, str]:
    if target.topic_errors:
        return {"RequestID": call.tx.ids.uuid(), "ErrorCode": error.code, "ErrorMessage": error.message}
    return {
        "ERROR_CODE": bus_error_code(error) if target.bus_errors else error.code,
        "ERROR_MESSAGE": error.message,
        "RETRY_ATTEMPTS": str(attempts - 1),
        "EXHAUSTED_RETRY_CONDITION": exhausted,
        **(target.dead_letter_attributes or {}),
    }


def retry_delay_ms(attempt: int, *, jitter: Callable[[], float] = random.random) -> int:
    """Exponential backoff with jitter, from a second to five minutes, as EventBridge and SNS describe theirs."""
    ceiling = min(300_000, 1_000 * 2 ** min(attempt - 1, 9))
    return int(ceiling / 2 + jitter() * ceiling / 2)


def _delivery(target: Target, status: str, attempt: int, reason: str = "") -> Delivery:
    return Delivery(target.source_arn, target.target_arn, target.operation, status, attempt, reason, target.subject)
