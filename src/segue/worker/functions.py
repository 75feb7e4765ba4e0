"""The effect ``lambda:invoke``: from what the service wants run to the runtimes, and what came of it back."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import replace
from functools import partial
from weakref import WeakKeyDictionary

from segue.api import Api, Call, Caller
from segue.errors import AwsError
from segue.runtimes.pool import Pool
from segue.runtimes.spec import CodeRef, Credentials, FunctionSpec, Invocation, LogLine, Sink
from segue.services.lambda_.invocation import (
    InvokeOutcome,
    InvokeRequest,
    InvokeTarget,
    record_invocation,
    record_lines,
)
from segue.services.lambda_.metrics import tallies
from segue.services.lambda_.records import CHANGED, runtimes_in_use
from segue.store import Transaction
from segue.store.afterwards import Afterwards
from segue.store.patience import at_last
from segue.store.store import Store
from segue.worker.concurrency import Concurrency
from segue.worker.parameters_extension import ParametersExtension

Lines = tuple[tuple[int, str], ...]

_LINES_AT_ONCE = 2_000
"""More lines than these are written in several units: a function that logs without end holds up nobody else."""


class FunctionEffect:
    """Runs functions for the gateway and for jobs; what they log is written afterwards, nobody waits for it."""

    def __init__(self, pool: Pool, api: Api, store: Store) -> None:
        self._pool = pool
        self._api = api
        self._store = store
        self.afterwards = Afterwards(store)
        """Where what functions log waits to be written."""
        self.extension: ParametersExtension | None = None
        """What serves parameters and secrets to functions whose layers name it."""
        self._running: Counter[str] = Counter()
        self.concurrency = Concurrency(store, api.settings.limits.account_concurrency)
        """How many run on all nodes."""
        self._specs: WeakKeyDictionary[InvokeTarget, FunctionSpec] = WeakKeyDictionary()

    async def __call__(self, request: InvokeRequest, sink: Sink | None = None) -> InvokeOutcome:
        """Run the function once. What it does wrong is in the outcome, and so is why it could not be run. What it
        streams goes to ``sink``, where there is one."""
        spec = self._specs.get(request.target)
        if spec is None:
            spec = _spec(request.target)
            spec = await self.extension.admit(spec) if self.extension is not None else spec
            self._specs[request.target] = spec
        invocation = Invocation(
            request.request_id,
            request.payload,
            trace_header=request.trace,
            client_context=request.client_context,
            invoked_arn=request.invoked_arn,
            sink=sink,
        )
        began, function = self._store.clock.elapsed_seconds(), request.target.function_arn
        at_once = self._running[function] = self._running[function] + 1
        try:
            async with self.concurrency.admit(function, spec.concurrency_limit):
                ran = await self._pool.invoke(spec, invocation)
        except AwsError as error:
            outcome = InvokeOutcome(refused=error)
        else:
            lines = _plain(ran.logs)
            outcome = InvokeOutcome(ran.payload, ran.function_error, lines, ran.log_stream, ran.tail)
        finally:
            self._running[function] -= 1
            if not self._running[function]:
                del self._running[function]
        took_ms = (self._store.clock.elapsed_seconds() - began) * 1000
        self._store.tallies.add(tallies(request, outcome, took_ms, at_once), self._store.clock.now_ms())
        self._note(request, outcome)
        return outcome

    def _note(self, request: InvokeRequest, outcome: InvokeOutcome) -> None:
        if len(outcome.logs) <= _LINES_AT_ONCE:
            self.afterwards.add(partial(self._write_down, request, outcome))
            return
        first, *others = _pieces(outcome.logs)
        units = [partial(self._write_down, request, replace(outcome, logs=first))]
        units += [
            partial(self._write_down, replace(request, source=""), replace(outcome, logs=each)) for each in others
        ]
        self.afterwards.add_apart(units)

    @property
    def running(self) -> int:
        """How many functions run."""
        return self._running.total()

    async def follow(self) -> None:
        """Keep the pool in step with the functions there are: cold starts prepared, no environment of a deleted one."""
        prepared: set[str] = set()
        while True:
            runtimes, seq = await at_last(lambda: self._store.look(lambda tx: (runtimes_in_use(tx), tx.seq)))
            for runtime in set(runtimes.values()) - prepared:
                self._pool.prewarm(runtime)
                prepared.add(runtime)
            self._pool.keep_only(runtimes.keys())
            await self._store.wakes.park((CHANGED,), seq)

    def late_lines(self, spec: FunctionSpec, stream: str, lines: tuple[LogLine, ...]) -> None:
        """Write what an environment logged after its last answer."""

        def write_down(piece: Lines, tx: Transaction) -> None:
            call = Call(tx, Caller(), self._api, tx.now_ms)
            record_lines(call, spec.function_arn, spec.role_arn, spec.log_group, stream, piece)

        plain = _plain(lines)
        if len(plain) <= _LINES_AT_ONCE:
            self.afterwards.add(partial(write_down, plain))
        else:
            self.afterwards.add_apart(partial(write_down, piece) for piece in _pieces(plain))

    def _write_down(self, request: InvokeRequest, outcome: InvokeOutcome, tx: Transaction) -> None:
        call = Call(tx, Caller(), self._api, tx.now_ms, request.trace, request.request_id)
        record_invocation(call, request, outcome)


def _spec(target: InvokeTarget) -> FunctionSpec:
    session = target.session
    return FunctionSpec(
        arn=target.arn,
        name=target.name,
        runtime=target.runtime,
        handler=target.handler,
        code=CodeRef(target.code.sha256, target.code.path),
        version=target.version,
        revision=target.revision,
        environment=target.environment,
        memory_mb=target.memory_mb,
        timeout_seconds=target.timeout_seconds,
        ephemeral_mb=target.ephemeral_mb,
        layers=tuple(CodeRef(layer.sha256, layer.path) for layer in target.layers),
        log_group=target.log_group,
        account=target.account,
        region=target.region,
        role_arn=session.role_arn,
        credentials=Credentials(session.access_key_id, session.secret_access_key, _token(target)),
        endpoint_url=target.endpoint_url,
        tracing=target.tracing,
        log_format=target.log_format,
        concurrency_limit=target.concurrency_limit,
        missing_layers=target.missing_layers,
    )


def _token(target: InvokeTarget) -> str:
    """The session's token; code counts on there being one, so who works without its role is given one, too."""
    known = target.session.session_token
    return known or hashlib.sha256(f"{target.function_arn} {target.session.role_arn}".encode()).hexdigest()


def _pieces(lines: Lines) -> list[Lines]:
    return [lines[at : at + _LINES_AT_ONCE] for at in range(0, len(lines), _LINES_AT_ONCE)]


def _plain(lines: tuple[LogLine, ...]) -> Lines:
    return tuple((line.timestamp_ms, line.message) for line in lines)
