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

from tests.postgres import NoPostgres, drop_database, new_database
from tests.served import Served

ROLE = "arn:aws:iam::000000000000:role/r"


class Nodes:
    """Nodes on one database, each with a directory of its own."""

    def __init__(self, directory: Path, url: str, stack: ExitStack) -> None:
        self._directory, self.url, self._stack = directory, url, stack
        self._count = 0

    def start(self, module: str = "segue.cli.main") -> Served:
        self._count += 1
        more = ("--store", self.url, "--blobs", str(self._directory / "blobs"))
        return self._stack.enter_context(Served(self._directory / f"node{self._count}", *more, module=module))


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[Nodes]:
    try:
        url = new_database()
    except NoPostgres as none:
        pytest.skip(str(none))
    with ExitStack() as stack:
        stack.callback(drop_database, url)
        yield Nodes(tmp_path, url, stack)


def until(found: Any, seconds: float = 20.0) -> float:
    """Wait until ``found()``; how long that took."""
    began = time.monotonic()
    while not found():
        assert time.monotonic() - began < seconds, "not in time"
        time.sleep(0.05)
    return time.monotonic() - began


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


def test_what_a_killed_node_was_doing_goes_on_at_another(nodes: Nodes) -> None:
    dies, lives = nodes.start(), nodes.start()
    functions = dies.client("lambda")
    functions.create_function(
        FunctionName="f",
        Runtime="python3.11",
        Role=ROLE,
        Handler="f.handler",
        Code={"ZipFile": slow_function()},
        Timeout=20,
    )
    states = dies.client("stepfunctions")
    calls = {
        "StartAt": "W",
        "States": {
            "W": {"Type": "Wait", "Seconds": 1, "Next": "F"},
            "F": {
                "Type": "Task",
                "Resource": "arn:aws:states:::lambda:invoke",
                "Parameters": {"FunctionName": "f"},
                "OutputPath": "$.Payload",
                "End": True,
            },
        },
    }
    machine = states.create_state_machine(name="m", roleArn=ROLE, definition=json.dumps(calls))["stateMachineArn"]
    started = [states.start_execution(stateMachineArn=machine)["executionArn"] for _ in range(3)]
    time.sleep(2)  # the functions run, at whatever node
    dies.end(signal.SIGKILL)
    after = lives.client("stepfunctions")
    took = until(lambda: all(after.describe_execution(executionArn=arn)["status"] == "SUCCEEDED" for arn in started))
    assert took < 14  # eight seconds at most until the node is missed, three that the function takes
    for arn in started:
        events = after.get_execution_history(executionArn=arn)["events"]
        assert [event["id"] for event in events] == list(range(1, len(events) + 1))
        assert [event["type"] for event in events].count("ExecutionSucceeded") == 1


def test_a_node_that_was_stopped_finds_its_work_taken_and_does_no_harm(nodes: Nodes) -> None:
    sleeps, wakes = nodes.start(), nodes.start()
    queues = sleeps.client("sqs")
    url = queues.create_queue(QueueName="q")["QueueUrl"]
    states = sleeps.client("stepfunctions")
    machine = states.create_state_machine(name="m", roleArn=ROLE, definition=json.dumps(sending(url)))[
        "stateMachineArn"
    ]
    started = [states.start_execution(stateMachineArn=machine)["executionArn"] for _ in range(20)]
    sleeps.process.send_signal(signal.SIGSTOP)
    other = wakes.client("stepfunctions")
    until(lambda: all(other.describe_execution(executionArn=arn)["status"] == "SUCCEEDED" for arn in started))
    time.sleep(6)  # until it is missed
    sleeps.process.send_signal(signal.SIGCONT)
    until(lambda: states.describe_execution(executionArn=started[0])["status"] == "SUCCEEDED")
    assert states.start_execution(stateMachineArn=machine)["executionArn"] not in started
    received: list[str] = []
    until(lambda: received.extend(take(queues, url)) or len(received) >= 21)
    time.sleep(1)
    assert [*received, *take(queues, url)] == ["x"] * 21


def take(queues: Any, url: str) -> list[str]:
    """Receive and delete what there is."""
    messages = queues.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages", [])
    for message in messages:
        queues.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return [message["Body"] for message in messages]


def sending(url: str) -> dict[str, Any]:
    """A state machine that waits a second and sends a message."""
    send = {"QueueUrl": url, "MessageBody": "x"}
    task = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "Parameters": send, "End": True}
    return {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 1, "Next": "S"}, "S": task}}


def waiting(url: str) -> dict[str, Any]:
    """A state machine that sends its token to a queue and waits."""
    parameters = {"QueueUrl": url, "MessageBody.$": "$$.Task.Token"}
    resource = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"
    return {
        "StartAt": "T",
        "States": {"T": {"Type": "Task", "Resource": resource, "Parameters": parameters, "End": True}},
    }


def slow_function() -> bytes:
    import io
    import zipfile

    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as zipped:
        zipped.writestr("f.py", "import time\ndef handler(event, context):\n    time.sleep(3)\n    return 'done'\n")
    return content.getvalue()
