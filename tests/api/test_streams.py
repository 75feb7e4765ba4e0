"""Streams: appended to, read from a place on, divided into lanes, forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue import jobs
from segue.api import streams
from segue.api.streams import Lane, Stream
from segue.clock import ManualClock
from segue.ids import Ids
from segue.jobs import queue
from segue.store.sqlite import SqliteStore
from tests.api.house import SCHEMA

DAY_MS = 86_400_000


class Streams:
    """A store with one stream."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.store = SqliteStore(None, SCHEMA, self.clock, Ids(1))
        self.do(lambda tx: streams.open_stream(tx, "arn", "scope", DAY_MS, {"told": 1}))

    def do(self, unit: Any) -> Any:
        return self.store.transact(unit)[0]

    @property
    def stream(self) -> Stream:
        found = self.do(lambda tx: streams.find_stream(tx, "arn"))
        assert found is not None
        return found  # type: ignore[no-any-return]

    def append(self, content: str, bucket: int = 0, size: int = 1) -> None:
        stream = self.stream.id
        self.do(lambda tx: streams.append(tx, stream, bucket, size, content.encode()))

    def read(self, after: int = 0, limit: int = 1_000, max_bytes: int = 1_000_000, lane: Lane = streams.WHOLE) -> Any:
        stream = self.stream
        found, upto = self.do(lambda tx: streams.read(tx, stream, after, limit, max_bytes, lane))
        return "".join(record.content.decode() for record in found), upto


@pytest.fixture
def house() -> Iterator[Streams]:
    built = Streams()
    yield built
    built.store.close()


def test_records_are_read_in_order_from_a_place_on(house: Streams) -> None:
    for content in "abcde":
        house.append(content)
    first, upto = house.read(limit=2)
    rest, end = house.read(after=upto)
    assert (first, rest) == ("ab", "cde")
    assert house.read(after=end) == ("", end)
    house.append("f")
    assert house.read(after=end)[0] == "f"


def test_a_page_is_bounded_in_bytes_but_never_empty(house: Streams) -> None:
    for content in "abc":
        house.append(content, size=10)
    assert house.read(max_bytes=25)[0] == "ab"
    assert house.read(max_bytes=1)[0] == "a"


def test_a_lane_that_has_nothing_left_goes_on_behind_the_others(house: Streams) -> None:
    for bucket, content in enumerate("abcabc"):
        house.append(content, bucket=bucket % 3)
    end = house.read()[1]
    assert [house.read(lane=Lane(3, lane)) for lane in range(3)] == [("aa", end), ("bb", end), ("cc", end)]
    assert house.read(lane=Lane(3, 0), limit=1)[1] < end


def test_old_records_are_forgotten_and_then_ended_streams(house: Streams) -> None:
    house.append("a")
    oldest = house.stream.id
    house.clock.advance(DAY_MS - 1_000)
    house.append("b")
    house.clock.advance(2_000)
    stream = house.stream
    assert house.read()[0] == "b"
    assert house.do(lambda tx: streams.has_forgotten(tx, stream, oldest))
    assert house.do(lambda tx: streams.forget(tx, 1))
    assert not house.do(lambda tx: streams.forget(tx, 1))
    assert not house.do(lambda tx: streams.has_forgotten(tx, stream, oldest))
    house.do(lambda tx: streams.close_stream(tx, stream.id))
    house.clock.advance(DAY_MS + 1)
    assert not house.do(lambda tx: streams.forget(tx, 100))
    assert house.do(lambda tx: streams.find_stream(tx, "arn")) is None
    assert house.do(lambda tx: tx.all("SELECT 1 FROM stream_records")) == []


def test_a_record_wakes_the_jobs_that_wait_for_it(house: Streams) -> None:
    key, now_ms = streams.wake_key(house.stream.id), house.clock.now_ms()
    house.do(lambda tx: jobs.enqueue_parked(tx, "kind", "key", {}, wait_key=key, until_ms=now_ms + DAY_MS))
    assert house.do(queue.next_due_ms) == now_ms + DAY_MS
    house.append("a")
    assert house.do(queue.next_due_ms) == now_ms


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(1, 50)), max_size=20), st.integers(1, 5), st.integers(1, 60))
def test_whoever_goes_on_sees_every_record_once(written: list[tuple[int, int]], limit: int, max_bytes: int) -> None:
    house = Streams()
    for number, (bucket, size) in enumerate(written):
        house.append(chr(ord("a") + number), bucket, size)
    for lanes in (1, 2):
        seen = ""
        for lane in range(lanes):
            upto = 0
            for _ in range(len(written) + 1):
                found, upto = house.read(upto, limit, max_bytes, Lane(lanes, lane))
                seen += found
        assert sorted(seen) == sorted(chr(ord("a") + number) for number in range(len(written)))
    house.store.close()
