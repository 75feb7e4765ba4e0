"""What waits, counted by sort and kind."""

from __future__ import annotations

from segue.jobs import enqueue, enqueue_parked, queue
from segue.jobs.backlog import Backlog, backlog
from tests.jobs.test_queue import NOW_MS, House


def test_an_empty_queue_has_no_backlog() -> None:
    assert House().run(backlog) == Backlog({"due": {}, "leased": {}, "parked": {}, "later": {}}, {}, 0)


def test_each_job_is_counted_once_where_it_belongs() -> None:
    house = House()
    house.run(lambda tx: enqueue(tx, "a:few", "k", None))
    house.clock.advance(40)
    for _ in range(3):
        house.run(lambda tx: enqueue(tx, "a:many", "k", None))
    house.run(lambda tx: enqueue(tx, "a:later", "k", None, at_ms=NOW_MS + 60_000))
    house.run(lambda tx: enqueue_parked(tx, "a:parked", "k", None, wait_key="w", until_ms=NOW_MS + 60_000))
    found = house.run(backlog)
    kinds = {"due": {"a:many": 3, "a:few": 1}, "leased": {}, "parked": {"a:parked": 1}, "later": {"a:later": 1}}
    assert (found, list(found.kinds["due"])) == (Backlog(kinds, {}, 40), ["a:many", "a:few"])


def test_leased_jobs_are_counted_by_node_and_those_whose_lease_has_run_out_are_due() -> None:
    house = House()
    house.store.ids.place(7)
    for _ in range(2):
        house.run(lambda tx: enqueue(tx, "a:b", "k", None))
    house.run(lambda tx: [queue.lease(tx, job) for job in queue.due(tx, 9)])
    assert house.run(backlog) == Backlog({"due": {}, "leased": {"a:b": 2}, "parked": {}, "later": {}}, {7: 2}, 0)
    house.clock.advance(queue.LEASE_MS + 5)
    assert house.run(backlog) == Backlog({"due": {"a:b": 2}, "leased": {}, "parked": {}, "later": {}}, {}, 5)
