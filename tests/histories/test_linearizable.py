"""The search finds an order where there is one, and says so where there is none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.histories.history import NEVER, UNKNOWN, Operation
from tests.histories.linearizable import stuck
from tests.histories.models import REFUSED, Line, cell, held_twice, line, purse, started, token

_LINE = line(2)


def _one_by_one(*told: tuple[str, Any, Any]) -> list[Operation]:
    return [Operation(*what, number, NEVER if what[2] is UNKNOWN else number + 0.5) for number, what in enumerate(told)]


@pytest.mark.parametrize(
    ("model", "start", "good"),
    [
        (cell, None, [("create", 1, 1), ("read", None, 1), ("swap", (1, 2), 2), ("add", 1, 3), ("remove", None, None)]),
        (cell, None, [("create", 1, UNKNOWN), ("read", None, None), ("create", 2, REFUSED)]),
        (purse, (2, 0), [("move", 2, True), ("read", None, (0, 2)), ("move", 1, REFUSED)]),
        (started, None, [("start", "a", "today"), ("start", "b", REFUSED), ("start", "a", "today")]),
        (started, None, [("start", "a", UNKNOWN), ("start", "a", "today"), ("start", "b", REFUSED)]),
        (token, (None, False), [("heartbeat", None, "x"), ("succeed", "x", "x"), ("describe", None, None)]),
        (token, (None, False), [("fail", "x", "x"), ("describe", None, "x"), ("succeed", "y", REFUSED)]),
        (_LINE, Line(), [("send", "a", "1"), ("send", "a", "1"), ("receive", None, "a"), ("receive", None, None)]),
        (_LINE, Line(), [("send", "a", "1"), ("receive", None, "a"), ("delete", "a", None), ("receive", None, None)]),
    ],
)
def test_what_was_promised_is_found_to_be_so(model: Any, start: Any, good: list[Any]) -> None:
    assert stuck(_one_by_one(*good), model, start) == []


@pytest.mark.parametrize(
    ("model", "start", "bad"),
    [
        pytest.param(cell, None, [("create", 1, 1), ("read", None, None)], id="a write that is lost"),
        pytest.param(cell, None, [("create", 1, 1), ("create", 2, 2)], id="created twice"),
        pytest.param(cell, 1, [("swap", (1, 2), 2), ("swap", (1, 3), 3)], id="exchanged twice"),
        pytest.param(cell, 1, [("add", 1, 2), ("add", 1, 2)], id="a lost update"),
        pytest.param(cell, None, [("create", 1, UNKNOWN), ("read", None, 1), ("read", None, None)], id="gone"),
        pytest.param(purse, (2, 0), [("move", 1, True), ("read", None, (1, 0))], id="half of a transaction"),
        pytest.param(purse, (2, 0), [("move", 2, True), ("move", 1, True)], id="spent twice"),
        pytest.param(started, None, [("start", "a", "today"), ("start", "a", "later")], id="started twice"),
        pytest.param(started, None, [("start", "a", "today"), ("start", "b", "later")], id="started with two inputs"),
        pytest.param(token, (None, False), [("succeed", "x", "x"), ("fail", "y", "y")], id="answered twice"),
        pytest.param(token, (None, False), [("succeed", "x", "x"), ("describe", None, "y")], id="another's answer"),
        pytest.param(token, ("x", False), [("describe", None, "x"), ("describe", None, None)], id="running again"),
        pytest.param(token, (None, False), [("heartbeat", None, REFUSED)], id="refused for nothing"),
        pytest.param(_LINE, Line(("a", "b")), [("receive", None, "b")], id="overtaken"),
        pytest.param(_LINE, Line(), [("send", "a", 1), ("receive", None, None)], id="a message that is lost"),
        pytest.param(_LINE, Line(("a",)), [("receive", None, "a"), ("receive", None, "a")], id="held by two"),
        pytest.param(_LINE, Line(("a",)), [("delete", "a", None), ("receive", None, "a")], id="there again"),
        pytest.param(_LINE, Line(), [("send", "a", 1), ("send", "a", 1), ("delete", "a", None), ("receive", None, "a")],
                     id="sent twice"),
    ],
)  # fmt: skip
def test_what_breaks_a_promise_is_found(model: Any, start: Any, bad: list[Any]) -> None:
    operations = _one_by_one(*bad)
    left = stuck(operations, model, start)
    assert left
    assert set(left) <= set(operations)


@pytest.mark.parametrize(
    ("second", "problems"),
    [
        (Operation("receive", 2, ["a"], 1, 1.9), 1),
        (Operation("receive", 2, ["a"], 1, 2.1), 0),
        (Operation("receive", 2, ["b"], 1, 1.5), 0),
        (Operation("receive", 2, UNKNOWN, 1, NEVER), 0),
    ],
)
def test_a_message_that_two_clients_hold_is_found(second: Operation, problems: int) -> None:
    assert len(held_twice([second, Operation("receive", 2, ["a"], 0, 0.5)])) == problems


def test_a_message_that_comes_after_its_deletion_is_found() -> None:
    first, deletion = Operation("receive", 2, ["a"], 0, 0.5), Operation("delete", "a", None, 1, 1.5)
    assert len(held_twice([first, deletion, Operation("receive", 2, ["a"], 1.6, 9)])) == 1
    assert held_twice([first, deletion, Operation("receive", 2, ["a"], 1.4, 9)]) == []


_OPERATIONS = st.one_of(
    st.tuples(st.just("read"), st.none(), st.sampled_from((None, 1, 2, UNKNOWN))),
    st.tuples(st.just("create"), st.sampled_from((1, 2)), st.sampled_from((True, REFUSED, UNKNOWN))),
    st.tuples(st.just("swap"), st.sampled_from(((1, 2), (2, 1))), st.sampled_from((True, REFUSED, UNKNOWN))),
    st.tuples(st.just("remove"), st.none(), st.sampled_from((None, UNKNOWN))),
)


@st.composite
def _histories(draw: st.DrawFn) -> list[Operation]:
    operations = []
    for name, what, result in draw(st.lists(_OPERATIONS, max_size=5)):
        if result is True:
            result = what[1] if name == "swap" else what
        asked = draw(st.integers(0, 9))
        answered = NEVER if result is UNKNOWN else asked + draw(st.integers(0, 9))
        operations.append(Operation(name, what, result, asked, answered))
    return operations


@given(_histories())
def test_the_search_finds_what_trying_all_orders_finds(operations: list[Operation]) -> None:
    assert (stuck(operations, cell, None) == []) == any(map(_explains, _orders(operations)))


def _orders(operations: Sequence[Operation]) -> Iterator[tuple[Operation, ...]]:
    """All orders of what was answered and any of what was not, as far as time allows."""
    known = sum(one.result is not UNKNOWN for one in operations)
    for size in range(known, len(operations) + 1):
        for order in permutations(operations, size):
            if sum(one.result is not UNKNOWN for one in order) == known and not any(
                later.answered < earlier.asked for place, earlier in enumerate(order) for later in order[place + 1 :]
            ):
                yield order


def _explains(order: Sequence[Operation]) -> bool:
    states: set[Any] = {None}
    for operation in order:
        states = {after for state in states for after in cell(state, operation)}
    return bool(states)
