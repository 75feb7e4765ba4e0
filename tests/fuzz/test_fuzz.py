"""The quick part of ``make fuzz``: some definitions a run."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.definitions import definitions, inputs, mutated
from tests.fuzz.lives import live

quick = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
LIVES = (inputs, st.integers(0, 2**32), st.sampled_from([1, 3, 1000]), st.integers(1, 10))


@quick
@given(definitions(), *LIVES)
def test_whatever_happens_the_history_holds(
    definition: Any, given_input: Any, seed: int, budget: int, snapshot: int
) -> None:
    live(definition, given_input, seed, budget, snapshot)


@quick
@given(mutated(), *LIVES)
def test_no_definition_breaks_the_engine(
    definition: Any, given_input: Any, seed: int, budget: int, snapshot: int
) -> None:
    live(definition, given_input, seed, budget, snapshot)
