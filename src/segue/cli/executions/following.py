"""Events of an execution as they come, until it has ended."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from segue.cli.executions import reading
from segue.cli.executions.visits import Account, details_of, ms_of
from segue.cli.stacks.connection import Connection
from segue.cli.stacks.screen import Screen
from segue.cli.words import clock, cut

_FIRST_PAUSE_SECONDS = 0.04
_LONGEST_PAUSE_SECONDS = 0.5
_BAD = ("Failed", "TimedOut", "Aborted")
_DETAILS = ("error", "cause", "output", "input", "parameters", "mapRunArn")


def follow(
    connection: Connection, arn: str, screen: Screen, width: int, pause: Callable[[float], None] = time.sleep
) -> Account:
    """Show events until the execution has ended; what they told."""
    account, seconds = Account(), _FIRST_PAUSE_SECONDS
    fresh = list(reading.history(connection, arn))
    while True:
        account.tell(fresh)
        for event in fresh:
            screen.line(line(event, account, width, screen))
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
    said = [": ".join(str(details[key]) for key in _DETAILS[:2] if details.get(key))]
    said += [str(details[key]) for key in _DETAILS[2:] if details.get(key)][:1]
    text = "  ".join(filter(None, [name, resource, *said]))
    lead = f"{clock(ms_of(event['timestamp']))} {event['id']:>5}  {'  ' * min(account.depth_of(event), 8)}"
    colour = "red" if kind.endswith(_BAD) else "green" if kind.endswith("Succeeded") else ""
    return f"{lead}{screen.paint(kind, colour)}  {cut(text, max(20, width - len(lead) - len(kind) - 2))}"
