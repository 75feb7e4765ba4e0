"""Parallel: all branches at once, with the same input."""

from __future__ import annotations

from typing import Any

from segue.languages.asl.frames import Branch, Join
from segue.languages.asl.joins import JoiningState, dumped, joining
from segue.languages.asl.run import Run


class ParallelState(JoiningState):
    """Parallel. ``levels`` are the program's levels of its branches."""

    def __init__(self, name: str, spec: dict[str, Any], levels: tuple[int, ...]) -> None:
        super().__init__(name, spec)
        self._levels = levels

    def attempt(self, run: Run, branch: Branch) -> None:
        scope = run.scope(branch, self)
        effective = self.flow.effective(scope)
        text = dumped(effective, branch)
        branch.previous = run.emit(branch.previous, "ParallelStateStarted", None)
        count = len(self._levels)
        join = Join(run.next_frame_id(), branch.id, count, count, branch.previous, 0)
        run.add(join)
        joining(branch, join)
        for index, level in enumerate(self._levels):
            start_at = run.program.levels[level].start_at
            child = Branch(run.next_frame_id(), join.id, index, level, start_at, text, branch.previous)
            child.receive(text, effective)
            run.add(child)
            run.ready.append(child.id)
        join.started = count
        if not count:
            self.complete(run, branch, join)
