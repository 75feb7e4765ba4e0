"""The queue of jobs: due in order, leased, settled once, parked until a wake or a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segue.clock import ManualClock
from segue.ids import Ids
from segue.jobs import Job, cancel, cancel_all, enqueue, enqueue_parked, queue, wake
from segue.store import Transaction, Unit
from segue.store.sqlite import SqliteStore
from tests.effort import counted

NOW_MS = 1_000_000


class House:
    """A store in memory with the jobs' table."""

    def __init__(self) -> None:
        self.clock = ManualClock(NOW_MS)
        self.store = SqliteStore(None, {"jobs": queue.MIGRATIONS}, self.clock, Ids(1))

    def run(self, unit: Unit[Any]) -> Any:
        return self.store.transact(unit)[0]

    def woken(self, unit: Unit[Any]) -> list[str]:
        return list(self.store.transact(unit)[1])

    def due(self) -> list[Job]:
        jobs: list[Job] = self.run(lambda tx: queue.due(tx, 100))
        return jobs

    def payloads(self) -> list[Any]:
        return [job.payload for job in self.due()]


@pytest.fixture
def house() -> Iterator[House]:
    made = House()
    yield made
    made.store.close()


@pytest.mark.parametrize("payload", [None, 0, "text", b"bytes", [1, {"a": [None, 1.0]}], {"n": 2**63 - 1, 7: "key"}])
def test_a_job_is_what_was_enqueued(house: House, payload: Any) -> None:
    job_id = house.run(lambda tx: enqueue(tx, "sqs:expire", "arn", payload, trace="Root=1"))
    (job,) = house.due()
    assert job == Job(job_id, "sqs:expire", "arn", payload, 1, NOW_MS, NOW_MS, "Root=1", 0)
    assert type(job.payload) is type(payload)


def test_a_job_is_due_at_its_time_and_not_before(house: House) -> None:
    house.run(lambda tx: enqueue(tx, "a:b", "k", 1, at_ms=NOW_MS + 10))
    house.clock.advance(9)
    assert house.due() == []
    assert house.run(queue.next_due_ms) == NOW_MS + 10
    house.clock.advance(1)
    assert house.payloads() == [1]


@given(st.lists(st.integers(-20, 20), max_size=30))
@settings(max_examples=60, deadline=None)
def test_jobs_are_due_in_the_order_of_their_times_and_then_of_their_making(delays: list[int]) -> None:
    house = House()
    for number, delay in enumerate(delays):
        house.run(lambda tx: enqueue(tx, "a:b", "k", number, at_ms=NOW_MS + delay))  # noqa: B023
    expected = sorted((delay, number) for number, delay in enumerate(delays) if delay <= 0)
    assert house.payloads() == [number for _, number in expected]
    assert house.run(queue.next_due_ms) == (NOW_MS + min(delays) if delays else None)
    house.store.close()


def test_jobs_of_kinds_that_are_left_out_are_not_looked_through(house: House) -> None:
    for _ in range(1_000):
        house.run(lambda tx: enqueue(tx, "others", "k", None, at_ms=NOW_MS + 60_000))

    def look(tx: Transaction) -> int:
        return queue.next_due_without_ms(tx, {"others"}, NOW_MS + 300)

    assert house.run(look) == NOW_MS + 300
    assert house.run(counted(look)) < 100
    house.run(lambda tx: enqueue(tx, "ours", "k", None, at_ms=NOW_MS + 10))
    assert house.run(look) == NOW_MS + 10


def test_what_waits_is_counted_without_looking_through_timers(house: House) -> None:
    for _ in range(3):
        house.run(lambda tx: enqueue(tx, "due", "k", None))
    for _ in range(2_000):
        house.run(lambda tx: enqueue(tx, "timer", "k", None, at_ms=NOW_MS + 10_000))
    assert house.run(lambda tx: queue.count_waiting(tx, 10)) == 3
    house.run(lambda tx: [queue.lease(tx, job) for job in queue.due(tx, 2)])
    assert house.run(lambda tx: queue.count_waiting(tx, 10)) == 3
    assert house.run(lambda tx: queue.count_waiting(tx, 2)) == 2
    assert house.run(counted(lambda tx: queue.count_waiting(tx, 10))) < 2_000


def test_a_leased_job_is_not_due_until_its_lease_runs_out(house: House) -> None:
    house.run(lambda tx: enqueue(tx, "a:b", "k", 1))
    leased = house.run(lambda tx: queue.lease(tx, queue.due(tx, 1)[0]))
    assert house.due() == []
    house.clock.advance(queue.LEASE_MS)
    (again,) = house.due()
    assert again.attempts == 2
    assert house.run(lambda tx: queue.holds(tx, leased))  # nobody has taken it yet
    taken = house.run(lambda tx: queue.lease(tx, again))
    assert not house.run(lambda tx: queue.holds(tx, leased))
    assert house.run(lambda tx: queue.holds(tx, taken))


