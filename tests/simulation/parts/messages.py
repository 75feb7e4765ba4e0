"""Events, schedules, streams, queues with groups, functions that may run so many times at once."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from datetime import UTC, datetime
from typing import Any

from segue.store import Transaction
from tests.simulation.deployment import Deployment
from tests.simulation.outside import Client
from tests.simulation.parts.part import (
    ROLE,
    Part,
    bodies,
    counting,
    effects,
    machine_arn,
    make_function,
    make_machine,
    make_table,
    queue_arn,
    queue_url,
)


class Events(Part):
    """Every event that was acknowledged is in the queue once, and has started one execution if it is a big one."""

    @staticmethod
    def deploy(deployment: Deployment) -> None:
        perform = deployment.perform
        perform("sqs:CreateQueue", QueueName="events")
        make_machine(deployment, "on-event", "Count", {"Count": counting("States.Format('event-{}', $.id)")})
        perform("events:CreateEventBus", Name="shop")
        rules = {
            "all": ({"source": ["shop"]}, {"Id": "queue", "Arn": queue_arn("events")}),
            "big": (
                {"detail": {"size": [{"numeric": [">", 100]}]}},
                {"Id": "machine", "Arn": machine_arn("on-event"), "RoleArn": ROLE},
            ),
        }
        for name, (pattern, target) in rules.items():
            perform("events:PutRule", Name=name, EventBusName="shop", EventPattern=json.dumps(pattern))
            perform("events:PutTargets", Rule=name, EventBusName="shop", Targets=[target])

    def begin(self) -> None:
        self.acknowledged: set[str] = set()
        for _ in range(self.world.random.randint(1, 6)):
            self.world.outside.begin(self._put(self.world.random.choice((10, 200))))

    async def _put(self, size: int) -> None:
        detail = json.dumps({"size": size})
        entry = {"EventBusName": "shop", "Source": "shop", "DetailType": "sale", "Detail": detail}
        put = await self.client.ask("events:PutEvents", Entries=[entry])
        self.acknowledged.add(put["Entries"][0]["EventId"])

    def check(self, tx: Transaction) -> None:
        events = [json.loads(body) for body in bodies(tx, "events")]
        ids = Counter(event["id"] for event in events)
        assert set(ids.values()) <= {1}, f"twice in the queue: {ids}"
        assert self.acknowledged <= set(ids), f"lost: {self.acknowledged - set(ids)}"
        big = {f"event-{event['id']}": 1 for event in events if event["detail"]["size"] > 100}
        done = effects(self.world, "event-")
        assert done == big, f"{done} was done, not {big}"


class Schedules(Part):
    """Each time of each schedule comes once, and not before."""

    @staticmethod
    def deploy(deployment: Deployment) -> None:
        deployment.perform("sqs:CreateQueue", QueueName="alarms")

    def begin(self) -> None:
        self.times: dict[str, int] = {}
        for number in range(self.world.random.randint(1, 4)):
            self.world.outside.begin(self._create(f"s{number}"))

    async def _create(self, name: str) -> None:
        at_seconds = self.world.database_ms // 1000 + self.world.random.randint(1, 12)
        text = datetime.fromtimestamp(at_seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
        told = json.dumps({"name": name, "id": "<aws.scheduler.execution-id>"})
        params = {
            "Name": name,
            "ClientToken": name,
            "ScheduleExpression": f"at({text})",
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": {"Arn": queue_arn("alarms"), "RoleArn": ROLE, "Input": told},
            "ActionAfterCompletion": self.world.random.choice(("NONE", "DELETE")),
        }
        self.times[name] = at_seconds * 1000
        await self.patient("scheduler:CreateSchedule", "ConflictException", **params)

    def is_done(self, tx: Transaction) -> bool:
        return self._rung(tx) >= set(self.times)

    @staticmethod
    def _rung(tx: Transaction) -> set[str]:
        return {json.loads(body)["name"] for body in bodies(tx, "alarms")}

    def check(self, tx: Transaction) -> None:
        rung = Counter(json.loads(body)["name"] for body in bodies(tx, "alarms"))
        assert rung == dict.fromkeys(self.times, 1), f"rung: {rung}"
        rows = tx.all("SELECT body, sent_at FROM sqs_messages WHERE queue = ?", queue_arn("alarms"))
        for body, sent_at in rows:
            assert sent_at >= self.times[json.loads(body)["name"]], "too early"


class Streams(Part):
    """What is written to a table is followed by a function: nothing is missed, each item's changes in their order."""

    functions = ("follow",)

    @staticmethod
    def deploy(deployment: Deployment) -> None:
        stream = {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}
        make_table(deployment, "versions", StreamSpecification=stream)
        make_function(deployment, "follow")
        table = deployment.perform("dynamodb:DescribeTable", TableName="versions")["Table"]
        deployment.perform(
            "lambda:CreateEventSourceMapping",
            FunctionName="follow",
            EventSourceArn=table["LatestStreamArn"],
            StartingPosition="TRIM_HORIZON",
            BatchSize=3,
            ParallelizationFactor=2,
        )

    def begin(self) -> None:
        self.written: dict[str, int] = {}
        self.seen: dict[str, list[int]] = {}
        for key in ("a", "b", "c")[: self.world.random.randint(1, 3)]:
            self.world.outside.begin(self._write(key, self.world.random.randint(1, 6)))

    async def _write(self, key: str, versions: int) -> None:
        for version in range(1, versions + 1):
            item = {"id": {"S": key}, "version": {"N": str(version)}}
            await self.client.ask("dynamodb:PutItem", TableName="versions", Item=item)
            self.written[key] = version

    async def follow(self, _: Client, event: Any) -> None:
        for record in event["Records"]:
            image = record["dynamodb"]["NewImage"]
            if self.world.random.random() < 0.05:
                raise ValueError("OutOfMemory")
            self.seen.setdefault(image["id"]["S"], []).append(int(image["version"]["N"]))

    def is_done(self, tx: Transaction) -> bool:
        return all(version in self.seen.get(key, ()) for key, version in self.written.items())

    def check(self, tx: Transaction) -> None:
        for key, version in self.written.items():
            first = list(dict.fromkeys(self.seen[key]))
            assert first == list(range(1, version + 1)), f"{key} came as {self.seen[key]}"


