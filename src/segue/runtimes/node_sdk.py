"""The AWS SDK for JavaScript, which AWS's Node.js runtimes bring along and a machine does not have.

``nodejs16.x`` and older find version 2 (``aws-sdk``), ``nodejs18.x`` and newer version 3 (``@aws-sdk/…``), as on AWS
(https://docs.aws.amazon.com/lambda/latest/dg/lambda-nodejs.html). It comes from the npm registry when a function first
needs it, once for a machine, into the user's cache (``XDG_CACHE_HOME``, else ``~/.cache``, then ``segue/node``).
Versions and checksums are those of the locks in ``sdk/``; the scripts of packages are not run. Clients of version 3
that are in no lock (there are some four hundred) come one by one, of the same release or the last one before it.

A set of packages is installed beside its place and appears there by one rename, so that neither a crash nor a second
server leaves half of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import logging
import os
import re
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from segue.runtimes.launch import find_node

log = logging.getLogger(__name__)

_LOCKS = Path(__file__).parent / "sdk"
_RELEASE = "3.922.0"
_SECONDS = 240.0
_AGAIN_SECONDS = 60.0
_STALE_SECONDS = 3_600.0
_FLAGS = ("--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error", "--fetch-retries=1")
Tell = Callable[[str], None]


class SdkMissing(Exception):
    """It could not be installed; the text says why, for people."""


class NodeSdk:
    """Installs what is asked for, each set once at a time; belongs to one event loop.

    Args:
        folder: where the sets are kept; the user's cache unless given.
        npm: the program that installs, and its first arguments; the machine's npm unless given.
    """

    def __init__(self, folder: Path | None = None, npm: Sequence[str] | None = None) -> None:
        self._folder = folder or cache_folder()
        self._npm = npm
        self._under_way: dict[str, asyncio.Task[Path]] = {}
        self._failed: dict[str, tuple[float, str]] = {}
        self._processes: set[asyncio.subprocess.Process] = set()

    def found(self, name: str) -> Path | None:
        """The ``node_modules`` of a set (``v2``, ``v3``, or a package of version 3) that is installed."""
        modules = self._place(name) / "node_modules"
        return modules if modules.is_dir() else None

    async def ready(self, name: str, tell: Tell = lambda text: None) -> Path:
        """The ``node_modules`` of a set, installed if need be; ``tell`` is told when that begins.

        Raises:
            SdkMissing: no npm, no registry, no such package.
        """
        found = self.found(name)
        if found is not None:
            return found
        failed = self._failed.get(name)
        if failed is not None and time.monotonic() < failed[0] + _AGAIN_SECONDS:
            raise SdkMissing(failed[1])
        task = self._under_way.get(name)
        if task is None:
            tell(f"installing {_title(name)} from the npm registry, once for this machine")
            task = self._under_way[name] = asyncio.get_running_loop().create_task(self._install(name))
            task.add_done_callback(lambda _: self._under_way.pop(name, None))
        return await asyncio.shield(task)

    def close(self) -> None:
        """Give up what is under way."""
        for task in self._under_way.values():
            task.cancel()
        for process in self._processes:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)

    def _place(self, name: str) -> Path:
        return self._folder / (f"{name}-{_lock_hash(name)}" if _is_locked(name) else f"{_plain(name)}-{_RELEASE}")

    async def _install(self, name: str) -> Path:
        try:
            return await self._install_once(name)
        except (SdkMissing, OSError) as error:
            reason = f"{_title(name)} could not be installed: {error}"
            log.warning("%s", reason)
            self._failed[name] = (time.monotonic(), reason)
            raise SdkMissing(reason) from error

    async def _install_once(self, name: str) -> Path:
        npm, place = self._npm or _npm(), self._place(name)
        if npm is None:
            raise SdkMissing("there is no npm on this machine")
        log.info("installing %s into %s", _title(name), self._folder)
        unfinished = await asyncio.to_thread(self._begin, name)
        command = ["ci", *_FLAGS] if _is_locked(name) else ["install", *_FLAGS, f"{name}@<={_RELEASE}"]
        try:
            await self._run([*npm, *command], unfinished)
            await asyncio.to_thread(_appear, unfinished, place)
        finally:
            await asyncio.to_thread(shutil.rmtree, unfinished, ignore_errors=True)
        return place / "node_modules"

    def _begin(self, name: str) -> Path:
        """A folder with what npm goes by."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._clear()
        unfinished = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=self._folder))
        if _is_locked(name):
            for file in ("package.json", "package-lock.json"):
                shutil.copy(_LOCKS / name / file, unfinished / file)
        else:
            (unfinished / "package.json").write_text('{"private": true}')
        return unfinished

    async def _run(self, command: list[str], folder: Path) -> None:
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        self._processes.add(process)
        try:
            async with asyncio.timeout(_SECONDS):
                _, said = await process.communicate()
        except TimeoutError:
            raise SdkMissing(f"npm did not come to an end within {_SECONDS:.0f} seconds") from None
        finally:
            self._processes.discard(process)
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, signal.SIGKILL)
        if process.returncode:
            raise SdkMissing(_reason(said.decode("utf-8", "replace")))

    def _clear(self) -> None:
        """Remove what killed processes have left."""
        for left in self._folder.glob(".unfinished-*"):
            with contextlib.suppress(OSError):
                if time.time() - left.stat().st_mtime > _STALE_SECONDS:
                    shutil.rmtree(left, ignore_errors=True)


