"""``segue asl policy``: what it prints, and that it is enough and no more than enough."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from segue.cli.main import main
from segue.testing import Segue

REGISTRATION = Path(__file__).parents[3] / "examples/registration/registration.asl.json"


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any, str]:
    status = main(["asl", "policy", *arguments])
    said = capsys.readouterr()
    return status, json.loads(said.out) if said.out else None, said.err


def test_the_registration_may_invoke_its_five_functions(capsys: pytest.CaptureFixture[str]) -> None:
    status, policy, said = told(capsys, str(REGISTRATION), "--substitution", "accountNumber=123456789012")
    (statement,) = policy["Statement"]
    assert (status, said, statement["Action"], len(statement["Resource"])) == (0, "", ["lambda:InvokeFunction"], 5)
    assert "arn:aws:lambda:us-east-1:123456789012:function:register-user-in-AD" in statement["Resource"]


def test_what_is_no_definition_is_refused_with_its_place(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for text in ('{"StartAt": "A", "States": {"A": {"Type": "Pass"}}}', "{", "7", "[]"):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
        status, policy, said = told(capsys, "-")
        assert (status, policy) == (2, None)
        assert "<stdin>" in said or "-:1" in said
    status, _, said = told(capsys, "/nowhere.json")
    assert status == 2
    assert "nowhere.json" in said


def definition(segue: Segue) -> dict[str, Any]:
    """A machine that does one thing of each kind."""
    child = "arn:aws:states:us-east-1:000000000000:stateMachine:child"
    kinds: dict[str, dict[str, Any]] = {
        "sqs:sendMessage": {"QueueUrl": f"{segue.endpoint_url}/000000000000/q", "MessageBody": "m"},
        "sns:publish": {"TopicArn": "arn:aws:sns:us-east-1:000000000000:t", "Message": "m"},
        "dynamodb:putItem": {"TableName": "ttt", "Item": {"id": {"S": "1"}}},
        "events:putEvents": {"Entries": [{"Source": "s", "DetailType": "d", "Detail": {}}]},
        "states:startExecution.sync:2": {"StateMachineArn": child},
        "aws-sdk:s3:putObject": {"Bucket": "bbb", "Key": "k", "Body": "x"},
        "aws-sdk:s3:headObject": {"Bucket": "bbb", "Key": "k"},
        "aws-sdk:s3:listObjectsV2": {"Bucket": "bbb"},
        "aws-sdk:dynamodb:query": {
            "TableName": "ttt",
            "KeyConditionExpression": "id = :i",
            "ExpressionAttributeValues": {":i": {"S": "1"}},
        },
        "aws-sdk:sqs:sendMessageBatch": {
            "QueueUrl": f"{segue.endpoint_url}/000000000000/q",
            "Entries": [{"Id": "1", "MessageBody": "m"}],
        },
        "aws-sdk:secretsmanager:getSecretValue": {"SecretId": "s"},
        "aws-sdk:ssm:getParameter": {"Name": "/a/b"},
        "aws-sdk:dynamodb:transactWriteItems": {
            "TransactItems": [{"Put": {"TableName": "ttt", "Item": {"id": {"S": "2"}}}}]
        },
    }
    names = list(kinds)
    states = {
        name: {
            "Type": "Task",
            "Resource": f"arn:aws:states:::{name}",
            "Parameters": parameters,
            "ResultPath": None,
            **({"Next": names[at + 1]} if at + 1 < len(names) else {"End": True}),
        }
        for at, (name, parameters) in enumerate(kinds.items())
    }
    return {"StartAt": names[0], "States": states}


def test_under_enforced_policies_it_is_enough_and_less_is_not(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with Segue(iam="enforce") as segue:
        set_up(segue)
        file = tmp_path / "all.asl.json"
        file.write_text(json.dumps(definition(segue)))
        _, policy, _ = told(capsys, str(file), "--region", "us-east-1", "--account", "000000000000", "--name", "all")
        iam, states = segue.client("iam"), segue.client("stepfunctions")
        machine = states.create_state_machine(name="all", definition=file.read_text(), roleArn=role(iam, "all"))
        arn = machine["stateMachineArn"]
        iam.put_role_policy(RoleName="all", PolicyName="all", PolicyDocument=json.dumps(policy))
        ended = run(segue, arn)
        assert ended["status"] == "SUCCEEDED", ended.get("cause")
        for statement in policy["Statement"]:
            if {"events:PutRule", "states:StopExecution"} & set(statement["Action"]):
                continue  # AWS watches a child with these; here its end is known without
            less = [one for one in policy["Statement"] if one is not statement]
            document = json.dumps({**policy, "Statement": less})
            iam.put_role_policy(RoleName="all", PolicyName="all", PolicyDocument=document)
            assert run(segue, arn)["status"] == "FAILED", statement


def set_up(segue: Segue) -> None:
    segue.client("sqs").create_queue(QueueName="q")
    segue.client("sns").create_topic(Name="t")
    segue.client("s3").create_bucket(Bucket="bbb")
    segue.client("secretsmanager").create_secret(Name="s", SecretString="x")
    segue.client("ssm").put_parameter(Name="/a/b", Value="v", Type="String")
    segue.client("dynamodb").create_table(
        TableName="ttt",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    segue.client("stepfunctions").create_state_machine(
        name="child",
        definition=json.dumps({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}),
        roleArn=role(segue.client("iam"), "child"),
    )


def role(iam: Any, name: str) -> str:
    trust = {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    return str(iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"])


def run(segue: Segue, arn: str) -> dict[str, Any]:
    states = segue.client("stepfunctions")
    execution = states.start_execution(stateMachineArn=arn)["executionArn"]
    segue.settle()
    ended: dict[str, Any] = states.describe_execution(executionArn=execution)
    return ended
