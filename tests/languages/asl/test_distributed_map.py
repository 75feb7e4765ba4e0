"""Distributed Map in the engine: its events, its plan, what becomes of its Map Run; items put into children."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.languages import asl
from segue.languages.asl.commands import CancelMapRun, StartMapRun
from segue.languages.asl.map_plan import MAX_INPUT_BYTES, ItemInputs, MapPlan
from tests.languages.asl.harness import Answer, Harness

_PROCESSOR = {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": True}}}


def mapping(**fields: Any) -> dict[str, Any]:
    processor = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, **_PROCESSOR}
    return {"Type": "Map", "ItemProcessor": processor, "End": True, **fields}


def machine(**states: dict[str, Any]) -> dict[str, Any]:
    return {"StartAt": next(iter(states)), "States": states}


def unanswered(program: asl.Program, action: StartMapRun) -> Answer:
    return []


def started(definition: dict[str, Any], input_text: str = "[1]", **more: Any) -> tuple[Harness, StartMapRun]:
    """An execution that waits for its Map Run."""
    found: list[StartMapRun] = []

    def note(program: asl.Program, action: StartMapRun) -> Answer:
        found.append(action)
        return []

    harness = Harness(definition, input_text, play_map=note, **more).run()
    return harness, found[-1]


def types(harness: Harness) -> list[tuple[int, int, str]]:
    return [(event.id, event.previous_event_id, event.type) for event in harness.events]


@pytest.mark.parametrize("is_reloaded", [False, True])
def test_events_of_success(is_reloaded: bool) -> None:
    harness, action = started(machine(M=mapping()), is_reloaded=is_reloaded)
    harness.send(asl.CompleteMapRun(action.key, "[7]"))
    assert harness.output == [7]
    assert types(harness)[2:] == [
        (3, 2, "MapStateStarted"),
        (4, 3, "MapRunStarted"),
        (5, 4, "MapRunSucceeded"),
        (6, 5, "MapStateSucceeded"),
        (7, 5, "MapStateExited"),
        (8, 7, "ExecutionSucceeded"),
    ]
    assert harness.tree.frames == {}


def test_a_map_that_is_not_the_first_state_is_left_after_its_runs_start() -> None:
    harness, action = started(machine(P={"Type": "Pass", "Next": "M"}, M=mapping()))
    harness.send(asl.CompleteMapRun(action.key, "[7]"))
    assert types(harness)[5:9] == [
        (6, 5, "MapRunStarted"),
        (7, 6, "MapRunSucceeded"),
        (8, 7, "MapStateSucceeded"),
        (9, 6, "MapStateExited"),
    ]


def test_events_of_failure() -> None:
    harness, action = started(machine(M=mapping()))
    harness.send(asl.FailMapRun(action.key, "States.ItemReaderFailed", "why"))
    assert (harness.error, harness.last.cause if harness.last else "") == ("States.ItemReaderFailed", "why")
    assert types(harness)[4:] == [(5, 4, "MapRunFailed"), (6, 5, "MapStateFailed"), (7, 6, "ExecutionFailed")]
    assert harness.events[4].details == {"error": "States.ItemReaderFailed", "cause": "why"}


def test_late_answers_change_nothing() -> None:
    harness, action = started(machine(M=mapping(Retry=[{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 5}])))
    harness.send(asl.FailMapRun(action.key, "X", "why"))
    for late in (asl.CompleteMapRun(action.key, "[1]"), asl.FailMapRun(action.key, "X", "why")):
        assert asl.step(harness.program, harness.tree, late, 0).journal == {}


@pytest.mark.parametrize("end", ["stopped", "another branch fails"])
def test_a_map_run_that_is_not_wanted_any_more(end: str) -> None:
    fails = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 1, "Next": "F"}, "F": {"Type": "Fail"}}}
    own = {"StartAt": "M", "States": {"M": mapping()}}
    state = {"Type": "Parallel", "Branches": [own, *([fails] if end != "stopped" else [])], "End": True}
    harness, action = started(machine(P=state))
    if end == "stopped":
        harness.send(asl.Stop())
    assert harness.status == ("ABORTED" if end == "stopped" else "FAILED")
    cancelled = [one for step in harness.steps for one in step.actions if isinstance(one, CancelMapRun)]
    assert [one.key for one in cancelled] == [action.key]
    aborted = [event.type for event in harness.events if event.type.endswith("Aborted")]
    assert aborted == (["ExecutionAborted"] if end == "stopped" else ["MapRunAborted", "MapStateAborted"])
    assert harness.tree.frames == {}


def test_a_result_that_is_too_large() -> None:
    harness, action = started(machine(M=mapping()))
    harness.send(asl.CompleteMapRun(action.key, json.dumps("x" * MAX_INPUT_BYTES)))
    assert harness.error == "States.DataLimitExceeded"


def test_names_of_map_runs() -> None:
    _, labelled = started(machine(M=mapping(Label="mine")))
    _, other = started(machine(M=mapping()))
    _, again = started(machine(M=mapping()))
    prefix = "arn:aws:states:us-east-1:111111111111:mapRun:machine/"
    assert labelled.plan.arn.startswith(f"{prefix}mine:")
    assert other.plan.arn == again.plan.arn  # in a replay
    assert other.plan.label == other.plan.arn.removeprefix(prefix).partition(":")[0]


NUMBERS: list[tuple[dict[str, Any], Any, str]] = [
    ({"ToleratedFailureCountPath": "$.n"}, -1, "ToleratedFailureCount cannot be negative."),
    ({"ToleratedFailurePercentagePath": "$.n"}, -0.5, "ToleratedFailurePercentage cannot be negative."),
    ({"MaxConcurrencyPath": "$.n"}, -1, "MaxConcurrency cannot be negative."),
    (
        {"MaxConcurrencyPath": "$.n"},
        {},
        'The MaxConcurrencyPath field refers to value "{}" which is not a valid integer: $.n',
    ),
    (
        {"ItemBatcher": {"MaxItemsPerBatchPath": "$.n"}},
        "x",
        'The MaxItemsPerBatchPath field refers to value "x" which is not a valid integer: $.n',
    ),
]


@pytest.mark.parametrize(("fields", "value", "words"), NUMBERS)
def test_numbers_that_are_none(fields: dict[str, Any], value: Any, words: str) -> None:
    """Recorded: sfn-map/*tolerated_failure_count_path_*: after MapStateStarted, and nothing handles it."""
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "M"}]
    definition = machine(M=mapping(ItemsPath="$.items", Catch=catch, **fields))
    harness = Harness(definition, json.dumps({"items": [1], "n": value}), play_map=unanswered).run()
    assert harness.error == "States.Runtime"
    assert harness.last is not None
    assert (harness.last.cause or "").endswith(words)
    assert [event.type for event in harness.events][2:] == ["MapStateStarted", "ExecutionFailed"]


def test_a_plan_survives_its_dump() -> None:
    reader = {"Resource": "arn:aws:states:::s3:getObject", "Parameters": {"Bucket": "b", "Key.$": "$.k"}}
    writer = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "b"}}
    state = mapping(ItemReader=reader, ResultWriter=writer, ItemBatcher={"MaxItemsPerBatch": 2, "BatchInput": {"a": 1}})
    _, action = started(machine(M=state), '{"k": "key"}')
    plan = action.plan
    assert plan.reader is not None
    assert json.loads(plan.reader.parameters_text) == {"Bucket": "b", "Key": "key"}
    assert MapPlan.load(json.loads(json.dumps(plan.dump()))) == plan


@given(
    st.lists(st.text(max_size=8) | st.integers(), max_size=40),
    st.integers(0, 5),
    st.integers(0, 60),
    st.lists(st.integers(1, 7), min_size=1, max_size=60),
)
def test_batches_hold_all_items_in_their_order(items: list[Any], most: int, most_bytes: int, pieces: list[int]) -> None:
    """However the items come in: batches are full, within their bounds, and together they are the items."""
    batcher = {"MaxItemsPerBatch": most, "MaxInputBytesPerBatch": most_bytes}
    harness, action = started(machine(M=mapping(ItemBatcher=batcher)))
    inputs = ItemInputs(harness.program, action.plan)
    texts = [json.dumps(item, ensure_ascii=False) for item in items]
    whole = inputs.children(texts, 0, 1_000, is_all=True)
    assert [item for child in whole for item in json.loads(child.text)["Items"]] == items
    for child in whole:
        assert child.items == len(json.loads(child.text)["Items"])
        assert not most or child.items <= most
        assert not most_bytes or child.items == 1 or len(child.text.encode()) <= most_bytes
    known = at = 0
    by_pieces = []
    while at < len(texts):
        known = min(len(texts), known + (pieces.pop(0) if pieces else 40))
        found = inputs.children(texts[at:known], at, 3, is_all=known == len(texts))
        by_pieces += found
        at += sum(child.items for child in found)
    assert by_pieces == whole


def test_chance_is_the_same_in_a_replay() -> None:
    state = mapping(ItemSelector={"id.$": "States.UUID()"})
    harness, action = started(machine(M=state))
    inputs = ItemInputs(harness.program, action.plan)
    first, second, again = inputs.item(0, "1"), inputs.item(1, "1"), inputs.item(0, "1")
    assert (first == again, first == second) == (True, False)
