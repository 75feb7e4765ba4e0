"""One step at work: what it reads, what it has changed so far, the events and actions that it gives.

Nothing that was saved is touched: a frame is copied the first time it is asked for. Random numbers, tokens and UUIDs
come from the execution's seed, the frame and its generation or event, so a replay makes the same ones.
"""

from __future__ import annotations

import base64
import hashlib
import random
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, cast

from segue.languages.asl import json_text
from segue.languages.asl.commands import EXECUTION, Action, CancelMapRun, CancelTask, CancelTimer, Key, ScheduleTask
from segue.languages.asl.context import context_object
from segue.languages.asl.frames import MAPPING, RETRYING, TASK_PHASES, WAITING, Branch, Frame, Held, Join
from segue.languages.asl.history import MAX_EVENTS, HistoryEvent
from segue.languages.asl.program import Program
from segue.languages.asl.retry import Failure
from segue.languages.asl.scope import JsonataScope, Scope
from segue.languages.asl.state import State
from segue.languages.asl.tree import HEADER, Header, Journal, Status, Tree
from segue.languages.asl.variables import UNCOUNTED_BYTES, bytes_of, check_held

Refuse = Callable[[ScheduleTask], str | None]

_NOTHING: dict[str, Any] = {}
_NO_CHANCE = random.Random(0)
_LAST_EVENTS = frozenset(("ExecutionSucceeded", "ExecutionFailed", "ExecutionAborted", "ExecutionTimedOut"))
_TOKEN_BYTES = 384

EXPRESS_TIMEOUT_SECONDS = 300
"""An Express execution runs for five minutes at most."""


class HistoryFull(Exception):
    """The next event would be the last that a history may hold."""


