"""What an execution is to others and to AWS's quotas: who started it, and how near it is to its limits. Pure.

Source: Step Functions developer guide, "Start workflow executions from a task state" (the member that links executions)
and "Service quotas" (25,000 events, 256 KiB).
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from segue.arn import is_arn
from segue.cli.executions.visits import Account

MAX_EVENTS = 25_000
MAX_PAYLOAD_BYTES = 262_144
STARTED_BY = "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID"


def started_by(text: str | None) -> str | None:
    """The ARN of the execution that started the one with this input, where it says so as AWS's console reads it."""
    if not text or STARTED_BY not in text:
        return None
    try:
        given = json.loads(text)
    except (ValueError, RecursionError):
        return None
    arn = given.get(STARTED_BY) if isinstance(given, dict) else None
    return arn if isinstance(arn, str) and is_arn(arn) else None


@dataclass(frozen=True, slots=True)
class Nearness:
    """How much of what there may be is used.

    Attributes:
        events: of the history.
        payload_bytes: of the largest input or output of a state, in UTF-8.
        place: whose it is, in words.
    """

    events: int
    payload_bytes: int
    place: str

    @property
    def share(self) -> float:
        """Of the limit that is nearest."""
        return max(self.events / MAX_EVENTS, self.payload_bytes / MAX_PAYLOAD_BYTES)

    def __str__(self) -> str:
        largest = f"{self.payload_bytes / 1024:.1f} of {MAX_PAYLOAD_BYTES // 1024} KiB"
        where = f" ({self.place})" if self.place else ""
        return f"{self.events:,} of {MAX_EVENTS:,} events, largest payload {largest}{where}"


def nearness(account: Account) -> Nearness:
    """How near an execution is to its limits, as far as its history tells."""
    size, place = 0, ""
    for visit in account.all():
        for what, text in (("input", visit.input), ("output", visit.output)):
            if text is not None and len(text) * 4 > size and (found := len(text.encode("utf-8", "replace"))) > size:
                size, place = found, f"{what} of {visit.name}"
    return Nearness(account.events, size, place)
