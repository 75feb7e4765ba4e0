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
from functools import partial
from typing import Any

from segue.api import Caller, outbox
from segue.errors import AwsError
from segue.store import Transaction
from segue.store.blobs import Blobs
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


class PipelineRun:
    """One seed: a world, the pipeline in it, orders, an end, and what is true then."""

    def __init__(self, seed: int, blobs: Blobs, crash_at: tuple[int, bool] | None = None) -> None:
        functions = {"work": self._work, "finish": self._finish}
        self.world = World(seed, functions, crashes=0.0, blobs=blobs)
        self.chance = self.world.random
        self.world.crashes = self.chance.choice((0.0, 0.01, 0.05, 0.1))
        self.world.crash_at = crash_at
        self.mended = False
        self.handled: list[str] = []
        self.orders: dict[str, dict[str, Any]] = {}
        self._deploy()

    def run(self) -> None:
        """Place the orders, let the world run, check; then mend, move the dead letters back, and check again."""
        try:
            self._place_orders()
            self.world.run(lambda: not self.world.outside and self._is_quiet())
            dead = self.check()
            self.mended = True
            while dead:  # again, where the process died three times while these were worked at
                self.world.counts["brought back"] += len(dead)
                dead = self._bring_back()
            self._check_archive()
        finally:
            self.world.close()

    def _bring_back(self) -> set[str]:
        source, back = (f"arn:aws:sqs:{_REGION}:{name}" for name in ("dead.fifo", "work.fifo"))
        self._api("sqs:StartMessageMoveTask", SourceArn=source, DestinationArn=back)
        self.world.run(self._is_quiet)
        tasks = self._api("sqs:ListMessageMoveTasks", SourceArn=source)["Results"]
        assert tasks[0]["Status"] == "COMPLETED", tasks
        return self.check()

    def _api(self, operation: str, **params: Any) -> Any:
        return self.world.perform(operation, params)

    def _deploy(self) -> None:
        for name in ("done", "effects"):
            self._api(
                "dynamodb:CreateTable",
                TableName=name,
                KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
                AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
                BillingMode="PAY_PER_REQUEST",
            )
        redrive = json.dumps({"deadLetterTargetArn": f"arn:aws:sqs:{_REGION}:dead.fifo", "maxReceiveCount": 3})
        self._queue("dead.fifo", **_FIFO)
        self._queue("work.fifo", **_FIFO, VisibilityTimeout="30", RedrivePolicy=redrive)
        self._queue("archive.fifo", **_FIFO)
        for name in ("finish", "all-notes", "blue-notes"):
            self._queue(name, VisibilityTimeout="30")
        self._api("sns:CreateTopic", Name="orders.fifo", Attributes={"FifoTopic": "true"})
        self._api("sns:CreateTopic", Name="notes")
        for topic, queue in ((_ORDERS, "work.fifo"), (_ORDERS, "archive.fifo"), (_NOTES, "all-notes")):
            self._subscribe(topic, queue)
        self._subscribe(_NOTES, "blue-notes", FilterPolicy='{"kind": ["blue"]}')
        self._api("sns:Subscribe", TopicArn=_NOTES, Protocol="email", Endpoint="staff@example.com")
        self._api("sns:ConfirmSubscription", TopicArn=_NOTES, Token=_TOKEN.findall(self._mail()[0])[0])
        services = {"Service": ["lambda.amazonaws.com", "states.amazonaws.com"]}
        trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": services}
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        self._api("iam:CreateRole", RoleName="pipeline", AssumeRolePolicyDocument=document)
        self._function("work", "work.fifo", FunctionResponseTypes=["ReportBatchItemFailures"])
        self._function("finish", "finish")
        self.machine = self._api(
            "stepfunctions:CreateStateMachine", name="fulfil", definition=json.dumps(_FULFIL), roleArn=_ROLE
        )["stateMachineArn"]

    def _queue(self, name: str, **attributes: str) -> None:
        self._api("sqs:CreateQueue", QueueName=name, Attributes=attributes)

    def _subscribe(self, topic: str, queue: str, **attributes: str) -> None:
        arn = f"arn:aws:sqs:{_REGION}:{queue}"
        attributes["RawMessageDelivery"] = "true"
        self._api("sns:Subscribe", TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes=attributes)

    def _function(self, name: str, queue: str, **mapping: Any) -> None:
        self._api(
            "lambda:CreateFunction",
            FunctionName=name,
            Runtime="python3.11",
            Role=_ROLE,
            Handler="index.handler",
            Code={"ZipFile": _ARCHIVE.getvalue()},
            Timeout=20,
        )
        arn = f"arn:aws:sqs:{_REGION}:{queue}"
        self._api("lambda:CreateEventSourceMapping", FunctionName=name, EventSourceArn=arn, BatchSize=5, **mapping)

    def _place_orders(self) -> None:
        """Each group's orders come from a producer of its own, which goes on when the one before is acknowledged."""
        for group in ("a", "b", "c")[: self.chance.randint(1, 3)]:
            for number in range(self.chance.randint(1, 7)):
                order = {"id": f"{group}{number}", "kind": self.chance.choice(("blue", "red"))}
                order["poison"] = self.chance.random() < 0.15
                self.orders[order["id"]] = order
            mine = [order for order in self.orders.values() if order["id"][0] == group]
            self.world.outside.append([partial(self._order, order) for order in mine])

    def _order(self, order: dict[str, Any]) -> None:
        """Published until it is acknowledged, under one deduplication id, as SDKs try again when a connection ends."""
        self._api(
            "sns:Publish",
            TopicArn=_ORDERS,
            Message=json.dumps(order),
            MessageGroupId=order["id"][0],
            MessageDeduplicationId=order["id"],
        )

    def _work(self, world: World, event: Any, caller: Caller) -> Any:
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
            world.perform("sqs:SendMessage", {"QueueUrl": _url("finish"), "MessageBody": record["body"]}, caller)
            self.handled.append(order["id"])
        return {"batchItemFailures": [{"itemIdentifier": one} for one in failed]}

    def _check_turn(self, order: str) -> None:
        """All of its group that were placed before are handled or among the dead letters (mended, these come late)."""
        if self.mended:
            return
        before = {f"{order[0]}{number}" for number in range(int(order[1:]))} - set(self.handled)
        waiting = before - {json.loads(body)["id"] for body in self._bodies("dead.fifo")}
        assert not waiting, f"{order} overtook {waiting}"

    def _finish(self, world: World, event: Any, caller: Caller) -> Any:
        """At least once: the execution's name makes it one."""
        for record in event["Records"]:
            order = json.loads(record["body"])
            params = {"stateMachineArn": self.machine, "name": order["id"], "input": record["body"]}
            try:
                world.perform("stepfunctions:StartExecution", params, caller)
            except AwsError as error:
                if error.code != "ExecutionAlreadyExists":
                    raise AssertionError(f"an order was refused: {error}") from error
                world.counts["finished twice"] += 1
            if self.chance.random() < 0.03:
                raise ValueError("OutOfMemory")

    def _mail(self) -> list[str]:
        """What the staff was sent."""

        def unit(tx: Transaction) -> list[Any]:
            return [outbox.content(tx, entry.id) for entry in outbox.listed(tx, recipient="staff@example.com")]

        return [message.text for message in self.world.store.transact(unit)[0]]

    def _is_quiet(self) -> bool:
        return not (self._bodies("work.fifo") or self._bodies("finish") or self._running())

    def _running(self) -> list[Any]:
        listed = self._api("stepfunctions:ListExecutions", stateMachineArn=self.machine, statusFilter="RUNNING")
        return list(listed["executions"])

    def _bodies(self, queue: str) -> list[str]:
        return self.world.store.transact(lambda tx: _bodies(tx, queue))[0]

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
        mail = Counter(text.split("\n")[0] for text in self._mail()[1:])
        assert mail == effects, f"written otherwise than done: {mail}"
        left = self.world.store.transact(_left_over)[0]
        assert not left, f"jobs are left over: {left}"
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


def _left_over(tx: Transaction) -> list[Any]:
    return tx.all("SELECT kind, key, last_error FROM jobs WHERE wait_key IS NULL")
