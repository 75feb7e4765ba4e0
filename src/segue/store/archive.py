"""Looking at an uploaded zip before anything is extracted from it: what would lead out of it, or blow up, is refused.

Only the archive's directory is read. AWS's texts: an archive that cannot be read is answered "Could not unzip uploaded
file. Please check your file, then try to upload again."; one that is too big "Unzipped size must be smaller than
262144000 bytes".
"""

from __future__ import annotations

import lzma
import os
import posixpath
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from segue.errors import AwsError

MAXIMUM_UNZIPPED_BYTES = 262_144_000
# Not AWS's: archives with more entries than this exist to exhaust inodes; looking through so many takes half a second.
MAXIMUM_ENTRIES = 50_000
MAXIMUM_NAME_BYTES = 2_048
MAXIMUM_PART_BYTES = 255
MAXIMUM_DEPTH = 200
_MAXIMUM_READ_BYTES = 16 << 20
_MAXIMUM_READ_ENTRIES = 2_000
UNREADABLE = "Could not unzip uploaded file. Please check your file, then try to upload again."

DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,
    RuntimeError,
    struct.error,
    ValueError,
)
"""What the standard library raises for archives that are damaged or hostile; and ``OSError`` where it reads them."""


class ArchiveRefused(AwsError):
    """An archive that AWS would refuse: ``InvalidParameterValueException`` with AWS's text."""

    def __init__(self, message: str) -> None:
        super().__init__("InvalidParameterValueException", message, members={"Type": "User"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One checked entry: a relative path of plain parts (empty: the archive's root), and what it is to become."""

    info: zipfile.ZipInfo
    name: str
    is_directory: bool
    is_link: bool
    mode: int

    @property
    def path(self) -> PurePosixPath:
        return PurePosixPath(self.name)


def check(archive: Path | IO[bytes], maximum_bytes: int = MAXIMUM_UNZIPPED_BYTES) -> int:
    """The unzipped size in bytes that the archive's directory promises; ``ArchiveRefused`` for what is hostile.

    The content of small archives is read, too. Of large ones, what their directory lies about is found at extraction.
    """
    with open_archive(archive) as opened:
        found = list(entries(opened, maximum_bytes))
        size = sum(entry.info.file_size for entry in found)
        if size <= _MAXIMUM_READ_BYTES and len(found) <= _MAXIMUM_READ_ENTRIES:
            for entry in found:
                _read(opened, entry)
        return size


def _read(opened: zipfile.ZipFile, entry: Entry) -> None:
    try:
        content = opened.read(entry.info)
    except (*DAMAGED, OSError) as error:
        raise ArchiveRefused(UNREADABLE) from error
    if entry.is_link:
        destination = os.fsdecode(content)
        place = posixpath.normpath(posixpath.join(posixpath.dirname(entry.name), destination))
        if not destination or "\0" in destination or place.startswith(("/", "../")) or place == "..":
            raise ArchiveRefused(f"{UNREADABLE} (The link {entry.name!r} leads out of the archive)")


def open_archive(archive: Path | IO[bytes]) -> zipfile.ZipFile:
    """The opened archive; ``ArchiveRefused`` where it cannot be read."""
    try:
        return zipfile.ZipFile(archive)
    except FileNotFoundError:
        raise ArchiveRefused("The uploaded code is missing from the data directory: upload it again") from None
    except (*DAMAGED, OSError, RecursionError) as error:
        raise ArchiveRefused(UNREADABLE) from error


def entries(opened: zipfile.ZipFile, maximum_bytes: int) -> Iterator[Entry]:
    """The archive's entries, each checked; ``ArchiveRefused`` at the first that must not be extracted."""
    infos = opened.infolist()
    if len(infos) > MAXIMUM_ENTRIES:
        raise ArchiveRefused(f"The archive has more than {MAXIMUM_ENTRIES} entries")
    if sum(info.file_size for info in infos) > maximum_bytes:
        raise too_big(maximum_bytes)
    files: set[str] = set()
    folders: set[str] = {""}
    for info in infos:
        entry = _entry(info)
        name = entry.name
        if name in files or (not entry.is_directory and name in folders):
            raise ArchiveRefused(f"The archive has two entries named {name!r}")
        above = name if entry.is_directory else name.rpartition("/")[0]
        while above not in folders:
            if above in files:
                raise ArchiveRefused(f"{UNREADABLE} (The entry {name!r} lies below a file)")
            folders.add(above)
            above = above.rpartition("/")[0]
        if not entry.is_directory:
            files.add(name)
        yield entry


def too_big(maximum_bytes: int = MAXIMUM_UNZIPPED_BYTES) -> ArchiveRefused:
    """More than may be unzipped."""
    return ArchiveRefused(f"Unzipped size must be smaller than {maximum_bytes} bytes")


def _entry(info: zipfile.ZipInfo) -> Entry:
    name = info.orig_filename.replace("\\", "/")
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if info.flag_bits & 0x1:
        raise ArchiveRefused(f"{UNREADABLE} (The entry {name!r} is encrypted)")
    if _is_unusable(name, parts):
        raise ArchiveRefused(f"{UNREADABLE} (An entry has an unusable name)")
    if name.startswith("/") or ".." in parts or (parts and parts[0].endswith(":")):
        raise ArchiveRefused(f"{UNREADABLE} (The entry {name!r} leads out of the archive)")
    mode = info.external_attr >> 16
    kind = stat.S_IFMT(mode)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK):
        raise ArchiveRefused(f"{UNREADABLE} (The entry {name!r} is neither a file nor a folder)")
    # Archives without Unix attributes (made on Windows, or by libraries) hold readable files.
    permissions = (mode & 0o555) | 0o444 if mode & 0o777 else 0o444
    is_directory = name.endswith("/") or kind == stat.S_IFDIR
    return Entry(info, "/".join(parts), is_directory, kind == stat.S_IFLNK and not is_directory, permissions)


def _is_unusable(name: str, parts: list[str]) -> bool:
    if not name or "\0" in name or len(parts) > MAXIMUM_DEPTH:
        return True
    if name.isascii() and len(name) <= MAXIMUM_PART_BYTES:
        return False
    sizes = [len(part.encode("utf-8", "replace")) for part in parts]
    return sum(sizes) + len(sizes) > MAXIMUM_NAME_BYTES or max(sizes, default=0) > MAXIMUM_PART_BYTES
