"""A look into a queue that receives nothing: ``GET /_segue/peek?queue=ARN``."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import orjson

from segue.store import Transaction
from segue.store.group_commit import GroupCommit
from segue.wire.request import Request, Response

#: The oldest messages of the queue with this ARN, at most so many.
Peek = Callable[[Transaction, str, int], list[dict[str, Any]]]

_MESSAGES = 50
_BODY_CHARACTERS = 20_000


def peek_page(store: GroupCommit, peek: Peek, request: Request) -> Response:
    """The oldest messages; of a long body its beginning, ``bodyCharacters`` says how long it is."""
    queue = parse_qs(request.query).get("queue", [""])[0]
    if request.method != "GET" or not queue:
        return _json(400, {"message": "GET with 'queue', the ARN of a queue."})
    messages = store.read(lambda tx: peek(tx, queue, _MESSAGES))
    for message in messages:
        body = message["body"]
        message["bodyCharacters"] = len(body)
        message["body"] = body[:_BODY_CHARACTERS]
    return _json(200, {"messages": messages})


def _json(status: int, body: object) -> Response:
    headers = {"content-type": "application/json", "cache-control": "no-store", "x-content-type-options": "nosniff"}
    return Response(status, headers, orjson.dumps(body, default=lambda value: b64encode(value).decode()))
