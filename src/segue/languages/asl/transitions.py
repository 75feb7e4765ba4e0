"""From state to state: entering, leaving, ending, failing."""

from __future__ import annotations

from typing import Any, cast

from segue.languages.asl import json_text
from segue.languages.asl.commands import SetTimer
from segue.languages.asl.errors import QueryEvaluationError, StatesError
from segue.languages.asl.frames import ENDED, READY, RETRYING, RUNNING, Branch
from segue.languages.asl.history import NOT_TRUNCATED, failure_details
from segue.languages.asl.json_text import DepthExceeded
from segue.languages.asl.retry import Catcher, Failure
from segue.languages.asl.run import Run
from segue.languages.asl.state import Composite, State
from segue.languages.asl.variables import check_assigned
from segue.languages.work import MAX_STATE, WORK, WorkExceeded

EvaluationErrors = (StatesError, DepthExceeded, WorkExceeded)
"""What evaluating a state may raise."""

MAX_PAYLOAD_BYTES = 262_144
"""The most that an input, an output or a result may have, as UTF-8 text."""


_CHARACTERS_A_UNIT = 2_048
_WORK_A_UNIT = 16
"""What counts, beside each state, as one unit of a step's budget: about ten microseconds."""


def advance(run: Run, branch: Branch) -> None:
    """Walk on, from state to state, until the branch waits, ends, or the budget is used up."""
    run.advancing = branch
    work = WORK
    states = run.program.levels[branch.level].states
    while branch.phase == READY:
        if run.budget <= 0:
            run.ready.appendleft(branch.id)
            break
        state = states[branch.state]
        work.state_limit = (begun := work.done) + MAX_STATE
        size = len(branch.text) + len(branch.variables_text)
        details = {"input": branch.text, "inputDetails": NOT_TRUNCATED, "name": state.name}
        branch.previous = branch.entered_id = run.emit(branch.previous, state.entered_type, details)
        branch.entered_ms = run.now_ms
        branch.phase = RUNNING
        if branch.retries or branch.retry_count:
            branch.retries, branch.retry_count = [], 0
        try:
            state.attempt(run, branch)
        except EvaluationErrors as error:
            fail(run, branch, evaluation_failed(run, branch, error))
        run.budget -= 1
        if size >= _CHARACTERS_A_UNIT or work.done != begun:
            run.budget -= size // _CHARACTERS_A_UNIT + (work.done - begun) // _WORK_A_UNIT
    run.advancing = None


def evaluation_failed(run: Run, branch: Branch, error: StatesError | DepthExceeded | WorkExceeded) -> Failure:
    """The failure of an evaluation, introduced as AWS does; not in a state that no event says was entered (TestState:
    sfn-teststate/state_context_object__state_map_context_object_ALL). That of an expression is an event of its own.
    """
    if not isinstance(error, StatesError):
        error = StatesError("States.Runtime", f"{error}.")
    cause = error.cause
    if not isinstance(error, TooLong) and branch.entered_id:
        cause = (
            f"An error occurred while executing the state '{branch.state}' (entered at the event id "
            f"#{branch.entered_id}). {cause}"
        )
    if isinstance(error, QueryEvaluationError):
        details = {"error": error.error, "cause": cause, "state": branch.state}
        if error.location is not None:
            details["location"] = error.location
        branch.previous = run.emit(_before(run, branch), "EvaluationFailed", details)
    return Failure(error.error, cause)


def _before(run: Run, branch: Branch) -> int:
    """What EvaluationFailed follows. Before anything was done in a state but a Wait, that is what Entered follows
    (recorded: sfn-variables/*undefined_reference*, sfn-wait/*timestamp_jsonata_INVALID*)."""
    first = run.events[0].id if run.events else 0
    if branch.previous != branch.entered_id or not first or branch.entered_id < first:
        return branch.previous
    if run.program.state(branch).type == "Wait":
        return branch.previous
    return run.events[branch.entered_id - first].previous_event_id


def leave(
    run: Run, branch: Branch, state: State, output: Any, next: str | None, values: dict[str, Any] | None = None
) -> None:
    """Leave a state with a value. An output that is the input keeps its text."""
    text = branch.text if output is branch.value_or_unparsed else json_text.dump(output)
    leave_with_text(run, branch, state, text, output, next, values)


