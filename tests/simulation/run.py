"""Run any number of seeds: ``python -m tests.simulation.run --seeds 1000 --first 0 --of pipeline``. A failing seed is
named.
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
import traceback
from collections import Counter

from segue.store.blobs import Blobs
from tests.simulation.loan_broker import LoanBrokerRun
from tests.simulation.pipeline import PipelineRun

RUNS = {"loan-broker": LoanBrokerRun, "pipeline": PipelineRun}
"""What may be simulated, by name."""


def simulate(seeds: range, blobs: Blobs, of: str = "loan-broker") -> Counter[str]:
    """Run the seeds of one of ``RUNS``; what happened, counted. ``AssertionError`` names the first seed that failed."""
    counts: Counter[str] = Counter()
    for seed in seeds:
        run = RUNS[of](seed, blobs)
        try:
            run.run()
        except Exception as error:
            raise AssertionError(
                f"seed {seed} failed: {error!r}; again: make simulate OF={of} SEEDS=1 FIRST={seed}"
            ) from error
        counts += run.world.counts
        counts["seeds"] += 1
    return counts


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000, help="how many (default: %(default)s)")
    parser.add_argument("--first", type=int, default=0, help="the first one (default: %(default)s)")
    parser.add_argument("--of", choices=sorted(RUNS), action="append", help="what (default: everything)")
    arguments = parser.parse_args()
    logging.disable(logging.WARNING)
    began = time.monotonic()
    blobs = Blobs(None)
    total: Counter[str] = Counter()
    for first in range(arguments.first, arguments.first + arguments.seeds, 100):
        seeds = range(first, min(first + 100, arguments.first + arguments.seeds))
        try:
            for of in arguments.of or sorted(RUNS):
                total += simulate(seeds, blobs, of)
        except AssertionError as failure:
            traceback.print_exception(failure.__cause__ or failure)
            print(failure, file=sys.stderr)
            return 1
        print(f"seeds {seeds.start} to {seeds.stop - 1}: fine ({time.monotonic() - began:.0f} s)", flush=True)
    print(f"{total['seeds']} passed, 0 failed")
    print(", ".join(f"{name}: {count}" for name, count in sorted(total.items())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
