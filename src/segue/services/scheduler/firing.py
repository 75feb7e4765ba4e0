"""Schedules that fire: a job at the next time, which has another invoke the target, and plans the time after it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from segue import jobs
from segue.api import Call, Target
from segue.api.deliver import attempt, dead_letter
from segue.api.deliveries import Delivery, record
from segue.arn import parse_arn
from segue.errors import AwsError, not_implemented
from segue.jobs import Again, Job, Outbound, Pending
from segue.languages.schedules import At, Schedule, parse_zoned
from segue.services.scheduler import records
from segue.services.scheduler.records import ScheduleRow
from segue.services.scheduler.service import PRINCIPAL, SERVICE
from segue.services.scheduler.targets import Occasion, payload_of, request_of
from segue.store import Transaction

_FIRE = "scheduler:fire"
_INVOKE = "scheduler:invoke"


def plan(tx: Transaction, schedule: ScheduleRow) -> None:
    """The schedule is new or has changed: what was planned is forgotten, what is first is planned.

    A rate counts from the start date, or from now on. A one-time schedule whose time has passed runs at once.
    """
    jobs.cancel(tx, _FIRE, schedule.arn)
    if schedule.state != "ENABLED":
        return
    start_ms = max(tx.now_ms, schedule.document.get("StartDate", 0))
    expression = _expression(schedule)
    at_ms = expression.at_ms if isinstance(expression, At) else _next_ms(schedule, start_ms - 1, start_ms)
    if at_ms is not None:
        jobs.enqueue(tx, _FIRE, schedule.arn, {"start": start_ms, "at": at_ms}, at_ms=at_ms)


def forget(tx: Transaction, arn: str) -> None:
    """The schedule is gone."""
    jobs.cancel(tx, _FIRE, arn)
    records.delete_schedule(tx, arn)


def _expression(schedule: ScheduleRow) -> Schedule:
    return parse_zoned(schedule.document["ScheduleExpression"], schedule.document["ScheduleExpressionTimezone"])


def _next_ms(schedule: ScheduleRow, after_ms: int, start_ms: int) -> int | None:
    at_ms = _expression(schedule).next_after_ms(after_ms, start_ms)
    return None if at_ms is None or at_ms > schedule.document.get("EndDate", at_ms) else at_ms


@SERVICE.invariant
def schedules_are_planned(tx: Transaction) -> Iterator[str]:
    """Whatever has a next time has the job for it."""
    for (arn,) in tx.all("SELECT arn FROM scheduler_schedules WHERE state = 'ENABLED' ORDER BY arn"):
        schedule = records.find_schedule(tx, arn)
        if schedule is None or isinstance(_expression(schedule), At) or jobs.exists(tx, _FIRE, arn):
            continue
        if _next_ms(schedule, tx.now_ms, tx.now_ms) is not None:
            yield f"{arn}: enabled, and not planned"


@SERVICE.job("fire")
def fire(call: Call, job: Job) -> Again | None:
    """Have the target invoked, at once or somewhen in the window. Times that passed while nothing ran fire once."""
    schedule = records.find_schedule(call.tx, job.key)
    if schedule is None or schedule.state != "ENABLED":
        return None
    start_ms, at_ms = job.payload["start"], job.payload["at"]
    due_ms = call.now_ms + _delay_ms(call, schedule)
    payload = {"target": schedule.document["Target"], "at": at_ms, "due": due_ms}
    trace = f"Root=1-{call.now_ms // 1000:08x}-{call.tx.ids.random.getrandbits(96):024x}"
    jobs.enqueue(call.tx, _INVOKE, schedule.arn, payload, at_ms=due_ms, trace=trace)
    after_ms = _next_ms(schedule, max(call.now_ms, at_ms), start_ms)
    if after_ms is not None:
        return Again(after_ms, {"start": start_ms, "at": after_ms})
    if schedule.document["ActionAfterCompletion"] == "DELETE":
        records.delete_schedule(call.tx, schedule.arn)
    return None


def _delay_ms(call: Call, schedule: ScheduleRow) -> int:
    window = schedule.document["FlexibleTimeWindow"]
    minutes = window.get("MaximumWindowInMinutes", 0) if window["Mode"] == "FLEXIBLE" else 0
    return int(call.tx.ids.random.random() * minutes * 60_000)


@SERVICE.job("invoke")
def invoke(call: Call, job: Job) -> Again | Outbound | Pending | None:
    """Invoke the target once; by its retry policy again."""
    target: dict[str, Any] = job.payload["target"]
    occasion = Occasion(job.key, job.payload["at"], f"{call.tx.ids.random.getrandbits(64):016x}", job.attempts)
    due_ms = job.payload["due"]
    call = call.as_caller(call.caller.in_region(parse_arn(job.key).region))
    payload = payload_of(call, target, occasion)
    try:
        request = request_of(call, target, payload)
    except AwsError as error:
        _refused(call, target, occasion, payload, error)
        return None
    if request is None:
        service = parse_arn(target["Arn"]).service
        _refused(call, target, occasion, payload, not_implemented(f"targets of the service '{service}'"))
        return None
    return attempt(call, _delivery(target, occasion, payload, *request), job.attempts, due_ms)


def _refused(call: Call, target: dict[str, Any], occasion: Occasion, payload: str, error: AwsError) -> None:
    delivery = _delivery(target, occasion, payload, f"{parse_arn(target['Arn']).service}:?", {})
    kept = bool(delivery.dead_letter_arn) and dead_letter(call, delivery, error, occasion.attempt)
    status = "dead-lettered" if kept else "failed"
    reason = f"{error.code}: {error.message}"
    hop = Delivery(delivery.source_arn, delivery.target_arn, delivery.operation, status, occasion.attempt, reason)
    record(call, hop)


def _delivery(
    target: dict[str, Any], occasion: Occasion, payload: str, operation: str, params: dict[str, Any]
) -> Target:
    """The delivery with the target's retry policy and dead-letter queue.

    Source: user guide, "Configuring a dead-letter queue": the message is the input, its attributes say of what.
    """
    retry = target["RetryPolicy"]
    return Target(
        service=PRINCIPAL,
        source_arn=occasion.schedule_arn,
        target_arn=target["Arn"],
        operation=operation,
        params=params,
        role_arn=target["RoleArn"],
        dead_letter_arn=target.get("DeadLetterConfig", {}).get("Arn", ""),
        dead_letter_body=payload,
        dead_letter_attributes={
            "EXECUTION_ID": occasion.execution_id,
            "IS_PAYLOAD_TRUNCATED": "false",
            "SCHEDULED_TIME": occasion.scheduled_time,
            "SCHEDULE_ARN": occasion.schedule_arn,
            "TARGET_ARN": target["Arn"],
        },
        max_attempts=retry["MaximumRetryAttempts"] + 1,
        max_age_ms=retry["MaximumEventAgeInSeconds"] * 1_000,
        subject=occasion.execution_id,
    )
