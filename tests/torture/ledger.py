"""What was tried, what was promised, and what a history must look like."""

from __future__ import annotations

import itertools
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

_MAX_SHOWN = 5
_ENDS = ("ExecutionSucceeded", "ExecutionFailed", "ExecutionAborted", "ExecutionTimedOut")


class Ledger:
    """Names that were tried, and those of which the server said that they are done; threads share it."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.tried: Counter[str] = Counter()
        self.promised: set[str] = set()
        self._numbers = itertools.count()
        self._lock = threading.Lock()

    def name(self) -> str:
        """A new name."""
        return f"{self.kind}-{next(self._numbers)}"

    def ask(self, name: str, call: Callable[[], Any]) -> Any:
        """Try, and note it where it is answered."""
        return self.ask_all([name], call)

    def ask_all(self, names: list[str], call: Callable[[], Any]) -> Any:
        """The same, for several that are promised by one answer."""
        with self._lock:
            self.tried.update(names)
        answer = call()
        with self._lock:
            self.promised.update(names)
        return answer

    def problems(self, found: Counter[str], *, once: bool = False) -> Iterator[str]:
        """What is promised and not there, or there more often than it was asked for.

        Args:
            found: what is there.
            once: however often it was tried, it is to be there once.
        """
        with self._lock:
            tried = Counter(set(self.tried)) if once else self.tried
            yield from told(f"{self.kind}: promised and not there", self.promised - set(found))
            yield from told(f"{self.kind}: there more often than {'once' if once else 'tried'}", found - tried)


def told(what: str, names: Iterable[str]) -> Iterator[str]:
    """One problem of many names, in words; none where there is no name."""
    if shown := sorted(names):
        yield f"{what}: {', '.join(shown[:_MAX_SHOWN])}, {len(shown)} in all"


def misfits(events: list[dict[str, Any]], entered: Mapping[str, int], *, redrives: int = 0) -> Iterator[str]:
    """What cannot be true of an execution's history, if every transition has come to pass once.

    Args:
        events: the whole history of an execution that has ended.
        entered: how often each of its states is entered.
        redrives: how often it was redriven: it has ended once more than that.
    """
    ids = [event["id"] for event in events]
    if ids != list(range(1, len(ids) + 1)):
        yield f"a gap in the history: {ids}"
    ends = [event["type"] for event in events if event["type"] in _ENDS]
    if len(ends) != redrives + 1:
        yield f"ended {len(ends)} times: {ends}"
    found = Counter(_state(event, "Entered") for event in events if event["type"].endswith("StateEntered"))
    if found != Counter(entered):
        yield f"entered {dict(found)}, to be entered {dict(entered)}"
    left = Counter(_state(event, "Exited") for event in events if event["type"].endswith("StateExited"))
    if left - found:
        yield f"left more often than entered: {dict(left - found)}"


def _state(event: dict[str, Any], what: str) -> str:
    return str(event[f"state{what}EventDetails"]["name"])
