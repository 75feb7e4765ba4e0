"""``segue execution start``: start an execution, and see what becomes of it."""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path
from typing import Any

from segue.arn import is_arn
from segue.cli.executions import following, reading
from segue.cli.stacks.connection import CommandFailed, Connection, add_arguments, connect
from segue.cli.stacks.screen import Screen
from segue.cli.words import COLOURS, printable

_PIPE_WIDTH = 160
EPILOG = """\
  segue execution start order --input '{"id": 7}'          the state machine "order"
  segue execution start order --input @order.json --follow  and show its events as they come, until the end
  segue execution start order:PROD --name seven            a version or an alias of it; with a name of its own
  segue execution start 'order#OutOfStock'                 with the answers of a test case (segue serve --mock-config)

Express state machines are run to their end, and their output is printed.
With --follow, and of Express ones, the exit status is 1 unless the execution has succeeded.
"""


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "start",
        help="start an execution of a state machine",
        description="Start an execution of a state machine.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("machine", metavar="MACHINE", help="a state machine: its name or ARN")
    parser.add_argument("--input", default="{}", metavar="JSON", help="its input ({}); @FILE reads it from a file")
    parser.add_argument("--name", help="the execution's name (default: one is made up)")
    parser.add_argument("--follow", "-f", action="store_true", help="show events as they come, until the end")
    add_arguments(parser)
    parser.set_defaults(run_execution=run)


def run(arguments: argparse.Namespace) -> int:
    """Start it; the exit status."""
    text = _input(arguments.input)
    connection = connect(arguments)
    arn, kind = _machine(connection, arguments.machine)
    screen, states = Screen(), connection.client("stepfunctions")
    params = {"stateMachineArn": arn, "input": text, **({"name": arguments.name} if arguments.name else {})}
    if kind == "EXPRESS":
        return _told(states.start_sync_execution(**params), screen)
    execution = str(states.start_execution(**params)["executionArn"])
    if not arguments.follow:
        screen.line(execution)
        return 0
    width = shutil.get_terminal_size().columns if screen.live else _PIPE_WIDTH
    account = following.follow(connection, execution, screen, width)
    screen.line(f"{execution}: {screen.paint(account.status, COLOURS.get(account.status, ''))}")
    return 0 if account.status == "SUCCEEDED" else 1


def _input(given: str) -> str:
    """The input's JSON text, which must be some."""
    try:
        text = Path(given[1:]).read_text(encoding="utf-8") if given.startswith("@") else given
        json.loads(text)
    except OSError as error:
        raise CommandFailed(f"{given[1:]} cannot be read: {error.strerror or error}", 2) from None
    except (ValueError, RecursionError) as error:
        raise CommandFailed(f"the input is not JSON: {error}", 2) from None
    return text


def _machine(connection: Connection, name: str) -> tuple[str, str]:
    """The ARN and the type of a state machine, version or alias included."""
    own = name.split(":")[6].partition("#")[0] if is_arn(name) and name.count(":") >= 6 else name
    own = own.partition(":")[0].partition("#")[0]
    for machine in reading.machines(connection):
        if machine["name"] == own:
            return name if is_arn(name) else machine["stateMachineArn"] + name[len(own) :], machine["type"]
    raise CommandFailed(f"there is no state machine named {printable(own)}. See: segue execution list")


def _told(ended: dict[str, Any], screen: Screen) -> int:
    """Print how an Express execution ended; the exit status."""
    if ended["status"] == "SUCCEEDED":
        screen.line(printable(ended["output"]))
        return 0
    said = ": ".join(filter(None, (ended["status"], ended.get("error"), ended.get("cause"))))
    screen.line(screen.paint(printable(said), "red"))
    return 1
