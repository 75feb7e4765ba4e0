"""``segue execution list``: what runs, what ran last, and what is stuck."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from itertools import islice
from typing import Any

from segue.cli.executions import reading
from segue.cli.executions.visits import Account, ms_of
from segue.cli.executions.waiting import Wait, states_of, waits
from segue.cli.stacks.connection import CommandFailed, Connection, add_arguments, code_of, connect
from segue.cli.stacks.screen import Screen, table
from segue.cli.words import COLOURS, MARKS, clock, printable, span

_STATUSES = ("RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED", "PENDING_REDRIVE")
_SHOWN = 20
_LOOKED_INTO = 2000
"""Whoever has more executions under way looks into one machine at a time."""

EPILOG = """\
  segue execution list                    what runs, and the last executions of every state machine
  segue execution list order              of one (a name or an ARN; a version, an alias or a Map Run, too)
  segue execution list --status FAILED    what failed
  segue execution list --stuck            tasks that wait for a token or a worker and have no timeout, oldest first

A task without TimeoutSeconds and HeartbeatSeconds waits for ever if its answer is lost. End it with
segue aws stepfunctions send-task-failure, or stop-execution; give the state a timeout.
With --stuck the exit status is 1 if something is found, so that a script can watch.
"""


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "list",
        help="list executions: what runs, what ran last, what is stuck",
        description="List executions, those that run first.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("machine", nargs="?", metavar="MACHINE", help="a state machine (default: all)")
    parser.add_argument(
        "--status", type=str.upper, choices=_STATUSES, metavar="STATUS", help="only executions with this status"
    )
    parser.add_argument("--stuck", action="store_true", help="only what waits for an answer and has no timeout")
    parser.add_argument("--limit", type=int, default=_SHOWN, metavar="N", help="so many of each machine (default: 20)")
    parser.add_argument("--json", action="store_true", help="print what is found for programs")
    add_arguments(parser)
    parser.set_defaults(run_execution=run)


def run(arguments: argparse.Namespace) -> int:
    """Print; the exit status."""
    if arguments.limit < 1:
        raise CommandFailed("--limit is a number from 1 on", 2)
    connection, screen = connect(arguments), Screen()
    sources = _sources(connection, arguments.machine)
    if arguments.stuck:
        return _stuck(connection, sources, screen, as_json=arguments.json)
    found: list[dict[str, Any]] = []
    for source in sources:
        running = [] if arguments.status else list(islice(_executions(connection, source, "RUNNING"), arguments.limit))
        seen = {one["executionArn"] for one in running}
        last = islice(_executions(connection, source, arguments.status), arguments.limit)
        found += running + [one for one in last if one["executionArn"] not in seen][: arguments.limit - len(running)]
    found.sort(key=lambda one: (one["status"] != "RUNNING", -ms_of(one["startDate"])))
    if arguments.json:
        screen.line(json.dumps([_plain(one) for one in found], indent=2))
        return 0
    if not found:
        screen.line(f"There are no executions{f' that are {arguments.status}' if arguments.status else ''}.")
    for text in _lines(found, screen):
        screen.line(text)
    return 0


def _sources(connection: Connection, name: str | None) -> list[dict[str, str]]:
    """What executions are listed of: parameters of ListExecutions.

    Raises:
        CommandFailed: no machine has this name.
    """
    if name is not None and name.startswith("arn:"):
        return [{"mapRunArn" if ":mapRun:" in name else "stateMachineArn": name}]
    every = [one for one in reading.machines(connection) if name in (None, one["name"])]
    if name is not None and not every:
        raise CommandFailed(f"there is no state machine named {name}. All of them: segue execution list")
    if name is not None and every[0]["type"] == "EXPRESS":
        raise CommandFailed(
            f"{name} is an Express state machine: its executions are not kept. Its logs: segue logs GROUP"
        )
    return [{"stateMachineArn": one["stateMachineArn"]} for one in every if one["type"] == "STANDARD"]


def _executions(connection: Connection, source: dict[str, str], status: str | None) -> Iterator[dict[str, Any]]:
    pages = connection.client("stepfunctions").get_paginator("list_executions")
    if status == "PENDING_REDRIVE" and "mapRunArn" not in source:
        return  # only children of Map Runs are
    for page in pages.paginate(**source, **({"statusFilter": status} if status else {})):
        yield from page["executions"]


def _lines(found: list[dict[str, Any]], screen: Screen) -> Iterator[str]:
    now_ms = round(time.time() * 1000)
    cells = []
    for one in found:
        began = ms_of(one["startDate"])
        took = (ms_of(one["stopDate"]) if one.get("stopDate") else now_ms) - began
        machine = one["stateMachineArn"].split(":", 6)[6]
        cells.append(
            (MARKS.get(one["status"], "▶"), one["status"], machine, clock(began, day=True), span(took), one["name"])
        )
    for text, one in zip(table(cells, ""), found, strict=True):
        status = one["status"]
        yield printable(text).replace(status, screen.paint(status, COLOURS.get(status, "")), 1)


def _stuck(connection: Connection, sources: list[dict[str, str]], screen: Screen, *, as_json: bool) -> int:
    found: list[tuple[dict[str, Any], Wait]] = []
    running = (one for source in sources for one in _executions(connection, source, "RUNNING"))
    looked = 0
    for one in islice(running, _LOOKED_INTO):
        looked += 1
        screen.passing(f"looking into {one['name']} ({looked})")
        found += [(one, wait) for wait in _stuck_in(connection, one["executionArn"])]
    screen.clear()
    found.sort(key=lambda pair: pair[1].since_ms)
    if as_json:
        told = [{**_plain(one), "state": w.visit.name, "what": w.what, "since": w.since_ms} for one, w in found]
        screen.line(json.dumps(told, indent=2))
        return 1 if found else 0
    now_ms = round(time.time() * 1000)
    for one, wait in found:
        since = f"{clock(wait.since_ms, day=True)} ({span(now_ms - wait.since_ms)})"
        screen.line(screen.paint(f"{since}  {printable(wait.visit.name)}: {printable(wait.what)}", "yellow"))
        screen.line(f"  segue execution show {one['executionArn']}")
    if not found:
        screen.line("Nothing is stuck: every task that waits for an answer has a timeout or a heartbeat.")
    if looked == _LOOKED_INTO:
        screen.line(f"Only the first {_LOOKED_INTO} executions were looked into; name a state machine.")
    return 1 if found else 0


def _stuck_in(connection: Connection, arn: str) -> list[Wait]:
    try:
        account = Account().tell(reading.history(connection, arn, data=False))
        found = waits(account, states_of(reading.definition_of(connection, arn)))
    except connection.client("stepfunctions").exceptions.ClientError as error:
        if code_of(error) == "ExecutionDoesNotExist":  # it has been forgotten meanwhile
            return []
        raise
    return [wait for wait in found if wait.stuck]


def _plain(one: dict[str, Any]) -> dict[str, Any]:
    return {
        "executionArn": one["executionArn"],
        "name": one["name"],
        "status": one["status"],
        "startedAt": ms_of(one["startDate"]),
        "stoppedAt": ms_of(one["stopDate"]) if one.get("stopDate") else None,
    }
