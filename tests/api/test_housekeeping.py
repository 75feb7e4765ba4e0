"""What is old is forgotten, a piece at a time; what is young stays."""

from __future__ import annotations

from segue.api import Call, housekeeping
from segue.api.deliveries import Delivery, record
from segue.jobs import Again, queue
from tests.api.house import House

DAY_MS = 86_400_000


def test_old_hops_go_and_young_ones_stay() -> None:
    house = House()
    house.run(lambda call: record(call, Delivery("a", "old", "sqs:SendMessage")))
    house.clock.advance(6 * DAY_MS)
    house.run(lambda call: record(call, Delivery("a", "young", "sqs:SendMessage")))
    house.clock.advance(2 * DAY_MS)
    assert house.run(lambda call: housekeeping.run_housekeeping(call, None)) == Again(  # type: ignore[arg-type]
        house.clock.now_ms() + 3_600_000
    )
    assert [hop[2] for hop in house.hops()] == ["young"]


def test_it_comes_again_at_once_while_a_service_has_more_to_forget() -> None:
    house = House()
    pieces = [True, False]
    house.service.housekeeping.append(lambda call: pieces.pop(0))

    def at_ms(call: Call) -> int:
        return housekeeping.run_housekeeping(call, None).at_ms - call.now_ms  # type: ignore[arg-type]

    assert house.run(at_ms) == 0
    assert house.run(at_ms) == 3_600_000


def test_there_is_one_job_of_each_kind_however_often_the_server_starts() -> None:
    house = House()
    for _ in range(3):
        house.run(lambda call: housekeeping.ensure(call.tx))
    house.clock.advance(DAY_MS)
    due = house.store.transact(lambda tx: queue.due(tx, 10))[0]
    assert [job.kind for job in due] == [housekeeping.JOB, housekeeping.BLOBS_JOB]
