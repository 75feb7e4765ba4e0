"""Folders as deterministic zip files: the same content makes the same bytes, whoever zips it and whenever."""

from __future__ import annotations

import hashlib
import os
import threading
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from segue.cli.stacks.connection import CommandFailed

MAX_FILES = 60_000
"""More is not a function's code, but a folder named by mistake."""

_CACHES = ("__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache")
LEFT_OUT = frozenset((".git", ".hg", ".svn", ".aws-sam", ".segue", ".DS_Store", ".idea", ".vscode", *_CACHES))
_EPOCH = (1980, 1, 1, 0, 0, 0)
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class File:
    """A file of a package.

    Attributes:
        name: its path in the package, with slashes.
        path: where its content is.
    """

    name: str
    path: Path


def files_of(folder: Path, *, prefix: str = "", without: frozenset[str] = frozenset()) -> list[File]:
    """The files below a folder, by name, without those that are never code (:data:`LEFT_OUT`, virtual environments).

    Args:
        folder: symbolic links in it are followed, but never in a circle.
        prefix: put before all names.
        without: further names to leave out at the top of the folder.

    Raises:
        CommandFailed: they are too many.
    """
    found = []
    for path in _walk(folder, frozenset([folder.resolve()]), without):
        found.append(File(prefix + path.relative_to(folder).as_posix(), path))
        if len(found) > MAX_FILES:
            raise CommandFailed(f"{folder} has more than {MAX_FILES} files: is this really code?")
    return sorted(found, key=lambda file: file.name)


def _walk(folder: Path, above: frozenset[Path], without: frozenset[str]) -> Iterator[Path]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name in LEFT_OUT or entry.name in without or entry.name.endswith(".pyc"):
                continue
            if not entry.is_dir():
                if entry.is_file():  # neither a socket nor a link to nowhere
                    yield Path(entry.path)
                continue
            real = Path(entry.path).resolve()
            if real not in above and not (real / "pyvenv.cfg").exists():
                yield from _walk(Path(entry.path), above | {real}, frozenset())


def content_hash(files: Iterable[File], *more: str) -> str:
    """32 hexadecimal digits that follow from names, contents and permissions, and from further texts."""
    digest = hashlib.sha256()
    for text in more:
        digest.update(f"{len(text)}:{text}".encode())
    for file in files:
        digest.update(f"\n{len(file.name)}:{file.name}:{_mode(file.path):o}:".encode("utf-8", "surrogateescape"))
        with file.path.open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()[:32]


def write_zip(files: Iterable[File], target: Path) -> None:
    """Zip files; ``target`` appears whole or not at all, although several may write it at the same time."""
    partial = target.with_name(f".{target.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for file in files:
                entry = zipfile.ZipInfo(file.name, _EPOCH)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = (0o100000 | _mode(file.path)) << 16
                with file.path.open("rb") as source, archive.open(entry, "w", force_zip64=False) as packed:
                    while chunk := source.read(_CHUNK):
                        packed.write(chunk)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def _mode(path: Path) -> int:
    return 0o755 if path.stat().st_mode & 0o100 else 0o644
