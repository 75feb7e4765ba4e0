"""A server, and its state machines."""

from __future__ import annotations

import pytest

from segue.testing import Segue
from tests.services.states.machines import House


@pytest.fixture
def house(segue: Segue) -> House:
    return House(segue)


@pytest.fixture
def tokens_queue(segue: Segue) -> str:
    """The queue that tokens come to."""
    return str(segue.client("sqs").create_queue(QueueName="tokens")["QueueUrl"])
