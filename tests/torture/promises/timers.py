"""What comes at its time, and what takes its time: schedules and stacks."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.torture.clients import ROLE, Clients, Drain, arn
from tests.torture.ledger import Ledger, told
from tests.torture.promises.promise import Promise


class Timers(Promise):
    """Schedules for one moment each: it comes, once, not before; then the schedule is gone."""

    kind = "timer"

    def __init__(self) -> None:
        super().__init__()
        self._timers = Drain("timers")

    def deploy(self, clients: Clients) -> None:
        clients.queue("timers")

    def step(self, clients: Clients, chance: random.Random) -> None:
        name = self.ledger.name()
        at = datetime.now(UTC) + timedelta(seconds=chance.uniform(0.5, 3))
        schedule = {
            "ScheduleExpression": f"at({at:%Y-%m-%dT%H:%M:%S})",
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "ActionAfterCompletion": "DELETE",
            "Target": {"Arn": arn("sqs", "timers"), "RoleArn": ROLE, "Input": name},
        }
        self.ledger.ask(name, lambda: clients.scheduler.create_schedule(Name=name, **schedule))

    def problems(self, clients: Clients) -> Iterator[str]:
        yield from self.ledger.problems(Counter(self._timers(clients)))
        left = clients.scheduler.list_schedules()["Schedules"]
        yield from told("timer: still there", (schedule["Name"] for schedule in left))


class Stacks(Promise):
    """Stacks are made, whole and each resource once, and removed, while servers die."""

    kind = "stack"
    weight = 0.03

    def __init__(self) -> None:
        super().__init__()
        self._deleted = Ledger("deletion")

    def step(self, clients: Clients, chance: random.Random) -> None:
        name = self.ledger.name()
        template = json.dumps(_template())
        create = clients.stacks.create_stack
        capable = {"Capabilities": ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"]}
        self.ledger.ask(name, lambda: create(StackName=name, TemplateBody=template, **capable))
        made = self._made(clients) - set(self._deleted.tried)
        if made and chance.random() < 0.5:
            other = chance.choice(sorted(made))
            self._deleted.ask(other, lambda: clients.stacks.delete_stack(StackName=other))

    def _made(self, clients: Clients) -> set[str]:
        return {name for name, how in self._found(clients) if how == "CREATE_COMPLETE"}

    def _found(self, clients: Clients) -> list[tuple[str, str]]:
        pages = clients.stacks.get_paginator("list_stacks").paginate()
        return [(one["StackName"], one["StackStatus"]) for page in pages for one in page["StackSummaries"]]

    def problems(self, clients: Clients) -> Iterator[str]:
        found = self._found(clients)
        yield from self.ledger.problems(Counter(name for name, _ in found))
        ends = ("CREATE_COMPLETE", "DELETE_COMPLETE")
        yield from told("stack: not well", (f"{name} {how}" for name, how in found if how not in ends))
        gone = {name for name, how in found if how == "DELETE_COMPLETE"}
        yield from told("stack: deleted and there", self._deleted.promised - gone)
        yield from told("stack: deleted by nobody", gone - set(self._deleted.tried))
        resources = set(_template()["Resources"])
        for name in sorted(self._made(clients)):
            pages = clients.stacks.get_paginator("describe_stack_events").paginate(StackName=name)
            events = [event for page in pages for event in page["StackEvents"]]
            done = Counter(one["LogicalResourceId"] for one in events if one["ResourceStatus"] == "CREATE_COMPLETE")
            if done != Counter([name, *resources]):
                yield f"{name}: made {dict(done)}"
        queues = {
            url.rsplit("/", 1)[1] for url in clients.sqs.list_queues(QueueNamePrefix="stack-").get("QueueUrls", ())
        }
        expected = {f"{name}-{number}" for name in self._made(clients) for number in (1, 2)}
        yield from told("stack: queues that are not, or of none", queues ^ expected)


def _template() -> dict[str, Any]:
    queues = {
        f"Queue{number}": {
            "Type": "AWS::SQS::Queue",
            "Properties": {"QueueName": {"Fn::Sub": f"${{AWS::StackName}}-{number}"}},
        }
        for number in (1, 2)
    }
    endpoint = {"Protocol": "sqs", "Endpoint": {"Fn::GetAtt": ["Queue1", "Arn"]}}
    definition = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}
    machine = {"Definition": definition, "RoleArn": ROLE}
    return {
        "Resources": {
            **queues,
            "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"Subscription": [endpoint]}},
            "Machine": {"Type": "AWS::StepFunctions::StateMachine", "DependsOn": "Topic", "Properties": machine},
        }
    }
