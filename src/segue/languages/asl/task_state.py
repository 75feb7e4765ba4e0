"""Task: asks for work outside and waits for its end."""

from __future__ import annotations

from typing import Any

from segue.languages.asl import json_text
from segue.languages.asl.commands import CancelTask, CancelTimer, ScheduleTask, SetTimer
from segue.languages.asl.errors import QueryEvaluationError, StatesError
from segue.languages.asl.expressions import compile_expression
from segue.languages.asl.flow import Read
from segue.languages.asl.frames import RUNNING, SCHEDULED, STARTED, SUBMITTED, Branch
from segue.languages.asl.history import NOT_TRUNCATED, failure_details
from segue.languages.asl.payloads import compile_payload
from segue.languages.asl.query_evaluation import compile_typed, is_expression
from segue.languages.asl.resources import parse_resource
from segue.languages.asl.retry import Failure
from segue.languages.asl.run import Run
from segue.languages.asl.scope import Scope
from segue.languages.asl.state import State
from segue.languages.asl.transitions import TooLong, fail, is_too_long, leave, leave_with_text
from segue.languages.jsonpath import PathNotFound

_SUBMITTED_PATTERNS = frozenset(("sync", "sync:2", "waitForTaskToken"))
_TIMER_FIELDS = ("TimeoutSeconds", "HeartbeatSeconds")


class TaskState(State):
    """Task. One attempt is one task, with a generation of its own."""

    counts_retries = True

    def __init__(self, name: str, spec: dict[str, Any]) -> None:
        super().__init__(name, spec)
        resource = parse_resource(spec["Resource"])
        self.resource = resource
        self.has_token = resource.has_token
        self._timeout_seconds = _seconds(spec, "TimeoutSeconds")
        self._heartbeat_seconds = _seconds(spec, "HeartbeatSeconds")
        self._has_timers = any(f"{field}{path}" in spec for field in _TIMER_FIELDS for path in ("", "Path"))
        self._credentials = compile_payload(spec, "Credentials", self.is_jsonata)
        self._names: dict[str, Any] = {}
        if resource.events == "Task":
            self._names = {"resource": resource.name, "resourceType": resource.type}
        self._passes_result = self.flow.passes_result

    def attempt(self, run: Run, branch: Branch) -> None:
        branch.generation += 1
        task = self._task(run, branch)
        reason = run.refuse(task) if run.refuse is not None else None
        if reason is not None:
            raise StatesError("States.Runtime", reason)
        branch.phase = SCHEDULED
        branch.previous = run.emit(branch.previous, f"{self.resource.events}Scheduled", self._scheduled(task))
        run.actions.append(task)
        if task.timeout_seconds is not None:
            at_ms = run.now_ms + task.timeout_seconds * 1000
            run.actions.append(SetTimer(branch.id, branch.generation, "timeout", at_ms))
        branch.heartbeat_seconds = task.heartbeat_seconds or 0
        if task.heartbeat_seconds is not None:
            self._expect_heartbeat(run, branch)

    def _task(self, run: Run, branch: Branch) -> ScheduleTask:
        scope = run.scope(branch, self)
        if self.flow.input_path is not None:
            scope.input = self.flow.input_path(scope)
        timeout_seconds = self._timeout_seconds(scope)
        heartbeat_seconds = self._heartbeat_seconds(scope)
        credentials = self._credentials(scope) if self._credentials else None
        parameters = self.flow.parameters(scope) if self.flow.parameters else scope.input
        self.flow.note_arguments(scope, parameters)
        text = branch.text if parameters is branch.input else json_text.dump(parameters)
        if is_too_long(text):
            what = "made an input with a size exceeding the maximum number of bytes service limit"
            raise StatesError("States.DataLimitExceeded", f"The state/task '{self.name}' {what}.")
        return ScheduleTask(
            frame=branch.id,
            generation=branch.generation,
            state_name=self.name,
            resource=self.resource.arn,
            resource_type=self.resource.type,
            resource_name=self.resource.name,
            pattern=self.resource.pattern,
            parameters=parameters,
            parameters_text=text,
            region=run.meta.region,
            timeout_seconds=timeout_seconds,
            heartbeat_seconds=heartbeat_seconds,
            token=run.token(branch) if self.has_token else None,
            credentials={"roleArn": credentials["RoleArn"]} if credentials else None,
        )

    def _scheduled(self, task: ScheduleTask) -> dict[str, Any]:
        details: dict[str, Any]
        if self._names:
            details = {**self._names, "region": task.region, "parameters": task.parameters_text}
        else:
            details = {"resource": task.resource, "input": task.parameters_text, "inputDetails": NOT_TRUNCATED}
        if task.timeout_seconds is not None:
            details["timeoutInSeconds"] = task.timeout_seconds
        if task.heartbeat_seconds is not None:
            details["heartbeatInSeconds"] = task.heartbeat_seconds
        if task.credentials is not None:
            details["taskCredentials"] = task.credentials
        return details

    # What becomes of the task

    def started(self, run: Run, branch: Branch, worker_name: str | None) -> None:
        """Somebody works on it. What ends without having been started gets its Started event first."""
        if branch.phase != SCHEDULED:
            return
        branch.phase = STARTED
        details: dict[str, Any] | None = self._names or None
        if self.resource.pattern == "activity":
            details = {} if worker_name is None else {"workerName": worker_name}
        branch.previous = run.emit(branch.previous, f"{self.resource.events}Started", details)

    def submitted(self, run: Run, branch: Branch, output_text: str) -> None:
        """The request was taken; its end is still to come."""
        self.started(run, branch, None)
        if branch.phase == SUBMITTED:
            return
        branch.phase = SUBMITTED
        details = {**self._names, "output": output_text, "outputDetails": NOT_TRUNCATED}
        branch.previous = run.emit(branch.previous, "TaskSubmitted", details)

    def completed(self, run: Run, branch: Branch, output_text: str) -> None:
        """It is done."""
        self.started(run, branch, None)
        if is_too_long(output_text):
            too_long = TooLong(self.resource.name if not self._names else self.resource.type)
            self.failed(run, branch, Failure(too_long.error, too_long.cause))
            return
        self._end(run, branch)
        details = {**self._names, "output": output_text, "outputDetails": NOT_TRUNCATED}
        branch.previous = run.emit(branch.previous, f"{self.resource.events}Succeeded", details)
        if self._passes_result:
            leave_with_text(run, branch, self, output_text, _parsed(output_text), self.next)
            return
        result = _parsed(output_text)
        scope = run.scope(branch, self)
        raw = scope.input
        values = self.flow.assigned(scope, result)
        leave(run, branch, self, self.flow.output(scope, raw, result), self.next, values)

    def failed(self, run: Run, branch: Branch, failure: Failure, at_submission: bool = False) -> None:
        """It failed."""
        self.started(run, branch, None)
        self._end(run, branch)
        details = {**self._names, **failure_details(failure.error, failure.cause)}
        is_submit = at_submission and self.resource.pattern in _SUBMITTED_PATTERNS
        event = "TaskSubmitFailed" if is_submit else f"{self.resource.events}Failed"
        branch.previous = run.emit(branch.previous, event, details)
        fail(run, branch, failure)

    def timed_out(self, run: Run, branch: Branch, is_heartbeat: bool) -> None:
        """Its end, or a sign of life, is overdue. Both are called a timeout (recorded: sfn-timeouts/heartbeats__*)."""
        if is_heartbeat and run.now_ms < branch.heartbeat_due_ms:
            run.actions.append(SetTimer(branch.id, branch.generation, "heartbeat", branch.heartbeat_due_ms))
            return
        run.actions.append(CancelTask(branch.id, branch.generation))
        self._end(run, branch)
        details = {**self._names, "error": "States.Timeout"}
        branch.previous = run.emit(branch.previous, f"{self.resource.events}TimedOut", details)
        fail(run, branch, Failure("States.Timeout", None, "States.HeartbeatTimeout" if is_heartbeat else None))

    def heartbeat(self, run: Run, branch: Branch) -> None:
        """A sign of life."""
        if branch.heartbeat_seconds:
            self._expect_heartbeat(run, branch)

    def _expect_heartbeat(self, run: Run, branch: Branch) -> None:
        branch.heartbeat_due_ms = run.now_ms + branch.heartbeat_seconds * 1000
        run.actions.append(SetTimer(branch.id, branch.generation, "heartbeat", branch.heartbeat_due_ms))

    def _end(self, run: Run, branch: Branch) -> None:
        branch.phase = RUNNING
        if self._has_timers:
            run.actions.append(CancelTimer(branch.id, branch.generation))
        branch.heartbeat_seconds = branch.heartbeat_due_ms = 0


