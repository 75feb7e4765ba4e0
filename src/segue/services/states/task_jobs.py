"""The jobs of executions: tasks that leave the building, timers, the ends of executions that others wait for."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from segue.api import Call
from segue.api.sdk.members import pascal
from segue.jobs import Job, Outbound, Pending
from segue.languages.asl import Command, CompleteTask, Continue, FailTask, FireTimer, Stop, json_text
from segue.services.states import records, tasks
from segue.services.states.advance import advance
from segue.services.states.integrations import Integration, TaskError
from segue.services.states.records import Execution
from segue.services.states.service import SERVICE
from segue.services.states.tasks import Request


@SERVICE.job("task")
def run_task(call: Call, job: Job) -> Pending | Outbound | None:
    """Do a task; its execution goes on with the outcome in the same transaction that forgets the job."""
    request = Request(*job.payload)
    done = tasks.perform(replace(call, started_ms=job.created_at_ms), request, job.trace)
    if isinstance(done, Pending):
        return done
    if isinstance(done, Outbound):
        integration, _, _ = tasks.prepare(request)
        return Outbound(done.effect, done.request, partial(_settle, request, integration, done))
    advance(call, request.execution_arn, done)
    return None


def _settle(request: Request, integration: Integration, outbound: Outbound, call: Call, effect: Any) -> None:
    command: Command = tasks.outcome(call, request, integration, outbound, effect)
    advance(call, request.execution_arn, command)


@SERVICE.job("timer")
def fire_timer(call: Call, job: Job) -> None:
    """A timer's time has come."""
    arn, frame, generation, kind = job.payload
    advance(call, arn, FireTimer((frame, generation), kind))


SERVICE.job("heartbeat")(fire_timer)


@SERVICE.job("continue")
def go_on(call: Call, job: Job) -> None:
    """Go on with a long walk where the last commit left it."""
    advance(call, job.payload, Continue())


@SERVICE.job("stop")
def stop(call: Call, job: Job) -> None:
    """The task that an execution was started for is no longer wanted."""
    advance(call, job.payload, Stop())


@SERVICE.job("ended")
def execution_ended(call: Call, job: Job) -> None:
    """An execution that a ``.sync`` task waits for has ended: so has the task."""
    parent, arn = job.payload
    waiting_arn, key, pattern = parent.rsplit("/", 2)
    frame, generation = (int(part) for part in key.split("."))
    execution = records.find_execution(call.tx, arn)
    if execution is None:
        return
    if execution.kind == "EXPRESS":
        records.delete_execution(call.tx, arn)
    description = _description(call, execution, parsed=pattern == "sync:2")
    text = json_text.dump(description)
    if execution.status == "SUCCEEDED":
        advance(call, waiting_arn, CompleteTask((frame, generation), text))
    else:
        failure = TaskError("States.TaskFailed", text)
        advance(call, waiting_arn, FailTask((frame, generation), failure.error, failure.cause))


def _description(call: Call, execution: Execution, *, parsed: bool) -> dict[str, Any]:
    """What DescribeExecution tells of an execution, in the names of an optimized integration."""
    from segue.services.states.executions import description

    members = description(call, execution)
    shown = {pascal(name): value for name, value in sorted(members.items()) if value is not None}
    for name in ("InputDetails", "OutputDetails"):
        if name in shown:
            shown[name] = {"Included": True}
    if parsed:
        for name in ("Input", "Output"):
            if name in shown:
                shown[name] = json_text.parse(shown[name])
    return shown
