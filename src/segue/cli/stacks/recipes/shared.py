"""What all ways of building share: what is built, the cache of what was built, and running programs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from segue.cli.stacks.archive import File
from segue.cli.stacks.connection import CommandFailed

Say = Callable[[str], None]
"""Is told what is done when it takes a while."""

_TIMEOUT_SECONDS = 900
_LINES_OF_FAILURE = 15


@dataclass(frozen=True, slots=True)
class Code:
    """A folder of code, and what the template says of it.

    Attributes:
        logical_id: of the function or layer.
        folder: where its code is.
        runtime: of a function; of a layer the build method that its metadata name.
        layer: whether it is a layer.
        metadata: ``BuildMethod`` and ``BuildProperties``.
        template_folder: where the template is.
    """

    logical_id: str
    folder: Path
    runtime: str = ""
    layer: bool = False
    metadata: Mapping[str, Any] = field(default_factory=dict)
    template_folder: Path = Path()


@dataclass(frozen=True, slots=True)
class Built:
    """What a package is made of, and what people should know of it."""

    files: list[File]
    note: str = ""


def cache_folder() -> Path:
    """Where builds and packages are kept: below ``XDG_CACHE_HOME``, or ``~/.cache``."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "segue"


def kept(cache: Path, key: str, make: Callable[[Path], None]) -> Path:
    """The folder that ``make`` fills, made once for a key; a failed one leaves nothing."""
    folder = cache / "builds" / key
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f".{key}-", dir=folder.parent))
    try:
        partial.chmod(0o755)
        make(partial)
        try:
            partial.rename(folder)
        except OSError:  # another one was quicker
            if not folder.is_dir():
                raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return folder


def copy(files: Sequence[File], target: Path) -> None:
    """Copy files below a folder."""
    for file in files:
        place = target / file.name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(file.path, place)


def over(below: Sequence[File], above: Sequence[File]) -> list[File]:
    """Files of two folders, where a name is in both the one above."""
    merged = {file.name: file for file in below} | {file.name: file for file in above}
    return [merged[name] for name in sorted(merged)]


def program(name: str) -> str:
    """Where a program is; ``CommandFailed`` where there is none."""
    found = shutil.which(name)
    if found is None:
        beside = Path(sys.executable).with_name(name)
        if beside.exists():
            return str(beside)
        raise CommandFailed(f"there is no {name} here, which the code's build needs")
    return found


def run(command: Sequence[str], folder: Path, logical_id: str, more: Mapping[str, str] | None = None) -> None:
    """Run a program in a folder; ``CommandFailed`` with the end of what it said if it fails."""
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, **(more or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise CommandFailed(f"{logical_id}: {Path(command[0]).name} did not end in {_TIMEOUT_SECONDS} s") from None
    if done.returncode:
        said = done.stdout.decode(errors="replace").strip().splitlines()[-_LINES_OF_FAILURE:]
        raise CommandFailed("\n  ".join([f"{logical_id}: {' '.join(map(str, command))} failed:", *said]))
