"""Clients that go on whatever happens, and remember what they were told."""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from tests.served import Served


class Sender:
    """Sends numbered messages through one node, one after the other, in a thread of its own.

    Attributes:
        acknowledged: the bodies that the node has said it has taken.
        refused: the words with which others were refused.
        longest_seconds: how long the slowest answer took.
    """

    def __init__(self, node: Served, url: str, name: str) -> None:
        self._client, self._url, self._name = node.client("sqs", read_timeout=60), url, name
        self.acknowledged: list[str] = []
        self.tried = 0
        self.refused: list[str] = []
        self.longest_seconds = 0.0
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        while not self._stopped.is_set():
            body = f"{self._name}-{self.tried}"
            self.tried += 1
            began = time.monotonic()
            try:
                self._client.send_message(QueueUrl=self._url, MessageBody=body)
            except (BotoCoreError, ClientError) as error:
                self.refused.append(str(error))
            else:
                self.acknowledged.append(body)
            self.longest_seconds = max(self.longest_seconds, time.monotonic() - began)
            time.sleep(0.02)

    def __enter__(self) -> Sender:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._thread.join(90)
        assert not self._thread.is_alive()


def check_messages(node: Served, url: str, senders: list[Sender]) -> None:
    """All that was acknowledged is in the queue, once; what was not, once at most; nothing else."""
    client, bodies, empty = node.client("sqs"), [], 0
    while empty < 3:
        answer: dict[str, Any] = client.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=600)
        messages = answer.get("Messages", [])
        bodies += [message["Body"] for message in messages]
        empty = 0 if messages else empty + 1
    acknowledged = {body for sender in senders for body in sender.acknowledged}
    assert len(bodies) == len(set(bodies)), "a message was taken twice"
    assert acknowledged <= set(bodies), f"lost: {acknowledged - set(bodies)}"
    assert len(bodies) <= sum(sender.tried for sender in senders)
