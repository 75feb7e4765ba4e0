"""``segue cluster``: the nodes that share a store, what they do, and what waits."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from typing import Any

from segue.cli.deliveries import password, unreachable
from segue.cli.stacks.screen import table
from segue.cli.words import span

_EPILOG = """\
  segue cluster status            nodes, their load, what waits, how late it is
  segue cluster status --watch    the same, every two seconds
  segue cluster status --json     for programs

Any node answers for all. A server with its data in a directory is a cluster of one.
"""
_WATCH_SECONDS = 2.0
_KINDS = 5
_HEADS = (
    "NODE", "ADDRESS", "VERSION", "UP", "SEEN", "REQUESTS/S", "UNITS/S", "JOBS", "CONNECTIONS", "WAITING", "FUNCTIONS",
    "LATE P50, P99",
)  # fmt: skip
_SORTS = {
    "due": "due and not begun",
    "leased": "begun by a node",
    "parked": "waiting to be woken",
    "later": "for later",
}


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "cluster",
        help="show the nodes that share a store, their load, and what waits",
        description="Show the nodes that share a store: where they are, what they do, what waits, and how late it is.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parts = parser.add_subparsers(title="what to do", metavar="WHAT", required=True)
    status = parts.add_parser("status", help="nodes, their load, what waits, how late it is")
    status.add_argument("--json", action="store_true", help="print what the server says, as JSON")
    status.add_argument("--watch", action="store_true", help="go on showing it, every two seconds")
    status.add_argument(
        "--endpoint-url",
        default=os.environ.get("AWS_ENDPOINT_URL", "http://127.0.0.1:4566"),
        help="any of the servers (default: AWS_ENDPOINT_URL, or %(default)s)",
    )
    status.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print; the exit status."""
    import http.client  # not above: "segue --help" reads this module, too

    try:
        while True:
            found = _ask(arguments.endpoint_url)
            if arguments.watch and sys.stdout.isatty():
                print("\x1b[H\x1b[2J", end="")
            print(json.dumps(found, indent=2) if arguments.json else "\n".join(lines(found)), flush=True)
            if not arguments.watch:
                return 0
            time.sleep(_WATCH_SECONDS)
    except KeyboardInterrupt:
        return 130
    except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
        print(unreachable(arguments.endpoint_url, error), file=sys.stderr)
        return 1


def _ask(endpoint_url: str) -> dict[str, Any]:
    import urllib.request

    asked = urllib.request.Request(f"{endpoint_url}/_segue/cluster", headers=password())
    with urllib.request.urlopen(asked, timeout=60) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


def lines(found: dict[str, Any]) -> Iterator[str]:
    """What the server says, as lines of text. Pure."""
    now_ms, nodes = found["now"], found["nodes"]
    yield from table([_HEADS, *(_node(node, now_ms) for node in nodes)], "")
    yield ""
    yield from (_jobs(sort, found) for sort in _SORTS)
    late_ms = found["oldestDueMs"]
    yield f"Timer lag: {f'the oldest due job waits for {span(late_ms)}' if late_ms else 'nothing is late'}"
    for kind in found["unknownKinds"]:
        yield f"! Jobs of kind {kind} wait for a newer Segue: the node that was asked does not know them"
    if len(versions := {node["version"] for node in nodes if node["here"] and "version" in node}) > 1:
        yield f"! Nodes of different versions: {', '.join(sorted(versions))}"
    yield _database(found["database"])


def _node(node: dict[str, Any], now_ms: int) -> tuple[str, ...]:
    seen = f"{span(now_ms - node['seenAt'])} ago" if node["here"] else f"missed for {span(now_ms - node['seenAt'])}"
    load = node if node["here"] else {}  # what a node that was missed has told last is no longer true
    late_ms = load.get("lateMs")
    return (
        f"{node['number']} {node['name']}",
        node.get("address", "-"),
        node.get("version", "-"),
        span(now_ms - node["startedAt"]),
        seen,
        *(
            str(load.get(name, "-"))
            for name in ("requestsPerSecond", "unitsPerSecond", "leased", "connections", "waiting", "functions")
        ),
        ", ".join(span(ms) for ms in late_ms) if late_ms else "-",
    )


def _jobs(sort: str, found: dict[str, Any]) -> str:
    kinds: dict[str, int] = found["jobs"][sort]
    count, most = sum(kinds.values()), found["jobsCountedAtMost"]
    largest = ", ".join(f"{kind} {number}" for kind, number in list(kinds.items())[:_KINDS])
    more = f", {len(kinds) - _KINDS} other kinds" if len(kinds) > _KINDS else ""
    said = f"Jobs {_SORTS[sort]}: {f'{most} or more' if count >= most else count}"
    return f"{said} ({largest}{more})" if kinds else said


def _database(facts: dict[str, Any]) -> str:
    said = f"Database: {facts['engine']}, {facts['bytes'] / 1_048_576:,.1f} MiB"
    if "connections" in facts:
        said += f", {facts['connections']} of {facts['maxConnections']} connections"
    return said
