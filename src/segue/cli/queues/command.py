"""``segue queue``: depth and age of queues, their messages, and dead letters brought back."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from dataclasses import asdict
from typing import Any

from segue.cli.stacks.connection import CommandFailed, Connection, add_arguments, connect, in_words

_PIPE_WIDTH = 160
_PEEKED = 10
_SHOWN = {
    "in_flight": "inFlight",
    "dead_letters": "deadLetters",
    "max_receives": "maxReceives",
    "oldest_sent_at": "oldestSentAt",
}
"""What the fields of a queue are called for programs."""
_EPILOG = """\
  segue queue                          every queue: how much waits, how old, how often received, dead letters
  segue queue orders                   one of them, by name, ARN or URL
  segue queue orders --peek            its ten oldest messages; they are not received, and nobody else misses them
  segue queue orders --peek 50 --full  fifty, with the whole body
  segue queue orders-dead --peek --history   where each came from, why its receivers failed, where its siblings are
  segue queue orders-dead --redrive    the messages of a dead-letter queue go back to where they came from
  segue queue orders-dead --redrive --to repaired --rate 10   to another queue, ten a second
  segue queue orders --send '{"id": 7}'      send a message (-: what standard input holds)
  segue queue orders --purge           delete everything in it

RECEIVES is how often the message was received that was received most often (of the fifty at the head), and how often it
may be until it becomes a dead letter.
"""


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "queue",
        help="show what waits in queues, peek into them, bring dead letters back, send, purge",
        description="Show queues: messages that wait, are in flight or delayed, the oldest one's age, dead letters.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", nargs="?", metavar="NAME", help="a queue (default: all)")
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--peek", nargs="?", type=int, const=_PEEKED, metavar="N", help="show the N oldest messages, not receiving them"
    )
    what.add_argument("--send", metavar="BODY", help="send a message")
    what.add_argument("--purge", action="store_true", help="delete all messages")
    what.add_argument("--redrive", action="store_true", help="move a dead-letter queue's messages back")
    parser.add_argument("--to", metavar="QUEUE", help="with --redrive: to this queue")
    parser.add_argument("--rate", type=int, metavar="N", help="with --redrive: so many messages a second (1 to 500)")
    parser.add_argument("--group", metavar="ID", help="with --send: the message's group")
    parser.add_argument("--delay", type=int, metavar="SECONDS", help="with --send: when it may be received first")
    parser.add_argument("--history", action="store_true", help="with --peek: the conversation of each message")
    parser.add_argument("--full", action="store_true", help="with --peek: whole bodies")
    parser.add_argument("--json", action="store_true", help="print what is found for programs")
    add_arguments(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print; the exit status."""
    from botocore.exceptions import BotoCoreError, ClientError

    connection = connect(arguments)
    try:
        return _run(connection, arguments)
    except KeyboardInterrupt:
        return 130
    except CommandFailed as failed:
        print(f"segue: {failed.words}", file=sys.stderr)
        return failed.status
    except (BotoCoreError, ClientError) as error:
        print(f"segue: {in_words(error, connection)}", file=sys.stderr)
        return 1


def _run(connection: Connection, arguments: argparse.Namespace) -> int:
    from segue.cli.queues.reading import queue_named, queues
    from segue.cli.queues.redrive import redrive
    from segue.cli.queues.sending import purge, send
    from segue.cli.stacks.screen import Screen

    screen = Screen()
    _check(arguments)
    if arguments.name is None:
        found = queues(connection)
        if not found and not arguments.json:
            screen.line("There are no queues. Make one: segue aws sqs create-queue --queue-name orders")
            return 0
    else:
        found = [queue_named(connection, arguments.name)]
    if arguments.redrive:
        return redrive(connection, found[0], screen, to=arguments.to, rate=arguments.rate)
    if arguments.send is not None:
        return send(connection, found[0], screen, arguments.send, group=arguments.group, delay_seconds=arguments.delay)
    if arguments.purge:
        return purge(connection, found[0], screen)
    if arguments.peek is not None:
        _peek(connection, found[0], arguments, screen)
        return 0
    _overview(connection, found, screen, as_json=arguments.json)
    return 0


def _check(arguments: argparse.Namespace) -> None:
    """Whether the arguments go together."""
    from segue.cli.queues.reading import PEEKED

    does = arguments.redrive or arguments.purge or arguments.send is not None
    if arguments.name is None and (does or arguments.peek is not None):
        raise CommandFailed("which queue? For example: segue queue orders --peek", 2)
    for option, belongs_to, given in (
        ("--to and --rate", "--redrive", (arguments.to or arguments.rate is not None) and not arguments.redrive),
        ("--group and --delay", "--send", (arguments.group or arguments.delay is not None) and arguments.send is None),
        ("--history", "--peek", arguments.history and arguments.peek is None),
    ):
        if given:
            raise CommandFailed(f"{option} belong{'s' * (' and ' not in option)} to {belongs_to}", 2)
    if arguments.peek is not None and not 1 <= arguments.peek <= PEEKED:
        raise CommandFailed(f"--peek shows 1 to {PEEKED} messages", 2)


def _overview(connection: Connection, found: list[Any], screen: Any, *, as_json: bool) -> None:
    from segue.cli.queues.lines import overview
    from segue.cli.queues.reading import queue_named

    if as_json:
        screen.line(json.dumps([_plain(queue) for queue in found], indent=2))
        return
    depths = {queue.arn: queue.all for queue in found}
    for arn in {queue.dead_letters for queue in found if queue.dead_letters} - set(depths):
        try:
            depths[arn] = queue_named(connection, arn).all
        except CommandFailed:  # it is not there; the table says so
            continue
    for at, text in enumerate(overview(found, depths, _now_ms())):
        screen.line(screen.paint(text, "dim") if at == 0 else text)


def _peek(connection: Connection, queue: Any, arguments: argparse.Namespace, screen: Any) -> None:
    from segue.cli.queues.history import history, history_lines
    from segue.cli.queues.lines import message_lines

    messages = queue.messages[: arguments.peek]
    if arguments.json:
        told = [{**one, **history(connection, one)} for one in messages] if arguments.history else messages
        screen.line(json.dumps(told, indent=2))
        return
    width = shutil.get_terminal_size().columns if screen.live else _PIPE_WIDTH
    for message in messages:
        for text in message_lines(message, _now_ms(), width, full=arguments.full, paint=screen.paint):
            screen.line(text)
        if arguments.history:
            for text in history_lines(message, history(connection, message), width, screen.paint):
                screen.line(text)
    if not messages:
        screen.line(f"{queue.name} is empty.")
    elif queue.all > len(messages):
        screen.line(screen.paint(f"{len(messages)} of {queue.all} messages", "dim"))


def _plain(queue: Any) -> dict[str, Any]:
    plain = asdict(queue)
    messages = plain.pop("messages")
    del plain["deduplicates_by_content"]
    for name, shown in _SHOWN.items():
        plain[shown] = plain.pop(name)
    plain["mostReceives"] = max((message["receiveCount"] for message in messages), default=0)
    return plain


def _now_ms() -> int:
    return round(time.time() * 1000)
