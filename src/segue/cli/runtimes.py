"""``segue runtimes``: what functions need and a machine may not have, fetched before the first function asks for it."""

from __future__ import annotations

import argparse
import sys
from typing import Any

_EPILOG = """\
Node.js functions find the AWS SDK for JavaScript, as on AWS: version 2 (nodejs16.x and older) or 3 (newer ones). It is
installed when a function first needs it; to have it before, for instance before going offline:

  segue runtimes install                                  both versions
  segue runtimes install v3 @aws-sdk/client-rekognition   version 3, and a client that is not among the usual ones
"""


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "runtimes",
        help="install what Node.js functions find on AWS",
        description="Install the AWS SDK for JavaScript for Node.js functions, from the npm registry.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("action", choices=("install",), help="what to do")
    parser.add_argument("packages", nargs="*", metavar="PACKAGE", help="v2, v3 or @aws-sdk/NAME (default: v2 v3)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Install one after the other; 1 if one could not be."""
    import asyncio

    from segue.runtimes.installer import NotInstalled
    from segue.runtimes.node_sdk import NodeSdk, is_package

    names = arguments.packages or ["v2", "v3"]
    if unknown := [name for name in names if not is_package(name)]:
        print(f"segue runtimes: no such package: {', '.join(unknown)} (v2, v3 or @aws-sdk/NAME)", file=sys.stderr)
        return 2

    async def install() -> int:
        sdk, status = NodeSdk(), 0
        for name in names:
            try:
                print(f"{name}\t{(await sdk.ready(name)).parent}", flush=True)
            except NotInstalled as error:
                print(f"segue runtimes: {error}", file=sys.stderr)
                status = 1
        return status

    return asyncio.run(install())
