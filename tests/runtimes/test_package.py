"""Packages: what is extracted and what is refused."""

from __future__ import annotations

import io
import os
import stat
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.runtimes.errors import CodeRefused
from segue.runtimes.package import MAXIMUM_ENTRIES, check, extract

LINK = stat.S_IFLNK | 0o777


def archive(path: Path, entries: list[tuple[str, bytes, int]]) -> Path:
    """A zip of (name, content, Unix mode)."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, content, mode in entries:
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            opened.writestr(info, content)
    return path


def test_files_folders_modes_and_links(tmp_path: Path) -> None:
    made = archive(
        tmp_path / "a.zip",
        [
            ("app.py", b"x = 1", stat.S_IFREG | 0o600),
            ("bin/run", b"#!/bin/sh", stat.S_IFREG | 0o755),
            ("empty/", b"", stat.S_IFDIR | 0o755),
            ("windows.txt", b"no attributes", 0),
            ("bin/again", b"run", LINK),
            ("bin/up", b"../app.py", LINK),
        ],
    )
    assert check(made) > 0
    folder = extract(made, tmp_path / "code" / "digest")
    assert (folder / "app.py").read_bytes() == b"x = 1"
    assert os.access(folder / "bin" / "run", os.X_OK)
    assert not (folder / "app.py").stat().st_mode & 0o111
    assert (folder / "app.py").stat().st_mode & 0o044, "readable whoever runs it, as on AWS"
    assert not (folder / "app.py").stat().st_mode & 0o222
    assert (folder / "empty").is_dir()
    assert (folder / "bin" / "again").read_bytes() == b"#!/bin/sh"
    assert (folder / "bin" / "up").read_bytes() == b"x = 1"
    assert [path.name for path in folder.parent.iterdir()] == ["digest"]
    assert extract(tmp_path / "not-read-again.zip", folder) == folder


HOSTILE = [
    pytest.param([("../out", b"", 0)], "leads out", id="parent"),
    pytest.param([("a/../../out", b"", 0)], "leads out", id="inner parent"),
    pytest.param([("/etc/passwd", b"", 0)], "leads out", id="absolute"),
    pytest.param([("..\\out", b"", 0)], "leads out", id="backslashes"),
    pytest.param([("C:/out", b"", 0)], "leads out", id="drive"),
    pytest.param([("a", b"/etc", LINK)], "leads out", id="absolute link"),
    pytest.param([("a", b"..", LINK)], "leads out", id="link to the parent"),
    pytest.param([("d/", b"", stat.S_IFDIR), ("d/a", b"../..", LINK)], "leads out", id="deep link"),
    pytest.param([("a", b"b/..", LINK), ("b", b".", LINK)], "leads out", id="links that escape together"),
    pytest.param([("a", b"b/..", LINK), ("b/x", b"", 0), ("b/l", b"..", LINK)], "", id="links that stay inside"),
    pytest.param([("a", b"b", LINK), ("a/x", b"", 0)], "lies below", id="through a link"),
    pytest.param([("a/x", b"", 0), ("a", b"b", LINK)], "two entries", id="link in place of a folder"),
    pytest.param([("d/" * 500 + "x", b"", 0)], "unusable", id="deep"),
    pytest.param([(".", b"", 0)], "two entries", id="the root as a file"),
    pytest.param([("a", b"", 0), ("a/x", b"", 0)], "entry", id="file as a folder"),
    pytest.param([("a", b"1", 0), ("./a", b"2", 0)], "two entries", id="twice"),
    pytest.param([("a", b"", 0), ("a/", b"", stat.S_IFDIR)], "two entries", id="file and folder"),
    pytest.param([("pipe", b"", stat.S_IFIFO)], "neither", id="fifo"),
    pytest.param([("disk", b"", stat.S_IFBLK)], "neither", id="device"),
    pytest.param([("x" * 300, b"", 0)], "Could not unzip", id="long name"),
]


@pytest.mark.parametrize(("entries", "words"), HOSTILE)
def test_hostile_archives_leave_nothing(tmp_path: Path, entries: list[tuple[str, bytes, int]], words: str) -> None:
    made = archive(tmp_path / "a.zip", entries)
    inner = tmp_path / "deep" / "code"
    if words:
        with pytest.raises(CodeRefused, match=words) as caught:
            extract(made, inner / "digest")
        assert caught.value.code == "InvalidParameterValueException"
        assert list(inner.iterdir()) == []
    else:
        extract(made, inner / "digest")
    assert {path.name for path in tmp_path.iterdir()} == {"a.zip", "deep"}


@pytest.mark.parametrize("destination", ["/etc/passwd", "..", "../x", "a/../../x", "", "\0"])
def test_links_that_lead_out_are_found_without_extracting(tmp_path: Path, destination: str) -> None:
    with pytest.raises(CodeRefused, match="leads out"):
        check(archive(tmp_path / "a.zip", [("link", destination.encode(), LINK)]))


def test_damaged_content_is_found_without_extracting(tmp_path: Path) -> None:
    made = archive(tmp_path / "a.zip", [("a", b"some content", 0)])
    whole = made.read_bytes()
    damaged = bytearray(whole)
    for at in (14, whole.rfind(b"PK\x01\x02") + 16):  # the checksum, where it stands twice
        damaged[at] ^= 0xFF
    made.write_bytes(damaged)
    with pytest.raises(CodeRefused, match="Could not unzip"):
        check(made)


def test_sizes(tmp_path: Path) -> None:
    made = archive(tmp_path / "bomb.zip", [("zeros", bytes(3_000_000), 0)])
    assert made.stat().st_size < 10_000
    for read in (lambda: check(made, 2_999_999), lambda: extract(made, tmp_path / "x", 2_999_999)):
        with pytest.raises(CodeRefused, match="Unzipped size must be smaller than 2999999 bytes"):
            read()
    assert extract(made, tmp_path / "x", 3_000_000).is_dir()


def test_an_archive_that_lies_about_sizes(tmp_path: Path) -> None:
    made = archive(tmp_path / "liar.zip", [("zeros", bytes(3_000_000), 0)])
    content = made.read_bytes()
    made.write_bytes(content.replace((3_000_000).to_bytes(4, "little"), (10).to_bytes(4, "little")))
    with pytest.raises(CodeRefused):
        extract(made, tmp_path / "x", 1_000_000)
    assert not (tmp_path / "x").exists()


def test_encrypted(tmp_path: Path) -> None:
    made = archive(tmp_path / "a.zip", [("a", b"x", 0)])
    content = bytearray(made.read_bytes())
    content[6] |= 1
    central = content.index(b"PK\x01\x02")
    content[central + 8] |= 1
    made.write_bytes(bytes(content))
    with pytest.raises(CodeRefused, match="encrypted"):
        check(made)


def test_too_many_entries(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as opened:
        opened.writestr("a", b"")
        opened.filelist *= MAXIMUM_ENTRIES + 1
    with pytest.raises(CodeRefused, match="entries"):
        check(tmp_path / "a.zip")


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04" + bytes(60)])
def test_what_is_no_archive(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(CodeRefused) as caught:
        check(tmp_path / "a.zip")
    assert caught.value.message == "Could not unzip uploaded file. Please check your file, then try to upload again."


@given(st.data())
def test_damaged_archives_are_refused_or_right(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """Whatever bytes are changed: either a refusal, or a folder; never another error, never anything beside it."""
    folder = tmp_path_factory.mktemp("damaged")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("a.py", "x" * 500)
        opened.writestr("b/c.py", "y")
    content = bytearray(buffer.getvalue())
    for position in data.draw(st.lists(st.integers(0, len(content) - 1), max_size=4)):
        content[position] = data.draw(st.integers(0, 255))
    (folder / "a.zip").write_bytes(bytes(content))
    try:
        extract(folder / "a.zip", folder / "code" / "x")
        expected = {"x"}
    except CodeRefused:
        expected = set()
    assert {path.name for path in (folder / "code").iterdir()} == expected
    assert {path.name for path in folder.iterdir()} == {"a.zip", "code"}
