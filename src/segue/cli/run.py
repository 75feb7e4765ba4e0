"""``segue run -- PROGRAM …``: any program, with the server in the place of AWS."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from segue.cli.aws import DEFAULTS, ENDPOINT_URL

NODE_REDIRECT = Path(__file__).with_name("redirect.cjs")
"""Loaded before a Node.js program, it sends what is for AWS's hosts to ``AWS_ENDPOINT_URL``."""


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "run",
        help="run a program with the server in the place of AWS",
        description="Run a program with AWS_ENDPOINT_URL set to the server, and a key and region where you set none."
        " Node.js programs whose SDK is too old to look at it reach the server all the same.",
        epilog="Example: segue run npx cdk deploy",
    )
    parser.add_argument("program", help="what to run")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="its arguments")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Become the program; 127 when there is none."""
    program = shutil.which(arguments.program)
    if program is not None:
        os.execve(program, [program, *arguments.arguments], environment(os.environ))
    print(f"segue: there is no program {arguments.program} here", file=sys.stderr)
    return 127


def environment(given: Mapping[str, str]) -> dict[str, str]:
    """The program's environment: what is given stays, what is missing is added.

    SDK v2 for JavaScript does not know ``AWS_ENDPOINT_URL``; in Node.js a module loaded before everything else sends
    what is for AWS's hosts there.
    """
    given = {name: value for name, value in given.items() if value or not name.startswith("AWS_")}
    region = given.get("AWS_REGION") or given.get("AWS_DEFAULT_REGION") or DEFAULTS["AWS_DEFAULT_REGION"]
    regions = {"AWS_REGION": region, "AWS_DEFAULT_REGION": region}
    defaults = {} if "AWS_PROFILE" in given else {**DEFAULTS, **regions}
    redirect = f'--require "{NODE_REDIRECT}"'
    options = f"{given.get('NODE_OPTIONS', '')} {redirect}".strip()
    return {"AWS_ENDPOINT_URL": ENDPOINT_URL, **defaults, **given, "NODE_OPTIONS": options}
