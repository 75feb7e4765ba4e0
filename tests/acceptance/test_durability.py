"""What was acknowledged is there, whatever happens to the server: killed at any moment, started again on its data."""

from __future__ import annotations

import json
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.served import Served

ROLE = "arn:aws:iam::000000000000:role/any"
PASS = {"StartAt": "Only", "States": {"Only": {"Type": "Pass", "End": True}}}


def eventually(look: Callable[[], Any], seconds: float = 20) -> Any:
    """What ``look`` returns as soon as it is true; fails after ``seconds``."""
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.05)
    return found


def machine(served: Served, name: str, definition: dict[str, Any]) -> str:
    arn: str = served.client("stepfunctions").create_state_machine(
        name=name, definition=json.dumps(definition), roleArn=ROLE
    )["stateMachineArn"]
    return arn


def drain(sqs: Any, url: str) -> Iterator[dict[str, Any]]:
    """All messages of a queue, deleted."""
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        yield from messages
        sqs.delete_message_batch(
            QueueUrl=url,
            Entries=[{"Id": str(n), "ReceiptHandle": each["ReceiptHandle"]} for n, each in enumerate(messages)],
        )


def status(served: Served, arn: str) -> str:
    return str(served.client("stepfunctions").describe_execution(executionArn=arn)["status"])


@dataclass
class Clients:
    """Threads that send, put and start without pause, and remember what they were promised.

    Attributes:
        tried: every body, item and execution name that was sent, acknowledged or not.
        promised: the acknowledged ones.
    """

    served: Served
    queue_url: str
    machine_arn: str
    life: int
    tried: Counter[str] = field(default_factory=Counter)
    promised: Counter[str] = field(default_factory=Counter)
    stopped: threading.Event = field(default_factory=threading.Event)

    def start(self) -> list[threading.Thread]:
        sqs, states, tables = (self.served.client(name) for name in ("sqs", "stepfunctions", "dynamodb"))
        loops: list[Callable[[str], Any]] = [
            lambda name: sqs.send_message(QueueUrl=self.queue_url, MessageBody=name),
            lambda name: states.start_execution(stateMachineArn=self.machine_arn, name=name, input=json.dumps(name)),
            lambda name: tables.put_item(TableName="kept", Item={"id": {"S": name}}),
        ]
        kinds = ("message", "execution", "item")
        threads = [
            threading.Thread(target=self._loop, args=(f"{kind}-{self.life}-{number}", call))
            for kind, call in zip(kinds, loops, strict=True)
            for number in range(3)
        ]
        for thread in threads:
            thread.start()
        return threads

    def _loop(self, prefix: str, call: Callable[[str], Any]) -> None:
        count = 0
        while not self.stopped.is_set():
            count += 1
            name = f"{prefix}-{count}"
            self.tried[name] += 1
            try:
                call(name)
            except Exception:
                return  # killed in the middle: nothing is promised
            self.promised[name] += 1


