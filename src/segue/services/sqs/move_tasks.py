"""Message move tasks: dead letters go back to where they came from, or elsewhere.

Source: conformance cases sqs_move_task__*.
"""

from __future__ import annotations

import base64
import json
from typing import Any

from segue import jobs
from segue.api import Call
from segue.api.deliveries import Delivery, record
from segue.errors import AwsError
from segue.jobs import Again, Job
from segue.services.sqs import records
from segue.services.sqs.dead_letters import move_message
from segue.services.sqs.service import SERVICE
from segue.store import Row

JOB = "sqs:move"
_PAGE = 200
_MOVED = "moved by a message move task"


def _source(call: Call, params: dict[str, Any]) -> str:
    return str(params["SourceArn"])


@SERVICE.operation("StartMessageMoveTask", resource=_source)
def start_message_move_task(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Begin to move the messages of a dead-letter queue, ``MaxNumberOfMessagesPerSecond`` a second."""
    tx = call.tx
    source = _queue(call, params, "SourceArn")
    destination_arn: str | None = params.get("DestinationArn")
    if destination_arn:
        destination = _queue(call, params, "DestinationArn")
        if destination.arn == source.arn or destination.fifo != source.fifo:
            wrong = "differ from the source queue" if destination.arn == source.arn else "be of the source queue's type"
            raise AwsError("InvalidParameterValue", f"The destination queue must {wrong}.")
    if not records.sources_of(tx, source.arn, "", 1):
        raise AwsError("InvalidParameterValue", "Source queue must be configured as a Dead Letter Queue.")
    if tx.one("SELECT 1 FROM sqs_move_tasks WHERE source = ? AND status = 'RUNNING'", source.arn) is not None:
        raise AwsError(
            "InvalidParameterValue",
            "There is already a task running. Only one active task is allowed for a source queue arn at a given time.",
        )
    rate: int | None = params.get("MaxNumberOfMessagesPerSecond")
    if rate is not None and not 1 <= rate <= 500:
        raise AwsError(
            "InvalidParameterValue",
            f"Value {rate} for parameter MaxNumberOfMessagesPerSecond is invalid. Reason: Must be between 1 and 500.",
        )
    task_id = tx.ids.uuid()
    tx.run(
        "INSERT INTO sqs_move_tasks VALUES (?, ?, ?, ?, 'RUNNING', 0, ?, ?, NULL)",
        task_id,
        source.arn,
        destination_arn,
        rate,
        records.depth(tx, source).visible,
        tx.now_ms,
    )
    jobs.enqueue(tx, JOB, source.arn, {"task": task_id}, trace=call.trace)
    return {"TaskHandle": _handle(task_id, source.arn)}


@SERVICE.operation("ListMessageMoveTasks", reads=True, resource=_source)
def list_message_move_tasks(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    source = _queue(call, params, "SourceArn")
    rows = call.tx.all(
        "SELECT task_id, destination, per_second, status, moved, to_move, started_at, failure FROM sqs_move_tasks"
        " WHERE source = ? ORDER BY started_at DESC LIMIT ?",
        source.arn,
        params.get("MaxResults") or 1,
    )
    results = []
    for task_id, destination, rate, status, moved, to_move, started_at, failure in rows:
        result = {
            "TaskHandle": _handle(task_id, source.arn) if status == "RUNNING" else None,
            "Status": status,
            "SourceArn": source.arn,
            "DestinationArn": destination,
            "MaxNumberOfMessagesPerSecond": rate,
            "ApproximateNumberOfMessagesMoved": moved,
            "ApproximateNumberOfMessagesToMove": to_move,
            "FailureReason": failure,
            "StartedTimestamp": started_at,
        }
        results.append({name: value for name, value in result.items() if value is not None})
    return {"Results": results}


@SERVICE.operation("CancelMessageMoveTask")
def cancel_message_move_task(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    try:
        handle = json.loads(base64.b64decode(params["TaskHandle"], validate=True))
        task_id, source_arn = handle["taskId"], handle["sourceArn"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise AwsError("InvalidParameterValue", "Value for parameter TaskHandle is invalid.") from None
    _queue(call, {"SourceArn": source_arn}, "SourceArn")
    row = call.tx.one("SELECT status, moved FROM sqs_move_tasks WHERE task_id = ? AND source = ?", task_id, source_arn)
    if row is None:
        raise AwsError("ResourceNotFoundException", "Task does not exist.", status=404)
    if row[0] != "RUNNING":
        raise AwsError("InvalidParameterValue", "Only active tasks can be cancelled.")
    call.tx.run("UPDATE sqs_move_tasks SET status = 'CANCELLED' WHERE task_id = ?", task_id)
    jobs.cancel(call.tx, JOB, source_arn)
    return {"ApproximateNumberOfMessagesMoved": row[1]}


@SERVICE.job("move")
def move(call: Call, job: Job) -> Again | None:
    """Move one page of a task's messages, and come again if there are more."""
    tx = call.tx
    task_id = job.payload["task"]
    row = tx.one("SELECT destination, per_second, moved FROM sqs_move_tasks WHERE task_id = ?", task_id)
    if row is None:
        return None
    destination, rate, moved = row
    limit = rate or _PAGE
    messages = tx.all(
        "SELECT id, dead_letter_source, message_id, trace FROM sqs_messages WHERE queue = ? AND visible_at <= ?"
        " ORDER BY visible_at, id LIMIT ?",
        job.key,
        tx.now_ms,
        limit,
    )
    count, failure = _move_all(call, job.key, messages, destination)
    status = "FAILED" if failure else "COMPLETED" if count < limit else "RUNNING"
    tx.run(
        "UPDATE sqs_move_tasks SET moved = ?, status = ?, failure = ? WHERE task_id = ?",
        moved + count,
        status,
        failure,
        task_id,
    )
    if status != "RUNNING":
        return None
    return Again(tx.now_ms + 1_000 if rate else tx.now_ms)


def _move_all(call: Call, source_arn: str, messages: list[Row], destination_arn: str | None) -> tuple[int, str | None]:
    """Move messages, each to the queue whose dead letter it is unless told; how many, and why no more, if it failed."""
    woken: dict[str, None] = {}
    failure = None
    count = 0
    for row_id, dead_letter_source, message_id, trace in messages:
        target_arn = destination_arn or dead_letter_source
        target = records.queue_of(call.tx, target_arn) if target_arn else None
        if target is None:
            failure = "AWS.SimpleQueueService.NonExistentQueue" if target_arn else "CouldNotDetermineMessageSource"
            break
        # Moved messages are new there: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/
        # sqs-configure-dead-letter-queue-redrive.html ("redriven messages … assigned a new enqueueTime").
        call.tx.run("UPDATE sqs_messages SET receive_count = 0, first_received_at = NULL WHERE id = ?", row_id)
        move_message(call, row_id, target, source=None, anew=True)
        hop = Delivery(source_arn, target.arn, "sqs:SendMessage", reason=_MOVED, subject=message_id)
        record(call.as_caller(call.caller, trace=trace), hop)
        woken[target.wake_key] = None
        count += 1
    for key in woken:
        jobs.wake(call.tx, key)
    return count, failure


def _queue(call: Call, params: dict[str, Any], name: str) -> records.Queue:
    queue = records.queue_of(call.tx, params[name])
    if queue is None:
        raise AwsError(
            "ResourceNotFoundException",
            f"The resource that you specified for the {name} parameter doesn't exist.",
            status=404,
        )
    return queue


def _handle(task_id: str, source_arn: str) -> str:
    return base64.b64encode(json.dumps({"taskId": task_id, "sourceArn": source_arn}).encode()).decode("ascii")
