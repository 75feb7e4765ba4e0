"""Packages from registries, which functions find on AWS and a machine may not have: fetched once, kept in a cache.

What is installed is made beside its place and appears there by one rename, so that neither a crash nor a second server
leaves half of it. Programs of packages are not run.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

log = logging.getLogger(__name__)

_SECONDS = 240.0
_AGAIN_SECONDS = 60.0
_STALE_SECONDS = 3_600.0
Tell = Callable[[str], None]


class NotInstalled(Exception):
    """It could not be installed; the text says why, for people."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be installed.

    Attributes:
        folder: the name of its place in the cache: another one for other content.
        title: for people.
        registry: where it comes from, for people.
        prepare: writes what the program goes by into the folder it is given, and gives the program with its arguments.
            Raises ``NotInstalled`` where there is no such program.
        finish: removes what should not be there.
    """

    folder: str
    title: str
    registry: str
    prepare: Callable[[Path], list[str]]
    finish: Callable[[Path], None] = lambda folder: None


class Installer:
    """Installs what is asked for, each once at a time; belongs to one event loop."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or cache_folder()
        self._under_way: dict[str, asyncio.Task[Path]] = {}
        self._failed: dict[str, tuple[float, str]] = {}
        self._processes: set[asyncio.subprocess.Process] = set()

    def found(self, order: Order) -> Path | None:
        """Where it is, if it is installed."""
        place = self.folder / order.folder
        return place if place.is_dir() else None

    async def ready(self, order: Order, tell: Tell = lambda text: None) -> Path:
        """Where it is, installed if need be; ``tell`` is told when that begins.

        Raises:
            NotInstalled: no such program, no registry, no such package.
        """
        found = self.found(order)
        if found is not None:
            return found
        failed = self._failed.get(order.folder)
        if failed is not None and time.monotonic() < failed[0] + _AGAIN_SECONDS:
            raise NotInstalled(failed[1])
        task = self._under_way.get(order.folder)
        if task is None:
            tell(f"installing {order.title} from {order.registry}, once for this machine")
            task = self._under_way[order.folder] = asyncio.get_running_loop().create_task(self._install(order))
            task.add_done_callback(lambda _: self._under_way.pop(order.folder, None))
        return await asyncio.shield(task)

    def close(self) -> None:
        """Give up what is under way."""
        for task in self._under_way.values():
            task.cancel()
        for process in self._processes:
            _kill(process)

    async def _install(self, order: Order) -> Path:
        try:
            return await self._install_once(order)
        except (NotInstalled, OSError) as error:
            reason = f"{order.title} could not be installed: {error}"
            log.warning("%s", reason)
            self._failed[order.folder] = (time.monotonic(), reason)
            raise NotInstalled(reason) from error

    async def _install_once(self, order: Order) -> Path:
        log.info("installing %s into %s", order.title, self.folder)
        place = self.folder / order.folder
        unfinished = await asyncio.to_thread(self._begin)
        try:
            command = await asyncio.to_thread(order.prepare, unfinished)
            await self._run(command, unfinished)
            await asyncio.to_thread(order.finish, unfinished)
            await asyncio.to_thread(_appear, unfinished, place)
        finally:
            await asyncio.to_thread(shutil.rmtree, unfinished, ignore_errors=True)
        return place

    def _begin(self) -> Path:
        """A new folder; what killed processes have left goes."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for left in self.folder.glob(".unfinished-*"):
            with contextlib.suppress(OSError):
                if time.time() - left.stat().st_mtime > _STALE_SECONDS:
                    shutil.rmtree(left, ignore_errors=True)
        return Path(tempfile.mkdtemp(prefix=".unfinished-", dir=self.folder))

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
            raise NotInstalled(f"it did not come to an end within {_SECONDS:.0f} seconds") from None
        finally:
            self._processes.discard(process)
            if process.returncode is None:
                _kill(process)
        if process.returncode:
            raise NotInstalled(_reason(said.decode("utf-8", "replace")))


def cache_folder() -> Path:
    """Where packages are kept for all data directories of a user."""
    given = os.environ.get("XDG_CACHE_HOME")
    return Path(given or Path.home() / ".cache") / "segue" / "runtimes"


def _appear(unfinished: Path, place: Path) -> None:
    unfinished.chmod(0o755)
    with contextlib.suppress(OSError):  # else another server was faster, with the same content
        unfinished.rename(place)


def _kill(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _reason(said: str) -> str:
    """The words of npm's or pip's error, without where the log is."""
    beginnings = ("npm error ", "npm ERR! ", "ERROR: ")
    words = [line.removeprefix(begin) for line in said.splitlines() for begin in beginnings if line.startswith(begin)]
    told = [word for word in words if word and "complete log" not in word]
    return "; ".join(told[:3])[:500] or "the program that installs failed"
