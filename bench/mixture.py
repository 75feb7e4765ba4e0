"""A mixed load: an application of queues, topics, events, executions, a table and a bucket, and what its users do."""

from __future__ import annotations

import json
import random
from collections.abc import Awaitable, Callable

from client import ACCOUNT, Client

_ROLE = f"arn:aws:iam::{ACCOUNT}:role/soak"
QUEUES = ("work", "copies-1", "copies-2", "events", "results", "groups.fifo")
Ask = Callable[[bytes], Awaitable[bytes]]
"""Sends a request; the body of its answer, empty where it was refused."""


def arn(service: str, name: str) -> str:
    """A resource of the application."""
    return f"arn:aws:{service}:us-east-1:{ACCOUNT}:{name}"


class Mixture:
    """What the users of one endpoint do, one thing after another, by chance."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._object = random.Random(1).randbytes(20_000)
        self._number = 0
        self.visits = self.requests = 0
        url = client.endpoint_url
        self._urls = {queue: f"{url}/{ACCOUNT}/{queue}" for queue in QUEUES}
        self._things = (self._message, self._group, self._publish, self._event, self._start, self._item, self._blob)

    @property
    def requests_a_visit(self) -> float:
        """How many requests a visit has been so far."""
        return self.requests / self.visits if self.visits else 1.0

    async def deploy(self) -> None:
        """Make everything, once."""
        make = self._client
        for queue in QUEUES:
            attributes = {"FifoQueue": "true"} if queue.endswith(".fifo") else {}
            await make.call(make.json("sqs", "CreateQueue", QueueName=queue, Attributes=attributes))
        await make.call(make.query("sns", "CreateTopic", "2010-03-31", Name="copies"))
        for queue in ("copies-1", "copies-2"):
            params = {"TopicArn": arn("sns", "copies"), "Protocol": "sqs", "Endpoint": arn("sqs", queue)}
            await make.call(make.query("sns", "Subscribe", "2010-03-31", **params))
        await make.call(make.json("events", "PutRule", Name="soak", EventPattern='{"source": ["soak"]}'))
        target = {"Id": "queue", "Arn": arn("sqs", "events")}
        await make.call(make.json("events", "PutTargets", Rule="soak", Targets=[target]))
        table = {
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        }
        await make.call(make.json("dynamodb", "CreateTable", TableName="items", BillingMode="PAY_PER_REQUEST", **table))
        await make.call(make.http("PUT", "/soak-objects", "s3", {}))
        send = {"QueueUrl": self._urls["results"], "MessageBody.$": "$.id"}
        states = {
            "Look": {"Type": "Choice", "Choices": [], "Default": "Rest"},
            "Rest": {"Type": "Wait", "Seconds": 1, "Next": "Each"},
            "Each": {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": _PASS, "ResultPath": None, "Next": "Tell"},
            "Tell": {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "Parameters": send, "End": True},
        }
        states["Look"]["Choices"] = [{"Variable": "$.id", "IsNumeric": True, "Next": "Each"}]
        definition = json.dumps({"StartAt": "Look", "States": states})
        await make.call(make.json("states", "CreateStateMachine", name="soak", roleArn=_ROLE, definition=definition))

    async def something(self, ask: Ask) -> None:
        """What a user does next; one in three takes messages from a queue."""
        self._number += 1
        if self._number % 3 == 0:
            await self._take(ask, QUEUES[self._number // 3 % len(QUEUES)])
        else:
            await random.choice(self._things)(ask)

    async def _take(self, ask: Ask, queue: str) -> None:
        url = self._urls[queue]
        body = await ask(self._client.json("sqs", "ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=10))
        taken = (json.loads(body) if body else {}).get("Messages") or []
        if taken:
            entries = [{"Id": str(n), "ReceiptHandle": one["ReceiptHandle"]} for n, one in enumerate(taken)]
            await ask(self._client.json("sqs", "DeleteMessageBatch", QueueUrl=url, Entries=entries))

    async def _message(self, ask: Ask) -> None:
        await ask(self._client.json("sqs", "SendMessage", QueueUrl=self._urls["work"], MessageBody="m" * 200))

    async def _group(self, ask: Ask) -> None:
        name = f"{self._number}"
        more = {"MessageGroupId": f"g{self._number % 50}", "MessageDeduplicationId": name}
        url = self._urls["groups.fifo"]
        await ask(self._client.json("sqs", "SendMessage", QueueUrl=url, MessageBody=name, **more))

    async def _publish(self, ask: Ask) -> None:
        await ask(self._client.query("sns", "Publish", "2010-03-31", TopicArn=arn("sns", "copies"), Message="c" * 200))

    async def _event(self, ask: Ask) -> None:
        entry = {"Source": "soak", "DetailType": "t", "Detail": '{"number": 1}'}
        await ask(self._client.json("events", "PutEvents", Entries=[entry]))

    async def _start(self, ask: Ask) -> None:
        given = json.dumps({"id": f"e{self._number}", "items": [1, 2, 3]})
        machine = arn("states", "stateMachine:soak")
        await ask(self._client.json("states", "StartExecution", stateMachineArn=machine, input=given))

    async def _item(self, ask: Ask) -> None:
        item = {"id": {"S": f"i{self._number % 5_000}"}, "text": {"S": "t" * 300}}
        await ask(self._client.json("dynamodb", "PutItem", TableName="items", Item=item))

    async def _blob(self, ask: Ask) -> None:
        name = f"/soak-objects/o{self._number % 200}"
        if random.random() < 0.1:
            await ask(self._client.http("PUT", name, "s3", {}, self._object))
        else:
            await ask(self._client.http("GET", name, "s3", {}))


_PASS = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}
