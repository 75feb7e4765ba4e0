"""An event as it travels: its envelope, and its JSON text made once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from segue.languages.asl.json_text import dump


@dataclass(frozen=True, slots=True)
class Event:
    """One event.

    Attributes:
        id: its UUID; kept while it stays in its region.
        body: the envelope with the detail, parsed: what patterns match.
        text: the same as JSON text: what targets are given.
        region: where it is now (the envelope's region is where it came from).
        ingested_at_ms: when the bus received it.
        trace: the trace header of what caused it.
        hops: how many buses have passed it on.
    """

    id: str
    body: dict[str, Any]
    text: str
    region: str
    ingested_at_ms: int
    trace: str = ""
    hops: int = 0

    def passed_on(self, region: str, new_id: str) -> Event:
        """The event on its way to another bus; in another region it gets an id of its own (conformance:
        events_cross_account_region)."""
        if region == self.region:
            return replace(self, hops=self.hops + 1)
        body = {**self.body, "id": new_id}
        return replace(self, id=new_id, body=body, text=dump(body), region=region, hops=self.hops + 1)


def make_event(
    *,
    event_id: str,
    detail_type: str,
    source: str,
    account: str,
    region: str,
    time_ms: int,
    resources: Sequence[str],
    detail: dict[str, Any],
    now_ms: int,
    trace: str,
) -> Event:
    """An event with its envelope in AWS's order."""
    body = {
        "version": "0",
        "id": event_id,
        "detail-type": detail_type,
        "source": source,
        "account": account,
        "time": timestamp(time_ms),
        "region": region,
        "resources": list(resources),
        "detail": detail,
    }
    return Event(event_id, body, dump(body), region, now_ms, trace)


def timestamp(time_ms: int) -> str:
    """ISO 8601 with whole seconds, as in an event's envelope."""
    return _timestamp(time_ms // 1_000)


@lru_cache(maxsize=64)
def _timestamp(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
