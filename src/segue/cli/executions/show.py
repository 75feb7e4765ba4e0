"""``segue execution show``: one execution, state by state."""

from __future__ import annotations

import argparse
import json
import shutil
import time
from pathlib import Path
from typing import Any

from segue.cli.executions import following, reading, table
from segue.cli.executions.notes import message_of, notes
from segue.cli.executions.relations import nearness, started_by
from segue.cli.executions.visits import Account, Visit, ms_of
from segue.cli.executions.waiting import Wait, states_of, waits
from segue.cli.stacks.connection import CommandFailed, Connection, add_arguments, connect
from segue.cli.stacks.screen import Screen
from segue.cli.words import COLOURS, clock, cut, printable, span

_PIPE_WIDTH = 160
_SHOWN_WAITS = 10
_NEAR = 0.8
"""From this share of a limit on it is shown in colour."""
EPILOG = """\
  segue execution show order              the newest execution of the state machine "order"
  segue execution show order:first        its execution "first"; "first" alone does if no other machine has one
  segue execution show ARN --follow       its events as they come, until it has ended
  segue execution show ARN --full         inputs, outputs and causes whole
  segue execution show ARN --graph        the machine, drawn, with the status of each state
  segue execution show ARN --svg run.svg  the same as a picture
  segue execution show ARN --json | jq '.states[] | select(.status == "FAILED")'

Marks: ✓ went well  ✗ failed  ↷ failed and was caught  ▶ runs  ■ was stopped
With --follow the exit status is 1 unless the execution has succeeded.
"""


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "show",
        help="show one execution: its states, what they did, what is waited for",
        description="Show the states of an execution in order: times, attempts, input, output, errors.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "name", metavar="NAME", help="an execution: its ARN, NAME, MACHINE:NAME, or MACHINE for the newest"
    )
    parser.add_argument("--follow", "-f", action="store_true", help="show events as they come, until the end")
    parser.add_argument("--full", action="store_true", help="show inputs, outputs, causes and items whole")
    parser.add_argument("--graph", action="store_true", help="draw the state machine with the status of each state")
    parser.add_argument("--svg", metavar="FILE", type=Path, help="write that drawing as an SVG picture")
    parser.add_argument("--json", action="store_true", help="print what is found for programs")
    add_arguments(parser)
    parser.set_defaults(run_execution=run)


def run(arguments: argparse.Namespace) -> int:
    """Print; the exit status."""
    connection = connect(arguments)
    arn = reading.execution_arn(connection, arguments.name)
    connection = _where(arn, connection, arguments)
    screen = Screen()
    width = shutil.get_terminal_size().columns if screen.live else _PIPE_WIDTH
    if arguments.follow:
        account = following.follow(connection, arn, screen, width)
        return 0 if account.status == "SUCCEEDED" else 1
    about = connection.client("stepfunctions").describe_execution(executionArn=arn)
    account = Account().tell(reading.history(connection, arn))
    account.status = about["status"] if account.status == "RUNNING" else account.status
    definition = reading.definition_of(connection, arn)
    if arguments.json:
        screen.line(json.dumps(_plain(about, account, waits(account, states_of(definition))), indent=2))
        return 0
    if arguments.svg is not None:
        _write_svg(arguments.svg, definition, account)
        screen.line(f"{arguments.svg} is written")
    if arguments.graph:
        _draw(definition, account, width, screen)
    if not arguments.graph and arguments.svg is None:
        now_ms = round(time.time() * 1000)
        _print(connection, about, account, definition, Page(screen, width, now_ms, arguments.full))
    return 0


def _where(arn: str, connection: Connection, arguments: argparse.Namespace) -> Connection:
    """An ARN says which region is meant."""
    region = arn.split(":")[3]
    return (
        connection
        if region in ("", connection.region)
        else connect(argparse.Namespace(**{**vars(arguments), "region": region}))
    )


class Page:
    """Where and how it is printed."""

    def __init__(self, screen: Screen, width: int, now_ms: int, full: bool) -> None:
        self.screen, self.width, self.now_ms, self.full = screen, width, now_ms, full


def _print(connection: Connection, about: dict[str, Any], account: Account, definition: Any, page: Page) -> None:
    screen = page.screen
    for text in _head(about, account, page):
        screen.line(text)
    if account.visits:
        screen.line()
    for text in (
        table.lines(account, page.width, page.now_ms, full=page.full, paint=screen.paint) if account.visits else ()
    ):
        screen.line(text)
    waiting = waits(account, states_of(definition))
    if waiting:
        screen.line()
        screen.line("Waits for")
    shown = waiting if page.full else waiting[:_SHOWN_WAITS]
    for wait in shown:
        for text in _waiting(connection, wait, page):
            screen.line(text)
    if len(shown) < len(waiting):
        screen.line(screen.paint(f"  … {len(waiting) - len(shown)} more (--full shows them)", "dim"))


