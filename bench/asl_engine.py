"""The ASL engine alone, in memory: ``python bench/asl_engine.py``."""

from __future__ import annotations

import time
from typing import Any

from segue.languages import asl

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


def map_seconds(concurrency: int = 0) -> float:
    """How long a Map of 1,000 Pass items takes, its journal included; the best of five."""
    items = "[" + ",".join(f'{{"id":{index},"name":"item {index}"}}' for index in range(1000)) + "]"
    program = asl.compile(map_of_pass(concurrency))
    return min(_timed(program, items) for _ in range(5))


def _timed(program: asl.Program, input_text: str) -> float:
    began = time.perf_counter()
    tree, _ = run(program, input_text)
    assert tree.status == "SUCCEEDED"
    return time.perf_counter() - began


if __name__ == "__main__":
    print(f"chain of 11 states: {chain_transitions_a_second():,.0f} transitions/s")
    for concurrency in (0, 1):
        print(f"Map of 1,000 Pass items, MaxConcurrency {concurrency}: {map_seconds(concurrency) * 1000:.1f} ms")
