"""A stack's life, with a crash at each commit in turn: it goes on, and nothing is left behind."""

from __future__ import annotations

import json
from typing import Any

import pytest

from segue.errors import AwsError
from segue.services.cloudformation import responses
from tests.simulation.deployment import Deployment
from tests.simulation.outside import Client
from tests.simulation.world import World

FUNCTION = {
    "Type": "AWS::Lambda::Function",
    "Properties": {
        "FunctionName": "maker",
        "Runtime": "python3.11",
        "Handler": "index.handler",
        "Role": "arn:aws:iam::000000000000:role/r",
        "Code": {"ZipFile": "def handler(event, context): pass"},
    },
}


def _nothing(deployment: Deployment) -> None:
    """A stack makes everything."""


class Life:
    """A stack that is made, changed, changed in vain, and removed."""

    def __init__(self, seed: int, crash_at: tuple[int, bool]) -> None:
        self.world = World(seed, Deployment.of(_nothing), {"maker": self._maker}, nodes=1)
        self.world.weather.clear()
        self.world.crash_at = crash_at

    async def _maker(self, _: Client, event: Any) -> None:
        """Makes things whose names are their physical ids; those that are called bad cannot be made."""
        name = event["ResourceProperties"]["Name"]
        status = "FAILED" if name == "bad" and event["RequestType"] != "Delete" else "SUCCESS"
        body = {"Status": status, "PhysicalResourceId": f"thing-{name}", "Data": {"Name": name}}
        response = responses.id_of(event["ResponseURL"])
        self.world.look(lambda tx: responses.keep(tx, response, json.dumps(body).encode()))

    def run(self) -> int:
        """Live it through; how many crashes there were."""
        try:
            self._do("CreateStack", "one", 1, "CREATE_COMPLETE")
            assert self._queues() == ["life-one", "life-thing"]
            self._do("UpdateStack", "two", 2, "UPDATE_COMPLETE")
            assert self._queues() == ["life-thing", "life-two"]
            self._do("UpdateStack", "bad", 3, "UPDATE_ROLLBACK_COMPLETE")
            assert self._queues() == ["life-thing", "life-two"]
            assert self._delay() == "2"
            self.world.perform("cloudformation:DeleteStack", StackName="life")
            self.world.run(lambda: not self._stacks())
            assert self._queues() == []
            self.world.look(self._check_rows)
            return self.world.counts["crashes"]
        finally:
            self.world.close()

    def _do(self, operation: str, name: str, delay: int, status: str) -> None:
        token = {"Fn::GetAtt": ["Function", "Arn"]}
        resources = {
            "Function": FUNCTION,
            "Named": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": f"life-{name}"}},
            "Delayed": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "life-thing", "DelaySeconds": delay}},
            "Thing": {
                "Type": "Custom::Thing",
                "Properties": {"ServiceToken": token, "Name": name, "After": [{"Ref": "Named"}, {"Ref": "Delayed"}]},
            },
        }
        outputs = {"Name": {"Value": {"Fn::GetAtt": ["Thing", "Name"]}}}
        template = json.dumps({"Resources": resources, "Outputs": outputs})
        self.world.perform(f"cloudformation:{operation}", StackName="life", TemplateBody=template)
        self.world.run(lambda: not self._stacks()[0]["StackStatus"].endswith("_IN_PROGRESS"))
        (stack,) = self._stacks()
        assert stack["StackStatus"] == status
        assert stack["Outputs"][0]["OutputValue"] == ("two" if name == "bad" else name)

    def _stacks(self) -> list[dict[str, Any]]:
        try:
            found: list[dict[str, Any]] = self.world.perform("cloudformation:DescribeStacks")["Stacks"]
        except AwsError:
            return []
        return found

    def _queues(self) -> list[str]:
        urls = self.world.perform("sqs:ListQueues").get("QueueUrls", [])
        return sorted(url.rpartition("/")[2] for url in urls)

    def _delay(self) -> str:
        url = self.world.perform("sqs:GetQueueUrl", QueueName="life-thing")["QueueUrl"]
        found = self.world.perform("sqs:GetQueueAttributes", QueueUrl=url, AttributeNames=["DelaySeconds"])
        return str(found["Attributes"]["DelaySeconds"])

    @staticmethod
    def _check_rows(tx: Any) -> None:
        for table in ("steps", "edges", "responses", "exports"):
            assert tx.all(f"SELECT * FROM cloudformation_{table}") == [], table
        kinds = tx.all("SELECT kind FROM jobs WHERE kind LIKE 'cloudformation:%'")
        assert kinds == []


@pytest.mark.parametrize(("before", "every"), [(True, 1), (False, 5)])
def test_a_crash_at_each_commit_in_turn(before: bool, every: int) -> None:
    """Just before it; and just after it, which differs in the answer alone, at some."""
    at, crashes = 1 - every, 1
    while crashes:
        at += every
        crashes = Life(11, (at, before)).run()
    assert at > 30, "a stack's life should be longer than that"
