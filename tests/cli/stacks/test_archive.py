"""Packages: the same content, the same bytes; never what is no code."""

from __future__ import annotations

import os
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from segue.cli.stacks import archive
from segue.cli.stacks.archive import content_hash, files_of, write_zip
from segue.cli.stacks.connection import CommandFailed

NAMES = st.from_regex(r"[a-z]{1,4}(/[a-z]{1,4}){0,2}\.py", fullmatch=True)


def fill(folder: Path, contents: dict[str, bytes]) -> Path:
    for name, content in contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(contents=st.dictionaries(NAMES, st.binary(max_size=50), min_size=1, max_size=5))
def test_the_same_content_makes_the_same_bytes_whenever_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, contents: dict[str, bytes]
) -> None:
    archives = []
    for turn, names in enumerate((list(contents), list(reversed(contents)))):
        place = tmp_path_factory.mktemp("package")
        folder = fill(place / "code", {name: contents[name] for name in names})
        for path in folder.rglob("*"):
            os.utime(path, (1_000_000_000 + turn * 86_400,) * 2)
        write_zip(files_of(folder), place / "code.zip")
        archives.append((place / "code.zip").read_bytes())
    assert archives[0] == archives[1]
    with zipfile.ZipFile(place / "code.zip") as opened:
        assert {name: opened.read(name) for name in opened.namelist()} == contents


def test_what_is_no_code_is_left_out(tmp_path: Path) -> None:
    names = [".git/HEAD", "__pycache__/a.pyc", "app.pyc", "venv/pyvenv.cfg", "venv/bin/python", ".segue/segue.db"]
    fill(tmp_path, dict.fromkeys([*names, "app.py", "node_modules/a/index.js", ".env"], b""))
    assert [file.name for file in files_of(tmp_path)] == [".env", "app.py", "node_modules/a/index.js"]
    without = files_of(tmp_path, prefix="python/", without=frozenset(["node_modules"]))
    assert [file.name for file in without] == ["python/.env", "python/app.py"]


def test_links_are_followed_but_not_in_circles(tmp_path: Path) -> None:
    shared = fill(tmp_path / "shared", {"lib.py": b"1"})
    code = fill(tmp_path / "code", {"app.py": b"2"})
    (code / "shared").symlink_to(shared)
    (code / "again").symlink_to(code)
    (code / "gone").symlink_to(tmp_path / "nowhere")
    assert [file.name for file in files_of(code)] == ["app.py", "shared/lib.py"]


def test_a_name_a_content_and_a_permission_each_change_the_hash(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"1")
    seen = {content_hash(files_of(tmp_path))}
    (tmp_path / "a").write_bytes(b"2")
    seen.add(content_hash(files_of(tmp_path)))
    (tmp_path / "a").chmod(0o755)
    seen.add(content_hash(files_of(tmp_path)))
    (tmp_path / "a").rename(tmp_path / "b")
    seen.add(content_hash(files_of(tmp_path)))
    seen.add(content_hash(files_of(tmp_path), "pip"))
    assert len(seen) == 5


def test_programs_stay_programs(tmp_path: Path) -> None:
    fill(tmp_path / "code", {"bootstrap": b"#!/bin/sh", "data": b""})
    (tmp_path / "code/bootstrap").chmod(0o700)
    write_zip(files_of(tmp_path / "code"), tmp_path / "code.zip")
    with zipfile.ZipFile(tmp_path / "code.zip") as opened:
        modes = {info.filename: info.external_attr >> 16 & 0o777 for info in opened.infolist()}
    assert modes == {"bootstrap": 0o755, "data": 0o644}


def test_several_may_write_the_same_package_at_the_same_time(tmp_path: Path) -> None:
    files = files_of(fill(tmp_path / "code", {f"{number}.py": b"x" * 10_000 for number in range(50)}))
    target = tmp_path / "code.zip"
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: write_zip(files, target), range(32)))
    with zipfile.ZipFile(target) as opened:
        assert opened.testzip() is None
    assert sorted(path.name for path in tmp_path.iterdir()) == ["code", "code.zip"]


def test_a_folder_named_by_mistake_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_FILES", 2)
    fill(tmp_path, dict.fromkeys("abc", b""))
    with pytest.raises(CommandFailed, match="is this really code"):
        files_of(tmp_path)
