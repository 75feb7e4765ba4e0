"""Whatever happens to an execution: what was saved is enough to go on exactly as if nothing had happened."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import msgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segue.errors import WrittenByNewer
from segue.languages import asl
from segue.languages.asl.commands import RedriveMapRun, StartMapRun
from segue.languages.asl.frames import Branch, Held, Join, load_frame
from tests.languages.asl.harness import START_MS, machine, meta

_RETRY = [{"ErrorEquals": ["E"], "MaxAttempts": 1, "JitterStrategy": "FULL"}]


def _state(depth: int) -> st.SearchStrategy[dict[str, Any]]:
    leaves: list[st.SearchStrategy[dict[str, Any]]] = [
        st.just({"Type": "Pass"}),
        st.just({"Type": "Pass", "Parameters": {"t.$": "$$.State.EnteredTime", "in.$": "$"}, "ResultPath": None}),
        st.just({"Type": "Pass", "Assign": {"v.$": "$$.State.Name"}}),
        st.just({"Type": "Wait", "Seconds": 2}),
        st.just({"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken"}),
        st.just({"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "Retry": _RETRY, "TimeoutSeconds": 9}),
        st.just({"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:1:function:f", "HeartbeatSeconds": 4}),
    ]
    processor = {**machine(("I", {"Type": "Pass"})), "ProcessorConfig": {"Mode": "DISTRIBUTED"}}
    items = {"ItemsPath": "$$.Execution.Input.items"}
    leaves.append(st.just({"Type": "Map", **items, "ItemProcessor": processor, "Retry": _RETRY}))
    if not depth:
        return st.one_of(leaves)
    inner = _machine(depth - 1)
    parallel = st.builds(
        lambda branches: {"Type": "Parallel", "Branches": branches}, st.lists(inner, max_size=3, min_size=1)
    )
    mapped = st.builds(
        lambda processor, window, retry: {
            "Type": "Map",
            "ItemsPath": "$$.Execution.Input.items",
            "MaxConcurrency": window,
            "ItemProcessor": processor,
            **({"Retry": _RETRY} if retry else {}),
        },
        inner,
        st.integers(0, 3),
        st.booleans(),
    )
    return st.one_of(*leaves, parallel, mapped)


def _machine(depth: int) -> st.SearchStrategy[dict[str, Any]]:
    def build(states: list[dict[str, Any]], catches: bool) -> dict[str, Any]:
        named = machine(*((f"S{index}", dict(state)) for index, state in enumerate(states)))
        if catches:
            for state in named["States"].values():
                if state["Type"] in ("Task", "Map", "Parallel"):
                    state["Catch"] = [{"ErrorEquals": ["States.ALL"], "Next": f"S{len(states) - 1}"}]
        return named

    return st.builds(build, st.lists(_state(depth), min_size=1, max_size=3), st.booleans())


class _World:
    """What stands outside: tasks to answer, timers to fire; a seed decides."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.tasks: list[asl.Key] = []
        self.map_runs: list[asl.Key] = []
        self.timers: dict[tuple[asl.Key, str], int] = {}
        self.now_ms = START_MS

    def take(self, result: asl.Step) -> None:
        for action in result.actions:
            match action:
                case asl.ScheduleTask():
                    self.tasks.append(action.key)
                case StartMapRun() | RedriveMapRun():
                    self.map_runs.append(action.key)
                case asl.SetTimer():
                    self.timers[(action.key, action.kind)] = action.at_ms
                case asl.CancelTimer():
                    for kind in ("wait", "retry", "timeout", "heartbeat", "execution"):
                        self.timers.pop((action.key, kind), None)

    def command(self) -> asl.Command | None:
        """Something that may happen now, sometimes late or twice."""
        happens: list[asl.Command] = []
        for key in self.tasks[-6:]:
            happens += [asl.CompleteTask(key, '{"done":1}')] * 4
            happens += [asl.FailTask(key, "E"), asl.TaskStarted(key), asl.TaskSubmitted(key, "{}"), asl.Heartbeat(key)]
        for key in self.map_runs[-3:]:
            happens += [asl.CompleteMapRun(key, "[1]")] * 3 + [asl.FailMapRun(key, "E", "luck")]
        if self.timers:
            (key, kind), at_ms = min(self.timers.items(), key=lambda timer: (timer[1], timer[0]))
            self.now_ms = max(self.now_ms, at_ms)
            happens += [asl.FireTimer(key, kind)] * 4  # type: ignore[arg-type]
        return self.chance.choice(happens) if happens else None


def _steps(program: asl.Program, tree: asl.Tree, seed: int, budget: int) -> list[tuple[asl.Command, int]]:
    """Commands of one life, applied to the tree."""
    world, done = _World(seed), []
    command: asl.Command | None = asl.Start()
    kept: dict[str, Any] | None = None
    for _ in range(60):
        if tree.status not in ("PENDING", "RUNNING"):
            if kept is None:
                break
            command = asl.Redrive(tree.meta.redrive_count + 1)
            _revive(tree, kept, world.now_ms)
        if command is None:
            break
        done.append((command, world.now_ms))
        result = asl.step(program, tree, command, world.now_ms, budget)
        tree.apply(result.journal)
        kept = result.kept
        world.take(result)
        command = asl.Continue() if result.more else world.command()
    return done


