"""What nodes tell each other fits into notices, and comes back as it was."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from segue.store.postgres import notices

KEYS = st.lists(st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=40), max_size=30)


@given(KEYS, st.integers(0, 2**63 - 1))
def test_keys_come_back(keys: list[str], latest: int) -> None:
    read = [notices.read(notice) for notice in notices.write("node", latest, keys)]
    assert [key for _, _, told in read for key in told] == list(dict.fromkeys(keys))
    assert {(node, at) for node, at, _ in read} <= {("node", latest)}


@given(st.lists(st.text(min_size=1, max_size=6_000), max_size=30))
def test_no_notice_is_longer_than_the_server_takes_and_no_wake_is_lost(keys: list[str]) -> None:
    written = list(notices.write("node", 1, keys))
    assert all(len(notice.encode()) < 8_000 for notice in written)
    told = {key for notice in written for key in notices.read(notice)[2]}
    assert notices.EVERYBODY in told or set(keys) <= told
