"""Messages that change their queue: to the dead-letter queue, or (a message move task) from there."""

from __future__ import annotations

from segue import jobs
from segue.api import Call
from segue.api.deliveries import Delivery, record
from segue.services.sqs import groups
from segue.services.sqs.records import Queue, queue_of


def move_message(call: Call, row_id: int, target: Queue, *, source: str | None, anew: bool) -> None:
    """Put a message into another queue, where it is visible at once; its receivers are for the caller to wake.

    Args:
        source: the queue whose dead letter it is.
        anew: whether its retention begins again. It is then a new message, the last of its group on a FIFO queue.
    """
    tx = call.tx
    changed = "queue = ?, dead_letter_source = ?, visible_at = ?, receipt = 0"
    if not anew:
        tx.run(f"UPDATE sqs_messages SET {changed} WHERE id = ?", target.arn, source, tx.now_ms, row_id)
        return
    row = tx.one(f"SELECT queue, group_id, {groups.LEADING} FROM sqs_messages WHERE id = ?", row_id)
    assert row is not None
    left, group, led = row
    new_id = tx.ids.ordered(tx.now_ms)
    tx.run(
        f"UPDATE sqs_messages SET {changed}, id = ?, sent_at = ?, sequence = ?,"
        f" behind = {groups.BEHIND if target.fifo else 'NULL'} WHERE id = ?",
        target.arn,
        source,
        tx.now_ms,
        new_id,
        tx.now_ms,
        new_id if target.fifo else None,
        *((target.arn, group) if target.fifo else ()),
        row_id,
    )
    if led:
        groups.close_up(tx, [(left, group)])


def move_to_dead_letters(call: Call, queue: Queue, row_id: int, message_id: str, trace: str, times: int) -> bool:
    """Move a message that was received ``times`` times already; ``False`` where there is no queue to take it.

    A standard queue's message keeps its age, a FIFO queue's starts anew:
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/setting-up-dead-letter-queue-retention.html
    """
    target = queue_of(call.tx, queue.dead_letter_arn) if queue.dead_letter_arn else None
    if target is None or target.arn == queue.arn:
        # The dead-letter queue is gone, or none but itself: the message stays receivable rather than vanish.
        return False
    # The receive that found it out is not one.
    call.tx.run("UPDATE sqs_messages SET receive_count = receive_count - 1 WHERE id = ?", row_id)
    move_message(call, row_id, target, source=queue.arn, anew=queue.fifo)
    jobs.wake(call.tx, target.wake_key)
    reason = f"received {times} time{'s' if times > 1 else ''} and not deleted: maxReceiveCount is reached"
    record(
        call.as_caller(call.caller, trace=trace),
        Delivery(queue.arn, target.arn, "sqs:SendMessage", "dead-lettered", times, reason, message_id),
    )
    return True
