"""A look into a queue that receives nothing: ``GET /_segue/peek?queue=ARN``, with at most ``messages`` of them."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import orjson

from segue.store import Transaction
from segue.store.store import Store
from segue.wire.request import Request, Response

#: The first ``messages`` of the queue with this ARN, at most so many, and what else is to be told of it.
Peek = Callable[[Transaction, str, int], dict[str, Any]]

_MESSAGES = 50
_BODY_CHARACTERS = 20_000


async def peek_page(store: Store, peek: Peek, request: Request) -> Response:
    """The first messages; of a long body its beginning, ``bodyCharacters`` says how long it is."""
    query = parse_qs(request.query)
    queue, asked = query.get("queue", [""])[0], query.get("messages", [str(_MESSAGES)])[0]
    if request.method != "GET" or not queue or not asked.isdecimal():
        return _json(400, {"message": "GET with 'queue', the ARN of a queue, and perhaps 'messages', how many."})
    limit = min(int(asked[:9]), _MESSAGES)
    found = await store.look(lambda tx: peek(tx, queue, limit))
    for message in found["messages"]:
        body = message["body"]
        message["bodyCharacters"] = len(body)
        message["body"] = body[:_BODY_CHARACTERS]
    return _json(200, found)


def _json(status: int, body: object) -> Response:
    headers = {"content-type": "application/json", "cache-control": "no-store", "x-content-type-options": "nosniff"}
    return Response(status, headers, orjson.dumps(body, default=lambda value: b64encode(value).decode()))
