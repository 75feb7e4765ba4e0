"""How many functions run at once, on all nodes of one database together."""

from __future__ import annotations

import io
import json
import signal
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.acceptance.test_nodes import ROLE
from tests.nodes import Nodes, until
from tests.served import Served

NOTES = """
import os, time
def handler(event, context):
    note("+")
    while "until" in event and not os.path.exists(event["until"]):
        time.sleep(0.05)
    time.sleep(event.get("seconds", 0.2))
    note("-")
def note(mark):
    file = os.open(os.environ["NOTES"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, mark.encode())
    os.close(file)
"""


class Function:
    """A function that notes when it begins and ends."""

    def __init__(self, node: Served, directory: Path, limit: int | None) -> None:
        self._notes = directory / "notes"
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as zipped:
            zipped.writestr("f.py", NOTES)
        functions = node.client("lambda")
        functions.create_function(
            FunctionName="f",
            Runtime="python3.11",
            Role=ROLE,
            Handler="f.handler",
            Code={"ZipFile": content.getvalue()},
            Timeout=120,
            Environment={"Variables": {"NOTES": str(self._notes)}},
        )
        if limit is not None:
            functions.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=limit)

    @property
    def notes(self) -> str:
        return self._notes.read_text() if self._notes.exists() else ""

    @property
    def most_at_once(self) -> int:
        """How many ran at the same time."""
        running = most = 0
        for mark in self.notes:
            running += 1 if mark == "+" else -1
            most = max(most, running)
        return most


def invoke(node: Served, until: Path | None = None) -> bool:
    """Have it run until there is such a file; whether it ran, or was one too many."""
    client = node.client("lambda")
    try:
        answer = client.invoke(
            FunctionName="f", Payload=json.dumps({"until": str(until), "seconds": 0} if until else {})
        )
    except client.exceptions.TooManyRequestsException as refused:
        return bool(refused.response["Reason"] != "ReservedFunctionConcurrentInvocationLimitExceeded")
    assert "FunctionError" not in answer, answer["Payload"].read()
    return True


def test_reserved_concurrency_is_exact_over_all_nodes(nodes: Nodes, tmp_path: Path) -> None:
    first, second = nodes.start(), nodes.start()
    function = Function(first, tmp_path, 3)
    go = tmp_path / "go"
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(invoke, (first, second)[number % 2], go) for number in range(8)]
        until(lambda: sum(one.done() for one in asked) == 5 and function.notes == "+++")
        go.touch()
        assert sorted(one.result() for one in asked) == [False] * 5 + [True] * 3
        # places are given back before the answer
        assert all(pool.map(invoke, (first, second, first)))
    feed(function, first, second)
    first.client("lambda").put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=1)
    with ThreadPoolExecutor(1) as pool:
        begun = function.notes.count("+")
        lost = pool.submit(invoke, first, tmp_path / "never")
        until(lambda: function.notes.count("+") > begun)
        assert not invoke(second)
        first.end(signal.SIGKILL)
        took = until(lambda: invoke(second))
        assert lost.exception()
    assert took < 14  # six seconds until it is missed, noticed by who looks every one and a half; and others' load


def feed(function: Function, *nodes: Served) -> None:
    """Give the function events and messages, at all nodes; all are run, and no more at once than may."""
    queue = nodes[0].client("sqs").create_queue(QueueName="q", Attributes={"VisibilityTimeout": "120"})["QueueUrl"]
    nodes[0].client("lambda").create_event_source_mapping(
        EventSourceArn="arn:aws:sqs:us-east-1:000000000000:q",
        FunctionName="f",
        BatchSize=1,
        ScalingConfig={"MaximumConcurrency": 2},
    )
    before = function.notes
    for node in nodes:
        for _ in range(2):
            node.client("lambda").invoke(FunctionName="f", InvocationType="Event")
            node.client("sqs").send_message(QueueUrl=queue, MessageBody="{}")
    until(lambda: function.notes.count("-") == before.count("-") + 8, 40)
    assert (function.most_at_once, function.notes.count("+")) == (3, before.count("+") + 8)
