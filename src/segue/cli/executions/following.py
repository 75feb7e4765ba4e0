"""Events of an execution as they come, until it has ended."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from segue.cli.executions import reading
from segue.cli.executions.notes import in_words
from segue.cli.executions.retries import next_attempt
from segue.cli.executions.visits import Account, details_of, ms_of
from segue.cli.executions.waiting import states_of
from segue.cli.stacks.connection import Connection
from segue.cli.stacks.screen import Screen
from segue.cli.words import clock, cut, span

_FIRST_PAUSE_SECONDS = 0.04
_LONGEST_PAUSE_SECONDS = 0.5
_BAD = ("Failed", "TimedOut", "Aborted")
_DETAILS = ("output", "input", "parameters", "mapRunArn")


def follow(
    connection: Connection, arn: str, screen: Screen, width: int, pause: Callable[[float], None] = time.sleep
) -> Account:
    """Show events until the execution has ended; what they told."""
    account, seconds = Account(), _FIRST_PAUSE_SECONDS
    states = states_of(reading.definition_of(connection, arn))
    fresh = list(reading.history(connection, arn))
    while True:
        for event in fresh:
            account.tell([event])
            screen.line(line(event, account, width, screen))
            if (again := _again(event, account, states)) is not None:
                screen.line(screen.paint(again, "yellow"))
        if account.status != "RUNNING":
            return account
        seconds = _FIRST_PAUSE_SECONDS if fresh else min(seconds * 1.3, _LONGEST_PAUSE_SECONDS)
        pause(seconds)
        fresh = reading.events_after(connection, arn, account.events)


def line(event: dict[str, Any], account: Account, width: int, screen: Screen) -> str:
    """An event that was told as a line of text."""
    kind, details = event["type"], details_of(event)
    visit = account.visit_of(event)
    name = str(details.get("name") or (visit.name if visit else ""))
    if "index" in details:
        name = f"{name}[{details['index']}]"
    resource = ":".join(str(details[key]) for key in ("resourceType", "resource") if details.get(key))
    failed = details.get("error") is not None or details.get("cause") is not None
    said = [in_words(details.get("error"), details.get("cause")) if failed else ""]
    said += [str(details[key]) for key in _DETAILS if details.get(key)][:1]
    text = "  ".join(filter(None, [name, resource, *said]))
    lead = f"{clock(ms_of(event['timestamp']))} {event['id']:>5}  {'  ' * min(account.depth_of(event), 8)}"
    colour = "red" if kind.endswith(_BAD) else "green" if kind.endswith("Succeeded") else ""
    return f"{lead}{screen.paint(kind, colour)}  {cut(text, max(20, width - len(lead) - len(kind) - 2))}"


def _again(event: dict[str, Any], account: Account, states: dict[str, Any]) -> str | None:
    """Which attempt follows a failure, and when."""
    visit = account.visit_of(event)
    if visit is None or visit.last is not event or not event["type"].endswith(("Failed", "TimedOut")):
        return None
    coming = next_attempt(visit, states.get(visit.name))
    if coming is None:
        return None
    within = "within" if coming.is_jittered else "in"
    lead = " " * (20 + 2 * min(account.depth_of(event), 8))
    return f"{lead}↻ {visit.name}: {coming.words} {within} {span(coming.at_ms - ms_of(event['timestamp']))}"
