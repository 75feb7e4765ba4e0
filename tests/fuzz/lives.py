"""What becomes of a definition: checked, compiled, run through a life that chance decides, killed and taken up again.

``live`` raises AssertionError where something is not as it must be whatever the definition, the input and the events.
"""

from __future__ import annotations

import json
import random
import time
from dataclasses import dataclass
from typing import Any

import msgpack

from segue.languages import asl
from segue.languages.asl.commands import CancelMapRun, RedriveMapRun, StartMapRun
from segue.languages.asl.validate import validate
from segue.languages.asl_hints import hints
from tests.languages.asl.harness import START_MS, meta

MAX_STEP_SECONDS = 5
"""Nobody else is served during a step. Far more than any takes, for the sake of busy machines."""

_COMMANDS = 60
_TIMERS = ("wait", "retry", "timeout", "heartbeat", "execution")


@dataclass(frozen=True, slots=True)
class Life:
    """The commands of an execution and their times, what they led to, and where it was left."""

    commands: list[tuple[asl.Command, int]]
    events: list[asl.HistoryEvent]
    tree: asl.Tree


def live(definition: Any, given: Any, seed: int, budget: int, snapshot: int) -> str:
    """Do everything with a definition that can be done; the status in which its execution is left, or why it has none.

    Args:
        definition: any JSON.
        given: the execution's input, any JSON.
        seed: decides about the outside world.
        budget: of each step.
        snapshot: the process is killed after every commit but each of this number, which writes a snapshot.
    """
    text = json.dumps(definition)
    errors = [one for one in validate(text, kind="STANDARD", warnings=True) if one.severity == "ERROR"]
    if errors:
        return errors[0].code
    hints(definition, kind="STANDARD")
    try:
        program = asl.compile(definition)
    except asl.NotYet:
        return "NotYet"
    input_text = json.dumps(given)
    first = _first_life(program, input_text, seed, budget)
    _second_life(program, input_text, first, budget, snapshot)
    return first.tree.status


class _World:
    """What stands outside: tasks to answer, timers to fire; a seed decides."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.tasks: list[asl.Key] = []
        self.timers: dict[tuple[asl.Key, str], int] = {}
        self.now_ms = START_MS

    def take(self, result: asl.Step) -> None:
        for action in result.actions:
            match action:
                case asl.ScheduleTask():
                    self.tasks.append(action.key)
                case asl.SetTimer():
                    self.timers[(action.key, action.kind)] = action.at_ms
                case asl.CancelTimer():
                    for kind in _TIMERS:
                        self.timers.pop((action.key, kind), None)
                case StartMapRun() | RedriveMapRun() | CancelMapRun():
                    pass  # nobody runs children here

    def command(self) -> asl.Command | None:
        """Something that may happen now, sometimes late or twice."""
        output = self.chance.choice(['{"Payload":{"a":1}}', '{"items":[1,2]}', "[]", "null", '"x"', "3"])
        happens: list[asl.Command] = []
        for key in self.tasks[-6:]:
            happens += [asl.CompleteTask(key, output)] * 4
            happens += [asl.FailTask(key, self.chance.choice(["E", "Busy", None]), "because")] * 2
            happens += [asl.TaskStarted(key), asl.TaskSubmitted(key, "{}"), asl.Heartbeat(key)]
        if self.timers:
            (key, kind), at_ms = min(self.timers.items(), key=lambda timer: (timer[1], timer[0]))
            self.now_ms = max(self.now_ms, at_ms)
            happens += [asl.FireTimer(key, kind)] * 4  # type: ignore[arg-type]
        if happens and self.chance.random() < 0.01:
            return asl.Stop("Stopped", None)
        return self.chance.choice(happens) if happens else None


def _step(program: asl.Program, tree: asl.Tree, command: asl.Command, now_ms: int, budget: int) -> asl.Step:
    began = time.monotonic()
    result = asl.step(program, tree, command, now_ms, budget)
    seconds = time.monotonic() - began
    assert seconds < MAX_STEP_SECONDS, f"a step took {seconds:.1f} s"
    return result


def _first_life(program: asl.Program, input_text: str, seed: int, budget: int) -> Life:
    world = _World(seed)
    tree = asl.start(program, meta(), input_text)
    done: list[tuple[asl.Command, int]] = []
    events: list[asl.HistoryEvent] = []
    command: asl.Command | None = asl.Start()
    while command is not None and tree.status in ("PENDING", "RUNNING") and len(done) < _COMMANDS:
        done.append((command, world.now_ms))
        result = _step(program, tree, command, world.now_ms, budget)
        tree.apply(result.journal)
        events += result.events
        world.take(result)
        command = asl.Continue() if result.more else world.command()
    check_history(events, tree)
    return Life(done, events, tree)


def _second_life(program: asl.Program, input_text: str, first: Life, budget: int, snapshot: int) -> None:
    """The same commands, but killed after every commit: only what was saved is left, and that is enough."""
    tree = asl.start(program, meta(), input_text)
    saved, journals = _packed(tree.dump()), []
    events: list[asl.HistoryEvent] = []
    for number, (command, now_ms) in enumerate(first.commands):
        before = tree.dump()
        result = _step(program, tree, command, now_ms, budget)
        assert tree.dump() == before, "a step changed the tree that was given to it"
        events += result.events
        journals.append(_packed(result.journal))
        if number % snapshot == 0:
            tree.apply(result.journal)
            saved, journals = _packed(tree.dump()), []
        else:
            tree = asl.Tree.load(saved)
            for journal in journals:
                tree.apply(journal)
    assert tree.dump() == first.tree.dump(), "another tree after crashes"
    assert events == first.events, "another history after crashes"


def _packed(value: Any) -> Any:
    return msgpack.unpackb(msgpack.packb(value), strict_map_key=False)


def check_history(events: list[asl.HistoryEvent], tree: asl.Tree) -> None:
    """What holds of every history."""
    assert [event.id for event in events] == list(range(1, len(events) + 1))
    assert all(event.previous_event_id < event.id for event in events)
    assert [event.timestamp_ms for event in events] == sorted(event.timestamp_ms for event in events)
    ends = [event for event in events if event.type in _ENDS]
    assert len(ends) == (tree.status != "RUNNING"), (tree.status, [event.type for event in ends])
    if ends:
        assert events[-1] is ends[0]
        assert tree.frames == {}
    entered = sum(event.type.endswith("StateEntered") for event in events)
    left = sum(event.type.endswith("StateExited") for event in events)
    assert left <= entered
    assert len(events) <= 25_000
    for event in events:
        for value in (event.details or {}).values():
            assert not isinstance(value, str) or len(value.encode(errors="surrogatepass")) <= 262_144 * 2


_ENDS = ("ExecutionSucceeded", "ExecutionFailed", "ExecutionAborted", "ExecutionTimedOut")
