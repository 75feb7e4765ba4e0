"""Resources of services that Segue does not have."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from segue.testing import Segue

NETWORK = {
    "Resources": {
        "Net": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16", "EnableDnsSupport": "true"}},
        "Part": {
            "Type": "AWS::EC2::Subnet",
            "Properties": {
                "VpcId": {"Ref": "Net"},
                "AvailabilityZone": {"Fn::Select": [0, {"Fn::GetAZs": ""}]},
                "CidrBlock": {"Fn::Select": [1, {"Fn::Cidr": [{"Fn::GetAtt": ["Net", "CidrBlock"]}, 2, 8]}]},
            },
        },
        "Work": {
            "Type": "AWS::ECS::TaskDefinition",
            "Properties": {"Family": "f", "ContainerDefinitions": [{"Name": "c", "Image": "i", "Entrypoint": ["x"]}]},
        },
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Fn::Sub": "q-${Net.VpcId}"}}},
    },
    "Outputs": {"Task": {"Value": {"Fn::GetAtt": ["Work", "TaskDefinitionArn"]}}, "Net": {"Value": {"Ref": "Net"}}},
}


@pytest.fixture(scope="module")
def segue() -> Iterator[Segue]:
    with Segue() as server:
        yield server


def reasons(segue: Segue, name: str) -> dict[str, str]:
    events = segue.client("cloudformation").describe_stack_events(StackName=name)["StackEvents"]
    return {
        event["LogicalResourceId"]: event.get("ResourceStatusReason", "")
        for event in events
        if not event["ResourceStatus"].endswith("IN_PROGRESS")
    }


def test_what_has_no_effect_is_there_with_a_note(segue: Segue) -> None:
    """AWS accepts a task definition with a member that there is not (and says so in the stack's events:
    https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/1005)."""
    client = segue.client("cloudformation")
    client.create_stack(StackName="net", TemplateBody=json.dumps(NETWORK))
    segue.settle()
    stack = client.describe_stacks(StackName="net")["Stacks"][0]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    outputs = {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}
    assert outputs["Task"].startswith("arn:aws:")
    queues = segue.client("sqs").list_queues()["QueueUrls"]
    assert any(url.endswith(f"/q-{outputs['Net']}") for url in queues)
    notes = reasons(segue, "net")
    assert notes["Net"] == "AWS::EC2::VPC has no effect here"
    assert "extraneous key [Entrypoint] is not permitted" in notes["Work"]


def test_what_has_an_effect_must_be_as_its_schema_says(segue: Segue) -> None:
    wrong = {"Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"Colour": "red"}}}}
    client = segue.client("cloudformation")
    client.create_stack(StackName="wrong", TemplateBody=json.dumps(wrong))
    segue.settle()
    assert client.describe_stacks(StackName="wrong")["Stacks"][0]["StackStatus"] == "ROLLBACK_COMPLETE"
    assert reasons(segue, "wrong")["Queue"] == (
        "Properties validation failed for resource Queue with message:\n#: extraneous key [Colour] is not permitted"
    )
