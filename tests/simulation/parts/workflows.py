"""Executions: activities with heartbeats and retries, Distributed Maps, nested ones, stopped and redriven ones."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from segue.errors import AwsError
from segue.services.states import records
from segue.store import Transaction
from tests.simulation.deployment import Deployment
from tests.simulation.histories import check_history
from tests.simulation.outside import Client
from tests.simulation.parts.part import (
    REGION,
    Part,
    counting,
    effects,
    execution_arn,
    function_arn,
    machine_arn,
    make_function,
    make_machine,
)

_ACTIVITY = f"arn:aws:states:{REGION}:activity:jobs"


class Workflows(Part):
    """Executions of one machine, each with a name and an ``id`` in its input that is the same."""

    machine = ""

    def begin(self) -> None:
        self.names = [f"{self.machine}-{number}" for number in range(self.world.random.randint(1, 3))]
        for name in self.names:
            self.world.outside.begin(self.use(name))

    async def use(self, name: str) -> None:
        """What somebody does with one execution."""
        await self.start(name)

    async def start(self, name: str, **more: Any) -> None:
        """Started until it is acknowledged; it may have ended by then."""
        text = json.dumps({"id": name, **more})
        params = {"stateMachineArn": machine_arn(self.machine), "name": name, "input": text}
        await self.patient("stepfunctions:StartExecution", "ExecutionAlreadyExists", **params)

    def is_done(self, tx: Transaction) -> bool:
        return all(self.ended(tx, name) for name in self.names)

    def ended(self, tx: Transaction, name: str) -> bool:
        """Whether the execution has ended."""
        execution = records.find_execution(tx, execution_arn(self.machine, name))
        return execution is not None and execution.status != "RUNNING"

    def described(self, name: str) -> dict[str, Any]:
        """An execution in the end."""
        arn = execution_arn(self.machine, name)
        described: dict[str, Any] = self.world.perform("stepfunctions:DescribeExecution", executionArn=arn)
        return described

    def check(self, tx: Transaction) -> None:
        for name in self.names:
            check_history(tx, execution_arn(self.machine, name))
            described = self.described(name)
            assert described["status"] == "SUCCEEDED", described
        done = effects(self.world, f"{self.machine}-")
        assert done == self.expected(), f"done otherwise than once: {done}"

    def expected(self) -> dict[str, int]:
        """What is counted in the end."""
        return dict.fromkeys(self.names, 1)


class Activities(Workflows):
    """An activity whose workers vanish, fail, are late, and are asked again; then an effect and a pause."""

    machine = "activity"

    @staticmethod
    def deploy(deployment: Deployment) -> None:
        deployment.perform("stepfunctions:CreateActivity", name="jobs")
        again = {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 10_000, "BackoffRate": 1.0}
        work = {
            "Type": "Task",
            "Resource": _ACTIVITY,
            "HeartbeatSeconds": 4,
            "TimeoutSeconds": 15,
            "Retry": [again],
            "ResultPath": "$.result",
            "Next": "Count",
        }
        rest = {"Type": "Wait", "Seconds": 1, "End": True}
        make_machine(deployment, "activity", "Work", {"Work": work, "Count": counting("$.id", "Rest"), "Rest": rest})

    def begin(self) -> None:
        self.answers = 0
        self.sent: dict[str, set[int]] = {}
        self.accepted: dict[str, set[int]] = {}
        super().begin()
        for _ in range(2):
            self.world.outside.begin(self._work(), aside=True)

    async def _work(self) -> None:
        while True:
            task = await self.client.ask("stepfunctions:GetActivityTask", activityArn=_ACTIVITY, wait_seconds=60)
            if task.get("taskToken"):
                await self._do(json.loads(task["input"])["id"], task["taskToken"])

    async def _do(self, name: str, token: str) -> None:
        chance = self.world.random.random()
        if chance < 0.15:
            return  # it vanishes
        if chance < 0.3:
            await self._tell("SendTaskFailure", token, error="Busy")
            return
        for _ in range(self.world.random.randint(0, 2)):
            await asyncio.sleep(3)
            await self._tell("SendTaskHeartbeat", token)
        self.answers += 1
        answer = self.answers
        self.sent.setdefault(name, set()).add(answer)
        if await self._tell("SendTaskSuccess", token, output=json.dumps(answer)):
            self.accepted.setdefault(name, set()).add(answer)

    async def _tell(self, what: str, token: str, **more: str) -> bool:
        return await self.patient(f"stepfunctions:{what}", "TaskTimedOut", taskToken=token, **more)

    def check(self, tx: Transaction) -> None:
        super().check(tx)
        for name in self.names:
            result = json.loads(self.described(name)["output"])["result"]
            assert result in self.sent[name], f"{name} ended with {result}, which nobody sent"
            accepted = self.accepted.get(name, set())
            assert accepted <= {result}, f"accepted for {name} was {accepted}, but {result} it became"


class Maps(Workflows):
    """Distributed Maps, some of whose items fail; each item's effect is once."""

    machine = "map"

    @staticmethod
    def deploy(deployment: Deployment) -> None:
        bad = {"Variable": "$.bad", "BooleanEquals": True, "Next": "Fail"}
        states = {
            "Count": counting("$.id", "Rest"),
            "Rest": {"Type": "Wait", "Seconds": 1, "Next": "Which"},
            "Which": {"Type": "Choice", "Choices": [bad], "Default": "Fine"},
            "Fail": {"Type": "Fail", "Error": "Bad"},
            "Fine": {"Type": "Pass", "End": True},
        }
        each = {
            "Type": "Map",
            "ItemsPath": "$.items",
            "MaxConcurrency": 3,
            "ToleratedFailurePercentage": 100,
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                "StartAt": "Count",
                "States": states,
            },
            "End": True,
        }
        make_machine(deployment, "map", "Each", {"Each": each})

    def begin(self) -> None:
        self.items: dict[str, list[dict[str, Any]]] = {}
        super().begin()

    async def use(self, name: str) -> None:
        chance = self.world.random
        count = chance.randint(0, 8)
        self.items[name] = [{"id": f"{name}-{n}", "bad": chance.random() < 0.15} for n in range(count)]
        await self.start(name, items=self.items[name])

    def expected(self) -> dict[str, int]:
        return {item["id"]: 1 for items in self.items.values() for item in items}

    def check(self, tx: Transaction) -> None:
        super().check(tx)
        for name in self.names:
            fine = [item for item in self.items[name] if not item["bad"]]
            output = json.loads(self.described(name)["output"])
            assert output == fine, f"{name} gave {output}, not {fine}"
            arn = execution_arn(self.machine, name)
            (run,) = self.world.perform("stepfunctions:ListMapRuns", executionArn=arn)["mapRuns"]
            told = self.world.perform("stepfunctions:DescribeMapRun", mapRunArn=run["mapRunArn"])
            counts = {kind: number for kind, number in told["itemCounts"].items() if number}
            bad = len(self.items[name]) - len(fine)
            right = {"total": bad + len(fine), "succeeded": len(fine), "failed": bad, "resultsWritten": 0}
            assert {kind: counts.get(kind, 0) for kind in right} == right, told
            assert not counts.get("running"), told
            assert not counts.get("pending"), told


