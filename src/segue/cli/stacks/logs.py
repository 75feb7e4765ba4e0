"""``segue logs``: what functions and workflows have logged, merged in the order of time."""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from segue.cli.stacks.connection import CommandFailed, Connection, add_arguments, connect, in_words

_EPILOG = """\
  segue logs orders                  every function and state machine of the stack
  segue logs resize --follow         a function by its name, as it logs
  segue logs /aws/lambda/resize      a log group by its name
  segue logs orders --since 2h --filter ERROR
  segue logs                         all functions

Lines without a level (START, END, REPORT of functions) are shown, too; --quiet leaves them out.
"""
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_PLATFORM = ("START RequestId:", "END RequestId:", "REPORT RequestId:", "INIT_START ")
_PAUSE_SECONDS = 0.25
_OVERLAP_MS = 2000
"""Events may be written a moment after events of a later time."""


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "logs",
        help="show what the functions of a stack have logged",
        description="Show what functions and state machines have logged, merged in the order of time.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "name", nargs="?", metavar="NAME", help="a stack, function or log group (default: all functions)"
    )
    parser.add_argument("--follow", "-f", action="store_true", help="go on showing events as they come")
    parser.add_argument("--since", default="10m", type=seconds_of, metavar="10m", help="how far back (default: 10m)")
    parser.add_argument("--filter", metavar="TEXT", help="only events with this text")
    parser.add_argument(
        "--quiet", "-q", action="store_true", help="without the lines of the platform (START, END, REPORT)"
    )
    add_arguments(parser)
    parser.set_defaults(run=run)


def seconds_of(text: str) -> int:
    """``90``, ``90s``, ``10m``, ``2h``, ``1d`` as seconds."""
    found = re.fullmatch(r"(\d{1,9})([smhdw]?)", text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no span of time: 90s, 10m, 2h and 1d are")
    return int(found[1]) * _UNITS[found[2] or "s"]


def run(arguments: argparse.Namespace) -> int:
    """Print events; the exit status."""
    from botocore.exceptions import BotoCoreError, ClientError

    connection = connect(arguments)
    try:
        groups = groups_of(connection, arguments.name)
        if not groups and not arguments.follow:
            raise CommandFailed("nothing has logged yet")
        tail = Tail(connection.client("logs"), groups, arguments.filter or "", quiet=arguments.quiet)
        _show(tail, since_ms=round((time.time() - arguments.since) * 1000), follow=arguments.follow)
    except KeyboardInterrupt:
        return 0
    except CommandFailed as failed:
        print(f"segue: {failed.words}", file=sys.stderr)
        return failed.status
    except (BotoCoreError, ClientError) as error:
        print(f"segue: {in_words(error, connection)}", file=sys.stderr)
        return 1
    return 0


def groups_of(connection: Connection, name: str | None) -> dict[str, str]:
    """Log groups → what their lines are called: of a stack, a function, a group, or all functions.

    Raises:
        CommandFailed: nothing has this name.
    """
    if name is None:
        return {group: _short(group) for group in _named(connection, "/aws/lambda/")}
    if name.startswith("/"):
        return {name: _short(name)}
    if (found := _of_stack(connection, name)) is not None:
        return found
    if (group := _of_function(connection, name)) is not None:
        return {group: name}
    if name in _named(connection, name):
        return {name: name}
    raise CommandFailed(f"there is no stack, function or log group {name}. Stacks: segue status")


def _named(connection: Connection, prefix: str) -> list[str]:
    pages = connection.client("logs").get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix)
    return [group["logGroupName"] for page in pages for group in page["logGroups"]]


def _short(group: str) -> str:
    return group.rsplit("/", 1)[-1] or group


def _of_function(connection: Connection, name: str) -> str | None:
    client = connection.client("lambda")
    try:
        about = client.get_function_configuration(FunctionName=name)
    except client.exceptions.ClientError:
        return None
    return str(about.get("LoggingConfig", {}).get("LogGroup") or f"/aws/lambda/{about['FunctionName']}")


