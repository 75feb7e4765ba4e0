"""Variables: who sees them, when they are set, how large they may be."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.languages.asl import variables
from segue.languages.asl.errors import StatesError
from tests.languages.asl.harness import Harness, machine

_IN_BOTH = pytest.mark.parametrize("language", ["JSONPath", "JSONata"])


def reads(language: str, name: str) -> dict[str, Any]:
    """Fields of a Pass whose output is a variable."""
    if language == "JSONata":
        return {"QueryLanguage": language, "Output": f"{{% ${name} %}}"}
    return {"Parameters": {"v.$": f"${name}"}, "OutputPath": "$.v"}


@_IN_BOTH
def test_inner_scopes_read_outer_variables_and_keep_their_own(language: str) -> None:
    inner = {
        "StartAt": "I",
        "States": {
            "I": {"Type": "Pass", "Assign": {"mine": 2}, "Next": "J"},
            "J": {"Type": "Pass", **reads(language, "outer"), "End": True},
        },
    }
    definition = machine(
        ("A", {"Type": "Pass", "Assign": {"outer": 1}, "Next": "P"}),
        ("P", {"Type": "Parallel", "Branches": [inner, inner], "Next": "B"}),
        ("B", {"Type": "Pass", **reads(language, "mine")}),
    )
    harness = Harness(definition).run()
    assert harness.status == "FAILED"  # what is assigned inside stays inside
    exited = [event.details or {} for event in harness.events if event.type == "ParallelStateExited"]
    assert exited[0]["output"] == "[1,1]"


@_IN_BOTH
def test_iterations_do_not_see_each_others_variables(language: str) -> None:
    processor = {
        "StartAt": "I",
        "States": {
            "I": {"Type": "Pass", "Assign": {"item.$": "$"}, "Next": "J"},
            "J": {"Type": "Pass", **reads(language, "item"), "End": True},
        },
    }
    definition = machine(("M", {"Type": "Map", "MaxConcurrency": 2, "ItemProcessor": processor}))
    assert Harness(definition, "[1,2,3,4]").run().output == [1, 2, 3, 4]


def test_an_assign_sees_only_what_was_there_before_it() -> None:
    definition = machine(
        ("A", {"Type": "Pass", "Assign": {"x": 1, "y": 2}, "Next": "B"}),
        ("B", {"Type": "Pass", "Assign": {"x.$": "$y", "y.$": "$x"}, "Next": "C"}),
        ("C", {"Type": "Pass", "Parameters": {"x.$": "$x", "y.$": "$y"}}),
    )
    assert Harness(definition).run().output == {"x": 2, "y": 1}


def test_assigned_variables_are_told_when_the_state_is_left() -> None:
    harness = Harness(machine(("A", {"Type": "Pass", "Assign": {"b": "x", "a.$": "$.n"}})), '{"n":1.0}').run()
    details = harness.events[2].details or {}
    assert details["assignedVariables"] == {"a": "1.0", "b": '"x"'}
    assert details["assignedVariablesDetails"] == {"truncated": False}


def assigning(*sizes: int) -> dict[str, Any]:
    states = [
        (f"S{number}", {"Type": "Pass", "Assign": {f"v{number}": "x" * size}, "Next": f"S{number + 1}"})
        for number, size in enumerate(sizes)
    ]
    return machine(*states, (f"S{len(sizes)}", {"Type": "Pass"}))


def test_a_variable_has_256_kib_at_most() -> None:
    most = variables.MAX_VARIABLE_BYTES - 2  # with its quotes
    assert Harness(assigning(most)).run().status == "SUCCEEDED"
    harness = Harness(assigning(most + 1)).run()
    assert harness.error == "States.DataLimitExceeded"
    assert "'v0'" in (harness.cause or "")


def test_an_execution_has_10_mib_of_them_at_most() -> None:
    most = variables.MAX_VARIABLE_BYTES - 20
    assert Harness(assigning(*[most] * 40)).run().status == "SUCCEEDED"
    assert Harness(assigning(*[most] * 41)).run().error == "States.DataLimitExceeded"


def test_what_is_set_again_counts_once() -> None:
    big = "x" * 200_000
    loop = [(f"S{number}", {"Type": "Pass", "Assign": {"v": big}, "Next": f"S{number + 1}"}) for number in range(100)]
    assert Harness(machine(*loop, ("S100", {"Type": "Pass"}))).run().status == "SUCCEEDED"


@given(st.dictionaries(st.text(min_size=1), st.integers(0, 300_000), max_size=4))
def test_one_assign_has_256_kib_at_most(sizes: dict[str, int]) -> None:
    texts = {name: "é" * (size // 2) for name, size in sizes.items()}
    too_much = sum(size // 2 * 2 for size in sizes.values()) > variables.MAX_VARIABLE_BYTES
    with pytest.raises(StatesError, match="DataLimitExceeded") if too_much else contextlib.nullcontext():
        variables.check_assigned(texts)
