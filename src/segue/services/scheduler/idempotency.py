"""Client tokens: a call that is repeated with the same token is answered as the first time.

Source: API reference, ``ClientToken``. How long tokens are remembered AWS does not say; here it is an hour.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from functools import wraps
from typing import Any

from segue.api import Call
from segue.services.scheduler.service import SERVICE, conflict, scope_of

_KEPT_MS = 3_600_000
_FORGOTTEN_AT_ONCE = 500

Handle = Callable[[Call, dict[str, Any]], dict[str, Any]]


def once(handle: Handle) -> Handle:
    """Have a handler answer a repeated call from memory. ``ConflictException`` where the parameters are others."""

    @wraps(handle)
    def handled(call: Call, params: dict[str, Any]) -> dict[str, Any]:
        token = params.get("ClientToken")
        if not token:
            return handle(call, params)
        text = json.dumps([handle.__name__, params], sort_keys=True)
        request = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        known = call.tx.one(
            "SELECT request, answer FROM scheduler_tokens WHERE scope = ? AND token = ? AND expires_at > ?",
            scope_of(call),
            token,
            call.now_ms,
        )
        if known is not None:
            if known[0] != request:
                raise conflict("The client token was used before, with other parameters.")
            answer: dict[str, Any] = json.loads(known[1])
            return answer
        answer = handle(call, params)
        call.tx.run(
            "INSERT INTO scheduler_tokens VALUES (?, ?, ?, ?, ?) ON CONFLICT (scope, token) DO UPDATE SET"
            " request = excluded.request, answer = excluded.answer, expires_at = excluded.expires_at",
            scope_of(call),
            token,
            request,
            json.dumps(answer),
            call.now_ms + _KEPT_MS,
        )
        return answer

    return handled


def forget_tokens(call: Call, _: Any) -> bool:
    """Forget some of the old tokens; whether there are more."""
    gone = call.tx.run(
        "DELETE FROM scheduler_tokens WHERE (scope, token) IN"
        " (SELECT scope, token FROM scheduler_tokens WHERE expires_at <= ? LIMIT ?)",
        call.now_ms,
        _FORGOTTEN_AT_ONCE,
    )
    return gone == _FORGOTTEN_AT_ONCE


SERVICE.housekeeping.append(forget_tokens)
