"""One job in one transaction: run, again, parked, sent outside, failed, cancelled."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from segue.api import Call
from segue.errors import AwsError, WrittenByNewer
from segue.jobs import Again, Job, Outbound, Pending, cancel_all, enqueue, queue, wake
from segue.worker.run_job import fail_job, run_job, settle_job
from tests.api.house import NOW_MS, House

BACKOFF_MS = [100, 1_000, 5_000, 30_000, 120_000, 300_000, 300_000]


class Jobs(House):
    """The small house with a handler that does what each test says."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: list[Any] = []
        self.seen: list[Job] = []
        self.api.jobs = {"test:job": self._handle}

    def _handle(self, call: Call, job: Job) -> Any:
        self.seen.append(job)
        call.tx.run("INSERT INTO kept VALUES (?, '', '', ?)", str(job.payload), call.trace)
        answer = self.answers.pop(0) if self.answers else None
        if callable(answer):
            answer = answer(call, job)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def enqueue(self, payload: Any, **more: Any) -> int:
        made: int = self.store.transact(lambda tx: enqueue(tx, "test:job", "k", payload, **more))[0]
        return made

    def work(self) -> list[tuple[Job, Outbound]]:
        """What the worker's claim does."""
        return self.store.transact(
            lambda tx: [left for job in queue.due(tx, 32) if (left := run_job(self.api, tx, job)) is not None]
        )[0]

    def waiting(self) -> list[tuple[Any, ...]]:
        return self.store.transact(
            lambda tx: tx.all("SELECT visible_at, attempts, wait_key, last_error FROM jobs ORDER BY id")
        )[0]


def test_a_job_that_is_done_is_gone_and_its_rows_are_there() -> None:
    house = Jobs()
    house.enqueue("a", trace="Root=1-b")
    assert house.work() == []
    assert (house.kept("body, trace"), house.waiting()) == ([("a", "Root=1-b")], [])


def test_again_runs_it_with_another_payload_at_its_time() -> None:
    house = Jobs()
    house.answers = [Again(NOW_MS + 50, {"n": 2}, "busy")]
    house.enqueue({"n": 1})
    house.work()
    assert house.waiting() == [(NOW_MS + 50, 1, None, "busy")]
    house.work()
    assert len(house.seen) == 1
    house.clock.advance(50)
    house.work()
    assert [(job.payload, job.attempts) for job in house.seen] == [({"n": 1}, 1), ({"n": 2}, 2)]
    assert house.waiting() == []


def test_pending_parks_it_until_the_wake_of_its_key() -> None:
    house = Jobs()
    house.answers = [Pending(("door",), NOW_MS + 50)]
    house.enqueue("a")
    house.work()
    assert house.waiting() == [(NOW_MS + 50, 0, "door", None)]
    house.store.transact(lambda tx: wake(tx, "door"))
    house.work()
    assert (len(house.seen), house.waiting()) == (2, [])


def test_a_job_cannot_wait_for_several_keys_and_says_so() -> None:
    house = Jobs()
    house.answers = [Pending(("door", "window"), NOW_MS + 50)]
    house.enqueue("a")
    house.work()
    ((_, _, _, error),) = house.waiting()
    assert "one key, not for 2" in error


def test_a_failing_job_takes_back_its_rows_hurts_no_other_and_is_tried_later_and_later(
    caplog: pytest.LogCaptureFixture,
) -> None:
    house = Jobs()
    house.answers = [AwsError("Odd", "no"), None]
    house.enqueue("fails")
    house.enqueue("works")
    house.work()
    assert house.kept() == ["works"]
    ((at_ms, attempts, _, error),) = house.waiting()
    assert (at_ms - NOW_MS, attempts, error) == (BACKOFF_MS[0], 1, "AwsError: Odd: no")
    for delay_ms in BACKOFF_MS[1:]:
        house.clock.advance(at_ms - house.clock.now_ms())
        house.answers = [ValueError("still")]
        house.work()
        ((at_ms, _, _, _),) = house.waiting()
        assert at_ms - house.clock.now_ms() == delay_ms
    assert "test:job of k failed" in caplog.text


