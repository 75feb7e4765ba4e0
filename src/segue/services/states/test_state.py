"""TestState: one state, run without a state machine. With a mock nothing is called; without one, a Task does its
operation through the one door, as in an execution, on the authority of the given role.
"""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from segue.api import Call, Result
from segue.api.http_effect import HttpRequest
from segue.errors import AwsError
from segue.jobs import Outbound, Pending
from segue.languages.asl import Command, CompleteTask, ExecutionMeta, FailTask, NotYet, ScheduleTask
from segue.languages.asl.diagnostics import invalid_definition_message
from segue.languages.asl.test_state import (
    STATE_NAME,
    StateNotFound,
    StateResult,
    StateRun,
    StateTest,
    TooManyFailures,
    find_state,
    program_of,
)
from segue.languages.asl.validate import validate, validate_state
from segue.services.states import definitions, tasks
from segue.services.states.arns import checked_role
from segue.services.states.executions import checked_input
from segue.services.states.http_inspection import exchange, without_secrets
from segue.services.states.service import SERVICE
from segue.services.states.test_request import (
    check_combination,
    check_result,
    check_state,
    given_context,
    given_variables,
    invalid,
)

_LONGEST_MS = 300_000
"""A test runs for five minutes at most."""


@SERVICE.operation("TestState")
def test_state(call: Call, params: dict[str, Any]) -> Result:
    check_combination(params)
    if "roleArn" in params:
        checked_role(params["roleArn"])
    test = _test(call, params)
    run = StateRun(test, call.started_ms)
    if "mock" in params:
        _play(run, params)
        return _answer(run.result(), params)
    if run.wake_at_ms is not None:
        return _wait(call, params, run, run.wake_at_ms)
    if run.task is not None:
        return _Work.of(call, params, test, run.task).do(call)
    return _answer(run.result(), params)


def _test(call: Call, params: dict[str, Any]) -> StateTest:
    name, text = params.get("stateName"), params["definition"]
    found = validate_state(text, kind="STANDARD") if name is None else validate(text, kind="STANDARD")
    errors = [diagnostic for diagnostic in found if diagnostic.severity == "ERROR"]
    if errors:
        raise AwsError("InvalidDefinition", invalid_definition_message(errors))
    definition = definitions.parsed(text)
    try:
        spec = definition if name is None else find_state(definition, name)
        program = program_of(definition, name)
    except StateNotFound:
        raise invalid("State not found in definition") from None
    except NotYet as missing:
        raise AwsError("NotImplemented", f"Segue does not run this definition yet: {missing}", status=501) from None
    configuration = params.get("stateConfiguration", {})
    test = StateTest(
        program=program,
        name=name or STATE_NAME,
        meta=_meta(call, params),
        input_text=checked_input(call, params.get("input", "{}")),
        variables=given_variables(params),
        retries_before=configuration.get("retrierRetryCount", 0),
        reader_data=configuration.get("mapItemReaderData"),
    )
    check_state(params, test.state)
    check_result(params, test.state, spec)
    return replace(test, context=given_context(params))


def _meta(call: Call, params: dict[str, Any]) -> ExecutionMeta:
    """An Express execution of a machine that there is not (sfn-teststate/state_task_catch_error: its ARN lacks a part).

    Their names come from the request's id, so that a test that goes on in another transaction is the same one.
    """
    digest = hashlib.sha256(call.request_id.encode()).digest()
    machine, name = str(uuid.UUID(bytes=digest[:16], version=4)), str(uuid.UUID(bytes=digest[16:], version=4))
    return ExecutionMeta(
        id=call.arn("states", f"express:{machine}:{name}"),
        name=name,
        role_arn=params.get("roleArn", ""),
        start_ms=call.started_ms,
        state_machine_id=call.arn("states", f"stateMachine:{machine}"),
        state_machine_name=machine,
        kind="EXPRESS",
        seed=int.from_bytes(digest[:8]),
    )


