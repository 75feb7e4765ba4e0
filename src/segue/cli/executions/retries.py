"""When a state that failed is tried again. Pure: of its visit and its definition."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import Any

from segue.cli.executions.visits import Visit, ms_of
from segue.languages.asl.retry import Failure, Retrier


@dataclass(frozen=True, slots=True)
class NextAttempt:
    """What comes after a failure.

    Attributes:
        at_ms: when; of a jittered one, when at the latest.
        count: which one it is of those that its retrier allows.
        most: how many these are.
        is_jittered: whether chance decides how long before ``at_ms`` it comes.
    """

    at_ms: int
    count: int
    most: int
    is_jittered: bool

    @property
    def words(self) -> str:
        """``retry 1 of 2``."""
        return f"retry {self.count} of {self.most}"


def next_attempt(visit: Visit, state: Any) -> NextAttempt | None:
    """The attempt that follows the visit's last failure; ``None`` if there is none, or nobody can tell."""
    retriers = _retriers(state)
    used = [0] * len(retriers)
    retrier, count = None, 0
    for error in visit.failures:
        failure = Failure(error, None)
        at = next((at for at, one in enumerate(retriers) if failure.matches(one.errors)), None)
        if at is None or failure.is_fatal:
            return None
        retrier, used[at] = retriers[at], used[at] + 1
        count = used[at]
    if retrier is None or count > retrier.max_attempts:
        return None
    delay_ms = replace(retrier, is_jittered=False).delay_ms(count - 1, random.Random(0))
    return NextAttempt(ms_of(visit.last["timestamp"]) + delay_ms, count, retrier.max_attempts, retrier.is_jittered)


def _retriers(state: Any) -> list[Retrier]:
    specs = state.get("Retry") if isinstance(state, dict) else None
    try:
        return [Retrier.of(spec) for spec in specs or ()]
    except (AttributeError, KeyError, TypeError):
        return []
