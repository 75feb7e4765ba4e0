"""The record of what moved from where to where: one row a hop, with its outcome and reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from segue.store import Row, Transaction

if TYPE_CHECKING:
    from segue.api.call import Call

MIGRATIONS = (
    """
    CREATE TABLE deliveries (
        id BIGINT PRIMARY KEY,
        at BIGINT NOT NULL,
        trace TEXT NOT NULL,
        source TEXT NOT NULL,
        target TEXT NOT NULL,
        operation TEXT NOT NULL,
        status TEXT NOT NULL,
        attempts BIGINT NOT NULL,
        reason TEXT NOT NULL,
        subject TEXT NOT NULL
    );
    CREATE INDEX deliveries_trace ON deliveries (trace);
    """,
    """
    CREATE INDEX deliveries_audit ON deliveries (source, operation, target) WHERE status = 'audit';
    """,
)

PARTITION_KEYS = {"deliveries": "trace"}

LOOKED_AT = 20_000

RECORDED = "deliveries:recorded"
"""The wake key of those who follow the record live."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One hop.

    Attributes:
        source, target: ARNs (or a principal's, for a call from outside).
        operation: what was performed (``sns:Publish``, ``lambda:Invoke``, …).
        status: ``delivered``, ``retrying``, ``failed``, ``dead-lettered``, ``dropped``, ``ignored`` or
            ``late``.
        attempts: how many there have been.
        reason: why it is not delivered.
        subject: the id of what moved.
    """

    source: str
    target: str
    operation: str
    status: str = "delivered"
    attempts: int = 1
    reason: str = ""
    subject: str = ""


_PLACES = ("ApiEndpoint", "FunctionName", "TopicArn", "QueueUrl", "StateMachineArn", "TableName", "TaskToken")


def whither(params: Any, result: Any, region: str) -> tuple[str, str]:
    """Where an operation brought something, and the id of what that is; empty where its input and result do not tell.

    An execution that was started is told by its own ARN, a queue by the one that its URL stands for.
    """
    given, got = (one if isinstance(one, dict) else {} for one in (params, result))
    subject = got.get("MessageId")
    target = got.get("executionArn") or next(filter(None, map(partial(_named, given), _PLACES)), "")
    if target.startswith(("http://", "https://")) and target.count("/") == 4 and "QueueUrl" in given:
        account, queue = target.split("/")[3:]
        target = f"arn:aws:sqs:{region}:{account}:{queue}"
    return target, subject if isinstance(subject, str) else ""


def _named(params: dict[str, Any], name: str) -> str:
    """A member that may be spelled with a small letter at its beginning."""
    return str(params.get(name) or params.get(f"{name[0].lower()}{name[1:]}") or "")


def trace_root(trace: str) -> str:
    """The conversation that a trace header belongs to: its ``Root``."""
    start = trace.find("Root=")
    return trace[start + 5 :].split(";", 1)[0] if start >= 0 else trace


def place(call: Call) -> int:
    """A place in the record for a hop that begins now: before the hops that it leads to."""
    return call.tx.ids.ordered(call.tx.now_ms)


def record(call: Call, delivery: Delivery, at: int | None = None) -> None:
    """Write a hop down, in the transaction in which it happened; ``at`` the place that was kept for it, if one was."""
    call.tx.run(
        "INSERT INTO deliveries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        place(call) if at is None else at,
        call.tx.now_ms,
        trace_root(call.trace),
        delivery.source,
        delivery.target,
        delivery.operation,
        delivery.status,
        delivery.attempts,
        delivery.reason[:2_000],
        delivery.subject,
    )
    call.tx.wake(RECORDED)
    if delivery.source.startswith("arn:"):
        counts = call.api.delivery_counts.get(delivery.source.split(":", 3)[2])
        if counts is not None:
            counts(call, delivery)


def is_recorded(call: Call, audit: Delivery) -> bool:
    """Whether the record holds already that its source may not do that to its target."""
    sql = "SELECT 1 FROM deliveries WHERE source = ? AND operation = ? AND target = ? AND status = 'audit' LIMIT 1"
    return call.tx.one(sql, audit.source, audit.operation, audit.target) is not None


_NAMES = ("id", "at", "trace", "source", "target", "operation", "status", "attempts", "reason", "subject")
_SELECT = f"SELECT {', '.join(_NAMES)} FROM deliveries"


def since(
    tx: Transaction, after_id: int, limit: int = 500, *, trace: str = "", resource: str = ""
) -> list[dict[str, object]]:
    """The hops after ``after_id``, oldest first: all, those of one conversation, or those from or to a resource (of the
    newest :data:`LOOKED_AT`: resources have no index, which each hop would pay for)."""
    if trace:
        rows = tx.all(f"{_SELECT} WHERE trace = ? AND id > ? ORDER BY id LIMIT ?", trace, after_id, limit)
    elif resource:
        row = tx.one("SELECT id FROM deliveries ORDER BY id DESC LIMIT 1 OFFSET ?", LOOKED_AT)
        rows = tx.all(
            f"{_SELECT} WHERE id > ? AND (source = ? OR target = ?) ORDER BY id LIMIT ?",
            after_id if row is None else max(after_id, row[0]),
            resource,
            resource,
            limit,
        )
    else:
        rows = tx.all(f"{_SELECT} WHERE id > ? ORDER BY id LIMIT ?", after_id, limit)
    return _hops(rows)


def latest(tx: Transaction) -> int:
    """The id of the last hop."""
    row = tx.one("SELECT id FROM deliveries ORDER BY id DESC LIMIT 1")
    return 0 if row is None else int(row[0])


def newest(tx: Transaction, limit: int) -> list[dict[str, object]]:
    """The last hops, oldest of them first."""
    return _hops(tx.all(f"{_SELECT} ORDER BY id DESC LIMIT ?", limit))[::-1]


def _hops(rows: Sequence[Row]) -> list[dict[str, object]]:
    return [dict(zip(_NAMES, row, strict=True)) for row in rows]


def prune(tx: Transaction, before_ms: int, limit: int = 5_000) -> int:
    """Forget the hops of before ``before_ms``; how many."""
    return tx.run(
        "DELETE FROM deliveries WHERE id IN (SELECT id FROM deliveries WHERE id < ? ORDER BY id LIMIT ?)",
        before_ms << 22,
        limit,
    )
