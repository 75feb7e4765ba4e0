"""Run any number of seeds: ``python -m tests.simulation.run --seeds 1000 --first 0 --of pipeline --nodes 3``. A failing
seed is named, with the command that lives through it again.
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterable
from typing import Protocol

from tests.simulation.loan_broker import LoanBrokerRun
from tests.simulation.medley import MedleyRun
from tests.simulation.pipeline import PipelineRun
from tests.simulation.world import World


class Run(Protocol):
    """One world: lived through, and checked."""

    world: World

    def __init__(self, seed: int, nodes: int | None = None) -> None: ...

    def run(self) -> None: ...


RUNS: dict[str, type[Run]] = {"loan-broker": LoanBrokerRun, "pipeline": PipelineRun, "medley": MedleyRun}
"""What may be simulated, by name."""


def simulate(seeds: Iterable[int], of: str, nodes: int | None = None) -> Counter[str]:
    """Run the seeds of one of ``RUNS``; what happened, counted. ``AssertionError`` names the first seed that failed."""
    counts: Counter[str] = Counter()
    for seed in seeds:
        run = RUNS[of](seed, nodes)
        try:
            run.run()
        except Exception as error:
            again = f"make simulate OF={of} SEEDS=1 FIRST={seed}" + (f" NODES={nodes}" if nodes else "")
            raise AssertionError(
                f"seed {seed} failed: {error!r} (digest {run.world.digest:08x}); again: {again}"
            ) from error
        finally:
            run.world.close()
        counts += run.world.counts
        counts["seeds"] += 1
    return counts


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000, help="how many (default: %(default)s)")
    parser.add_argument("--first", type=int, default=0, help="the first one (default: %(default)s)")
    parser.add_argument("--of", choices=sorted(RUNS), action="append", help="what (default: everything)")
    parser.add_argument("--nodes", type=int, help="how many share the store (default: by chance)")
    parser.add_argument("--all", action="store_true", help="go on after a failure")
    arguments = parser.parse_args()
    logging.getLogger("segue").propagate = False
    began = time.monotonic()
    total: Counter[str] = Counter()
    failed = 0
    for seed in range(arguments.first, arguments.first + arguments.seeds):
        for of in arguments.of or sorted(RUNS):
            try:
                total += simulate([seed], of, arguments.nodes)
            except AssertionError as failure:
                if not arguments.all:
                    traceback.print_exception(failure.__cause__ or failure)
                print(failure, file=sys.stderr, flush=True)
                failed += 1
                if not arguments.all:
                    return 1
        if (seed + 1) % 100 == 0:
            print(f"up to seed {seed}: {failed} failed ({time.monotonic() - began:.0f} s)", flush=True)
    print(f"{total['seeds']} passed, {failed} failed")
    print(", ".join(f"{name}: {count}" for name, count in sorted(total.items())))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
