"""One stack with a resource of nearly each type that is no function's: made, used, changed and removed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from segue.testing import Segue

TEMPLATE = (Path(__file__).parent / "templates" / "everything.yaml").read_text()


@pytest.fixture
def stack(segue: Segue) -> Stack:
    return Stack(segue)


class Stack:
    """The stack ``app``."""

    def __init__(self, segue: Segue) -> None:
        self.segue = segue
        self.cloudformation = segue.client("cloudformation")
        self.id = ""

    def create(self, template: str) -> str:
        params = {"StackName": "app", "TemplateBody": template, "Capabilities": ["CAPABILITY_IAM"]}
        self.id = self.cloudformation.create_stack(**params)["StackId"]
        return self.end()

    def update(self, template: str) -> str:
        params = {"StackName": "app", "TemplateBody": template, "Capabilities": ["CAPABILITY_IAM"]}
        self.cloudformation.update_stack(**params)
        return self.end()

    def delete(self) -> str:
        self.cloudformation.delete_stack(StackName="app")
        return self.end()

    def end(self) -> str:
        """The status in which the stack ends, with the reasons of what has failed."""
        self.segue.settle()
        found = self.cloudformation.describe_stacks(StackName=self.id)["Stacks"][0]
        events = self.cloudformation.describe_stack_events(StackName=self.id)["StackEvents"]
        failed = [event["ResourceStatusReason"] for event in events if event["ResourceStatus"].endswith("FAILED")]
        return " ".join([str(found["StackStatus"]), *failed])

    def outputs(self) -> dict[str, str]:
        found: list[dict[str, Any]] = self.cloudformation.describe_stacks(StackName=self.id)["Stacks"][0]["Outputs"]
        return {each["OutputKey"]: each["OutputValue"] for each in found}


def test_a_stack_of_nearly_everything(segue: Segue, stack: Stack) -> None:
    assert stack.create(TEMPLATE) == "CREATE_COMPLETE"
    outputs = stack.outputs()
    states, sqs, events = segue.client("stepfunctions"), segue.client("sqs"), segue.client("events")
    execution = states.start_execution(stateMachineArn=f"{outputs['Machine']}:live")["executionArn"]
    segue.settle()
    assert states.describe_execution(executionArn=execution)["status"] == "SUCCEEDED"
    entry = {"Source": "shop", "DetailType": "d", "Detail": '{"n": 4, "f": true}', "EventBusName": "app-bus"}
    events.put_events(Entries=[entry])
    segue.settle()
    assert sqs.receive_message(QueueUrl=outputs["Queue"])["Messages"][0]["Body"] == '"n 4"'
    segue.client("s3").put_object(Bucket="app-files-000000000000", Key="a b", Body=b"x")
    segue.settle()
    bodies = [
        json.loads(message["Body"])
        for message in sqs.receive_message(QueueUrl=outputs["Dead"], MaxNumberOfMessages=9)["Messages"]
    ]
    assert [body.get("Event") or body["Records"][0]["eventName"] for body in bodies] == [
        "s3:TestEvent",
        "ObjectCreated:Put",
    ]


def test_it_changes_and_goes(segue: Segue, stack: Stack) -> None:
    assert stack.create(TEMPLATE) == "CREATE_COMPLETE"
    changes = {
        "VisibilityTimeout: '30'": "VisibilityTimeout: 31",
        "{n: [{numeric: ['>', 3]}], f: [true]}": "{n: [1]}",
        "Item: {id: {S: a}}": "Item: {id: {S: b}}",
        "ScanOnPush: true": "ScanOnPush: false",
        "RetentionInDays: '7'": "RetentionInDays: 14",
        "Value: !GetAtt Table.StreamArn, Name": "Value: other, Name",
    }
    changed = TEMPLATE
    for before, after in changes.items():
        assert before in changed
        changed = changed.replace(before, after)
    outputs = stack.outputs()
    assert stack.update(changed) == "UPDATE_COMPLETE"
    assert stack.outputs() == outputs  # nothing that others refer to was replaced
    assert segue.client("ssm").get_parameter(Name="/dev/stream")["Parameter"]["Value"] == "other"
    queue = {"QueueUrl": outputs["Queue"], "AttributeNames": ["VisibilityTimeout"]}
    assert segue.client("sqs").get_queue_attributes(**queue)["Attributes"] == {"VisibilityTimeout": "31"}
    assert stack.delete() == "DELETE_COMPLETE"
    assert segue.client("stepfunctions").list_state_machines()["stateMachines"] == []
    assert segue.client("s3").list_buckets()["Buckets"] == []
    assert segue.client("dynamodb").list_tables()["TableNames"] == []
    assert [bus["Name"] for bus in segue.client("events").list_event_buses()["EventBuses"]] == ["default"]
