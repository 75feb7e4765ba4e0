"""Functions that say where and when they run, and state machines that call them."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

ROLE = "arn:aws:iam::000000000000:role/r"

_SOURCE = """
import json, os, time
def handler(event, context):
    if "Records" in event:
        event = {"id": event["Records"][0]["body"], "seconds": 3}
    elif "requestContext" in event:
        event = {"id": "disconnected"}
    with open(os.environ["BOOK"], "a") as book:
        book.write(json.dumps([str(event["id"]), os.environ["AWS_ENDPOINT_URL"], time.time()]) + "\\n")
    time.sleep(event.get("seconds", 0))
    return event["id"]
"""


class Start(NamedTuple):
    """A function that began: what it was called for, at which node, when (Unix time)."""

    id: str
    endpoint_url: str
    at: float


class Book:
    """What functions have written down of themselves."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def starts(self) -> list[Start]:
        """All that there were, the earliest first."""
        return [Start(*json.loads(line)) for line in self.path.read_text().splitlines()] if self.path.exists() else []

    def count(self) -> Counter[str]:
        """How often each was begun."""
        return Counter(start.id for start in self.starts())


def make_function(client: Any, book: Book, name: str = "f") -> str:
    """A function that writes ``id`` into a book and takes ``seconds``; its ARN."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as zipped:
        zipped.writestr("f.py", _SOURCE)
    made = client.create_function(
        FunctionName=name,
        Runtime="python3.11",
        Role=ROLE,
        Handler="f.handler",
        Code={"ZipFile": content.getvalue()},
        Timeout=30,
        Environment={"Variables": {"BOOK": str(book.path)}},
    )
    arn: str = made["FunctionArn"]
    return arn


def make_machine(client: Any, name: str, states: dict[str, Any]) -> str:
    """A state machine whose states follow each other; its ARN."""
    names = list(states)
    linked = {
        state: {**states[state], **({"Next": following} if following else {"End": True})}
        for state, following in zip(names, [*names[1:], None], strict=True)
    }
    definition = json.dumps({"StartAt": names[0], "States": linked})
    arn: str = client.create_state_machine(name=name, roleArn=ROLE, definition=definition)["stateMachineArn"]
    return arn


def send(url: str, body: str = "$") -> dict[str, Any]:
    """A state that sends a message to a queue."""
    parameters = {"QueueUrl": url, "MessageBody.$": body}
    task = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "Parameters": parameters}
    return {**task, "ResultPath": None}


def call(seconds: float) -> dict[str, Any]:
    """A state that has the function called for the execution's name."""
    payload = {"id.$": "$$.Execution.Name", "seconds": seconds}
    task = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke"}
    return {**task, "Parameters": {"FunctionName": "f", "Payload": payload}, "ResultPath": None}


def received(client: Any, url: str, count: int, seconds: float = 20) -> list[str]:
    """The bodies of what a queue holds, until there are so many; waits for what is too much, too."""
    bodies: list[str] = []
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and (wait := 5 if len(bodies) < count else 1):
        answer = client.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=wait)
        messages = answer.get("Messages", [])
        for message in messages:
            client.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        bodies += [message["Body"] for message in messages]
        if not messages and len(bodies) >= count:
            break
    return bodies


def check_history(client: Any, execution_arn: str) -> None:
    """An execution has succeeded once, and its history has neither gaps nor repetitions."""
    pages = client.get_paginator("get_execution_history").paginate(executionArn=execution_arn)
    events = [event for page in pages for event in page["events"]]
    assert [event["id"] for event in events] == list(range(1, len(events) + 1))
    assert [event["type"] for event in events].count("ExecutionSucceeded") == 1
    assert events[-1]["type"] == "ExecutionSucceeded"
    times = [event["timestamp"] for event in events]
    assert times == sorted(times)
