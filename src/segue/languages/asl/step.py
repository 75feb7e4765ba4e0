"""``start`` and ``step``: a command goes in, events, actions and a journal come out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

from segue.languages.asl.commands import (
    EXECUTION,
    Action,
    Command,
    CompleteMapRun,
    CompleteTask,
    Continue,
    FailMapRun,
    FailTask,
    FireTimer,
    Heartbeat,
    Key,
    Redrive,
    SetTimer,
    Start,
    Stop,
    TaskStarted,
    TaskSubmitted,
)
from segue.languages.asl.distributed_map import DistributedMapState
from segue.languages.asl.frames import MAPPING, RETRYING, RUNNING, TASK_PHASES, WAITING, Branch
from segue.languages.asl.history import MAX_EVENTS, NOT_TRUNCATED, HistoryEvent, failure_details
from segue.languages.asl.program import Program
from segue.languages.asl.redrive import redrive
from segue.languages.asl.retry import Failure
from segue.languages.asl.run import HistoryFull, Refuse, Run
from segue.languages.asl.task_state import TaskState
from segue.languages.asl.transitions import EvaluationErrors, advance, evaluation_failed, fail
from segue.languages.asl.tree import ExecutionMeta, Header, Journal, Status, Tree
from segue.languages.asl.wait_state import WaitState
from segue.languages.work import WORK

DEFAULT_BUDGET = 1000
"""How many states one step enters at most."""


@dataclass(frozen=True, slots=True)
class Step:
    """What one command led to. To be saved together: the events, the journal; then the actions are to be done.

    Attributes:
        status: of the execution afterwards.
        events: new history events, in order.
        actions: what is to be done now, in order.
        journal: what has changed, for ``Tree.apply``; empty when the command came late and changed nothing.
        more: the budget was used up: a ``Continue`` is to follow.
        spent: how much of the budget was used.
        output_text, error, cause, stop_ms: of an execution that has ended with this step. A TIMED_OUT execution's error
            stands in its last event alone, as DescribeExecution shows none.
        kept: of a Standard execution that ended without success: what ``redriven_tree`` makes a tree of, plain data.
    """

    status: Status
    events: list[HistoryEvent] = field(default_factory=list)
    actions: list[Action] = field(default_factory=list)
    journal: Journal = field(default_factory=dict)
    more: bool = False
    spent: int = 0
    output_text: str | None = None
    error: str | None = None
    cause: str | None = None
    stop_ms: int | None = None
    kept: dict[str, Any] | None = None

    @property
    def finished(self) -> bool:
        """The execution has ended."""
        return self.status not in ("PENDING", "RUNNING")


def start(program: Program, execution: ExecutionMeta, input_text: str) -> Tree:
    """A tree for a new execution of the program, to be set going with the command Start.

    Args:
        program: what it will run.
        execution: what it is told about itself.
        input_text: its input, valid JSON.
    """
    return Tree(execution, input_text)


def step(
    program: Program,
    tree: Tree,
    command: Command,
    now_ms: int,
    budget: int = DEFAULT_BUDGET,
    refuse: Refuse | None = None,
) -> Step:
    """Do what a command asks, then walk on as far as possible.

    The tree is not changed: ``tree.apply(result.journal)`` brings it up to date. A command for a task or timer that is
    no longer waited for, or for an execution that has ended, gives an empty Step.

    Args:
        program: the compiled definition that the tree was started with.
        tree: the execution.
        command: what happened.
        now_ms: the present, milliseconds since the epoch.
        budget: how many states to enter at most; those with large payloads or much to evaluate count for more.
        refuse: asked before a task is scheduled; a reason (such as "The activity X does not exist.") fails the
            execution with States.Runtime in the place of TaskScheduled.

    Raises:
        ValueError: Start for a tree that has begun, or another command for one that has not.
    """
    if (tree.status == "PENDING") != isinstance(command, Start):
        raise ValueError(f"{command} does not fit an execution that is {tree.status}")
    if (tree.status in ("PENDING", "RUNNING")) == isinstance(command, Redrive):
        return Step(tree.status)
    run = Run(program, tree, now_ms, budget, refuse)
    WORK.begin_state()
    try:
        if not _HANDLERS[type(command)](run, command):
            return Step(tree.status)
        _walk(run)
    except HistoryFull:
        _history_full(run)
    finally:
        WORK.end_state()
    return Step(
        status=run.status,
        events=run.events,
        actions=run.actions,
        journal=run.journal(),
        more=bool(run.ready),
        spent=budget - run.budget,
        output_text=run.output_text,
        error=run.error,
        cause=run.cause,
        stop_ms=run.stop_ms,
        kept=_kept(run),
    )


def _kept(run: Run) -> dict[str, Any] | None:
    if run.kept is None or run.status == "RUNNING":
        return None
    return {"header": Header(run.status, run.last_event_id, run.last_frame_id).dump(), "frames": run.kept}


def _walk(run: Run) -> None:
    while run.ready and run.budget > 0:
        branch = run.frame(run.ready.popleft())
        if isinstance(branch, Branch):
            advance(run, branch)


def _history_full(run: Run) -> None:
    previous = run.advancing.previous if run.advancing is not None else run.last_event_id
    cause = f"The execution reached the maximum number of history events ({MAX_EVENTS})."
    run.finish("FAILED", "ExecutionFailed", previous, failure_details("States.Runtime", cause))


# Handlers of commands: each says whether anything happened


def _start(run: Run, command: Start) -> bool:
    run.status = "RUNNING"
    details = {"input": run.input_text, "inputDetails": NOT_TRUNCATED, "roleArn": run.meta.role_arn}
    run.emit(0, "ExecutionStarted", details)
    if run.timeout_seconds is not None:
        run.actions.append(SetTimer(*EXECUTION, "execution", run.meta.start_ms + run.timeout_seconds * 1000))
    start_at = run.program.levels[0].start_at
    # The first state's Entered event follows nothing: 0, not the ExecutionStarted event (all recorded histories).
    root = Branch(run.next_frame_id(), 0, 0, 0, start_at, run.input_text, 0)
    run.add(root)
    run.ready.append(root.id)
    return True


def _continue(run: Run, command: Continue) -> bool:
    return bool(run.ready)


def _task(run: Run, key: Key) -> tuple[Branch, TaskState] | None:
    """The branch whose newest task is meant, while it is still wanted."""
    branch = run.waiting_branch(key)
    if branch is None or branch.phase not in TASK_PHASES:
        return None
    return branch, cast(TaskState, run.program.state(branch))


def _for_task(run: Run, key: Key, act: Callable[[TaskState, Branch], None]) -> bool:
    found = _task(run, key)
    if found is None:
        return False
    branch, state = found
    _guarded(run, branch, lambda: act(state, branch))
    return True


def _guarded(run: Run, branch: Branch, act: Callable[[], None]) -> None:
    try:
        act()
    except EvaluationErrors as error:
        fail(run, branch, evaluation_failed(run, branch, error))


def _task_started(run: Run, command: TaskStarted) -> bool:
    return _for_task(run, command.task, lambda state, branch: state.started(run, branch, command.worker_name))


def _task_submitted(run: Run, command: TaskSubmitted) -> bool:
    return _for_task(run, command.task, lambda state, branch: state.submitted(run, branch, command.output_text))


def _complete_task(run: Run, command: CompleteTask) -> bool:
    return _for_task(run, command.task, lambda state, branch: state.completed(run, branch, command.output_text))


def _fail_task(run: Run, command: FailTask) -> bool:
    failure = Failure(command.error, command.cause)
    return _for_task(run, command.task, lambda state, branch: state.failed(run, branch, failure, command.at_submission))


def _heartbeat(run: Run, command: Heartbeat) -> bool:
    return _for_task(run, command.task, lambda state, branch: state.heartbeat(run, branch))


def _fire_timer(run: Run, command: FireTimer) -> bool:
    if command.kind == "execution":
        # To the millisecond, however late the timer fires (measured on AWS: stopDate is startDate + TimeoutSeconds).
        began_ms = run.meta.redriven_ms or run.meta.start_ms
        run.now_ms = min(run.now_ms, began_ms + (run.timeout_seconds or 0) * 1000)
        run.finish("TIMED_OUT", "ExecutionTimedOut", 0, {"error": "States.Timeout"})
        run.error = None
        return True
    if command.kind in ("timeout", "heartbeat"):
        is_heartbeat = command.kind == "heartbeat"
        return _for_task(run, command.timer, lambda state, branch: state.timed_out(run, branch, is_heartbeat))
    branch = run.waiting_branch(command.timer)
    if branch is None or branch.phase != (WAITING if command.kind == "wait" else RETRYING):
        return False
    state = run.program.state(branch)
    branch.phase = RUNNING
    if command.kind == "wait":
        _guarded(run, branch, lambda: cast(WaitState, state).wake(run, branch))
    else:
        _guarded(run, branch, lambda: state.attempt(run, branch))
    return True


def _for_map_run(run: Run, key: Key, act: Callable[[DistributedMapState, Branch], None]) -> bool:
    branch = run.waiting_branch(key)
    if branch is None or branch.phase != MAPPING:
        return False
    state = cast(DistributedMapState, run.program.state(branch))
    _guarded(run, branch, lambda: act(state, branch))
    return True


def _complete_map_run(run: Run, command: CompleteMapRun) -> bool:
    return _for_map_run(run, command.map_run, lambda state, branch: state.completed(run, branch, command.output_text))


def _fail_map_run(run: Run, command: FailMapRun) -> bool:
    failure = Failure(command.error, command.cause)
    return _for_map_run(run, command.map_run, lambda state, branch: state.failed(run, branch, failure))


def _stop(run: Run, command: Stop) -> bool:
    run.finish("ABORTED", "ExecutionAborted", 0, failure_details(command.error, command.cause))
    return True


_HANDLERS: dict[type[Any], Callable[[Run, Any], bool]] = {
    Start: _start,
    Continue: _continue,
    TaskStarted: _task_started,
    TaskSubmitted: _task_submitted,
    CompleteTask: _complete_task,
    FailTask: _fail_task,
    Heartbeat: _heartbeat,
    FireTimer: _fire_timer,
    CompleteMapRun: _complete_map_run,
    FailMapRun: _fail_map_run,
    Stop: _stop,
    Redrive: redrive,
}