class Nested(Workflows):
    """An execution that waits for another, which waits for a third."""

    machine = "parent"

    @staticmethod
    def deploy(deployment: Deployment) -> None:
        rest = {"Type": "Wait", "Seconds": 1, "End": True}
        make_machine(deployment, "grandchild", "Count", {"Count": counting("$.id", "Rest"), "Rest": rest})
        for name, child in (("child", "grandchild"), ("parent", "child")):
            start = {
                "Type": "Task",
                "Resource": "arn:aws:states:::states:startExecution.sync:2",
                "Parameters": {"StateMachineArn": machine_arn(child), "Input": {"id.$": "$.id"}},
                "OutputPath": "$.Output",
                "End": True,
            }
            make_machine(deployment, name, "Start", {"Start": start})

    def check(self, tx: Transaction) -> None:
        super().check(tx)
        for name in self.names:
            assert json.loads(self.described(name)["output"]) == {"id": name}
        for machine in ("child", "grandchild"):
            listed = self.world.perform("stepfunctions:ListExecutions", stateMachineArn=machine_arn(machine))
            assert len(listed["executions"]) == len(self.names), listed
            for execution in listed["executions"]:
                assert execution["status"] == "SUCCEEDED", execution
                check_history(tx, execution["executionArn"])


class Redriven(Workflows):
    """Executions that fail, or are stopped while they go on or end, and are redriven until they succeed."""

    machine = "moody"
    functions = ("mood",)

    @staticmethod
    def deploy(deployment: Deployment) -> None:
        make_function(deployment, "mood")
        call = {"Type": "Task", "Resource": function_arn("mood"), "ResultPath": None, "Next": "Second"}
        states = {
            "First": counting("States.Format('{}-1', $.id)", "Rest"),
            "Rest": {"Type": "Wait", "Seconds": 1, "Next": "Call"},
            "Call": call,
            "Second": counting("States.Format('{}-2', $.id)"),
        }
        make_machine(deployment, "moody", "First", states)

    async def mood(self, _: Client, event: Any) -> None:
        if self.world.random.random() < 0.5:
            raise ValueError("BadMood")

    async def use(self, name: str) -> None:
        await self.start(name)
        arn = execution_arn(self.machine, name)
        while (status := await self._status(arn)) != "SUCCEEDED":
            if status == "RUNNING":
                await asyncio.sleep(self.world.random.random() * 2)
                if self.world.random.random() < 0.2:
                    await self.patient("stepfunctions:StopExecution", "", executionArn=arn)
            else:
                await self.patient("stepfunctions:RedriveExecution", "ExecutionNotRedrivable", executionArn=arn)

    async def _status(self, arn: str) -> str:
        try:
            described = await self.client.ask("stepfunctions:DescribeExecution", executionArn=arn)
        except AwsError as error:
            raise AssertionError(f"what was acknowledged is lost: {error}") from error
        return str(described["status"])

    def expected(self) -> dict[str, int]:
        return {f"{name}-{number}": 1 for name in self.names for number in (1, 2)}
