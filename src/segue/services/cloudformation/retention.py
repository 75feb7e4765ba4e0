"""Deleted stacks and events are kept for ninety days, as AWS keeps them, and change sets as long as their stack."""

from __future__ import annotations

from typing import Any

from segue.api import Call
from segue.services.cloudformation import change_set_records, records
from segue.services.cloudformation.service import SERVICE

KEPT_MS = 90 * 86_400_000
_PIECE = 20
_EVENTS_AT_ONCE = 250


def forget_stacks(call: Call, _: Any) -> bool:
    """Forget a piece of what is too old; whether there may be more."""
    ids = records.deleted_before(call.tx, call.now_ms - KEPT_MS, _PIECE)
    for stack_id in ids:
        for change_set in change_set_records.of_stack(call.tx, stack_id):
            change_set_records.remove(call.tx, change_set.id)
        records.forget(call.tx, stack_id)
    return len(ids) == _PIECE


def forget_events(call: Call, _: Any) -> bool:
    """Forget a piece of the events of stacks that go on; whether there is more."""
    gone = call.tx.run(
        "DELETE FROM cloudformation_events WHERE number IN"
        " (SELECT number FROM cloudformation_events WHERE number < ? ORDER BY number LIMIT ?)",
        call.now_ms - KEPT_MS << 22,
        _EVENTS_AT_ONCE,
    )
    return gone == _EVENTS_AT_ONCE


SERVICE.housekeeping += [forget_stacks, forget_events]
