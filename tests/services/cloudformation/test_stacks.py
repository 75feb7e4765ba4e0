"""Stacks of queues, as boto3 sees them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from segue.testing import Segue

pytestmark = pytest.mark.both_stores

QUEUE = "AWS::SQS::Queue"


@pytest.fixture(scope="module")
def segue(store: str) -> Iterator[Segue]:
    with Segue() as server:
        yield server


class Deployer:
    """Deploys templates and says what came of it."""

    def __init__(self, segue: Segue, name: str) -> None:
        self.segue = segue
        self.name = name
        self.client = segue.client("cloudformation")

    def create(self, resources: dict[str, Any], outputs: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
        self.client.create_stack(StackName=self.name, TemplateBody=_template(resources, outputs), **more)
        return self.settled()

    def update(self, resources: dict[str, Any], outputs: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
        self.client.update_stack(StackName=self.name, TemplateBody=_template(resources, outputs), **more)
        return self.settled()

    def settled(self) -> dict[str, Any]:
        self.segue.settle()
        found: dict[str, Any] = self.client.describe_stacks(StackName=self.name)["Stacks"][0]
        return found

    def events(self, logical_id: str = "") -> list[tuple[str, str]]:
        pages = self.client.get_paginator("describe_stack_events").paginate(StackName=self.name)
        found = [event for page in pages for event in page["StackEvents"]]
        wanted = logical_id or self.name
        return [
            (event["ResourceStatus"], event.get("ResourceStatusReason", ""))
            for event in reversed(found)
            if event["LogicalResourceId"] == wanted
        ]

    def physical_ids(self) -> dict[str, str]:
        found = self.client.describe_stack_resources(StackName=self.name)["StackResources"]
        return {each["LogicalResourceId"]: each.get("PhysicalResourceId", "") for each in found}


def _template(resources: dict[str, Any], outputs: dict[str, Any] | None = None) -> str:
    template: dict[str, Any] = {"Resources": resources}
    if outputs:
        template["Outputs"] = outputs
    return json.dumps(template)


def _queue(**properties: Any) -> dict[str, Any]:
    return {"Type": QUEUE, "Properties": properties}


def _names(segue: Segue) -> set[str]:
    urls = segue.client("sqs").list_queues().get("QueueUrls", [])
    return {url.rpartition("/")[2] for url in urls}


def test_a_stack_is_made_after_its_references_and_removed(segue: Segue) -> None:
    deployer = Deployer(segue, "plain")
    resources = {
        "Main": _queue(
            QueueName="plain-main",
            RedrivePolicy={"deadLetterTargetArn": {"Fn::GetAtt": ["Dead", "Arn"]}, "maxReceiveCount": 3},
        ),
        "Dead": _queue(QueueName="plain-dead"),
    }
    stack = deployer.create(resources, {"Url": {"Value": {"Ref": "Main"}, "Description": "where"}})
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    (output,) = stack["Outputs"]
    assert (output["OutputKey"], output["Description"]) == ("Url", "where")
    assert output["OutputValue"].endswith("/plain-main")
    assert [status for status, _ in deployer.events()] == ["CREATE_IN_PROGRESS", "CREATE_COMPLETE"]
    assert deployer.events("Main") == [
        ("CREATE_IN_PROGRESS", ""),
        ("CREATE_IN_PROGRESS", "Resource creation Initiated"),
        ("CREATE_COMPLETE", ""),
    ]
    deployer.client.delete_stack(StackName="plain")
    segue.settle()
    lately = deployer.client.describe_stacks(StackName="plain")["Stacks"][0]  # on AWS it would still be under way
    assert lately["StackStatus"] == "DELETE_COMPLETE"
    segue.advance(1)
    with pytest.raises(ClientError, match="Stack with id plain does not exist"):
        deployer.client.describe_stacks(StackName="plain")
    deleted = deployer.client.describe_stacks(StackName=stack["StackId"])["Stacks"][0]
    assert deleted["StackStatus"] == "DELETE_COMPLETE"
    assert not {name for name in _names(segue) if name.startswith("plain")}


def test_an_update_changes_replaces_adds_and_removes(segue: Segue) -> None:
    deployer = Deployer(segue, "changing")
    deployer.create({"A": _queue(), "B": _queue(QueueName="b-1"), "C": _queue(), "D": _queue()})
    before = deployer.physical_ids()
    resources = {"A": _queue(DelaySeconds="7"), "B": _queue(QueueName="b-2"), "C": _queue(), "E": _queue()}
    stack = deployer.update(resources)
    assert stack["StackStatus"] == "UPDATE_COMPLETE"
    after = deployer.physical_ids()
    assert after["A"] == before["A"]
    assert after["B"].endswith("b-2")
    assert after["C"] == before["C"]
    assert after.keys() == {"A", "B", "C", "E"}
    attributes = segue.client("sqs").get_queue_attributes(QueueUrl=after["A"], AttributeNames=["DelaySeconds"])
    assert attributes["Attributes"]["DelaySeconds"] == "7"
    assert "b-1" not in _names(segue)
    assert [status for status, _ in deployer.events("C")][3:] == []
    assert [status for status, _ in deployer.events()][2:] == [
        "UPDATE_IN_PROGRESS",
        "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
        "UPDATE_COMPLETE",
    ]
    with pytest.raises(ClientError, match=r"No updates are to be performed\."):
        deployer.update(resources)


def test_a_failed_creation_is_rolled_back(segue: Segue) -> None:
    deployer = Deployer(segue, "failing")
    stack = deployer.create(
        {"Good": _queue(QueueName="good"), "Bad": {**_queue(DelaySeconds=9999), "DependsOn": "Good"}}
    )
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert deployer.events()[1] == (
        "ROLLBACK_IN_PROGRESS",
        "The following resource(s) failed to create: [Bad]. Rollback requested by user.",
    )
    assert "good" not in _names(segue)
    status, reason = deployer.events("Bad")[1]
    assert status == "CREATE_FAILED"
    assert reason.startswith('Resource handler returned message: "Invalid value for the parameter DelaySeconds.')


def test_a_failed_update_puts_everything_back(segue: Segue) -> None:
    deployer = Deployer(segue, "returning")
    deployer.create({"A": _queue(DelaySeconds=1), "B": _queue(QueueName="old-b")}, {"Is": {"Value": "1"}})
    before = deployer.physical_ids()
    bad = {**_queue(DelaySeconds=9999), "DependsOn": ["A", "B"]}
    resources = {"A": _queue(DelaySeconds=2), "B": _queue(QueueName="new-b"), "Bad": bad}
    stack = deployer.update(resources, {"Is": {"Value": "2"}})
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert stack["Outputs"][0]["OutputValue"] == "1"
    assert deployer.physical_ids() == before
    attributes = segue.client("sqs").get_queue_attributes(QueueUrl=before["A"], AttributeNames=["DelaySeconds"])
    assert attributes["Attributes"]["DelaySeconds"] == "1"
    assert "old-b" in _names(segue)
    assert "new-b" not in _names(segue)
    assert deployer.update({"A": _queue(DelaySeconds=3)})["StackStatus"] == "UPDATE_COMPLETE"


@pytest.mark.parametrize(("mode", "status"), [("DO_NOTHING", "CREATE_FAILED"), ("DELETE", "DELETE_COMPLETE")])
def test_what_follows_a_failure_is_asked_for(segue: Segue, mode: str, status: str) -> None:
    deployer = Deployer(segue, f"mode{mode.replace('_', '')}")
    resources = {"A": _queue(), "Bad": {**_queue(DelaySeconds=9999), "DependsOn": "A"}}
    made = deployer.client.create_stack(StackName=deployer.name, TemplateBody=_template(resources), OnFailure=mode)
    segue.settle()
    stack = deployer.client.describe_stacks(StackName=made["StackId"])["Stacks"][0]
    assert stack["StackStatus"] == status


def test_policies_keep_what_they_name(segue: Segue) -> None:
    deployer = Deployer(segue, "keeping")
    kept = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
    deployer.create({"A": {**_queue(QueueName="keep-1"), **kept}, "B": {**_queue(QueueName="keep-b"), **kept}})
    deployer.update({"A": {**_queue(QueueName="keep-2"), **kept}})
    assert {"keep-1", "keep-2", "keep-b"} <= _names(segue)
    assert ("DELETE_SKIPPED", "") in deployer.events("B")
    deployer.client.delete_stack(StackName="keeping")
    segue.settle()
    assert {"keep-1", "keep-2", "keep-b"} <= _names(segue)


def test_exports_are_imported_and_hold_their_stack(segue: Segue) -> None:
    giving, taking = Deployer(segue, "giving"), Deployer(segue, "taking")
    output = {"Value": {"Fn::GetAtt": ["A", "QueueName"]}, "Export": {"Name": "a-name"}}
    giving.create({"A": _queue(QueueName="given")}, {"Name": output})
    taking.create({"B": _queue(QueueName={"Fn::Sub": ["${a}-taken", {"a": {"Fn::ImportValue": "a-name"}}]})})
    assert "given-taken" in _names(segue)
    client = giving.client
    assert client.list_imports(ExportName="a-name")["Imports"] == ["taking"]
    assert client.list_exports()["Exports"][0]["Value"] == "given"
    client.delete_stack(StackName="giving")
    segue.settle()
    assert giving.events()[-1] == (
        "CREATE_COMPLETE",
        "Delete canceled. Cannot delete export a-name as it is in use by taking.",
    )
    failed = giving.update({"A": _queue(QueueName="given")})
    assert failed["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert (
        "UPDATE_ROLLBACK_IN_PROGRESS",
        "Export a-name cannot be deleted as it is in use by taking",
    ) in giving.events()
    client.delete_stack(StackName="taking")
    segue.settle()
    client.delete_stack(StackName="giving")
    segue.settle()
    assert client.list_exports()["Exports"] == []


def test_types_that_are_none_are_named(segue: Segue) -> None:
    client = segue.client("cloudformation")
    with pytest.raises(ClientError, match=r"Unrecognized resource types: \[AWS::Nothing::Thing\]"):
        client.create_stack(StackName="none", TemplateBody=_template({"A": {"Type": "AWS::Nothing::Thing"}}))
    with pytest.raises(ClientError, match=r"Either Template URL or Template Body must be specified\."):
        client.create_stack(StackName="none")


def test_the_same_token_is_the_same_request(segue: Segue) -> None:
    client = segue.client("cloudformation")
    params = {"StackName": "once", "TemplateBody": _template({"A": _queue()}), "ClientRequestToken": "t-1"}
    assert client.create_stack(**params)["StackId"] == client.create_stack(**params)["StackId"]
    with pytest.raises(ClientError, match=r"Stack \[once\] already exists"):
        client.create_stack(**{**params, "ClientRequestToken": "t-2"})
