"""Executions under names, and tasks that are answered by their tokens."""

from __future__ import annotations

import json
import random
from typing import Any

from tests.histories.models import REFUSED, started, token
from tests.histories.subject import ROLE, Make, Subject

_STATES = "arn:aws:states:us-east-1:000000000000"


class Starts(Subject):
    """Starting under one name."""

    name = "start"
    model = staticmethod(started)

    def deploy(self, make: Make) -> None:
        _make_machine(make, "waits", {"Type": "Wait", "Seconds": 3_600, "End": True})

    def act(self, make: Make, key: str, chance: random.Random) -> None:
        given = json.dumps({"who": chance.choice(("a", "a", "b"))})
        machine = f"{_STATES}:stateMachine:waits"

        def start() -> str:
            answer = make("stepfunctions").start_execution(stateMachineArn=machine, name=key, input=given)
            return str(answer["startDate"])

        self.history.record(key, "start", given, start, {"ExecutionAlreadyExists": REFUSED})


class Tokens(Subject):
    """One task that many answer."""

    name = "token"
    model = staticmethod(token)
    start = (None, False)

    def __init__(self) -> None:
        super().__init__()
        self._tokens: dict[str, str] = {}

    def deploy(self, make: Make) -> None:
        url = make("sqs").create_queue(QueueName="questions")["QueueUrl"]
        question = {"QueueUrl": url, "MessageBody": {"name.$": "$$.Execution.Name", "token.$": "$$.Task.Token"}}
        resource = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"
        _make_machine(make, "asks", {"Type": "Task", "Resource": resource, "Parameters": question, "End": True})

    def prepare(self, make: Make, key: str) -> None:
        machine = f"{_STATES}:stateMachine:asks"
        make("stepfunctions").start_execution(stateMachineArn=machine, name=key)
        queue = make("sqs").get_queue_url(QueueName="questions")["QueueUrl"]
        while key not in self._tokens:
            for message in make("sqs").receive_message(QueueUrl=queue, WaitTimeSeconds=1).get("Messages", []):
                question = json.loads(message["Body"])
                self._tokens[question["name"]] = question["token"]

    def act(self, make: Make, key: str, chance: random.Random) -> None:
        kind = chance.random()
        of = {"taskToken": self._tokens[key]}
        name = f"answer-{chance.randrange(1_000_000)}"
        if kind < 0.7:
            self._record(key, "describe", None, lambda: _end(make, key))
        elif kind < 0.8:
            self._record(key, "heartbeat", None, lambda: make("stepfunctions").send_task_heartbeat(**of) and name)
        elif kind < 0.9:
            output = json.dumps(name)
            self._record(
                key, "succeed", name, lambda: make("stepfunctions").send_task_success(**of, output=output) and name
            )
        else:
            self._record(key, "fail", name, lambda: make("stepfunctions").send_task_failure(**of, error=name) and name)

    def _record(self, key: str, name: str, given: Any, call: Any) -> None:
        self.history.record(key, name, given, call, {"TaskTimedOut": REFUSED})


def _end(make: Make, name: str) -> str | None:
    """What answered an execution's task, by what the execution has come to."""
    found = make("stepfunctions").describe_execution(executionArn=f"{_STATES}:execution:asks:{name}")
    if found["status"] == "RUNNING":
        return None
    return str(json.loads(found["output"]) if found["status"] == "SUCCEEDED" else found["error"])


def _make_machine(make: Make, name: str, state: dict[str, Any]) -> None:
    definition = json.dumps({"StartAt": "It", "States": {"It": state}})
    make("stepfunctions").create_state_machine(name=name, definition=definition, roleArn=ROLE)
