"""What functions, topics' subscribers and programs answer to a stack that waits for them, by a URL of this server.

On AWS such URLs are presigned ones of a bucket. Here they name a row: who knows the URL, which has 32 random bytes, may
answer. Source: CloudFormation user guide, "Custom resource response objects", "Wait condition signal".
"""

from __future__ import annotations

import base64
import json
from typing import Any

from segue import jobs
from segue.api import Call
from segue.store import Transaction

PREFIX = "/_segue/cloudformation/responses/"
MAX_BODY_BYTES = 4096
"""Of a custom resource's response; a longer one is kept as far as it shows that it is too long."""


def wake_key(response_id: str) -> str:
    """What is woken when an answer has come."""
    return f"cloudformation:response:{response_id}"


def expect(call: Call, stack: str) -> tuple[str, str]:
    """A new place for an answer: its id, and the URL to put the answer to."""
    secret = base64.b64decode(call.tx.ids.token(32))
    response_id = base64.urlsafe_b64encode(secret).decode().rstrip("=")
    call.tx.run("INSERT INTO cloudformation_responses VALUES (?, ?, ?, NULL)", response_id, stack, call.now_ms)
    return response_id, f"{call.api.settings.endpoint_url}{PREFIX}{response_id}"


def id_of(url: str) -> str:
    """The id within a URL that :func:`expect` has made."""
    return url.partition(PREFIX)[2]


def keep(tx: Transaction, response_id: str, body: bytes) -> bool:
    """An answer has come; whether anybody had asked."""
    row = tx.one("SELECT stack FROM cloudformation_responses WHERE id = ? AND body IS NULL", response_id)
    if row is None:
        return tx.one("SELECT 1 FROM cloudformation_responses WHERE id = ?", response_id) is not None
    if handle := _signal_of(body):
        tx.run(
            "INSERT INTO cloudformation_responses VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
            f"{response_id}/{handle}",
            row[0],
            tx.now_ms,
            body[: MAX_BODY_BYTES + 1],
        )
    else:
        tx.run("UPDATE cloudformation_responses SET body = ? WHERE id = ?", body[: MAX_BODY_BYTES + 1], response_id)
    jobs.wake(tx, wake_key(response_id))
    return True


def _signal_of(body: bytes) -> str:
    """Of a signal to a wait condition, which may come several times, what tells it from others."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    unique = told.get("UniqueId") if isinstance(told, dict) and "RequestId" not in told else None
    return unique if isinstance(unique, str) else ""


def answer(tx: Transaction, response_id: str) -> bytes | None:
    """The answer, if it has come."""
    row = tx.one("SELECT body FROM cloudformation_responses WHERE id = ?", response_id)
    return None if row is None else row[0]


def signals(tx: Transaction, response_id: str) -> list[dict[str, Any]]:
    """The signals that have come, each once, in their order."""
    sql = "SELECT body FROM cloudformation_responses WHERE id > ? AND id < ? ORDER BY made_at, id"
    return [json.loads(row[0]) for row in tx.all(sql, f"{response_id}/", f"{response_id}0")]


def forget(tx: Transaction, response_id: str) -> None:
    """Nobody waits for it any more."""
    tx.run("DELETE FROM cloudformation_responses WHERE id = ?", response_id)
    tx.run("DELETE FROM cloudformation_responses WHERE id > ? AND id < ?", f"{response_id}/", f"{response_id}0")


def forget_all(tx: Transaction, stack: str) -> None:
    """Nobody of a stack waits for anything any more."""
    tx.run("DELETE FROM cloudformation_responses WHERE stack = ?", stack)
