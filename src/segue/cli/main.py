"""``segue``: the commands, each a module of its own."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from segue import __version__
from segue.cli import asl, aws, deliveries, run, runtimes, serve
from segue.cli.executions import command as execution
from segue.cli.queues import command as queue
from segue.cli.stacks import delete, deploy, logs, status

_COMMANDS = (serve, deploy, status, logs, delete, aws, run, execution, queue, deliveries, runtimes, asl)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; its exit status."""
    parser = argparse.ArgumentParser(
        prog="segue",
        description="Run event-driven serverless applications anywhere, behind the AWS wire APIs.",
        epilog="Start with 'segue serve'; then point any AWS client at it: export AWS_ENDPOINT_URL=http://127.0.0.1:4566",
    )
    parser.add_argument("--version", action="version", version=f"segue {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in _COMMANDS:
        command.add(commands)
    chosen = parser.parse_args(arguments)
    try:
        result: int = chosen.run(chosen)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever reads has enough, as "head" does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return result


if __name__ == "__main__":
    sys.exit(main())
