"""Definitions drawn at random: both query languages, every kind of state, nested; they can be created as they are."""

from __future__ import annotations

from itertools import count
from typing import Any

from hypothesis import strategies as st

State = dict[str, Any]
Node = tuple[str, Any]
"""``("state", its fields)``, ``("parallel", sequences)`` or ``("map", (mode, window, sequence))``."""

JSONATA = {"QueryLanguage": "JSONata"}
RETRY = [{"ErrorEquals": ["E"], "MaxAttempts": 2, "IntervalSeconds": 1, "BackoffRate": 1.5, "JitterStrategy": "FULL"}]
TASK = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage"}
CALLBACK = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken"}

_STATES: list[State] = [
    {"Type": "Pass"},
    {"Type": "Pass", "Parameters": {"t.$": "$$.State.EnteredTime", "in.$": "$"}, "ResultPath": None},
    {"Type": "Pass", "Assign": {"v.$": "$$.State.Name"}},
    {"Type": "Wait", "Seconds": 2},
    {**TASK, "Parameters": {"u.$": "States.UUID()"}, "ResultPath": None},
    {**TASK, "Retry": RETRY},
    {**CALLBACK, "Parameters": {"token.$": "$$.Task.Token"}, "TimeoutSeconds": 9},
    {"Type": "Pass", **JSONATA, "Output": {"n": "{% $states.context.State.Name %}", "r": "{% $random() %}"}},
    {"Type": "Pass", **JSONATA, "Assign": {"v": "{% $uuid() %}"}, "Output": "{% $states.input %}"},
    {"Type": "Wait", **JSONATA, "Seconds": "{% 1 + 1 %}"},
    {**TASK, **JSONATA, "Arguments": {"id": "{% $states.context.Execution.Name %}"}, "Retry": RETRY},
]


def _sequences(depth: int) -> st.SearchStrategy[list[Node]]:
    nodes: st.SearchStrategy[Node] = st.sampled_from(_STATES).map(lambda state: ("state", state))
    if depth:
        inner = _sequences(depth - 1)
        parallel = st.lists(inner, min_size=1, max_size=3).map(lambda branches: ("parallel", branches))
        mode = st.sampled_from(["INLINE", "DISTRIBUTED"])
        mapped = st.tuples(mode, st.integers(0, 2), inner).map(lambda parts: ("map", parts))
        nodes = st.one_of(nodes, nodes, parallel, mapped)
    return st.lists(nodes, min_size=1, max_size=3)


def definitions(depth: int = 2) -> st.SearchStrategy[State]:
    """Whole definitions. Their states are called ``S1``, ``S2``, …, whatever level they are on."""
    return st.builds(_assembled, _sequences(depth), st.booleans())


def _assembled(sequence: list[Node], catches: bool) -> State:
    numbers = count(1)

    def level(nodes: list[Node]) -> State:
        states = [state(*node) for node in nodes] + [{"Type": "Succeed"}]
        names = [f"S{next(numbers)}" for _ in states]
        for one, following in zip(states, names[1:], strict=False):
            one["Next"] = following
            if catches and one["Type"] in ("Task", "Parallel", "Map"):
                one["Catch"] = [{"ErrorEquals": ["States.ALL"], "Next": names[-1]}]
        return {"StartAt": names[0], "States": dict(zip(names, states, strict=True))}

    def state(kind: str, what: Any) -> State:
        if kind == "state":
            return dict(what)
        if kind == "parallel":
            return {"Type": "Parallel", "Branches": [level(branch) for branch in what]}
        mode, window, processor = what
        config = {"Mode": mode, **({"ExecutionType": "STANDARD"} if mode == "DISTRIBUTED" else {})}
        items = {**JSONATA, "Items": "{% [1, 'two', {'three': 3}] %}", "MaxConcurrency": window}
        return {"Type": "Map", **items, "ItemProcessor": {"ProcessorConfig": config, **level(processor)}}

    return level(sequence)


def task_names(definition: State) -> list[str]:
    """The names of all its Task states."""
    found = []
    for name, state in definition["States"].items():
        if state["Type"] == "Task":
            found.append(name)
        for inner in [*state.get("Branches", ()), *([state["ItemProcessor"]] if "ItemProcessor" in state else ())]:
            found += task_names(inner)
    return found
