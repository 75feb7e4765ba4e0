"""Executions that wait for somebody: for a token's answer, for an activity's worker, for a redrive."""

from __future__ import annotations

import json
import random
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ReadTimeoutError

from tests.torture.clients import Clients, Drain, arn, effect, task
from tests.torture.ledger import misfits, told
from tests.torture.promises.promise import Promise


class Tokens(Promise):
    """Executions that wait for a token; the first answer that was taken is the one that counts."""

    kind = "token"

    def __init__(self) -> None:
        super().__init__()
        self._taken: dict[str, list[str]] = {}
        self._lock = threading.Lock()
        self._questions = Drain("questions")
        self._late = 0

    def deploy(self, clients: Clients) -> None:
        clients.queue("questions")
        body = {"id.$": "$.id", "token.$": "$$.Task.Token"}
        question = {"QueueUrl": clients.url("questions"), "MessageBody": body}
        ask = task("sqs:sendMessage.waitForTaskToken", question, End=True)
        clients.machine(self.kind, {"Ask": {**ask, "ResultPath": "$"}})

    def step(self, clients: Clients, chance: random.Random) -> None:
        name = self.ledger.name()
        self.ledger.ask(name, lambda: clients.start(self.kind, name, {"id": name}))
        for message in clients.receive("questions"):
            question = json.loads(message["Body"])
            self.answer(clients, question["id"], question["token"], f'"{chance.random()}"')
            clients.delete("questions", message["ReceiptHandle"])

    def answer(self, clients: Clients, name: str, token: str, answer: str) -> None:
        """Say what came of it, and note it where it was taken."""
        try:
            clients.states.send_task_success(taskToken=token, output=answer)
        except clients.states.exceptions.TaskTimedOut:
            return  # an answer before this one was taken
        with self._lock:
            self._taken.setdefault(name, []).append(answer)

    def problems(self, clients: Clients) -> Iterator[str]:
        questions = self._questions(clients)
        for message in questions[self._late :]:
            question = json.loads(message)
            self.answer(clients, question["id"], question["token"], '"late"')
        self._late = len(questions)
        ended = clients.executions(self.kind)
        yield from self.ledger.problems(Counter(set(ended)), once=True)
        yield from told(
            f"{self.kind}: not well", (f"{name} {how}" for name, how in ended.items() if how != "SUCCEEDED")
        )
        yield from told(f"{self.kind}: taken twice", (name for name, taken in self._taken.items() if len(taken) > 1))
        for name, taken in self._taken.items():
            output = clients.described(self.kind, name).get("output")
            if output != taken[0]:
                yield f"{name}: ended with {output}, acknowledged was {taken[0]}"
        yield from clients.misfits(self.kind, list(ended), {"Ask": 1})


class Activities(Tokens):
    """Executions that wait for an activity's worker. A task whose worker never heard of it is given out again."""

    kind = "activity"
    weight = 0.3

    def deploy(self, clients: Clients) -> None:
        self._activity = clients.states.create_activity(name="torture")["activityArn"]
        retry = [{"ErrorEquals": ["States.Timeout"], "IntervalSeconds": 1, "MaxAttempts": 100, "BackoffRate": 1.0}]
        ask = {"Type": "Task", "Resource": self._activity, "TimeoutSeconds": 3, "Retry": retry, "End": True}
        clients.machine(self.kind, {"Ask": ask})

    def step(self, clients: Clients, chance: random.Random) -> None:
        name = self.ledger.name()
        self.ledger.ask(name, lambda: clients.start(self.kind, name, {"id": name}))
        self._work(clients, f'"{chance.random()}"')

    def _work(self, clients: Clients, answer: str) -> None:
        given: dict[str, Any] = clients.activities.get_activity_task(activityArn=self._activity)
        if token := given.get("taskToken"):
            self.answer(clients, json.loads(given["input"])["id"], token, answer)

    def problems(self, clients: Clients) -> Iterator[str]:
        while "RUNNING" in clients.executions(self.kind).values():
            try:
                self._work(clients, '"late"')
            except ReadTimeoutError:
                break
        yield from super().problems(clients)


class Redriven(Promise):
    """Executions that fail at a gate; somebody opens it and redrives them. What comes behind the gate is done once."""

    kind = "redriven"
    weight = 0.5

    def __init__(self) -> None:
        super().__init__()
        self._failed: list[str] = []
        self._redrives: Counter[str] = Counter()
        self._redriven: Counter[str] = Counter()

    def deploy(self, clients: Clients) -> None:
        clients.table("gates")
        item = {"TableName": "gates", "Item": {"id": {"S.$": "$.id"}}, "ConditionExpression": "attribute_exists(id)"}
        clients.machine("redriven", {"Gate": task("dynamodb:putItem", item, Next="Effect"), "Effect": effect(End=True)})

    def step(self, clients: Clients, chance: random.Random) -> None:
        if len(self._failed) < 5:
            name = self.ledger.name()
            self.ledger.ask(name, lambda: clients.start("redriven", name, {"id": name}))
            self._failed.append(name)
            return
        name = self._failed.pop(0)
        clients.dynamodb.put_item(TableName="gates", Item={"id": {"S": name}})
        self._redrives[name] += 1
        clients.states.redrive_execution(executionArn=arn("states", f"execution:redriven:{name}"))
        self._redriven[name] += 1

    def problems(self, clients: Clients) -> Iterator[str]:
        found = clients.executions("redriven")
        yield from self.ledger.problems(Counter(set(found)), once=True)
        well = {name for name, how in found.items() if how == "SUCCEEDED"}
        yield from told("redriven: not well", set(self._redriven) - well)
        yield from told("redriven: by nobody", well - set(self._redrives))
        yield from told("redriven: effect not once", Counter(well) - clients.times("effects", "redriven-"))
        yield from told("redriven: effect too often", clients.times("effects", "redriven-") - Counter(well))
        for name, how in found.items():
            if how == "RUNNING":
                yield f"{name}: runs on"
                continue
            redriven = name in well
            entered = {"Gate": 1, "Effect": 1} if redriven else {"Gate": 1}
            for words in misfits(clients.history("redriven", name), entered, redrives=int(redriven)):
                yield f"{name}: {words}"
