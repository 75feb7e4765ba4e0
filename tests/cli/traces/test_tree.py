"""Hops as a tree of calls, and the tree as text."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.cli.traces.tree import Node, every, failures, forest
from segue.cli.traces.words import job_line, place, summary_line, tree_lines

FUNCTION = "arn:aws:lambda:us-east-1:1:function"
SESSION = "arn:aws:sts::1:assumed-role/role"


def plain(text: str, colour: str) -> str:
    return text


def hop(id: int, source: str, target: str, status: str = "delivered", **more: Any) -> dict[str, Any]:
    values = {"operation": "lambda:Invoke", "attempts": 1, "reason": "", "subject": "", "at": 1000 * id}
    return {"id": id, "source": source, "target": target, "status": status, **values, **more}


def shape(nodes: list[Node]) -> list[Any]:
    return [(node.hop["id"], shape(node.inside)) if node.inside else node.hop["id"] for node in nodes]


def test_calls_stand_below_who_made_them_even_if_written_down_before() -> None:
    """A synchronous call is recorded when it has ended: after what it called."""
    found = forest(
        [
            hop(1, f"{SESSION}/addLeed", f"{FUNCTION}:helper", subject="r1"),
            hop(2, f"{SESSION}/addLeed", f"{FUNCTION}:check", subject="r2"),
            hop(3, "execute-api:7/POST", f"{FUNCTION}:addLeed"),
            hop(4, f"{SESSION}/helper", "arn:aws:sqs:us-east-1:1:q", operation="sqs:SendMessage"),
        ]
    )
    assert shape(found) == [(3, [(1, [4]), 2])]


def test_queues_topics_buses_and_executions_go_on() -> None:
    queue, topic = "arn:aws:sqs:us-east-1:1:q", "arn:aws:sns:us-east-1:1:t"
    bus, rule = "arn:aws:events:us-east-1:1:event-bus/b", "arn:aws:events:us-east-1:1:rule/b/r"
    execution = "arn:aws:states:us-east-1:1:execution:m:e"
    found = forest(
        [
            hop(1, "root", queue),
            hop(2, queue, topic),
            hop(3, topic, f"{FUNCTION}:f"),
            hop(4, f"{SESSION}/f", bus),
            hop(5, rule, execution),
            hop(6, execution, f"{FUNCTION}:g"),
            hop(7, bus.replace("/b", "/default"), "arn:aws:sqs:us-east-1:1:z"),
            hop(8, "arn:aws:events:us-east-1:1:rule/r", "arn:aws:sqs:us-east-1:1:y"),
        ]
    )
    assert shape(found) == [(1, [(2, [(3, [(4, [(5, [6])])])])]), 7, 8]


def test_what_came_of_a_call_belongs_to_it() -> None:
    target = f"{FUNCTION}:f"
    found = forest(
        [
            hop(1, "root", target, subject="one"),
            hop(2, "root", target, subject="two"),
            hop(3, target, target, "retrying", subject="two"),
            hop(4, target, target, "retrying", subject="two", attempts=2),
            hop(5, target, target, "dead-lettered", subject="two", attempts=3),
            hop(6, "sns", target, subject="message"),
            hop(7, target, target, "retrying", subject="three"),
        ]
    )
    assert [[later["id"] for later in node.later] for node in found] == [[7], [3, 4, 5], []]
    assert [node.hop["id"] for node in failures(found)] == [1, 2]


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("abcd"), st.booleans()), max_size=12))
def test_every_call_stands_once_whatever_called_whom(pairs: list[tuple[str, str, bool]]) -> None:
    hops = [
        hop(at, f"{SESSION}/{a}" if session else f"{FUNCTION}:{a}", f"{FUNCTION}:{b}")
        for at, (a, b, session) in enumerate(pairs)
    ]
    found = forest(hops)
    assert sum(1 + len(node.later) for node in every(found)) == len(hops)
    if found:
        assert len(tree_lines(found, 100, plain)) == len(list(every(found)))


def test_lines() -> None:
    target = f"{FUNCTION}:f"
    roots = forest(
        [
            hop(1, "https://abcdefghijk.lambda-url.us-east-1.on.aws/", f"{FUNCTION}:front"),
            hop(2, f"{SESSION}/front", "arn:aws:sqs:us-east-1:1:q", operation="sqs:SendMessage"),
            hop(3, f"{SESSION}/front", target),
            hop(4, target, target, "retrying", attempts=2, reason="E: is\nbroken"),
        ]
    )
    lines = [line.split("  ", 1)[1] for line in tree_lines(roots, 100, plain)]
    assert lines == [
        "URL abcdef…/ → function front",
        "├─ queue q  sqs:SendMessage",
        "└─ function f  ✗ retrying (attempt 2): E: is broken",
    ]
    assert max(map(len, tree_lines(roots, 60, plain))) <= 60
    assert summary_line("1-2", roots, 4, 1, plain).endswith("1-2    4 hops  URL abcdef…/ → function front  1 failed")


@pytest.mark.parametrize(
    ("job", "words"),
    [
        ({"runs": True}, "function f: runs"),
        ({"at": 0}, "function f: begins"),
        ({"at": 11_000}, "function f: in 1.0 s"),
        ({"at": 70_000, "attempts": 1}, "function f: again in 1 m 0 s"),
        ({"key": "frame", "at": 0}, "states:task: begins"),
        ({"key": "arn:aws:states:us-east-1:1:execution:m:e/3.1", "at": 0}, "workflow m:e: begins"),
    ],
)
def test_what_goes_on(job: dict[str, Any], words: str) -> None:
    whole = {"kind": "states:task", "key": f"{FUNCTION}:f", "at": 5, "runs": False, "attempts": 0, **job}
    assert job_line(whole, 10_000) == words


def test_places_are_printable() -> None:
    assert place("a\nb") == "a b"