def leave_with_text(
    run: Run,
    branch: Branch,
    state: State,
    text: str,
    output: Any,
    next: str | None,
    values: dict[str, Any] | None = None,
) -> None:
    """Leave a state with a value whose text is known, and set its variables."""
    if is_too_long(text):
        raise TooLong(state.name)
    details: dict[str, Any] = {"name": state.name, "output": text, "outputDetails": NOT_TRUNCATED}
    if values:
        texts = {name: json_text.dump(value) for name, value in sorted(values.items())}
        check_assigned(texts)
        details["assignedVariables"] = texts
        details["assignedVariablesDetails"] = NOT_TRUNCATED
        run.assign(branch, values)
    branch.previous = run.emit(branch.previous, state.exited_type, details)
    if next is None:
        _end(run, branch, text, output)
        return
    branch.state = next
    branch.phase = READY
    branch.receive(text, output)
    if branch is not run.advancing:
        run.ready.append(branch.id)


def _end(run: Run, branch: Branch, text: str, output: Any) -> None:
    branch.phase = ENDED
    if branch.parent:
        composite = cast(Composite, run.owner_state(run.peek(branch.parent)))
        composite.child_ended(run, branch, text, output)
    else:
        details = {"output": text, "outputDetails": NOT_TRUNCATED}
        run.finish("SUCCEEDED", "ExecutionSucceeded", branch.previous, details)


def fail(run: Run, branch: Branch, failure: Failure) -> None:
    """A state has failed: try it again, catch, or fail what is around it."""
    run.failure = failure
    while True:
        state = run.program.state(branch)
        if failure.is_fatal:
            _fail_execution(run, branch, failure)
            return
        if _retry(run, branch, state, failure):
            return
        state.given_up(run, branch)
        catcher = next((one for one in state.catchers if failure.matches(one.errors)), None)
        if catcher is not None:
            broken = _catch(run, branch, state, catcher, failure)
            if broken is None:
                return
            failure = broken
            if failure.is_fatal:
                _fail_execution(run, branch, failure)
                return
        if not branch.parent:
            _fail_execution(run, branch, failure)
            return
        if not _is_handled_above(run, branch, failure):
            run.keep()
        composite = cast(Composite, run.owner_state(run.peek(branch.parent)))
        branch = composite.child_failed(run, branch)


def _is_handled_above(run: Run, branch: Branch, failure: Failure) -> bool:
    """Whether a state around the branch will try again or catch, so that the failure does not reach the execution."""
    while branch.parent:
        branch = run.peek(run.peek(branch.parent).parent)
        state = run.program.state(branch)
        used = branch.retries or [0] * len(state.retriers)
        for retrier, times in zip(state.retriers, used, strict=True):
            if failure.matches(retrier.errors):
                if times < retrier.max_attempts:
                    return True
                break
        if any(failure.matches(catcher.errors) for catcher in state.catchers):
            return True
    return False


def _fail_execution(run: Run, branch: Branch, failure: Failure) -> None:
    run.keep()
    details = failure_details(failure.error, failure.cause)
    branch.phase = ENDED
    run.finish("FAILED", "ExecutionFailed", branch.previous, details)


def _retry(run: Run, branch: Branch, state: State, failure: Failure) -> bool:
    for position, retrier in enumerate(state.retriers):
        if not failure.matches(retrier.errors):
            continue
        used = branch.retries or [0] * len(state.retriers)
        if used[position] >= retrier.max_attempts:
            return False
        delay_ms = retrier.delay_ms(used[position], run.chance(branch))
        used[position] += 1
        branch.retries = used
        branch.retry_count += 1
        branch.generation += 1
        branch.phase = RETRYING
        run.actions.append(SetTimer(branch.id, branch.generation, "retry", run.now_ms + delay_ms))
        return True
    return False


def _catch(run: Run, branch: Branch, state: State, catcher: Catcher, failure: Failure) -> Failure | None:
    """Leave the state by a Catcher. One that fails itself is no help to its state: gives its failure."""
    error_output = {"Error": failure.error, "Cause": failure.cause}
    raw = branch.input
    try:
        output, values = catcher.caught(run.scope(branch, state), raw, error_output)
        leave(run, branch, state, output, catcher.next, values)
    except EvaluationErrors as error:
        return evaluation_failed(run, branch, error)
    return None


def is_too_long(text: str) -> bool:
    """Whether a payload is larger than AWS takes; only long texts are measured in bytes."""
    return len(text) > MAX_PAYLOAD_BYTES // 4 and len(text.encode("utf-8", "surrogatepass")) > MAX_PAYLOAD_BYTES


class TooLong(StatesError):
    """A state's output or a task's result is larger than AWS takes."""

    def __init__(self, name: str) -> None:
        what = "a result with a size exceeding the maximum number of bytes service limit"
        super().__init__("States.DataLimitExceeded", f"The state/task '{name}' returned {what}.")
