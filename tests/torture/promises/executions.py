"""Executions that end by themselves: each state entered as often as is written, each effect once."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

from tests.torture.clients import Clients, Drain, arn, effect, task
from tests.torture.ledger import told
from tests.torture.promises.promise import Promise


class Executions(Promise):
    """Started under a name, twice: each has its effects once, ends well, and its history tells all of it once.

    The one machine here has a chain of Pass and Choice, a wait, two branches and a Map.
    """

    kind = "execution"
    entered: ClassVar = dict.fromkeys(("Begin", "Which", "Effect", "Both", "Rest", "Other", "Each", "Result"), 1) | {
        "Item": 3
    }

    def __init__(self) -> None:
        super().__init__()
        self._results = Drain(f"{self.kind}-results")
        self._unanswered: list[str] = []

    def deploy(self, clients: Clients) -> None:
        clients.queue(self._results.queue)
        clients.machine(self.kind, self.states(clients))

    def states(self, clients: Clients) -> dict[str, Any]:
        """What is done."""
        rule = {"Variable": "$.id", "IsPresent": True, "Next": "Effect"}
        rest = {"StartAt": "Rest", "States": {"Rest": {"Type": "Wait", "Seconds": 1, "End": True}}}
        other = {"StartAt": "Other", "States": {"Other": effect("States.Format('{}/2', $.id)", End=True)}}
        item = {"StartAt": "Item", "States": {"Item": {"Type": "Pass", "End": True}}}
        return {
            "Begin": {"Type": "Pass", "Next": "Which"},
            "Which": {"Type": "Choice", "Choices": [rule]},
            "Effect": effect(Next="Both"),
            "Both": {"Type": "Parallel", "Branches": [rest, other], "ResultPath": None, "Next": "Each"},
            "Each": {
                "Type": "Map",
                "ItemsPath": "$.items",
                "ItemProcessor": item,
                "ResultPath": None,
                "Next": "Result",
            },
            "Result": self.result(clients),
        }

    def result(self, clients: Clients) -> dict[str, Any]:
        """The last state, which sends a message."""
        parameters = {"QueueUrl": clients.url(self._results.queue), "MessageBody.$": "$.id"}
        return task("sqs:sendMessage", parameters, End=True)

    def effects(self, name: str) -> list[str]:
        """Counters that an execution has let grow by one."""
        return [name, f"{name}/2"]

    def step(self, clients: Clients, chance: random.Random) -> None:
        name = self._unanswered.pop() if self._unanswered and chance.random() < 0.5 else self.ledger.name()
        try:
            for _ in range(chance.choice((1, 1, 2))):  # idempotent: the second start is the first
                self.ledger.ask(name, lambda: clients.start(self.kind, name, {"id": name, "items": [1, 2, 3]}))
        except clients.states.exceptions.ExecutionAlreadyExists:
            pass  # and has ended: whose name is taken is not started again
        except BaseException:
            self._unanswered.append(name)
            raise

    def problems(self, clients: Clients) -> Iterator[str]:
        ended = clients.executions(self.kind)
        yield from self.ledger.problems(Counter(set(ended)), once=True)
        well = (f"{name} {how}" for name, how in ended.items() if how != "SUCCEEDED")
        yield from told(f"{self.kind}: not well", well)
        yield from _differences(f"{self.kind}: result", Counter(self._results(clients)), Counter(set(ended)))
        effects = Counter(one for name in ended for one in self.effects(name))
        yield from _differences(f"{self.kind}: effect", clients.times("effects", f"{self.kind}-"), effects)
        yield from clients.misfits(self.kind, list(ended), self.entered)


def _differences(what: str, found: Counter[str], expected: Counter[str]) -> Iterator[str]:
    yield from told(f"{what} is missing", expected - found)
    yield from told(f"{what} is there too often", found - expected)


class Retried(Executions):
    """A state that fails, is tried again, and is caught in the end."""

    kind = "retried"
    entered: ClassVar = {"Fails": 1, "Caught": 1, "Result": 1}
    weight = 0.5

    def states(self, clients: Clients) -> dict[str, Any]:
        send = task("sqs:sendMessage", {"QueueUrl": clients.url("nowhere"), "MessageBody": "x"}, End=True)
        retry = {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 2, "BackoffRate": 1.0}
        caught = {"ErrorEquals": ["States.ALL"], "ResultPath": None, "Next": "Caught"}
        fails = {**send, "Retry": [retry], "Catch": [caught]}
        return {"Fails": fails, "Caught": effect(Next="Result"), "Result": self.result(clients)}

    def effects(self, name: str) -> list[str]:
        return [name]

    def problems(self, clients: Clients) -> Iterator[str]:
        yield from super().problems(clients)
        for name in list(clients.executions(self.kind))[:20]:
            failures = [event for event in clients.history(self.kind, name) if event["type"] == "TaskFailed"]
            if len(failures) != 3:
                yield f"{name}: failed {len(failures)} times, to be tried thrice"


class Parents(Executions):
    """An execution that starts another and waits for its end."""

    kind = "parent"
    entered: ClassVar = {"Child": 1, "Result": 1}
    weight = 0.7

    def states(self, clients: Clients) -> dict[str, Any]:
        rest = {"Type": "Wait", "Seconds": 1, "End": True}
        machine = clients.machine("child", {"Effect": effect(Next="Rest"), "Rest": rest})
        parameters = {"StateMachineArn": machine, "Name.$": "$.id", "Input.$": "$"}
        child = task("states:startExecution.sync:2", parameters, ResultSelector={"id.$": "$.Output.id"}, Next="Result")
        return {"Child": {**child, "ResultPath": "$"}, "Result": self.result(clients)}

    def effects(self, name: str) -> list[str]:
        return [name]

    def problems(self, clients: Clients) -> Iterator[str]:
        yield from super().problems(clients)
        children = clients.executions("child")
        yield from _differences("parent: child", Counter(set(children)), Counter(set(clients.executions(self.kind))))
        yield from clients.misfits("child", list(children), {"Effect": 1, "Rest": 1})


class Maps(Executions):
    """A distributed Map: a child execution for each item."""

    kind = "map"
    entered: ClassVar = {"Each": 1, "Result": 1}
    weight = 0.3

    def states(self, clients: Clients) -> dict[str, Any]:
        each = {
            "Type": "Map",
            "ItemsPath": "$.items",
            "ItemSelector": {"id.$": "States.Format('{}/{}', $.id, $$.Map.Item.Value)"},
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                "StartAt": "Effect",
                "States": {"Effect": effect(End=True)},
            },
            "MaxConcurrency": 2,
            "ResultPath": None,
            "Next": "Result",
        }
        return {"Each": each, "Result": self.result(clients)}

    def effects(self, name: str) -> list[str]:
        return [f"{name}/{number}" for number in (1, 2, 3)]


class Express(Executions):
    """Express workflows, asynchronous and synchronous: not named, so each request that is tried may be one."""

    kind = "express"

    def deploy(self, clients: Clients) -> None:
        clients.queue(self._results.queue)
        states = {"Effect": effect(Next="Result"), "Result": self.result(clients)}
        self._machine = clients.machine(self.kind, states, "EXPRESS")

    def step(self, clients: Clients, chance: random.Random) -> None:
        name = self.ledger.name()
        start: Callable[..., Any] = chance.choice((clients.states.start_execution, clients.states.start_sync_execution))
        answer = self.ledger.ask(name, lambda: start(stateMachineArn=self._machine, input=f'{{"id": "{name}"}}'))
        if answer.get("status", "SUCCEEDED") != "SUCCEEDED":
            self._failed.append(f"{name}: {answer['status']} {answer.get('error')} {answer.get('cause')}")

    def __init__(self) -> None:
        super().__init__()
        self._failed: list[str] = []

    def problems(self, clients: Clients) -> Iterator[str]:
        results = Counter(self._results(clients))
        yield from told("express: not well", self._failed)
        yield from self.ledger.problems(results)
        yield from _differences("express: effect", clients.times("effects", "express-"), results)


class Stopped(Promise):
    """Executions that wait long, until they are stopped: then they have ended, for good."""

    kind = "stopped"
    weight = 0.5

    def __init__(self) -> None:
        super().__init__()
        self._tried: set[str] = set()
        self._stopped: set[str] = set()

    def deploy(self, clients: Clients) -> None:
        clients.machine("stopped", {"Rest": {"Type": "Wait", "Seconds": 100_000, "End": True}})

    def step(self, clients: Clients, chance: random.Random) -> None:
        name = self.ledger.name()
        self.ledger.ask(name, lambda: clients.start("stopped", name, {}))
        self._tried.add(name)
        clients.states.stop_execution(executionArn=arn("states", f"execution:stopped:{name}"))
        self._stopped.add(name)

    def problems(self, clients: Clients) -> Iterator[str]:
        found = clients.executions("stopped")
        yield from self.ledger.problems(Counter(set(found)), once=True)
        aborted = {name for name, how in found.items() if how == "ABORTED"}
        yield from told("stopped: runs on", self._stopped - aborted)
        yield from told("stopped: by nobody", aborted - self._tried)
        yield from clients.misfits("stopped", sorted(aborted), {"Rest": 1})
