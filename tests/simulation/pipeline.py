"""Orders through a FIFO topic, FIFO and standard queues, functions, a table, workflows, and a topic with a filter and
subscribers who are written to.

Every order may be poisoned: it is refused until somebody mends the function and moves the dead letters back.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections import Counter
from typing import Any

from segue.api import outbox
from segue.errors import AwsError
from segue.store import Transaction
from tests.simulation.deployment import Deployment
from tests.simulation.outside import Client
from tests.simulation.world import World

_REGION = "us-east-1:000000000000"
_ROLE = "arn:aws:iam::000000000000:role/pipeline"
_ORDERS, _NOTES = f"arn:aws:sns:{_REGION}:orders.fifo", f"arn:aws:sns:{_REGION}:notes"
_TOKEN = re.compile(r"Token=(\w+)")
_FIFO = {"FifoQueue": "true"}
_ARCHIVE = io.BytesIO()
with zipfile.ZipFile(_ARCHIVE, "w") as _files:
    _files.writestr("index.py", "the world knows what the functions do")
_FULFIL = {
    "StartAt": "Note",
    "States": {
        "Note": {
            "Type": "Task",
            "Resource": "arn:aws:states:::sns:publish",
            "Parameters": {
                "TopicArn": _NOTES,
                "Message.$": "$.id",
                "MessageAttributes": {"kind": {"DataType": "String", "StringValue.$": "$.kind"}},
            },
            "ResultPath": None,
            "Next": "Rest",
        },
        "Rest": {"Type": "Wait", "Seconds": 2, "Next": "Count"},
        "Count": {
            "Type": "Task",
            "Resource": "arn:aws:states:::dynamodb:updateItem",
            "Parameters": {
                "TableName": "effects",
                "Key": {"id": {"S.$": "$.id"}},
                "UpdateExpression": "ADD times :one",
                "ExpressionAttributeValues": {":one": {"N": "1"}},
            },
            "End": True,
        },
    },
}


def _deploy(deployment: Deployment) -> str:
    """The state machine's ARN."""
    perform = deployment.perform
    for name in ("done", "effects"):
        perform(
            "dynamodb:CreateTable",
            TableName=name,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
    _deploy_messaging(deployment)
    services = {"Service": ["lambda.amazonaws.com", "states.amazonaws.com"]}
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": services}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    perform("iam:CreateRole", RoleName="pipeline", AssumeRolePolicyDocument=document)
    _function(deployment, "work", "work.fifo", FunctionResponseTypes=["ReportBatchItemFailures"])
    _function(deployment, "finish", "finish")
    machine = perform("stepfunctions:CreateStateMachine", name="fulfil", definition=json.dumps(_FULFIL), roleArn=_ROLE)
    return str(machine["stateMachineArn"])


def _deploy_messaging(deployment: Deployment) -> None:
    perform = deployment.perform
    redrive = json.dumps({"deadLetterTargetArn": f"arn:aws:sqs:{_REGION}:dead.fifo", "maxReceiveCount": 3})
    queues: dict[str, dict[str, str]] = {
        "dead.fifo": _FIFO,
        "work.fifo": {**_FIFO, "VisibilityTimeout": "8", "RedrivePolicy": redrive},
        "archive.fifo": _FIFO,
        **{name: {"VisibilityTimeout": "8"} for name in ("finish", "all-notes", "blue-notes")},
    }
    for name, attributes in queues.items():
        perform("sqs:CreateQueue", QueueName=name, Attributes=attributes)
    perform("sns:CreateTopic", Name="orders.fifo", Attributes={"FifoTopic": "true"})
    perform("sns:CreateTopic", Name="notes")
    for topic, queue in ((_ORDERS, "work.fifo"), (_ORDERS, "archive.fifo"), (_NOTES, "all-notes")):
        _subscribe(deployment, topic, queue)
    _subscribe(deployment, _NOTES, "blue-notes", FilterPolicy='{"kind": ["blue"]}')
    perform("sns:Subscribe", TopicArn=_NOTES, Protocol="email", Endpoint="staff@example.com")
    perform("sns:ConfirmSubscription", TopicArn=_NOTES, Token=_TOKEN.findall(deployment.look(_mail)[0])[0])


def _subscribe(deployment: Deployment, topic: str, queue: str, **attributes: str) -> None:
    arn = f"arn:aws:sqs:{_REGION}:{queue}"
    attributes["RawMessageDelivery"] = "true"
    deployment.perform("sns:Subscribe", TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes=attributes)


def _function(deployment: Deployment, name: str, queue: str, **mapping: Any) -> None:
    deployment.perform(
        "lambda:CreateFunction",
        FunctionName=name,
        Runtime="python3.11",
        Role=_ROLE,
        Handler="index.handler",
        Code={"ZipFile": _ARCHIVE.getvalue()},
        Timeout=8,
    )
    arn = f"arn:aws:sqs:{_REGION}:{queue}"
    deployment.perform("lambda:CreateEventSourceMapping", FunctionName=name, EventSourceArn=arn, BatchSize=5, **mapping)


class PipelineRun:
    """One seed: a world, the pipeline in it, orders, an end, and what is true then."""

    def __init__(self, seed: int, nodes: int | None = None) -> None:
        deployment = Deployment.of(_deploy)
        self.machine: str = deployment.made
        functions = {"work": self._work, "finish": self._finish}
        self.world = World(seed, deployment, functions, nodes)
        self.chance = self.world.random
        self.mended = False
        self.handled: list[str] = []
        self.orders: dict[str, dict[str, Any]] = {}

    def run(self) -> None:
        """Place the orders, let the world run, check; then mend, move the dead letters back, and check again."""
        self._place_orders()
        self.world.run(self._is_quiet)
        dead = self.check()
        self.mended = True
        while dead:  # again, where a process died three times while these were worked at
            self.world.counts["brought back"] += len(dead)
            dead = self._bring_back()
        self._check_archive()

    def _bring_back(self) -> set[str]:
        source, back = (f"arn:aws:sqs:{_REGION}:{name}" for name in ("dead.fifo", "work.fifo"))
        self.world.run_calmly(
            self.world.client().ask("sqs:StartMessageMoveTask", SourceArn=source, DestinationArn=back)
        )
        self.world.run(self._is_quiet)
        tasks = self._api("sqs:ListMessageMoveTasks", SourceArn=source)["Results"]
        assert tasks[0]["Status"] == "COMPLETED", tasks
        return self.check()

    def _api(self, operation: str, **params: Any) -> Any:
        return self.world.perform(operation, **params)

    def _place_orders(self) -> None:
        """Each group's orders come from a producer of its own, which goes on when the one before is acknowledged."""
        for group in ("a", "b", "c")[: self.chance.randint(1, 3)]:
            for number in range(self.chance.randint(1, 7)):
                order = {"id": f"{group}{number}", "kind": self.chance.choice(("blue", "red"))}
                order["poison"] = self.chance.random() < 0.15
                self.orders[order["id"]] = order
            mine = [order for order in self.orders.values() if order["id"][0] == group]
            self.world.outside.begin(self._produce(mine))

    async def _produce(self, orders: list[dict[str, Any]]) -> None:
        for order in orders:
            await self._order(order)

    async def _order(self, order: dict[str, Any]) -> None:
        """Published until it is acknowledged, under one deduplication id, as SDKs try again when a connection ends."""
        await self.world.client().ask(
            "sns:Publish",
            TopicArn=_ORDERS,
            Message=json.dumps(order),
            MessageGroupId=order["id"][0],
            MessageDeduplicationId=order["id"],
        )

    async def _work(self, client: Client, event: Any) -> Any:
        """Hand on one order after the other; the first of a group that fails keeps back the rest of its group."""
        failed: list[str] = []
        stuck: set[str] = set()
        for record in event["Records"]:
            order = json.loads(record["body"])
            group = order["id"][0]
            if group not in stuck and order["poison"] and not self.mended:
                stuck.add(group)
            if group in stuck:
                failed.append(record["messageId"])
                continue
            if self.chance.random() < 0.03:
                raise ValueError("OutOfMemory")
            self._check_turn(order["id"])
            await client.ask("sqs:SendMessage", QueueUrl=_url("finish"), MessageBody=record["body"])
            self.handled.append(order["id"])
        return {"batchItemFailures": [{"itemIdentifier": one} for one in failed]}

    def _check_turn(self, order: str) -> None:
        """All of its group that were placed before are handled or among the dead letters (mended, these come late)."""
        if self.mended:
            return
        before = {f"{order[0]}{number}" for number in range(int(order[1:]))} - set(self.handled)
        waiting = before - {json.loads(body)["id"] for body in self._bodies("dead.fifo")}
        assert not waiting, f"{order} overtook {waiting}"

    async def _finish(self, client: Client, event: Any) -> Any:
        """At least once: the execution's name makes it one."""
        for record in event["Records"]:
            order = json.loads(record["body"])
            params = {"stateMachineArn": self.machine, "name": order["id"], "input": record["body"]}
            try:
                await client.ask("stepfunctions:StartExecution", **params)
            except AwsError as error:
                if error.code != "ExecutionAlreadyExists":
                    raise AssertionError(f"an order was refused: {error}") from error
                self.world.counts["finished twice"] += 1
            if self.chance.random() < 0.03:
                raise ValueError("OutOfMemory")

    def _is_quiet(self) -> bool:
        return not (self._bodies("work.fifo") or self._bodies("finish") or self._running())

    def _running(self) -> list[Any]:
        listed = self._api("stepfunctions:ListExecutions", stateMachineArn=self.machine, statusFilter="RUNNING")
        return list(listed["executions"])

    def _bodies(self, queue: str) -> list[str]:
        return self.world.look(lambda tx: _bodies(tx, queue))

    def check(self) -> set[str]:
        """Every order is done, once, or among the dead letters, once, and nothing is left over; the dead ones.

        Both, where a function had done its work three times and died each time before it could say so.
        """
        dead = [json.loads(body)["id"] for body in self._bodies("dead.fifo")]
        items = self._api("dynamodb:Scan", TableName="effects")["Items"]
        effects = {item["id"]["S"]: int(item["times"]["N"]) for item in items}
        assert len(dead) == len(set(dead)), f"in two places: {dead}"
        assert {*dead, *effects} == set(self.orders), (dead, effects)
        assert set(effects.values()) <= {1}, f"done more than once: {effects}"
        notes, blue = Counter(self._bodies("all-notes")), Counter(self._bodies("blue-notes"))
        assert notes == effects, f"noted otherwise than done: {notes}"
        assert blue == {order: 1 for order in effects if self.orders[order]["kind"] == "blue"}, blue
        mail = Counter(text.split("\n")[0] for text in self.world.look(_mail)[1:])
        assert mail == effects, f"written otherwise than done: {mail}"
        self.world.check()
        return set(dead)

    def _check_archive(self) -> None:
        """Whatever died in between, this queue holds each order once and each group in its order."""
        orders = [json.loads(body)["id"] for body in self._received("archive.fifo")]
        assert sorted(orders) == sorted(self.orders), orders
        for group in "abc":
            mine = [int(order[1:]) for order in orders if order[0] == group]
            assert mine == sorted(mine), f"group {group} came as {mine}"

    def _received(self, queue: str) -> list[str]:
        bodies: list[str] = []
        while messages := self._api("sqs:ReceiveMessage", QueueUrl=_url(queue), MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                bodies.append(message["Body"])
                self._api("sqs:DeleteMessage", QueueUrl=_url(queue), ReceiptHandle=message["ReceiptHandle"])
        return bodies


def _url(queue: str) -> str:
    return f"http://127.0.0.1:4566/000000000000/{queue}"


def _bodies(tx: Transaction, queue: str) -> list[str]:
    arn = f"arn:aws:sqs:{_REGION}:{queue}"
    return [str(row[0]) for row in tx.all("SELECT body FROM sqs_messages WHERE queue = ? ORDER BY id", arn)]


def _mail(tx: Transaction) -> list[str]:
    """What the staff was sent."""
    messages = [outbox.content(tx, entry.id) for entry in outbox.listed(tx, recipient="staff@example.com")]
    return [message.text for message in messages if message is not None]
