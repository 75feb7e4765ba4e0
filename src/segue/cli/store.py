"""``segue store``: copies of the data, and whether all is well with it."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

_EPILOG = """\
  segue store check                    look for what must not be: gaps in histories, orphaned jobs, dangling tokens
  segue store backup /backups/monday   copy everything as it is at one moment; the copy is a data directory itself:
  segue serve --data /backups/monday   this serves it

Both may be used while a server runs on the same data.
"""


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "store",
        help="copy the data, and check that all is well with it",
        description="Copy a data directory, or check it, whether a server runs on it or not.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    what = parser.add_subparsers(title="what", metavar="WHAT", required=True)
    check = what.add_parser("check", help="check what must be true of the data between any two transactions")
    check.set_defaults(run=_check)
    backup = what.add_parser("backup", help="copy everything, as it is at one moment, into a new directory")
    backup.add_argument("to", type=Path, metavar="DIR", help="where the copy goes: a new or an empty directory")
    backup.set_defaults(run=_back_up)
    for each in (check, backup):
        each.add_argument(
            "--data", type=Path, default=Path(".segue"), metavar="DIR", help="the data directory (default: %(default)s)"
        )


def _check(arguments: argparse.Namespace) -> int:
    from segue.api import Api
    from segue.config import Settings
    from segue.server import services
    from segue.store import Transaction, snapshot
    from segue.worker.invariants import violations

    began = time.monotonic()

    def unit(tx: Transaction) -> int:
        count = 0
        for violation in violations(Api(services(), Settings()), tx):
            count += 1
            print(violation, flush=True)
        return count

    try:
        count = snapshot.read(arguments.data, unit)
    except snapshot.NoData as error:
        return _refused(error)
    took = f"{time.monotonic() - began:.1f} s"
    print(f"{arguments.data}: {count or 'nothing'} found that must not be ({took})")
    return 1 if count else 0


def _back_up(arguments: argparse.Namespace) -> int:
    from segue.store import snapshot

    began = time.monotonic()
    try:
        size = snapshot.back_up(arguments.data, arguments.to)
    except (snapshot.NoData, OSError) as error:
        return _refused(error)
    print(f"{arguments.to}: {size / 1e6:.1f} MB in {time.monotonic() - began:.1f} s. Serve it: segue serve --data DIR")
    return 0


def _refused(error: Exception) -> int:
    print(f"segue: {error}", file=sys.stderr)
    return 1
