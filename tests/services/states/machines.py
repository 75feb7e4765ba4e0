"""State machines for these tests, and what became of their executions."""

from __future__ import annotations

import json
from typing import Any

from botocore.config import Config
from botocore.exceptions import ClientError

from segue.services.states.advance import TREES
from segue.services.states.map_items import MAPS
from segue.testing import Segue

ROLE = "arn:aws:iam::000000000000:role/states"
PREFIX = "arn:aws:states:us-east-1:000000000000"

State = dict[str, Any]


def task(resource: str, parameters: dict[str, Any] | None = None, **more: Any) -> State:
    """A Task state that ends."""
    state: State = {"Type": "Task", "Resource": f"arn:aws:states:::{resource}", "End": True, **more}
    return {**state, "Parameters": parameters} if parameters is not None else state


def waiting(**more: Any) -> State:
    """A state that puts its token into the queue ``tokens`` and waits."""
    body = {"token.$": "$$.Task.Token", "input.$": "$"}
    url = "http://localhost:4566/000000000000/tokens"
    return task("sqs:sendMessage.waitForTaskToken", {"QueueUrl": url, "MessageBody": body}, **more)


class House:
    """One server's states, seen from outside."""

    def __init__(self, segue: Segue) -> None:
        self.segue = segue
        self.states = segue.client("stepfunctions", config=Config(inject_host_prefix=False, parameter_validation=False))

    def machine(self, *states: State, name: str = "m", kind: str = "STANDARD", **fields: Any) -> str:
        """A machine of states ``S0``, ``S1``, … in that order; its ARN."""
        last = len(states) - 1
        named = {
            f"S{n}": state if n == last else {k: v for k, v in {**state, "Next": f"S{n + 1}"}.items() if k != "End"}
            for n, state in enumerate(states)
        }
        return self.define({"StartAt": "S0", "States": named, **fields}, name=name, kind=kind)

    def define(self, definition: dict[str, Any], name: str = "m", kind: str = "STANDARD") -> str:
        """A machine of that definition; its ARN."""
        made = self.states.create_state_machine(name=name, definition=json.dumps(definition), roleArn=ROLE, type=kind)
        return str(made["stateMachineArn"])

    def start(self, machine: str, input: Any = None, **more: Any) -> str:
        """A started execution's ARN, after what was due has happened."""
        text = json.dumps({} if input is None else input)
        arn = str(self.states.start_execution(stateMachineArn=machine, input=text, **more)["executionArn"])
        self.segue.settle()
        return arn

    def describe(self, arn: str) -> dict[str, Any]:
        described: dict[str, Any] = self.states.describe_execution(executionArn=arn)
        return described

    def status(self, arn: str) -> str:
        return str(self.describe(arn)["status"])

    def output(self, arn: str) -> Any:
        """The output of an execution that has succeeded."""
        described = self.describe(arn)
        assert described["status"] == "SUCCEEDED", (described.get("error"), described.get("cause"))
        return json.loads(described["output"])

    def failure(self, arn: str) -> tuple[str, str]:
        """Error and cause of an execution that has failed."""
        described = self.describe(arn)
        assert described["status"] == "FAILED", described["status"]
        return described.get("error", ""), described.get("cause", "")

    def events(self, arn: str, **more: Any) -> list[dict[str, Any]]:
        """The whole history."""
        pages = self.states.get_paginator("get_execution_history").paginate(executionArn=arn, **more)
        return [event for page in pages for event in page["events"]]

    def types(self, arn: str) -> list[str]:
        """The types of its events, in order."""
        return [event["type"] for event in self.events(arn)]

    def tokens(self) -> list[str]:
        """The tokens in the queue ``tokens``, taken out of it."""
        return [token for token, _ in self.asked()]

    def asked(self) -> list[tuple[str, Any]]:
        """The tokens in the queue ``tokens``, taken out of it, each with the input that came along."""
        sqs = self.segue.client("sqs")
        url = sqs.get_queue_url(QueueName="tokens")["QueueUrl"]
        found = []
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                body = json.loads(message["Body"])
                found.append((body["token"], body.get("input")))
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return found

    def rows(self, sql: str, *args: Any) -> list[tuple[Any, ...]]:
        return self.segue.transact(lambda tx: tx.all(sql, *args))

    def forget(self) -> None:
        """Forget what is in memory only, as a crash does."""
        TREES.clear()
        MAPS.clear()

    def work(self) -> list[tuple[Any, ...]]:
        """The service's jobs that are left."""
        return self.rows("SELECT kind, key FROM jobs WHERE kind LIKE 'stepfunctions:%'")


def refusal(operation: Any, **params: Any) -> tuple[str, str]:
    """Code and message of the error that a call ends with."""
    try:
        operation(**params)
    except ClientError as error:
        return error.response["Error"]["Code"], error.response["Error"]["Message"]
    raise AssertionError("it was not refused")
