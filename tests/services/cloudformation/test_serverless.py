"""Serverless templates, deployed: a whole application, and one changed while it is there.

They take seconds: the translator's process has to start, and each is dozens of resources of a dozen services.
"""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from segue.testing import Segue

TEMPLATES = Path(__file__).parents[2] / "languages" / "templates" / "serverless"
CAPABILITIES = ["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]

CHANGING = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Greet:
    Type: AWS::Serverless::Function
    Properties: {Runtime: python3.12, Handler: app.handler, CodeUri: s3://bucket/%s.zip, AutoPublishAlias: live}
Outputs:
  Version: {Value: !Ref Greet.Version}
"""


def archive(name: str, text: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        file.writestr(name, text)
    return made.getvalue()


def fill_bucket(segue: Segue) -> None:
    s3 = segue.client("s3")
    s3.create_bucket(Bucket="bucket")
    for key in ("check.zip", "pay.zip", "one.zip", "two.zip", "layer.zip"):
        s3.put_object(Bucket="bucket", Key=key, Body=archive("app.py", f"def handler(*_): return '{key}'"))
    s3.put_object(Bucket="bucket", Key="code.zip", Body=archive("index.js", "exports.handler = async () => 1"))
    states = {"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "${CheckArn}", "End": True}}}
    s3.put_object(Bucket="bucket", Key="workflow.asl.json", Body=json.dumps(states))
    nested = "Parameters: {Stage: {Type: String}}\nResources: {Q: {Type: AWS::SQS::Queue}}\n"
    nested += "Outputs: {Name: {Value: !GetAtt Q.QueueName}}"
    s3.put_object(Bucket="bucket", Key="nested.yaml", Body=nested)


def failures(segue: Segue, name: str) -> list[str]:
    pages = segue.client("cloudformation").get_paginator("describe_stack_events").paginate(StackName=name)
    events = [event for page in pages for event in page["StackEvents"]]
    return [event.get("ResourceStatusReason", "") for event in events if "FAILED" in event["ResourceStatus"]]


@pytest.mark.parametrize("name", ["orders", "web"])
def test_realistic_applications_come_and_go(name: str) -> None:
    text = (TEMPLATES / f"{name}.yaml").read_text().replace(", Version: v1", "")
    with Segue() as segue:
        fill_bucket(segue)
        client = segue.client("cloudformation")
        stack_id = client.create_stack(StackName=name, TemplateBody=text, Capabilities=CAPABILITIES)["StackId"]
        segue.settle()
        assert failures(segue, stack_id) == []
        assert client.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE"
        client.delete_stack(StackName=name)
        segue.settle()
        assert client.describe_stacks(StackName=stack_id)["Stacks"][0]["StackStatus"] == "DELETE_COMPLETE"
        assert segue.client("lambda").list_functions()["Functions"] == []
        assert segue.client("stepfunctions").list_state_machines()["stateMachines"] == []


def test_other_code_is_another_version_behind_the_same_alias() -> None:
    with Segue() as segue:
        fill_bucket(segue)
        client = segue.client("cloudformation")

        def deployed() -> tuple[str, Any]:
            segue.settle()
            stack = client.describe_stacks(StackName="greet")["Stacks"][0]
            assert failures(segue, "greet") == []
            (version,) = (output["OutputValue"] for output in stack["Outputs"])
            function = version.rpartition(":")[0]
            answer = segue.client("lambda").invoke(FunctionName=f"{function}:live")["Payload"].read()
            return version.rpartition(":")[2], json.loads(answer)

        client.create_stack(StackName="greet", TemplateBody=CHANGING % "one", Capabilities=CAPABILITIES)
        assert deployed() == ("1", "one.zip")
        client.update_stack(StackName="greet", TemplateBody=CHANGING % "two", Capabilities=CAPABILITIES)
        assert deployed() == ("2", "two.zip")
