"""``segue aws …``: the AWS CLI, pointed at the server, with nothing to set before."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

DEFAULTS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
ENDPOINT_URL = "http://127.0.0.1:4566"
_WITH_HOST_PREFIX = ("start-sync-execution", "test-state")
"""Commands that SDKs send to ``sync-<the endpoint's host>``, a name that nobody resolves."""


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "aws",
        help="run the AWS CLI against the server",
        description="Run the AWS CLI with the server as its endpoint, and a key and region where you set none.",
        epilog="Example: segue aws sqs create-queue --queue-name orders",
        add_help=False,  # --help is the AWS CLI's
        prefix_chars="\0",
    )
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="what the AWS CLI is to do")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Become the AWS CLI; 127 when there is none."""
    program = _program()
    if program is not None:
        command, environment = invocation(arguments.arguments, os.environ)
        os.execve(program, [program, *command], environment)
    print("segue: there is no AWS CLI here. Install it: pip install awscli", file=sys.stderr)
    return 127


def invocation(arguments: Sequence[str], environment: Mapping[str, str]) -> tuple[list[str], dict[str, str]]:
    """The AWS CLI's arguments and environment.

    The endpoint is an argument: version 1 of the AWS CLI does not look at ``AWS_ENDPOINT_URL`` for SQS. Where the CLI
    would look for another host, the server is its proxy, too: then no name is resolved.
    """
    endpoint_url = environment.get("AWS_ENDPOINT_URL", ENDPOINT_URL)
    given = any(one.partition("=")[0] == "--endpoint-url" for one in arguments)
    region = {"AWS_DEFAULT_REGION": environment["AWS_REGION"]} if "AWS_REGION" in environment else {}
    prefixed = not given and endpoint_url.startswith("http:") and any(name in arguments for name in _WITH_HOST_PREFIX)
    proxy = {"HTTP_PROXY": endpoint_url, "http_proxy": endpoint_url, "NO_PROXY": "", "no_proxy": ""} if prefixed else {}
    return (
        [*arguments] if given else ["--endpoint-url", endpoint_url, *arguments],
        {**(DEFAULTS if "AWS_PROFILE" not in environment else {}), **region, **environment, **proxy},
    )


def _program() -> str | None:
    beside = Path(sys.executable).with_name("aws")
    return str(beside) if beside.exists() else shutil.which("aws")
