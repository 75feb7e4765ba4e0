"""The ASL engine alone, in memory: ``python bench/asl_engine.py``."""

from __future__ import annotations

import json
import statistics
import time
from typing import Any

from segue.languages import asl
from segue.languages.asl.validate import validate

_META = asl.ExecutionMeta(
    id="arn:aws:states:us-east-1:111111111111:execution:machine:run-1",
    name="run-1",
    role_arn="arn:aws:iam::111111111111:role/role",
    start_ms=1_700_000_000_000,
    state_machine_id="arn:aws:states:us-east-1:111111111111:stateMachine:machine",
    state_machine_name="machine",
)


def chain(pairs: int = 5) -> dict[str, Any]:
    """Pass and Choice by turns."""
    states: dict[str, Any] = {}
    for index in range(pairs):
        states[f"Pass{index}"] = {
            "Type": "Pass",
            "Parameters": {"n.$": "$.n", "text": "constant", "step": index},
            "ResultPath": "$.result",
            "Next": f"Choice{index}",
        }
        rule = {"Variable": "$.result.n", "NumericGreaterThan": 0, "Next": f"Pass{index + 1}"}
        states[f"Choice{index}"] = {"Type": "Choice", "Choices": [rule], "Default": f"Pass{index + 1}"}
    states[f"Pass{pairs}"] = {"Type": "Pass", "End": True}
    return {"StartAt": "Pass0", "States": states}


def pass_chain(states: int = 20, **fields: Any) -> dict[str, Any]:
    """Pass states, each with the same fields."""
    made: dict[str, Any] = {f"P{index}": {"Type": "Pass", "Next": f"P{index + 1}", **fields} for index in range(states)}
    return {"StartAt": "P0", "States": {**made, f"P{states}": {"Type": "Succeed"}}}


def jsonata_chain(states: int = 20) -> dict[str, Any]:
    """Pass states that each evaluate one expression."""
    output = {"a": {"b": "{% $states.input.a.b + 1 %}"}}
    return {"QueryLanguage": "JSONata", **pass_chain(states, Output=output)}


def map_of_pass(concurrency: int = 0) -> dict[str, Any]:
    """A Map of one Pass."""
    processor = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}
    state = {"Type": "Map", "MaxConcurrency": concurrency, "ItemProcessor": processor, "End": True}
    return {"StartAt": "M", "States": {"M": state}}


def run(program: asl.Program, input_text: str) -> tuple[asl.Tree, int]:
    """One execution to its end; gives its tree and the number of its events."""
    tree = asl.start(program, _META, input_text)
    command: asl.Command = asl.Start()
    events = 0
    while True:
        result = asl.step(program, tree, command, _META.start_ms)
        tree.apply(result.journal)
        events += len(result.events)
        if not result.more:
            return tree, events
        command = asl.Continue()


def chain_transitions_a_second(times: int = 2_000) -> float:
    """How fast a chain of eleven states goes."""
    program = asl.compile(chain())
    began = time.perf_counter()
    for _ in range(times):
        tree, _ = run(program, '{"n":1,"name":"Ada","list":[1,2,3]}')
    seconds = time.perf_counter() - began
    assert tree.status == "SUCCEEDED"
    return times * 11 / seconds


def state_seconds(definition: dict[str, Any], states: int = 20) -> float:
    """How long each of a definition's states takes, all in all; the best of five."""
    program = asl.compile(definition)
    return min(_timed(program, '{"a":{"b":1}}', times=200) / 200 / states for _ in range(5))


def map_seconds(concurrency: int = 0) -> float:
    """How long a Map of 1,000 Pass items takes, its journal included; the best of five."""
    items = "[" + ",".join(f'{{"id":{index},"name":"item {index}"}}' for index in range(1000)) + "]"
    program = asl.compile(map_of_pass(concurrency))
    return min(_timed(program, items) for _ in range(5))


def _timed(program: asl.Program, input_text: str, times: int = 1) -> float:
    began = time.perf_counter()
    for _ in range(times):
        tree, _ = run(program, input_text)
    assert tree.status == "SUCCEEDED"
    return time.perf_counter() - began


def definition_of(states: int) -> dict[str, Any]:
    """Tasks with Retry and Catch, Pass states with templates, choices and waits, in turns."""
    made: dict[str, Any] = {}
    for index in range(states - 1):
        following = f"S{index + 1}"
        path = {"a.$": f"$.x{index}", "b": {"c.$": f"States.Format('{{}}-{index}', $.y)"}}
        made[f"S{index}"] = (
            {"Type": "Pass", "Parameters": path, "ResultPath": f"$.r{index}", "Next": following},
            {
                "Type": "Task",
                "Resource": "arn:aws:states:::lambda:invoke",
                "Parameters": {"FunctionName": "f", "Payload.$": f"$.p{index}"},
                "ResultSelector": {"p.$": "$.Payload"},
                "Retry": [{"ErrorEquals": ["Lambda.ServiceException"], "IntervalSeconds": 2, "MaxAttempts": 6}],
                "Catch": [{"ErrorEquals": ["States.ALL"], "Next": following, "ResultPath": "$.error"}],
                "Next": following,
            },
            {
                "Type": "Choice",
                "Choices": [{"Variable": f"$.a{index}", "StringEquals": "x", "Next": following}],
                "Default": following,
            },
            {"Type": "Wait", "SecondsPath": f"$.s{index}", "Next": following},
            {"Type": "Pass", "Result": {"x": index}, "Next": following},
        )[index % 5]
    return {"StartAt": "S0", "States": {**made, f"S{states - 1}": {"Type": "Succeed"}}}


def definition_seconds(states: int = 500) -> float:
    """How long a definition takes to be validated and compiled; the median of five that were never seen before."""
    taken = []
    for number in range(5):
        text = json.dumps(definition_of(states)).replace("$.", f"$.n{number}_")
        began = time.perf_counter()
        assert validate(text, kind="STANDARD") == []
        asl.compile(json.loads(text))
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


if __name__ == "__main__":
    print(f"chain of 11 states: {chain_transitions_a_second():,.0f} transitions/s")
    print(f"Pass states: {1 / state_seconds(pass_chain()):,.0f} transitions/s")
    print(f"state with a JSONata expression: {state_seconds(jsonata_chain()) * 1_000_000:.1f} µs")
    for concurrency in (0, 1):
        print(f"Map of 1,000 Pass items, MaxConcurrency {concurrency}: {map_seconds(concurrency) * 1000:.1f} ms")
    print(f"definition of 500 states, validated and compiled: {definition_seconds() * 1000:.1f} ms")
