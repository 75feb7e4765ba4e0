"""Where content is kept, as rows say it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.clock import ManualClock
from segue.ids import Ids
from segue.store import Transaction, contents
from segue.store.contents import YOUNG_MS, BlobMissing, ContentUnavailable, Kept, digest
from segue.store.sqlite import SqliteStore
from segue.wire.request import FilePiece

T = TypeVar("T")
Transact = Callable[[Callable[[Transaction], T]], T]
NAME = "ab" * 32


class Rows:
    def __init__(self, directory: Path) -> None:
        self.clock = ManualClock(10 * YOUNG_MS)
        self._store = SqliteStore(directory, {"contents": contents.MIGRATIONS}, self.clock, Ids(0))

    def __call__(self, unit: Callable[[Transaction], T]) -> T:
        return self._store.transact(unit)[0]

    def keep(self, place: str, name: str = NAME) -> bool:
        self(lambda tx: contents.begin(tx, place, 2))
        return self(lambda tx: contents.finish(tx, kept(place, name)))

    def an_hour_later(self) -> None:
        self.clock.advance(YOUNG_MS + 1)


@pytest.fixture
def rows(tmp_path: Path) -> Rows:
    return Rows(tmp_path)


def kept(place: str, name: str = NAME) -> Kept:
    return Kept(name, place, 5, 3, digest(b"abc") + digest(b"de"))


def test_what_is_whole_is_found_and_touched(rows: Rows) -> None:
    assert rows(lambda tx: contents.find(tx, [NAME])) == {}
    assert not rows(lambda tx: contents.touch(tx, NAME))
    assert rows.keep("rows/a")
    assert rows(lambda tx: contents.find(tx, [NAME, "other"])) == {NAME: kept("rows/a")}
    assert rows(lambda tx: contents.touch(tx, NAME))
    rows.an_hour_later()
    assert rows(lambda tx: contents.leaving(tx, 10)) == []  # its place is in nobody's way


def test_who_comes_second_leaves_his_place(rows: Rows) -> None:
    assert rows.keep("rows/a")
    assert rows.keep("rows/b")
    assert rows(lambda tx: contents.find(tx, [NAME])) == {NAME: kept("rows/a")}
    rows.an_hour_later()
    assert rows(lambda tx: contents.leaving(tx, 10)) == [("rows/b", 2)]


def test_an_upload_that_did_not_end_leaves_its_place_after_an_hour_and_cannot_end_then(rows: Rows) -> None:
    rows(lambda tx: contents.begin(tx, "rows/a", 2))
    rows(lambda tx: contents.put_chunk(tx, "rows/a", 0, b"abc"))
    assert rows(lambda tx: contents.leaving(tx, 10)) == []
    rows.an_hour_later()
    assert rows(lambda tx: contents.goes_on(tx, "rows/a"))  # it is alive: an hour more
    assert rows(lambda tx: contents.leaving(tx, 10)) == []
    rows.an_hour_later()
    assert rows(lambda tx: contents.leaving(tx, 10)) == [("rows/a", 2)]
    assert not rows(lambda tx: contents.goes_on(tx, "rows/a"))
    assert not rows(lambda tx: contents.finish(tx, kept("rows/a")))
    rows(lambda tx: contents.forget(tx, "rows/a"))
    assert rows(lambda tx: contents.get_chunk(tx, "rows/a", 0)) is None
    assert rows(lambda tx: contents.leaving(tx, 10)) == []


def test_only_what_is_old_is_dropped_and_its_chunks_stay_for_an_hour(rows: Rows) -> None:
    rows.keep("rows/old", "old")
    rows(lambda tx: contents.put_chunk(tx, "rows/old", 0, b"abc"))
    rows.keep("rows/touched", "touched")
    rows.an_hour_later()
    assert rows(lambda tx: contents.old(tx, "", 10)) == ["old", "touched"]
    assert rows(lambda tx: contents.old(tx, "old", 10)) == ["touched"]
    assert rows(lambda tx: contents.touch(tx, "touched"))  # somebody is about to name it
    rows.keep("rows/young", "young")
    rows(lambda tx: contents.drop(tx, ["old", "touched", "young"]))
    assert set(rows(lambda tx: contents.find(tx, ["old", "touched", "young"]))) == {"touched", "young"}
    assert rows(lambda tx: contents.leaving(tx, 10)) == []
    assert rows(lambda tx: contents.get_chunk(tx, "rows/old", 0)) == b"abc"
    rows.an_hour_later()
    assert rows(lambda tx: contents.leaving(tx, 10)) == [("rows/old", 2)]


def test_what_is_dropped_may_be_kept_again_at_another_place_meanwhile(rows: Rows) -> None:
    rows.keep("rows/first")
    rows.an_hour_later()
    rows(lambda tx: contents.drop(tx, [NAME]))
    rows.keep("rows/second")
    rows(lambda tx: contents.put_chunk(tx, "rows/second", 0, b"abc"))
    rows.an_hour_later()
    ((place, _),) = rows(lambda tx: contents.leaving(tx, 10))
    assert place == "rows/first"
    rows(lambda tx: contents.forget(tx, place))
    assert rows(lambda tx: contents.find(tx, [NAME]))[NAME].place == "rows/second"
    assert rows(lambda tx: contents.get_chunk(tx, "rows/second", 0)) == b"abc"


def test_a_chunk_is_looked_at_before_it_is_given_out() -> None:
    assert kept("rows/a").checked(1, b"de") == b"de"
    with pytest.raises(ContentUnavailable, match="damaged"):
        kept("rows/a").checked(1, b"df")
    with pytest.raises(BlobMissing, match="rows/a/0"):
        kept("rows/a").checked(0, None)


@given(st.integers(1, 40), st.integers(1, 9), st.integers(0, 50), st.integers(0, 50))
def test_a_stretch_is_cut_into_what_lies_in_each_chunk(size: int, chunk: int, offset: int, length: int) -> None:
    whole = bytes(range(size))
    content = Kept("x", "rows/x", size, chunk, b"")
    cut = content.cut(FilePiece("x", offset, length))
    chunks = [whole[at : at + chunk] for at in range(0, size, chunk)]
    assert b"".join(chunks[n][at : at + count] for n, at, count in cut) == whole[offset : offset + length]
