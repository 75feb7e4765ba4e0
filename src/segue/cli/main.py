"""``segue``: the commands, each a module of its own."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from segue import __version__

COMMANDS = {
    "serve": "serve",
    "deploy": "stacks.deploy",
    "status": "stacks.status",
    "logs": "stacks.logs",
    "delete": "stacks.delete",
    "aws": "aws",
    "run": "run",
    "execution": "executions.command",
    "queue": "queues.command",
    "deliveries": "deliveries",
    "cluster": "cluster",
    "trace": "traces.command",
    "mail": "mail",
    "store": "store",
    "runtimes": "runtimes",
    "asl": "asl",
}
"""The module of each command, below this package: only that of the chosen one is loaded, as it may need much."""


def add_command(name: str, commands: Any) -> None:
    """Add a command's parser to a parser's subparsers."""
    import_module(f"segue.cli.{COMMANDS[name]}").add(commands)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; its exit status."""
    parser = argparse.ArgumentParser(
        prog="segue",
        description="Run event-driven serverless applications anywhere, behind the AWS wire APIs.",
        epilog="Start with 'segue serve'; then point any AWS client at it: export AWS_ENDPOINT_URL=http://127.0.0.1:4566",
    )
    parser.add_argument("--version", action="version", version=f"segue {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    given = sys.argv[1:] if arguments is None else arguments
    for name in given[:1] if given and given[0] in COMMANDS else COMMANDS:
        add_command(name, commands)
    chosen = parser.parse_args(given)
    try:
        result: int = chosen.run(chosen)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever reads has enough, as "head" does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return result


if __name__ == "__main__":
    sys.exit(main())