def _head(about: dict[str, Any], account: Account, page: Page) -> list[str]:
    screen, status = page.screen, about["status"]
    began = ms_of(about["startDate"])
    ended = ms_of(about["stopDate"]) if about.get("stopDate") else None
    when = f"began {clock(began, day=True)}, " + (
        f"took {span(ended - began)}" if ended else f"{span(page.now_ms - began)} ago"
    )
    found = [
        f"{about['name']}: {screen.paint(status, COLOURS.get(status, ''))}, {when}",
        f"  {about['executionArn']}",
    ]
    if about.get("mapRunArn"):
        found.append(f"  one of the executions of {about['mapRunArn']}")
    parent = started_by(about.get("input"))
    if parent is not None:
        found.append(f"  started by {screen.paint(parent, 'cyan')}")
    if account.redrives:
        found.append(f"  redriven {', '.join(clock(at, day=True) for at in account.redrives)}")
    for what, colour in (("input", ""), ("output", ""), ("error", "red"), ("cause", "red")):
        if about.get(what):
            text = printable(about[what]) if page.full else cut(_short(about, what), max(20, page.width - 11))
            found.append(f"  {what:<7} {screen.paint(text, colour)}")
    near = nearness(account)
    found.append(f"  {'limits':<7} {screen.paint(printable(str(near)), 'yellow' if near.share > _NEAR else 'dim')}")
    return found


def _short(about: dict[str, Any], what: str) -> str:
    """One of the texts of an execution; of a cause that a function has given, its message."""
    return message_of(about[what]) if what == "cause" else str(about[what])


def _waiting(connection: Connection, wait: Wait, page: Page) -> list[str]:
    when = f"since {clock(wait.since_ms, day=True)} ({span(page.now_ms - wait.since_ms)})"
    if wait.until_ms is not None:
        when = f"in {span(wait.until_ms - page.now_ms)}"
    text = f"  {printable(wait.visit.name)}: {printable(wait.what)}, {when}"
    found = [page.screen.paint(text, "yellow" if wait.stuck else "")]
    return found + [f"    → {_linked(connection, arn)}" for arn in wait.visit.links]


def _linked(connection: Connection, arn: str) -> str:
    return reading.map_run(connection, arn) if ":mapRun:" in arn else f"segue execution show {arn}"


def _plain(about: dict[str, Any], account: Account, waiting: list[Wait]) -> dict[str, Any]:
    near = nearness(account)
    return {
        "executionArn": about["executionArn"],
        "status": about["status"],
        "startedAt": ms_of(about["startDate"]),
        "stoppedAt": ms_of(about["stopDate"]) if about.get("stopDate") else None,
        **{name: about.get(name) for name in ("input", "output", "error", "cause", "mapRunArn")},
        "startedBy": started_by(about.get("input")),
        "redrivenAt": account.redrives,
        "events": near.events,
        "largestPayloadBytes": near.payload_bytes,
        "states": [_plain_visit(visit, account.status) for visit in account.all()],
        "waitsFor": [
            {
                "state": wait.visit.name,
                "what": wait.what,
                "since": wait.since_ms,
                "until": wait.until_ms,
                "stuck": wait.stuck,
            }
            for wait in waiting
        ],
    }


def _plain_visit(visit: Visit, status: str) -> dict[str, Any]:
    path: list[str] = []
    inner = visit
    while inner.parent is not None:
        path.insert(0, f"{inner.parent.name}[{inner.scope}]")
        inner = inner.parent
    return {
        "name": visit.name,
        "type": visit.kind,
        "in": path,
        "status": visit.status(status),
        "enteredAt": visit.entered_ms,
        "leftAt": visit.left_ms,
        "attempts": visit.attempts,
        "input": visit.input,
        "output": visit.output,
        "error": visit.error,
        "cause": visit.cause,
        "links": visit.links,
        "notes": notes(visit, status),
    }


def _statuses(account: Account) -> dict[str, str]:
    """The status of each state that was entered: of several visits the one that matters most."""
    matters = ("SUCCEEDED", "CAUGHT", "ABORTED", "FAILED", "RUNNING")
    found: dict[str, str] = {}
    for visit in account.all():
        how = visit.status(account.status)
        inside = visit.parent is not None and visit.parent.kind == "Map"
        if not inside or matters.index(how) >= matters.index(found.get(visit.name, "SUCCEEDED")):
            found[visit.name] = how
    return found


def _draw(definition: Any, account: Account, width: int, screen: Screen) -> None:
    from segue.cli.executions.drawing import drawn
    from segue.cli.executions.layout import laid_out

    for text in drawn(laid_out(definition, width), _statuses(account), screen.paint):
        screen.line(text)


def _write_svg(path: Path, definition: Any, account: Account) -> None:
    from segue.cli.executions.layout import laid_out
    from segue.cli.executions.svg import picture

    try:
        path.write_text(picture(laid_out(definition, 400), _statuses(account)), encoding="utf-8")
    except OSError as error:
        raise CommandFailed(f"{path} cannot be written: {error.strerror or error}") from None