class Groups(Part):
    """Consumers of a FIFO queue: each group in its order, nothing lost, nothing again that was deleted."""

    @staticmethod
    def deploy(deployment: Deployment) -> None:
        attributes = {"FifoQueue": "true", "VisibilityTimeout": "5"}
        deployment.perform("sqs:CreateQueue", QueueName="groups.fifo", Attributes=attributes)

    def begin(self) -> None:
        self.sent: Counter[str] = Counter()
        self.received: dict[str, list[int]] = {}
        self.deleted: set[str] = set()
        self.going: Counter[str] = Counter()
        """What is being deleted, or was, though the answer has not come."""
        for group in ("x", "y")[: self.world.random.randint(1, 2)]:
            self.world.outside.begin(self._send(group, self.world.random.randint(1, 5)))
        for _ in range(self.world.random.randint(1, 3)):
            self.world.outside.begin(self._receive(), aside=True)

    async def _send(self, group: str, count: int) -> None:
        for number in range(count):
            body = f"{group}{number}"
            params = {"MessageBody": body, "MessageGroupId": group, "MessageDeduplicationId": body}
            await self.client.ask("sqs:SendMessage", QueueUrl=queue_url("groups.fifo"), **params)
            self.sent[group] += 1

    async def _receive(self) -> None:
        params = {"QueueUrl": queue_url("groups.fifo"), "MaxNumberOfMessages": 3, "WaitTimeSeconds": 20}
        while True:
            deleted = set(self.deleted)  # before it was asked
            told = await self.client.ask("sqs:ReceiveMessage", wait_seconds=20, **params)
            for message in told.get("Messages", []):
                assert message["Body"] not in deleted, f"{message['Body']} came again, although it was deleted"
                if not await self._handle(message):
                    break

    async def _handle(self, message: dict[str, Any]) -> bool:
        """Work at a message and delete it; whether to go on with those that came with it."""
        group, number = message["Body"][0], int(message["Body"][1:])
        self.received.setdefault(group, []).append(number)
        before = {f"{group}{earlier}" for earlier in range(number)} - self.deleted - set(+self.going)
        assert not before, f"{message['Body']} came before {before} was deleted"
        await asyncio.sleep(self.world.random.random())
        if self.world.random.random() < 0.1:
            return False  # it vanishes; the message comes again
        self.going[message["Body"]] += 1
        params = {"QueueUrl": queue_url("groups.fifo"), "ReceiptHandle": message["ReceiptHandle"]}
        if await self.patient("sqs:DeleteMessage", "InvalidParameterValue", **params):
            self.deleted.add(message["Body"])
            return True
        self.going[message["Body"]] -= 1
        return False  # it took too long; the message comes again

    def is_done(self, tx: Transaction) -> bool:
        return not bodies(tx, "groups.fifo")

    def check(self, tx: Transaction) -> None:
        for group, count in self.sent.items():
            first = list(dict.fromkeys(self.received[group]))
            assert first == list(range(count)), f"group {group} came as {self.received[group]}"


class Counters(Part):
    """What is counted was asked for so often: not less often than it was acknowledged, not more than it was asked."""

    def begin(self) -> None:
        self.acknowledged = 0
        for _ in range(self.world.random.randint(1, 3)):
            self.world.outside.begin(self._count())

    async def _count(self) -> None:
        params = counting("")["Parameters"] | {"Key": {"id": {"S": "counter"}}}
        for _ in range(3):
            await self.client.ask("dynamodb:UpdateItem", **params)
            self.acknowledged += 1

    def check(self, tx: Transaction) -> None:
        counted = effects(self.world, "counter")["counter"]
        assert self.acknowledged <= counted <= self.client.asked, (self.acknowledged, counted, self.client.asked)


class Narrow(Part):
    """A function that may run twice at once: so it does, as long as no node is taken for dead; and all is done."""

    functions = ("narrow",)

    @staticmethod
    def deploy(deployment: Deployment) -> None:
        make_function(deployment, "narrow")
        deployment.perform("lambda:PutFunctionConcurrency", FunctionName="narrow", ReservedConcurrentExecutions=2)

    def begin(self) -> None:
        self.wanted = [str(number) for number in range(self.world.random.randint(1, 4))]
        self.done: set[str] = set()
        self.running = 0
        for name in self.wanted:
            self.world.outside.begin(self._invoke(name))

    async def _invoke(self, name: str) -> None:
        payload = json.dumps({"name": name}).encode()
        params = {"FunctionName": "narrow", "Payload": payload}
        is_done = False
        while not is_done:
            await asyncio.sleep(self.world.random.random() * 0.3)
            is_done = await self.patient("lambda:Invoke", "TooManyRequestsException", **params)

    async def narrow(self, _: Client, event: Any) -> None:
        self.running += 1
        weather = self.world.weather
        if not (weather.crash or weather.pause or weather.rumour):
            assert self.running <= 2, f"{self.running} at once"
        await asyncio.sleep(self.world.random.random())
        self.running -= 1
        self.done.add(event["name"])

    def is_done(self, tx: Transaction) -> bool:
        return self.done >= set(self.wanted)
