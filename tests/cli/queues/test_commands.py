"""``segue queue`` against a server on a manual clock."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from segue.cli.main import main
from segue.testing import Segue
from tests.cli.commands import Command, commands

TRACE = "X-Amzn-Trace-Id"
DEAD = "arn:aws:sqs:us-east-1:000000000000:dead"


@pytest.fixture
def segue() -> Iterator[Segue]:
    with Segue() as server:
        yield server


@pytest.fixture
def run(segue: Segue, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    return commands("queue", segue, monkeypatch, capsys)


@pytest.fixture
def queues(segue: Segue) -> tuple[Any, str, str]:
    """A client, the URL of a queue and that of its dead-letter queue."""
    client = segue.client("sqs")
    dead = client.create_queue(QueueName="dead")["QueueUrl"]
    policy = json.dumps({"deadLetterTargetArn": DEAD, "maxReceiveCount": 1})
    orders = client.create_queue(QueueName="orders", Attributes={"RedrivePolicy": policy})["QueueUrl"]
    return client, orders, dead


def poison(segue: Segue, client: Any, orders: str, count: int) -> None:
    """Send messages that become dead letters."""
    for number in range(count):
        client.send_message(QueueUrl=orders, MessageBody=f"bad {number}")
    for _ in range(2):
        for _ in range(count):
            client.receive_message(QueueUrl=orders)
        segue.advance(seconds=31)


def test_the_overview(segue: Segue, run: Command, queues: tuple[Any, str, str]) -> None:
    client, orders, _ = queues
    for body in ("one", "two"):
        client.send_message(QueueUrl=orders, MessageBody=body)
    client.send_message(QueueUrl=orders, MessageBody="later", DelaySeconds=600)
    client.receive_message(QueueUrl=orders)
    segue.advance(seconds=20)
    assert run("orders").out.startswith("QUEUE   WAITING  IN FLIGHT  DELAYED  OLDEST")
    row = run("orders").out.splitlines()[1]
    assert row.split() == ["orders", "1", "1", "1", "20.0", "s", "1", "of", "1", "dead", "(0)"]
    assert [line.split()[0] for line in run().out.splitlines()] == ["QUEUE", "dead", "orders"]
    (told,) = json.loads(run("orders", "--json").out)
    assert (told["visible"], told["inFlight"], told["delayed"], told["deadLetters"]) == (1, 1, 1, DEAD)


def test_of_a_long_queue_the_age_is_exact(segue: Segue, run: Command, queues: tuple[Any, str, str]) -> None:
    client, orders, _ = queues
    for _ in range(6):
        entries = [{"Id": str(number), "MessageBody": "x"} for number in range(10)]
        client.send_message_batch(QueueUrl=orders, Entries=entries)
    segue.advance(seconds=5)
    client.receive_message(QueueUrl=orders, VisibilityTimeout=900)  # hidden, it is behind all others
    segue.advance(seconds=1)
    assert "  6.0 s  " in run("orders").out
    assert json.loads(run("orders", "--json").out)[0]["oldestSentAt"] == segue.clock.now_ms() - 6_000
    assert run("orders", "--peek", "50").out.splitlines()[-1] == "50 of 60 messages"


def test_peeking_receives_nothing(segue: Segue, run: Command, queues: tuple[Any, str, str]) -> None:
    client, orders, _ = queues
    attribute = {"StringValue": "gold", "DataType": "String"}
    client.send_message(QueueUrl=orders, MessageBody="line\n" * 100, MessageAttributes={"class": attribute})
    segue.advance(seconds=2)
    for _ in range(3):
        said = run("orders", "--peek")
        assert "(2.0 s ago), waiting" in said.out
        assert "  class: gold" in said.out
        assert "line line" in said.out
        assert "…" in said.out
    assert "…" not in run("orders", "--peek", "--full").out
    (message,) = client.receive_message(QueueUrl=orders, MessageSystemAttributeNames=["All"])["Messages"]
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"
    assert "in flight until" in run("orders", "--peek").out
    assert json.loads(run("orders", "--peek", "--json").out)[0]["receiveCount"] == 1


def test_dead_letters_go_back(segue: Segue, run: Command, queues: tuple[Any, str, str]) -> None:
    client, orders, _ = queues
    poison(segue, client, orders, 3)
    assert "dead (3)" in run("orders").out
    assert "received once, from orders" in run("dead", "--peek").out
    assert run("dead", "--redrive") == (0, "3 messages were moved back to where they came from (orders).\n", "")
    assert run("dead", "--peek").out == "dead is empty.\n"
    assert len(client.receive_message(QueueUrl=orders, MaxNumberOfMessages=10)["Messages"]) == 3


def test_dead_letters_go_elsewhere(segue: Segue, run: Command, queues: tuple[Any, str, str]) -> None:
    client, orders, _ = queues
    poison(segue, client, orders, 2)
    repaired = client.create_queue(QueueName="repaired")["QueueUrl"]
    assert run("dead", "--redrive", "--to", "repaired", "--rate", "500").out == "2 messages were moved to repaired.\n"
    assert len(client.receive_message(QueueUrl=repaired, MaxNumberOfMessages=10)["Messages"]) == 2


def test_sending_and_purging(segue: Segue, run: Command, queues: tuple[Any, str, str]) -> None:
    client, _, _ = queues
    said = run("orders", "--send", "hello", "--delay", "5")
    assert said.out.startswith("Sent: ")
    segue.advance(seconds=5)
    assert "  hello" in run("orders", "--peek").out
    assert run("orders", "--purge").out == "orders is empty: 1 message is gone.\n"
    assert run("orders", "--peek").out == "orders is empty.\n"
    assert "every 60 seconds" in run("orders", "--purge").err
    client.create_queue(QueueName="line.fifo", Attributes={"FifoQueue": "true"})
    for _ in range(2):
        assert run("line.fifo", "--send", "same").status == 0
    assert run("line.fifo").out.splitlines()[1].split()[1] == "2"


def test_a_messages_history(segue: Segue, run: Command, queues: tuple[Any, str, str]) -> None:
    """As a function that sends two messages would: with its trace header, as the session of its role."""
    client, orders, _ = queues
    side = client.create_queue(QueueName="side")["QueueUrl"]
    header = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
    client.meta.events.register("before-call.sqs", lambda params, **_: params["headers"].update({TRACE: header}))
    client.send_message(QueueUrl=orders, MessageBody="bad")
    sent = client.send_message(QueueUrl=side, MessageBody="sibling")
    client.receive_message(QueueUrl=orders)
    segue.advance(seconds=31)
    client.receive_message(QueueUrl=orders)
    lines = run("dead", "--peek", "--history").out.splitlines()
    assert "from orders" in lines[0]
    assert [line.split()[0] for line in lines[2:]] == ["●", lines[3].split()[0], "●", "sibling"]
    assert "iam:root → sqs:orders  sqs:SendMessage" in lines[2]
    assert "iam:root → sqs:side" in lines[3]
    assert "sqs:orders ✗ dead-lettered → sqs:dead" in lines[4]
    assert "received 1 time and not deleted" in lines[4]
    assert lines[5] == f"    sibling {sent['MessageId']} is in side: sibling"
    run("dead", "--redrive")
    (told,) = json.loads(run("orders", "--peek", "--history", "--json").out)
    assert (told["hops"][-1]["target"], told["hops"][-1]["reason"]) == (
        "arn:aws:sqs:us-east-1:000000000000:orders",
        "moved by a message move task",
    )


def test_a_message_of_which_nothing_is_recorded(run: Command, queues: tuple[Any, str, str]) -> None:
    client, orders, _ = queues
    client.send_message(QueueUrl=orders, MessageBody="x")
    assert run("orders", "--peek", "--history").out.splitlines()[-1].strip() == (
        "nothing else is recorded of its conversation"
    )


def test_mistakes_are_told_with_what_to_do(run: Command, queues: tuple[Any, str, str]) -> None:
    assert "Try: segue queue dead --redrive" in run("orders", "--redrive").err
    assert run("none").err == "segue: there is no queue named none. All of them: segue queue\n"
    assert "All of them: segue queue" in run("dead", "--peek", "1", "--region", "eu-west-1").err
    assert run("orders", "--history").err == "segue: --history belongs to --peek\n"
    for wrong in (["--purge"], ["--send", "x"], ["orders", "--group", "g"]):
        assert run(*wrong).status == 2
    for wrong in (["--peek"], ["--redrive"], ["dead", "--peek", "51"], ["dead", "--to", "orders"]):
        assert run(*wrong).status == 2
    assert "MaxNumberOfMessagesPerSecond" in run("dead", "--redrive", "--rate", "0").err


def test_no_queues(run: Command) -> None:
    assert "Make one: segue aws sqs create-queue" in run().out
    assert run("--json").out == "[]\n"


def test_what_answers_is_not_segue(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["queue", "--endpoint-url", "http://127.0.0.1:9"]) == 1
    assert "Start one: segue serve" in capsys.readouterr().err
