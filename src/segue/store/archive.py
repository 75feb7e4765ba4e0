"""Looking at an uploaded zip before anything is extracted from it: what would lead out of it, or blow up, is refused.

Only the archive's directory is read. AWS's texts: an archive that cannot be read is answered "Could not unzip uploaded
file. Please check your file, then try to upload again."; one that is too big "Unzipped size must be smaller than
262144000 bytes".
"""

from __future__ import annotations

import stat
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from segue.errors import AwsError

MAXIMUM_UNZIPPED_BYTES = 262_144_000
# Not AWS's: archives of the permitted size with more entries than this exist only to exhaust inodes.
MAXIMUM_ENTRIES = 100_000
MAXIMUM_NAME_BYTES = 4_096
UNREADABLE = "Could not unzip uploaded file. Please check your file, then try to upload again."


class ArchiveRefused(AwsError):
    """An archive that AWS would refuse: ``InvalidParameterValueException`` with AWS's text."""

    def __init__(self, message: str) -> None:
        super().__init__("InvalidParameterValueException", message, members={"Type": "User"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One checked entry: a relative path without ``..``, and what it is to become."""

    info: zipfile.ZipInfo
    path: PurePosixPath
    is_directory: bool
    is_link: bool
    mode: int


def check(archive: Path | IO[bytes], maximum_bytes: int = MAXIMUM_UNZIPPED_BYTES) -> int:
    """The unzipped size in bytes that the archive's directory promises; ``ArchiveRefused`` for what is hostile.

    Sizes an archive lies about are found at extraction.
    """
    with open_archive(archive) as opened:
        return sum(entry.info.file_size for entry in entries(opened, maximum_bytes))


def open_archive(archive: Path | IO[bytes]) -> zipfile.ZipFile:
    """The opened archive; ``ArchiveRefused`` where it cannot be read."""
    try:
        return zipfile.ZipFile(archive)
    except (zipfile.BadZipFile, ValueError, NotImplementedError, struct.error, EOFError, RecursionError) as error:
        raise ArchiveRefused(UNREADABLE) from error


def entries(opened: zipfile.ZipFile, maximum_bytes: int) -> Iterator[Entry]:
    """The archive's entries, each checked; ``ArchiveRefused`` at the first that must not be extracted."""
    infos = opened.infolist()
    if len(infos) > MAXIMUM_ENTRIES:
        raise ArchiveRefused(f"The archive has more than {MAXIMUM_ENTRIES} entries")
    if sum(info.file_size for info in infos) > maximum_bytes:
        raise too_big(maximum_bytes)
    kinds: dict[PurePosixPath, bool] = {}
    for info in infos:
        entry = _entry(info)
        known = kinds.get(entry.path)
        if known is not None and not (known and entry.is_directory):
            raise ArchiveRefused(f"The archive has two entries named {str(entry.path)!r}")
        kinds[entry.path] = entry.is_directory
        yield entry


def too_big(maximum_bytes: int = MAXIMUM_UNZIPPED_BYTES) -> ArchiveRefused:
    """More than may be unzipped."""
    return ArchiveRefused(f"Unzipped size must be smaller than {maximum_bytes} bytes")


def _entry(info: zipfile.ZipInfo) -> Entry:
    name = info.orig_filename.replace("\\", "/")
    path = PurePosixPath(name)
    if info.flag_bits & 0x1:
        raise ArchiveRefused(f"{UNREADABLE} (The entry {name!r} is encrypted)")
    if not name or "\0" in name or len(name.encode("utf-8", "replace")) > MAXIMUM_NAME_BYTES:
        raise ArchiveRefused(f"{UNREADABLE} (An entry has an unusable name)")
    if path.is_absolute() or ".." in path.parts or (path.parts and path.parts[0].endswith(":")):
        raise ArchiveRefused(f"{UNREADABLE} (The entry {name!r} leads out of the archive)")
    mode = info.external_attr >> 16
    kind = stat.S_IFMT(mode)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK):
        raise ArchiveRefused(f"{UNREADABLE} (The entry {name!r} is neither a file nor a folder)")
    # Archives without Unix attributes (made on Windows, or by libraries) hold readable files.
    permissions = (mode & 0o555) | 0o444 if mode & 0o777 else 0o444
    return Entry(info, path, name.endswith("/") or kind == stat.S_IFDIR, kind == stat.S_IFLNK, permissions)
