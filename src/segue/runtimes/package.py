"""From an uploaded zip to a folder that environments run from: content-addressed, extracted once, hostile archives
refused.

AWS's texts: an archive that cannot be read is answered "Could not unzip uploaded file. Please check your file, then try
to upload again."; one that is too big "Unzipped size must be smaller than 262144000 bytes".
"""

from __future__ import annotations

import os
import shutil
import stat
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from segue.runtimes.errors import CodeRefused

MAXIMUM_UNZIPPED_BYTES = 262_144_000
# Not AWS's: archives of the permitted size with more entries than this exist only to exhaust inodes.
MAXIMUM_ENTRIES = 100_000
_MAXIMUM_NAME_BYTES = 4_096
_CHUNK_BYTES = 1 << 20
_UNREADABLE = "Could not unzip uploaded file. Please check your file, then try to upload again."


@dataclass(frozen=True, slots=True)
class Entry:
    """One checked entry: a relative path without ``..``, and what it is to become."""

    info: zipfile.ZipInfo
    path: PurePosixPath
    is_directory: bool
    is_link: bool
    mode: int


def check(archive: Path, maximum_bytes: int = MAXIMUM_UNZIPPED_BYTES) -> int:
    """Read the archive's directory and refuse what must not be extracted (``CodeRefused``); gives the unzipped size in
    bytes.

    Sizes an archive lies about are found at extraction.
    """
    with _open(archive) as opened:
        return sum(entry.info.file_size for entry in _entries(opened, maximum_bytes))


def extract(archive: Path, folder: Path, maximum_bytes: int = MAXIMUM_UNZIPPED_BYTES) -> Path:
    """Extract ``archive`` as ``folder`` unless it is there already; gives ``folder``.

    It appears by one rename when complete, so a crash or a refusal (``CodeRefused``) leaves no half of it.
    """
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=folder.parent))
    try:
        with _open(archive) as opened:
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


def _open(archive: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(archive)
    except (zipfile.BadZipFile, ValueError, NotImplementedError, struct.error, EOFError, RecursionError) as error:
        raise CodeRefused(_UNREADABLE) from error


def _entries(opened: zipfile.ZipFile, maximum_bytes: int) -> Iterator[Entry]:
    infos = opened.infolist()
    if len(infos) > MAXIMUM_ENTRIES:
        raise CodeRefused(f"The archive has more than {MAXIMUM_ENTRIES} entries")
    if sum(info.file_size for info in infos) > maximum_bytes:
        raise too_big(maximum_bytes)
    kinds: dict[PurePosixPath, bool] = {}
    for info in infos:
        entry = _entry(info)
        known = kinds.get(entry.path)
        if known is not None and not (known and entry.is_directory):
            raise CodeRefused(f"The archive has two entries named {str(entry.path)!r}")
        kinds[entry.path] = entry.is_directory
        yield entry


def _entry(info: zipfile.ZipInfo) -> Entry:
    name = info.orig_filename.replace("\\", "/")
    path = PurePosixPath(name)
    if info.flag_bits & 0x1:
        raise CodeRefused(f"{_UNREADABLE} (The entry {name!r} is encrypted)")
    if not name or "\0" in name or len(name.encode("utf-8", "replace")) > _MAXIMUM_NAME_BYTES:
        raise CodeRefused(f"{_UNREADABLE} (An entry has an unusable name)")
    if path.is_absolute() or ".." in path.parts or (path.parts and path.parts[0].endswith(":")):
        raise CodeRefused(f"{_UNREADABLE} (The entry {name!r} leads out of the archive)")
    mode = info.external_attr >> 16
    kind = stat.S_IFMT(mode)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK):
        raise CodeRefused(f"{_UNREADABLE} (The entry {name!r} is neither a file nor a folder)")
    # Archives without Unix attributes (made on Windows, or by libraries) hold readable files.
    permissions = (mode & 0o555) | 0o444 if mode & 0o777 else 0o444
    return Entry(info, path, name.endswith("/") or kind == stat.S_IFDIR, kind == stat.S_IFLNK, permissions)


def _extract_entries(opened: zipfile.ZipFile, root: Path, maximum_bytes: int) -> None:
    """Folders and files first, links last: nothing is ever written through a link of the archive."""
    left = maximum_bytes
    links: list[Entry] = []
    for entry in _entries(opened, maximum_bytes):
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
            raise CodeRefused(f"{_UNREADABLE} (The entry {str(entry.path)!r}: {error.strerror})") from error
    for entry in links:
        _link(opened, entry, root)
    for entry in links:  # again, now that all are there: together they may lead where none led alone
        if not _is_inside(root, root.joinpath(*entry.path.parts)):
            raise CodeRefused(f"{_UNREADABLE} (The link {str(entry.path)!r} leads out of the archive)")


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
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, struct.error) as error:
        raise CodeRefused(_UNREADABLE) from error
    target.chmod(entry.mode)
    return written


def _link(opened: zipfile.ZipFile, entry: Entry, root: Path) -> None:
    if entry.info.file_size > _MAXIMUM_NAME_BYTES:
        raise CodeRefused(f"{_UNREADABLE} (The link {str(entry.path)!r} is too long)")
    try:
        destination = os.fsdecode(opened.read(entry.info))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise CodeRefused(_UNREADABLE) from error
    place = root.joinpath(*entry.path.parts)
    if (
        os.path.isabs(destination)
        or "\0" in destination
        or not _is_inside(root, place.parent, place.parent / destination)
    ):
        raise CodeRefused(f"{_UNREADABLE} (The link {str(entry.path)!r} leads out of the archive)")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(destination)
    except OSError as error:
        raise CodeRefused(f"{_UNREADABLE} (The link {str(entry.path)!r}: {error.strerror})") from error


def _is_inside(root: Path, *paths: Path) -> bool:
    """By real paths, so that every link on the way is followed to its end."""
    base = Path(os.path.realpath(root))
    return all(Path(os.path.realpath(path)).is_relative_to(base) for path in paths)


def too_big(maximum_bytes: int = MAXIMUM_UNZIPPED_BYTES) -> CodeRefused:
    return CodeRefused(f"Unzipped size must be smaller than {maximum_bytes} bytes")
