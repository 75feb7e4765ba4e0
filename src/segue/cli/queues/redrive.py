"""Dead letters go back to where they came from: ``StartMessageMoveTask`` and its progress."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from segue.cli.queues.reading import Queue, queue_named, sources_of
from segue.cli.stacks.connection import CommandFailed, Connection
from segue.cli.stacks.screen import Screen

_FIRST_PAUSE_SECONDS = 0.03
_LONGEST_PAUSE_SECONDS = 0.5


def redrive(
    connection: Connection,
    queue: Queue,
    screen: Screen,
    *,
    to: str | None = None,
    rate: int | None = None,
    pause: Callable[[float], None] = time.sleep,
) -> int:
    """Move the messages of a dead-letter queue, showing how many have been moved; the exit status.

    Raises:
        CommandFailed: it is none.
    """
    sources = sources_of(connection, queue)
    if not sources:
        raise CommandFailed(_no_dead_letters(queue))
    more: dict[str, Any] = {"DestinationArn": queue_named(connection, to).arn} if to else {}
    if rate is not None:
        more["MaxNumberOfMessagesPerSecond"] = rate
    client = connection.client("sqs")
    client.start_message_move_task(SourceArn=queue.arn, **more)
    seconds = _FIRST_PAUSE_SECONDS
    try:
        while (task := _task(client, queue))["Status"] in ("RUNNING", "CANCELLING"):
            moved, whole = task["ApproximateNumberOfMessagesMoved"], task["ApproximateNumberOfMessagesToMove"]
            screen.passing(f"{moved} of {whole} messages moved")
            pause(seconds)
            seconds = min(seconds * 1.3, _LONGEST_PAUSE_SECONDS)
    except KeyboardInterrupt:
        screen.clear()
        screen.line("The server goes on moving. See: segue queue; end it: segue aws sqs cancel-message-move-task")
        return 130
    screen.clear()
    moved = task["ApproximateNumberOfMessagesMoved"]
    where = f"to {to}" if to else f"back to where they came from ({', '.join(sources)})"
    if task["Status"] != "COMPLETED":
        raise CommandFailed(
            f"{moved} messages were moved, then: {task['Status']} {task.get('FailureReason', '')}".strip()
        )
    screen.line(f"{moved} messages were moved {where}." + (" Those in flight stay." if queue.in_flight else ""))
    return 0


def _task(client: Any, queue: Queue) -> dict[str, Any]:
    found: dict[str, Any] = client.list_message_move_tasks(SourceArn=queue.arn, MaxResults=1)["Results"][0]
    return found


def _no_dead_letters(queue: Queue) -> str:
    said = f"{queue.name} is no dead-letter queue"
    if queue.dead_letters is None:
        return f"{said}. Which queues have one: segue queue"
    return f"{said}; its own is another. Try: segue queue {queue.dead_letters.rsplit(':', 1)[-1]} --redrive"
