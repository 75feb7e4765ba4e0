"""What of a conversation goes on: ``GET /_segue/underway?trace=ID``. One look at the jobs; nothing is changed."""

from __future__ import annotations

from urllib.parse import parse_qs

import orjson

from segue.jobs import queue
from segue.store.store import Store
from segue.wire.request import Request, Response

_SHOWN = 100


async def underway_page(store: Store, request: Request) -> Response:
    """At most 100 jobs of a conversation, those that are due first: what they do, for whom, when, whether now."""
    trace = parse_qs(request.query).get("trace", [""])[0]
    found, now_ms = await store.look(lambda tx: (queue.of_conversation(tx, trace, _SHOWN) if trace else [], tx.now_ms))
    jobs = [
        {"kind": job.kind, "key": job.key, "at": job.due_at_ms, "runs": job.receipt != 0, "attempts": job.attempts}
        for job in found
    ]
    return Response(200, {"content-type": "application/json"}, orjson.dumps({"jobs": jobs, "now": now_ms}))