class Run:
    """The working set of one step. See the module.

    ``failure`` is the newest of a state. ``notes`` and ``given_context`` are there for TestState (``test_state``): see
    ``Scope.notes``, ``context_object``.
    """

    def __init__(self, program: Program, tree: Tree, now_ms: int, budget: int, refuse: Refuse | None) -> None:
        self.program = program
        self.meta = tree.meta
        self.now_ms = now_ms
        self.budget = budget
        self.refuse = refuse
        self.events: list[HistoryEvent] = []
        self.actions: list[Action] = []
        self.status: Status = tree.header.status
        self.output_text: str | None = None
        self.error: str | None = None
        self.cause: str | None = None
        self.stop_ms: int | None = None
        self.ready: deque[int] = deque(tree.header.ready)
        self.last_event_id = tree.header.last_event_id
        self._max_event_id = MAX_EVENTS - 1 if tree.meta.kind == "STANDARD" else 1 << 62
        self.last_frame_id = tree.header.last_frame_id
        self._tree = tree
        self._frames: dict[int, Frame | None] = {}
        self._visible: dict[int, Mapping[str, Any]] = {}
        self._children: dict[int, dict[int, int]] | None = None
        self.input_text = tree.input_text
        self.advancing: Branch | None = None
        self.kept: dict[int, list[Any]] | None = None
        self.failure: Failure | None = None
        self.notes: dict[str, Any] | None = None
        self.given_context: Mapping[str, Any] | None = None

    @property
    def execution_input(self) -> Any:
        """The execution's input as a value."""
        return self._tree.execution_input

    @property
    def timeout_seconds(self) -> int | None:
        """How long the whole execution may run; None for no bound."""
        stated = self.program.timeout_seconds
        if self.meta.kind == "EXPRESS":
            return min(stated or EXPRESS_TIMEOUT_SECONDS, EXPRESS_TIMEOUT_SECONDS)
        return stated

    # Events

    def emit(self, previous: int, type: str, details: dict[str, Any] | None) -> int:
        """Write an event that follows ``previous``; gives its id."""
        id = self.last_event_id + 1
        if id > self._max_event_id and type not in _LAST_EVENTS:
            raise HistoryFull
        self.last_event_id = id
        self.events.append(HistoryEvent(id, previous, self.now_ms, type, details))
        return id

    # Frames

    def frame(self, id: int) -> Frame | None:
        """The frame, to be changed freely; None when it is gone."""
        if id in self._frames:
            return self._frames[id]
        saved = self._tree.frames.get(id)
        if saved is None:
            return None
        own = saved.copy()
        self._frames[id] = own
        return own

    def branch(self, id: int) -> Branch:
        return cast(Branch, self.frame(id))

    def join(self, id: int) -> Join:
        return cast(Join, self.frame(id))

    def peek(self, id: int) -> Any:
        """The frame, only to be read: it does not become part of the journal."""
        return self._frames[id] if id in self._frames else self._tree.frames[id]

    def owner_state(self, join: Join) -> State:
        """The Parallel or Map state of a Join."""
        return self.program.state(self.peek(join.parent))

    def waiting_branch(self, key: Key) -> Branch | None:
        """The branch that waits for this task or timer, if it still does."""
        id, generation = key
        if id not in self._tree.frames:
            return None
        frame = self.peek(id)
        if not isinstance(frame, Branch) or frame.generation != generation:
            return None
        return self.branch(id)

    def forget_children(self, join_id: int) -> None:
        """A Join's children are gone."""
        if self._children is not None:
            self._children.pop(join_id, None)

    def next_frame_id(self) -> int:
        self.last_frame_id += 1
        return self.last_frame_id

    def add(self, frame: Frame) -> None:
        """Keep a new frame, or another one in the place of an old."""
        self._frames[frame.id] = frame
        if self._children is not None and not isinstance(frame, Join) and frame.parent and frame.index >= 0:
            self._children.setdefault(frame.parent, {})[frame.index] = frame.id

    def drop(self, id: int) -> None:
        """The frame is gone."""
        if id in self._tree.frames:
            self._frames[id] = None
        else:
            self._frames.pop(id, None)

    def children(self, join_id: int) -> dict[int, int]:
        """Frame ids of a Join's children by their index, those that have ended too. One look over all frames a step."""
        if self._children is None:
            index: dict[int, dict[int, int]] = {}
            for id, frame in self._all_frames():
                if isinstance(frame, (Branch, Held)) and frame.parent and frame.index >= 0:
                    index.setdefault(frame.parent, {})[frame.index] = id
            self._children = index
        return self._children.get(join_id, {})

    def _all_frames(self) -> list[tuple[int, Frame]]:
        everything: dict[int, Frame | None] = {**self._tree.frames, **self._frames}
        return [(id, frame) for id, frame in everything.items() if frame is not None]

    # What expressions see

    def scope(self, branch: Branch, state: State) -> Scope:
        """The surroundings of an evaluation in a state, with its raw input as ``$``."""
        context = context_object(self, branch, state) if state.uses_context else _NOTHING
        variables = self.variables(branch) if self.program.uses_variables else _NOTHING
        chance = self.chance(branch) if state.uses_chance else _NO_CHANCE
        if state.is_jsonata:
            scope: Scope = JsonataScope(branch.input, context, variables, chance, state.name, self.now_ms)
        else:
            scope = Scope(branch.input, context, variables, chance, state.name)
        scope.notes = self.notes
        return scope

    def variables(self, branch: Branch) -> Mapping[str, Any]:
        """The variables that a branch sees: its own and, behind them, those of the branches around it."""
        known = self._visible.get(branch.id)
        if known is not None:
            return known
        outer: Mapping[str, Any] = _NOTHING
        if branch.parent:
            outer = self.variables(self.peek(self.peek(branch.parent).parent))
        own = json_text.parse(branch.variables_text) if branch.variables_text else _NOTHING
        visible = {**outer, **own}
        self._visible[branch.id] = visible
        return visible

    def assign(self, branch: Branch, values: dict[str, Any]) -> None:
        """Set variables of a branch.

        Raises:
            StatesError: the execution would hold more than it may.
        """
        own = json_text.parse(branch.variables_text) if branch.variables_text else {}
        text = json_text.dump({**own, **values})
        if len(text) > UNCOUNTED_BYTES:
            others = [one for id, one in self._all_frames() if isinstance(one, Branch) and id != branch.id]
            check_held(bytes_of(text) + sum(bytes_of(one.variables_text) for one in others))
        branch.variables_text = text
        self._visible.clear()

    def chance(self, branch: Branch) -> random.Random:
        """Random numbers for this moment of a branch, the same in every replay."""
        return random.Random(f"{self.meta.seed}/{branch.id}/{self.last_event_id}")

    def token(self, branch: Branch) -> str:
        """The task token of a branch's newest task: unguessable without the seed, the same in every replay."""
        text = f"{self.meta.seed}/{self.meta.id}/{branch.id}/{branch.generation}"
        return "AQC" + base64.b64encode(hashlib.shake_256(text.encode()).digest(_TOKEN_BYTES)).decode()

    # Ends

    def cancel(self, branch: Branch) -> None:
        """Call off what a branch waits for outside."""
        if branch.phase in TASK_PHASES:
            self.actions.append(CancelTask(branch.id, branch.generation))
            self.actions.append(CancelTimer(branch.id, branch.generation))
        elif branch.phase in (WAITING, RETRYING):
            self.actions.append(CancelTimer(branch.id, branch.generation))
        elif branch.phase == MAPPING:
            self.actions.append(CancelMapRun(branch.id, branch.generation))
            self.drop(branch.join)

    def keep(self) -> None:
        """Remember the frames as they stand: a redrive of a Standard execution that does not succeed begins with them.

        Only the first time counts, before what has failed is cleared away.
        """
        if self.kept is None and self.meta.kind == "STANDARD":
            self.kept = {id: frame.dump() for id, frame in self._all_frames()}

    def branch_ids(self) -> list[int]:
        """Ids of all branches, parents before their children."""
        return sorted(id for id, frame in self._all_frames() if isinstance(frame, Branch))

    def finish(self, status: Status, event: str, previous: int, details: dict[str, Any]) -> None:
        """The end of the execution: the last event, and everything that still runs is called off."""
        if status != "SUCCEEDED":
            self.keep()
        self.emit(previous, event, details)
        self.status = status
        self.stop_ms = self.now_ms
        self.output_text, self.error, self.cause = details.get("output"), details.get("error"), details.get("cause")
        for id, frame in self._all_frames():
            if isinstance(frame, Branch):
                self.cancel(frame)
            self.drop(id)
        if self.timeout_seconds is not None and status != "TIMED_OUT":
            self.actions.append(CancelTimer(*EXECUTION))
        self.ready.clear()

    def journal(self) -> Journal:
        """What has changed, for ``Tree.apply``."""
        header = Header(self.status, self.last_event_id, self.last_frame_id, tuple(self.ready))
        changed: Journal = {HEADER: header.dump()}
        for id, frame in self._frames.items():
            changed[id] = None if frame is None else frame.dump()
        return changed