def _parsed(text: str) -> Any:
    try:
        return json_text.parse(text)
    except ValueError as error:
        raise StatesError("States.Runtime", f"The result of the task is not valid JSON: {error}") from None


def _positive(field: str, read: Read) -> Read:
    def read_seconds(scope: Scope) -> int:
        value = read(scope)
        if value != int(value) or value <= 0:
            cause = f"The {field} field is not a positive integer: {json_text.dump(value)}"
            raise QueryEvaluationError(cause, field)
        return int(value)

    return read_seconds


def _seconds(spec: dict[str, Any], field: str) -> Read:
    """TimeoutSeconds or HeartbeatSeconds, or what their paths find."""
    path = spec.get(f"{field}Path")
    if path is None:
        seconds = spec.get(field)
        if is_expression(seconds):
            return _positive(field, compile_typed(seconds, field, "number"))
        return lambda scope: seconds
    read = compile_expression(path).read

    def read_seconds(scope: Scope) -> int:
        try:
            value = read(scope)
        except PathNotFound:
            cause = f"The {field}Path parameter does not reference an input value: {path}"
            raise StatesError("States.Runtime", cause) from None
        if type(value) is not int or value <= 0:
            cause = (
                f"The {field}Path parameter does not reference a positive integer: {path} == {json_text.dump(value)}"
            )
            raise StatesError("States.Runtime", cause)
        return value

    return read_seconds
