"""Where custom resources and wait conditions are answered: by a URL that only who was asked knows."""

from __future__ import annotations

from collections.abc import Callable

from segue.store import Transaction
from segue.store.store import Store
from segue.wire.request import Request, Response

Keep = Callable[[Transaction, str, bytes], bool]


async def responses_page(store: Store, prefix: str, keep: Keep, request: Request) -> Response:
    """``PUT PREFIX…``: an answer is kept, and whoever waits for it is woken. Answered as a bucket does."""
    if request.method != "PUT":
        return Response(405, {"content-type": "text/plain"}, b"Only PUT.\n")
    response_id = request.path.removeprefix(prefix)
    if not await store.write(lambda tx: keep(tx, response_id, request.body)):
        return Response(404, {"content-type": "text/plain"}, b"Nobody waits for this answer.\n")
    return Response(200, {}, b"")
