"""Environments for functions: found warm or started cold, kept a while, given up when there are too many."""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import tempfile
import uuid
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from segue.clock import Clock, SystemClock
from segue.runtimes.code_folders import CodeFolders, Fetch, Folders
from segue.runtimes.environment import Environment, EnvironmentGone
from segue.runtimes.environment_log import InitFailure
from segue.runtimes.errors import ConcurrencyExceeded, shutting_down
from segue.runtimes.launch import check_runtime
from segue.runtimes.node_sdk import NodeSdk
from segue.runtimes.process import Helper
from segue.runtimes.report import log_stream
from segue.runtimes.spec import FunctionSpec, Invocation, LogLine, Outcome
from segue.runtimes.turn import turn

LateLines = Callable[[FunctionSpec, str, tuple[LogLine, ...]], None]
_SWEEP_SECONDS = 0.1
_SLOW_SWEEP_SECONDS = 5.0
_DESCRIPTORS = 16_384


@dataclass(frozen=True, slots=True)
class PoolSettings:
    """``account_concurrency`` is AWS's account limit; the others keep this machine usable."""

    account_concurrency: int = 1_000
    parallel_starts: int = max(4, (os.cpu_count() or 1) * 2)
    idle_environments: int = 32
    idle_seconds: float = 300
    freeze_after_seconds: float = 0.25


@dataclass(slots=True)
class _Group:
    """The environments of one function version at one revision, and those who wait for one."""

    spec: FunctionSpec
    idle: list[Environment] = field(default_factory=list)  # the last one is the warmest
    waiting: deque[asyncio.Future[Environment | _Failed]] = field(default_factory=deque)
    starting: int = 0
    is_retired: bool = False
    getting_ready: asyncio.Lock = field(default_factory=asyncio.Lock)  # what one has done the others find

    def give(self, found: Environment | _Failed | Exception) -> bool:
        """To the first who still waits; whether anybody does."""
        while self.waiting:
            waiter = self.waiting.popleft()
            if waiter.done():
                continue
            if isinstance(found, Exception):
                waiter.set_exception(found)
            else:
                waiter.set_result(found)
            return True
        return False


@dataclass(frozen=True, slots=True)
class _Failed:
    """An environment that did not come up."""

    environment: Environment
    failure: InitFailure


