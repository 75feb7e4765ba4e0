"""What is kept for a while is forgotten after it: one job, every hour, a bounded piece at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from segue import jobs
from segue.api import deduplication, deliveries, outbox, throttles
from segue.api.call import Call
from segue.api.service import Api, Keeper
from segue.config import Kept
from segue.jobs import Again, Job, Outbound
from segue.store import Transaction, contents

JOB = "api:housekeeping"
BLOBS_JOB = "api:collect-blobs"
BLOBS_EFFECT = "blobs:old"

_EVERY_MS = 3_600_000
_PIECE = 250


def ensure(tx: Transaction, kept: Kept) -> None:
    """See to it that there are the jobs, and soon enough."""
    for job, at_ms in ((JOB, tx.now_ms + every_ms(kept)), (BLOBS_JOB, tx.now_ms + _EVERY_MS)):
        if not jobs.exists(tx, job, job):
            jobs.enqueue(tx, job, job, None, at_ms=at_ms)
    if every_ms(kept) < _EVERY_MS:  # it may have been longer, before
        jobs.hurry(tx, JOB, JOB)


def run_housekeeping(call: Call, job: Job) -> Again:
    """Forget a piece of what is old; again at once while there is more of it. The payload is whose turn it is."""
    turn, place = job.payload or (0, None)
    keepers: list[Keeper] = [_forget_hops, _forget_throttles, _forget_mail, _forget_duplicates]
    keepers += [keeper for service in call.api.services.values() for keeper in service.housekeeping]
    for number, keeper in enumerate(keepers[turn:], turn):
        if more := keeper(call, place):
            return Again(call.now_ms, [number, more])
        place = None
    return Again(call.now_ms + every_ms(call.api.settings.kept), [0, None])


def every_ms(kept: Kept) -> int:
    """How often to look for what is old: every hour, or more often where something is kept for less than some."""
    spans = (kept.executions_ms, kept.deliveries_ms, kept.logs_ms)
    return max(1_000, min(_EVERY_MS, *(span // 4 for span in spans if span)))


def _forget_hops(call: Call, _: Any) -> bool:
    return deliveries.prune(call.tx, call.now_ms - call.api.settings.kept.deliveries_ms, _PIECE) == _PIECE


def _forget_throttles(call: Call, _: Any) -> bool:
    return throttles.prune(call.tx, _PIECE) == _PIECE


def _forget_mail(call: Call, _: Any) -> bool:
    return outbox.prune(call.tx, call.now_ms - outbox.KEPT_MS, _PIECE)


def _forget_duplicates(call: Call, _: Any) -> bool:
    return deduplication.prune(call.tx, _PIECE) == _PIECE


def run_collection(_: Call, job: Job) -> Outbound:
    """Remove the blobs that nobody names: a crash between a blob and its row leaves one, and so does a removed row.

    What is not young is listed by an edge, a piece of names at a time; the job's payload is where the next one begins.
    What is at places that are given up goes before.
    """
    return Outbound(BLOBS_EFFECT, job.payload or "", _remove_unnamed)


def blobs_in_use(api: Api, tx: Transaction, names: Sequence[str]) -> set[str]:
    """Which of these blobs some service's rows name."""
    marks = ", ".join("?" * len(names))
    named: set[str] = set()
    for table, column in _naming(api):
        named.update(row[0] for row in tx.all(f"SELECT {column} FROM {table} WHERE {column} IN ({marks})", *names))
    return named


def blobs_named(api: Api, tx: Transaction) -> list[str]:
    """All blobs that some service's rows name, in order."""
    naming = _naming(api)
    rows = (tx.all(f"SELECT DISTINCT {column} FROM {table} WHERE {column} <> ''") for table, column in naming)
    return sorted({row[0] for found in rows for row in found})


def _naming(api: Api) -> list[tuple[str, str]]:
    return [named for service in api.services.values() for named in service.names_contents]


def _remove_unnamed(call: Call, old: list[str]) -> Again:
    """Of these remove what no service's rows name: in the transaction that has looked, so that no row comes between.

    Content that is written again meanwhile is young again, and stays.
    """
    if not old:
        return Again(call.now_ms + _EVERY_MS, payload="")
    unnamed = set(old) - blobs_in_use(call.api, call.tx, old)
    contents.drop(call.tx, unnamed)
    if not call.api.blobs.is_cache:
        call.api.blobs.remove(unnamed)
    return Again(call.now_ms, payload=old[-1])
