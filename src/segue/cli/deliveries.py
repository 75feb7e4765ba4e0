"""``segue deliveries``: what moved from where to where, and why something did not."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from typing import Any

from segue.arn import is_arn, parse_arn


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "deliveries",
        help="show what moved between resources, and why something did not",
        description="Show every hop between resources: when, from where, to where, how it ended, and why.",
        epilog="Example: segue deliveries --follow",
    )
    parser.add_argument("--follow", "-f", action="store_true", help="go on showing hops as they happen")
    parser.add_argument("--trace", help="only the conversation with this trace id")
    parser.add_argument("--failed", action="store_true", help="only what did not arrive")
    parser.add_argument(
        "--endpoint-url",
        default=os.environ.get("AWS_ENDPOINT_URL", "http://127.0.0.1:4566"),
        help="the server (default: AWS_ENDPOINT_URL, or %(default)s)",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print hops until there are no more (or, following, until interrupted)."""
    import http.client  # not above: 'segue serve', which reads this module too, would start 40 ms later

    try:
        for hop in hops(arguments.endpoint_url, follow=lambda: bool(arguments.follow)):
            if arguments.trace and hop["trace"] != arguments.trace:
                continue
            if arguments.failed and hop["status"] in ("delivered", "audit"):
                continue
            print(line(hop), flush=True)
    except KeyboardInterrupt:
        return 0
    except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
        print(unreachable(arguments.endpoint_url, error), file=sys.stderr)
        return 1
    return 0


def unreachable(endpoint_url: str, error: Exception) -> str:
    """What to say where no server answers, or none of ours."""
    return f"segue: no server answers at {endpoint_url} ({_why(error)}). Start one: segue serve"


def _why(error: Exception) -> str:
    import http.client
    import urllib.error

    if isinstance(error, urllib.error.URLError):
        return str(error.reason)
    if isinstance(error, OSError | http.client.HTTPException):
        return str(error) or type(error).__name__
    return "what answers there is not Segue"


def hops(
    endpoint_url: str, *, after: int = 0, trace: str = "", follow: Callable[[], bool] = lambda: False
) -> Iterator[dict[str, Any]]:
    """The recorded hops after ``after``, oldest first; for as long as ``follow`` says, as they happen.

    Args:
        trace: only those of the conversation with this id.
    """
    import urllib.parse
    import urllib.request

    of_trace = f"&trace={urllib.parse.quote(trace)}" if trace else ""
    while True:
        following = follow()
        url = f"{endpoint_url}/_segue/deliveries?after={after}&wait={1 if following else 0}{of_trace}"
        with urllib.request.urlopen(urllib.request.Request(url, headers=password()), timeout=60) as answer:
            page = json.load(answer)["deliveries"]
        for hop in page:
            after = hop["id"]
            yield hop
        if not page and not following:
            return


def password() -> dict[str, str]:
    """What a server that wants signed requests wants for its pages."""
    secret = os.environ.get("SEGUE_SECRET_ACCESS_KEY")
    return {"Authorization": f"Basic {b64encode(f'segue:{secret}'.encode()).decode()}"} if secret else {}


def line(hop: dict[str, Any]) -> str:
    """One hop as a line of text."""
    at = time.strftime("%H:%M:%S", time.localtime(hop["at"] / 1000)) + f".{hop['at'] % 1000:03d}"
    arrow = "→" if hop["status"] == "delivered" else f"✗ {hop['status']}" if hop["status"] != "audit" else "⚠"
    attempts = f" (attempt {hop['attempts']})" if hop["attempts"] > 1 else ""
    reason = f"  {hop['reason']}" if hop["reason"] else ""
    return f"{at}  {short(hop['source'])} {arrow} {short(hop['target'])}  {hop['operation']}{attempts}{reason}"


def short(arn: str) -> str:
    """An ARN as people say it: service and name. Of what is none (a task's token) no more than its beginning."""
    if not is_arn(arn):
        return arn if len(arn) <= 80 else f"{arn[:16]}…"
    parts = parse_arn(arn)
    return f"{parts.service}:{parts.resource}"
