"""Rules that fire by the clock: a job at the next time, which delivers and makes the one after it."""

from __future__ import annotations

from collections.abc import Iterator

from segue import jobs
from segue.api import Call
from segue.arn import parse_arn
from segue.jobs import Again, Job
from segue.languages.schedules import parse_schedule
from segue.services.events.compiled import compile_targets
from segue.services.events.event import make_event
from segue.services.events.records import Rule, find_rule, targets_of
from segue.services.events.routing import send
from segue.services.events.service import SERVICE
from segue.store import Transaction

_JOB = "events:fire"


def reschedule(tx: Transaction, rule: Rule) -> None:
    """The rule is new, has changed, or is gone: what was planned is forgotten, what is next is planned."""
    jobs.cancel(tx, _JOB, rule.arn)
    if rule.schedule is None or not rule.enabled:
        return
    at_ms = parse_schedule(rule.schedule).next_after_ms(tx.now_ms, tx.now_ms)
    if at_ms is not None:
        jobs.enqueue(tx, _JOB, rule.arn, {"start_ms": tx.now_ms}, at_ms=at_ms)


@SERVICE.invariant
def scheduled_rules_are_planned(tx: Transaction) -> Iterator[str]:
    """Whatever has a next time has the job for it."""
    for (arn,) in tx.all("SELECT arn FROM events_rules WHERE schedule IS NOT NULL ORDER BY arn"):
        rule = find_rule(tx, arn)
        if rule is None or rule.schedule is None or not rule.enabled or jobs.exists(tx, _JOB, arn):
            continue
        if parse_schedule(rule.schedule).next_after_ms(tx.now_ms, tx.now_ms) is not None:
            yield f"{arn}: enabled, and not planned"


@SERVICE.job("fire")
def fire(call: Call, job: Job) -> Again | None:
    """Deliver a scheduled event to the rule's targets. Times that passed while nothing ran are fired once."""
    rule = find_rule(call.tx, job.key)
    if rule is None or rule.schedule is None or not rule.enabled:
        return None
    parsed = parse_arn(rule.arn)
    trace = f"Root=1-{call.now_ms // 1000:08x}-{call.tx.ids.random.getrandbits(96):024x}"
    event = make_event(
        event_id=call.tx.ids.uuid(),
        detail_type="Scheduled Event",
        source="aws.events",
        account=parsed.account,
        region=parsed.region,
        time_ms=job.due_at_ms if job.attempts <= 1 else call.now_ms,
        resources=[rule.arn],
        detail={},
        now_ms=call.now_ms,
        trace=trace,
    )
    traced = call.as_caller(call.caller.in_region(parsed.region), trace)
    for target in compile_targets(targets_of(call.tx, rule.arn)):
        send(traced, rule.arn, rule.name, target, event)
    at_ms = parse_schedule(rule.schedule).next_after_ms(call.now_ms, job.payload["start_ms"])
    return None if at_ms is None else Again(at_ms)
