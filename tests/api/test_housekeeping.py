"""What is old is forgotten, a piece at a time; what is young stays."""

from __future__ import annotations

from typing import Any

import pytest

from segue.api import Call, housekeeping
from segue.api.deliveries import Delivery, record
from segue.config import Kept
from segue.jobs import Again, Job, queue
from tests.api.house import House

DAY_MS = 86_400_000
HOUR_MS = 3_600_000


def keep_house(house: House, payload: Any = None) -> Again:
    """One piece."""
    job = Job(1, housekeeping.JOB, housekeeping.JOB, payload, 1, 0, 0, "", 0)
    return house.run(lambda call: housekeeping.run_housekeeping(call, job))


def test_old_hops_go_and_young_ones_stay() -> None:
    house = House()
    house.run(lambda call: record(call, Delivery("a", "old", "sqs:SendMessage")))
    house.clock.advance(6 * DAY_MS)
    house.run(lambda call: record(call, Delivery("a", "young", "sqs:SendMessage")))
    house.clock.advance(2 * DAY_MS)
    assert keep_house(house) == Again(house.clock.now_ms() + HOUR_MS, [0, None])
    assert [hop[2] for hop in house.hops()] == ["young"]


def test_whoever_has_more_to_forget_goes_on_at_once_where_he_was_and_then_it_is_the_next_ones_turn() -> None:
    house = House()
    seen: list[tuple[str, Any]] = []

    def keeper(name: str, pieces: int) -> Any:
        def forget(_: Call, place: int | None) -> int | None:
            seen.append((name, place))
            return (place or 0) + 1 if (place or 0) + 1 < pieces else None

        return forget

    house.service.housekeeping += [keeper("first", 1), keeper("second", 3), keeper("third", 2)]
    payload = None
    for _ in range(3):
        again = keep_house(house, payload)
        assert again.at_ms == house.clock.now_ms()
        payload = again.payload
    assert keep_house(house, payload) == Again(house.clock.now_ms() + HOUR_MS, [0, None])
    assert seen == [("first", None), ("second", None), ("second", 1), ("second", 2), ("third", None), ("third", 1)]


@pytest.mark.parametrize(
    ("kept", "every_ms"),
    [
        (Kept(), HOUR_MS),
        (Kept(executions_ms=60_000), 15_000),
        (Kept(deliveries_ms=1), 1_000),
        (Kept(logs_ms=1_000_000), 250_000),
    ],
)
def test_what_is_kept_for_a_short_time_is_looked_for_more_often(kept: Kept, every_ms: int) -> None:
    assert housekeeping.every_ms(kept) == every_ms


def test_there_is_one_job_of_each_kind_however_often_the_server_starts() -> None:
    house = House()
    for _ in range(3):
        house.run(lambda call: housekeeping.ensure(call.tx, Kept()))
    house.clock.advance(DAY_MS)
    due = house.store.transact(lambda tx: queue.due(tx, 10))[0]
    assert [job.kind for job in due] == [housekeeping.JOB, housekeeping.BLOBS_JOB]


def test_a_server_that_keeps_less_than_before_looks_at_once() -> None:
    house = House()
    house.run(lambda call: housekeeping.ensure(call.tx, Kept()))
    house.run(lambda call: housekeeping.ensure(call.tx, Kept(executions_ms=60_000)))
    due = house.store.transact(lambda tx: queue.due(tx, 10))[0]
    assert [job.kind for job in due] == [housekeeping.JOB]
