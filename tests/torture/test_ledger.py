"""The ledger notices what it is there for."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.torture.ledger import Ledger, misfits


@pytest.mark.parametrize(
    ("found", "problem"),
    [
        (["a", "b"], None),
        (["a"], None),
        (["b"], "thing: promised and not there: a, 1 in all"),
        (["a", "a"], "thing: there more often than tried: a, 1 in all"),
        (["a", "c"], "thing: there more often than tried: c, 1 in all"),
    ],
)
def test_what_is_promised_has_to_be_there_and_no_more_than_was_tried(found: list[str], problem: str | None) -> None:
    ledger = Ledger("thing")
    ledger.ask("a", lambda: None)
    with pytest.raises(ConnectionError):
        ledger.ask("b", _cut_off)
    assert list(ledger.problems(Counter(found))) == ([problem] if problem else [])


def test_what_may_be_there_once_is_not_there_twice_though_it_was_tried_twice() -> None:
    ledger = Ledger("thing")
    ledger.ask_all(["a", "a"], lambda: None)
    assert list(ledger.problems(Counter("aa"))) == []
    assert list(ledger.problems(Counter("aa"), once=True)) == ["thing: there more often than once: a, 1 in all"]


def _cut_off() -> None:
    raise ConnectionError


_WELL = [("ExecutionStarted", ""), ("TaskStateEntered", "A"), ("TaskStateExited", "A"), ("ExecutionSucceeded", "")]


def _history(*events: tuple[str, str]) -> list[dict[str, Any]]:
    details = (
        {"stateEnteredEventDetails": {"name": name}, "stateExitedEventDetails": {"name": name}} for _, name in events
    )
    return [
        {"id": number, "type": kind, **more}
        for number, ((kind, _), more) in enumerate(zip(events, details, strict=True), 1)
    ]


@pytest.mark.parametrize(
    ("events", "redrives", "words"),
    [
        (_WELL, 0, []),
        ([*_WELL[:1], ("ExecutionAborted", "")], 0, ["entered {}, to be entered {'A': 1}"]),
        ([*_WELL, _WELL[-1]], 0, ["ended 2 times: ['ExecutionSucceeded', 'ExecutionSucceeded']"]),
        ([*_WELL, _WELL[-1]], 1, []),
        ([*_WELL[:2], *_WELL[1:]], 0, ["entered {'A': 2}, to be entered {'A': 1}"]),
        ([*_WELL[:3], *_WELL[2:]], 0, ["left more often than entered: {'A': 1}"]),
    ],
)
def test_a_history_tells_each_transition_once(events: list[tuple[str, str]], redrives: int, words: list[str]) -> None:
    assert list(misfits(_history(*events), {"A": 1}, redrives=redrives)) == words


def test_a_history_has_no_gap() -> None:
    assert list(misfits(_history(*_WELL)[:1] + _history(*_WELL)[2:], {})) == [
        "a gap in the history: [1, 3, 4]",
        "left more often than entered: {'A': 1}",
    ]
