"""What Parallel and Map states share: branches below a state, the first failure among them, the last end."""

from __future__ import annotations

from typing import Any

from segue.languages.asl import json_text
from segue.languages.asl.frames import ENDED, JOINING, MAPPING, READY, RUNNING, Branch, Held, Join
from segue.languages.asl.run import Run
from segue.languages.asl.state import Composite
from segue.languages.asl.transitions import EvaluationErrors, TooLong, evaluation_failed, fail, leave, leave_with_text

MOST_CHARACTERS = 32 * 1024 * 1024
"""The longest result that is put together, to be made smaller by a ResultSelector or Output."""

_ABORTED = frozenset(("Task", "Wait", "Parallel", "Map"))
"""Types of states that have an Aborted event."""


class JoiningState(Composite):
    """A Parallel or Map state."""

    def __init__(self, name: str, spec: dict[str, Any]) -> None:
        super().__init__(name, spec)
        self._passes_result = self.flow.passes_result

    def child_done_event(self, run: Run, child: Branch) -> int:
        """Write the event of a child's success, if there is one; gives the newest event of the state's own chain."""
        return child.previous

    def child_failed_event(self, run: Run, child: Branch) -> None:
        """Write the event of a child's failure, if there is one."""

    def child_aborted_event(self, run: Run, child: Branch) -> None:
        """Write the event of a child that is called off, if there is one."""

    def start_more(self, run: Run, join: Join, previous: int) -> None:
        """Start children while the window has room; they follow ``previous``."""

    def given_up(self, run: Run, branch: Branch) -> None:
        branch.previous = run.emit(branch.previous, f"{self.type}StateFailed", None)

    def child_ended(self, run: Run, child: Branch, text: str, value: Any) -> None:
        join = run.join(child.parent)
        join.ended += 1
        join.previous = self.child_done_event(run, child)
        run.add(Held(child.id, join.id, child.index, text, value))
        if join.ended == join.count:
            self.complete(run, run.branch(join.parent), join)
        elif join.started < join.count:
            self._start_more_or_fail(run, join, child.previous)

    def _start_more_or_fail(self, run: Run, join: Join, previous: int) -> None:
        try:
            self.start_more(run, join, previous)
        except EvaluationErrors as error:
            owner = run.branch(join.parent)
            owner.previous = previous
            self.call_off(run, join)
            fail(run, owner, evaluation_failed(run, owner, error))

    def complete(self, run: Run, owner: Branch, join: Join) -> None:
        """All children have ended: their outputs, in their order, are the result. Their texts are not made anew."""
        outputs = [run.peek(id) for _, id in sorted(run.children(join.id).items())]
        self._drop(run, join)
        owner.phase = RUNNING
        owner.join = 0
        owner.previous = join.previous
        if sum(len(held.text) for held in outputs) > MOST_CHARACTERS:  # too long whatever becomes of it
            run.emit(owner.previous, f"{self.type}StateSucceeded", None)
            fail(run, owner, evaluation_failed(run, owner, TooLong(self.name)))
            return
        text = f"[{','.join([held.text for held in outputs])}]"
        self.succeed(run, owner, text, [held.value for held in outputs])

    def succeed(self, run: Run, owner: Branch, text: str, result: Any) -> None:
        """The state has its result, whose text is known."""
        run.emit(owner.previous, f"{self.type}StateSucceeded", None)
        try:
            if self._passes_result:
                leave_with_text(run, owner, self, text, result, self.next)
                return
            scope = run.scope(owner, self)
            raw = scope.input
            values = self.flow.assigned(scope, result)
            leave(run, owner, self, self.flow.output(scope, raw, result), self.next, values)
        except EvaluationErrors as error:
            fail(run, owner, evaluation_failed(run, owner, error))

    def child_failed(self, run: Run, child: Branch) -> Branch:
        join = run.join(child.parent)
        owner = run.branch(join.parent)
        self.child_failed_event(run, child)
        owner.previous = child.previous
        self.call_off(run, join, failed=child)
        return owner

    def call_off(self, run: Run, join: Join, failed: Branch | None = None) -> None:
        """Nothing below the state goes on. Aborted events follow the chains that they end and do not prolong them."""
        for _, id in sorted(run.children(join.id).items()):
            child = run.peek(id)
            if isinstance(child, Branch) and (child.phase != ENDED or child is failed):
                self._abort(run, child, child is failed)
        owner = run.branch(join.parent)
        owner.phase = RUNNING
        owner.join = 0
        self._drop(run, join)

    def _abort(self, run: Run, child: Branch, has_failed: bool) -> None:
        state = run.program.state(child)
        if child.phase == JOINING and isinstance(state, JoiningState):
            state.call_off(run, run.join(child.join))
        is_open = child.phase != READY and (not has_failed or state.type == "Task")
        if is_open and state.type in _ABORTED:
            previous = child.previous
            if child.phase == MAPPING:
                previous = run.emit(previous, "MapRunAborted", None)
            run.emit(previous, f"{state.type}StateAborted", None)
        run.cancel(child)
        if child.id in run.ready:
            run.ready.remove(child.id)
        if has_failed:
            child.phase = ENDED  # it is the one at work; the others are dropped as they are
        else:
            self.child_aborted_event(run, child)

    def _drop(self, run: Run, join: Join) -> None:
        for id in run.children(join.id).values():
            run.drop(id)
        run.forget_children(join.id)
        if join.items:
            run.drop(join.items)
        run.drop(join.id)


def joining(owner: Branch, join: Join) -> None:
    """The owner waits for the Join."""
    owner.phase = JOINING
    owner.join = join.id


def dumped(value: Any, owner: Branch) -> str:
    """The text of a value that may be the owner's input."""
    return owner.text if value is owner.value_or_unparsed else json_text.dump(value)
