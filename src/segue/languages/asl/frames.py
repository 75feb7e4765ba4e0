"""Frames: the parts of a running execution, as small plain data.

A ``Branch`` walks through one level of states: the execution itself, a branch of a Parallel state, an iteration of a
Map state. A ``Join`` belongs to a Branch that stands in a Parallel or Map state and waits for the Branches below it. A
``Held`` keeps a value that does not change: the items of a Map, the output of a Branch that has ended. So one end of
one iteration touches its own frame, its Join and the next iteration, whatever the size of the Map.

Payloads are kept as JSON text and parsed when somebody looks: integers of any size survive, and text is shared between
a state's output and the next state's input.
"""

from __future__ import annotations

from typing import Any

from segue.errors import WrittenByNewer
from segue.languages.asl import json_text

READY, WAITING, RETRYING, SCHEDULED, STARTED, SUBMITTED, JOINING, RUNNING, ENDED, MAPPING = range(10)
"""Phases of a Branch: about to enter its state; in a Wait; waiting to try again; its task asked for, started,
submitted; waiting for a Join; in the middle of a step, neither of which is ever saved; ended; waiting for a Map Run."""

TASK_PHASES = frozenset((SCHEDULED, STARTED, SUBMITTED))

_UNPARSED: Any = object()


class Branch:
    """A walk through one level of states.

    Attributes:
        id: the frame's id; children have higher ids than their parents.
        parent: the Join that waits for it; 0 for the execution itself.
        index: its place among the Join's children.
        level: the program's level that it walks through.
        state: the name of the state that it stands in, or is about to enter.
        phase: see above.
        text: the state's raw input as JSON text.
        previous: the last event of its chain.
        entered_id, entered_ms: the state's Entered event.
        generation: of its newest task or timer.
        retries: how often each retrier of the state was used; empty when none was.
        retry_count: ``$$.State.RetryCount``.
        variables_text: its own variables, a JSON object; "" for none.
        heartbeat_seconds, heartbeat_due_ms: of its task; 0 for none.
        join: the Join it waits for, in phase JOINING; in phase MAPPING, the Held that names the Map Run.
    """

    __slots__ = (
        "entered_id",
        "entered_ms",
        "generation",
        "heartbeat_due_ms",
        "heartbeat_seconds",
        "id",
        "index",
        "join",
        "level",
        "parent",
        "phase",
        "previous",
        "retries",
        "retry_count",
        "state",
        "text",
        "value_or_unparsed",
        "variables_text",
    )

    def __init__(self, id: int, parent: int, index: int, level: int, state: str, text: str, previous: int) -> None:
        self.id = id
        self.parent = parent
        self.index = index
        self.level = level
        self.state = state
        self.phase = READY
        self.text = text
        self.previous = previous
        self.entered_id = 0
        self.entered_ms = 0
        self.generation = 0
        self.retries: list[int] = []
        self.retry_count = 0
        self.variables_text = ""
        self.heartbeat_seconds = 0
        self.heartbeat_due_ms = 0
        self.join = 0
        self.value_or_unparsed: Any = _UNPARSED

    @property
    def input(self) -> Any:
        """The state's raw input. Shared: never to be changed in place."""
        if self.value_or_unparsed is _UNPARSED:
            self.value_or_unparsed = json_text.parse(self.text)
        return self.value_or_unparsed

    def receive(self, text: str, value: Any = _UNPARSED) -> None:
        """Take a new input; ``value`` spares parsing ``text`` when it is known."""
        self.text = text
        self.value_or_unparsed = value

    def copy(self) -> Branch:
        copy = Branch(self.id, self.parent, self.index, self.level, self.state, self.text, self.previous)
        copy.phase = self.phase
        copy.entered_id = self.entered_id
        copy.entered_ms = self.entered_ms
        copy.generation = self.generation
        copy.retries = list(self.retries)
        copy.retry_count = self.retry_count
        copy.variables_text = self.variables_text
        copy.heartbeat_seconds = self.heartbeat_seconds
        copy.heartbeat_due_ms = self.heartbeat_due_ms
        copy.join = self.join
        copy.value_or_unparsed = self.value_or_unparsed
        return copy

    def dump(self) -> list[Any]:
        walk = [self.parent, self.index, self.level, self.state, self.phase, self.text, self.previous]
        entered = [self.entered_id, self.entered_ms, self.generation]
        retried = [list(self.retries), self.retry_count]
        rest = [self.variables_text, self.heartbeat_seconds, self.heartbeat_due_ms, self.join]
        return ["branch", *walk, *entered, *retried, *rest]

    @classmethod
    def load(cls, id: int, plain: list[Any]) -> Branch:
        branch = cls(id, plain[1], plain[2], plain[3], plain[4], plain[6], plain[7])
        branch.phase = plain[5]
        branch.entered_id, branch.entered_ms, branch.generation = plain[8:11]
        branch.retries, branch.retry_count = list(plain[11]), plain[12]
        branch.variables_text, branch.heartbeat_seconds, branch.heartbeat_due_ms, branch.join = plain[13:17]
        return branch


