"""What the command asks the server about queues."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from segue.arn import is_arn
from segue.cli.queues.pages import page
from segue.cli.stacks.connection import CommandFailed, Connection, code_of

PEEKED = 50
"""So many messages the server shows at once."""

_MISSING = ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue as it is now.

    Attributes:
        name, arn, url: which.
        visible, in_flight, delayed: how many messages.
        dead_letters: the ARN of its dead-letter queue.
        max_receives: after so many receives a message goes there.
        messages: the first ones, as the server's page shows them.
        oldest_sent_at: when the oldest of all was sent, in milliseconds; ``None``: there is none.
        deduplicates_by_content: of a FIFO queue.
    """

    name: str
    arn: str
    url: str
    visible: int
    in_flight: int
    delayed: int
    dead_letters: str | None = None
    max_receives: int | None = None
    messages: list[dict[str, Any]] = field(default_factory=list)
    oldest_sent_at: int | None = None
    deduplicates_by_content: bool = False

    @property
    def all(self) -> int:
        """All its messages."""
        return self.visible + self.in_flight + self.delayed


def queues(connection: Connection) -> list[Queue]:
    """Every queue, by name."""
    pages = connection.client("sqs").get_paginator("list_queues").paginate(PaginationConfig={"PageSize": 1000})
    urls = [url for page in pages for url in page.get("QueueUrls", ())]
    found = (_described(connection, url) for url in urls)
    return sorted((queue for queue in found if queue is not None), key=lambda queue: queue.name)


def queue_named(connection: Connection, name: str) -> Queue:
    """The queue with a name, an ARN or a URL.

    Raises:
        CommandFailed: there is none.
    """
    client = connection.client("sqs")
    short = name.rsplit(":" if is_arn(name) else "/", 1)[-1]
    owner = {"QueueOwnerAWSAccountId": name.split(":")[4]} if is_arn(name) else {}
    try:
        url = client.get_queue_url(QueueName=short, **owner)["QueueUrl"]
    except client.exceptions.ClientError as error:
        if code_of(error) not in _MISSING:
            raise
        raise CommandFailed(f"there is no queue named {short}. All of them: segue queue") from None
    found = _described(connection, url)
    if found is None:
        raise CommandFailed(f"there is no queue named {short} any more")
    return found


def _described(connection: Connection, url: str) -> Queue | None:
    client = connection.client("sqs")
    try:
        told = client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    except client.exceptions.ClientError as error:
        if code_of(error) in _MISSING:  # deleted since it was listed
            return None
        raise
    policy = json.loads(told.get("RedrivePolicy") or "{}")
    arn = told["QueueArn"]
    looked = page(connection, "peek", queue=arn)
    return Queue(
        arn.rsplit(":", 1)[-1],
        arn,
        url,
        int(told["ApproximateNumberOfMessages"]),
        int(told["ApproximateNumberOfMessagesNotVisible"]),
        int(told["ApproximateNumberOfMessagesDelayed"]),
        policy.get("deadLetterTargetArn"),
        int(policy["maxReceiveCount"]) if "maxReceiveCount" in policy else None,
        looked.get("messages") or [],
        looked.get("oldestSentAt"),
        told.get("ContentBasedDeduplication") == "true",
    )


def sources_of(connection: Connection, queue: Queue) -> list[str]:
    """The ARNs' names of the queues whose dead letters a queue takes."""
    pages = connection.client("sqs").get_paginator("list_dead_letter_source_queues").paginate(QueueUrl=queue.url)
    return sorted(url.rsplit("/", 1)[-1] for page in pages for url in page.get("queueUrls", ()))
