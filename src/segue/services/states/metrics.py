"""What CloudWatch is told of state machines: their executions.

Source: https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html
"""

from __future__ import annotations

from segue.api import Call
from segue.services.states.records import Execution

NAMESPACE = "AWS/States"
_ENDED = {
    "SUCCEEDED": "ExecutionsSucceeded",
    "FAILED": "ExecutionsFailed",
    "TIMED_OUT": "ExecutionsTimedOut",
    "ABORTED": "ExecutionsAborted",
}


def count_begun(call: Call, execution: Execution) -> None:
    """An execution has begun."""
    call.tally(execution.arn, NAMESPACE, "ExecutionsStarted", (("StateMachineArn", execution.machine_arn),))


def count_ended(call: Call, execution: Execution) -> None:
    """An execution has ended."""
    name, dimensions = _ENDED.get(execution.status), (("StateMachineArn", execution.machine_arn),)
    if name is not None and execution.stop_at_ms is not None:
        call.tally(execution.arn, NAMESPACE, name, dimensions)
        took_ms = execution.stop_at_ms - execution.start_at_ms
        call.tally(execution.arn, NAMESPACE, "ExecutionTime", dimensions, took_ms, "Milliseconds")
