"""A thousand seeds, and the proof that the simulation notices what it is there for."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from segue.ids import Ids
from segue.jobs import Job, queue
from segue.services.sns import publish
from segue.services.sqs import fifo, messages
from segue.services.sqs.records import Queue
from segue.services.states import advance
from segue.store import Transaction
from segue.store.postgres.lane import Lane
from tests.simulation.loan_broker import LoanBrokerRun
from tests.simulation.run import RUNS, simulate

SEEDS = {"loan-broker": 400, "pipeline": 100, "medley": 500}
_PER_PART = 20
_PARTS = [(of, first) for of, seeds in SEEDS.items() for first in range(0, seeds, _PER_PART)]


@pytest.mark.parametrize(("of", "first"), _PARTS)
def test_nothing_is_lost_and_nothing_done_twice_in_any_world(of: str, first: int) -> None:
    counts = simulate(range(first, first + _PER_PART), of)
    assert counts["seeds"] == _PER_PART
    for what in ("crashes", "stopped", "taken for dead", "batches again", "batches lost", "asked again"):
        assert counts[what], f"{what}: the worlds are too calm to show anything"


@pytest.mark.parametrize("before", [True, False])
def test_a_node_dies_at_each_commit_in_turn(before: bool) -> None:
    at = 0
    crashed = True
    while crashed:
        at += 1
        run = LoanBrokerRun(7, 2)
        try:
            run.world.weather.clear()
            run.world.crash_at = (at, before)
            run.names = ["one-bank", "malformed"]
            run.run()
        finally:
            run.world.close()
        crashed = run.world.counts["crashes"] > 0
    assert at > 20, "two conversations should be longer than that"


_DIGESTS = """
from tests.simulation.run import RUNS
for of in sorted(RUNS):
    for seed in (3, 5):
        run = RUNS[of](seed)
        run.run()
        run.world.close()
        print(of, seed, run.world.digest)
"""


def test_the_same_seed_is_the_same_world_in_any_process() -> None:
    told = [
        subprocess.run(
            [sys.executable, "-c", _DIGESTS],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hash_seed in ("1", "2")
    ]
    assert told[0] == told[1]
    assert len(set(told[0].splitlines())) == 2 * len(RUNS)


def _anybody(tx: Transaction, queue: Queue, count: int, taken: set[int]) -> list[int]:
    sql = "SELECT id FROM sqs_messages WHERE queue = ? AND visible_at <= ? ORDER BY id LIMIT ?"
    return [row[0] for row in tx.all(sql, queue.arn, tx.now_ms, count)]


def _leased_for_ever(tx: Transaction, job: Job, lease: Callable[..., Job] = queue.lease) -> Job:
    leased = lease(tx, job)
    tx.run("UPDATE jobs SET visible_at = ? WHERE id = ?", tx.now_ms + 10**12, job.id)
    return leased


def _any_revision(trees: advance.Trees, execution: Any) -> Any:
    return trees._trees.pop(execution.arn, (0, None, 0))[1]


def _nothing(*_: Any) -> None:
    return None


_SABOTAGES: dict[str, tuple[str, tuple[tuple[Any, str, Any], ...]]] = {
    "a worker forgets what it claims": ("loan-broker", ((queue, "lease", _leased_for_ever),)),
    "a commit is believed that was never made": ("medley", ((Lane, "_is_committed", lambda *_: True),)),
    "what a batch that was undone has left in memory is used": ("medley", ((advance.Trees, "take", _any_revision),)),
    "ids are in the order of clocks": ("pipeline", ((Ids, "begin", _nothing),)),
    "a queue forgets whom it keeps waiting": ("pipeline", ((fifo, "receivable", _anybody),)),
    "a topic forgets what it has taken": (
        "pipeline",
        ((publish, "remember_message", _nothing), (messages, "remember_message", _nothing)),
    ),
}


@pytest.mark.parametrize("sabotage", _SABOTAGES)
def test_what_is_wrong_is_found_out(sabotage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    of, changes = _SABOTAGES[sabotage]
    simulate([0], of)  # what is deployed is as it should be
    for where, name, instead in changes:
        monkeypatch.setattr(where, name, instead)
    with pytest.raises(AssertionError, match=rf"seed \d+ failed.*again: make simulate OF={of} SEEDS=1 FIRST=\d+"):
        simulate(range(60), of)