class Join:
    """A Parallel or Map state in progress.

    Attributes:
        id: the frame's id.
        parent: the Branch that stands in the state.
        count: how many children there will be.
        started, ended: how many there have been.
        window: how many may run at once.
        previous: the last event of the state's own chain: its Started, then the newest end of a child.
        items: the Held with a Map's items; 0 for a Parallel.
    """

    __slots__ = ("count", "ended", "id", "items", "parent", "previous", "started", "window")

    def __init__(self, id: int, parent: int, count: int, window: int, previous: int, items: int) -> None:
        self.id = id
        self.parent = parent
        self.count = count
        self.started = 0
        self.ended = 0
        self.window = window
        self.previous = previous
        self.items = items

    def copy(self) -> Join:
        return Join.load(self.id, self.dump())

    def dump(self) -> list[Any]:
        return ["join", self.parent, self.count, self.started, self.ended, self.window, self.previous, self.items]

    @classmethod
    def load(cls, id: int, plain: list[Any]) -> Join:
        join = cls(id, plain[1], plain[2], plain[5], plain[6], plain[7])
        join.started, join.ended = plain[3], plain[4]
        return join


class Held:
    """A value that stays as it is: a Map's items, or the output of a child that has ended.

    Attributes:
        id: the frame's id; an ended child keeps its own.
        parent: the Join that it belongs to.
        index: the child's place; -1 for items.
        text: the value as JSON text.
    """

    __slots__ = ("id", "index", "parent", "text", "value_or_unparsed")

    def __init__(self, id: int, parent: int, index: int, text: str, value: Any = _UNPARSED) -> None:
        self.id = id
        self.parent = parent
        self.index = index
        self.text = text
        self.value_or_unparsed = value

    @property
    def value(self) -> Any:
        """The value. Shared: never to be changed in place."""
        if self.value_or_unparsed is _UNPARSED:
            self.value_or_unparsed = json_text.parse(self.text)
        return self.value_or_unparsed

    def copy(self) -> Held:
        return self

    def dump(self) -> list[Any]:
        return ["held", self.parent, self.index, self.text]

    @classmethod
    def load(cls, id: int, plain: list[Any]) -> Held:
        return cls(id, plain[1], plain[2], plain[3])


Frame = Branch | Join | Held

_KINDS: dict[str, tuple[type[Branch] | type[Join] | type[Held], int]] = {
    "branch": (Branch, 17),
    "join": (Join, 8),
    "held": (Held, 4),
}
"""The frames, and how many members their dumps have. What is added comes last, so that the number tells the version."""


def load_frame(id: int, plain: list[Any]) -> Frame:
    """The frame from its dump; ``WrittenByNewer`` where it has more than is known here."""
    kind, members = _KINDS.get(plain[0], (None, 0))
    if kind is None or len(plain) > members:
        raise WrittenByNewer(f"a frame '{plain[0]}' of {len(plain)} members was written by a newer Segue")
    return kind.load(id, plain)
