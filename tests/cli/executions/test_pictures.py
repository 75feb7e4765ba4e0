"""Drawings of state machines: no definition breaks them, and every way can be followed."""

from __future__ import annotations

import itertools
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.cli.executions.drawing import drawn
from segue.cli.executions.edges import Exit, condition, exits
from segue.cli.executions.layout import MAX_STATES, in_order, laid_out
from segue.cli.executions.svg import picture
from segue.cli.words import width_of

CHARGE = {
    "StartAt": "Charge",
    "States": {
        "Undo": {"Type": "Pass", "End": True},
        "Done": {"Type": "Succeed"},
        "Charge": {"Type": "Task", "Next": "Done", "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Undo"}]},
    },
}
LOOP = {
    "StartAt": "Ask",
    "States": {
        "Ask": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.n", "NumericGreaterThan": 3, "Next": "Wait"}],
            "Default": "Both",
        },
        "Wait": {"Type": "Wait", "Seconds": 1, "Next": "Ask"},
        "Both": {
            "Type": "Parallel",
            "End": True,
            "Branches": [
                {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}},
                {
                    "StartAt": "M",
                    "States": {
                        "M": {
                            "Type": "Map",
                            "End": True,
                            "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": True}}},
                        }
                    },
                },
            ],
        },
    },
}


def test_a_machine_with_a_catcher() -> None:
    lines = drawn(laid_out(CHARGE, 80), {"Charge": "CAUGHT", "Undo": "SUCCEEDED"})
    assert "\n".join(lines) == (
        "    ▼\n"
        "┌───────────────────────┐\n"
        "│ ↷ Charge · Task       │\n"
        "│   ✗ States.ALL → Undo ├─╮\n"
        "└───────────────────────┘ │\n"
        "    ▼                     │\n"
        "┌────────────────────┐    │\n"
        "│   Done · Succeed ◉ │    │\n"
        "└────────────────────┘    │\n"
        "    ▼─────────────────────╯\n"
        "┌─────────────────┐\n"
        "│ ✓ Undo · Pass ◉ │\n"
        "└─────────────────┘"
    )


def test_loops_and_branches_are_drawn() -> None:
    wide, narrow = (drawn(laid_out(LOOP, width), {}) for width in (100, 30))
    assert wide[0].startswith("    ▼─")  # the way back from Wait
    assert any("A · Pass" in line and "M · Map" in line for line in wide)
    assert not any("A · Pass" in line and "M · Map" in line for line in narrow)
    for lines in (wide, narrow):
        assert any("I · Pass" in line for line in lines)
        assert any("$.n > 3 → Wait" in line for line in lines)


def test_a_lane_that_crosses_another_is_not_joined_to_it() -> None:
    lines = drawn(laid_out(LOOP, 100), {})
    assert any("│─" in line for line in lines)
    assert not any("┼" in line for line in lines)


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"Variable": "$.a", "StringEquals": "x", "Next": "N"}, '$.a = "x"'),
        ({"Variable": "$.a", "NumericLessThanEquals": 3}, "$.a ≤ 3"),
        ({"Variable": "$.a", "NumericGreaterThanPath": "$.b"}, "$.a > $.b"),
        ({"Variable": "$.a", "IsPresent": True}, "$.a IsPresent"),
        ({"Variable": "$.a", "IsNull": False}, "$.a not IsNull"),
        ({"Variable": "$.a", "BooleanEquals": True}, "$.a = True"),
        ({"And": [{"Variable": "$.a", "IsNull": True}, {"Not": {"Variable": "$.b", "IsNull": True}}]},
         "$.a IsNull and not ($.b IsNull)"),
        ({"Condition": "{% $n > 3 %}"}, "$n > 3"),
        ({"Next": "N"}, "…"),
        (7, "…"),
    ],
)  # fmt: skip
def test_conditions(rule: Any, said: str) -> None:
    assert condition(rule) == said


def test_ways_out() -> None:
    assert exits(CHARGE["States"]["Charge"]) == [Exit("Done"), Exit("Undo", "✗ States.ALL")]  # type: ignore[index]
    assert exits(LOOP["States"]["Ask"]) == [Exit("Wait", "$.n > 3"), Exit("Both", "otherwise")]  # type: ignore[index]
    assert exits({"Type": "Fail"}) == [Exit(None)]
    assert exits(None) == []


def test_states_come_after_those_that_lead_to_them() -> None:
    chain = {f"S{at}": {"Type": "Pass", "Next": f"S{at + 1}"} for at in reversed(range(5000))}
    chain["S5000"] = {"Type": "Succeed"}  # type: ignore[dict-item]
    assert in_order("S0", chain) == [f"S{at}" for at in range(5001)]
    assert in_order("Nowhere", {"A": {}, "B": {}}) == ["A", "B"]


def test_large_and_deep_machines_are_cut() -> None:
    chain: dict[str, Any] = {f"S{at}": {"Type": "Pass", "Next": f"S{at + 1}"} for at in range(MAX_STATES + 7)}
    assert drawn(laid_out({"StartAt": "S0", "States": chain}, 80), {})[-1] == "… 7 more states"
    deep: dict[str, Any] = {"StartAt": "S", "States": {"S": {"Type": "Pass", "End": True}}}
    for _ in range(50):
        deep = {"StartAt": "S", "States": {"S": {"Type": "Map", "ItemProcessor": deep, "End": True}}}
    assert any("…" in line for line in drawn(laid_out(deep, 80), {}))


NAMES = st.sampled_from(["A", "B", "注文", "x" * 90, "\x1b[31m", '<&">'])
PLAIN = st.none() | st.booleans() | st.integers() | NAMES
RULE = st.fixed_dictionaries({}, optional={"Next": NAMES | PLAIN, "Variable": PLAIN, "IsNull": PLAIN, "Not": PLAIN})


def states(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    some = {
        "Type": st.sampled_from(["Task", "Choice", "Succeed", "Map", "Parallel"]) | PLAIN,
        "Next": NAMES | PLAIN,
        "End": PLAIN,
        "Choices": st.lists(RULE, max_size=4) | PLAIN,
        "Default": NAMES | PLAIN,
        "Catch": st.lists(RULE, max_size=2) | PLAIN,
        "Branches": st.lists(inner, max_size=3) | PLAIN,
        "ItemProcessor": inner | PLAIN,
    }
    state = st.fixed_dictionaries({}, optional=some) | PLAIN
    return st.fixed_dictionaries({}, optional={"StartAt": NAMES, "States": st.dictionaries(NAMES, state) | PLAIN})


@given(st.recursive(PLAIN, states, max_leaves=12), st.integers(0, 200))
def test_any_definition_can_be_drawn(definition: Any, width: int) -> None:
    of = laid_out(definition, width)
    statuses = {"A": "RUNNING", "B": "FAILED"}
    lines = drawn(of, statuses)
    assert all(line.isprintable() for line in lines)
    ElementTree.fromstring(picture(of, statuses))
    for box in of.boxes:
        assert lines[box.y + box.height - 1][:1]  # it is there
    top_level = [box for box in of.boxes if box.x == 0]
    for above, below in itertools.pairwise(top_level):
        assert above.y + above.height < below.y
    rights = [width_of(line) for line in lines]
    assert not rights or max(rights) <= max(of.width, *(box.x + box.width for box in of.boxes), 30)
