"""``segue trace``."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import time
from typing import Any
from urllib.parse import quote

from segue.cli.deliveries import hops, password, unreachable
from segue.cli.stacks.screen import Screen
from segue.cli.traces import words
from segue.cli.traces.tree import failures, forest

_LISTED = 20
_NEWEST = 500
_PIPE_WIDTH = 160
_PAUSE_SECONDS = 0.3
_EPILOG = """\
  segue trace                  the newest conversations
  segue trace last             the newest one as a tree: who called whom, what failed, what goes on
  segue trace 1-6b018a9e-01…   that one; the beginning of its id will do
  segue trace last --wait      the same, when nothing of it goes on any more

A conversation is all that followed from one request, event or start: functions that were invoked asynchronously,
messages, executions, retries. The exit status is 1 if something failed or was lost; with --wait that is known.
"""


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "trace",
        help="show who called whom in a conversation, and what of it goes on",
        description="Show a conversation as a tree: who called whom, what failed, what goes on.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("trace", nargs="?", metavar="ID", help="a trace id or its beginning, or 'last'")
    parser.add_argument("--wait", "-w", action="store_true", help="wait until nothing of it goes on")
    parser.add_argument(
        "--endpoint-url",
        default=os.environ.get("AWS_ENDPOINT_URL", "http://127.0.0.1:4566"),
        help="the server (default: AWS_ENDPOINT_URL, or %(default)s)",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the list or the tree; the exit status."""
    import http.client

    try:
        return _list(arguments) if arguments.trace is None else _show(arguments)
    except KeyboardInterrupt:
        return 130
    except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
        print(unreachable(arguments.endpoint_url, error), file=sys.stderr)
        return 1


def _list(arguments: argparse.Namespace) -> int:
    screen = Screen()
    by_trace = _newest(arguments.endpoint_url)
    if not by_trace:
        screen.line("Nothing has moved yet.")
    for trace, of_trace in list(by_trace.items())[-_LISTED:]:
        roots = forest(of_trace)
        screen.line(words.summary_line(trace, roots, len(of_trace), len(failures(roots)), screen.paint))
    return 0


def _newest(endpoint_url: str) -> dict[str, list[dict[str, Any]]]:
    """The newest hops by their conversation, in the order in which these began."""
    found: dict[str, list[dict[str, Any]]] = {}
    for hop in _asked(f"{endpoint_url}/_segue/deliveries?last={_NEWEST}")["deliveries"]:
        if hop["trace"]:
            found.setdefault(hop["trace"], []).append(hop)
    return found


def _show(arguments: argparse.Namespace) -> int:
    traces = list(_newest(arguments.endpoint_url))
    wanted = arguments.trace
    if wanted == "last":
        found = traces[-1:]
    else:
        found = [trace for trace in traces if trace.startswith(wanted)] or [wanted]
    if len(found) != 1:
        print(f"segue: {'several conversations begin so' if found else 'nothing has moved yet'}", file=sys.stderr)
        return 2
    underway = _awaited(arguments, found[0])
    of_trace = list(hops(arguments.endpoint_url, trace=found[0]))
    if not of_trace:
        print(f"segue: there is no conversation {wanted}. See: segue trace", file=sys.stderr)
        return 2
    screen = Screen()
    roots = forest(of_trace)
    width = shutil.get_terminal_size().columns if screen.live else _PIPE_WIDTH
    screen.line(found[0])
    for line in words.tree_lines(roots, width, screen.paint):
        screen.line(line)
    for job in underway["jobs"]:
        screen.line(screen.paint(f"goes on: {words.job_line(job, underway['now'])}", "cyan"))
    failed = len(failures(roots))
    if not underway["jobs"]:
        screen.line(f"nothing goes on; {f'{failed} failed' if failed else 'everything arrived'}")
    return int(failed > 0)


def _awaited(arguments: argparse.Namespace, trace: str) -> dict[str, Any]:
    """What goes on; with --wait, when that is nothing, twice in a row: between two jobs may be a message in a queue."""
    url = f"{arguments.endpoint_url}/_segue/underway?trace={quote(trace)}"
    quiet = 0
    while True:
        found: dict[str, Any] = _asked(url)
        quiet = 0 if found["jobs"] else quiet + 1
        if not arguments.wait or quiet == 2:
            return found
        time.sleep(_PAUSE_SECONDS)


def _asked(url: str) -> Any:
    import urllib.request

    with urllib.request.urlopen(urllib.request.Request(url, headers=password()), timeout=60) as answer:
        return json.load(answer)
