"""Rotation by a function, as AWS's own templates of such functions do it."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest
from botocore.exceptions import ClientError

from segue.testing import Segue

CODE = """
import boto3
client = boto3.client("secretsmanager")

def handler(event, context):
    arn, token, step = event["SecretId"], event["ClientRequestToken"], event["Step"]
    stages = client.describe_secret(SecretId=arn)["VersionIdsToStages"]
    if "AWSPENDING" not in stages[token]:
        raise ValueError("not pending")
    if step == "createSecret":
        current = client.get_secret_value(SecretId=arn, VersionStage="AWSCURRENT")["SecretString"]
        if current == "broken":
            raise RuntimeError("cannot be made")
        try:
            client.get_secret_value(SecretId=arn, VersionId=token, VersionStage="AWSPENDING")
        except client.exceptions.ResourceNotFoundException:
            client.put_secret_value(
                SecretId=arn, ClientRequestToken=token, SecretString=current + "+", VersionStages=["AWSPENDING"]
            )
    if step == "finishSecret":
        old = next(name for name, labels in stages.items() if "AWSCURRENT" in labels)
        client.update_secret_version_stage(
            SecretId=arn, VersionStage="AWSCURRENT", MoveToVersionId=token, RemoveFromVersionId=old
        )
"""


def made(segue: Segue, value: str) -> tuple[Any, str, str]:
    """A client, a secret's name, and a function that rotates it."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("f.py", CODE)
    functions, secrets = segue.client("lambda"), segue.client("secretsmanager")
    arn = functions.create_function(
        FunctionName="f",
        Runtime="python3.12",
        Role="arn:aws:iam::000000000000:role/any",
        Handler="f.handler",
        Timeout=60,
        Code={"ZipFile": packed.getvalue()},
    )["FunctionArn"]
    functions.add_permission(
        FunctionName="f",
        StatementId="s",
        Action="lambda:InvokeFunction",
        Principal="secretsmanager.amazonaws.com",
    )
    secrets.create_secret(Name="s", SecretString=value)
    return secrets, "s", arn


def test_at_once_and_by_schedule(segue: Segue) -> None:
    secrets, name, function = made(segue, "one")
    rules = {"AutomaticallyAfterDays": 7}
    secrets.rotate_secret(SecretId=name, RotationLambdaARN=function, RotationRules=rules)
    segue.settle()
    assert secrets.get_secret_value(SecretId=name)["SecretString"] == "one+"
    assert secrets.get_secret_value(SecretId=name, VersionStage="AWSPREVIOUS")["SecretString"] == "one"
    told = secrets.describe_secret(SecretId=name)
    assert told["RotationEnabled"]
    assert told["LastRotatedDate"]
    assert (told["NextRotationDate"] - told["LastRotatedDate"]).days == 7
    segue.advance(days=7)
    assert secrets.get_secret_value(SecretId=name)["SecretString"] == "one++"
    secrets.cancel_rotate_secret(SecretId=name)
    segue.sleep(days=8)
    assert secrets.get_secret_value(SecretId=name)["SecretString"] == "one++"


def test_what_fails_is_tried_again_and_changes_nothing(segue: Segue) -> None:
    secrets, name, function = made(segue, "broken")
    secrets.rotate_secret(SecretId=name, RotationLambdaARN=function)
    with pytest.raises(ClientError, match="previous rotation isn't complete"):
        secrets.rotate_secret(SecretId=name)
    segue.advance(minutes=10)
    assert secrets.get_secret_value(SecretId=name)["SecretString"] == "broken"
    secrets.put_secret_value(SecretId=name, SecretString="mended")
    secrets.rotate_secret(SecretId=name)
    segue.settle()
    assert secrets.get_secret_value(SecretId=name)["SecretString"] == "mended+"


@pytest.mark.parametrize(
    ("words", "more"),
    [
        ("No Lambda rotation function", {}),
        ("every four hours", {"RotationLambdaARN": "f", "RotationRules": {"ScheduleExpression": "rate(1 hour)"}}),
        ("Invalid schedule", {"RotationLambdaARN": "f", "RotationRules": {"ScheduleExpression": "now and then"}}),
        ("is not the ARN of a function", {"RotationLambdaARN": "arn:aws:sns:us-east-1:000000000000:t"}),
    ],
)
def test_what_cannot_be_is_refused(segue: Segue, words: str, more: dict[str, Any]) -> None:
    secrets = segue.client("secretsmanager")
    secrets.create_secret(Name="s", SecretString="x")
    with pytest.raises(ClientError, match=words):
        secrets.rotate_secret(SecretId="s", **more)
    assert "RotationEnabled" not in secrets.describe_secret(SecretId="s")
