"""What must be true of an execution's history, whoever wrote it."""

from __future__ import annotations

from itertools import pairwise

from segue.languages.asl.history import HistoryEvent
from segue.services.states import chunks, records
from segue.store import Transaction

_CLOCKS_APART_MS = 5
"""Nodes have the database's time, but for the time that it takes to ask for it."""


def history(tx: Transaction, arn: str) -> list[HistoryEvent]:
    """The events of an execution."""
    execution = records.find_execution(tx, arn)
    assert execution is not None, f"{arn} is lost"
    packed = records.event_chunks(tx, execution.number, 1, 25_000)
    return [event for chunk in packed for event in chunks.unpack_events(chunk)]


def check_history(tx: Transaction, arn: str) -> None:
    """No gap, no event before its cause or its time, one beginning, and one end after each redrive."""
    execution = records.find_execution(tx, arn)
    events = history(tx, arn)
    assert [event.id for event in events] == list(range(1, len(events) + 1)), "a gap in the history"
    assert all(event.previous_event_id < event.id for event in events)
    times = [event.timestamp_ms for event in events]
    late = [earlier for earlier, later in pairwise(times) if later < earlier - _CLOCKS_APART_MS]
    assert not late, f"earlier than its cause: {times}"
    ends = [event.type for event in events if event.type.startswith("Execution")]
    assert ends[0] == "ExecutionStarted"
    last = {"SUCCEEDED": "Succeeded", "FAILED": "Failed", "ABORTED": "Aborted", "TIMED_OUT": "TimedOut"}
    assert execution is not None
    assert ends[-1] == f"Execution{last[execution.status]}", (execution.status, ends)
    unended, redriven = set(ends[1::2]) & {"ExecutionRedriven"}, set(ends[2::2]) - {"ExecutionRedriven"}
    assert not unended, ends
    assert not redriven, ends
