"""Content by its name."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from segue.clock import ManualClock
from segue.errors import AwsError
from segue.store.blobs import Blobs, ContentElsewhere
from segue.store.contents import BlobMissing, Kept
from segue.wire.request import FileBody, FilePiece


def test_content_is_found_by_its_digest_and_put_once(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path / "blobs")
    sha256 = blobs.put(b"content")
    assert sha256 == hashlib.sha256(b"content").hexdigest()
    inode = blobs.path(sha256).stat().st_ino
    assert blobs.put(b"content") == sha256
    assert blobs.path(sha256).stat().st_ino == inode
    assert Blobs(tmp_path / "blobs").path(sha256).read_bytes() == b"content"
    assert [file.name for file in (tmp_path / "blobs").glob("*/*")] == [sha256]


def test_content_that_is_not_here_is_asked_for_once_and_then_missing(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    with pytest.raises(ContentElsewhere) as away:
        blobs.body([("0123", 0, 10), ("4567", 0, 10)])
    assert [(piece.sha256, piece.size) for piece in away.value.fetch] == [
        ("0123", 1)
    ]  # the rest comes while it is sent
    blobs.missing.add("0123")
    with pytest.raises(BlobMissing, match="0123"):
        blobs.body([("0123", 0, 10)])
    with pytest.raises(ContentElsewhere):  # it may have come since
        blobs.body([("0123", 0, 10)])


def test_a_stretch_is_at_hand_where_its_chunks_are(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path, is_cache=True)
    names = [blobs.write(chunk) for chunk in (b"abc", b"def", b"g")]
    blobs.chunks["whole"] = Kept("whole", "rows/x", 7, 3, bytes.fromhex("".join(names)))
    body = blobs.body([("whole", 2, 5)])
    assert (blobs.read_body(body, 9), blobs.read_body(body, 2)) == (b"cdefg", b"cd")
    blobs.path(names[1]).unlink()
    assert blobs.read_body(body, 1) == b"c"
    with pytest.raises(ContentElsewhere):
        blobs.read_body(body, 2)


def test_what_a_row_is_to_name_is_kept_elsewhere_first_and_not_long_ago(tmp_path: Path) -> None:
    clock = ManualClock()
    blobs = Blobs(tmp_path, is_cache=True, largest_bytes=10, clock=clock)
    with pytest.raises(ContentElsewhere) as away:
        blobs.put(b"content")
    (sha256,) = away.value.send
    blobs.sent(sha256)
    assert blobs.put(b"content") == sha256
    clock.advance(601_000)
    with pytest.raises(ContentElsewhere):
        blobs.put(b"content")
    with pytest.raises(AwsError, match="11 bytes are more than the 10 that are kept in the database"):
        blobs.put(b"x" * 11)


def test_only_what_is_old_is_listed_and_removed(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    old, young = blobs.put(b"old"), blobs.put(b"young")
    os.utime(blobs.path(old), (0, 0))
    assert blobs.old() == [old]
    assert blobs.remove([old, young, "0" * 64]) == 1
    assert [blobs.path(sha256).exists() for sha256 in (old, young)] == [False, True]


def test_what_is_old_is_listed_a_piece_at_a_time(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    names = sorted(blobs.put(b"%d" % number) for number in range(40))
    for name in names:
        os.utime(blobs.path(name), (0, 0))
    found: list[str] = []
    while piece := blobs.old(found[-1] if found else "", limit=7):
        found += piece
    assert found == names


def test_a_put_makes_old_content_young_again(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    sha256 = blobs.put(b"x")
    os.utime(blobs.path(sha256), (0, 0))
    listed = blobs.old()
    blobs.put(b"x")
    assert listed == [sha256]
    assert blobs.remove(listed) == 0


def test_content_that_comes_in_pieces_is_there_when_it_is_whole(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    writer = blobs.writer()
    for piece in (b"a" * 100_000, b"", b"b"):
        writer.write(piece)
    assert not list(tmp_path.glob("??/*"))
    name = writer.finish()
    assert name == hashlib.sha256(b"a" * 100_000 + b"b").hexdigest()
    assert blobs.path(name).read_bytes() == b"a" * 100_000 + b"b"
    assert [file.name for file in tmp_path.glob("*") if file.is_file()] == []


def test_content_that_was_given_up_leaves_nothing(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    writer = blobs.writer()
    writer.write(b"half")
    writer.discard()
    assert [file for file in tmp_path.glob("**/*") if file.is_file()] == []


def test_giving_up_does_not_wait_for_the_one_who_writes(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    writer = blobs.writer()
    with writer._lock:  # as if a thread were writing
        writer.discard()
        assert list(tmp_path.glob(".unfinished*"))
    writer.write(b"more")
    assert not list(tmp_path.glob("**/.unfinished*"))


def test_what_a_killed_process_left_unfinished_goes_at_the_next_start(tmp_path: Path) -> None:
    Blobs(tmp_path).writer().write(b"half")
    assert [file for file in tmp_path.glob("**/*") if file.is_file()]
    Blobs(tmp_path)
    assert not [file for file in tmp_path.glob("**/*") if file.is_file()]


def test_a_body_is_read_as_far_as_is_asked(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    first, second = blobs.path(blobs.put(b"0123456789")), blobs.path(blobs.put(b"abc"))
    body = FileBody((FilePiece(str(first), 4, 3), FilePiece(str(second), 0, 3)))
    assert blobs.read_body(body, 100) == b"456abc"
    assert blobs.read_body(body, 4) == b"456a"
    assert blobs.read_body(b"held", 2) == b"he"


def test_a_temporary_directory_goes_with_it() -> None:
    blobs = Blobs(None)
    path = blobs.path(blobs.put(b"x"))
    blobs.close()
    assert not path.exists()
