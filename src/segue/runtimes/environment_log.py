"""The log of one environment, and the outcomes that carry it to whoever asked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from segue.clock import Clock
from segue.runtimes import report
from segue.runtimes.output import Output
from segue.runtimes.process import Exit
from segue.runtimes.report import Failure
from segue.runtimes.spec import FunctionSpec, Invocation, LogLine, Outcome

_MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class InitFailure:
    """Why an environment did not come up: what its runtime said, or how its process ended."""

    payload: bytes | None = None
    error_type: str = "Runtime.ExitError"
    end: Exit | None = None
    timed_out: bool = False


@dataclass(frozen=True, slots=True)
class Ending:
    """How an invocation ended: what it answered, how long it took, the memory used so far, and the platform's
    failure."""

    payload: bytes
    duration_ms: float
    memory_bytes: int
    failure: Failure | None = None
    is_error: bool = False
    content_type: str = "application/json"


class EnvironmentLog:
    """What the function and the platform write, in the order in which they do, handed out with each outcome."""

    def __init__(self, spec: FunctionSpec, task_root: Path, environment_id: str, clock: Clock) -> None:
        self.output = Output(clock)
        self.log_stream = report.log_stream(clock.now_ms(), spec.version, environment_id)
        self._spec = spec
        self._clock = clock
        self._init_ms: float | None = None
        # Uploaded code is in /var/task, as on AWS; a folder used in place keeps its own, clickable name.
        self._hidden_root = "" if spec.code.directory is not None else str(task_root)

    def init_started(self, runtime_version: str, warning: str = "") -> None:
        self.output.add(report.init_start_line(self._spec.region, runtime_version))
        if warning:
            self.output.add(warning)

    def init_ended(self, init_ms: float, failure: InitFailure | None = None) -> None:
        self._init_ms = init_ms
        if failure is not None:
            self.output.drain()
            self.output.add(report.init_report_line(init_ms, failure.error_type))

    def invocation_started(self, invocation: Invocation) -> None:
        self.output.drain()
        self.output.add(report.start_line(invocation.request_id, self._spec.version))

    def invocation_ended(self, invocation: Invocation, ending: Ending) -> Outcome:
        """Write the last lines, and make the outcome with all lines since the previous one."""
        init_ms, self._init_ms = self._init_ms, None
        memory_mb = max(1, -(-ending.memory_bytes // _MEBIBYTE))
        for line in ending.failure.log_lines if ending.failure is not None else ():
            self.output.add(line)
        self.output.add(report.end_line(invocation.request_id))
        last = report.report_line(self._spec, invocation, ending.duration_ms, init_ms, memory_mb, ending.failure)
        self.output.add(last)
        lines = self.take()
        is_error = ending.is_error or ending.failure is not None
        return Outcome(
            status="error" if is_error else "ok",
            payload=ending.payload,
            function_error="Unhandled" if is_error else None,
            logs=lines,
            log_stream=self.log_stream,
            duration_ms=ending.duration_ms,
            init_ms=init_ms,
            max_memory_mb=memory_mb,
            content_type=ending.content_type,
            tail=report.tail(lines),
        )

    def init_failed(self, invocation: Invocation, failure: InitFailure) -> Outcome:
        """The outcome of an invocation whose environment did not come up."""
        self.invocation_started(invocation)
        failed = self._as_failure(invocation.request_id, failure)
        payload = failed.payload if failure.payload is None else failure.payload
        return self.invocation_ended(invocation, Ending(payload, self._init_ms or 0, 0, failed))

    def _as_failure(self, request_id: str, failure: InitFailure) -> Failure:
        if failure.payload is not None:
            return Failure(failure.error_type, "", reported_type=failure.error_type)
        if failure.timed_out:
            return report.timed_out(request_id, self._spec.timeout_seconds, self._clock.now_ms())
        end = failure.end or Exit()
        if end.failure:
            return report.invalid_entrypoint(request_id, end.failure)
        return report.exited(request_id, end.code, end.signal)

    def take(self) -> tuple[LogLine, ...]:
        """The lines since the last outcome."""
        lines, root = self.output.take(), self._hidden_root
        if not root or not any(root in line.message for line in lines):
            return lines
        return tuple(LogLine(line.timestamp_ms, line.message.replace(root, "/var/task")) for line in lines)

    def as_on_aws(self, error: bytes) -> bytes:
        """An error object whose stack trace names ``/var/task``."""
        return error.replace(self._hidden_root.encode(), b"/var/task") if self._hidden_root else error
