"""Queues as sources: a job polls (see ``api/sources/queues.py``), others take batches through the pipe.

What fails stays in the queue, whose visibility timeout brings it back, and whose redrive policy ends it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from segue import jobs
from segue.api import Call
from segue.api.deliveries import Delivery, record
from segue.api.sources.messages import Held
from segue.api.sources.queues import (
    QueueSource,
    batch_ended,
    delete_messages,
    forget_held,
    poll,
    queue_url,
    still_held,
    trouble,
)
from segue.arn import parse_arn
from segue.errors import AwsError
from segue.jobs import Again, Job, Outbound, Pending
from segue.services.pipes.authority import as_role
from segue.services.pipes.executions import Ended, Execution, go_on
from segue.services.pipes.records import Pipe, find_pipe
from segue.services.pipes.service import SERVICE
from segue.store import Transaction

log = logging.getLogger(__name__)

_POLL = "pipes:poll"
_BATCH = "pipes:batch"


def check(reader: Call, pipe: Pipe) -> None:
    """``AwsError`` where the queue is not there, or may not be read."""
    params = {"QueueUrl": queue_url(reader, pipe.source), "AttributeNames": ["VisibilityTimeout"]}
    reader.perform("sqs:GetQueueAttributes", params)


def start(call: Call, pipe: Pipe) -> None:
    """Read from now on."""
    if not jobs.exists(call.tx, _POLL, pipe.arn):
        jobs.enqueue(call.tx, _POLL, pipe.arn, {})


def stop(call: Call, pipe: Pipe, *, for_good: bool) -> None:
    """Nothing more is taken. Batches that run go on to their end; what was gathered becomes visible again in time."""
    jobs.cancel(call.tx, _POLL, pipe.arn)
    forget_held(call.tx, pipe.arn)


@SERVICE.invariant
def queues_are_polled(tx: Transaction) -> Iterator[str]:
    """Whoever is to be served from a queue has the job that polls it."""
    for (arn,) in tx.all("SELECT arn FROM pipes_pipes WHERE current_state = 'RUNNING' ORDER BY arn"):
        pipe = find_pipe(tx, arn)
        if pipe is not None and parse_arn(pipe.source).service == "sqs" and not jobs.exists(tx, _POLL, arn):
            yield f"{arn}: running, and {pipe.source} is not polled"


@SERVICE.job("poll")
def poll_queue(call: Call, job: Job) -> Again | Pending | None:
    """Take what there is."""
    pipe = find_pipe(call.tx, job.key)
    if pipe is None or pipe.current_state != "RUNNING":
        return None
    parameters = pipe.source_parameters
    source = QueueSource(
        pipe.arn,
        pipe.source,
        parameters["BatchSize"],
        parameters["MaximumBatchingWindowInSeconds"] * 1_000,
        pipe.filters,
        _BATCH,
    )
    try:
        return poll(call, as_role(call, pipe), source)
    except AwsError as error:
        return trouble(call, pipe.source, pipe.arn, job, error)


@SERVICE.job("batch")
def run_batch(call: Call, job: Job) -> Again | Outbound | Pending | None:
    """Take a batch through the pipe, as far as it goes in one transaction."""
    pipe = find_pipe(call.tx, job.key)
    if pipe is None:
        return None
    batch = [Held(*message) for message in job.payload["messages"]]
    if "execution" in job.payload:
        execution = Execution(**job.payload["execution"])
    else:
        batch = _still_held(call, pipe, batch)
        if not batch:
            batch_ended(call.tx, pipe.arn)
            return None
        events, ids = [message.record for message in batch], [message.message_id for message in batch]
        execution = Execution(job.payload["request_id"], events, ids, started_at_ms=call.now_ms)
    return go_on(
        call,
        pipe,
        execution,
        partial(_finish, pipe, batch),
        lambda later: {
            **job.payload,
            "messages": [message.plain for message in batch],
            "execution": later.plain,
        },
    )


def _still_held(call: Call, pipe: Pipe, batch: list[Held]) -> list[Held]:
    """What waited longer than its visibility timeout may be in another batch: it goes through the pipe once."""
    try:
        return still_held(as_role(call, pipe), pipe.source, batch)
    except AwsError:  # the queue has gone, or may not be asked
        return batch


def _finish(pipe: Pipe, batch: list[Held], call: Call, ended: Ended) -> None:
    failed = frozenset(range(len(batch))) if ended.failed is None else ended.failed
    done = [message.receipt_handle for place, message in enumerate(batch) if place not in failed]
    try:
        delete_messages(as_role(call, pipe), pipe.source, done)
    except AwsError as error:
        log.warning("%s: messages of %s could not be deleted: %s", pipe.arn, pipe.source, error)
    for place, message in enumerate(batch):
        status, reason = ("failed", ended.reason) if place in failed else ("delivered", "")
        hop = Delivery(pipe.source, ended.arn, ended.operation, status, 1, reason, message.message_id)
        record(replace(call, trace=message.trace or call.trace), hop)
    batch_ended(call.tx, pipe.arn)
