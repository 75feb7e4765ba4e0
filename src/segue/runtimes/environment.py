"""An execution environment: one process, one invocation at a time, from its init to its end.

Life: starting (until its runtime first asks for work) → idle ⇄ busy → ended. It is idle for the pool as soon as it has
answered; work handed to it before it asks for more waits for that.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import time
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from pathlib import Path
from typing import Literal

from segue.clock import Clock
from segue.runtimes import report
from segue.runtimes.code_folders import Folders
from segue.runtimes.environment_log import Ending, EnvironmentLog, InitFailure
from segue.runtimes.errors import shutting_down
from segue.runtimes.launch import Launch, Place, plan
from segue.runtimes.memory import MemoryGauge, processor_seconds
from segue.runtimes.process import Child, Exit, Helper, Program
from segue.runtimes.report import Failure
from segue.runtimes.runtime_api import Answer, RuntimeConnection, is_streamed, refusal
from segue.runtimes.spec import (
    MAXIMUM_RESPONSE_BYTES,
    FunctionSpec,
    Invocation,
    Outcome,
    Sink,
)

# AWS's on-demand init phase; what takes longer goes on within the first invocation's timeout.
INIT_SECONDS = 10
_MEBIBYTE = 1024 * 1024


class EnvironmentGone(Exception):
    """The environment ended before it took the work up: another may."""


@dataclass(slots=True)
class Work:
    """The invocation in hand."""

    invocation: Invocation
    outcome: asyncio.Future[Outcome]
    delivered_at: float | None = None


def _with_opt(program: Program, opt: Path | None) -> Program:
    """The program, with what its layers hold at ``/opt``. That is read-only, so what Python compiles goes beside it."""
    if opt is None:
        return program
    return replace(program, opt=opt, environment={"PYTHONPYCACHEPREFIX": f"{opt}.pycache", **program.environment})


class Environment:
    """One process for ``spec``. ``on_free`` is called when it has answered, ``on_end`` once when it is no more."""

    def __init__(
        self,
        spec: FunctionSpec,
        folders: Folders,
        directory: Path,
        clock: Clock,
        on_free: Callable[[Environment], None],
        on_end: Callable[[Environment], None],
    ) -> None:
        self.spec = spec
        self.log = EnvironmentLog(spec, folders.task_root, directory.name, clock)
        self.state: Literal["starting", "idle", "busy", "ended"] = "starting"
        self.idle_since = 0.0
        self.is_frozen = False
        self.came_up = False
        self.folders = folders
        self._directory = directory
        self._clock = clock
        self._on_free = on_free
        self._on_end = on_end
        self._loop = asyncio.get_running_loop()
        self._came_up: asyncio.Future[InitFailure | None] = self._loop.create_future()
        self._listener: asyncio.Server | None = None
        self._child: Child | None = None
        self._next: RuntimeConnection | None = None
        self._connections: set[RuntimeConnection] = set()
        self._work: Work | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._is_out_of_memory = False
        self._is_doomed = False
        self._gauge: MemoryGauge | None = None

    # start and end

    async def start(self, helper: Helper) -> InitFailure | None:
        """Start the process and wait for its first ``next``; gives the failure if it does not come up.

        Raises ``RuntimeUnsupported``. A failed environment has ended; its log goes with ``log.init_failed``.
        """
        started = time.perf_counter()
        try:
            launch = await self._plan()
        except FileNotFoundError as error:
            os.close(self.log.output.writer)
            self.log.init_started(self.spec.runtime)
            return self._fail_init(InitFailure(None, "Runtime.InvalidEntrypoint", Exit(failure=str(error))), started)
        except BaseException:
            os.close(self.log.output.writer)
            self._ended()
            raise
        notes = "".join(f"[WARN] Segue: {note}\n" for note in (*self.folders.notes, *self.spec.notes))
        self.log.init_started(launch.runtime_version, launch.warning + notes)
        self._child = helper.spawn(_with_opt(launch.program, self.folders.opt), self.log.output.writer, self._on_exit)
        try:
            async with asyncio.timeout(INIT_SECONDS + self.spec.timeout_seconds):
                failure = await self._came_up
        except TimeoutError:
            failure = InitFailure(None, "Sandbox.Timedout", timed_out=True)
        if failure is not None:
            return self._fail_init(failure, started)
        self.log.init_ended((time.perf_counter() - started) * 1000)
        return None

    async def _plan(self) -> Launch:
        self._listener = await self._loop.create_server(self._connect, "127.0.0.1", 0)
        address = f"127.0.0.1:{self._listener.sockets[0].getsockname()[1]}"
        of = self.folders
        place = Place(of.task_root, of.layers, self._directory, of.node_modules, address, self.log.log_stream)
        launch = await self._loop.run_in_executor(None, plan, self.spec, place)
        if self.state == "ended":
            raise EnvironmentGone
        return launch

    def _fail_init(self, failure: InitFailure, started: float) -> InitFailure:
        self.log.init_ended((time.perf_counter() - started) * 1000, failure)
        self.kill()
        return failure

    def kill(self) -> None:
        """End it now, whatever it does."""
        if self._child is not None:
            self._child.send_signal(signal.SIGKILL)
        self._ended()

    def _on_exit(self, end: Exit) -> None:
        """The process ended by itself, or for the memory it used."""
        self._is_doomed = True
        self.log.output.drain()
        if self.state == "starting":
            if not self._came_up.done():
                error_type = "Runtime.InvalidEntrypoint" if end.failure else "Runtime.ExitError"
                self._came_up.set_result(InitFailure(None, error_type, end))
            return
        work = self._work
        if work is not None and work.delivered_at is not None:
            request_id = work.invocation.request_id
            if self._is_out_of_memory:
                self._fail(report.out_of_memory(request_id))
            else:
                self._fail(report.exited(request_id, end.code, end.signal))
        self._ended()

    def _ended(self) -> None:
        if self.state == "ended":
            return
        self.state = "ended"
        if not self._came_up.done():
            self._came_up.set_result(InitFailure(end=Exit(signal=int(signal.SIGKILL))))
        if self._timer is not None:
            self._timer.cancel()
        work, self._work = self._work, None
        if work is not None and not work.outcome.done():
            # What the function has taken up must not be done again without anybody's knowing.
            work.outcome.set_exception(EnvironmentGone() if work.delivered_at is None else shutting_down())
        if self._listener is not None:
            self._listener.close()
        for connection in list(self._connections):
            connection.close()
        self.log.output.close()
        if self._gauge is not None:
            self._gauge.close()
        self._remove_directory()
        self._on_end(self)

    def _remove_directory(self) -> None:
        try:
            self._directory.rmdir()  # nearly always: the function has kept nothing there
        except OSError:
            self._loop.run_in_executor(None, shutil.rmtree, self._directory, True)

    # work

    async def invoke(self, invocation: Invocation) -> Outcome:
        """Have it handle one event. Raises ``EnvironmentGone`` if it ended before it took the event up."""
        if self.state != "idle":
            raise EnvironmentGone
        self.state = "busy"
        self.thaw()
        self._work = Work(invocation, self._loop.create_future())
        outcome = self._work.outcome
        if self._next is not None:
            self._deliver(self._work, self._next)
        return await outcome

    def _deliver(self, work: Work, connection: RuntimeConnection) -> None:
        invocation, spec = work.invocation, self.spec
        self.log.invocation_started(invocation)
        headers = {
            "Content-Type": "application/json",
            "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
            "Lambda-Runtime-Deadline-Ms": str(int((time.time() + spec.timeout_seconds) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": invocation.invoked_arn or spec.arn,
        }
        if invocation.trace_header:
            headers["Lambda-Runtime-Trace-Id"] = invocation.trace_header
        if invocation.client_context is not None:
            headers["Lambda-Runtime-Client-Context"] = invocation.client_context
        if invocation.cognito_identity is not None:
            headers["Lambda-Runtime-Cognito-Identity"] = invocation.cognito_identity
        self._next = None
        work.delivered_at = time.perf_counter()
        self._timer = self._loop.call_later(spec.timeout_seconds, self._on_timeout)
        connection.reply(HTTPStatus.OK, invocation.payload, headers)

    def _on_timeout(self) -> None:
        """The invocation's time is over; or it has been answered, and the runtime never came back for more."""
        self._is_doomed = True
        work = self._work
        if work is not None and work.delivered_at is not None:
            self.log.output.drain()
            request_id = work.invocation.request_id
            self._fail(report.timed_out(request_id, self.spec.timeout_seconds, self._clock.now_ms()))
        self.kill()

    def _fail(self, failure: Failure) -> None:
        self._settle(failure.payload, failure)

    def _settle(
        self,
        payload: bytes,
        failure: Failure | None = None,
        is_error: bool = False,
        content_type: str = "application/json",
    ) -> None:
        """The invocation in hand is over."""
        work, self._work = self._work, None
        assert work is not None
        assert work.delivered_at is not None
        duration_ms = (time.perf_counter() - work.delivered_at) * 1000
        if failure is not None and failure.status == "timeout":
            duration_ms = self.spec.timeout_seconds * 1000
        self._measure_memory()
        memory_bytes = 0 if self._gauge is None else self._gauge.highest_bytes
        ending = Ending(payload, duration_ms, memory_bytes, failure, is_error, content_type)
        outcome = self.log.invocation_ended(work.invocation, ending)
        self.state = "idle"
        self.idle_since = self._loop.time()
        if not work.outcome.done():
            work.outcome.set_result(outcome)
        if not self._is_doomed:
            self._on_free(self)

    # what the pool asks of it between invocations

    def freeze(self) -> None:
        """Stop it while it waits for work; it sees no time pass, as on AWS."""
        if self.state == "idle" and self._next is not None and not self.is_frozen and self._child is not None:
            self.is_frozen = True
            self._child.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        if self.is_frozen and self._child is not None:
            self.is_frozen = False
            self._child.send_signal(signal.SIGCONT)

    def watch_memory(self) -> None:
        """Kill it if it uses more than its function's ``MemorySize``."""
        if self._measure_memory() > self.spec.memory_mb * _MEBIBYTE and self._child is not None:
            self._is_out_of_memory = True
            self._child.send_signal(signal.SIGKILL)

    @property
    def processor_seconds(self) -> float | None:
        """For how long it has used processors, or would have; ``None`` while there is no process."""
        return None if self._child is None or self._child.pid is None else processor_seconds(self._child.pid)

    def _measure_memory(self) -> int:
        if self._gauge is None and self._child is not None and self._child.pid is not None:
            self._gauge = MemoryGauge(self._child.pid)
        if self._gauge is None or self._child is None or self._child.has_ended:
            return 0
        return self._gauge.read_bytes()

    # the Runtime API's desk

    def _connect(self) -> RuntimeConnection:
        connection = RuntimeConnection(self)
        self._connections.add(connection)
        return connection

    def on_connection_lost(self, connection: RuntimeConnection) -> None:
        self._connections.discard(connection)
        if self._next is connection:
            self._next = None

    def on_next(self, connection: RuntimeConnection) -> None:
        work = self._work
        if work is not None and work.delivered_at is not None:
            answer = refusal(
                HTTPStatus.FORBIDDEN, "InvalidStateTransition", "The invocation in hand has not been answered"
            )
            connection.reply(answer.status, answer.body, {"Content-Type": "application/json"})
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._next = connection
        if self.state == "starting":
            self.state = "idle"
            self.came_up = True
            self.idle_since = self._loop.time()
            if not self._came_up.done():
                self._came_up.set_result(None)
        elif work is not None:
            self._deliver(work, connection)

    def _in_hand(self, request_id: str) -> bool:
        work = self._work
        return work is not None and work.delivered_at is not None and work.invocation.request_id == request_id

    def on_stream(self, request_id: str) -> Sink | None:
        work = self._work
        return work.invocation.sink if work is not None and self._in_hand(request_id) else None

    def on_response(self, request_id: str, body: bytes, headers: Mapping[str, str], *, is_too_large: bool) -> Answer:
        if not self._in_hand(request_id):
            return refusal(HTTPStatus.BAD_REQUEST, "InvalidRequestID", "Invalid request ID")
        self.log.output.drain()
        if is_too_large:
            self._fail(report.response_too_large())
            message = f"Exceeded maximum allowed payload size ({MAXIMUM_RESPONSE_BYTES} bytes)."
            return refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "RequestEntityTooLarge", message)
        if is_streamed(headers) and headers.get("lambda-runtime-function-error-type"):
            # Said in a trailer, when the stream had begun: the object is base64 in another.
            self._settle(b64decode(headers.get("lambda-runtime-function-error-body", "")), is_error=True)
        else:
            self._settle(body, content_type=headers.get("content-type", "application/json"))
        return Answer()

    def on_error(self, request_id: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        if not self._in_hand(request_id):
            return refusal(HTTPStatus.BAD_REQUEST, "InvalidRequestID", "Invalid request ID")
        self.log.output.drain()
        self._settle(self.log.as_on_aws(body), is_error=True)
        return Answer()

    def on_init_error(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        if self.state != "starting":
            return refusal(HTTPStatus.FORBIDDEN, "InvalidStateTransition", "The init phase is over")
        if not self._came_up.done():
            error_type = headers.get("lambda-runtime-function-error-type", "Runtime.Unknown")
            self._came_up.set_result(InitFailure(self.log.as_on_aws(body), error_type))
        return Answer()
