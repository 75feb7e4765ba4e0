"""Real servers that share one database."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.served import Served


class Nodes:
    """Nodes on one database, each with a directory of its own.

    Args:
        directory: where these are.
        url: the database.
        stack: ends them.
    """

    def __init__(self, directory: Path, url: str, stack: ExitStack) -> None:
        self.directory, self.url, self._stack = directory, url, stack
        self._count = 0

    def start(
        self, module: str = "segue.cli.main", *, url: str = "", environment: Mapping[str, str] | None = None
    ) -> Served:
        """One more: perhaps another program, by another way to the database, or with more in its environment."""
        self._count += 1
        data, store = self.directory / f"node{self._count}", ("--store", url or self.url)
        return self._stack.enter_context(Served(data, *store, module=module, environment=environment))


@pytest.fixture
def nodes(tmp_path: Path, database: str) -> Iterator[Nodes]:
    """Nodes on a new database. (A folder's ``conftest.py`` names it.)"""
    with ExitStack() as stack:
        yield Nodes(tmp_path, database, stack)


def until(found: Callable[[], object], seconds: float = 20.0) -> float:
    """Wait until ``found()``; how long that took."""
    began = time.monotonic()
    while not found():
        assert time.monotonic() - began < seconds, "not in time"
        time.sleep(0.05)
    return time.monotonic() - began


def take(queues: Any, url: str) -> list[str]:
    """Receive and delete what there is; the bodies."""
    messages = queues.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages", [])
    for message in messages:
        queues.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return [message["Body"] for message in messages]
