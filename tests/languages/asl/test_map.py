"""Map, inline: items, the window, failures, what one iteration touches."""

from __future__ import annotations

import json
from typing import Any

import pytest

from segue.languages import asl
from tests.languages.asl.harness import Harness, machine

_TASK = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage"}
_PASS = machine(("I", {"Type": "Pass"}))


def map_of(processor: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return machine(("M", {"Type": "Map", "ItemProcessor": processor, **fields}))


@pytest.mark.parametrize(
    ("fields", "input_text", "output"),
    [
        ({}, "[1, 2, 3]", [1, 2, 3]),
        ({}, "[]", []),
        ({"ItemsPath": "$.l"}, '{"l":[5]}', [5]),
        ({"InputPath": "$.a", "ItemsPath": "$.l"}, '{"a":{"l":[5]}}', [5]),
        ({"ItemsPath": "$$.Execution.Input.l"}, '{"l":[5]}', [5]),
        ({"ItemSelector": {"v.$": "$$.Map.Item.Value", "i.$": "$$.Map.Item.Index"}}, '["a"]', [{"v": "a", "i": 0}]),
        ({"Parameters": {"v.$": "$$.Map.Item.Value", "n.$": "$[1]"}}, "[7,8]", [{"v": 7, "n": 8}, {"v": 8, "n": 8}]),
        ({"ResultSelector": {"n.$": "States.ArrayLength($)"}}, "[1,2]", {"n": 2}),
        ({"ItemsPath": "$.l", "ResultPath": "$.r"}, '{"l":[1]}', {"l": [1], "r": [1]}),
        ({"ItemsPath": "$.l", "MaxConcurrencyPath": "$.c"}, '{"l":[1,2],"c":1}', [1, 2]),
    ],
)
def test_items(fields: dict[str, Any], input_text: str, output: Any) -> None:
    harness = Harness(map_of(_PASS, **fields), input_text).run()
    assert harness.output == output


@pytest.mark.parametrize(
    ("fields", "input_text", "cause"),
    [
        ({"ItemsPath": "$.l"}, "{}", "Invalid path '$.l' : No results for path: $['l']"),
        ({"ItemsPath": "$.l"}, '{"l":1}', 'Reference path "$.l" must point to array.'),
        ({"ItemsPath": "$$.Execution.Input"}, "{}", 'Reference path "$.Execution.Input" must point to array.'),
        ({"MaxConcurrencyPath": "$[0]"}, "[-1]", "MaxConcurrency cannot be negative."),
        (
            {"MaxConcurrencyPath": "$[0]"},
            '["x"]',
            'The MaxConcurrencyPath field refers to value "x" which is not a valid integer: $[0]',
        ),
    ],
)
def test_items_that_cannot_be(fields: dict[str, Any], input_text: str, cause: str) -> None:
    harness = Harness(map_of(_PASS, **fields), input_text).run()
    assert harness.error == "States.Runtime"
    assert harness.cause is not None
    assert harness.cause.endswith(cause)


def test_the_innermost_item_is_seen_by_nested_states() -> None:
    look = {"i.$": "$$.Map.Item.Index", "v.$": "$$.Map.Item.Value"}
    inside = machine(("P", {"Type": "Parallel", "Branches": [machine(("L", {"Type": "Pass", "Parameters": look}))]}))
    harness = Harness(map_of(map_of(inside)), "[[1],[2,3]]", is_reloaded=True).run()
    assert harness.output == [[[{"i": 0, "v": 1}]], [[{"i": 0, "v": 2}], [{"i": 1, "v": 3}]]]


@pytest.mark.parametrize(("concurrency", "open_at_once"), [(1, 1), (3, 3), (0, 40), (1000, 40)])
def test_the_window_slides(concurrency: int, open_at_once: int) -> None:
    harness = Harness(map_of(machine(("T", dict(_TASK))), MaxConcurrency=concurrency), json.dumps(list(range(100))))
    harness.send(asl.Start())
    answered = 0
    while harness.status == "RUNNING":
        assert len(harness.tasks) - answered == min(open_at_once, 100 - answered)
        harness.send(asl.CompleteTask(harness.tasks[answered].key, str(answered)))
        answered += 1
    assert harness.output == list(range(100))


def test_one_end_touches_few_frames_whatever_the_size() -> None:
    harness = Harness(map_of(machine(("T", dict(_TASK)))), json.dumps([{"text": "x" * 100}] * 1000))
    harness.send(asl.Start())
    result = harness.send(asl.CompleteTask(harness.tasks[7].key, "1"))
    assert len(result.journal) == 4  # the header, the Join, the one that ended, the one that begins
    assert len(json.dumps(result.journal)) < 1000


def test_a_failure_calls_the_other_iterations_off() -> None:
    harness = Harness(map_of(machine(("T", dict(_TASK)))), "[1,2,3]")
    harness.send(asl.Start())
    harness.send(asl.FailTask(harness.tasks[1].key, "E", "C"))
    assert (harness.status, harness.error, harness.cause) == ("FAILED", "E", "C")
    assert harness.types[harness.types.index("TaskFailed") :] == [
        "TaskFailed",
        "MapIterationFailed",
        "TaskStateAborted",
        "MapIterationAborted",
        "TaskStateAborted",
        "TaskStateAborted",
        "MapIterationAborted",
        "MapStateFailed",
        "ExecutionFailed",
    ]
    failed_id = next(event.id for event in harness.events if event.type == "TaskFailed")
    assert harness.events[-2].previous_event_id == failed_id
    named = [event.details for event in harness.events if event.type.startswith("MapIteration")][-3:]
    assert named == [{"name": "M", "index": index} for index in (1, 0, 2)]


def test_catch_of_a_map() -> None:
    definition = map_of(machine(("F", {"Type": "Fail", "Error": "E"})))
    definition["States"]["M"]["Catch"] = [{"ErrorEquals": ["E"], "ResultPath": "$.error", "Next": "After"}]
    definition["States"]["M"]["ItemsPath"] = "$.l"
    definition["States"]["After"] = {"Type": "Pass", "End": True}
    harness = Harness(definition, '{"l":[1]}').run()
    assert harness.output == {"l": [1], "error": {"Error": "E", "Cause": None}}
    at = harness.types.index("MapStateFailed")
    assert harness.chain[at + 1][1:] == (harness.chain[at][0], "MapStateExited")


def test_a_large_map_within_small_budgets() -> None:
    harness = Harness(map_of(_PASS), json.dumps(list(range(300))), budget=7).run()
    assert harness.output == list(range(300))
    assert [event.id for event in harness.events] == list(range(1, len(harness.events) + 1))
