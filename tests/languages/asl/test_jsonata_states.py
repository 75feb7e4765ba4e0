"""JSONata in every state type: what goes in and out, where expressions may stand, what their failures are."""

from __future__ import annotations

import json
from typing import Any

import pytest

from segue.languages import asl
from tests.languages.asl.harness import START_MS, Harness, done, echo, failing, machine

_TASK = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "QueryLanguage": "JSONata"}


def state(type: str, **fields: Any) -> dict[str, Any]:
    return {"Type": type, "QueryLanguage": "JSONata", **fields}


def run(definition: dict[str, Any], input: Any = None, play: Any = echo) -> Harness:
    return Harness(definition, json.dumps({} if input is None else input), play).run()


def one(spec: dict[str, Any], input: Any = None, play: Any = echo) -> Harness:
    return run(machine(("S", dict(spec))), input, play)


def failed_evaluation(harness: Harness) -> dict[str, Any]:
    return next(event.details or {} for event in harness.events if event.type == "EvaluationFailed")


@pytest.mark.parametrize(
    ("output", "value"),
    [
        ("{% $states.input %}", {"n": 5, "f": 1.0}),
        ("{% $states.input.n + 1 %}", 6),
        ("{%$states.input.f%}", 1.0),
        ("{% null %}", None),
        ("plain", "plain"),
        (" {% $states.input %} ", " {% $states.input %} "),
        ("a {% 1 %}", "a {% 1 %}"),
        ("{%%", "{%%"),
        (7, 7),
        ([1, "{% 2 %}", ["{% 3 %}", {"a": "{% 4 %}"}]], [1, 2, [3, {"a": 4}]]),
        ({"{% 1 %}": "{% 2 %}", "b": {"c.$": "$.n"}}, {"{% 1 %}": 2, "b": {"c.$": "$.n"}}),
        ("{% $states.context.State.Name %}", "S"),
        ("{% $states.context.Execution.Input.n %}", 5),
        ("{% $count($keys($states)) %}", 2),
        ("{% $exists($states.result) or $exists($states.errorOutput) %}", False),
    ],
)
def test_output(output: Any, value: Any) -> None:
    harness = one(state("Pass", Output=output), {"n": 5, "f": 1.0})
    assert harness.output == value
    assert type(harness.output) is type(value)


def test_a_task_gets_its_arguments_and_shapes_its_result() -> None:
    fields = {"Arguments": {"a": "{% $states.input.x * 2 %}"}, "Assign": {"r": "{% $states.result.a %}"}}
    harness = one({**_TASK, **fields, "Output": "{% {'i': $states.input.x, 'r': $states.result} %}"}, {"x": 3})
    assert harness.tasks[0].parameters == {"a": 6}
    assert harness.output == {"i": 3, "r": {"a": 6}}


def test_a_task_without_fields_takes_its_input_and_gives_its_result() -> None:
    assert one(_TASK, {"x": 3}).output == {"x": 3}


def test_assign_and_output_see_the_variables_of_before() -> None:
    definition = machine(
        ("A", state("Pass", Assign={"x": 1}, Next="B")),
        ("B", state("Pass", Assign={"x": "{% $x + 1 %}", "y": "{% $x * 10 %}"}, Output="{% $x %}", Next="C")),
        ("C", state("Pass", Output="{% [$states.input, $x, $y] %}")),
    )
    assert run(definition).output == [1, 2, 10]


@pytest.mark.parametrize(
    ("input", "output"),
    [
        ({"n": 1}, {"rule": 1, "v": "one"}),
        ({"n": 2}, {"n": 2, "v": "two"}),
        ({"n": 3}, {"default": True, "v": "none"}),
    ],
)
def test_a_choice_takes_what_its_rule_says(input: Any, output: Any) -> None:
    rules = [
        {"Condition": "{% $states.input.n = 1 %}", "Next": "End", "Assign": {"v": "one"}, "Output": {"rule": 1}},
        {"Condition": "{% $states.input.n = 2 %}", "Next": "End", "Assign": {"v": "two"}},
    ]
    choice = state("Choice", Choices=rules, Default="End", Assign={"v": "none"}, Output={"default": True})
    end = state("Pass", Output="{% $merge([$states.input, {'v': $v}]) %}", End=True)
    definition = {"StartAt": "C", "States": {"C": choice, "End": end}}
    assert run(definition, input).output == output


