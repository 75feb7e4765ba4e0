"""A FIFO queue's order, and that nobody gets what another holds."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from typing import Any

from tests.histories.history import Unanswered
from tests.histories.models import Line, held_twice, line
from tests.histories.subject import Make, Subject

_TIMEOUT_SECONDS = 2


class Lines(Subject):
    """FIFO queues of one group each."""

    name = "line"
    model = staticmethod(line(_TIMEOUT_SECONDS))
    start = Line()

    def __init__(self) -> None:
        super().__init__()
        self._numbers = itertools.count()

    def prepare(self, make: Make, key: str) -> None:
        attributes = {"FifoQueue": "true", "VisibilityTimeout": str(_TIMEOUT_SECONDS)}
        make("sqs").create_queue(QueueName=f"{key}.fifo", Attributes=attributes)

    def act(self, make: Make, key: str, chance: random.Random) -> None:
        if chance.random() < 0.5:
            self._send(make, key)
            return
        received: list[dict[str, Any]] = []

        def receive() -> str | None:
            received.extend(make("sqs").receive_message(QueueUrl=_url(make, key)).get("Messages", []))
            return received[0]["Body"] if received else None

        body = self.history.record(key, "receive", None, receive, {})
        if received and chance.random() < 0.9:
            handle = received[0]["ReceiptHandle"]
            self.history.record(
                key,
                "delete",
                body,
                lambda: make("sqs").delete_message(QueueUrl=_url(make, key), ReceiptHandle=handle),
                {},
            )

    def _send(self, make: Make, key: str) -> None:
        """Until it is answered, under one deduplication id, as SDKs do."""
        body = f"{key}-{next(self._numbers)}"
        of = {"MessageBody": body, "MessageGroupId": "only", "MessageDeduplicationId": body}
        for _ in range(3):
            try:
                self.history.record(
                    key, "send", body, lambda: make("sqs").send_message(QueueUrl=_url(make, key), **of)["MessageId"], {}
                )
            except Unanswered:
                continue
            return


class Shared(Subject):
    """Standard queues that many receive from."""

    name = "shared"

    def __init__(self) -> None:
        super().__init__()
        self._numbers = itertools.count()

    def prepare(self, make: Make, key: str) -> None:
        attributes = {"VisibilityTimeout": str(_TIMEOUT_SECONDS)}
        make("sqs").create_queue(QueueName=key, Attributes=attributes)

    def act(self, make: Make, key: str, chance: random.Random) -> None:
        sqs, url = make("sqs"), _url(make, key, "")
        if chance.random() < 0.3:
            bodies = [f"{key}-{next(self._numbers)}" for _ in range(3)]
            entries = [{"Id": body, "MessageBody": body} for body in bodies]
            self.history.record(
                key, "send", bodies, lambda: sqs.send_message_batch(QueueUrl=url, Entries=entries) and None, {}
            )
            return
        received: dict[str, str] = {}

        def receive() -> list[str]:
            found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=chance.randint(1, 4)).get("Messages", [])
            received.update({message["Body"]: message["ReceiptHandle"] for message in found})
            return list(received)

        self.history.record(key, "receive", _TIMEOUT_SECONDS, receive, {})
        for body, handle in received.items():
            if chance.random() < 0.5:
                self.history.record(
                    key,
                    "delete",
                    body,
                    lambda handle=handle: sqs.delete_message(QueueUrl=url, ReceiptHandle=handle),
                    {},
                )

    def problems(self) -> Iterator[str]:
        for key, operations in self.history.operations.items():
            yield from (f"{key}: {problem}" for problem in held_twice(operations))


def _url(make: Make, key: str, suffix: str = ".fifo") -> str:
    return f"{make('sqs').meta.endpoint_url}/000000000000/{key}{suffix}"
