"""``segue store``: copies of the data, moving it to another engine, and whether all is well with it."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import Any

_EPILOG = """\
  segue store check                    look for what must not be: gaps in histories, orphaned jobs, dangling tokens
  segue store backup /backups/monday   copy everything as it is at one moment; the copy is a data directory itself:
  segue serve --data /backups/monday   this serves it

From a data directory to PostgreSQL (or back: --data there, --store here), after the server has been stopped:
  segue store export everything.segue
  segue store import everything.segue --store postgresql://segue@db.example/segue

A large database, its servers stopped: each table that grows in eight parts:
  segue store partition --parts 8 --store postgresql://segue@db.example/segue

check, backup and export may be used while servers run on the same data.
"""
_MOST_PARTS = 64
_WHAT = {
    "check": "check what must be true of the data between any two transactions",
    "backup": "copy everything, as it is at one moment, into a new directory",
    "export": "write everything, as it is at one moment, into one file that any engine can take",
    "import": "put everything that an export wrote into a new store: all of it, or nothing",
    "partition": "cut each table of a PostgreSQL database that grows into parts, by what its rows belong to",
}
_TO = {
    "backup": ("to", "DIR", "where the copy goes: a new or an empty directory"),
    "export": ("file", "FILE", "where it goes: a new file, or - for standard output"),
    "import": ("file", "FILE", "what 'segue store export' wrote, or - for standard input"),
}


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "store",
        help="copy or move the data, and check that all is well with it",
        description="Copy, move or check the data, whether servers run on it or not.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    whats = parser.add_subparsers(title="what", metavar="WHAT", required=True)
    runs = {"check": _check, "backup": _back_up, "export": _export, "import": _import, "partition": _partition}
    for name, words in _WHAT.items():
        what = whats.add_parser(name, help=words, description=f"{words[0].upper()}{words[1:]}.")
        what.set_defaults(run=_told(runs[name]))
        if name in _TO:
            dest, metavar, words = _TO[name]
            what.add_argument(dest, type=Path, metavar=metavar, help=words)
        if name == "partition":
            what.add_argument("--parts", type=int, default=8, metavar="N", help="into how many (default: %(default)s)")
            what.add_argument("--store", metavar="URL", help="the database (default: what SEGUE_STORE says)")
            continue
        what.add_argument("--data", type=Path, metavar="DIR", help="the data directory (default: .segue)")
        if name != "backup":
            what.add_argument(
                "--store",
                metavar="URL",
                help="a PostgreSQL database: postgresql://user@host/database (default: what SEGUE_STORE says, unless "
                "--data is given)",
            )
        what.add_argument(
            "--blobs",
            default=os.environ.get("SEGUE_BLOBS", ""),
            metavar="PLACE",
            help="where code and objects are kept, as for 'segue serve' (default: what SEGUE_BLOBS says, or below "
            "--data; with --store, in the database)",
        )


def _told(run: Callable[[argparse.Namespace], int]) -> Callable[[argparse.Namespace], int]:
    """A command whose refusals are told on standard error."""

    def told(arguments: argparse.Namespace) -> int:
        from segue.cli.store_places import REFUSALS

        try:
            return run(arguments)
        except REFUSALS as error:
            print(f"segue: {error}", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            print("segue: interrupted; nothing is kept of what was not finished", file=sys.stderr)
            return 130

    return told


def _check(arguments: argparse.Namespace) -> int:
    from segue.api import Api
    from segue.cli.store_places import Place, missing
    from segue.config import Settings
    from segue.server import services
    from segue.worker.invariants import violations

    began = time.monotonic()
    place = Place.of(arguments)
    count = 0
    with place.source() as source:
        found = violations(Api(services(), Settings()), source.transaction)
        for violation in chain(found, missing(place, source.transaction)):
            count += 1
            print(violation, flush=True)
    print(f"{place}: {count or 'nothing'} found that must not be ({time.monotonic() - began:.1f} s)")
    return 1 if count else 0


def _back_up(arguments: argparse.Namespace) -> int:
    from segue.cli import store_places

    began = time.monotonic()
    size = store_places.back_up(store_places.Place.of(arguments), arguments.to)
    print(f"{arguments.to}: {size / 1e6:.1f} MB in {time.monotonic() - began:.1f} s. Serve it: segue serve --data DIR")
    return 0


def _export(arguments: argparse.Namespace) -> int:
    from segue.cli import store_places

    began = time.monotonic()
    size = store_places.export(store_places.Place.of(arguments), arguments.file)
    took = time.monotonic() - began
    print(f"{arguments.file}: {size / 1e6:.1f} MB in {took:.1f} s. It holds all secrets as they are", file=sys.stderr)
    return 0


def _import(arguments: argparse.Namespace) -> int:
    from segue.cli import store_places

    began = time.monotonic()
    place = store_places.Place.of(arguments)
    count = store_places.bring(place, arguments.file)
    print(f"{place}: {count} rows in {time.monotonic() - began:.1f} s. Serve it: segue serve {place.option}")
    return 0


def _partition(arguments: argparse.Namespace) -> int:
    from segue.cli import store_places

    if not 2 <= arguments.parts <= _MOST_PARTS:
        print(f"segue: --parts is 2 to {_MOST_PARTS}, not {arguments.parts}", file=sys.stderr)
        return 2
    began = time.monotonic()
    url = arguments.store or os.environ.get("SEGUE_STORE", "")
    cut = store_places.partition(url, arguments.parts, lambda table: print(f"{table} …", flush=True))
    print(f"{len(cut)} tables are in {arguments.parts} parts now ({time.monotonic() - began:.1f} s)")
    return 0
