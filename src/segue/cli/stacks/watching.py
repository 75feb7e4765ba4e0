"""``segue deploy --watch``: what changes in files is deployed at once.

A function's code is swapped directly (``UpdateFunctionCode``), everything else (definitions, nested templates, the
template itself) is a deployment, in which the server changes only what differs. The next deployment puts swapped code
into the stack's own record: its package has another name by then.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from segue.cli.stacks.archive import files_of
from segue.cli.stacks.connection import CommandFailed, in_words
from segue.cli.stacks.deploy import Project, deploy
from segue.cli.stacks.packaging import Asset

_PAUSE_SECONDS = 0.15
_FUNCTIONS = ("AWS::Serverless::Function", "AWS::Lambda::Function")

State = Mapping[Path, tuple[int, int, str]]


@dataclass(slots=True)
class Watch:
    """Looks at files and folders again and again, by their times and sizes.

    Args:
        paths: what to look at.
    """

    paths: tuple[Path, ...]
    _states: dict[Path, State] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._states = {path: _state(path) for path in self.paths}

    def changed(self) -> set[Path]:
        """Those of ``paths`` in which something is different since the last look."""
        found = set()
        for path in self.paths:
            state = _state(path)
            if state != self._states[path]:
                self._states[path] = state
                found.add(path)
        return found


def _state(path: Path) -> State:
    try:
        paths = [file.path for file in files_of(path, without=frozenset(["node_modules"]))] if path.is_dir() else [path]
    except (OSError, CommandFailed):
        return {}
    state = {}
    for one in paths:
        try:
            about = one.stat()
        except OSError:  # gone meanwhile
            continue
        state[one] = (about.st_mtime_ns, about.st_size, oct(about.st_mode))
    return state


def watch(project: Project, pause: Callable[[float], None] = time.sleep) -> None:
    """Deploy what changes until interrupted."""
    from botocore.exceptions import BotoCoreError, ClientError

    watched = Watch(_paths(project))
    ids: dict[str, str] | None = None
    project.screen.line(f"Watching {len(watched.paths)} files and folders. Stop with Ctrl-C.")
    try:
        while True:
            changed = _settled(watched, pause)
            try:
                swapped = swappable(project.packaged.assets, changed) if project.packaged else None
                if swapped is not None:
                    ids = ids if ids is not None else project.deployment.functions()
                    _swap(project, swapped, ids)
                else:
                    ids = None
                    deploy(project)
            except CommandFailed as failed:
                project.screen.line(project.screen.paint(failed.words, "red"))
            except OSError as error:  # a file that is gone again: the next look sees what is there
                project.screen.line(project.screen.paint(str(error), "red"))
            except (BotoCoreError, ClientError) as error:
                project.screen.line(project.screen.paint(in_words(error, project.connection), "red"))
            if set(now := _paths(project)) != set(watched.paths):
                watched = Watch(now)
    except KeyboardInterrupt:
        project.screen.line()


def _paths(project: Project) -> tuple[Path, ...]:
    assets = project.packaged.assets if project.packaged else ()
    return tuple(dict.fromkeys([project.template, *(asset.path for asset in assets)]))


def _settled(watched: Watch, pause: Callable[[float], None]) -> set[Path]:
    """What has changed, once nothing changes any more (an editor may write several files)."""
    changed: set[Path] = set()
    while True:
        began = time.monotonic()
        fresh = watched.changed()
        if changed and not fresh:
            return changed
        changed |= fresh
        looked = time.monotonic() - began
        pause(max(_PAUSE_SECONDS / 3 if changed else _PAUSE_SECONDS, 4 * looked))


def swappable(assets: Iterable[Asset], changed: set[Path]) -> list[Asset] | None:
    """The functions whose code has changed, if nothing else has; else ``None``."""
    concerned = [asset for asset in assets if asset.path in changed]
    if {asset.path for asset in concerned} != changed:
        return None
    if all(asset.type_name in _FUNCTIONS and asset.code and not asset.published for asset in concerned):
        return concerned
    return None


def _swap(project: Project, functions: list[Asset], ids: Mapping[str, str]) -> None:
    """Give functions their new code."""
    client = project.connection.client("lambda")
    for asset in functions:
        began = time.monotonic()
        assert asset.code is not None
        name = ids.get(asset.logical_id)
        if not name:
            raise CommandFailed(f"{asset.logical_id} is not deployed: the next deployment brings it")
        package, note = project.packager.zip_code(asset.code)
        client.update_function_code(FunctionName=name, ZipFile=package.read_bytes())
        seconds = time.monotonic() - began
        clock = time.strftime("%H:%M:%S")
        said = f"{clock}  {asset.logical_id}: code swapped in {seconds:.2f} s"
        project.screen.line(project.screen.paint(said, "green") + (f"  ({note})" if note else ""))
