"""Tasks that nothing will ever end but an answer: after a while the default event bus is told, once for each.

Such is a task that has given a token away, or waits for an activity's worker, and has neither timeout nor heartbeat:
if its answer is lost, its execution waits for ever. AWS has no such event, so its source is ``segue.states``. It is
told after ``Settings.stuck_after_ms``, if that is set.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from segue import jobs
from segue.api import Call
from segue.api.emit import emit
from segue.jobs import Job
from segue.languages.asl import Heartbeat, ScheduleTask
from segue.services.states.arns import machine_arn_of
from segue.services.states.service import SERVICE
from segue.services.states.status_change import PRINCIPAL

if TYPE_CHECKING:
    from segue.services.states.advance import Advancing

SOURCE = "segue.states"
DETAIL_TYPE = "Task Stuck"
_JOB = "stepfunctions:stuck"


def watch(advancing: Advancing, action: ScheduleTask) -> None:
    """See to it that the task is looked at again when it has waited long."""
    after_ms = advancing.call.api.settings.stuck_after_ms
    if not after_ms or action.token is None or action.timeout_seconds or action.heartbeat_seconds:
        return
    tx, arn = advancing.call.tx, advancing.execution.arn
    payload = [arn, action.frame, action.generation, action.state_name, action.resource, tx.now_ms]
    key = f"{arn}/stuck/{action.frame}.{action.generation}"
    jobs.enqueue(tx, _JOB, key, payload, at_ms=tx.now_ms + after_ms, trace=advancing.execution.trace)


@SERVICE.job("stuck")
def tell(call: Call, job: Job) -> None:
    """Tell of the task, if it waits still."""
    from segue.services.states.advance import advance

    arn, frame, generation, state_name, resource, since_ms = job.payload
    if not advance(call, arn, Heartbeat((frame, generation))):
        return

    def detail() -> dict[str, Any]:
        return {
            "executionArn": arn,
            "stateMachineArn": machine_arn_of(arn),
            "stateName": state_name,
            "resource": resource,
            "scheduledDate": since_ms,
            "waitingSeconds": (call.now_ms - since_ms) // 1_000,
        }

    emit(call, PRINCIPAL, SOURCE, DETAIL_TYPE, arn, detail)
