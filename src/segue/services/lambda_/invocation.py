"""What leaves the building to run a function, what comes back, and what is written down of it.

The effect ``lambda:invoke`` takes an :class:`InvokeRequest` and gives an :class:`InvokeOutcome`. The composition root
performs it with the runtimes; this package knows nothing of processes. After the outcome it calls
:func:`record_invocation` in a transaction of its own, some time later: nobody who waits for an answer waits for logs.
"""

from __future__ import annotations

import json
import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from weakref import WeakKeyDictionary

from segue.api import Api, Call
from segue.api.caller import Caller, role_caller, service_caller
from segue.api.deliveries import Delivery, record
from segue.arn import parse_arn
from segue.errors import AwsError
from segue.services.lambda_.layers import layer_blobs, missing_layers
from segue.services.lambda_.records import Function, FunctionVersion, Session
from segue.services.lambda_.sessions import PRINCIPAL, current_session, session_name

log = logging.getLogger(__name__)

EFFECT = "lambda:invoke"
STREAM_EFFECT = "lambda:invoke-streaming"
_CACHED_TARGETS = 512
_KNOWN_LOG_GROUPS = 4_096
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
_LOG_EVENTS_PER_CALL = 10_000
_LOG_BYTES_PER_CALL = 1_048_576
_LOG_EVENT_OVERHEAD_BYTES = 26


@dataclass(frozen=True, slots=True)
class CodeBlob:
    """A zip archive on disk, named by its content."""

    sha256: str
    path: Path


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class InvokeTarget:
    """A function version as it is to run. Equal only to itself and the same object while nothing changes, so that an
    edge can keep by it what it makes of it.

    ``revision`` changes with code, configuration and credentials: environments of another one are not used again.
    """

    arn: str
    function_arn: str
    name: str
    version: str
    revision: str
    runtime: str
    handler: str
    code: CodeBlob
    layers: tuple[CodeBlob, ...]
    environment: Mapping[str, str]
    memory_mb: int
    timeout_seconds: int
    ephemeral_mb: int
    log_group: str
    log_format: Literal["Text", "JSON"]
    tracing: Literal["Active", "PassThrough"]
    account: str
    region: str
    session: Session
    concurrency_limit: int | None
    endpoint_url: str
    missing_layers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class InvokeRequest:
    """One event for a function.

    Attributes:
        payload: JSON text.
        trace: the trace header of the conversation.
        invoked_arn: the ARN that the caller named, alias included.
        source: who invoked, for the record: an ARN; empty where the hop is recorded already.
    """

    target: InvokeTarget
    request_id: str
    payload: bytes
    trace: str
    invoked_arn: str
    client_context: str | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class InvokeOutcome:
    """What came of an invocation.

    Attributes:
        payload: the handler's JSON, or AWS's error object.
        function_error: ``Unhandled`` or ``Handled`` where the function failed.
        logs: what it wrote: (time in milliseconds, text).
        tail: the end of its log.
        refused: why it was not run at all (a limit, a runtime that cannot run here).
    """

    payload: bytes = b"null"
    function_error: str | None = None
    logs: tuple[tuple[int, str], ...] = ()
    log_stream: str = ""
    tail: bytes = b""
    refused: AwsError | None = field(default=None, compare=False)

    @property
    def error_text(self) -> str:
        """``errorType: errorMessage`` of a failure, for people."""
        if self.refused is not None:
            return str(self.refused)
        if self.function_error is None:
            return ""
        error = error_object(self.payload)
        return f"{error.get('errorType', self.function_error)}: {error.get('errorMessage', '')}"


@dataclass(frozen=True, slots=True)
class Streamed:
    """An answer that is still being made (``lambda:invoke-streaming``).

    Attributes:
        content_type: as the function says.
        prelude: status and headers for HTTP, as JSON; ``None`` where the function sends none.
        pieces: of the body, and in the end what came of the invocation.
    """

    content_type: str
    prelude: bytes | None
    pieces: AsyncIterator[bytes | InvokeOutcome]


_log_groups: WeakKeyDictionary[Api, dict[tuple[str, str], None]] = WeakKeyDictionary()
"""Groups that were seen to exist. One that was deleted since is made again by the first line written to it."""
_targets: OrderedDict[tuple[object, ...], InvokeTarget] = OrderedDict()


