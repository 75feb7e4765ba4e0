"""Stacks within stacks, with their templates in a bucket."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from segue.testing import Segue
from tests.services.cloudformation.test_stacks import Deployer

CHILD = """
Parameters:
  Delay: {Type: Number}
  Names: {Type: CommaDelimitedList, Default: "a,b"}
Resources:
  Queue:
    Type: AWS::SQS::Queue
    Properties: {DelaySeconds: !Ref Delay}
Outputs:
  Name: {Value: !GetAtt Queue.QueueName}
"""


@pytest.fixture(scope="module")
def segue() -> Iterator[Segue]:
    with Segue() as server:
        bucket = server.client("s3")
        bucket.create_bucket(Bucket="templates")
        bucket.put_object(Bucket="templates", Key="a/child.yaml", Body=CHILD.encode())
        yield server


def _parent(delay: Any, url: str = "https://templates.s3.amazonaws.com/a/child.yaml") -> dict[str, Any]:
    parameters = {"Delay": delay, "Names": ["x", "y"]}
    child = {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": url, "Parameters": parameters}}
    name = {"Fn::Sub": "${Child.Outputs.Name}-beside"}
    return {"Child": child, "Beside": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": name}}}


def _children(deployer: Deployer) -> list[dict[str, Any]]:
    return [
        each for each in deployer.client.describe_stacks()["Stacks"] if each.get("ParentId", "").find(deployer.name) > 0
    ]


@pytest.mark.parametrize(
    "url",
    [
        "https://templates.s3.amazonaws.com/a/child.yaml",
        "https://s3.us-east-1.amazonaws.com/templates/a/child.yaml",
        "{endpoint}/templates/a/child.yaml",
    ],
)
def test_a_nested_stack_lives_with_its_parent(segue: Segue, url: str) -> None:
    deployer = Deployer(segue, f"parent{len(url)}")
    url = url.format(endpoint=segue.endpoint_url)
    stack = deployer.create(_parent(1, url), Tags=[{"Key": "k", "Value": "v"}])
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    (child,) = _children(deployer)
    assert child["StackStatus"] == "CREATE_COMPLETE"
    assert (child["ParentId"], child["RootId"]) == (stack["StackId"], stack["StackId"])
    assert child["Tags"] == [{"Key": "k", "Value": "v"}]
    assert {each["ParameterKey"]: each["ParameterValue"] for each in child["Parameters"]}["Names"] == "x,y"
    assert deployer.physical_ids()["Child"] == child["StackId"]
    assert deployer.physical_ids()["Beside"].endswith("-beside")
    deployer.client.delete_stack(StackName=deployer.name)
    segue.settle()
    assert _children(deployer) == []


def test_a_nested_stack_goes_back_with_its_parent(segue: Segue) -> None:
    deployer = Deployer(segue, "returning")
    deployer.create(_parent(1))
    bad = {"Type": "AWS::SQS::Queue", "Properties": {"DelaySeconds": 9999}, "DependsOn": "Child"}
    stack = deployer.update({**_parent(2), "Bad": bad})
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    (child,) = _children(deployer)
    assert {"ParameterKey": "Delay", "ParameterValue": "1"} in child["Parameters"]
    queue = segue.client("cloudformation").describe_stack_resources(StackName=child["StackId"])["StackResources"][0]
    attributes = segue.client("sqs").get_queue_attributes(
        QueueUrl=queue["PhysicalResourceId"], AttributeNames=["DelaySeconds"]
    )
    assert attributes["Attributes"]["DelaySeconds"] == "1"
    assert deployer.update(_parent(3))["StackStatus"] == "UPDATE_COMPLETE"


def test_what_is_wrong_within_is_told(segue: Segue) -> None:
    deployer = Deployer(segue, "wrong")
    stack = deployer.create(_parent(9999))
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    failed = [reason for status, reason in deployer.events("Child") if status == "CREATE_FAILED"]
    assert len(failed) == 1
    assert failed[0].startswith("Embedded stack arn:aws:cloudformation:us-east-1:000000000000:stack/wrong-Child-")
    assert failed[0].endswith(" was not successfully created: The following resource(s) failed to create: [Queue]. ")
    assert _children(deployer) == []
    stack = Deployer(segue, "missing").create(_parent(1, "https://templates.s3.amazonaws.com/nothing.yaml"))
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"


def test_a_stack_cannot_hold_itself(segue: Segue) -> None:
    template = {"Resources": _parent(1, "https://templates.s3.amazonaws.com/a/self.json")}
    template["Resources"]["Child"]["Properties"]["Parameters"] = {}
    segue.client("s3").put_object(Bucket="templates", Key="a/self.json", Body=json.dumps(template).encode())
    deployer = Deployer(segue, "endless")
    stack = deployer.create(template["Resources"])
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert _children(deployer) == []
