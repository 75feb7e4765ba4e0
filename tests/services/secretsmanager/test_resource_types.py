"""Secrets and their policies as templates name them; random passwords."""

from __future__ import annotations

import json
import string
from typing import Any

import pytest
from botocore.exceptions import ClientError

from segue.errors import AwsError
from segue.testing import Segue
from tests.services.resources import Resources

SECRET = "AWS::SecretsManager::Secret"


@pytest.fixture
def resources(segue: Segue) -> Resources:
    return Resources(segue, team="a")


@pytest.fixture
def secrets(segue: Segue) -> Any:
    return segue.client("secretsmanager")


def test_a_secret_is_made_changed_and_removed(resources: Resources, secrets: Any) -> None:
    made = resources.create(SECRET, "Key", Name="shop/key", SecretString="one", Description="a key")
    arn = made.physical_id
    assert made.attributes == {"Id": arn}
    assert secrets.get_secret_value(SecretId="shop/key")["SecretString"] == "one"
    resources.update("Key", Name="shop/key", SecretString="two", Tags=[{"Key": "own", "Value": "x"}])
    assert secrets.get_secret_value(SecretId=arn)["SecretString"] == "two"
    tags = {tag["Key"] for tag in secrets.describe_secret(SecretId=arn)["Tags"]}
    assert tags == {"own", "team", "aws:cloudformation:stack-name"}
    resources.delete("Key")
    resources.delete("Key")
    resources.create(SECRET, "Key", Name="shop/key")  # its name is free at once


def test_a_secret_is_generated(resources: Resources, secrets: Any) -> None:
    template = {"SecretStringTemplate": '{"username": "me"}', "GenerateStringKey": "password"}
    made = resources.create(
        SECRET, "Key", GenerateSecretString={**template, "PasswordLength": 12, "ExcludePunctuation": True}
    )
    value = secrets.get_secret_value(SecretId=made.physical_id)["SecretString"]
    found = json.loads(value)
    assert found["username"] == "me"
    assert len(found["password"]) == 12
    assert found["password"].isalnum()
    resources.update(
        "Key", GenerateSecretString={**template, "PasswordLength": 12, "ExcludePunctuation": True}, Description="b"
    )
    assert secrets.get_secret_value(SecretId=made.physical_id)["SecretString"] == value


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"SecretString": "a", "GenerateSecretString": {}}, "Only one of SecretString and GenerateSecretString"),
        ({"GenerateSecretString": {"GenerateStringKey": "a"}}, "need each other"),
        ({"GenerateSecretString": {"GenerateStringKey": "a", "SecretStringTemplate": "[]"}}, "no JSON object"),
    ],
)
def test_what_cannot_be_generated(resources: Resources, given: dict[str, Any], words: str) -> None:
    with pytest.raises(AwsError, match=words):
        resources.create(SECRET, "Key", **given)


def test_a_policy_and_what_has_no_effect(resources: Resources, secrets: Any) -> None:
    arn = resources.create(SECRET, "Key", SecretString="a").physical_id
    statement = {"Effect": "Deny", "Principal": "*", "Action": "secretsmanager:*", "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    resources.create("AWS::SecretsManager::ResourcePolicy", "P", SecretId=arn, ResourcePolicy=document)
    assert json.loads(secrets.get_resource_policy(SecretId=arn)["ResourcePolicy"]) == document
    resources.delete("P")
    assert "ResourcePolicy" not in secrets.get_resource_policy(SecretId=arn)
    for name in ("SecretTargetAttachment", "RotationSchedule"):
        assert resources.create(f"AWS::SecretsManager::{name}", "X", SecretId=arn).physical_id == arn
        assert "has no effect" in resources.notes[0]
        resources.delete("X")


@pytest.mark.parametrize(
    ("params", "allowed", "length"),
    [
        ({}, string.ascii_letters + string.digits + string.punctuation, 32),
        ({"ExcludePunctuation": True, "PasswordLength": 4, "IncludeSpace": True},
         f"{string.ascii_letters}0123456789 ", 4),
        ({"ExcludeCharacters": "abc", "ExcludeUppercase": True, "ExcludeNumbers": True, "ExcludePunctuation": True},
         "defghijklmnopqrstuvwxyz", 32),
    ],
)  # fmt: skip
def test_random_passwords(secrets: Any, params: dict[str, Any], allowed: str, length: int) -> None:
    made = secrets.get_random_password(**params)["RandomPassword"]
    assert len(made) == length
    assert set(made) <= set(allowed)
    assert made != secrets.get_random_password(**params)["RandomPassword"]


def test_passwords_that_cannot_be(secrets: Any) -> None:
    for params in ({"PasswordLength": 3}, {"ExcludeCharacters": string.printable}):
        with pytest.raises(ClientError, match="InvalidParameterException"):
            secrets.get_random_password(**params)
