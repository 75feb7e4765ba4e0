"""Running one job within a transaction: plain functions, so that a simulation can drive them as the worker does."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

from segue.api import Api, Call, Caller, housekeeping, outbox, sockets
from segue.api.deliver import JOB as DELIVERY
from segue.api.deliver import run_delivery
from segue.api.outbox_sending import run_sending
from segue.api.service import JobHandler
from segue.errors import WrittenByNewer
from segue.jobs import Again, Job, Outbound, Pending, queue
from segue.store import Transaction
from segue.store.blobs import MOVE, ContentElsewhere

log = logging.getLogger(__name__)

_BACKOFF_MS = (100, 1_000, 5_000, 30_000, 120_000, 300_000)
_LEFT_MS = 1_000  # then another node may have a look
_API_JOBS: dict[str, JobHandler] = {
    DELIVERY: run_delivery,
    housekeeping.JOB: housekeeping.run_housekeeping,
    housekeeping.BLOBS_JOB: housekeeping.run_collection,
    outbox.JOB: run_sending,
    sockets.LOST_JOB: sockets.run_lost,
}
_SYSTEM = Caller(kind="root")


def handler_of(api: Api, kind: str) -> JobHandler | None:
    """Who runs jobs of that kind."""
    return _API_JOBS.get(kind) or api.jobs.get(kind)


def run_job(api: Api, tx: Transaction, job: Job) -> tuple[Job, Outbound] | None:
    """Run a due job in this transaction.

    Returns:
        The job, leased, with what an edge must perform for it, or ``None`` when the job is done with for now.
    """
    if not queue.is_due(tx, job):
        return None
    handler = handler_of(api, job.kind)
    try:
        if handler is None:
            raise LookupError(f"no handler for jobs of kind {job.kind}")
        with tx.savepoint():
            answer = handler(_call(api, tx, job), job)
            if isinstance(answer, Pending) and len(answer.keys) != 1:
                raise ValueError(f"a job waits for one key, not for {len(answer.keys)}")
    except ContentElsewhere as away:
        answer = Outbound(MOVE, away, lambda call, _: Again(call.now_ms))
    except Exception as error:
        _failed(tx, job, error)
        return None
    if isinstance(answer, Outbound):
        return queue.lease(tx, job), answer
    _arrange(tx, job, answer)
    return None


def settle_job(api: Api, tx: Transaction, job: Job, outbound: Outbound, outcome: Any) -> bool:
    """Settle a leased job with what its effect came to; whether the lease still held (if not, nothing happens).

    Raises:
        ContentElsewhere: it is to be settled once that has been moved.
    """
    if not queue.holds(tx, job):
        return False
    try:
        with tx.savepoint():
            answer = outbound.settle(_call(api, tx, job), outcome)
    except ContentElsewhere:
        raise
    except Exception as error:
        _failed(tx, job, error)
    else:
        _arrange(tx, job, answer)
    return True


def fail_job(tx: Transaction, job: Job, error: Exception) -> None:
    """The effect itself broke (not: the function it ran): try again later."""
    if queue.holds(tx, job):
        _failed(tx, job, error)


def _arrange(tx: Transaction, job: Job, answer: Again | Pending | None) -> None:
    if isinstance(answer, Again):
        queue.reschedule(tx, job, answer.at_ms, payload=answer.payload, error=answer.reason or None)
    elif isinstance(answer, Pending):
        queue.reschedule(tx, job, answer.until_ms, wait_key=answer.keys[0])
    else:
        queue.done(tx, job)


def _failed(tx: Transaction, job: Job, error: Exception) -> None:
    if isinstance(error, WrittenByNewer):
        log.warning("job %s of %s is left to newer nodes: %s", job.kind, job.key, error)
        queue.reschedule(tx, replace(job, attempts=job.attempts - 1), tx.now_ms + _LEFT_MS, error=str(error))
        return
    delay_ms = _BACKOFF_MS[min(job.attempts, len(_BACKOFF_MS)) - 1]
    log.error("job %s of %s failed, next try in %d ms", job.kind, job.key, delay_ms, exc_info=error)
    queue.reschedule(tx, job, tx.now_ms + delay_ms, error=f"{type(error).__name__}: {error}")


def _call(api: Api, tx: Transaction, job: Job) -> Call:
    return Call(tx, _SYSTEM, api, tx.now_ms, trace=job.trace, request_id=str(job.id))
