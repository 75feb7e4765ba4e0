"""Messages past their queue's retention go, also where nobody receives, and what queues remember of the past."""

from __future__ import annotations

from segue.api import Call
from segue.services.sqs import records
from segue.services.sqs.service import SERVICE

_AT_ONCE = 200
_TASKS_KEPT = 10
"""As many ListMessageMoveTasks tells of: AWSSimpleQueueService/latest/APIReference/API_ListMessageMoveTasks.html"""


@SERVICE.housekeeping.append
def forget_messages(call: Call, after: str | None) -> str | None:
    """Forget a piece of the expired messages of the next queues, in the order of their ARNs; where to go on."""
    queues = records.queues_after(call.tx, "arn:", after or "", _AT_ONCE)
    for queue in queues:
        if records.drop_expired(call.tx, queue, _AT_ONCE) == _AT_ONCE:
            return after or "arn:"
        records.drop_move_tasks(call.tx, queue.arn, _TASKS_KEPT)
        after = queue.arn
    return after if len(queues) == _AT_ONCE else None


@SERVICE.housekeeping.append
def forget_attempts(call: Call, _: object) -> bool:
    """Forget a piece of the receive attempts that cannot be repeated any more; whether there is more."""
    return records.drop_receive_attempts(call.tx, _AT_ONCE) == _AT_ONCE