def test_map_and_parallel() -> None:
    inner = {"StartAt": "I", "States": {"I": state("Pass", Output="{% $states.input.v * $factor %}", End=True)}}
    definition = machine(
        ("A", state("Pass", Assign={"factor": 10}, Next="M")),
        (
            "M",
            state(
                "Map",
                Items="{% $states.input.items %}",
                ItemSelector={"v": "{% $states.context.Map.Item.Value + $states.context.Map.Item.Index %}"},
                MaxConcurrency="{% 1 + 1 %}",
                ItemProcessor=inner,
                Output="{% $sum($states.result) %}",
                Next="P",
            ),
        ),
        (
            "P",
            state(
                "Parallel",
                Arguments={"v": "{% $states.input %}"},
                Branches=[inner, {"StartAt": "J", "States": {"J": state("Pass", End=True)}}],
                Assign={"all": "{% $states.result %}"},
                Output="{% $states.result[0] + $states.input %}",
            ),
        ),
    )
    harness = run(definition, {"items": [1, 2, 3]})
    assert harness.output == 990
    assigned = next(event.details or {} for event in harness.events if event.type == "ParallelStateExited")
    assert json.loads(assigned["assignedVariables"]["all"]) == [900, {"v": 90}]


@pytest.mark.parametrize(
    ("fields", "wait_ms"),
    [
        ({"Seconds": "{% $states.input.s %}"}, 7_000),
        ({"Seconds": 3}, 3_000),
        ({"Timestamp": "{% $fromMillis($millis() + 5000) %}"}, 5_000),
    ],
)
def test_wait(fields: dict[str, Any], wait_ms: int) -> None:
    harness = one(state("Wait", **fields), {"s": 7})
    assert harness.status == "SUCCEEDED"
    assert harness.now_ms - START_MS == wait_ms


def test_time_is_the_steps() -> None:
    assert one(state("Pass", Output="{% $millis() %}")).output == START_MS


def test_fail_says_what_its_expressions_say() -> None:
    fail = {"Type": "Fail", "QueryLanguage": "JSONata", "Error": "{% 'E' & $states.input.n %}", "Cause": "{% 'c' %}"}
    harness = run({"StartAt": "F", "States": {"F": fail}}, {"n": 1})
    assert (harness.error, harness.cause) == ("E1", "c")


def test_a_catcher_shapes_the_error() -> None:
    catcher = {
        "ErrorEquals": ["States.ALL"],
        "Assign": {"e": "{% $states.errorOutput.Error %}"},
        "Output": "{% [$states.input.x, $states.errorOutput.Cause] %}",
        "Next": "B",
    }
    definition = machine(
        ("A", {**_TASK, "Catch": [catcher], "Next": "B"}),
        ("B", state("Pass", Output="{% {'in': $states.input, 'e': $e} %}")),
    )
    assert run(definition, {"x": 3}, failing("Oops", "why")).output == {"in": [3, "why"], "e": "Oops"}


def test_a_caught_error_takes_the_place_of_the_input() -> None:
    catcher = {"ErrorEquals": ["Oops"], "Next": "B"}
    definition = machine(("A", {**_TASK, "Catch": [catcher], "Next": "B"}), ("B", state("Pass")))
    assert run(definition, {"x": 3}, failing("Oops", "why")).output == {"Error": "Oops", "Cause": "why"}


