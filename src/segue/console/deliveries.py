"""The record of deliveries, to be followed live: ``GET /_segue/deliveries?after=ID&wait=SECONDS``.

Further: ``last=N`` begins with the newest N; ``trace=ID`` and ``resource=ARN`` keep to one conversation or resource.
"""

from __future__ import annotations

from urllib.parse import parse_qs

import orjson

from segue.api import deliveries
from segue.store import Transaction
from segue.store.store import Store
from segue.wire.request import Request, Response

_LONGEST_WAIT_SECONDS = 20.0
_PAGE = 500
_BEHIND = 1_000 << 22
"""A second in ids: nodes commit in another order than they number."""
_HELP = "'after' is the id of the last hop that you have, 'wait' a number of seconds, 'last' how many of the newest."


async def deliveries_page(store: Store, request: Request) -> Response:
    """At most 500 hops after ``after``, oldest first; with ``wait``, a long poll until there is one."""
    query = parse_qs(request.query)
    try:
        after = int(query.get("after", ["0"])[0])
        wait_ms = int(min(float(query.get("wait", ["0"])[0]), _LONGEST_WAIT_SECONDS) * 1000)
        last = min(int(query.get("last", ["0"])[0]), _PAGE)
        if after.bit_length() > 63 or last < 0:
            raise ValueError
    except (ValueError, OverflowError):
        return _json(400, {"message": _HELP})
    trace, resource = query.get("trace", [""])[0], query.get("resource", [""])[0]

    def unit(tx: Transaction) -> tuple[list[dict[str, object]], int, int]:
        if last:
            return deliveries.newest(tx, last), 0, tx.seq
        return deliveries.since(tx, after, _PAGE, trace=trace, resource=resource), deliveries.latest(tx), tx.seq

    until_ms = store.clock.now_ms() + wait_ms
    while True:
        hops, latest, seq = await store.look(unit)
        if hops or store.clock.now_ms() >= until_ms:
            return _json(200, {"deliveries": hops})
        after = max(after, latest - _BEHIND)  # what is not wanted is looked at once
        await store.wakes.park((deliveries.RECORDED,), seq, until_ms)


def _json(status: int, body: object) -> Response:
    return Response(status, {"content-type": "application/json"}, orjson.dumps(body))
