"""One batch of events on its way through a pipe: enrichment, then target.

An execution is plain data in the payload of a job, its source's. After the enrichment the job goes on with what that
has answered, so that a crash does not ask it again. What becomes of the batch in the end is the source's to say.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Any

from segue.api import Call
from segue.errors import AwsError
from segue.jobs import Again, Outbound, Pending
from segue.services.pipes import logs
from segue.services.pipes.authority import as_role
from segue.services.pipes.checks import kind_of
from segue.services.pipes.inputs import transformed
from segue.services.pipes.records import Pipe
from segue.services.pipes.stages import Failures, Request, enrichment_request, target_request

_API_DESTINATION = "api-destination"


@dataclass(frozen=True, slots=True)
class Execution:
    """Where a batch stands.

    Attributes:
        id: names it.
        events: the events, as JSON texts.
        ids: the identifiers of the source's records.
        enriched: whether the events are the enrichment's answer.
        reserved: whether its place in an API destination's rate has come.
        started_at_ms: when it began.
    """

    id: str
    events: Sequence[str]
    ids: Sequence[str]
    enriched: bool = False
    reserved: bool = False
    started_at_ms: int = 0

    @property
    def plain(self) -> dict[str, Any]:
        """As a job's payload carries it."""
        return {**asdict(self), "events": list(self.events), "ids": list(self.ids)}


@dataclass(frozen=True, slots=True)
class Ended:
    """How an execution ended.

    Attributes:
        failed: places of the source's records that failed; ``None``: all.
        reason: why.
        operation, arn: what was performed last, on what.
    """

    failed: frozenset[int] | None = field(default_factory=frozenset)
    reason: str = ""
    operation: str = ""
    arn: str = ""


Finish = Callable[[Call, Ended], Again | None]
"""Settles the batch with its source."""
Keep = Callable[[Execution], dict[str, Any]]
"""The job's payload with the execution as it now stands."""


def go_on(
    call: Call, pipe: Pipe, execution: Execution, finish: Finish, keep: Keep
) -> Again | Outbound | Pending | None:
    """Do the next stage."""
    stage = _Stage(pipe, execution, finish, keep, enriches=bool(pipe.enrichment) and not execution.enriched)
    if (wait := stage.reserve(call)) is not None:
        return wait
    try:
        with call.tx.savepoint():
            acting = as_role(call, pipe, f"{execution.id}/{stage.name}")
            request = stage.request(acting)
            result = acting.perform(request.operation, request.params)
            if isinstance(result, dict):
                return stage.answered(call, request, result)
    except AwsError as error:
        return stage.failed(call, error)
    if isinstance(result, Outbound):
        return Outbound(result.effect, result.request, partial(stage.settle, request, result))
    return result


@dataclass(frozen=True, slots=True)
class _Stage:
    """The enrichment or the target, at work on an execution."""

    pipe: Pipe
    execution: Execution
    finish: Finish
    keep: Keep
    enriches: bool

    @property
    def name(self) -> str:
        return "enrichment" if self.enriches else "target"

    @property
    def arn(self) -> str:
        return self.pipe.enrichment if self.enriches else str(self.pipe.target)

    def reserve(self, call: Call) -> Again | None:
        """Wait for a place in an API destination's rate."""
        if kind_of(self.arn) != _API_DESTINATION or self.execution.reserved:
            return None
        try:
            place = as_role(call, self.pipe).perform("events:ReserveApiDestination", {"ApiDestinationArn": self.arn})
        except AwsError as error:
            return self.failed(call, error)
        assert isinstance(place, dict)
        return (
            Again(place["At"], self.keep(replace(self.execution, reserved=True))) if place["At"] > call.now_ms else None
        )

    def request(self, acting: Call) -> Request:
        parameters = self.pipe.enrichment_parameters if self.enriches else self.pipe.target_parameters
        events = self.execution.events
        texts = transformed(self.pipe, parameters.get("InputTemplate", ""), events, acting.now_ms)
        if self.enriches:
            return enrichment_request(self.pipe, texts, events)
        return target_request(acting, self.pipe, texts, events, self.execution.ids)

    def settle(self, request: Request, outbound: Outbound, call: Call, outcome: Any) -> Again | None:
        try:
            result = outbound.settle(as_role(call, self.pipe), outcome)
            return self.answered(call, request, result)
        except AwsError as error:
            return self.failed(call, error)

    def answered(self, call: Call, request: Request, result: dict[str, Any]) -> Again | None:
        if not self.enriches:
            return self._sent(call, request, request.failed(result))
        events = request.enriched(result)
        logs.stage(call, self.pipe, self.execution, "ENRICHMENT", "SUCCEEDED", request)
        if not events:
            logs.skipped(call, self.pipe, self.execution)
            return self.finish(call, Ended(operation=request.operation, arn=self.arn))
        return Again(call.now_ms, self.keep(replace(self.execution, events=events, enriched=True, reserved=False)))

    def _sent(self, call: Call, request: Request, failures: Failures) -> Again | None:
        if not failures.places and failures.places is not None:
            logs.stage(call, self.pipe, self.execution, "TARGET", "SUCCEEDED", request)
            return self.finish(call, Ended(operation=request.operation, arn=self.arn))
        places = failures.places
        if places is not None and len(self.execution.events) != len(self.execution.ids):
            # Which of the source's records those events were made of nobody knows.
            raise AwsError("BatchFailed", failures.reason)
        how = "FAILED" if places is None or len(places) == len(self.execution.ids) else "PARTIALLY_FAILED"
        logs.stage(call, self.pipe, self.execution, "TARGET", how, request, failures.reason)
        return self.finish(call, Ended(places, failures.reason, request.operation, self.arn))

    def failed(self, call: Call, error: AwsError) -> Again | None:
        reason = f"{error.code}: {error.message}"
        logs.stage(call, self.pipe, self.execution, self.name.upper(), "FAILED", None, reason, error)
        return self.finish(call, Ended(None, reason, f"{kind_of(self.arn)}:{self.name}", self.arn))
