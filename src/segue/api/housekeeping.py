"""What is kept for a while is forgotten after it: one job, every hour, a bounded piece at a time."""

from __future__ import annotations

from segue import jobs
from segue.api import deliveries
from segue.api.call import Call
from segue.jobs import Again, Job
from segue.store import Transaction

JOB = "api:housekeeping"

DELIVERIES_KEPT_MS = 7 * 86_400_000
"""How long the record of deliveries goes back."""

_EVERY_MS = 3_600_000
_PIECE = 2_000


def ensure(tx: Transaction) -> None:
    """See to it that there is the job."""
    if tx.one("SELECT 1 FROM jobs WHERE key = ? AND kind = ?", JOB, JOB) is None:
        jobs.enqueue(tx, JOB, JOB, None, at_ms=tx.now_ms + _EVERY_MS)


def run_housekeeping(call: Call, _: Job) -> Again:
    """Forget what is old; again at once while there is more of it."""
    more = deliveries.prune(call.tx, call.now_ms - DELIVERIES_KEPT_MS, _PIECE) == _PIECE
    for service in call.api.services.values():
        for keep_house in service.housekeeping:
            more = keep_house(call) or more
    return Again(call.now_ms if more else call.now_ms + _EVERY_MS)
