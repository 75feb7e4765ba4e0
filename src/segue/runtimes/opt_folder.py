"""The content of a function's layers together, as AWS has it at ``/opt``: of files of the same name, the last layer's.

How it gets there: ``bootstrap/opt_mount.py``.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

_AWS_INTERPRETERS = b"#!/var/lang/bin/"
_LONGEST_FIRST_LINE = 127


def opt_folder(layers: Sequence[Path], parent: Path, kept: Sequence[Path]) -> Path | None:
    """The folder, made once below ``parent``; ``None`` where nothing may be put over this machine's own ``/opt``.

    Args:
        kept: what functions need of this machine.
    """
    needed = [Path(sys.prefix), Path(sys.base_prefix), Path(sys.executable).resolve(), *kept, *layers]
    if not layers or not Path("/opt").is_dir() or any(path.is_relative_to("/opt") for path in needed):
        return None
    names = "\0".join(map(str, layers))
    place = parent / hashlib.sha256(names.encode()).hexdigest()[:32]
    if place.is_dir():
        os.utime(place)
        return place
    parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=parent))
    try:
        for layer in layers:
            shutil.copytree(layer, unfinished, symlinks=True, copy_function=_put, dirs_exist_ok=True)
        unfinished.chmod(0o755)
        try:
            unfinished.rename(place)
        except OSError:
            if not place.is_dir():  # else somebody was faster, with the same content
                raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return place


def _put(source: str, target: str) -> str:
    """One file: a link to it where that can be, so that it takes no room."""
    if os.path.lexists(target):
        os.unlink(target)
    if os.access(source, os.X_OK) and _is_of_aws_interpreter(source):
        _put_script(source, target)
        return target
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copy2(source, target)
    return target


def _is_of_aws_interpreter(source: str) -> bool:
    with open(source, "rb") as file:
        return file.read(len(_AWS_INTERPRETERS)) == _AWS_INTERPRETERS


def _put_script(source: str, target: str) -> None:
    """A script that begins with the path of AWS's interpreter begins with that of this machine's."""
    with open(source, "rb") as file:
        first, rest = file.readline(), file.read()
    named = first.removeprefix(_AWS_INTERPRETERS).strip()
    own = os.fsencode(sys.executable) if named.startswith(b"python") else b"/usr/bin/env " + named.split()[0]
    if len(own) + 2 <= _LONGEST_FIRST_LINE and (b" " not in own or not named.startswith(b"python")):
        first = b"#!" + own + b"\n"
    with open(target, "wb") as file:
        file.write(first + rest)
    shutil.copymode(source, target)
