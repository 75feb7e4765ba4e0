"""Nodes whose clocks are wrong, and become so while they run: nobody else notices."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.faults.work import make_machine, send
from tests.nodes import Nodes, until
from tests.served import Served

# What Python runs when it starts, where it finds it: the time of day is off by what a file says.
_WRONG = """
import os, time
_time, _time_ns, _looked, _off = time.time, time.time_ns, 0.0, 0.0
def off():
    global _looked, _off
    if time.monotonic() > _looked + 0.05:
        _looked = time.monotonic()
        with open(os.environ["CLOCK_OFF"]) as file:
            _off = float(file.read() or 0)
    return _off
time.time = lambda: _time() + off()
time.time_ns = lambda: _time_ns() + int(off() * 1e9)
"""


def wrong(nodes: Nodes, tmp_path: Path, seconds: float) -> tuple[Served, Path]:
    """A node whose clock is so many seconds ahead, and the file that says how many."""
    (tmp_path / "sitecustomize.py").write_text(_WRONG)
    off = tmp_path / f"off{seconds}"
    off.write_text(str(seconds))
    environment = {"PYTHONPATH": str(tmp_path), "CLOCK_OFF": str(off), "SEGUE_SECRET_ACCESS_KEY": "test"}
    return nodes.start(environment=environment), off


def test_nobody_notices_that_nodes_clocks_are_wrong(nodes: Nodes, tmp_path: Path) -> None:
    (ahead, off), (behind, _) = wrong(nodes, tmp_path, 60), wrong(nodes, tmp_path, -60)
    both = [ahead, behind]
    check_order_and_times(both, "before")
    off.write_text("3600")  # somebody sets it, while it runs: signatures of now would be too old by it
    time.sleep(0.2)
    check_order_and_times(both, "set")
    off.write_text("-3600")
    time.sleep(0.2)
    check_order_and_times(both, "back")
    credentials = behind.client("sts").assume_role(
        RoleArn="arn:aws:iam::000000000000:role/r", RoleSessionName="me", DurationSeconds=900
    )["Credentials"]
    left = credentials["Expiration"] - datetime.now(UTC)
    assert timedelta(seconds=860) < left < timedelta(seconds=910)


def check_order_and_times(both: list[Served], name: str) -> None:
    """Groups are in order whoever is asked; delays and timeouts are as long as was asked; histories go on."""
    queues = [node.client("sqs") for node in both]
    fifo = queues[0].create_queue(
        QueueName=f"{name}.fifo", Attributes={"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    )["QueueUrl"]
    sequences = [
        queues[number % 2].send_message(QueueUrl=fifo, MessageBody=str(number), MessageGroupId="g")["SequenceNumber"]
        for number in range(10)
    ]
    assert sequences == sorted(sequences)
    received = queues[1].receive_message(QueueUrl=fifo, MaxNumberOfMessages=10, AttributeNames=["SentTimestamp"])
    assert [message["Body"] for message in received["Messages"]] == [str(number) for number in range(10)]
    sent = [int(message["Attributes"]["SentTimestamp"]) for message in received["Messages"]]
    assert all(abs(at - time.time() * 1000) < 30_000 for at in sent)
    url = queues[0].create_queue(QueueName=name)["QueueUrl"]
    for number, other in enumerate(reversed(queues)):
        began = time.monotonic()
        queues[number].send_message(QueueUrl=url, MessageBody="later", DelaySeconds=1)
        other.receive_message(QueueUrl=url, WaitTimeSeconds=20, VisibilityTimeout=1)["Messages"].pop()
        assert 0.99 < time.monotonic() - began < 30
        (message,) = queues[number].receive_message(QueueUrl=url, WaitTimeSeconds=20)["Messages"]
        assert 1.99 < time.monotonic() - began < 50
        queues[number].delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    check_execution(both[0].client("stepfunctions"), both[1].client("stepfunctions"), url, name)


def check_execution(starts: Any, tells: Any, url: str, name: str) -> None:
    """An execution that waits for a second does so, by everybody's clock."""
    machine = make_machine(starts, name, {"W": {"Type": "Wait", "Seconds": 1}, "S": send(url)})
    arn = starts.start_execution(stateMachineArn=machine, input='"x"')["executionArn"]
    until(lambda: tells.describe_execution(executionArn=arn)["status"] == "SUCCEEDED")
    times = [event["timestamp"] for event in tells.get_execution_history(executionArn=arn)["events"]]
    assert times == sorted(times)
    assert timedelta(seconds=1) <= times[-1] - times[0] < timedelta(seconds=30)
    assert abs(times[0] - datetime.now(UTC)) < timedelta(seconds=30)
