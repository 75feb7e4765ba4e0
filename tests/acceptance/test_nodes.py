"""Several nodes on one PostgreSQL database: any answers any call, and a node that dies is not missed."""

from __future__ import annotations

import json
import signal
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.nodes import Nodes, until
from tests.postgres import NoPostgres, drop_database, new_database
from tests.served import Served

ROLE = "arn:aws:iam::000000000000:role/r"


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[Nodes]:
    try:
        url = new_database()
    except NoPostgres as none:
        pytest.skip(str(none))
    with ExitStack() as stack:
        stack.callback(drop_database, url)
        yield Nodes(tmp_path, url, stack)


def cluster(node: Served) -> Any:
    """What a node tells of all."""
    with urllib.request.urlopen(f"{node.endpoint_url}/_segue/cluster", timeout=20) as answer:
        return json.load(answer)


def test_nodes_that_start_together_make_one_schema_and_wake_each_other(nodes: Nodes) -> None:
    with ThreadPoolExecutor(4) as pool:
        first, second, third = (future.result() for future in [pool.submit(nodes.start) for _ in range(3)])
        sender, receiver = first.client("sqs"), second.client("sqs")
        url = sender.create_queue(QueueName="q")["QueueUrl"]
        time.sleep(2.2)  # until they know of each other
        took = []
        for number in range(5):
            poll = pool.submit(receiver.receive_message, QueueUrl=url, WaitTimeSeconds=10)
            time.sleep(0.1)
            began = time.monotonic()
            sender.send_message(QueueUrl=url, MessageBody=str(number))
            (message,) = poll.result()["Messages"]
            took.append(time.monotonic() - began)
            assert message["Body"] == str(number)
            third.client("sqs").delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        assert sorted(took)[2] < 1, took
        machine = third.client("stepfunctions").create_state_machine(
            name="m", roleArn=ROLE, definition=json.dumps(waiting(url))
        )["stateMachineArn"]
        execution = first.client("stepfunctions").start_execution(stateMachineArn=machine)
        (message,) = receiver.receive_message(QueueUrl=url, WaitTimeSeconds=10)["Messages"]
        second.client("stepfunctions").send_task_success(taskToken=message["Body"], output='"done"')
        described = third.client("stepfunctions").describe_execution(executionArn=execution["executionArn"])
        assert (described["status"], described["output"]) == ("SUCCEEDED", '"done"')


def test_any_node_tells_who_is_there_what_they_do_and_who_is_missed(nodes: Nodes) -> None:
    first, second = nodes.start(), nodes.start()
    for _ in range(5):
        first.client("sqs").list_queues()

    def here() -> set[str]:
        found = cluster(second)
        return {node["address"] for node in found["nodes"] if node["here"] and node.get("requestsPerSecond")}

    until(lambda: here() == {first.endpoint_url, second.endpoint_url})
    assert cluster(second)["database"]["connections"] >= 6
    first.end(signal.SIGKILL)
    until(lambda: [node["address"] for node in cluster(second)["nodes"] if not node["here"]] == [first.endpoint_url])
    third = nodes.start()
    third.end()
    assert third.endpoint_url not in {node.get("address") for node in cluster(second)["nodes"]}


def waiting(url: str) -> dict[str, Any]:
    """A state machine that sends its token to a queue and waits."""
    parameters = {"QueueUrl": url, "MessageBody.$": "$$.Task.Token"}
    resource = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"
    return {
        "StartAt": "T",
        "States": {"T": {"Type": "Task", "Resource": resource, "Parameters": parameters, "End": True}},
    }
