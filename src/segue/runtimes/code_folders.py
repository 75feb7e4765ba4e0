"""Where the code of functions and layers lies: extracted once for each content, or a folder used in place."""

from __future__ import annotations

import asyncio
import os
import shutil
import time
import uuid
from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from weakref import WeakValueDictionary

from segue.runtimes.errors import CodeRefused
from segue.runtimes.launch import find_node
from segue.runtimes.node_modules import NodeModules
from segue.runtimes.node_sdk import NodeSdk
from segue.runtimes.opt_folder import opt_folder
from segue.runtimes.package import extract
from segue.runtimes.public_layers import PublicLayers
from segue.runtimes.spec import CodeRef, FunctionSpec

Fetch = Callable[[Path], Awaitable[None]]

_UNUSED_SECONDS = 7 * 86_400


@dataclass(frozen=True, slots=True)
class Folders:
    """A function's code, its layers, where Node.js looks for packages, what its log should say of all that, and what it
    finds at ``/opt``."""

    task_root: Path
    layers: tuple[Path, ...] = ()
    node_modules: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()
    opt: Path | None = None


class CodeFolders:
    """Keeps them below the pool's ``directory``; ``in_use`` says where environments run."""

    def __init__(
        self, directory: Path, sdk: NodeSdk, in_use: Callable[[], Collection[Path]], fetch: Fetch | None = None
    ) -> None:
        self._directory = directory
        self._in_use = in_use
        self._fetch = fetch
        self._making: WeakValueDictionary[Path, asyncio.Lock] = WeakValueDictionary()  # each by one only
        self._node = NodeModules(directory, sdk)
        self._public = PublicLayers(sdk.installer)
        node = find_node()
        self._kept = (directory.absolute(), sdk.installer.folder.absolute(), *([node.resolve()] if node else []))

    def clear(self) -> None:
        """Remove what a killed server has left half done, and what was not used for long."""
        (self._directory / "code").mkdir(exist_ok=True)
        self._put_aside(("code/*", "node/*/*", "opt/*"), ())
        for pattern in ("code/.unfinished-*", "node/*/.unfinished-*", "opt/.unfinished-*"):
            for unfinished in self._directory.glob(pattern):
                shutil.rmtree(unfinished, ignore_errors=True)

    async def ready(self, spec: FunctionSpec, tell: Callable[[str], None]) -> Folders:
        """All that the function needs is there. What takes long is told at once. Raises ``CodeRefused``."""
        common = self._directory / "code"
        layers, notes = await self._public.ready(spec.missing_layers, tell)
        layers += tuple([await self._folder(layer, common) for layer in spec.layers])
        opt = await asyncio.to_thread(opt_folder, layers, self._directory / "opt", self._kept) if layers else None
        if not spec.runtime.startswith("nodejs"):
            return Folders(await self._folder(spec.code, common), layers, notes=notes, opt=opt)
        task_root = await self._folder(spec.code, self._node.code_parent(spec))
        modules = await self._node.ready(spec, task_root, layers, tell)
        own = self._directory / "node_modules"
        folders = (*modules.folders, own) if own.is_dir() else modules.folders
        return Folders(task_root, layers, folders, (*notes, *modules.notes), opt)

    async def _folder(self, code: CodeRef, parent: Path) -> Path:
        if code.directory is not None:
            if not code.directory.is_dir():
                raise CodeRefused(f"The code folder {code.directory} does not exist")
            return code.directory.absolute()
        if code.path is None:
            raise CodeRefused("The function has no code")
        folder = parent / code.sha256.replace("/", "_")
        async with self._making.setdefault(folder, asyncio.Lock()):
            if folder.is_dir():
                os.utime(folder)
                return folder
            if self._fetch is not None:
                await self._fetch(code.path)
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(None, extract, code.path, folder)
        for unused in self._put_aside(("code/*", "node/*/*"), self._in_use()):
            loop.run_in_executor(None, shutil.rmtree, unused, True)
        return folder

    def _put_aside(self, patterns: Iterable[str], in_use: Collection[Path]) -> list[Path]:
        """What no environment was started from for a week, under a name by which nobody finds it any more. It is
        extracted again where it is needed."""
        oldest, aside = time.time() - _UNUSED_SECONDS, []
        for folder in [found for pattern in patterns for found in self._directory.glob(pattern)]:
            if folder.name == "node_modules" or folder.name.startswith(".unfinished-") or folder in in_use:
                continue
            if folder.stat().st_mtime < oldest:
                aside.append(folder.rename(folder.with_name(f".unfinished-{uuid.uuid4().hex}")))
        return aside
