"""Definitions and inputs that would starve a server: none is refused work that it may do, and no step takes long.

Not measured in seconds, which other processes decide, but in what a step spends: about ten microseconds a unit.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from segue.languages import asl
from segue.languages.asl.step import DEFAULT_BUDGET
from segue.languages.asl.validate import validate
from segue.languages.asl_hints import hints
from segue.languages.work import MAX_STATE
from tests.languages.asl.harness import START_MS, meta

END: dict[str, Any] = {"Type": "Pass", "End": True}
MOST_SPENT = DEFAULT_BUDGET + MAX_STATE // 8
"""A budget, and the state that goes beyond it: with its payload and its expressions, in the worst case."""


def machine(state: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"StartAt": "A", "States": {"A": {"End": True, **state}}, **more}


def loop(**state: Any) -> dict[str, Any]:
    choice = {"Type": "Choice", "Choices": [{"Variable": "$", "IsPresent": True, "Next": "A"}], "Default": "Z"}
    states = {"A": {"Type": "Pass", "Next": "B", **state}, "B": choice, "Z": {"Type": "Succeed"}}
    return {"StartAt": "A", "States": states}


def run(definition: dict[str, Any], given: Any = None, steps: int = 60) -> tuple[asl.Tree, list[asl.Step]]:
    """Valid, compiled, and stepped for a while."""
    text = json.dumps(definition)
    assert [one for one in validate(text, kind="STANDARD") if one.severity == "ERROR"] == []
    program = asl.compile(definition)
    tree = asl.start(program, meta(), json.dumps(given))
    done: list[asl.Step] = []
    command: asl.Command = asl.Start()
    while len(done) < steps:
        done.append(asl.step(program, tree, command, START_MS))
        tree.apply(done[-1].journal)
        if not done[-1].more:
            break
        command = asl.Continue()
    assert max(one.spent for one in done) <= MOST_SPENT
    return tree, done


PARALLEL = {
    "Type": "Parallel",
    "Branches": [{"StartAt": f"B{n}", "States": {f"B{n}": END}} for n in range(1_000)],
}
MAP = {"Type": "Map", "ItemProcessor": {"StartAt": "I", "States": {"I": END}}}
ONES = [1] * 100_000


def test_an_endless_loop_ends_with_its_history() -> None:
    tree, done = run(loop())
    assert (tree.status, done[-1].error) == ("FAILED", "States.Runtime")
    assert done[-1].events[-1].id == 25_000
    assert len(done) > 10, "others are served in between"


@pytest.mark.parametrize(
    ("definition", "given", "most_states_a_step"),
    [
        (loop(), "x" * 250_000, 30),
        (loop(Parameters={"a.$": "$.a", "b.$": "$..a"}), {"a": ONES}, 30),
        ({**loop(), "QueryLanguage": "JSONPath"}, {"a": ["é" * 80_000]}, 60),
        (
            {
                "QueryLanguage": "JSONata",
                "StartAt": "A",
                "States": {
                    "A": {"Type": "Pass", "Output": "{% $sum([1..100000]) > 0 ? $states.input %}", "Next": "B"},
                    "B": {"Type": "Choice", "Choices": [{"Condition": True, "Next": "A"}], "Default": "Z"},
                    "Z": {"Type": "Succeed"},
                },
            },
            1,
            300,
        ),
        (machine({**MAP, "ItemSelector": {"all.$": "$"}}), ONES, 60),
    ],
)
def test_heavy_states_share_a_step_with_few_others(
    definition: dict[str, Any], given: Any, most_states_a_step: int
) -> None:
    _, done = run(definition, given, steps=4)
    entered = max(sum(event.type.endswith("StateEntered") for event in step.events) for step in done)
    assert entered <= most_states_a_step


@pytest.mark.parametrize("concurrency", [0, 1])
def test_a_map_of_many_items_fills_its_history(concurrency: int) -> None:
    tree, done = run(machine({**MAP, "MaxConcurrency": concurrency}), ONES)
    assert (tree.status, done[-1].events[-1].id) == ("FAILED", 25_000)
    assert len(done) > 10


def test_a_thousand_branches() -> None:
    tree, done = run(machine(PARALLEL), {"a": 1})
    assert tree.status == "SUCCEEDED"
    assert json.loads(done[-1].output_text or "") == [{"a": 1}] * 1_000


def test_a_result_that_is_far_too_long_is_not_even_put_together() -> None:
    tree, done = run(machine(PARALLEL), "x" * 250_000, steps=1_000)
    assert (tree.status, done[-1].error) == ("FAILED", "States.DataLimitExceeded")


def test_ten_thousand_states() -> None:
    states: dict[str, Any] = {f"S{n}": {"Type": "Pass", "Next": f"S{n + 1}"} for n in range(9_999)}
    definition = {"StartAt": "S0", "States": {**states, "S9999": END}}
    assert hints(definition, kind="STANDARD") == []
    tree, _ = run(definition)
    assert tree.status == "SUCCEEDED"


def test_nesting() -> None:
    state: dict[str, Any] = END
    for level in range(45):
        inner = {"StartAt": f"N{level}", "States": {f"N{level}": state}}
        state = {"Type": "Parallel", "Branches": [inner], "End": True}
    tree, _ = run(machine(state))
    assert tree.status == "SUCCEEDED"
    for level in range(45, 60):
        inner = {"StartAt": f"N{level}", "States": {f"N{level}": state}}
        state = {"Type": "Parallel", "Branches": [inner], "End": True}
    (found,) = validate(json.dumps(machine(state)), kind="STANDARD")
    assert found.code == "TOO_DEEPLY_NESTED"


DEEP: Any = 1
for _ in range(300):
    DEEP = {"a": DEEP}


@pytest.mark.parametrize("path", ["$..*..*..*..*..*", "$..[?(@..a)]..[?($..a)]..a", "$..*..[?(@..*..*)]"])
def test_paths_that_multiply(path: str) -> None:
    tree, done = run(machine({"Type": "Pass", "InputPath": path}), DEEP)
    assert (tree.status, done[-1].error) == ("FAILED", "States.Runtime")
    assert (done[-1].cause or "").endswith("The path looks at too many values.")


@pytest.mark.parametrize(
    "expression",
    [
        "($f := function($n) { $f($n + 1) + 1 }; $f(0))",
        "($f := function() { $f() }; $f())",
        "[1..100000000]",
        "$string([1..800000])",
        "$join($map([1..100000], function($x) { $string($x) }))",
        "$reduce([1..100000], function($a, $b) { $a & 'xxxxxxxxxx' })",
        "$match('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!', /(a+)+$/)",
        "$pad('', 1000000000)",
        "$states.input.**.**.**.**.**",
        "+".join(["1"] * 400),
    ],
)
def test_expressions_that_would_not_end(expression: str) -> None:
    definition = machine({"Type": "Pass", "Output": f"{{% {expression} %}}"}, QueryLanguage="JSONata")
    tree, _ = run(definition, DEEP)
    assert tree.status in ("FAILED", "SUCCEEDED")


def test_many_heavy_expressions_in_one_state() -> None:
    output = [f"{{% $sum([{number}..700000]) %}}" for number in range(200)]
    tree, done = run(machine({"Type": "Pass", "Output": output}, QueryLanguage="JSONata"))
    assert (tree.status, done[-1].error) == ("FAILED", "States.Runtime")
    assert (done[-1].cause or "").endswith("All expressions of the state together work for too long.")
