"""How long ended executions are kept, and their definitions."""

from __future__ import annotations

from typing import Any

from segue import jobs
from segue.api import Call
from segue.jobs import Again, Job
from segue.services.states import definitions, map_dispatch, records
from segue.services.states.service import SERVICE

ANSWERS_KEPT_MS = 3_600_000
"""Of an Express execution only an answer that nobody has fetched is left."""

CHILDREN_KEPT_MS = 86_400_000
"""Express children of a Map Run that succeeded can be listed and described for a day: there may be very many. Those of
one that did not are kept with it, to be redriven.
"""

_PIECE = 50
_CHUNKS_AT_ONCE = 500
_HISTORY_JOB = "stepfunctions:forget-history"


def _forget_standard(call: Call, _: Any) -> bool:
    return _forget_executions(call, "STANDARD", call.api.settings.kept.executions_ms)


def _forget_express(call: Call, _: Any) -> bool:
    return _forget_executions(call, "EXPRESS", ANSWERS_KEPT_MS)


def _forget_children(call: Call, _: Any) -> bool:
    return map_dispatch.forget_old_children(call, call.now_ms - CHILDREN_KEPT_MS)


SERVICE.housekeeping += [_forget_standard, _forget_express, _forget_children, definitions.forget_unused]


def _forget_executions(call: Call, kind: str, kept_ms: int) -> bool:
    """Forget a piece of the executions that ended long ago; whether there is more of them."""
    ended = records.ended_before(call.tx, kind, call.now_ms - kept_ms, _PIECE)
    for arn, number, chunks in ended:
        map_dispatch.forget(call, arn)
        records.forget_execution(call.tx, arn, number)
        if chunks > _CHUNKS_AT_ONCE:
            jobs.enqueue(call.tx, _HISTORY_JOB, arn, number)
        else:
            records.drop_chunks(call.tx, number)
    return len(ended) == _PIECE


@SERVICE.job("forget-history")
def forget_history(call: Call, job: Job) -> Again | None:
    """Forget a long history, a piece at a time; its execution is gone already."""
    return Again(call.now_ms) if records.drop_some_chunks(call.tx, job.payload, _CHUNKS_AT_ONCE) else None
