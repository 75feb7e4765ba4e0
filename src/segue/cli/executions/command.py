"""``segue execution``: ``start``, ``show`` and ``list``."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from segue.cli.executions import listing, show, start
from segue.cli.stacks.connection import CommandFailed, connect, in_words

_EPILOG = """\
  segue execution start MACHINE       a new one; --input JSON, --follow
  segue execution list                what runs, and what ran last
  segue execution list --stuck        what waits for an answer and has no timeout
  segue execution show NAME           one execution, state by state
  segue execution show NAME --follow  as it happens
  segue execution show NAME --graph   as a drawing

More examples: segue execution show --help, segue execution list --help
"""


def add(commands: Any) -> None:
    """Add the commands to the parser."""
    parser = commands.add_parser(
        "execution",
        help="start workflows, and show what they did, do and wait for",
        description="Start executions of state machines, and show them.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    below = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    start.add(below)
    show.add(below)
    listing.add(below)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run one of them; failures in words."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        status: int = arguments.run_execution(arguments)
    except KeyboardInterrupt:
        return 130
    except CommandFailed as failed:
        print(f"segue: {failed.words}", file=sys.stderr)
        return failed.status
    except (BotoCoreError, ClientError) as error:
        print(f"segue: {in_words(error, connect(arguments))}", file=sys.stderr)
        return 1
    return status
