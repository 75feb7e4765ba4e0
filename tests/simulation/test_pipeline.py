"""The pipeline in hundreds of worlds, and the proof that the simulation notices what it is there for."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from segue.services.sns import publish
from segue.services.sqs import fifo, messages
from segue.services.sqs.records import Queue
from segue.store import Transaction
from segue.store.blobs import Blobs
from tests.simulation.run import simulate

SEEDS_PER_PART = 30
PARTS = 4


@pytest.fixture(autouse=True)
def _quiet() -> object:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("part", range(PARTS))
def test_every_order_is_done_once_and_in_its_turn(part: int) -> None:
    seeds = range(part * SEEDS_PER_PART, (part + 1) * SEEDS_PER_PART)
    counts = simulate(seeds, Blobs(None), "pipeline")
    assert counts["seeds"] == SEEDS_PER_PART
    assert counts["crashes"] > 30, "the worlds are too calm to show anything"
    assert counts["brought back"] > 20
    assert counts["settled late"] > 5


def test_a_queue_that_forgets_whom_it_keeps_waiting_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def anybody(tx: Transaction, queue: Queue, count: int, taken: set[int]) -> list[int]:
        rows = tx.all(
            "SELECT id FROM sqs_messages WHERE queue = ? AND visible_at <= ? ORDER BY id LIMIT ?",
            queue.arn,
            tx.now_ms,
            count,
        )
        return [row[0] for row in rows]

    monkeypatch.setattr(fifo, "receivable", anybody)
    _is_found_out("overtook")


def test_a_topic_that_forgets_what_it_has_taken_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def forget(*_: Any) -> None:
        return None

    monkeypatch.setattr(publish, "remember_message", forget)
    monkeypatch.setattr(messages, "remember_message", forget)
    _is_found_out("")


def _is_found_out(how: str) -> None:
    with pytest.raises(AssertionError, match=r"seed \d+ failed") as found:
        simulate(range(60), Blobs(None), "pipeline")
    assert how in str(found.value.__cause__)