@pytest.mark.parametrize("seed", range(2))
def test_every_promise_is_kept_when_the_server_is_killed_at_random_moments(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    data = tmp_path / "data"
    promised: Counter[str] = Counter()
    tried: Counter[str] = Counter()
    for life in range(3):
        with Served(data) as served:
            url = served.client("sqs").create_queue(QueueName="kept")["QueueUrl"]
            with suppress(served.client("dynamodb").exceptions.ResourceInUseException):
                served.client("dynamodb").create_table(
                    TableName="kept",
                    KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
                    AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
                    BillingMode="PAY_PER_REQUEST",
                )
            clients = Clients(served, url, machine(served, "kept", PASS), life)
            threads = clients.start()
            time.sleep(chance.uniform(0.2, 0.8))
            served.end(signal.SIGKILL)
            clients.stopped.set()
            for thread in threads:
                thread.join(30)
            promised += clients.promised
            tried += clients.tried
    assert sum(promised.values()) > 50
    with Served(data) as served:
        sqs = served.client("sqs")
        url = sqs.get_queue_url(QueueName="kept")["QueueUrl"]
        kept = Counter(message["Body"] for message in drain(sqs, url))
        kept.update(
            item["id"]["S"]
            for page in served.client("dynamodb").get_paginator("scan").paginate(TableName="kept")
            for item in page["Items"]
        )
        kept.update(finished(served))
    missing = promised - kept
    invented = kept - tried
    assert not missing, f"promised and not there: {sorted(missing)[:5]} of {len(missing)}"
    assert not invented, f"there more often than sent: {sorted(invented.items())[:5]}"


def finished(served: Served) -> list[str]:
    """The names of all executions, once all of them are finished."""
    states = served.client("stepfunctions")
    arn = states.list_state_machines()["stateMachines"][0]["stateMachineArn"]

    def look() -> list[dict[str, Any]] | None:
        pages = states.get_paginator("list_executions").paginate(stateMachineArn=arn)
        executions = [execution for page in pages for execution in page["executions"]]
        return executions if all(execution["status"] == "SUCCEEDED" for execution in executions) else None

    return [execution["name"] for execution in eventually(look)]


WAITS_FOR_TOKEN = {
    "StartAt": "Ask",
    "States": {
        "Ask": {
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            "Parameters": {"QueueUrl.$": "$.url", "MessageBody.$": "$$.Task.Token"},
            "End": True,
        }
    },
}
WAITS = {
    "StartAt": "Rest",
    "States": {
        "Rest": {"Type": "Wait", "SecondsPath": "$.seconds", "Next": "Done"},
        "Done": {"Type": "Pass", "End": True},
    },
}


def test_an_execution_parked_on_a_token_goes_on_after_a_crash(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with Served(data) as served:
        sqs = served.client("sqs")
        url = sqs.create_queue(QueueName="questions")["QueueUrl"]
        arn = machine(served, "asks", WAITS_FOR_TOKEN)
        execution = served.client("stepfunctions").start_execution(stateMachineArn=arn, input=json.dumps({"url": url}))[
            "executionArn"
        ]
        message = eventually(lambda: sqs.receive_message(QueueUrl=url, WaitTimeSeconds=2).get("Messages"))[0]
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        served.end(signal.SIGKILL)
    with Served(data) as served:
        assert status(served, execution) == "RUNNING"
        states = served.client("stepfunctions")
        states.send_task_success(taskToken=message["Body"], output='{"answer": 42}')
        eventually(lambda: status(served, execution) == "SUCCEEDED")
        assert json.loads(states.describe_execution(executionArn=execution)["output"]) == {"answer": 42}
        served.end(signal.SIGKILL)
    with Served(data) as served:
        assert status(served, execution) == "SUCCEEDED"
        types = [
            event["type"]
            for event in served.client("stepfunctions").get_execution_history(executionArn=execution)["events"]
        ]
        assert types.count("TaskSucceeded") == types.count("ExecutionSucceeded") == 1


@pytest.mark.parametrize("seconds", [1, 3])
def test_a_wait_goes_on_over_a_crash_whether_it_ends_before_or_after_the_restart(tmp_path: Path, seconds: int) -> None:
    data = tmp_path / "data"
    with Served(data) as served:
        arn = machine(served, "rests", WAITS)
        started = time.time()
        execution = served.client("stepfunctions").start_execution(
            stateMachineArn=arn, input=json.dumps({"seconds": seconds})
        )["executionArn"]
        served.end(signal.SIGKILL)
    time.sleep(max(0.0, 1.2 - (time.time() - started)))  # the shorter one ends while nobody is there
    with Served(data) as served:
        eventually(lambda: status(served, execution) == "SUCCEEDED")
        ended = served.client("stepfunctions").describe_execution(executionArn=execution)["stopDate"].timestamp()
        assert ended - started >= seconds - 0.1


def test_a_function_that_was_running_is_invoked_again_after_a_crash(tmp_path: Path) -> None:
    """Asynchronous invocations are at least once: the lease of a dead server is released by the next."""
    from tests.test_server import create_function

    data = tmp_path / "data"
    code = (
        "import boto3, time\n"
        "def handler(event, context):\n"
        "    boto3.client('sqs').send_message(QueueUrl=event['url'], MessageBody='ran')\n"
        "    time.sleep(event['seconds'])\n"
    )
    with Served(data) as served:
        url = served.client("sqs").create_queue(QueueName="ran")["QueueUrl"]
        functions = served.client("lambda")
        create_function(functions, "slow", code)
        payload = json.dumps({"url": "http://ignored/000000000000/ran", "seconds": 2}).encode()
        functions.invoke(FunctionName="slow", InvocationType="Event", Payload=payload)
        sqs = served.client("sqs")
        eventually(lambda: count(sqs, url) == 1)
        served.end(signal.SIGKILL)
    with Served(data) as served:
        sqs = served.client("sqs")
        url = sqs.get_queue_url(QueueName="ran")["QueueUrl"]
        eventually(lambda: count(sqs, url) == 2)


def count(sqs: Any, url: str) -> int:
    name = "ApproximateNumberOfMessages"
    return int(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"][name])
