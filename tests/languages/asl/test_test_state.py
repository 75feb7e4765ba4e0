"""One state run by itself: what it comes to, and what is seen of its fields on the way."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.languages.asl import json_text
from segue.languages.asl.test_state import (
    STATE_NAME,
    StateNotFound,
    StateResult,
    StateRun,
    StateTest,
    TooManyFailures,
    find_state,
    program_of,
)
from tests.languages.asl.harness import START_MS, meta

TASK = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "End": True}
MAP: dict[str, Any] = {
    "Type": "Map",
    "ItemsPath": "$.items",
    "ItemProcessor": {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}},
    "End": True,
}
BRANCH = {"StartAt": "B", "States": {"B": {"Type": "Pass", "End": True}}}
RETRY = [{"ErrorEquals": ["Other"]}, {"ErrorEquals": ["E"], "IntervalSeconds": 3, "MaxAttempts": 2, "BackoffRate": 2}]
CATCH = [{"ErrorEquals": ["Other"], "Next": "No"}, {"ErrorEquals": ["States.ALL"], "Next": "Yes", "ResultPath": "$.e"}]


def entered(state: dict[str, Any], input: Any = None, **more: Any) -> StateRun:
    text = json_text.dump({} if input is None else input)
    test = StateTest(program_of(state, None), STATE_NAME, meta(kind="EXPRESS"), text, more.pop("variables", {}), **more)
    return StateRun(test, START_MS)


def outcome(state: dict[str, Any], input: Any = None, **more: Any) -> StateResult:
    return entered(state, input, **more).result()


def seen(result: StateResult) -> dict[str, Any]:
    """The inspection data but for the input, with texts parsed."""
    return {
        name: json.loads(value) if isinstance(value, str) else value
        for name, value in result.inspection.items()
        if name != "input"
    }


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (
            {"Type": "Pass"},
            {"afterInputPath": {"a": {"b": 1}}, "afterParameters": {"a": {"b": 1}}, "out": {"a": {"b": 1}}},
        ),
        ({"Type": "Pass", "Result": 5}, {"result": 5, "out": 5}),
        (
            {"Type": "Pass", "InputPath": "$.a"},
            {"afterInputPath": {"b": 1}, "afterParameters": {"b": 1}, "out": {"b": 1}},
        ),
        (
            {"Type": "Pass", "InputPath": "$.a", "Parameters": {"c.$": "$.b"}, "OutputPath": "$.c"},
            {"afterInputPath": {"b": 1}, "afterParameters": {"c": 1}, "out": {"c": 1}},
        ),
    ],
)
def test_fields_of_a_pass(state: dict[str, Any], expected: dict[str, Any]) -> None:
    out = expected.pop("out")
    result = outcome({**state, "End": True}, {"a": {"b": 1}})
    assert result.status == "SUCCEEDED"
    assert seen(result) == {**expected, "afterResultSelector": out, "afterResultPath": out}


@pytest.mark.parametrize(
    "state",
    [
        {"Type": "Succeed"},
        {"Type": "Succeed", "InputPath": "$"},
        {"Type": "Choice", "Choices": [{"Variable": "$.n", "NumericEquals": 1, "Next": "N"}]},
        {"Type": "Wait", "Seconds": 0, "End": True},
    ],
)
def test_states_that_show_their_input_alone(state: dict[str, Any]) -> None:
    result = outcome(state, {"n": 1})
    assert (result.status, json.loads(result.output_text or "")) == ("SUCCEEDED", {"n": 1})
    assert seen(result) == {"afterInputPath": {"n": 1}}


def test_a_choice_names_the_next_state() -> None:
    choice = {"Type": "Choice", "Choices": [{"Variable": "$.n", "NumericEquals": 1, "Next": "N"}], "Default": "D"}
    assert [outcome(choice, {"n": n}).next_state for n in (1, 2)] == ["N", "D"]


def test_a_fail() -> None:
    result = outcome({"Type": "Fail", "Error": "E", "Cause": "c"})
    assert (result.status, result.error, result.cause, result.output_text) == ("FAILED", "E", "c", None)
    assert seen(result) == {"afterInputPath": {}}


def test_all_fields_of_a_task() -> None:
    fields = {
        "InputPath": "$.in",
        "Parameters": {"x.$": "$.n"},
        "ResultSelector": {"r.$": "$.m"},
        "ResultPath": "$.out",
    }
    run = entered({**TASK, **fields, "Next": "N"} | {"End": False}, {"in": {"n": 1}})
    assert run.task is not None
    assert run.task.parameters == {"x": 1}
    run.complete('{"m": [1]}')
    result = run.result()
    assert (result.status, result.next_state) == ("SUCCEEDED", "N")
    assert json.loads(result.output_text or "") == {"in": {"n": 1}, "out": {"r": [1]}}
    assert seen(result) == {
        "afterInputPath": {"n": 1},
        "afterParameters": {"x": 1},
        "result": {"m": [1]},
        "afterResultSelector": {"r": [1]},
        "afterResultPath": {"in": {"n": 1}, "out": {"r": [1]}},
    }


def test_a_task_without_fields_shows_them_all_the_same() -> None:
    run = entered(TASK, {"n": 1})
    run.complete("[1, 2]")
    result = run.result()
    assert result.output_text == "[1, 2]"
    assert result.inspection["afterResultPath"] == "[1, 2]"
    assert seen(result)["afterParameters"] == {"n": 1}


def test_what_failed_shows_how_far_it_came() -> None:
    run = entered({**TASK, "ResultSelector": {"r.$": "$.none"}}, {"n": 1})
    run.complete("{}")
    result = run.result()
    assert (result.status, result.error) == ("FAILED", "States.Runtime")
    assert not (result.cause or "").startswith("An error occurred")  # AWS tells the bare cause here
    assert set(seen(result)) == {"afterInputPath", "afterParameters", "result"}


@pytest.mark.parametrize(
    ("used", "status", "details"),
    [
        (0, "RETRIABLE", {"retryIndex": 1, "retryBackoffIntervalSeconds": 3}),
        (1, "RETRIABLE", {"retryIndex": 1, "retryBackoffIntervalSeconds": 6}),
        (2, "FAILED", {"retryIndex": 1}),
    ],
)
def test_retries(used: int, status: str, details: dict[str, int]) -> None:
    run = entered({**TASK, "Retry": RETRY}, retries_before=used)
    run.fail("E", "c")
    result = run.result()
    assert (result.status, result.error, result.cause, result.output_text) == (status, "E", "c", None)
    assert seen(result)["errorDetails"] == details


def test_a_caught_error() -> None:
    run = entered({**TASK, "Retry": RETRY, "Catch": CATCH}, {"n": 1}, retries_before=2)
    run.fail("E", "c")
    result = run.result()
    assert (result.status, result.next_state, result.error) == ("CAUGHT_ERROR", "Yes", "E")
    assert json.loads(result.output_text or "") == {"n": 1, "e": {"Error": "E", "Cause": "c"}}
    assert seen(result)["errorDetails"] == {"catchIndex": 1, "retryIndex": 1}


def test_nothing_handles_a_runtime_error() -> None:
    result = outcome({**TASK, "InputPath": "$.none", "Catch": CATCH, "Retry": RETRY})
    assert (result.status, result.error) == ("FAILED", "States.Runtime")
    assert "errorDetails" not in result.inspection


@pytest.mark.parametrize("failing", [False, True])
def test_branches_are_not_run(failing: bool) -> None:
    run = entered({"Type": "Parallel", "Branches": [BRANCH, BRANCH], "InputPath": "$", "End": True, "Catch": CATCH})
    assert run.needs_mock
    run.fail("E", "c") if failing else run.complete("[1, 2]")
    result = run.result()
    if failing:
        assert (result.status, result.next_state) == ("CAUGHT_ERROR", "Yes")
    else:
        assert (result.status, result.output_text) == ("SUCCEEDED", "[1, 2]")
        assert seen(result) == {"afterResultSelector": [1, 2], "afterResultPath": [1, 2]}


def test_a_map_shows_its_items() -> None:
    run = entered({**MAP, "MaxConcurrency": 2, "ResultPath": "$.r"}, {"items": ["a", "b"]})
    run.complete("[1,2]")
    result = run.result()
    assert result.inspection["afterItemsPath"] == '["a", "b"]'
    assert seen(result) == {
        "afterInputPath": {"items": ["a", "b"]},
        "afterItemsPath": ["a", "b"],
        "afterResultSelector": [1, 2],
        "afterResultPath": {"items": ["a", "b"], "r": [1, 2]},
        "maxConcurrency": 2,
    }


def test_more_iterations_cannot_fail_than_there_are() -> None:
    with pytest.raises(TooManyFailures):
        entered(MAP, {"items": [1]}).complete_map("[1]", 2)


DISTRIBUTED = {
    **MAP,
    "ItemProcessor": {**MAP["ItemProcessor"], "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}},
    "MaxConcurrency": 7,
}


def test_a_distributed_map_shows_its_numbers() -> None:
    run = entered({**DISTRIBUTED, "ToleratedFailurePercentage": 50}, {"items": [1, 2]})
    run.complete("[3]")
    result = run.result()
    assert (result.status, result.output_text) == ("SUCCEEDED", "[3]")
    numbers = {"maxConcurrency": 7, "toleratedFailurePercentage": 50}
    assert seen(result).items() >= {"afterItemsPath": [1, 2], **numbers}.items()


SELECTOR = {"n.$": "$$.Map.Item.Value", "i.$": "$$.Map.Item.Index", "all.$": "$.k"}
SELECTED = [{"n": "a", "i": 0, "all": 5}, {"n": "b", "i": 1, "all": 5}]


@pytest.mark.parametrize("map", [MAP, DISTRIBUTED])
def test_a_map_shows_what_its_iterations_get(map: dict[str, Any]) -> None:
    run = entered({**map, "ItemSelector": SELECTOR}, {"items": ["a", "b"], "k": 5})
    run.complete("[]")
    assert seen(run.result())["afterItemSelector"] == SELECTED


def test_a_map_shows_its_batches() -> None:
    batcher = {"MaxItemsPerBatch": 2, "BatchInput": {"b": 1}}
    run = entered({**DISTRIBUTED, "ItemBatcher": batcher}, {"items": [1, 2, 3]})
    run.complete("[]")
    batches = [{"BatchInput": {"b": 1}, "Items": [1, 2]}, {"BatchInput": {"b": 1}, "Items": [3]}]
    assert seen(run.result())["afterItemBatcher"] == batches


def test_inputs_that_are_too_many_are_left_out() -> None:
    run = entered({**MAP, "ItemSelector": {"n.$": "$.items"}}, {"items": [1] * 2000})
    run.complete("[]")
    assert run.result().status == "SUCCEEDED"
    assert "afterItemSelector" not in run.result().inspection


def test_what_a_reader_has_read() -> None:
    reader = {"Resource": "arn:aws:states:::s3:getObject", "Parameters": {"Bucket": "b", "Key": "k"}}
    read = {**DISTRIBUTED, "ItemReader": {**reader, "ReaderConfig": {"InputType": "JSON"}}, "ItemSelector": SELECTOR}
    del read["ItemsPath"]
    run = entered(read, {"k": 5}, reader_data='["a", "b"]')
    run.complete_map("[]", 2)
    assert seen(run.result())["afterItemSelector"] == SELECTED
    with pytest.raises(TooManyFailures):
        entered(read, {"k": 5}, reader_data='["a", "b"]').complete_map("[]", 3)


@pytest.mark.parametrize(
    ("config", "data", "items"),
    [
        ({"InputType": "JSONL"}, "1\n2\n", [1, 2]),
        ({"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"}, "a\nx\n", [{"a": "x"}]),
        ({"InputType": "JSON", "ItemsPointer": "/r"}, '{"r": [3, 4]}', [3, 4]),
        ({"InputType": "JSON", "MaxItems": 1}, "[5, 6]", [5]),
    ],
)
def test_formats_that_a_reader_reads(config: dict[str, Any], data: str, items: list[Any]) -> None:
    reader = {"Resource": "arn:aws:states:::s3:getObject", "Parameters": {}, "ReaderConfig": config}
    run = entered({**DISTRIBUTED, "ItemReader": reader, "ItemBatcher": {"MaxItemsPerBatch": 9}}, reader_data=data)
    run.complete("[]")
    assert seen(run.result())["afterItemBatcher"] == [{"Items": items}]
    assert seen(run.result()).get("afterItemsPointer") == (items if "ItemsPointer" in config else None)


def test_data_that_no_reader_reads() -> None:
    reader = {"Resource": "arn:aws:states:::s3:getObject", "Parameters": {}, "ReaderConfig": {"InputType": "JSON"}}
    run = entered({**DISTRIBUTED, "ItemReader": reader, "Catch": CATCH}, reader_data="{")
    run.complete("[]")
    result = run.result()
    assert (result.status, result.error, result.next_state) == ("CAUGHT_ERROR", "States.ItemReaderFailed", "Yes")


EXCEEDED = "States.ExceedToleratedFailureThreshold"


@pytest.mark.parametrize(
    ("tolerated", "failed", "error"),
    [
        ({}, 4, None),  # recorded: without a stated tolerance a mocked result is taken as it is
        ({"ToleratedFailureCount": 2}, 2, None),
        ({"ToleratedFailureCount": 2}, 3, EXCEEDED),
        ({"ToleratedFailureCount": 0}, 1, EXCEEDED),
        ({"ToleratedFailurePercentage": 50}, 2, None),
        ({"ToleratedFailurePercentage": 50}, 3, EXCEEDED),
        ({"ToleratedFailurePercentage": 50, "ToleratedFailureCount": 1}, 2, EXCEEDED),
    ],
)
def test_tolerated_failures(tolerated: dict[str, int], failed: int, error: str | None) -> None:
    run = entered({**DISTRIBUTED, **tolerated}, {"items": [1, 2, 3, 4]})
    run.complete_map("[0]", failed)
    assert run.result().error == error


def test_a_failed_distributed_map_is_tried_again() -> None:
    run = entered({**DISTRIBUTED, "Retry": RETRY}, {"items": [1]})
    run.fail("E", "c")
    assert seen(run.result())["errorDetails"] == {"retryIndex": 1, "retryBackoffIntervalSeconds": 3}


JSONATA = {"QueryLanguage": "JSONata"}


def test_a_jsonata_task_shows_its_arguments_and_its_result() -> None:
    state = {**TASK, **JSONATA, "Arguments": {"x": "{% $states.input.n + 1 %}"}, "Output": "{% $states.result.y %}"}
    run = entered(state, {"n": 1})
    run.complete('{"y": 3}')
    result = run.result()
    assert result.output_text == "3"
    assert seen(result) == {"afterArguments": {"x": 2}, "result": {"y": 3}}


@pytest.mark.parametrize(
    "state",
    [
        {"Type": "Pass", "Output": "{% $states.input.n %}", "End": True},
        {"Type": "Pass", "End": True},
        {"Type": "Succeed", "Output": 1},
        {"Type": "Choice", "Choices": [{"Condition": "{% $states.input.n = 1 %}", "Next": "N"}]},
        {"Type": "Fail", "Error": "{% 'E' & $states.input.n %}"},
        {"Type": "Wait", "Seconds": "{% 0 %}", "End": True},
    ],
)
def test_other_jsonata_states_show_their_input_alone(state: dict[str, Any]) -> None:
    result = outcome({**state, **JSONATA}, {"n": 1})
    assert result.inspection == {"input": '{"n":1}'}
    assert result.error == ("E1" if state["Type"] == "Fail" else None)


def test_a_jsonata_error() -> None:
    result = outcome({"Type": "Pass", **JSONATA, "Output": "{% $states.input + 'a' %}", "End": True}, {"n": 1})
    assert (result.status, result.error) == ("FAILED", "States.QueryEvaluationError")


def test_variables_are_seen_and_set() -> None:
    result = outcome({"Type": "Pass", "Assign": {"y.$": "$x"}, "End": True}, variables={"x": 1})
    assert seen(result)["variables"] == {"x": 1, "y": 1}
    read = outcome({"Type": "Pass", "Parameters": {"y.$": "$x"}, "End": True}, variables={"x": 1})
    assert read.output_text == '{"y":1}'


def test_the_given_context_is_all_there_is() -> None:
    state = {"Type": "Pass", "Parameters": {"c.$": "$$"}, "End": True}
    assert json.loads(outcome(state, context={"Task": {"Token": "t"}}).output_text or "") == {
        "c": {"Task": {"Token": "t"}}
    }
    assert json.loads(outcome(state, context={}).output_text or "") == {"c": {}}
    own = json.loads(outcome(state).output_text or "")["c"]
    assert (own["State"]["Name"], own["Execution"]["Name"]) == (STATE_NAME, "run-1")


def test_a_wait_waits() -> None:
    run = entered({"Type": "Wait", "Seconds": 7, "Next": "N"})
    assert run.wake_at_ms == START_MS + 7_000
    run.wake()
    assert (run.result().status, run.result().next_state) == ("SUCCEEDED", "N")


NESTED = {
    "StartAt": "A",
    "States": {
        "A": {"Type": "Parallel", "Branches": [{"StartAt": "M", "States": {"M": DISTRIBUTED}}], "Next": "Z"},
        "Z": {"Type": "Succeed"},
    },
}


@pytest.mark.parametrize("name", ["A", "M", "P", "Z"])
def test_a_state_is_found_wherever_it_stands(name: str) -> None:
    program = program_of(NESTED, name)
    assert program.levels[0].states[name].type == find_state(NESTED, name)["Type"]


def test_a_state_that_is_not_there() -> None:
    for find in (program_of, find_state):
        with pytest.raises(StateNotFound):
            find(NESTED, "X")


VALUES = st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=3))


@given(VALUES, VALUES, st.sampled_from([None, "$", "$.r"]))
def test_a_mocked_task_ends_as_its_fields_say(input: Any, result: Any, result_path: str | None) -> None:
    run = entered({**TASK, "ResultPath": result_path}, {"i": input})
    run.complete(json_text.dump(result))
    output = json.loads(run.result().output_text or "")
    expected = {None: {"i": input}, "$": result, "$.r": {"i": input, "r": result}}
    assert output == expected[result_path]
    assert seen(run.result())["afterResultPath"] == output