def test_a_job_of_an_unknown_kind_is_kept_and_named() -> None:
    house = Jobs()
    house.store.transact(lambda tx: enqueue(tx, "old:kind", "k", 1))
    house.work()
    ((_, _, _, error),) = house.waiting()
    assert "old:kind" in error


def test_a_job_cancelled_by_one_that_runs_before_it_does_not_run() -> None:
    house = Jobs()
    house.answers = [lambda call, job: cancel_all(call.tx, "k") and None]
    house.enqueue("first")
    house.enqueue("second")
    house.work()
    assert [job.payload for job in house.seen] == ["first"]
    assert house.waiting() == []


def outbound(settle: Any = lambda call, outcome: None) -> Outbound:
    return Outbound("test:effect", {"x": 1}, settle)


def test_what_leaves_is_leased_and_settled_in_one_transaction_with_its_end() -> None:
    house = Jobs()
    house.answers = [
        outbound(lambda call, outcome: call.tx.run("INSERT INTO kept VALUES (?, '', '', '')", outcome) and None)
    ]
    house.enqueue("a")
    ((job, sent),) = house.work()
    assert house.work() == []
    assert house.store.transact(lambda tx: settle_job(house.api, tx, job, sent, "came back"))[0]
    assert (house.kept(), house.waiting()) == (["a", "came back"], [])
    assert not house.store.transact(lambda tx: settle_job(house.api, tx, job, sent, "twice"))[0]
    assert house.kept() == ["a", "came back"]


def test_settling_a_job_that_was_cancelled_or_taken_over_does_nothing() -> None:
    for lose in (lambda tx: cancel_all(tx, "k"), queue.release_leases):
        house = Jobs()
        house.answers = [outbound(lambda call, outcome: pytest.fail("settled"))]
        house.enqueue("a")
        ((job, sent),) = house.work()
        house.store.transact(lose)
        assert not house.store.transact(lambda tx: settle_job(house.api, tx, job, sent, "late"))[0]  # noqa: B023
        house.store.transact(lambda tx: fail_job(tx, job, ValueError("late")))  # noqa: B023
        assert [row[3] for row in house.waiting()] in ([], [None])


@pytest.mark.parametrize("broken", ["the effect", "settling"])
def test_a_broken_effect_or_settling_is_tried_again(broken: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)

    def settle(call: Call, outcome: Any) -> None:
        call.tx.run("INSERT INTO kept VALUES ('half', '', '', '')")
        raise ValueError("broken")

    house = Jobs()
    house.answers = [outbound(settle)]
    house.enqueue("a")
    ((job, sent),) = house.work()
    if broken == "settling":
        assert house.store.transact(lambda tx: settle_job(house.api, tx, job, sent, "x"))[0]
    else:
        house.store.transact(lambda tx: fail_job(tx, job, ValueError("broken")))
    assert house.kept() == ["a"]
    assert house.waiting() == [(NOW_MS + 100, 1, None, "ValueError: broken")]


def test_settling_may_ask_for_another_try() -> None:
    house = Jobs()
    house.answers = [outbound(lambda call, outcome: Again(NOW_MS + 7, {"tries": 2}))]
    house.enqueue("a")
    ((job, sent),) = house.work()
    house.store.transact(lambda tx: settle_job(house.api, tx, job, sent, "x"))
    house.clock.advance(7)
    house.answers = []
    house.work()
    assert house.seen[-1].payload == {"tries": 2}


def test_what_a_newer_node_has_written_is_left_to_it_for_a_second_and_is_no_attempt() -> None:
    house = Jobs()
    house.answers = [WrittenByNewer("a frame"), WrittenByNewer("a frame")]
    house.enqueue("a")
    for number in range(1, 3):
        house.work()
        assert house.waiting() == [(NOW_MS + number * 1_000, 0, None, "a frame")]
        house.clock.advance(1_000)
    house.work()
    assert (house.waiting(), house.seen[-1].attempts) == ([], 1)
