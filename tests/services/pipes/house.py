"""A server, and what pipes lie between."""

from __future__ import annotations

import json
from typing import Any

from segue.api import deliveries
from segue.testing import Segue

ACCOUNT = "000000000000"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/pipes"


class House:
    """Queues, machines and functions by short calls."""

    def __init__(self, segue: Segue) -> None:
        self.segue = segue
        self.pipes = segue.client("pipes")
        self.sqs = segue.client("sqs")

    def queue(self, name: str, **attributes: str) -> str:
        """A queue's ARN."""
        self.sqs.create_queue(QueueName=name, Attributes=attributes)
        return f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}"

    def url(self, name: str) -> str:
        return str(self.sqs.get_queue_url(QueueName=name)["QueueUrl"])

    def send(self, name: str, *bodies: Any, **more: Any) -> None:
        for body in bodies:
            text = body if isinstance(body, str) else json.dumps(body)
            self.sqs.send_message(QueueUrl=self.url(name), MessageBody=text, **more)
        self.segue.settle()

    def messages(self, name: str) -> list[dict[str, Any]]:
        """What is in a queue, and is no longer."""
        found: list[dict[str, Any]] = []
        url = self.url(name)
        while more := self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"]).get(
            "Messages"
        ):
            found += more
            for message in more:
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return found

    def bodies(self, name: str) -> list[Any]:
        return [json.loads(message["Body"]) for message in self.messages(name)]

    def count(self, name: str) -> int:
        """How many messages a queue has, those that are being worked on included."""
        kinds = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        told = self.sqs.get_queue_attributes(QueueUrl=self.url(name), AttributeNames=list(kinds))["Attributes"]
        return sum(int(told[kind]) for kind in kinds)

    def machine(self, name: str, states: dict[str, Any], kind: str = "EXPRESS") -> str:
        """A state machine's ARN, of states of which the first begins."""
        definition = json.dumps({"StartAt": next(iter(states)), "States": states})
        made = self.segue.client("stepfunctions").create_state_machine(
            name=name, definition=definition, roleArn=ROLE, type=kind
        )
        return str(made["stateMachineArn"])

    def pipe(self, source: str, target: str, name: str = "p", **more: Any) -> dict[str, Any]:
        made: dict[str, Any] = self.pipes.create_pipe(Name=name, Source=source, Target=target, RoleArn=ROLE, **more)
        self.segue.settle()
        return made

    def hops(self) -> list[tuple[Any, ...]]:
        """Outcomes of what went through pipes."""
        found = self.segue.transact(lambda tx: deliveries.since(tx, 0))
        return [
            (hop["operation"], hop["status"])
            for hop in found
            if (hop["status"] != "audit" and ":sqs:" in str(hop["source"])) or "/stream/" in str(hop["source"])
        ]