def test_renewing_prolongs_only_the_lease_that_is_held(house: House) -> None:
    house.run(lambda tx: enqueue(tx, "a:b", "k", 1))
    leased = house.run(lambda tx: queue.lease(tx, queue.due(tx, 1)[0]))
    house.clock.advance(queue.LEASE_MS - 1)
    house.run(lambda tx: queue.renew(tx, [leased]))
    house.clock.advance(queue.LEASE_MS - 1)
    assert house.due() == []
    house.clock.advance(1)
    house.run(lambda tx: queue.lease(tx, queue.due(tx, 1)[0]))
    house.clock.advance(queue.LEASE_MS)
    house.run(lambda tx: queue.renew(tx, [leased]))  # an earlier holder
    assert len(house.due()) == 1


def test_what_an_earlier_process_held_is_due_at_once(house: House) -> None:
    house.run(lambda tx: enqueue(tx, "a:b", "k", 1))
    house.run(lambda tx: enqueue(tx, "a:b", "k", 2, at_ms=NOW_MS + 500))
    leased = house.run(lambda tx: queue.lease(tx, queue.due(tx, 1)[0]))
    assert house.run(queue.release_leases) == 1
    assert house.payloads() == [1]
    assert not house.run(lambda tx: queue.holds(tx, leased))


@pytest.mark.parametrize(
    ("cancelled", "left"),
    [
        (lambda tx: cancel(tx, "a:b", "k"), ["other kind", "other key"]),
        (lambda tx: cancel_all(tx, "k"), ["other key"]),
        (lambda tx: cancel(tx, "a:b", "nobody"), ["job", "other kind", "other key"]),
    ],
)
def test_cancelling_removes_by_kind_and_key(house: House, cancelled: Unit[int], left: list[str]) -> None:
    for kind, key, payload in (("a:b", "k", "job"), ("a:c", "k", "other kind"), ("a:b", "l", "other key")):
        house.run(lambda tx: enqueue(tx, kind, key, payload))  # noqa: B023
    assert house.run(cancelled) == 3 - len(left)
    assert house.payloads() == left


def test_a_job_cancelled_while_leased_is_no_longer_held(house: House) -> None:
    house.run(lambda tx: enqueue(tx, "a:b", "k", 1))
    leased = house.run(lambda tx: queue.lease(tx, queue.due(tx, 1)[0]))
    house.run(lambda tx: cancel(tx, "a:b", "k"))
    assert not house.run(lambda tx: queue.holds(tx, leased))
    house.run(lambda tx: queue.reschedule(tx, leased, NOW_MS))
    assert house.due() == []


def test_a_parked_job_is_due_at_the_wake_of_its_key_or_at_its_time(house: House) -> None:
    house.run(lambda tx: enqueue_parked(tx, "a:b", "k", "woken", wait_key="door", until_ms=NOW_MS + 50))
    house.run(lambda tx: enqueue_parked(tx, "a:b", "k", "late", wait_key="other", until_ms=NOW_MS + 50))
    assert house.woken(lambda tx: wake(tx, "nobody waits")) == ["nobody waits"]
    assert house.due() == []
    assert house.woken(lambda tx: wake(tx, "door")) == ["door", queue.DUE]
    assert house.payloads() == ["woken"]
    assert house.woken(lambda tx: wake(tx, "door")) == ["door"]  # it waits no more
    house.clock.advance(50)
    assert house.payloads() == ["woken", "late"]


def test_a_job_rescheduled_to_wait_begins_its_attempts_anew_and_one_to_retry_does_not(house: House) -> None:
    house.run(lambda tx: enqueue(tx, "a:b", "k", 1))
    for attempt in (1, 2, 3):
        (job,) = house.due()
        assert job.attempts == attempt
        house.run(lambda tx: queue.reschedule(tx, job, NOW_MS, payload=[attempt]))  # noqa: B023
    assert house.payloads() == [[3]]
    house.run(lambda tx: queue.reschedule(tx, queue.due(tx, 1)[0], NOW_MS + 5, wait_key="door"))
    house.run(lambda tx: wake(tx, "door"))
    (job,) = house.due()
    assert (job.attempts, job.payload) == (1, [3])


def test_every_new_or_earlier_time_wakes_the_worker(house: House) -> None:
    assert house.woken(lambda tx: enqueue(tx, "a:b", "k", 1, at_ms=NOW_MS + 10)) == [queue.DUE]
    job = Job(1, "a:b", "k", 1, 1, 0, 0, "", 0)
    assert house.woken(lambda tx: queue.reschedule(tx, job, NOW_MS)) == [queue.DUE]
