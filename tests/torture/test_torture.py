"""A few kills of the many that ``make torture`` makes, and that the ledger notices what it is there for."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.torture.promises import Ledger
from tests.torture.run import Torture


def test_every_promise_is_kept_when_the_server_is_killed_at_random_moments(tmp_path: Path) -> None:
    torture = Torture(tmp_path / "data", seed=1)
    assert torture.run(kills=5) == []
    assert torture.promised() > 100
    assert all(promise.ledger.promised for promise in torture.promises)


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


def _cut_off() -> None:
    raise ConnectionError
