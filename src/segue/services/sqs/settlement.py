"""What a receiver does with a message: delete it, or change when it becomes visible again.

Source: conformance cases delete_after_visibility_timeout, fifo_delete_after_visibility_timeout and
change_message_visibility_after_visibility_timeout_expiration; that the twelve hours count from the receive:
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibility.html
"""

from __future__ import annotations

from typing import Any

from segue import jobs
from segue.api import Call
from segue.errors import AwsError
from segue.services.sqs import groups, metrics
from segue.services.sqs.addresses import arn_of_url, find_queue
from segue.services.sqs.batches import check_entries, each
from segue.services.sqs.receipts import decode_receipt
from segue.services.sqs.records import Queue
from segue.services.sqs.service import SERVICE

_LONGEST_SECONDS = 43_200


@SERVICE.operation("DeleteMessage", resource=arn_of_url)
def delete_message(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Delete a message; one that is gone already is no error."""
    return _delete(call, find_queue(call, params), params["ReceiptHandle"])


@SERVICE.operation("DeleteMessageBatch", resource=arn_of_url, action="sqs:DeleteMessage")
def delete_message_batch(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    queue = find_queue(call, params)
    check_entries(params["Entries"], "DeleteMessageBatchRequestEntry")
    return each(params["Entries"], lambda entry: _delete(call, queue, entry["ReceiptHandle"]))


@SERVICE.operation("ChangeMessageVisibility", resource=arn_of_url)
def change_message_visibility(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Let a received message become visible ``VisibilityTimeout`` seconds from now."""
    return _change(call, find_queue(call, params), params)


@SERVICE.operation("ChangeMessageVisibilityBatch", resource=arn_of_url, action="sqs:ChangeMessageVisibility")
def change_message_visibility_batch(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    queue = find_queue(call, params)
    check_entries(params["Entries"], "ChangeMessageVisibilityBatchRequestEntry")
    return each(params["Entries"], lambda entry: _change(call, queue, entry))


@SERVICE.internal("HeldMessages", resource=arn_of_url, action="sqs:DeleteMessage")
def held_messages(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Those of ``ReceiptHandles`` whose message nobody has received since: what is to be done for them once can be done
    in the transaction that deletes them.
    """
    queue = find_queue(call, params)
    handles = {decode_receipt(queue.arn, handle): handle for handle in params["ReceiptHandles"]}
    rows = call.tx.all(
        f"SELECT id, receipt, visible_at FROM sqs_messages WHERE id IN ({', '.join('?' * len(handles))}) AND queue = ?",
        *(row_id for row_id, _ in handles),
        queue.arn,
    )
    held = {(row[0], row[1]) for row in rows if row[2] > call.now_ms or not queue.fifo}
    return {"ReceiptHandles": [handle for key, handle in handles.items() if key in held]}


def _delete(call: Call, queue: Queue, handle: str) -> dict[str, Any]:
    row_id, receipt = decode_receipt(queue.arn, handle)
    metrics.count(call, queue, "NumberOfMessagesDeleted")
    if not queue.fifo:
        call.tx.run("DELETE FROM sqs_messages WHERE id = ? AND queue = ?", row_id, queue.arn)
        return {}
    row = call.tx.one("SELECT receipt, visible_at FROM sqs_messages WHERE id = ? AND queue = ?", row_id, queue.arn)
    if row is None:
        return {}
    if row[0] != receipt or row[1] <= call.now_ms:
        raise _unusable(handle, "The receipt handle has expired.")
    groups.delete(call.tx, "id = ?", row_id)
    # The message's group is free again.
    jobs.wake(call.tx, queue.wake_key)
    return {}


def _change(call: Call, queue: Queue, entry: dict[str, Any]) -> dict[str, Any]:
    handle: str = entry["ReceiptHandle"]
    seconds: int | None = entry.get("VisibilityTimeout")
    if seconds is None:
        raise AwsError("MissingParameter", "The request must contain the parameter VisibilityTimeout.")
    if not 0 <= seconds <= _LONGEST_SECONDS:
        raise AwsError(
            "InvalidParameterValue",
            f"Value {seconds} for parameter VisibilityTimeout is invalid. "
            "Reason: VisibilityTimeout must be an integer between 0 and 43200.",
        )
    row_id, receipt = decode_receipt(queue.arn, handle)
    row = call.tx.one(
        "SELECT receipt, visible_at, received_at FROM sqs_messages WHERE id = ? AND queue = ?", row_id, queue.arn
    )
    if row is None or row[0] != receipt or (queue.fifo and row[1] <= call.now_ms):
        raise _unusable(handle, "Message does not exist or is not available for visibility timeout change.")
    visible_at_ms = call.now_ms + seconds * 1_000
    if row[2] is not None and visible_at_ms > row[2] + _LONGEST_SECONDS * 1_000:
        raise AwsError(
            "InvalidParameterValue",
            f"Value {seconds} for parameter VisibilityTimeout is invalid. "
            f"Reason: Total VisibilityTimeout for the message is beyond the limit [{_LONGEST_SECONDS} seconds]",
        )
    call.tx.run("UPDATE sqs_messages SET visible_at = ? WHERE id = ?", visible_at_ms, row_id)
    jobs.wake(call.tx, queue.wake_key)
    return {}


def _unusable(handle: str, reason: str) -> AwsError:
    return AwsError("InvalidParameterValue", f"Value {handle} for parameter ReceiptHandle is invalid. Reason: {reason}")