def _of_stack(connection: Connection, name: str) -> dict[str, str] | None:
    """The groups of a stack's functions and its own, those of nested stacks too; ``None``: there is no such stack."""
    client = connection.client("cloudformation")
    try:
        pages = list(client.get_paginator("list_stack_resources").paginate(StackName=name))
    except client.exceptions.ClientError:
        return None
    found: dict[str, str] = {}
    groups: dict[str, str] = {}
    for resource in (one for page in pages for one in page["StackResourceSummaries"]):
        physical_id = resource.get("PhysicalResourceId")
        match resource["ResourceType"]:
            case "AWS::Lambda::Function" if physical_id and (group := _of_function(connection, physical_id)):
                found[group] = resource["LogicalResourceId"]
            case "AWS::Logs::LogGroup" if physical_id:
                groups[physical_id] = resource["LogicalResourceId"]
            case "AWS::CloudFormation::Stack" if physical_id:
                found |= _of_stack(connection, physical_id) or {}
    return {**groups, **found}


@dataclass(slots=True)
class Tail:
    """Reads log groups, and never shows an event twice.

    Args:
        client: of CloudWatch Logs.
        groups: log groups → what their lines are called. One that is not there yet is looked for again.
        text: only events that have it.
        quiet: without the platform's lines.
    """

    client: Any
    groups: dict[str, str]
    text: str = ""
    quiet: bool = False
    _seen: dict[str, int] = field(default_factory=dict)
    _latest_ms: dict[str, int] = field(default_factory=dict)

    def events(self, since_ms: int) -> list[tuple[int, str, str]]:
        """What has come since the last look (at first: since then), in the order of time: when, whose, what."""
        found = [event for group in self.groups for event in self._of_group(group, since_ms)]
        oldest = min(self._latest_ms.values(), default=0) - 2 * _OVERLAP_MS
        self._seen = {one: at for one, at in self._seen.items() if at >= oldest}
        return sorted(found, key=lambda event: event[0])

    def _of_group(self, group: str, since_ms: int) -> Iterator[tuple[int, str, str]]:
        start = max(since_ms, self._latest_ms.get(group, 0) - _OVERLAP_MS)
        pages = self.client.get_paginator("filter_log_events").paginate(logGroupName=group, startTime=max(0, start))
        try:
            for event in (one for page in pages for one in page["events"]):
                at, message = event["timestamp"], event["message"].rstrip("\n")
                self._latest_ms[group] = max(self._latest_ms.get(group, 0), at)
                if event["eventId"] in self._seen:
                    continue
                self._seen[event["eventId"]] = at
                if self.text in message and not (self.quiet and message.startswith(_PLATFORM)):
                    yield at, self.groups[group], message
        except self.client.exceptions.ResourceNotFoundException:
            return


def _show(tail: Tail, *, since_ms: int, follow: bool, pause: Callable[[float], None] = time.sleep) -> None:
    from segue.cli.stacks.screen import ROTATION, Screen

    screen = Screen()
    names = sorted(set(tail.groups.values()))
    width = max(map(len, names), default=0)
    colours = {name: ROTATION[at % len(ROTATION)] for at, name in enumerate(names)}
    while True:
        events = tail.events(since_ms)
        if not events and not follow:
            print("segue: nothing like that was logged; look further back with --since 1d", file=sys.stderr)
        for at, name, message in events:
            head = f"{_clock(at)}  {name:<{width}}"
            for text in _lines(message):
                screen.line(f"{screen.paint(head, colours[name])}  {text}")
        if not follow:
            return
        pause(_PAUSE_SECONDS)


def _lines(message: str) -> Iterable[str]:
    return message.splitlines() or [""]


def _clock(at_ms: int) -> str:
    return time.strftime("%H:%M:%S", time.localtime(at_ms / 1000)) + f".{at_ms % 1000:03d}"