def invoke_target(call: Call, function: Function, version: FunctionVersion) -> InvokeTarget:
    """The version as it is to run now; the same object while nothing about it changes."""
    session = current_session(call, function, version.configuration["Role"])
    blobs = call.api.blobs
    code = blobs.path(version.code_sha256)
    revision = f"{version.revision}/{session.access_key_id}"
    key = (version.arn, revision, function.reserved_concurrency, call.api.settings.endpoint_url, code)
    found = _targets.get(key)
    if found is not None:
        return found
    configuration = version.configuration
    _, _, _, region, account, _ = version.function_arn.split(":", 5)
    layers = layer_blobs(call, configuration.get("Layers", []))
    target = InvokeTarget(
        arn=version.arn,
        function_arn=version.function_arn,
        name=configuration["FunctionName"],
        version=version.version,
        revision=revision,
        runtime=configuration["Runtime"],
        handler=configuration["Handler"],
        code=CodeBlob(version.code_sha256, code),
        layers=tuple(CodeBlob(sha256, blobs.path(sha256)) for sha256 in layers),
        environment=configuration.get("Environment", {}).get("Variables", {}),
        memory_mb=configuration["MemorySize"],
        timeout_seconds=configuration["Timeout"],
        ephemeral_mb=configuration["EphemeralStorage"]["Size"],
        log_group=configuration["LoggingConfig"]["LogGroup"],
        log_format=configuration["LoggingConfig"]["LogFormat"],
        tracing=configuration["TracingConfig"]["Mode"],
        account=account,
        region=region,
        session=session,
        concurrency_limit=function.reserved_concurrency,
        endpoint_url=call.api.settings.endpoint_url,
        missing_layers=missing_layers(call, configuration.get("Layers", [])),
    )
    _targets[key] = target
    if len(_targets) > _CACHED_TARGETS:
        _targets.popitem(last=False)
    return target


def record_invocation(call: Call, request: InvokeRequest, outcome: InvokeOutcome) -> None:
    """Write down what an invocation logged, and that it was made (on any caller's call; the service's own is used)."""
    target = request.target
    call = call.as_caller(service_caller(PRINCIPAL, target.function_arn), trace=request.trace)
    record_lines(call, target.function_arn, target.session.role_arn, target.log_group, outcome.log_stream, outcome.logs)
    if request.source:
        status = "failed" if outcome.function_error or outcome.refused else "delivered"
        hop = Delivery(
            request.source, request.invoked_arn, "lambda:Invoke", status, 1, outcome.error_text, request.request_id
        )
        record(call, hop)


def record_lines(
    call: Call, function_arn: str, role_arn: str, group: str, stream: str, lines: tuple[tuple[int, str], ...]
) -> None:
    """Write what a function logged; where that may not be, the server's own log says so."""
    try:
        with call.tx.savepoint():
            write_log_lines(_log_writer(call, function_arn, role_arn), group, stream, lines)
    except AwsError as error:
        log.warning("%s: its log could not be written: %s", function_arn, error)


def _log_writer(call: Call, function_arn: str, role_arn: str) -> Call:
    """On whose authority a function's log is written: its role's, as on AWS, where identities are enforced.

    Elsewhere it is the account's own, so that not every stream of every function is one more thing that AWS would deny.
    """
    function = parse_arn(function_arn)
    if call.api.settings.iam != "enforce":
        return call.as_caller(Caller(account=function.account, region=function.region))
    return call.as_caller(role_caller(role_arn, session_name(function_arn), function.region))


def begin_log(call: Call, version: FunctionVersion) -> None:
    """Make a function's log group before its first event is run, so that who follows the log need not wait for it."""
    group = version.configuration["LoggingConfig"]["LogGroup"]
    known = _log_groups.setdefault(call.api, {})
    if (version.function_arn, group) in known:
        return
    try:
        writer = _log_writer(call, version.function_arn, version.configuration["Role"])
        _make(writer, "logs:CreateLogGroup", logGroupName=group)
    except AwsError as error:
        log.warning("%s: its log could not be begun: %s", version.function_arn, error)
    if len(known) >= _KNOWN_LOG_GROUPS:
        known.clear()
    known[version.function_arn, group] = None


def write_log_lines(call: Call, group: str, stream: str, lines: tuple[tuple[int, str], ...]) -> None:
    """Add lines to a function's log stream, which is made when it is missing, as is the group."""
    for events in _log_batches(lines):
        params = {"logGroupName": group, "logStreamName": stream, "logEvents": events}
        try:
            with call.tx.savepoint():
                call.perform("logs:PutLogEvents", params)
        except AwsError as error:
            if error.code != "ResourceNotFoundException":
                raise
            _make_stream(call, group, stream)
            call.perform("logs:PutLogEvents", params)


def _log_batches(lines: tuple[tuple[int, str], ...]) -> Iterator[list[dict[str, object]]]:
    batch: list[dict[str, object]] = []
    size = 0
    for at_ms, text in lines:
        if not text:
            continue
        length = len(text.encode()) + _LOG_EVENT_OVERHEAD_BYTES
        if batch and (len(batch) == _LOG_EVENTS_PER_CALL or size + length > _LOG_BYTES_PER_CALL):
            yield batch
            batch, size = [], 0
        batch.append({"timestamp": at_ms, "message": text})
        size += length
    if batch:
        yield batch


def _make_stream(call: Call, group: str, stream: str) -> None:
    params = {"logGroupName": group, "logStreamName": stream}
    try:
        _make(call, "logs:CreateLogStream", **params)
    except AwsError as error:
        if error.code != "ResourceNotFoundException":
            raise
        _make(call, "logs:CreateLogGroup", logGroupName=group)
        _make(call, "logs:CreateLogStream", **params)


def _make(call: Call, operation: str, **params: str) -> None:
    try:
        with call.tx.savepoint():
            call.perform(operation, params)
    except AwsError as error:
        if error.code != "ResourceAlreadyExistsException":
            raise


def error_object(payload: bytes) -> Mapping[str, object]:
    """A failed function's error object; empty where it is none."""
    try:
        found = json.loads(payload)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
