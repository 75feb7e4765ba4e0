"""Identifiers: their form, their order, their repeatability."""

from __future__ import annotations

import uuid

from hypothesis import given
from hypothesis import strategies as st

from segue.ids import Ids


@given(st.integers(0, 2**64))
def test_a_uuid_is_one_of_version_4(seed: int) -> None:
    made = uuid.UUID(text := Ids(seed).uuid())
    assert (str(made), made.version, made.variant) == (text, 4, uuid.RFC_4122)


@given(st.integers(0, 2**64), st.integers(0, 2**48 - 1))
def test_a_uuid_by_time_is_one_of_version_7_that_tells_its_time(seed: int, now_ms: int) -> None:
    made = uuid.UUID(text := Ids(seed).uuid_by_time(now_ms))
    assert (str(made), made.version, made.variant) == (text, 7, uuid.RFC_4122)
    assert made.int >> 80 == now_ms


@given(st.integers(0, 2**64), st.lists(st.integers(0, 2**40), min_size=2, max_size=20, unique=True))
def test_uuids_by_time_sort_by_their_time(seed: int, times: list[int]) -> None:
    ids = Ids(seed)
    made = [ids.uuid_by_time(at) for at in sorted(times)]
    assert made == sorted(made)


def test_the_same_seed_makes_the_same_ids() -> None:
    assert [Ids(7).uuid() for _ in range(2)] == [Ids(7).uuid() for _ in range(2)]


def test_ordered_numbers_grow_whatever_the_clock_says() -> None:
    ids = Ids(1)
    made = [ids.ordered(now_ms) for now_ms in (5_000, 5_000, 4_000, 6_000)]
    assert made == sorted(set(made))


@given(st.lists(st.tuples(st.integers(1, 3_000), st.integers(0, 1_023), st.integers(1, 4)), min_size=2, max_size=20))
def test_nodes_that_begin_one_after_the_other_number_in_that_order(batches: list[tuple[int, int, int]]) -> None:
    """Microseconds since the last, the node, how many numbers it makes; what its own clock says does not count."""
    nodes: dict[int, Ids] = {}
    made: list[int] = []
    now_us = 1_700_000_000_000_000
    for passed_us, node, count in batches:
        now_us += passed_us
        ids = nodes.setdefault(node, Ids(1))
        ids.place(node)
        ids.begin(now_us)
        made += [ids.ordered(node * 1_000) for _ in range(count)]
        assert made[-1] >> 22 == now_us // 1_000
    assert made == sorted(set(made))
