"""From an uploaded zip to a folder that environments run from: content-addressed, extracted once, hostile ones refused.

What can be seen without extracting is looked at by :mod:`segue.store.archive`, at creation already.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import zipfile
from pathlib import Path

from segue.runtimes.errors import CodeRefused
from segue.store.archive import (
    DAMAGED,
    MAXIMUM_ENTRIES,
    MAXIMUM_NAME_BYTES,
    MAXIMUM_UNZIPPED_BYTES,
    UNREADABLE,
    Entry,
    check,
    entries,
    open_archive,
    too_big,
)

__all__ = ["MAXIMUM_ENTRIES", "MAXIMUM_UNZIPPED_BYTES", "check", "extract"]

_CHUNK_BYTES = 1 << 20


def extract(archive: Path, folder: Path, maximum_bytes: int = MAXIMUM_UNZIPPED_BYTES) -> Path:
    """Extract ``archive`` as ``folder`` unless it is there already; gives ``folder``.

    It appears by one rename when complete, so a crash or a refusal (``CodeRefused``) leaves no half of it.
    """
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=folder.parent))
    try:
        with open_archive(archive) as opened:
            _extract_entries(opened, unfinished, maximum_bytes)
        unfinished.chmod(0o755)
        try:
            unfinished.rename(folder)
        except OSError:
            if not folder.is_dir():  # else another process was faster, with the same content
                raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return folder


def _extract_entries(opened: zipfile.ZipFile, root: Path, maximum_bytes: int) -> None:
    """Folders and files first, links last: nothing is ever written through a link of the archive."""
    left = maximum_bytes
    links: list[Entry] = []
    for entry in entries(opened, maximum_bytes):
        target = root.joinpath(*entry.path.parts)
        try:
            if entry.is_link:
                links.append(entry)
            elif entry.is_directory:
                target.mkdir(parents=True, exist_ok=True)
            else:
                target.parent.mkdir(parents=True, exist_ok=True)
                left -= _write(opened, entry, target, left, maximum_bytes)
        except OSError as error:  # a file where a folder is needed, a name the file system refuses
            raise CodeRefused(f"{UNREADABLE} (The entry {entry.name!r}: {error.strerror})") from error
    for entry in links:
        _link(opened, entry, root)
    for entry in links:  # again, now that all are there: together they may lead where none led alone
        if not _is_inside(root, root.joinpath(*entry.path.parts)):
            raise CodeRefused(f"{UNREADABLE} (The link {entry.name!r} leads out of the archive)")


def _write(opened: zipfile.ZipFile, entry: Entry, target: Path, left: int, maximum_bytes: int) -> int:
    """Write one file, counting what really comes out; gives the bytes written."""
    written = 0
    try:
        with opened.open(entry.info) as source, target.open("xb") as sink:
            while chunk := source.read(_CHUNK_BYTES):
                written += len(chunk)
                if written > left:
                    raise too_big(maximum_bytes)
                sink.write(chunk)
    except DAMAGED as error:
        raise CodeRefused(UNREADABLE) from error
    target.chmod(entry.mode)
    return written


def _link(opened: zipfile.ZipFile, entry: Entry, root: Path) -> None:
    if entry.info.file_size > MAXIMUM_NAME_BYTES:
        raise CodeRefused(f"{UNREADABLE} (The link {entry.name!r} is too long)")
    try:
        destination = os.fsdecode(opened.read(entry.info))
    except (*DAMAGED, OSError) as error:
        raise CodeRefused(UNREADABLE) from error
    place = root.joinpath(*entry.path.parts)
    if (
        os.path.isabs(destination)
        or "\0" in destination
        or not _is_inside(root, place.parent, place.parent / destination)
    ):
        raise CodeRefused(f"{UNREADABLE} (The link {entry.name!r} leads out of the archive)")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(destination)
    except OSError as error:
        raise CodeRefused(f"{UNREADABLE} (The link {entry.name!r}: {error.strerror})") from error


def _is_inside(root: Path, *paths: Path) -> bool:
    """By real paths, so that every link on the way is followed to its end."""
    base = Path(os.path.realpath(root))
    return all(Path(os.path.realpath(path)).is_relative_to(base) for path in paths)
