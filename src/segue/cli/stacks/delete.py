"""``segue delete``: a stack and what it made."""

from __future__ import annotations

import argparse
import sys
import time
from typing import Any

from segue.cli.stacks.connection import CommandFailed, Connection, add_arguments, connect, in_words

_EPILOG = """\
What the template says is retained (DeletionPolicy: Retain) stays and is named.

  segue delete orders          asks first, on a terminal
  segue delete orders --yes    does not ask

The exit status is 0 when the stack is gone, 1 when something could not be deleted.
"""


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "delete",
        help="delete a stack and what it made",
        description="Delete a stack with all that it made, showing what goes and what is retained.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("stack", metavar="STACK", help="the stack's name")
    parser.add_argument("--yes", "-y", action="store_true", help="do not ask")
    add_arguments(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Delete; the exit status."""
    from botocore.exceptions import BotoCoreError, ClientError

    connection = connect(arguments)
    try:
        return _delete(connection, arguments.stack, ask=not arguments.yes)
    except KeyboardInterrupt:
        return 130
    except CommandFailed as failed:
        print(f"segue: {failed.words}", file=sys.stderr)
        return failed.status
    except (BotoCoreError, ClientError) as error:
        print(f"segue: {in_words(error, connection)}", file=sys.stderr)
        return 1


def _delete(connection: Connection, name: str, *, ask: bool) -> int:
    from segue.cli.stacks.progress import Progress
    from segue.cli.stacks.screen import Screen

    client = connection.client("cloudformation")
    stack = client.describe_stacks(StackName=name)["Stacks"][0]
    if ask and sys.stdin.isatty() and not _agreed(client, stack):
        raise CommandFailed("nothing was deleted")
    screen = Screen()
    progress = Progress(client, stack["StackId"], screen)
    progress.begin()
    began = time.monotonic()
    client.delete_stack(StackName=stack["StackId"])
    status = progress.follow()
    for event in progress.skipped:
        retained = event.get("PhysicalResourceId") or event["LogicalResourceId"]
        screen.line(f"  retained: {event['ResourceType']} {retained}")
    colour = "green" if status == "DELETE_COMPLETE" else "red"
    screen.line(f"{stack['StackName']}: {screen.paint(status, colour)} ({time.monotonic() - began:.1f} s)")
    if status == "DELETE_COMPLETE":
        return 0
    reasons = "".join(f"\n  {reason}" for reason in progress.reasons())
    raise CommandFailed(f"{stack['StackName']} is not deleted:{reasons}\nRemove the cause and delete it again.")


def _agreed(client: Any, stack: dict[str, Any]) -> bool:
    pages = client.get_paginator("list_stack_resources").paginate(StackName=stack["StackId"])
    count = sum(len(page["StackResourceSummaries"]) for page in pages)
    answer = input(f"Delete {stack['StackName']} with its {count} resources? [y/N] ")
    return answer.strip().lower() in ("y", "yes")
