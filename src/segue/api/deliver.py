"""Delivering from one resource to another: in the sender's transaction, retried as jobs, never lost in silence.

A topic, a rule, a destination, a schedule all hand on messages the same way: the operation on the target is performed
under a savepoint on the authority of the sending service. What may succeed later is tried again by the sender's
policy; what may not goes to the dead-letter queue, or is dropped; every outcome is recorded with its reason.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

from segue import jobs
from segue.api.call import Call
from segue.api.caller import role_caller, service_caller
from segue.api.deliveries import Delivery, place, record
from segue.arn import is_arn, parse_arn
from segue.errors import AwsError
from segue.jobs import Again, Job

JOB = "api:deliver"


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
        dead_letter_attributes: message attributes that go there beside AWS's ``ERROR_CODE`` and ``ERROR_MESSAGE``.
        max_attempts: how often to try, the first time included.
        max_age_ms: for how long to try.
        subject: the message's id, for the record.
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


def deliver(call: Call, target: Target) -> bool:
    """Deliver now, in this transaction; whether it arrived. If it did not, what follows is already arranged."""
    return _attempt(call, target, 1, call.now_ms) is None


def run_delivery(call: Call, job: Job) -> Again | None:
    """The job that tries a delivery again."""
    return _attempt(call, Target(**job.payload), job.attempts + 1, job.created_at_ms, again=True)


def _attempt(call: Call, target: Target, attempt: int, since_ms: int, *, again: bool = False) -> Again | None:
    caller = (
        role_caller(target.role_arn, target.source_arn.rsplit(":", 1)[-1][:64], call.region)
        if target.role_arn
        else service_caller(target.service, target.source_arn)
    )
    if target.account:
        caller = replace(caller, account=target.account)
    if is_arn(target.target_arn):
        # The operation happens where its target is, which may be another region than the sender's.
        caller = caller.in_region(parse_arn(target.target_arn).region or caller.region)
    began = place(call)
    try:
        with call.tx.savepoint():
            result = call.as_caller(caller).perform(target.operation, target.params)
            if not isinstance(result, dict):
                raise AwsError("InternalFailure", f"{target.operation} cannot be a delivery's target", status=500)
    except AwsError as error:
        return _failed(call, target, attempt, since_ms, error, again)
    record(call, _delivery(target, "delivered", attempt), began)
    return None


def _failed(call: Call, target: Target, attempt: int, since_ms: int, error: AwsError, again: bool) -> Again | None:
    at_ms = call.now_ms + retry_delay_ms(attempt, jitter=call.tx.ids.random.random)
    reason = f"{error.code}: {error.message}"
    if error.retryable and attempt < target.max_attempts and at_ms - since_ms <= target.max_age_ms:
        record(call, _delivery(target, "retrying", attempt, reason))
        if again:
            return Again(at_ms, reason=reason)
        jobs.enqueue(call.tx, JOB, target.source_arn, asdict(target), at_ms=at_ms, trace=call.trace)
        return Again(at_ms)
    kept = bool(target.dead_letter_arn) and dead_letter(call, target, error)
    record(call, _delivery(target, "dead-lettered" if kept else "dropped", attempt, reason))
    return None if again else Again(0)


def dead_letter(call: Call, target: Target, error: AwsError) -> bool:
    """Send what could not be delivered to its dead-letter queue; whether it is there.

    That failing too is recorded, not raised.
    """
    queue = parse_arn(target.dead_letter_arn)
    attributes = {"ERROR_CODE": error.code, "ERROR_MESSAGE": error.message, **(target.dead_letter_attributes or {})}
    params = {
        "QueueUrl": f"{call.api.settings.endpoint_url}/{queue.account}/{queue.resource}",
        "MessageBody": target.dead_letter_body,
        "MessageAttributes": {
            name: {"DataType": "String", "StringValue": value} for name, value in attributes.items() if value
        },
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


def retry_delay_ms(attempt: int, *, jitter: Callable[[], float] = random.random) -> int:
    """Exponential backoff with jitter, from a second to five minutes, as EventBridge and SNS describe theirs."""
    ceiling = min(300_000, 1_000 * 2 ** min(attempt - 1, 9))
    return int(ceiling / 2 + jitter() * ceiling / 2)


def _delivery(target: Target, status: str, attempt: int, reason: str = "") -> Delivery:
    return Delivery(target.source_arn, target.target_arn, target.operation, status, attempt, reason, target.subject)