@pytest.mark.parametrize(
    ("spec", "location", "words"),
    [
        (state("Pass", Output={"a": ["{% $nope %}"]}), "Output/a[0]", "returned nothing (undefined)."),
        (
            state("Pass", Assign={"x": "{% 1 + 'a' %}"}),
            "Assign/x",
            "threw an error during evaluation. T2002: The right",
        ),
        (state("Pass", Output="{% $sum %}"), "Output", "returned an unsupported result type."),
        (
            state("Pass", Output="{% ($f := function($x){ 1 + $f($x) }; $f(1)) %}"),
            "Output",
            "threw an error during evaluation: Stack overflow error: ",
        ),
        (
            {**_TASK, "TimeoutSeconds": "{% 'x' %}"},
            "TimeoutSeconds",
            "returned an unexpected result type. Expected 'number', but was 'string' for value: \"x\"",
        ),
        ({**_TASK, "TimeoutSeconds": "{% 0 %}"}, "TimeoutSeconds", "The TimeoutSeconds field is not a positive"),
        ({**_TASK, "Credentials": {"RoleArn": "{% $nope %}"}}, "Credentials/RoleArn", "returned nothing"),
        (
            state("Choice", Choices=[{"Condition": "{% 1 %}", "Next": "S"}]),
            "Choices[0]/Condition",
            "Expected 'boolean', but was 'number' for value: 1",
        ),
        (state("Wait", Seconds="{% -1 %}"), "Seconds", "The Seconds field references a negative value: -1"),
        (state("Wait", Seconds="{% 1.5 %}"), "Seconds", "The Seconds field cannot be parsed as a long value: 1.5"),
        (state("Wait", Timestamp="{% 5 %}"), "Timestamp", "Expected 'string', but was 'number' for value: 5"),
        (
            {"Type": "Fail", "QueryLanguage": "JSONata", "Error": "{% {} %}"},
            "Error",
            "Expected 'string', but was 'object' for value: {}",
        ),
    ],
)
def test_a_failed_evaluation_is_an_event_that_names_its_place(spec: dict[str, Any], location: str, words: str) -> None:
    harness = one(spec)
    details = failed_evaluation(harness)
    assert harness.error == details["error"] == "States.QueryEvaluationError"
    assert details["state"] == "S"
    assert details["location"] == location
    assert details["cause"].startswith(
        "An error occurred while executing the state 'S' (entered at the event id #2). The"
    )
    assert words in details["cause"]
    assert harness.cause == details["cause"]


def test_a_failed_evaluation_can_be_caught_and_tried_again() -> None:
    handlers = {
        "Retry": [{"ErrorEquals": ["States.QueryEvaluationError"], "MaxAttempts": 1}],
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "B", "Output": "{% $states.errorOutput.Error %}"}],
    }
    definition = machine(("A", {**_TASK, "Arguments": "{% $nope %}", **handlers, "Next": "B"}), ("B", state("Pass")))
    harness = run(definition)
    assert harness.output == "States.QueryEvaluationError"
    assert harness.types.count("EvaluationFailed") == 2


def test_a_catcher_that_fails_is_no_help_to_its_state_but_to_the_one_around() -> None:
    catcher = {"ErrorEquals": ["States.ALL"], "Next": "I", "Output": "{% $nope %}"}
    task = {**_TASK, "Catch": [catcher], "End": True}
    parallel = state(
        "Parallel",
        Branches=[{"StartAt": "I", "States": {"I": task}}],
        Catch=[{"ErrorEquals": ["States.QueryEvaluationError"], "Next": "B"}],
        Next="B",
    )
    definition = machine(("P", parallel), ("B", state("Pass", Output="{% $states.input.Error %}")))
    harness = run(definition, play=failing("Oops"))
    assert harness.output == "States.QueryEvaluationError"
    assert failed_evaluation(harness)["location"] == "Catch[0]/Output"


def test_the_languages_mix_by_state() -> None:
    definition = machine(
        ("A", {"Type": "Pass", "Assign": {"x.$": "$.n"}, "Next": "B"}),
        ("B", state("Pass", Assign={"y": "{% $x + 1 %}"}, Output="{% {'z': $x} %}", Next="C")),
        ("C", {"Type": "Pass", "Parameters": {"x.$": "$x", "y.$": "$y", "z.$": "$.z"}}),
    )
    assert run(definition, {"n": 4}).output == {"x": 4, "y": 5, "z": 4}


def test_the_machines_language_reaches_states_inside_and_children() -> None:
    inner = {"StartAt": "I", "States": {"I": {"Type": "Pass", "Output": "{% $states.input + 1 %}", "End": True}}}
    for config in ({}, {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}):
        definition = machine(
            ("M", {"Type": "Map", "Items": [1, "{% 2 %}"], "ItemProcessor": {**config, **inner}}),
            QueryLanguage="JSONata",
        )
        assert run(definition).output == [2, 3]


def test_an_expression_that_does_not_parse_is_refused() -> None:
    with pytest.raises(asl.InvalidExpression, match="Output/a"):
        asl.compile(machine(("S", state("Pass", Output={"a": "{% 1 + %}"}))))


def test_chance_repeats_with_the_seed() -> None:
    spec = state("Pass", Output="{% [$random(), $uuid()] %}")
    assert one(spec).output == one(spec).output


def test_results_of_tasks_are_seen_as_they_are() -> None:
    play = done({"big": 12345678901234567890, "f": 1.0})
    assert one({**_TASK, "Output": "{% $states.result %}"}, play=play).output == {"big": 12345678901234567890, "f": 1.0}
