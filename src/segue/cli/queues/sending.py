"""A message is sent, a queue emptied."""

from __future__ import annotations

import sys
from typing import Any

from segue.cli.queues.reading import Queue
from segue.cli.stacks.connection import Connection
from segue.cli.stacks.screen import Screen


def send(
    connection: Connection, queue: Queue, screen: Screen, body: str, *, group: str | None, delay_seconds: int | None
) -> int:
    """Send a message (``-``: what standard input holds) and tell its id; the exit status.

    A FIFO queue that does not look at contents is given an id by which it knows the message.
    """
    more: dict[str, Any] = {}
    if group is not None:
        more["MessageGroupId"] = group
    elif queue.name.endswith(".fifo"):
        more["MessageGroupId"] = "segue"
    if queue.name.endswith(".fifo") and not queue.deduplicates_by_content:
        from uuid import uuid4

        more["MessageDeduplicationId"] = str(uuid4())
    if delay_seconds is not None:
        more["DelaySeconds"] = delay_seconds
    text = sys.stdin.read() if body == "-" else body
    sent = connection.client("sqs").send_message(QueueUrl=queue.url, MessageBody=text, **more)
    screen.line(f"Sent: {sent['MessageId']}")
    return 0


def purge(connection: Connection, queue: Queue, screen: Screen) -> int:
    """Delete everything in a queue; the exit status."""
    connection.client("sqs").purge_queue(QueueUrl=queue.url)
    screen.line(f"{queue.name} is empty: {queue.all} {'message is' if queue.all == 1 else 'messages are'} gone.")
    return 0
