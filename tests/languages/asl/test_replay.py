"""Any prefix of an execution's commands, replayed after a crash, gives the same history, and what follows too."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from segue.languages import asl
from segue.languages.asl.commands import CompleteMapRun, FailMapRun, StartMapRun
from segue.languages.asl.validate import validate
from tests.languages.asl.generated import definitions
from tests.languages.asl.harness import START_MS, meta

INPUT = '{"big":12345678901234567890123,"real":1.0}'
Life = list[tuple[asl.Command, int]]


class Outside:
    """What stands outside of an execution, and lets things happen; a seed decides which."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._tasks: list[asl.Key] = []
        self._maps: list[asl.Key] = []
        self._timers: dict[tuple[asl.Key, str], int] = {}
        self.now_ms = START_MS

    def take(self, result: asl.Step) -> None:
        for action in result.actions:
            match action:
                case asl.ScheduleTask():
                    self._tasks.append(action.key)
                case StartMapRun():
                    self._maps.append(action.key)
                case asl.SetTimer():
                    self._timers[(action.key, action.kind)] = action.at_ms
                case asl.CancelTimer():
                    self._timers = {name: at for name, at in self._timers.items() if name[0] != action.key}

    def command(self) -> asl.Command | None:
        """Something that may happen now, sometimes late or twice."""
        happens: list[asl.Command] = []
        for key in self._tasks[-6:]:
            happens += [asl.CompleteTask(key, '{"done":1.0}')] * 4
            happens += [asl.FailTask(key, "E"), asl.TaskStarted(key), asl.TaskSubmitted(key, "{}"), asl.Heartbeat(key)]
        for key in self._maps[-3:]:
            happens += [CompleteMapRun(key, "[1,2]")] * 2 + [FailMapRun(key, "E", "c")]
        if self._timers:
            (key, kind), at_ms = min(self._timers.items(), key=lambda timer: (timer[1], timer[0]))
            self.now_ms = max(self.now_ms, at_ms)
            happens += [asl.FireTimer(key, kind)] * 4  # type: ignore[arg-type]
        if self._chance.random() < 0.02:
            happens.append(asl.Stop("Enough"))
        return self._chance.choice(happens) if happens else None


def lived(program: asl.Program, seed: int, budget: int) -> tuple[Life, list[asl.Step], list[Any]]:
    """A life: its commands, what each led to, and the tree after each."""
    tree = asl.start(program, meta(), INPUT)
    outside = Outside(seed)
    life: Life = []
    results: list[asl.Step] = []
    dumps: list[Any] = []
    command: asl.Command | None = asl.Start()
    while command is not None and tree.status in ("PENDING", "RUNNING") and len(life) < 60:
        life.append((command, outside.now_ms))
        results.append(asl.step(program, tree, command, outside.now_ms, budget))
        tree.apply(results[-1].journal)
        dumps.append(tree.dump())
        outside.take(results[-1])
        command = asl.Continue() if results[-1].more else outside.command()
    return life, results, dumps


@settings(max_examples=150, deadline=None)
@given(definitions(), st.integers(0, 2**32), st.sampled_from([1, 3, 1000]), st.data())
def test_a_replayed_prefix_gives_the_same_history(
    definition: dict[str, Any], seed: int, budget: int, data: st.DataObject
) -> None:
    life, results, dumps = lived(asl.compile(definition), seed, budget)
    crashed_after = data.draw(st.integers(0, len(life)), label="crashed after")

    program = asl.compile(definition)  # another process has compiled it
    tree = asl.start(program, meta(), INPUT)
    for number, (command, now_ms) in enumerate(life):
        result = asl.step(program, tree, command, now_ms, budget)
        assert result == results[number]
        tree.apply(result.journal)
        assert tree.dump() == dumps[number]
        if number + 1 == crashed_after:
            tree = asl.Tree.load(tree.dump())
    ids = [event.id for result in results for event in result.events]
    assert ids == list(range(1, len(ids) + 1))


@settings(max_examples=100, deadline=None)
@given(definitions())
def test_what_is_generated_can_be_created(definition: dict[str, Any]) -> None:
    import json

    found = validate(json.dumps(definition), kind="STANDARD")
    assert [diagnostic for diagnostic in found if diagnostic.severity == "ERROR"] == []
