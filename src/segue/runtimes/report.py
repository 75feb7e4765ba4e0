"""What the platform itself writes: log lines and error objects, in AWS's words (pure).

Sources: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html and
https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html; payload shapes as the platform answers
them.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from segue.runtimes.spec import MAXIMUM_RESPONSE_BYTES, TAIL_BYTES, FunctionSpec, Invocation, LogLine

# The names that Go's syscall package, in which AWS's supervisor is written, gives to signals.
_SIGNAL_NAMES = {
    1: "hangup", 2: "interrupt", 3: "quit", 4: "illegal instruction", 5: "trace/breakpoint trap", 6: "aborted",
    7: "bus error", 8: "floating point exception", 9: "killed", 10: "user defined signal 1", 11: "segmentation fault",
    12: "user defined signal 2", 13: "broken pipe", 14: "alarm clock", 15: "terminated",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Failure:
    """An invocation that the platform ended: AWS's error object, the lines for the log and the status of the REPORT
    line."""

    error_type: str
    message: str
    log_lines: tuple[str, ...] = ()
    status: Literal["error", "timeout"] = "error"
    reported_type: str = ""

    @property
    def payload(self) -> bytes:
        return json.dumps({"errorType": self.error_type, "errorMessage": self.message}, separators=(",", ":")).encode()


def timed_out(request_id: str, timeout_seconds: float, now_ms: int) -> Failure:
    """The handler did not answer within the function's timeout."""
    text = f"Task timed out after {timeout_seconds:.2f} seconds"
    line = f"{iso_timestamp(now_ms)} {request_id} {text}\n\n"
    return Failure("Sandbox.Timedout", f"RequestId: {request_id} Error: {text}", (line,), status="timeout")


def exited(request_id: str, code: int | None, signal: int | None) -> Failure:
    """The process ended by itself (``code``) or by a ``signal``, without answering."""
    reason = f": {exit_reason(code, signal)}" if code or signal else ""
    text = f"Runtime exited with error{reason}" if reason else "Runtime exited without providing a reason"
    message = f"RequestId: {request_id} Error: {text}"
    return Failure(
        "Runtime.ExitError", message, (f"{message}\nRuntime.ExitError\n",), reported_type="Runtime.ExitError"
    )


def out_of_memory(request_id: str) -> Failure:
    """The environment was killed for using more than ``MemorySize``."""
    message = f"RequestId: {request_id} Error: Runtime exited with error: signal: killed"
    return Failure(
        "Runtime.OutOfMemory", message, (f"{message}\nRuntime.ExitError\n",), reported_type="Runtime.OutOfMemory"
    )


def response_too_large() -> Failure:
    """The handler's answer is above 6 MB."""
    message = f"Response payload size exceeded maximum allowed payload size ({MAXIMUM_RESPONSE_BYTES} bytes)."
    return Failure("Function.ResponseSizeTooLarge", message, reported_type="Function.ResponseSizeTooLarge")


def invalid_entrypoint(request_id: str, text: str) -> Failure:
    """The program of the environment could not be started at all."""
    message = f"RequestId: {request_id} Error: {text}"
    line = f"{message}\nRuntime.InvalidEntrypoint\n"
    return Failure("Runtime.InvalidEntrypoint", message, (line,), reported_type="Runtime.InvalidEntrypoint")


def exit_reason(code: int | None, signal: int | None) -> str:
    """``exit status 1`` or ``signal: killed``."""
    if signal:
        return f"signal: {_SIGNAL_NAMES.get(signal, str(signal))}"
    return f"exit status {code or 0}"


def init_start_line(region: str, runtime_version: str) -> str:
    """The first line of an environment. The version ARN is a digest of the version, as AWS's is opaque too."""
    digest = hashlib.sha256(runtime_version.encode()).hexdigest()
    arn = f"arn:aws:lambda:{region}::runtime:{digest}"
    return f"INIT_START Runtime Version: {runtime_version}\tRuntime Version ARN: {arn}\n"


def init_report_line(init_ms: float, error_type: str) -> str:
    """Written only when the init phase fails."""
    return f"INIT_REPORT Init Duration: {init_ms:.2f} ms\tPhase: init\tStatus: error\tError Type: {error_type}\n"


def start_line(request_id: str, version: str) -> str:
    return f"START RequestId: {request_id} Version: {version}\n"


def end_line(request_id: str) -> str:
    return f"END RequestId: {request_id}\n"


def report_line(
    spec: FunctionSpec,
    invocation: Invocation,
    duration_ms: float,
    init_ms: float | None,
    max_memory_mb: int,
    failure: Failure | None = None,
) -> str:
    """The REPORT line: fields separated by tabs, with the trace when the function traces actively."""
    fields = [
        f"REPORT RequestId: {invocation.request_id}",
        f"Duration: {duration_ms:.2f} ms",
        f"Billed Duration: {max(1, math.ceil(duration_ms + (init_ms or 0)))} ms",
        f"Memory Size: {spec.memory_mb} MB",
        f"Max Memory Used: {min(max_memory_mb, spec.memory_mb)} MB",
    ]
    if init_ms is not None:
        fields.append(f"Init Duration: {init_ms:.2f} ms")
    if failure is not None:
        fields.append(f"Status: {failure.status}")
        if failure.reported_type:
            fields.append(f"Error Type: {failure.reported_type}")
    text = "\t".join(fields) + "\t"
    return text + _trace_fields(spec, invocation.trace_header) + "\n"


def _trace_fields(spec: FunctionSpec, trace_header: str) -> str:
    parts = dict(part.split("=", 1) for part in trace_header.split(";") if "=" in part)
    if spec.tracing != "Active" or "Root" not in parts:
        return ""
    sampled = "true" if parts.get("Sampled") == "1" else "false"
    return f"\nXRAY TraceId: {parts['Root']}\tSegmentId: {parts.get('Parent', '')}\tSampled: {sampled}\t"


def iso_timestamp(now_ms: int) -> str:
    """``2026-11-21T02:29:17.123Z``."""
    return datetime.fromtimestamp(now_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S") + f".{now_ms % 1000:03d}Z"


def log_stream(now_ms: int, version: str, environment_id: str) -> str:
    """``2026/11/21/[$LATEST]<environment>``."""
    day = iso_timestamp(now_ms)[:10].replace("-", "/")
    return f"{day}/[{version}]{environment_id}"


def tail(lines: tuple[LogLine, ...]) -> bytes:
    """The last 4 KB of a log, for ``LogType=Tail``, without the platform's INIT_START."""
    wanted: list[str] = []
    size = 0
    for line in reversed(lines):
        text = line.message if line.message.endswith("\n") else line.message + "\n"
        if not text.startswith("INIT_START "):
            wanted.append(text)
            size += len(text)
        if size > TAIL_BYTES:
            break
    return "".join(reversed(wanted)).encode()[-TAIL_BYTES:]
