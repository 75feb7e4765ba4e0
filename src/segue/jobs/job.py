"""The values that durable work is made of: a job, and the three answers that are not a result yet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Job:
    """One row of durable work.

    Attributes:
        id: its key; grows with time.
        kind: which handler runs it (``service:what``).
        key: whom it belongs to (an ARN, a frame): jobs are cancelled and throttled by it.
        payload: plain data (what msgpack carries).
        attempts: how often it has been started, this time included.
        due_at_ms: when it was to run.
        created_at_ms: when it was made.
        trace: the trace header of what caused it.
        receipt: names this lease: only its holder may settle the job.
    """

    id: int
    kind: str
    key: str
    payload: Any
    attempts: int
    due_at_ms: int
    created_at_ms: int
    trace: str
    receipt: int


@dataclass(frozen=True, slots=True)
class Pending:
    """Not yet: look again when one of ``keys`` is woken, or at ``until_ms``.

    Attributes:
        ends_ms: given where all who wait for the (one) key wait for the same thing, such as a message of a queue: a
            wake then is for one of them, who has waited longest, and so is ``until_ms``. At ``ends_ms`` each looks.
    """

    keys: tuple[str, ...]
    until_ms: int
    ends_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Again:
    """A job's handler wants to run again at ``at_ms`` (with ``payload``, if given)."""

    at_ms: int
    payload: Any = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Outbound:
    """Something that leaves the building: an edge performs it outside of any transaction, then settles it in one.

    Attributes:
        effect: which edge performs it (``lambda:invoke``).
        request: what that edge takes. Lives in memory only; a lost one is made anew from its job's row.
        settle: called with the call of a new transaction and the effect's outcome; returns the operation's result,
            or raises ``AwsError``. For a job: returns ``None`` (done) or ``Again``.
    """

    effect: str
    request: Any
    settle: Callable[[Any, Any], Any]
