"""What of a conversation goes on: ``GET /_segue/underway?trace=ID``. One look at the jobs; nothing is changed."""

from __future__ import annotations

from urllib.parse import parse_qs

import orjson

from segue.jobs import queue
from segue.store.group_commit import GroupCommit
from segue.wire.request import Request, Response

_SHOWN = 100


async def underway_page(store: GroupCommit, request: Request) -> Response:
    """At most 100 jobs of a conversation, those that are due first: what they do, for whom, when, whether now."""
    trace = parse_qs(request.query).get("trace", [""])[0]
    found = store.read(lambda tx: (queue.of_conversation(tx, trace, _SHOWN), tx.now_ms)) if trace else ([], 0)
    jobs = [
        {"kind": job.kind, "key": job.key, "at": job.due_at_ms, "runs": job.receipt != 0, "attempts": job.attempts}
        for job in found[0]
    ]
    return Response(200, {"content-type": "application/json"}, orjson.dumps({"jobs": jobs, "now": found[1]}))
