"""The states that an execution entered, as a tree, from the events of its history. Pure.

A *visit* is one entry of a state. Which visit an event belongs to follows from ``previousEventId``: events are chains,
one for each branch and iteration. Names and details are those of GetExecutionHistory
(https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

_ENDS = {
    "ExecutionSucceeded": "SUCCEEDED",
    "ExecutionFailed": "FAILED",
    "ExecutionTimedOut": "TIMED_OUT",
    "ExecutionAborted": "ABORTED",
}
_FAILURES = ("Failed", "TimedOut")
_BEGINNINGS = ("Scheduled", "ParallelStateStarted", "MapStateStarted", "MapRunStarted")
_AT_WORK = ("Scheduled", "Started", "Submitted")
_WHOLES = ("ParallelState", "MapState")


@dataclass(slots=True, eq=False)
class Visit:
    """One entry of a state.

    Attributes:
        name: the state's.
        kind: its type: ``Task``, ``Map``, …
        entered_ms, left_ms: when; ``left_ms`` is ``None`` as long as it was not left.
        attempts: how often its work was begun.
        error, cause: of the last attempt that failed.
        failed: whether nothing has gone well since then.
        failures: the errors of its attempts that failed, in order, since it began or was redriven.
        aborted: whether history says so.
        at_work: whether it had called somebody who had not answered when it was aborted.
        parent: the Map or Parallel state that it is in.
        scope: which branch or iteration of ``parent``.
        last: the last event that is about its work.
        scheduled: the last event that began its work.
        links: ARNs of the child executions and Map Runs it has started, in order.
        inside: the visits of its branches and iterations, by these.
        over: how its iterations ended (``Succeeded``, ``Failed``, ``Aborted``), by their numbers.
    """

    name: str
    kind: str
    entered_ms: int
    input: str | None = None
    left_ms: int | None = None
    output: str | None = None
    attempts: int = 0
    error: str | None = None
    cause: str | None = None
    failed: bool = False
    failures: list[str | None] = field(default_factory=list)
    aborted: bool = False
    at_work: bool = False
    parent: Visit | None = None
    scope: int = 0
    last: dict[str, Any] = field(default_factory=dict)
    scheduled: dict[str, Any] = field(default_factory=dict)
    links: list[str] = field(default_factory=list)
    inside: dict[int, list[Visit]] = field(default_factory=dict)
    over: dict[int, str] = field(default_factory=dict)

    def status(self, execution_status: str) -> str:
        """``SUCCEEDED``, ``CAUGHT``, ``RUNNING``, ``FAILED`` or ``ABORTED``."""
        if self.left_ms is not None:
            return "CAUGHT" if self.failed else "SUCCEEDED"
        if self.kind == "Fail":
            return "FAILED"
        if self.aborted:
            return "FAILED" if self.failed else "ABORTED"
        if execution_status in ("RUNNING", "PENDING_REDRIVE") and not self._cut_off():
            return "RUNNING"
        return "FAILED" if self.failed else "SUCCEEDED" if self.kind == "Succeed" else "ABORTED"

    def ended_ms(self, status: str) -> int | None:
        """When it was left or, without being left, failed or was stopped; ``None`` while it runs."""
        if self.left_ms is not None or status == "RUNNING":
            return self.left_ms
        return ms_of(self.last["timestamp"]) if self.last else None

    def _cut_off(self) -> bool:
        """Whether what it is in has been left already: a branch whose sibling has failed."""
        visit = self
        while visit.parent is not None:
            if visit.parent.left_ms is not None or visit.scope in visit.parent.over:
                return True
            visit = visit.parent
        return False


@dataclass(slots=True)
class Account:
    """What a history tells: give it the events in their order, in as many pieces as you like.

    Attributes:
        visits: those on the top level, in order; others are inside of them.
        status: of the execution, as far as told.
        redrives: when it was redriven, in milliseconds.
        events: how many were told.
    """

    visits: list[Visit] = field(default_factory=list)
    status: str = "RUNNING"
    redrives: list[int] = field(default_factory=list)
    events: int = 0
    _places: dict[int, tuple[Visit | None, int | None]] = field(default_factory=dict)
    _redriven: set[int] = field(default_factory=set)

    def tell(self, events: Iterable[dict[str, Any]]) -> Account:
        """Go on with further events."""
        for event in events:
            self.events += 1
            self._tell(event)
        return self

    def all(self) -> Iterator[Visit]:
        """Every visit: each before what is inside of it."""
        waiting = self.visits[::-1]
        while waiting:
            visit = waiting.pop()
            yield visit
            for scope in sorted(visit.inside, reverse=True):
                waiting.extend(reversed(visit.inside[scope]))

    def depth_of(self, event: dict[str, Any]) -> int:
        """How many Map and Parallel states an event that was told is in."""
        visit, scope = self._places.get(event["id"], (None, None))
        depth = 0 if scope is None else 1
        while visit is not None and visit.parent is not None:
            visit, depth = visit.parent, depth + 1
        return depth

    def visit_of(self, event: dict[str, Any]) -> Visit | None:
        """The visit that an event that was told belongs to."""
        return self._places.get(event["id"], (None, None))[0]

    def _tell(self, event: dict[str, Any]) -> None:
        kind, at = event["type"], ms_of(event["timestamp"])
        details = details_of(event)
        # A place is a visit and, between states, the branch or iteration of it in which the next one is entered.
        visit, scope = self._places.get(event.get("previousEventId", 0), (None, None))
        if event.get("previousEventId") in self._redriven:
            visit, scope = self._revived(kind, details), None
        if kind == "EvaluationFailed":  # it follows, as on AWS, what was before the state was entered
            visit = self._entered_last(details.get("state")) or visit
        if kind.endswith("StateEntered"):
            visit, scope = self._entered(kind[: -len("StateEntered")], at, details, (visit, scope)), None
        elif kind in _ENDS or kind == "ExecutionRedriven":
            self._execution(event, at, details, visit)
        elif kind.startswith("MapIteration"):
            visit, scope = _iteration(kind, details, _open(visit, "Map") or visit)
        elif visit is not None:
            visit, scope = self._work(event, at, details, visit)
        self._places[event["id"]] = (visit, scope)

    def _entered(self, kind: str, at: int, details: dict[str, Any], place: tuple[Visit | None, int | None]) -> Visit:
        before, scope = place
        if before is None:
            parent, number = None, 0
        elif scope is not None:
            parent, number = before, scope
        elif before.kind == "Parallel" and before.last.get("type") == "ParallelStateStarted":
            parent, number = before, max(before.inside, default=-1) + 1
        else:
            parent, number = before.parent, before.scope
        visit = Visit(str(details.get("name", "")), kind, at, details.get("input"), parent=parent, scope=number)
        (self.visits if parent is None else parent.inside.setdefault(number, [])).append(visit)
        return visit

    def _execution(self, event: dict[str, Any], at: int, details: dict[str, Any], visit: Visit | None) -> None:
        kind = event["type"]
        if kind == "ExecutionRedriven":
            self.status = "RUNNING"
            self.redrives.append(at)
            self._redriven.add(event["id"])
            for one in self.all():
                one.aborted = one.aborted and one.left_ms is not None
                one.over = {scope: how for scope, how in one.over.items() if how == "Succeeded"}
                one.failures = []
            return
        self.status = _ENDS[kind]
        if visit is not None and kind == "ExecutionFailed" and visit.left_ms is None and not visit.failed:
            _fail(visit, details)

    def _entered_last(self, name: str | None) -> Visit | None:
        """The last visit of a state that was not left yet."""
        return next((one for one in reversed(list(self.all())) if one.name == name and one.left_ms is None), None)

    def _revived(self, kind: str, details: dict[str, Any]) -> Visit | None:
        """The visit that goes on after a redrive: history says no more than the type of the event."""
        unfinished = [visit for visit in self.all() if visit.left_ms is None]
        work = ("Task", "LambdaFunction", "Activity")
        for name in (details.get("name"), None):
            for visit in sorted(unfinished, key=lambda one: not one.failed):
                same = name == visit.name if name else kind.startswith(visit.kind)
                if same or (name is None and visit.kind == "Task" and kind.startswith(work)):
                    return visit
        return None

    def _work(self, event: dict[str, Any], at: int, details: dict[str, Any], visit: Visit) -> tuple[Visit, int | None]:
        """An event of a state that was entered before."""
        kind = event["type"]
        if kind.endswith("StateExited"):
            visit = _open(visit, kind[: -len("StateExited")], details.get("name")) or visit
            visit.left_ms, visit.output = at, details.get("output")
            return visit, None
        if kind.startswith(_WHOLES):
            visit = _open(visit, "Map" if kind.startswith("Map") else "Parallel") or visit
        if kind.endswith("Aborted"):
            visit.aborted = True
            visit.at_work = str(visit.last.get("type", "")).endswith(_AT_WORK)
        visit.last = event
        if kind.endswith(_BEGINNINGS):
            visit.attempts += 1
            visit.scheduled = event
            if kind == "MapRunStarted":
                visit.links.append(str(details.get("mapRunArn", "")))
        elif kind.endswith(_FAILURES):
            _fail(visit, details)
        elif kind.endswith("Succeeded"):
            visit.failed = False
        if details.get("resourceType") in ("states", "aws-sdk:sfn") and details.get("output"):
            _link(visit, details["output"])
        return visit, None


def _iteration(kind: str, details: dict[str, Any], owner: Visit | None) -> tuple[Visit | None, int | None]:
    """The place after an event of an iteration."""
    if owner is None:
        return None, None
    number = int(details.get("index", 0))
    if kind == "MapIterationStarted":
        owner.inside.setdefault(number, [])
        owner.over.pop(number, None)
        return owner, number
    owner.over[number] = kind[len("MapIteration") :]
    return owner, None


def _open(visit: Visit | None, kind: str, name: str | None = None) -> Visit | None:
    """The innermost state around (or at) a visit that is of a type and was not left yet."""
    while visit is not None:
        if visit.left_ms is None and visit.kind == kind and name in (None, visit.name):
            return visit
        visit = visit.parent
    return None


def _fail(visit: Visit, details: dict[str, Any]) -> None:
    visit.failed = True
    visit.failures.append(details.get("error"))
    visit.error, visit.cause = details.get("error"), details.get("cause")


def _link(visit: Visit, output: str) -> None:
    try:
        told = json.loads(output)
    except (ValueError, RecursionError):
        return
    arn = (told.get("ExecutionArn") or told.get("executionArn")) if isinstance(told, dict) else None
    if isinstance(arn, str) and arn not in visit.links:
        visit.links.append(arn)


def details_of(event: dict[str, Any]) -> dict[str, Any]:
    """The details of an event, whatever they are called."""
    for name, value in event.items():
        if name.endswith("EventDetails") and isinstance(value, dict):
            return value
    return {}


def ms_of(time: Any) -> int:
    """Milliseconds since the epoch, of these or of a ``datetime``."""
    return time if isinstance(time, int) else round(time.timestamp() * 1000)
