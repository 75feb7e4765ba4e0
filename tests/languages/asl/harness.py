"""Runs executions in memory: a clock that jumps from timer to timer, tasks that are played by functions."""

from __future__ import annotations

import heapq
import json
from collections.abc import Callable
from typing import Any

from segue.languages import asl
from segue.languages.asl import json_text
from segue.languages.asl.commands import StartMapRun
from segue.languages.asl.map_plan import ItemInputs

START_MS = 1_700_000_000_000
EXECUTION_ARN = "arn:aws:states:us-east-1:111111111111:execution:machine:run-1"

Answer = list[asl.Command]
Play = Callable[[asl.ScheduleTask], Answer]
"""What becomes of a task: the commands that follow at once; none leaves it open."""

PlayMap = Callable[[asl.Program, StartMapRun], Answer]
"""What becomes of a Map Run."""


def meta(**changes: Any) -> asl.ExecutionMeta:
    values: dict[str, Any] = {
        "id": EXECUTION_ARN,
        "name": "run-1",
        "role_arn": "arn:aws:iam::111111111111:role/role",
        "start_ms": START_MS,
        "state_machine_id": "arn:aws:states:us-east-1:111111111111:stateMachine:machine",
        "state_machine_name": "machine",
        "seed": 42,
    }
    return asl.ExecutionMeta(**{**values, **changes})


def done(output: Any) -> Play:
    """A task that succeeds with this output."""
    return lambda task: [asl.TaskStarted(task.key), asl.CompleteTask(task.key, json_text.dump(output))]


def failing(error: str | None, cause: str | None = None) -> Play:
    """A task that fails."""
    return lambda task: [asl.TaskStarted(task.key), asl.FailTask(task.key, error, cause)]


def left_open(task: asl.ScheduleTask) -> Answer:
    """A task that nobody answers."""
    return []


def children_that_echo(program: asl.Program, action: StartMapRun) -> Answer:
    """A Map Run whose children run in memory, one after the other; a task gives back what it was sent."""
    items = [json_text.dump(item) for item in json_text.parse(action.plan.items_text or "[]")]
    inputs = ItemInputs(program, action.plan).children(items, 0, len(items), is_all=True)
    outputs = []
    for number, child in enumerate(inputs):
        machine = f"arn:aws:states:us-east-1:111111111111:stateMachine:machine/{action.plan.label}"
        own = meta(id=f"{EXECUTION_ARN}-{number}", state_machine_id=machine, kind=action.plan.kind)
        harness = Harness(json.loads(action.definition_text), child.text, echo, execution=own).run()
        if harness.status != "SUCCEEDED":
            return [asl.FailMapRun(action.key, "States.ExceedToleratedFailureThreshold", "too many")]
        outputs.append(harness.output)
    return [asl.CompleteMapRun(action.key, json_text.dump(outputs))]


def echo(task: asl.ScheduleTask) -> Answer:
    """A task that gives back what it was sent."""
    return [asl.CompleteTask(task.key, task.parameters_text)]


class Harness:
    """One execution. Everything that it does passes through dump and load when ``is_reloaded`` is set."""

    def __init__(
        self,
        definition: dict[str, Any],
        input_text: str = "{}",
        play: Play = left_open,
        *,
        execution: asl.ExecutionMeta | None = None,
        budget: int = 1000,
        refuse: Callable[[asl.ScheduleTask], str | None] | None = None,
        is_reloaded: bool = False,
        play_map: PlayMap = children_that_echo,
    ) -> None:
        self.program = asl.compile(definition)
        self.tree = asl.start(self.program, execution or meta(), input_text)
        self.now_ms = START_MS
        self.budget = budget
        self.refuse = refuse
        self.play = play
        self.play_map = play_map
        self.is_reloaded = is_reloaded
        self.events: list[asl.HistoryEvent] = []
        self.tasks: list[asl.ScheduleTask] = []
        self.steps: list[asl.Step] = []
        self.last: asl.Step | None = None
        self._timers: dict[tuple[asl.Key, str], int] = {}
        self._queue: list[asl.Command] = []

    def send(self, command: asl.Command) -> asl.Step:
        """One command, with its Continues and what the played tasks answer."""
        self._queue.append(command)
        first: asl.Step | None = None
        while self._queue:
            result = self._step(self._queue.pop(0))
            first = first or result
            while result.more:
                result = self._step(asl.Continue())
        assert first is not None
        return first

    def run(self, until_ms: int | None = None) -> Harness:
        """Start, then jump from timer to timer until the execution ends or nothing is left to wait for."""
        if self.tree.status == "PENDING":
            self.send(asl.Start())
        while self.tree.status == "RUNNING" and self._timers:
            heap = [(at_ms, key, kind) for (key, kind), at_ms in self._timers.items()]
            at_ms, key, kind = heapq.nsmallest(1, heap)[0]
            if until_ms is not None and at_ms > until_ms:
                self.now_ms = until_ms
                break
            del self._timers[(key, kind)]
            self.now_ms = max(self.now_ms, at_ms)
            self.send(asl.FireTimer(key, kind))  # type: ignore[arg-type]
        return self

    def _step(self, command: asl.Command) -> asl.Step:
        result = asl.step(self.program, self.tree, command, self.now_ms, self.budget, self.refuse)
        self.steps.append(result)
        self.events += result.events
        self.tree.apply(result.journal)
        if self.is_reloaded:
            self.tree = asl.Tree.load(self.tree.dump())
        for action in result.actions:
            match action:
                case asl.ScheduleTask():
                    self.tasks.append(action)
                    self._queue += self.play(action)
                case asl.SetTimer():
                    self._timers[(action.key, action.kind)] = action.at_ms
                case asl.CancelTimer():
                    self._timers = {name: at for name, at in self._timers.items() if name[0] != action.key}
                case asl.CancelTask():
                    self._queue = [one for one in self._queue if getattr(one, "task", None) != action.key]
                case StartMapRun():
                    self._queue += self.play_map(self.program, action)
        if result.finished:
            self.last = result
        return result

    @property
    def timers(self) -> dict[tuple[asl.Key, str], int]:
        return dict(self._timers)

    @property
    def status(self) -> str:
        return self.tree.status

    @property
    def output(self) -> Any:
        assert self.last is not None, self.status
        assert self.last.output_text is not None, self.last
        return json_text.parse(self.last.output_text)

    @property
    def error(self) -> str | None:
        assert self.last is not None
        return self.last.error

    @property
    def cause(self) -> str | None:
        assert self.last is not None
        return self.last.cause

    @property
    def types(self) -> list[str]:
        return [event.type for event in self.events]

    @property
    def chain(self) -> list[tuple[int, int, str]]:
        """(id, previousEventId, type) of all events."""
        return [(event.id, event.previous_event_id, event.type) for event in self.events]


def machine(*states: tuple[str, dict[str, Any]], **fields: Any) -> dict[str, Any]:
    """A definition from states in a row: those without Next, End or an own way lead to the one after them."""
    named = dict(states)
    names = list(named)
    for name, following in zip(names, [*names[1:], None], strict=True):
        state = named[name]
        if "Next" in state or "End" in state or state["Type"] in ("Choice", "Succeed", "Fail"):
            continue
        state.update({"Next": following} if following else {"End": True})
    return {"StartAt": names[0], "States": named, **fields}