def _play(run: StateRun, params: dict[str, Any]) -> None:
    """What the mock says becomes of the state."""
    mock = params["mock"]
    if "errorOutput" in mock:
        run.fail(mock["errorOutput"].get("error"), mock["errorOutput"].get("cause"))
        return
    failed = params.get("stateConfiguration", {}).get("mapIterationFailureCount")
    if failed is None:
        run.complete(mock["result"])
        return
    try:
        run.complete_map(mock["result"], failed)
    except TooManyFailures:
        message = "Map iteration failure count must be less than or equal to the number of Map iterations"
        raise invalid(message) from None


def _answer(tested: StateResult, params: dict[str, Any]) -> dict[str, Any]:
    has_details = params.get("inspectionLevel", "INFO") != "INFO"
    return {
        "output": tested.output_text,
        "error": tested.error,
        "cause": tested.cause,
        "nextState": tested.next_state,
        "status": tested.status,
        "inspectionData": tested.inspection if has_details else None,
    }


def _wait(call: Call, params: dict[str, Any], run: StateRun, at_ms: int) -> Result:
    """A Wait state really waits."""
    until_ms = min(at_ms, call.started_ms + _LONGEST_MS)
    if call.now_ms < until_ms:
        return Pending((f"states:test:{call.request_id}",), until_ms)
    if at_ms > until_ms:
        run.fail("States.Timeout", None)
    else:
        run.wake()
    return _answer(run.result(), params)


@dataclass(frozen=True, slots=True)
class _Work:
    """A task that is really done, and the test that it is for."""

    test: StateTest
    started_ms: int
    params: dict[str, Any]
    request: tasks.Request
    timeout_seconds: int | None

    @classmethod
    def of(cls, call: Call, params: dict[str, Any], test: StateTest, task: ScheduleTask) -> _Work:
        credentials = task.credentials or {}
        role = tasks.role_of(call, credentials.get("roleArn"), test.meta.role_arn)
        request = tasks.Request(
            execution_arn=test.meta.id,
            frame=task.frame,
            generation=task.generation,
            resource_type=task.resource_type,
            resource_name=task.resource_name,
            pattern=task.pattern,
            parameters=task.parameters_text,
            role_arn=role,
            region=task.region,
            assumed_by=test.meta.role_arn if role != test.meta.role_arn else "",
        )
        return cls(test, call.started_ms, params, request, task.timeout_seconds)

    def do(self, call: Call) -> Result:
        """Do it, as far as that goes in this transaction."""
        done = tasks.perform(call, self.request, call.trace)
        if isinstance(done, Outbound):
            return Outbound(done.effect, done.request, partial(self._settle, done))
        if isinstance(done, Pending) and call.now_ms < self._deadline_ms:
            return Pending(done.keys, min(done.until_ms, self._deadline_ms))
        return self._end(call, done)

    def _settle(self, outbound: Outbound, call: Call, effect: Any) -> Result:
        integration, params, _ = tasks.prepare(self.request)
        answer = self._end(call, tasks.outcome(call, self.request, integration, outbound, effect))
        if self.params.get("inspectionLevel") == "TRACE" and isinstance(outbound.request, HttpRequest):
            sent = outbound.request if self.params.get("revealSecrets") else without_secrets(params, call.region)
            answer["inspectionData"].update(exchange(sent, effect))
        return answer

    @property
    def _deadline_ms(self) -> int:
        bound_ms = _LONGEST_MS if self.timeout_seconds is None else self.timeout_seconds * 1000
        return self.started_ms + min(bound_ms, _LONGEST_MS)

    def _end(self, call: Call, done: Command | Pending) -> dict[str, Any]:
        run = StateRun(self.test, self.started_ms)
        if isinstance(done, FailTask) and call.now_ms <= self._deadline_ms:
            run.fail(done.error, done.cause)
        elif isinstance(done, CompleteTask) and call.now_ms <= self._deadline_ms:
            run.complete(done.output_text)
        else:
            run.fail("States.Timeout", None)
        return _answer(run.result(), self.params)
