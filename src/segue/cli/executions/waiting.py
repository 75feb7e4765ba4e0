"""What an execution waits for now. Pure: of its visits and its definition."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from segue.cli.executions.retries import next_attempt
from segue.cli.executions.visits import Account, Visit, details_of, ms_of
from segue.cli.words import clock

_TOKEN = ".waitForTaskToken"
_TOLD = ("Failed", "TimedOut", "Succeeded", "Aborted")


@dataclass(frozen=True, slots=True)
class Wait:
    """One thing that an execution waits for.

    Attributes:
        visit: the state that waits.
        what: in words.
        since_ms: since when.
        until_ms: when that ends at the latest, where it is known.
        stuck: whether nothing will ever end this but an answer: a token without timeout and heartbeat.
    """

    visit: Visit
    what: str
    since_ms: int
    stuck: bool = False
    until_ms: int | None = None


def waits(account: Account, states: Mapping[str, Any]) -> list[Wait]:
    """What is waited for, the longest first.

    Args:
        account: of the execution.
        states: the states of its definition by name, nested ones too.
    """
    if account.status != "RUNNING":
        return []
    found = []
    for visit in account.all():
        if visit.status(account.status) != "RUNNING" or any(_runs(inner) for inner in visit.inside.values()):
            continue
        state = states.get(visit.name)
        found.append(_wait(visit, state if isinstance(state, dict) else {}))
    return sorted(found, key=lambda wait: wait.since_ms)


def _runs(visits: list[Visit]) -> bool:
    return any(visit.left_ms is None for visit in visits)


def _wait(visit: Visit, state: dict[str, Any]) -> Wait:
    if visit.kind == "Wait":
        return Wait(visit, _timer(visit, state), visit.entered_ms)
    last = visit.last
    if not last:
        return Wait(visit, "it was just entered", visit.entered_ms)
    since = ms_of(last["timestamp"])
    if last["type"] == "MapRunStarted" or (visit.kind == "Map" and visit.links):
        return Wait(visit, "its Map Run", since)
    if last["type"].endswith(_TOLD):
        return _again(visit, state, since)
    scheduled = details_of(visit.scheduled) if visit.scheduled else {}
    return _work(visit, state, scheduled, ms_of((visit.scheduled or last)["timestamp"]))


def _again(visit: Visit, state: dict[str, Any], since: int) -> Wait:
    failed = f"{visit.attempts} failed: {visit.error or 'no error named'}"
    coming = next_attempt(visit, state)
    if coming is None:
        return Wait(visit, f"its next attempt ({failed})", since)
    when = "at some time before" if coming.is_jittered else "at"
    what = f"{coming.words} {when} {clock(coming.at_ms)} ({failed})"
    return Wait(visit, what, since, until_ms=coming.at_ms)


def _work(visit: Visit, state: dict[str, Any], scheduled: dict[str, Any], since: int) -> Wait:
    resource = str(scheduled.get("resource") or state.get("Resource") or "")
    spans = {name: scheduled.get(f"{name}InSeconds") for name in ("timeout", "heartbeat")}
    said = ", ".join(f"{name} {seconds} s" for name, seconds in spans.items() if seconds)
    has_end = bool(said) or any(
        state.get(f"{name.capitalize()}Seconds{path}") is not None for name in spans for path in ("", "Path")
    )
    limit = said or ("a timeout of its own" if has_end else "no timeout")
    if resource.endswith(_TOKEN):
        service = scheduled.get("resourceType") or "task"
        what = f"an answer to the token it gave to {service}:{resource.removesuffix(_TOKEN)} ({limit})"
        return Wait(visit, what, since, stuck=not has_end)
    if ":activity:" in resource:
        taken = visit.last["type"] == "ActivityStarted"
        worker = details_of(visit.last).get("workerName") if taken else None
        who = f"worker {worker} of" if worker else "a worker of" if taken else "a worker to take it from"
        return Wait(visit, f"{who} activity {resource.rsplit(':', 1)[-1]} ({limit})", since, stuck=not has_end)
    if visit.links:
        return Wait(visit, f"what it has started ({limit})", since)
    if visit.kind in ("Map", "Parallel"):
        return Wait(visit, "its branches" if visit.kind == "Parallel" else "its iterations", since)
    name = f"{scheduled['resourceType']}:{resource}" if scheduled.get("resourceType") else resource
    if ":function:" in name:
        name = f"function {name.partition(':function:')[2]}"
    return Wait(visit, f"{name or 'its work'} ({limit})", since)


def _timer(visit: Visit, state: dict[str, Any]) -> str:
    seconds, timestamp = state.get("Seconds"), state.get("Timestamp")
    if isinstance(state.get("SecondsPath"), str):
        seconds = _looked_up(visit.input, state["SecondsPath"])
    if isinstance(state.get("TimestampPath"), str):
        timestamp = _looked_up(visit.input, state["TimestampPath"])
    if isinstance(seconds, int | float) and not isinstance(seconds, bool) and 0 <= seconds <= 1e9:
        until = datetime.fromtimestamp(visit.entered_ms / 1000 + seconds, UTC).astimezone()
        return f"a timer until {until:%Y-%m-%d %H:%M:%S}"
    for said in (timestamp, seconds, state.get("SecondsPath"), state.get("TimestampPath")):
        if isinstance(said, str):
            return f"a timer: {said}"
    return "a timer"


def _looked_up(text: str | None, path: str) -> Any:
    """What a plain path (``$.a.b``) leads to; ``None`` for others."""
    try:
        value = json.loads(text or "null")
    except (ValueError, RecursionError):
        return None
    if not path.startswith("$."):
        return None
    for name in path[2:].split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def states_of(definition: Any) -> dict[str, Any]:
    """The states of a definition by name, those of branches and item processors too."""
    found: dict[str, Any] = {}
    waiting = [definition]
    while waiting:
        machine = waiting.pop()
        states = machine.get("States") if isinstance(machine, dict) else None
        for name, state in states.items() if isinstance(states, dict) else ():
            found.setdefault(name, state)
            waiting.extend(machine for _, machine in machines_in(state))
    return found


def machines_in(state: Any) -> list[tuple[str, Any]]:
    """The machines inside of a state, with what to call them."""
    if not isinstance(state, dict):
        return []
    branches = state.get("Branches")
    if isinstance(branches, list):
        return [(f"branch {number}", branch) for number, branch in enumerate(branches, 1)]
    for name in ("ItemProcessor", "Iterator"):
        if isinstance(state.get(name), dict):
            return [("for each item", state[name])]
    return []