def _revive(tree: asl.Tree, kept: dict[str, Any], now_ms: int) -> None:
    """The tree of an execution that ended becomes the one that its redrive begins with."""
    own = replace(tree.meta, redrive_count=tree.meta.redrive_count + 1, redriven_ms=now_ms)
    redriven = asl.redriven_tree(own, tree.input_text, _packed(kept))
    tree.meta, tree.header, tree.frames = redriven.meta, redriven.header, redriven.frames


def _packed(value: Any) -> Any:
    return msgpack.unpackb(msgpack.packb(value), strict_map_key=False)


@settings(max_examples=150, deadline=None)
@given(_machine(2), st.integers(0, 2**32), st.sampled_from([1, 2, 5, 1000]), st.integers(1, 20))
def test_dump_and_journals_give_the_same_life(
    definition: dict[str, Any], seed: int, budget: int, snapshot: int
) -> None:
    program = asl.compile(definition)
    input_text = '{"items":[1,{"a":12345678901234567890123},"x"]}'
    tree = asl.start(program, meta(), input_text)
    commands = _steps(program, tree, seed, budget)

    other = asl.start(program, meta(), input_text)
    saved, journals = _packed(other.dump()), []
    events: list[asl.HistoryEvent] = []
    kept: dict[str, Any] | None = None
    for number, (command, now_ms) in enumerate(commands):
        if isinstance(command, asl.Redrive):
            assert kept is not None
            _revive(other, kept, now_ms)
            saved, journals = _packed(other.dump()), []
        before = other.dump()
        result = asl.step(program, other, command, now_ms, budget)
        assert other.dump() == before, "a step must change nothing"
        assert asl.step(program, other, command, now_ms, budget) == result, "a step must come out the same again"
        events += result.events
        kept = result.kept
        journals.append(_packed(result.journal))
        if number % snapshot == 0:
            other.apply(result.journal)
            saved, journals = _packed(other.dump()), []
        else:  # killed after the commit: only what was saved is left
            other = asl.Tree.load(saved)
            for journal in journals:
                other.apply(journal)
    assert other.dump() == tree.dump()
    _check_history(events, other)


def _check_history(events: list[asl.HistoryEvent], tree: asl.Tree) -> None:
    assert [event.id for event in events] == list(range(1, len(events) + 1))
    assert all(event.previous_event_id < event.id for event in events)
    assert [event.timestamp_ms for event in events] == sorted(event.timestamp_ms for event in events)
    ends = [event for event in events if event.type in ("ExecutionSucceeded", "ExecutionFailed")]
    assert len(ends) == (tree.status != "RUNNING") + tree.meta.redrive_count
    redriven = [event for event in events if event.type == "ExecutionRedriven"]
    assert [event.previous_event_id for event in redriven] == [event.id for event in ends[: len(redriven)]]
    if tree.status != "RUNNING":
        assert events[-1] is ends[-1]
        assert tree.frames == {}
    entered = sum(event.type.endswith("StateEntered") for event in events)
    left = sum(event.type.endswith("StateExited") for event in events)
    assert left <= entered


@settings(max_examples=50, deadline=None)
@given(_machine(1), st.integers(0, 2**32))
def test_a_budget_only_cuts_steps_into_pieces(definition: dict[str, Any], seed: int) -> None:
    """Cut or not, the same states are entered and left."""
    program = asl.compile(definition)
    lives = []
    for budget in (1, 1000):
        tree = asl.start(program, meta(), '{"items":[1,2]}')
        result = asl.step(program, tree, asl.Start(), START_MS, budget)
        events = list(result.events)
        tree.apply(result.journal)
        while result.more:
            assert tree.more
            result = asl.step(program, tree, asl.Continue(), START_MS, budget)
            events += result.events
            tree.apply(result.journal)
        lives.append(sorted(event.type for event in events))
    assert lives[0] == lives[1]


def test_a_failed_unit_can_be_run_again() -> None:
    program = asl.compile(machine(("T", {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:1:function:f"})))
    tree = asl.start(program, meta(), "{}")
    tree.apply(asl.step(program, tree, asl.Start(), START_MS).journal)
    answer = asl.CompleteTask((1, 1), "1")
    assert asl.step(program, tree, answer, START_MS) == asl.step(program, tree, answer, START_MS)
    assert tree.status == "RUNNING"


@pytest.mark.parametrize("plain", [["wait", 1], ["held", 0, 0, "1", "more"], ["join", 1, 2, 3, 4, 5, 6, 7, 8]])
def test_frames_that_a_newer_program_has_written_are_left_to_it(plain: list[Any]) -> None:
    with pytest.raises(WrittenByNewer, match=f"'{plain[0]}'"):
        load_frame(1, plain)


def test_as_many_members_are_written_as_are_known() -> None:
    for frame in (Branch(1, 0, 0, 0, "S", "{}", 0), Join(2, 1, 3, 2, 0, 0), Held(3, 2, 0, "1")):
        load_frame(frame.id, frame.dump())
        with pytest.raises(WrittenByNewer):
            load_frame(frame.id, [*frame.dump(), "more"])
