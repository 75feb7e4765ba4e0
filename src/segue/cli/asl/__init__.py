"""``segue asl``: definitions of state machines, checked, formatted, tried and their policies told without a server."""

from __future__ import annotations

import argparse
from typing import Any

from segue.cli.asl import check, least_policy, reformat, try_state

_COMMANDS = (check, try_state, reformat, least_policy)


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "asl",
        help="check, format and try definitions of state machines; tell their policies",
        description="Work on definitions in the Amazon States Language (JSON or YAML). No server is needed.",
        epilog="Example: segue asl validate order.asl.json",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    inner = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in _COMMANDS:
        command.add(inner)