def is_package(name: str) -> bool:
    """Whether it is one of the sets, or may be a package of version 3."""
    return _is_locked(name) or re.fullmatch(r"@aws-sdk/[a-z0-9-]+", name) is not None


def version_for(runtime: str) -> str:
    """``v2`` or ``v3``: which version of the SDK a Node.js runtime brings along."""
    major = runtime.removeprefix("nodejs").partition(".")[0]
    return "v2" if major.isdigit() and int(major) < 18 else "v3"


def cache_folder() -> Path:
    """Where sets of packages are kept for all data directories of a user."""
    given = os.environ.get("XDG_CACHE_HOME")
    return Path(given or Path.home() / ".cache") / "segue" / "node"


@cache
def locked_packages(version: str) -> frozenset[str]:
    """The packages, with all that they need, in a lock."""
    lock = json.loads((_LOCKS / version / "package-lock.json").read_text())
    return frozenset(
        path.removeprefix("node_modules/") for path in lock["packages"] if path.count("node_modules/") == 1
    )


def _appear(unfinished: Path, place: Path) -> None:
    with contextlib.suppress(OSError):  # else another server was faster, with the same content
        unfinished.rename(place)


def _is_locked(name: str) -> bool:
    return name in ("v2", "v3")


@cache
def _lock_hash(version: str) -> str:
    return hashlib.sha256((_LOCKS / version / "package-lock.json").read_bytes()).hexdigest()[:12]


def _plain(package: str) -> str:
    return package.removeprefix("@").replace("/", "-")


def _title(name: str) -> str:
    return f"the AWS SDK for JavaScript {name}" if _is_locked(name) else name


def _npm() -> list[str] | None:
    """The machine's npm, else the one beside Node.js."""
    if (found := shutil.which("npm")) is not None:
        return [found]
    node = find_node()
    script = None if node is None else node.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return [str(node), str(script)] if script is not None and script.is_file() else None


def _reason(said: str) -> str:
    """npm's own words: the lines of its error, without where its log is."""
    lines = [line.removeprefix("npm error ").removeprefix("npm ERR! ") for line in said.splitlines() if "npm " in line]
    words = [line for line in lines if line and "complete log" not in line and not line.startswith("npm warn")]
    return "; ".join(words[:3]) or "npm failed"