class Pool:
    """Where functions run. Belongs to the event loop that ``start`` runs in.

    ``directory`` keeps extracted code and the environments' temporary folders; without one a temporary folder is used.
    What is installed in its ``node_modules`` every Node.js function can require; ``sdk`` installs the SDK.
    ``fetch_code`` sees to it that a package is on this disk.
    ``on_late_lines`` (spec, log stream, lines) gets what an environment wrote after its last outcome, when it ends.
    """

    def __init__(
        self,
        directory: Path | None = None,
        settings: PoolSettings | None = None,
        clock: Clock | None = None,
        on_late_lines: LateLines | None = None,
        sdk: NodeSdk | None = None,
        fetch_code: Fetch | None = None,
    ) -> None:
        self._own_directory = Path(tempfile.mkdtemp(prefix="segue-runtimes-")) if directory is None else None
        self._directory = (directory or self._own_directory or Path()).resolve()
        self._settings = settings or PoolSettings()
        self._clock = clock or SystemClock()
        self._on_late_lines = on_late_lines
        self._helper = Helper(self._directory)
        self._sdk = sdk or NodeSdk()
        self._code = CodeFolders(self._directory, self._sdk, self._folders_in_use, fetch_code)
        self._groups: dict[tuple[str, str], _Group] = {}
        self._environments: set[Environment] = set()
        self._idle: dict[Environment, None] = {}  # longest idle first
        self._running: dict[str, int] = {}
        self._running_total = 0
        self._starts = asyncio.Semaphore(self._settings.parallel_starts)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._sweeper: asyncio.TimerHandle | None = None
        self._sweeps_slowly = False
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._is_closed = False

    # for the callers

    async def start(self) -> None:
        """Clear what a killed server left behind and start the helper process, so that the first cold start is
        short."""
        _raise_descriptor_limit()
        shutil.rmtree(self._directory / "environments", ignore_errors=True)
        (self._directory / "environments").mkdir(parents=True, exist_ok=True)
        self._code.clear()
        self._helper.start()

    def prewarm(self, runtime: str) -> None:
        """There is, or soon will be, a function of this runtime: make its cold starts short. Costs 40 MB for Python."""
        if runtime.startswith("python"):
            self._helper.preload()

    async def invoke(self, spec: FunctionSpec, invocation: Invocation) -> Outcome:
        """Run one invocation to its end.

        What the function does wrong is in the outcome. Raises ``ConcurrencyExceeded`` at the function's or the
        account's limit, ``RuntimeUnsupported``, ``CodeRefused``.
        """
        check_runtime(spec.runtime)
        self._admit(spec)
        try:
            group = self._group(spec)
            while True:
                if self._is_closed:
                    raise shutting_down()
                found = group.idle[-1] if group.idle else await self._wait(group)
                if isinstance(found, _Failed):
                    return found.environment.log.init_failed(invocation, found.failure)
                self._take(group, found)
                self._sweep_soon()
                try:
                    return await found.invoke(invocation)
                except EnvironmentGone:
                    continue
        finally:
            self._leave(spec)

    def drop(self, function_arn: str) -> None:
        """The function was updated or deleted: end its environments, busy ones when they have answered.

        ``function_arn`` without qualifier means all versions.
        """
        for key in [key for key in self._groups if key[0] == function_arn or key[0].startswith(function_arn + ":")]:
            self._retire(self._groups.pop(key))

    def keep_only(self, function_arns: Collection[str]) -> None:
        """These functions (ARNs without qualifier) are there: end the environments of all others."""
        for key in [key for key in self._groups if ":".join(key[0].split(":")[:7]) not in function_arns]:
            self._retire(self._groups.pop(key))

    async def drain(self, timeout_seconds: float | None = None) -> bool:
        """Wait until nothing runs; whether that came true in time."""
        try:
            async with asyncio.timeout(timeout_seconds):
                await self._quiet.wait()
        except TimeoutError:
            return False
        return True

    async def close(self) -> None:
        """End everything now; nothing is left running."""
        self._is_closed = True
        if self._sweeper is not None:
            self._sweeper.cancel()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for group in self._groups.values():
            for waiter in group.waiting:
                if not waiter.done():
                    waiter.set_exception(shutting_down())
            group.waiting.clear()
        for environment in list(self._environments):
            environment.kill()
        self._groups.clear()
        self._sdk.installer.close()
        await self._helper.close()
        if self._own_directory is not None:
            shutil.rmtree(self._own_directory, ignore_errors=True)

    @property
    def environments(self) -> int:
        """How many there are, starting ones included."""
        return len(self._environments)

    @property
    def is_warm(self) -> bool:
        """Whether the helper process has imported all that it preloads."""
        return self._helper.is_preloaded

    # limits

    def _admit(self, spec: FunctionSpec) -> None:
        running = self._running.get(spec.function_arn, 0)
        if spec.concurrency_limit is not None and running >= spec.concurrency_limit:
            raise ConcurrencyExceeded("ReservedFunctionConcurrentInvocationLimitExceeded")
        if self._running_total >= self._settings.account_concurrency:
            raise ConcurrencyExceeded("ConcurrentInvocationLimitExceeded")
        self._running[spec.function_arn] = running + 1
        self._running_total += 1
        self._quiet.clear()

    def _leave(self, spec: FunctionSpec) -> None:
        self._running_total -= 1
        left = self._running.pop(spec.function_arn) - 1
        if left:
            self._running[spec.function_arn] = left
        if not self._running_total:
            self._quiet.set()

    # finding or starting an environment

    def _group(self, spec: FunctionSpec) -> _Group:
        key = (spec.arn, spec.revision)
        group = self._groups.get(key)
        if group is None:
            for other in [other for other in self._groups if other[0] == spec.arn]:
                self._retire(self._groups.pop(other))
            group = self._groups[key] = _Group(spec)
        return group

    async def _wait(self, group: _Group) -> Environment | _Failed:
        """For the first environment that comes up or becomes free."""
        waiter: asyncio.Future[Environment | _Failed] = asyncio.get_running_loop().create_future()
        group.waiting.append(waiter)
        self._start_for(group)
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter in group.waiting:
                group.waiting.remove(waiter)
            elif waiter.done() and not waiter.cancelled() and isinstance(given := waiter.result(), Environment):
                self._on_free(group, given)
            raise

    def _start_for(self, group: _Group) -> None:
        """There is a start for each who waits."""
        if group.starting < len(group.waiting):
            group.starting += 1
            self._track(asyncio.get_running_loop().create_task(self._start_one(group)))

    async def _start_one(self, group: _Group) -> None:
        try:
            async with group.getting_ready:
                folders = await self._code.ready(group.spec, partial(self._tell, group.spec))
            async with self._starts:
                if not group.waiting:  # someone became free meanwhile
                    return
                environment = self._environment(group, folders)
                start = asyncio.get_running_loop().create_task(environment.start(self._helper))
                self._track(start)
                await turn(environment, start)
            failure = await start
        except Exception as error:  # what cannot run at all: told to the one who waits
            group.give(error)
            return
        finally:
            group.starting -= 1
        if failure is not None:
            group.give(_Failed(environment, failure))
        elif environment.state == "idle":
            self._on_free(group, environment)
        else:  # it came up, and ended before anybody was told
            self._start_for(group)

    def _folders_in_use(self) -> set[Path]:
        folders = [environment.folders for environment in self._environments]
        return {path for each in folders for path in (each.task_root, *each.layers)}

    def _tell(self, spec: FunctionSpec, text: str) -> None:
        """Into the function's log at once, before there is an environment."""
        if self._on_late_lines is not None:
            now_ms = self._clock.now_ms()
            stream = log_stream(now_ms, spec.version, uuid.uuid4().hex)
            self._on_late_lines(spec, stream, (LogLine(now_ms, f"[INFO] Segue: {text}\n"),))

    def _track(self, task: asyncio.Task[Any]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _environment(self, group: _Group, folders: Folders) -> Environment:
        spec = group.spec
        directory = self._directory / "environments" / uuid.uuid4().hex
        directory.mkdir(parents=True)
        environment = Environment(
            spec,
            folders,
            directory,
            self._clock,
            on_free=lambda free: self._on_free(group, free),
            on_end=lambda ended: self._on_end(group, ended),
        )
        self._environments.add(environment)
        self._sweep_soon()
        return environment

    def _take(self, group: _Group, environment: Environment) -> None:
        self._idle.pop(environment, None)
        if environment in group.idle:
            group.idle.remove(environment)

    # what environments tell

    def _on_free(self, group: _Group, environment: Environment) -> None:
        if group.give(environment):
            return
        if group.is_retired:
            asyncio.get_running_loop().call_soon(environment.kill)  # after its answer has been acknowledged
            return
        group.idle.append(environment)
        self._idle[environment] = None
        if len(self._idle) > self._settings.idle_environments:
            next(iter(self._idle)).kill()

    def _on_end(self, group: _Group, environment: Environment) -> None:
        self._environments.discard(environment)
        self._take(group, environment)
        lines = environment.log.take() if environment.came_up else ()
        if lines and self._on_late_lines is not None:
            self._on_late_lines(environment.spec, environment.log.log_stream, lines)

    def _retire(self, group: _Group) -> None:
        group.is_retired = True
        for environment in list(group.idle):
            environment.kill()

    # the sweep

    def _sweep_soon(self) -> None:
        """From now on look often, until all is frozen."""
        if self._sweeper is None or self._sweeps_slowly:
            self._schedule_sweep(is_slow=False)

    def _schedule_sweep(self, *, is_slow: bool) -> None:
        if self._sweeper is not None:
            self._sweeper.cancel()
        self._sweeps_slowly = is_slow
        seconds = _SLOW_SWEEP_SECONDS if is_slow else _SWEEP_SECONDS
        self._sweeper = None if self._is_closed else asyncio.get_running_loop().call_later(seconds, self._sweep)

    def _sweep(self) -> None:
        """Freeze and reap the idle, watch the memory of the others."""
        self._sweeper = None
        now = asyncio.get_running_loop().time()
        for environment in list(self._idle):
            idle_seconds = now - environment.idle_since
            if idle_seconds > self._settings.idle_seconds:
                environment.kill()
            elif idle_seconds > self._settings.freeze_after_seconds:
                environment.freeze()
        for environment in [environment for environment in self._environments if environment not in self._idle]:
            environment.watch_memory()
        if self._environments:
            self._schedule_sweep(is_slow=all(environment.is_frozen for environment in self._environments))


def _raise_descriptor_limit() -> None:
    """Every environment takes up to five file descriptors; 1,024, the usual limit, would do for 200 of them."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _DESCRIPTORS if hard == resource.RLIM_INFINITY else min(_DESCRIPTORS, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
