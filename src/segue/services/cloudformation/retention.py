"""Deleted stacks are kept for ninety days, as AWS keeps them, and change sets as long as their stack."""

from __future__ import annotations

from segue.api import Call
from segue.services.cloudformation import change_set_records, records
from segue.services.cloudformation.service import SERVICE

KEPT_MS = 90 * 86_400_000
_PIECE = 20


def forget_stacks(call: Call) -> bool:
    """Forget a piece of what is too old; whether there may be more."""
    ids = records.deleted_before(call.tx, call.now_ms - KEPT_MS, _PIECE)
    for stack_id in ids:
        for change_set in change_set_records.of_stack(call.tx, stack_id):
            change_set_records.remove(call.tx, change_set.id)
        records.forget(call.tx, stack_id)
    return len(ids) == _PIECE


SERVICE.housekeeping.append(forget_stacks)
