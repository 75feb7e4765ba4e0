"""Parameters, secrets, tags and capabilities, from the request to the resource; on whose authority."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from segue.testing import Segue
from tests.services.cloudformation.test_stacks import Deployer

QUEUE = {"Type": "AWS::SQS::Queue", "Properties": {}}


@pytest.fixture(scope="module")
def segue() -> Iterator[Segue]:
    with Segue() as server:
        yield server


def _create(segue: Segue, name: str, template: dict[str, Any], **more: Any) -> Deployer:
    deployer = Deployer(segue, name)
    deployer.client.create_stack(StackName=name, TemplateBody=json.dumps(template), **more)
    segue.settle()
    return deployer


def _given(**texts: str) -> list[dict[str, str]]:
    return [{"ParameterKey": name, "ParameterValue": text} for name, text in texts.items()]


def test_values_come_from_the_request_the_store_and_the_stack_before(segue: Segue) -> None:
    ssm = segue.client("ssm")
    ssm.put_parameter(Name="/delay", Value="7", Type="String")
    template = {
        "Parameters": {
            "Name": {"Type": "String"},
            "Delay": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/delay"},
            "Hidden": {"Type": "String", "NoEcho": True, "Default": "very-hidden"},
        },
        "Resources": {
            "A": {
                "Type": "AWS::SQS::Queue",
                "Properties": {"QueueName": {"Ref": "Name"}, "DelaySeconds": {"Ref": "Delay"}},
            },
            "B": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Ref": "Hidden"}}},
        },
    }
    deployer = _create(segue, "values", template, Parameters=_given(Name="given"))
    stack = deployer.settled()
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    assert {each["ParameterKey"]: each for each in stack["Parameters"]} == {
        "Name": {"ParameterKey": "Name", "ParameterValue": "given"},
        "Delay": {"ParameterKey": "Delay", "ParameterValue": "/delay", "ResolvedValue": "7"},
        "Hidden": {"ParameterKey": "Hidden", "ParameterValue": "****"},
    }
    events = deployer.client.describe_stack_events(StackName="values")["StackEvents"]
    shown = [event["ResourceProperties"] for event in events if event["LogicalResourceId"] == "B"]
    assert shown[0] == '{"QueueName":"****"}'
    ssm.put_parameter(Name="/delay", Value="9", Type="String", Overwrite=True)
    same = [{"ParameterKey": "Name", "UsePreviousValue": True}]
    deployer.client.update_stack(StackName="values", UsePreviousTemplate=True, Parameters=same)
    assert deployer.settled()["StackStatus"] == "UPDATE_COMPLETE"
    sqs = segue.client("sqs")
    attributes = sqs.get_queue_attributes(QueueUrl=deployer.physical_ids()["A"], AttributeNames=["DelaySeconds"])
    assert attributes["Attributes"]["DelaySeconds"] == "9"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, r"Parameters: \[Name\] must have values"),
        ({"Name": "x", "Other": "y"}, r"Parameters: \[Other\] do not exist in the template"),
        ({"Name": "longer"}, "Parameter 'Name' must contain at most 3 characters"),
        ({"Name": "x", "Stored": "/nothing"}, r"Unable to fetch parameters \[/nothing\] from parameter store"),
    ],
)
def test_parameters_that_cannot_be_are_refused(segue: Segue, given: dict[str, str], words: str) -> None:
    parameters = {
        "Name": {"Type": "String", "MaxLength": 3},
        "Stored": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/there"},
    }
    segue.client("ssm").put_parameter(Name="/there", Value="1", Type="String", Overwrite=True)
    with pytest.raises(ClientError, match=words):
        _create(segue, "refused", {"Parameters": parameters, "Resources": {"A": QUEUE}}, Parameters=_given(**given))


def test_secrets_are_put_in_and_not_shown(segue: Segue) -> None:
    segue.client("secretsmanager").create_secret(Name="login", SecretString='{"user": "me", "age": 5}')
    name = "{{resolve:secretsmanager:login:SecretString:user}}-queue"
    queue = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": name}}
    deployer = _create(segue, "secret", {"Resources": {"A": queue}})
    assert deployer.physical_ids()["A"].endswith("/me-queue")
    events = deployer.client.describe_stack_events(StackName="secret")["StackEvents"]
    assert all("me-queue" not in event.get("ResourceProperties", "") for event in events)
    missing = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "{{resolve:ssm:nothing}}"}}
    assert _create(segue, "nothing", {"Resources": {"A": missing}}).settled()["StackStatus"] == "ROLLBACK_COMPLETE"


def test_tags_reach_the_resources(segue: Segue) -> None:
    deployer = _create(segue, "tagged", {"Resources": {"A": QUEUE}}, Tags=[{"Key": "team", "Value": "a"}])
    url = deployer.physical_ids()["A"]
    tags = segue.client("sqs").list_queue_tags(QueueUrl=url)["Tags"]
    assert tags["team"] == "a"
    assert tags["aws:cloudformation:stack-name"] == "tagged"
    assert tags["aws:cloudformation:logical-id"] == "A"
    deployer.update({"A": QUEUE}, Tags=[{"Key": "team", "Value": "b"}])
    assert segue.client("sqs").list_queue_tags(QueueUrl=url)["Tags"]["team"] == "b"


def test_capabilities_are_asked_for(segue: Segue) -> None:
    trust = {
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "a.amazonaws.com"}, "Action": "sts:AssumeRole"}]
    }
    role = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {"Version": "2012-10-17", **trust}}}
    with pytest.raises(ClientError, match=r"Requires capabilities : \[CAPABILITY_IAM\]") as refused:
        _create(segue, "iam", {"Resources": {"A": role}})
    assert refused.value.response["Error"]["Code"] == "InsufficientCapabilitiesException"
    macro = {"Transform": "AWS::LanguageExtensions", "Resources": {"A": QUEUE}}
    with pytest.raises(ClientError, match=r"Requires capabilities : \[CAPABILITY_AUTO_EXPAND\]"):
        _create(segue, "iam", macro)
    summary = segue.client("cloudformation").get_template_summary(TemplateBody=json.dumps({"Resources": {"A": role}}))
    assert summary["Capabilities"] == ["CAPABILITY_IAM"]
    assert summary["CapabilitiesReason"] == "The following resource(s) require capabilities: [AWS::IAM::Role]"
    deployer = _create(segue, "iam", {"Resources": {"A": role}}, Capabilities=["CAPABILITY_NAMED_IAM"])
    assert deployer.settled()["StackStatus"] == "CREATE_COMPLETE"


def test_a_stack_acts_on_its_roles_authority() -> None:
    with Segue(iam="enforce") as segue:
        iam = segue.client("iam")
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "cloudformation.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
        trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        role = iam.create_role(RoleName="deployer", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        allowed = {"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
        iam.put_role_policy(RoleName="deployer", PolicyName="p", PolicyDocument=policy)
        topic = {"Type": "AWS::SNS::Topic", "DependsOn": "A"}
        deployer = _create(segue, "role", {"Resources": {"A": QUEUE, "T": topic}}, RoleARN=role)
        assert deployer.settled()["StackStatus"] == "ROLLBACK_COMPLETE"
        assert ("CREATE_COMPLETE", "") in deployer.events("A")
        reason = next(reason for status, reason in deployer.events("T") if status == "CREATE_FAILED")
        assert "assumed-role/deployer/AWSCloudFormation is not authorized to perform: sns:CreateTopic" in reason
        assert reason.endswith("HandlerErrorCode: AccessDenied)")
