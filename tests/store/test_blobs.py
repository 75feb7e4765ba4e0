"""Content by its name."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from segue.store.blobs import BlobMissing, Blobs


def test_content_is_found_by_its_digest_and_put_once(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path / "blobs")
    sha256 = blobs.put(b"content")
    assert sha256 == hashlib.sha256(b"content").hexdigest()
    inode = blobs.path(sha256).stat().st_ino
    assert blobs.put(b"content") == sha256
    assert blobs.path(sha256).stat().st_ino == inode
    assert Blobs(tmp_path / "blobs").read(sha256) == b"content"
    assert [file.name for file in (tmp_path / "blobs").glob("*/*")] == [sha256]


def test_missing_content_is_told(tmp_path: Path) -> None:
    with pytest.raises(BlobMissing, match="0123"):
        Blobs(tmp_path).read("0123")


def test_only_what_is_old_and_unnamed_is_collected(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    used, unused, young = (blobs.put(text) for text in (b"used", b"unused", b"young"))
    for sha256 in (used, unused):
        os.utime(blobs.path(sha256), (0, 0))
    assert blobs.collect({used}) == 1
    assert [blobs.path(sha256).exists() for sha256 in (used, unused, young)] == [True, False, True]


def test_a_put_makes_old_content_young_again(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    sha256 = blobs.put(b"x")
    os.utime(blobs.path(sha256), (0, 0))
    blobs.put(b"x")
    assert blobs.collect(set()) == 0


def test_a_temporary_directory_goes_with_it() -> None:
    blobs = Blobs(None)
    path = blobs.path(blobs.put(b"x"))
    blobs.close()
    assert not path.exists()
