"""Map, inline: one iteration for each item, some at once."""

from __future__ import annotations

from typing import Any

from segue.languages.asl import json_text
from segue.languages.asl.frames import Branch, Held, Join
from segue.languages.asl.items import compile_items
from segue.languages.asl.joins import JoiningState, dumped, joining
from segue.languages.asl.numbers import compile_integer
from segue.languages.asl.payloads import compile_payload
from segue.languages.asl.run import Run
from segue.languages.asl.scope import Scope

MAX_CONCURRENCY = 40
"""Iterations of an inline Map that run at once at most (developer guide, "Map state processing modes")."""


class MapState(JoiningState):
    """Map. ``level`` is the program's level of its processor; ``selector`` is ItemSelector, or its older name."""

    def __init__(self, name: str, spec: dict[str, Any], level: int) -> None:
        # Parameters is the older name of ItemSelector: it makes each iteration's input, not the state's.
        super().__init__(name, {key: value for key, value in spec.items() if key != "Parameters"})
        self.look_for_uses(spec)
        self._level = level
        self._items = compile_items(spec, self.is_jsonata)
        self.selector = compile_payload(spec, "ItemSelector", self.is_jsonata) or compile_payload(
            spec, "Parameters", self.is_jsonata
        )
        self._concurrency = compile_integer(spec, "MaxConcurrency", 0)

    def attempt(self, run: Run, branch: Branch) -> None:
        scope = run.scope(branch, self)
        self.flow.effective(scope)
        items = self._items(scope)
        concurrency = self._concurrency(scope)
        if scope.notes is not None:
            scope.notes.update(afterItemsPath=items, maxConcurrency=concurrency)
        window = concurrency or MAX_CONCURRENCY
        branch.previous = run.emit(branch.previous, "MapStateStarted", {"length": len(items)})
        join_id = run.next_frame_id()
        held = Held(run.next_frame_id(), join_id, -1, dumped(items, branch), items)
        join = Join(join_id, branch.id, len(items), min(window, MAX_CONCURRENCY), branch.previous, held.id)
        joining(branch, join)
        run.add(join)
        if not items:
            self.complete(run, branch, join)
            return
        run.add(held)
        self._start_more_or_fail(run, join, branch.previous)

    def start_more(self, run: Run, join: Join, previous: int) -> None:
        owner: Branch = run.peek(join.parent)
        items: list[Any] = run.peek(join.items).value
        level = run.program.levels[self._level]
        while join.started < join.count and join.started - join.ended < join.window:
            index = join.started
            join.started += 1
            run.budget -= 1
            started = run.emit(previous, "MapIterationStarted", self._named(index))
            value = items[index]
            child = Branch(run.next_frame_id(), join.id, index, self._level, level.start_at, "", started)
            value = self.selected(run, owner, index, value)
            child.receive(json_text.dump(value), value)
            run.add(child)
            run.ready.append(child.id)

    def selected(self, run: Run, owner: Branch, index: int, value: Any) -> Any:
        """The iteration's input: ``$`` is the state's effective input, ``$$.Map.Item`` is the iteration's."""
        if self.selector is None:
            return value
        scope: Scope = run.scope(owner, self)
        self.flow.effective(scope)
        if self.uses_context:
            scope.context = {**scope.context, "Map": {"Item": {"Index": index, "Value": value}}}
        return self.selector(scope)

    def child_done_event(self, run: Run, child: Branch) -> int:
        return run.emit(child.previous, "MapIterationSucceeded", self._named(child.index))

    def child_failed_event(self, run: Run, child: Branch) -> None:
        run.emit(child.previous, "MapIterationFailed", self._named(child.index))

    def child_aborted_event(self, run: Run, child: Branch) -> None:
        run.emit(child.previous, "MapIterationAborted", self._named(child.index))

    def _named(self, index: int) -> dict[str, Any]:
        return {"name": self.name, "index": index}
