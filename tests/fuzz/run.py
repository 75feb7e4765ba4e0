"""``make fuzz SECONDS=60``: definitions, inputs and events by chance, for as long as you like.

A failure is shrunk to a small definition and printed; ``--seed`` of the last line repeats its round.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
import traceback
from collections import Counter
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st

from tests.fuzz.definitions import definitions, inputs, mutated
from tests.fuzz.lives import live

_ROUND = 200


def fuzz_round(seed: int, counts: Counter[str]) -> None:
    """Some hundred lives of definitions and mutated definitions."""
    many = settings(
        max_examples=_ROUND,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    lives = (inputs, st.integers(0, 2**32), st.sampled_from([1, 3, 1000]), st.integers(1, 10))

    for definition_strategy in (definitions(2), mutated(2)):

        @seeded(seed)
        @many
        @given(definition_strategy, *lives)
        def lived(definition: Any, given_input: Any, seed: int, budget: int, snapshot: int) -> None:
            counts[live(definition, given_input, seed, budget, snapshot)] += 1

        lived()


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="how long (default: %(default)s)")
    parser.add_argument("--seed", type=int, help="of the first round")
    arguments = parser.parse_args()
    seed = arguments.seed if arguments.seed is not None else random.randrange(1_000_000)
    counts: Counter[str] = Counter()
    until = time.monotonic() + arguments.seconds
    while True:
        try:
            fuzz_round(seed, counts)
        except BaseException:
            traceback.print_exc()
            print(f"again: python -m tests.fuzz.run --seconds 1 --seed {seed}", file=sys.stderr)
            return 1
        seed += 1
        if time.monotonic() > until:
            break
    print(f"{counts.total()} lives, all well; {', '.join(f'{name}: {n}' for name, n in counts.most_common())}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
