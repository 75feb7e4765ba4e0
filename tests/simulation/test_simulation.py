"""Hundreds of seeds, and the proof that the simulation notices what it is there for."""

from __future__ import annotations

import logging

import pytest

from segue.jobs import Job, queue
from segue.store import Transaction
from segue.store.blobs import Blobs
from tests.simulation.loan_broker import LoanBrokerRun
from tests.simulation.run import simulate

SEEDS_PER_PART = 60
PARTS = 4


@pytest.fixture(autouse=True)
def _quiet() -> object:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("part", range(PARTS))
def test_nothing_is_lost_in_any_world(part: int) -> None:
    counts = simulate(range(part * SEEDS_PER_PART, (part + 1) * SEEDS_PER_PART), Blobs(None))
    assert counts["seeds"] == SEEDS_PER_PART
    assert counts["crashes"] > 100, "the worlds are too calm to show anything"
    assert counts["late quotes"] > 10
    assert counts["settled late"] > 5


@pytest.mark.parametrize("before", [True, False])
def test_a_crash_at_each_commit_in_turn(before: bool) -> None:
    blobs = Blobs(None)
    crashed = True
    at = 0
    while crashed:
        at += 1
        run = LoanBrokerRun(7, blobs, crash_at=(at, before))
        run.names = ["three-banks", "one-bank", "malformed"]
        run.run()
        crashed = run.world.counts["crashes"] > 0
    assert at > 50, "three conversations should be longer than that"


def test_a_worker_that_forgets_what_it_claims_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    lease = queue.lease

    def forget(tx: Transaction, job: Job) -> Job:
        leased = lease(tx, job)
        tx.run("UPDATE jobs SET visible_at = ? WHERE id = ?", tx.now_ms + 10**12, job.id)
        return leased

    monkeypatch.setattr(queue, "lease", forget)
    monkeypatch.setattr(queue, "release_leases", lambda tx: 0)
    with pytest.raises(AssertionError, match=r"seed \d+ failed"):
        simulate(range(30), Blobs(None))


def test_an_acknowledgement_before_the_commit_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.simulation import world

    honest = world.World.transact

    def dishonest(self: world.World, unit: object) -> object:
        try:
            return honest(self, unit)  # type: ignore[arg-type]
        except world.Crash:
            return {"Attributes": {"Quotes": {"L": []}}, "Item": None}

    monkeypatch.setattr(world.World, "transact", dishonest)
    with pytest.raises(AssertionError, match=r"seed \d+ failed"):
        simulate(range(30), Blobs(None))
