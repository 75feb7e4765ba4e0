"""A stack's events as they come, until the stack has settled."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from segue.cli.stacks.screen import Screen

_FIRST_PAUSE_SECONDS = 0.04
_LONGEST_PAUSE_SECONDS = 0.5
_SLOW_SECONDS = 2.0
_STACK = "AWS::CloudFormation::Stack"
_ROUTINE = ("Resource creation Initiated", "User Initiated", "Eventual consistency check initiated")
_AFTERMATH = ("Resource creation cancelled", "Resource update cancelled")
_WIDTHS = (26, 34)


def colour_of(status: str) -> str:
    """The colour that says how a status is meant."""
    if status.endswith("_FAILED") or "ROLLBACK" in status:
        return "red"
    if status.endswith("_COMPLETE"):
        return "green"
    return "yellow" if status.endswith(("_IN_PROGRESS", "_SKIPPED")) else ""


@dataclass(slots=True)
class Progress:
    """Follows one operation on one stack.

    Args:
        client: of CloudFormation.
        stack: its name, or its id (which names it even when it is deleted).
        screen: where the lines go.
        pause: waits so many seconds.
    """

    client: Any
    stack: str
    screen: Screen
    pause: Callable[[float], None] = time.sleep
    failures: list[dict[str, Any]] = field(default_factory=list)
    skipped: list[dict[str, Any]] = field(default_factory=list)
    _seen: set[str] = field(default_factory=set)
    _under_way: dict[str, tuple[float, str]] = field(default_factory=dict)
    _done: int = 0
    _why: str = ""

    def begin(self) -> None:
        """Remember what has happened before the operation. The stack may not be there yet."""
        try:
            self._seen.update(event["EventId"] for event in self._page(None)["StackEvents"])
        except self.client.exceptions.ClientError:
            self._seen.clear()

    def follow(self) -> str:
        """Show events until the stack has settled; its last status."""
        pause = _FIRST_PAUSE_SECONDS
        try:
            while True:
                fresh = self._fresh()
                for event in fresh:
                    if self._show(event):
                        return str(event["ResourceStatus"])
                self._show_slow()
                pause = _FIRST_PAUSE_SECONDS if fresh else min(pause * 1.3, _LONGEST_PAUSE_SECONDS)
                self.pause(pause)
        finally:
            self.screen.clear()

    def reasons(self) -> list[str]:
        """Why the operation failed: one line a resource, without those that were only cancelled; else the stack's."""
        told = [event for event in self.failures if event.get("ResourceStatusReason") not in _AFTERMATH]
        return [
            f"{event['LogicalResourceId']} ({event['ResourceType']}): {event.get('ResourceStatusReason', 'no reason')}"
            for event in told
        ] or ([self._why] if self._why else [])

    def _fresh(self) -> list[dict[str, Any]]:
        """Events that were not seen yet, oldest first."""
        found: list[dict[str, Any]] = []
        token = None
        while True:
            page = self._page(token)
            new = [event for event in page["StackEvents"] if event["EventId"] not in self._seen]
            found += new
            token = page.get("NextToken")
            if token is None or len(new) < len(page["StackEvents"]):
                break
        self._seen.update(event["EventId"] for event in found)
        return found[::-1]

    def _page(self, token: str | None) -> dict[str, Any]:
        page: dict[str, Any] = self.client.describe_stack_events(
            StackName=self.stack, **({"NextToken": token} if token else {})
        )
        return page

    def _show(self, event: dict[str, Any]) -> bool:
        """Show an event; whether it says that the stack has settled."""
        status, name = event["ResourceStatus"], event["LogicalResourceId"]
        whole = event["ResourceType"] == _STACK and event.get("PhysicalResourceId") == event["StackId"]
        if status.endswith("_FAILED"):
            self.failures.append(event)
        if whole:
            self._why = self._why or (event.get("ResourceStatusReason") or "" if colour_of(status) == "red" else "")
            if status.endswith("_IN_PROGRESS") and "ROLLBACK" in status and "CLEANUP" not in status:
                self.screen.line(self._text(event))
            return not status.endswith("_IN_PROGRESS")
        if status.endswith("_SKIPPED"):
            self.skipped.append(event)
        if status.endswith("_IN_PROGRESS"):
            self._under_way.setdefault(name, (time.monotonic(), self._text(event)))
        else:
            self._under_way.pop(name, None)
            self._done += 1
            self.screen.line(self._text(event))
        if self._under_way:
            self.screen.passing(f"  {self._done} done; under way: {', '.join(self._under_way)}")
        return False

    def _show_slow(self) -> None:
        """A line for what takes longer, so that those who read a log know what is waited for."""
        now = time.monotonic()
        for name, (since, text) in self._under_way.items():
            if text and now - since > _SLOW_SECONDS:
                self._under_way[name] = (since, "")
                self.screen.line(text)

    def _text(self, event: dict[str, Any]) -> str:
        status, reason = event["ResourceStatus"], event.get("ResourceStatusReason") or ""
        cells = f"{status:<{_WIDTHS[0]}}", f"{event['ResourceType']:<{_WIDTHS[1]}}"
        said = f"  {reason}" if reason and reason not in _ROUTINE else ""
        return f"  {self.screen.paint(cells[0], colour_of(status))} {cells[1]} {event['LogicalResourceId']}{said}"
