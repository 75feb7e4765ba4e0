"""``make conformance``: every group of recorded cases against a live server, compared with what passed before.

    python -m tests.conformance.run                       all groups against a server of its own
    python -m tests.conformance.run sqs-api 'sfn-*'       some groups
    python -m tests.conformance.run --store postgresql    on PostgreSQL (tests/postgres.py)
    python -m tests.conformance.run --endpoint-url URL    another server
    python -m tests.conformance.run --update              what passes now is what is expected from now on
    python -m tests.conformance.run --document            write docs/conformance.md

Exit status 1 only when a case listed in expected.txt no longer passes.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path

from tests.conformance import recorded, report
from tests.conformance.recorded import Outcome
from tests.postgres import new_database
from tests.served import Served


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, report, compare; the exit status."""
    options = _options(arguments)
    if not recorded.FOLDER.is_dir():
        print("The folder with the recorded cases is not there; nothing to run.")
        return 0
    wanted = [name for name in recorded.groups() if any(fnmatch(name, glob) for glob in options.groups or ["*"])]
    expected = report.read_expected()
    with _server(options) as endpoint_url:
        outcomes = _once_more(_run(wanted, endpoint_url, options), expected, endpoint_url, options)
    print(report.table(outcomes))
    if options.update:
        report.write_expected(expected, outcomes)
    if options.document:
        report.write_document(outcomes)
    lost = report.lost(expected, outcomes)
    for outcome in lost:
        print(f"LOST {outcome.id}: {outcome.reason}")
    won = sum(1 for outcome in outcomes if outcome.status == "pass" and outcome.id not in expected)
    if won and not options.update:
        print(f"{won} cases pass that are not in expected.txt: add them with --update")
    return 1 if lost and not options.update else 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Run the cases recorded from AWS.")
    parser.add_argument("groups", nargs="*", help="names or patterns of groups (default: all)")
    parser.add_argument("--endpoint-url", help="a running server (default: one is started on a free port)")
    parser.add_argument("--store", default="sqlite", choices=("sqlite", "postgresql"), help="where that one keeps rows")
    parser.add_argument("--level", default="strict", choices=("outcome", "history", "strict"))
    parser.add_argument("--timeout", type=float, default=20, help="seconds for one execution (default: %(default)s)")
    parser.add_argument("--processes", type=int, default=4, help="groups run beside each other (default: %(default)s)")
    parser.add_argument("--update", action="store_true", help="rewrite expected.txt")
    parser.add_argument("--document", action="store_true", help="write docs/conformance.md")
    parser.add_argument("-v", "--verbose", action="store_true", help="say of each case that does not pass why")
    return parser.parse_args(arguments)


def _run(groups: list[str], endpoint_url: str, options: argparse.Namespace) -> list[Outcome]:
    """Groups run in processes beside each other: every case has an account of its own, so that is safe."""
    outcomes: list[Outcome] = []
    biggest_first = sorted(groups, key=lambda name: -len(list((recorded.FOLDER / name).iterdir())))
    with ProcessPoolExecutor(options.processes) as processes:
        running = [
            processes.submit(recorded.run_group, endpoint_url, group, options.level, options.timeout)
            for group in biggest_first
        ]
        for done in as_completed(running):
            outcomes += done.result()
            if options.verbose:
                print(report.failures(done.result()), flush=True)
    return sorted(outcomes, key=lambda outcome: outcome.id)


def _once_more(
    outcomes: list[Outcome], expected: set[str], endpoint_url: str, options: argparse.Namespace
) -> list[Outcome]:
    """What seems lost is tried again alone: a busy machine must not look like a mistake of ours."""
    lost = frozenset(outcome.id for outcome in report.lost(expected, outcomes))
    again = {
        outcome.id: outcome
        for group in {name.split("/", 1)[0] for name in lost}
        for outcome in recorded.run_group(endpoint_url, group, options.level, options.timeout, lost)
    }
    return [again.get(outcome.id, outcome) for outcome in outcomes]


@contextmanager
def _server(options: argparse.Namespace) -> Iterator[str]:
    if options.endpoint_url:
        yield options.endpoint_url
        return
    store = ("--store", new_database()) if options.store == "postgresql" else ()
    with (
        tempfile.TemporaryDirectory(prefix="segue-conformance-") as scratch,
        Served(Path(scratch) / "data", *store) as served,
    ):
        yield served.endpoint_url
        served.end()


if __name__ == "__main__":
    sys.exit(main())
