"""The values that go in and out: what a function is, one invocation of it, and its outcome."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: 6 MB and a little for the envelope, both
# ways.
MAXIMUM_RESPONSE_BYTES = 6_291_556
MAXIMUM_STREAMED_RESPONSE_BYTES = 200 * 1024 * 1024
# "The last 4 KB of the execution log", API_Invoke LogType=Tail.
TAIL_BYTES = 4_096


@dataclass(frozen=True, slots=True)
class CodeRef:
    """Where code comes from: a zip archive on disk named by its content, or a folder used in place."""

    sha256: str = ""
    path: Path | None = None
    directory: Path | None = None


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the function's role is given: it reaches the function as ``AWS_ACCESS_KEY_ID`` and companions."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class FunctionSpec:
    """A function version as it is to run.

    ``arn`` carries the version or ``$LATEST`` where the caller qualifies it; ``revision`` changes whenever code or
    configuration do, and environments of another revision are not used again. ``concurrency_limit`` is the function's
    reserved concurrency (over all its versions). ``endpoint_url`` is where the function's own SDK calls go.
    ``missing_layers`` are the ARNs of those layers of other accounts that are not here; ``notes`` are for its log.
    """

    arn: str
    name: str
    runtime: str
    handler: str
    code: CodeRef
    version: str = "$LATEST"
    revision: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    memory_mb: int = 128
    timeout_seconds: float = 3
    ephemeral_mb: int = 512
    layers: tuple[CodeRef, ...] = ()
    log_group: str = ""
    account: str = "000000000000"
    region: str = "us-east-1"
    role_arn: str = ""
    credentials: Credentials | None = None
    endpoint_url: str = ""
    tracing: Literal["Active", "PassThrough"] = "PassThrough"
    log_format: Literal["Text", "JSON"] = "Text"
    concurrency_limit: int | None = None
    missing_layers: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def function_arn(self) -> str:
        """The ARN without its qualifier: all versions of the function share it."""
        return ":".join(self.arn.split(":")[:7])


class Source(Protocol):
    """Where a streamed answer comes from; it can be told to wait."""

    def pause(self) -> None: ...

    def resume(self) -> None: ...


class Sink(Protocol):
    """Takes a streamed answer while it is made."""

    def begin(self, content_type: str, source: Source) -> None: ...

    def piece(self, data: bytes) -> None: ...


@dataclass(frozen=True, slots=True)
class Invocation:
    """One event for a function. ``payload`` is JSON text; ``invoked_arn`` is the ARN that the caller named, alias
    included; what the function streams goes to ``sink``, where there is one, and is not in the outcome then."""

    request_id: str
    payload: bytes = b"{}"
    trace_header: str = ""
    client_context: str | None = None
    cognito_identity: str | None = None
    invoked_arn: str = ""
    sink: Sink | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class LogLine:
    """One CloudWatch Logs event, newline kept where the function wrote one."""

    timestamp_ms: int
    message: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an invocation.

    ``payload`` is the handler's JSON as it wrote it, or AWS's error object; ``tail`` is the end of the log for
    ``LogType=Tail`` (not base64). ``init_ms`` is set on a cold start only.
    """

    status: Literal["ok", "error"]
    payload: bytes
    function_error: Literal["Handled", "Unhandled"] | None
    logs: tuple[LogLine, ...]
    log_stream: str
    duration_ms: float
    init_ms: float | None
    max_memory_mb: int
    content_type: str = "application/json"
    tail: bytes = b""
