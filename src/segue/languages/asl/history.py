"""Events of an execution's history, with ids, types and details as GetExecutionHistory answers them."""

from __future__ import annotations

from typing import Any, NamedTuple

MAX_EVENTS = 25_000
"""A Standard execution's history ends here: this event *is* the ExecutionFailed (measured on AWS; see limits)."""

NOT_TRUNCATED = {"truncated": False}
"""``inputDetails`` and ``outputDetails`` of an event that carries its data."""

_SHARED_MEMBERS = {"StateEntered": "stateEnteredEventDetails", "StateExited": "stateExitedEventDetails"}


class HistoryEvent(NamedTuple):
    """One event.

    Attributes:
        id: from 1 on, without gaps.
        previous_event_id: the event that led to this one, in its own branch; 0 for none.
        timestamp_ms: milliseconds since the epoch.
        type: AWS's HistoryEventType.
        details: the members of the type's details structure; None where AWS answers no details at all.
    """

    id: int
    previous_event_id: int
    timestamp_ms: int
    type: str
    details: dict[str, Any] | None

    @property
    def details_member(self) -> str:
        """The member of HistoryEvent that carries the details, such as ``stateEnteredEventDetails``."""
        return details_member(self.type)

    def to_api(self) -> dict[str, Any]:
        """As GetExecutionHistory answers it, but for ``timestamp``, which stays in milliseconds."""
        event: dict[str, Any] = {
            "timestamp": self.timestamp_ms,
            "type": self.type,
            "id": self.id,
            "previousEventId": self.previous_event_id,
        }
        if self.details is not None:
            event[details_member(self.type)] = self.details
        return event


def details_member(event_type: str) -> str:
    """The details member for a HistoryEventType: all states share those of Entered and Exited."""
    shared = _SHARED_MEMBERS.get(event_type[-12:]) or _SHARED_MEMBERS.get(event_type[-11:])
    return shared or f"{event_type[0].lower()}{event_type[1:]}EventDetails"


def failure_details(error: str | None, cause: str | None) -> dict[str, Any]:
    """Details of a failure: what is not known is left out."""
    details = {}
    if error is not None:
        details["error"] = error
    if cause is not None:
        details["cause"] = cause
    return details
