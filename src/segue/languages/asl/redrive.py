"""Redrive: an execution that did not succeed goes on where it stopped (developer guide, "Restarting state machine
executions with redrive").

When an execution fails, times out or is stopped, its frames as they stood are kept beside the tree (``Step.kept``). A
redriven tree is that, with the history going on: what had succeeded is not done again, every branch that had not ended
tries its state once more, with its retries as new.
"""

from __future__ import annotations

from typing import Any, cast

from segue.languages.asl.commands import EXECUTION, Redrive, SetTimer
from segue.languages.asl.distributed_map import DistributedMapState
from segue.languages.asl.frames import ENDED, JOINING, MAPPING, READY, RUNNING, Branch, load_frame
from segue.languages.asl.run import Run
from segue.languages.asl.transitions import EvaluationErrors, evaluation_failed, fail
from segue.languages.asl.tree import ExecutionMeta, Header, Tree


def redriven_tree(execution: ExecutionMeta, input_text: str, kept: dict[str, Any]) -> Tree:
    """The tree of an execution that is to be redriven by the command Redrive.

    Args:
        execution: as it was started, with its ``redrive_count`` and ``redriven_ms``.
        input_text: its input.
        kept: what the Step that ended it kept.
    """
    tree = Tree(execution, input_text)
    tree.header = Header.load(kept["header"])
    tree.frames = {int(id): load_frame(int(id), frame) for id, frame in kept["frames"].items()}
    return tree


def redrive(run: Run, command: Redrive) -> bool:
    """Set all branches going that had not ended."""
    run.status = "RUNNING"
    redriven = run.emit(run.last_event_id, "ExecutionRedriven", {"redriveCount": command.count})
    if run.timeout_seconds is not None:
        run.actions.append(SetTimer(*EXECUTION, "execution", run.now_ms + run.timeout_seconds * 1000))
    for id in run.branch_ids():
        branch = run.frame(id)
        if run.status == "RUNNING" and isinstance(branch, Branch):
            _go_on(run, branch, redriven)
    return True


def _go_on(run: Run, branch: Branch, redriven: int) -> None:
    state = run.program.state(branch)
    if branch.phase in (JOINING, ENDED):
        return
    branch.previous = redriven
    if branch.phase == READY:
        run.ready.append(branch.id)
        return
    if branch.phase == MAPPING:
        cast(DistributedMapState, state).redriven(run, branch)
        return
    branch.phase = RUNNING
    branch.retries, branch.retry_count = [], 0
    branch.heartbeat_seconds = branch.heartbeat_due_ms = 0
    try:
        state.attempt(run, branch)
    except EvaluationErrors as error:
        fail(run, branch, evaluation_failed(run, branch, error))
