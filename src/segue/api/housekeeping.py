"""What is kept for a while is forgotten after it: one job, every hour, a bounded piece at a time."""

from __future__ import annotations

from collections.abc import Sequence

from segue import jobs
from segue.api import deliveries, outbox, throttles
from segue.api.call import Call
from segue.api.service import Api
from segue.jobs import Again, Job, Outbound
from segue.store import Transaction

JOB = "api:housekeeping"
BLOBS_JOB = "api:collect-blobs"
BLOBS_EFFECT = "blobs:old"

DELIVERIES_KEPT_MS = 7 * 86_400_000
"""How long the record of deliveries goes back."""

_EVERY_MS = 3_600_000
_PIECE = 2_000


def ensure(tx: Transaction) -> None:
    """See to it that there are the jobs."""
    for job in (JOB, BLOBS_JOB):
        if tx.one("SELECT 1 FROM jobs WHERE key = ? AND kind = ?", job, job) is None:
            jobs.enqueue(tx, job, job, None, at_ms=tx.now_ms + _EVERY_MS)


def run_housekeeping(call: Call, _: Job) -> Again:
    """Forget what is old; again at once while there is more of it."""
    more = deliveries.prune(call.tx, call.now_ms - DELIVERIES_KEPT_MS, _PIECE) == _PIECE
    more = throttles.prune(call.tx, _PIECE) == _PIECE or more
    more = outbox.prune(call.tx, call.now_ms - outbox.KEPT_MS, _PIECE) or more
    for service in call.api.services.values():
        for keep_house in service.housekeeping:
            more = keep_house(call) or more
    return Again(call.now_ms if more else call.now_ms + _EVERY_MS)


def run_collection(_: Call, job: Job) -> Outbound:
    """Remove the blobs that nobody names: a crash between a blob and its row leaves one, and so does a removed row.

    What is not young is listed by an edge, a piece of names at a time; the job's payload is where the next one begins.
    """
    return Outbound(BLOBS_EFFECT, job.payload or "", _remove_unnamed)


def blobs_in_use(api: Api, tx: Transaction, names: Sequence[str]) -> set[str]:
    """Which of these blobs some service's rows name."""
    named: set[str] = set()
    for service in api.services.values():
        if service.blobs_in_use is not None:
            named |= service.blobs_in_use(tx, names)
    return named


def _remove_unnamed(call: Call, old: list[str]) -> Again:
    """Of these remove what no service's rows name: in the transaction that has looked, so that no row comes between.

    Content that is written again meanwhile is young again, and stays.
    """
    if not old:
        return Again(call.now_ms + _EVERY_MS, payload="")
    named = blobs_in_use(call.api, call.tx, old)
    call.api.blobs.remove(name for name in old if name not in named)
    return Again(call.now_ms, payload=old[-1])
