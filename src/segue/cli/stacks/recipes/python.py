"""Python: what ``requirements.txt`` asks for is installed beside the code."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from segue.cli.stacks.archive import File, content_hash, files_of
from segue.cli.stacks.connection import CommandFailed
from segue.cli.stacks.recipes.shared import Built, Code, Say, kept, over, run

_OF_THE_RUNTIME = frozenset(("boto3", "botocore", "awslambdaric", "s3transfer", "jmespath", "urllib3"))
"""What is there in AWS's Python runtimes, and here; without a version asked for, it need not be installed."""


def install_requirements(code: Code, cache: Path, say: Say) -> Built:
    """The folder with the packages that it requires."""
    prefix = "python/" if code.layer else ""
    sources = files_of(code.folder, prefix=prefix)
    wanted = _requirements(code.folder / "requirements.txt")
    if not wanted:
        return Built(sources)
    local = any(line.startswith((".", "-e", "--editable", "file:")) or " @ file:" in line for line in wanted)
    of = (
        files_of(code.folder)
        if local
        else [File(path.name, path) for path in sorted(code.folder.glob("*requirements*.txt"))]
    )
    version = f"{sys.version_info.major}.{sys.version_info.minor}"

    def install(target: Path) -> None:
        say(f"{code.logical_id}: installing {', '.join(wanted[:4])}{' …' if len(wanted) > 4 else ''}")
        with tempfile.NamedTemporaryFile("w", prefix="segue-", suffix=".txt") as listed:
            listed.write("".join(f"{_from(code.folder, line)}\n" for line in wanted))
            listed.flush()
            run([*_pip(), "--target", str(target), "-r", listed.name], code.folder, code.logical_id)

    folder = kept(cache, content_hash(of, "pip", version), install)
    installed = files_of(folder, prefix=prefix)
    return Built(over(installed, sources))


def _requirements(path: Path) -> list[str]:
    """The lines of a requirements file that ask for something that the runtime does not have."""
    try:
        lines = path.read_text(errors="replace").splitlines()
    except OSError:
        return []
    wanted = [re.sub(r"(^|\s)#.*", "", line).strip() for line in lines]
    return [line for line in wanted if line and re.split(r"[\[;\s]", line)[0].lower() not in _OF_THE_RUNTIME]


def _from(folder: Path, line: str) -> str:
    """A line that means the same in a file elsewhere: pip finds further files beside the one that names them."""
    found = re.fullmatch(r"(-r|-c|--requirement|--constraint)[ =]?\s*(\S+)", line)
    return f"{found[1]} {(folder / found[2]).resolve()}" if found and "://" not in found[2] else line


def _pip() -> list[str]:
    quiet = ["install", "--quiet", "--disable-pip-version-check", "--no-input"]
    found = subprocess.run([sys.executable, "-m", "pip", "--version"], capture_output=True, check=False)
    if found.returncode == 0:
        return [sys.executable, "-m", "pip", *quiet]
    if uv := shutil.which("uv"):
        return [uv, "pip", "install", "--quiet", "--python", sys.executable]
    if pip := shutil.which("pip3") or shutil.which("pip"):
        return [pip, *quiet]
    raise CommandFailed("there is no pip here to install requirements.txt with: python -m ensurepip")
