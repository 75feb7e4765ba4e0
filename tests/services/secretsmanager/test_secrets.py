"""Secrets Manager by boto3."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from segue.testing import Segue
from tests.services.states.machines import refusal


@pytest.fixture
def secrets(segue: Segue) -> Any:
    return segue.client("secretsmanager")


def test_values_move_their_labels(secrets: Any) -> None:
    made = secrets.create_secret(Name="app/db", SecretString="one", Description="d", Tags=[{"Key": "k", "Value": "v"}])
    assert made["ARN"].startswith("arn:aws:secretsmanager:us-east-1:000000000000:secret:app/db-")
    assert len(made["ARN"].rsplit("-", 1)[1]) == 6
    second = secrets.put_secret_value(SecretId=made["ARN"], SecretBinary=b"two")
    assert second["VersionStages"] == ["AWSCURRENT"]
    current = secrets.get_secret_value(SecretId=made["ARN"][:-7])
    assert (current["SecretBinary"], current["VersionId"], "SecretString" in current) == (
        b"two",
        second["VersionId"],
        False,
    )
    previous = secrets.get_secret_value(SecretId="app/db", VersionStage="AWSPREVIOUS")
    assert (previous["SecretString"], previous["VersionId"]) == ("one", made["VersionId"])
    secrets.update_secret(SecretId="app/db", SecretString="three")
    described = secrets.describe_secret(SecretId="app/db")
    labels = sorted(label for several in described["VersionIdsToStages"].values() for label in several)
    assert labels == ["AWSCURRENT", "AWSPREVIOUS"]
    assert (described["Description"], described["Tags"]) == ("d", [{"Key": "k", "Value": "v"}])
    assert len(secrets.list_secret_version_ids(SecretId="app/db")["Versions"]) == 2
    assert len(secrets.list_secret_version_ids(SecretId="app/db", IncludeDeprecated=True)["Versions"]) == 3


def test_labels_of_ones_own(secrets: Any) -> None:
    first = secrets.create_secret(Name="s", SecretString="one")["VersionId"]
    second = secrets.put_secret_value(SecretId="s", SecretString="two", VersionStages=["NEXT"])["VersionId"]
    assert secrets.get_secret_value(SecretId="s")["SecretString"] == "one"
    assert secrets.get_secret_value(SecretId="s", VersionStage="NEXT")["SecretString"] == "two"
    move = {"SecretId": "s", "VersionStage": "AWSCURRENT", "MoveToVersionId": second}
    assert refusal(secrets.update_secret_version_stage, **move)[0] == "InvalidParameterException"
    secrets.update_secret_version_stage(**move, RemoveFromVersionId=first)
    assert secrets.get_secret_value(SecretId="s")["SecretString"] == "two"
    assert secrets.get_secret_value(SecretId="s", VersionStage="AWSPREVIOUS")["SecretString"] == "one"


def test_a_request_again_changes_nothing(secrets: Any) -> None:
    token = "t" * 32
    request = {"Name": "s", "SecretString": "one", "ClientRequestToken": token}
    made = secrets.create_secret(**request)
    assert made["VersionId"] == token
    assert secrets.create_secret(**request)["ARN"] == made["ARN"]
    assert refusal(secrets.create_secret, **{**request, "SecretString": "two"})[0] == "ResourceExistsException"
    code, message = refusal(secrets.create_secret, Name="s", SecretString="x")
    assert (code, message) == (
        "ResourceExistsException",
        "The operation failed because the secret s already exists.",
    )


def test_a_deletion_can_be_taken_back_until_its_day(segue: Segue, secrets: Any) -> None:
    secrets.create_secret(Name="s", SecretString="one")
    secrets.delete_secret(SecretId="s", RecoveryWindowInDays=7)
    assert refusal(secrets.get_secret_value, SecretId="s") == (
        "InvalidRequestException",
        "You can't perform this operation on the secret because it was marked for deletion.",
    )
    assert refusal(secrets.create_secret, Name="s")[0] == "InvalidRequestException"
    assert secrets.list_secrets()["SecretList"] == []
    assert len(secrets.list_secrets(IncludePlannedDeletion=True)["SecretList"]) == 1
    secrets.restore_secret(SecretId="s")
    segue.sleep(days=8)
    assert secrets.get_secret_value(SecretId="s")["SecretString"] == "one"
    secrets.delete_secret(SecretId="s", RecoveryWindowInDays=7)
    segue.sleep(days=8)
    assert refusal(secrets.describe_secret, SecretId="s")[0] == "ResourceNotFoundException"
    secrets.create_secret(Name="s")
    secrets.delete_secret(SecretId="s", ForceDeleteWithoutRecovery=True)
    assert refusal(secrets.describe_secret, SecretId="s") == (
        "ResourceNotFoundException",
        "Secrets Manager can't find the specified secret.",
    )


def test_lists_are_filtered_and_paged(secrets: Any) -> None:
    for name in ("app/a", "app/b", "other"):
        secrets.create_secret(Name=name, Tags=[{"Key": f"of-{name}", "Value": "v"}])

    def names(*filters: tuple[str, str], **more: Any) -> list[str]:
        given = [{"Key": key, "Values": [value]} for key, value in filters]
        return [one["Name"] for one in secrets.list_secrets(Filters=given, **more)["SecretList"]]

    assert names() == ["other", "app/b", "app/a"]
    assert names(("name", "app/"), SortOrder="asc") == ["app/a", "app/b"]
    assert names(("name", "!app/")) == ["other"]
    assert names(("tag-key", "of-app/a")) == ["app/a"]
    page = secrets.list_secrets(MaxResults=2)
    assert [one["Name"] for one in secrets.list_secrets(NextToken=page["NextToken"])["SecretList"]] == ["app/a"]


REFUSED: dict[str, tuple[str, dict[str, Any], str]] = {
    "a name with a space": ("create_secret", {"Name": "Invalid Name"}, "ValidationException"),
    "a service's name": ("create_secret", {"Name": "events!x"}, "ValidationException"),
    "two values": (
        "create_secret",
        {"Name": "n", "SecretString": "a", "SecretBinary": b"b"},
        "InvalidParameterException",
    ),
    "no value": ("put_secret_value", {"SecretId": "s"}, "InvalidRequestException"),
    "a label of nobody": ("get_secret_value", {"SecretId": "s", "VersionStage": "X"}, "ResourceNotFoundException"),
    "a version of nobody": ("get_secret_value", {"SecretId": "s", "VersionId": "v" * 32}, "ResourceNotFoundException"),
    "a secret of nobody": ("get_secret_value", {"SecretId": "none"}, "ResourceNotFoundException"),
    "six days": ("delete_secret", {"SecretId": "s", "RecoveryWindowInDays": 6}, "InvalidParameterException"),
    "a policy that is none": (
        "put_resource_policy",
        {"SecretId": "s", "ResourcePolicy": "{}"},
        "MalformedPolicyDocumentException",
    ),
    "a long value": ("put_secret_value", {"SecretId": "s", "SecretString": "x" * 65_537}, "ValidationException"),
}


@pytest.mark.parametrize(("operation", "params", "code"), REFUSED.values(), ids=REFUSED.keys())
def test_refused(secrets: Any, operation: str, params: dict[str, Any], code: str) -> None:
    secrets.create_secret(Name="s", SecretString="one")
    assert refusal(getattr(secrets, operation), **params)[0] == code
    assert secrets.get_secret_value(SecretId="s")["SecretString"] == "one"


def test_several_at_once(secrets: Any) -> None:
    secrets.create_secret(Name="a", SecretString="1")
    answer = secrets.batch_get_secret_value(SecretIdList=["a", "none"])
    assert [one["SecretString"] for one in answer["SecretValues"]] == ["1"]
    assert [one["ErrorCode"] for one in answer["Errors"]] == ["ResourceNotFoundException"]


def test_a_connections_secret_is_kept_for_it(segue: Segue, secrets: Any) -> None:
    events = segue.client("events")
    parameters = {"BasicAuthParameters": {"Username": "ann", "Password": "p"}}
    events.create_connection(Name="c", AuthorizationType="BASIC", AuthParameters=parameters)
    arn = events.describe_connection(Name="c")["SecretArn"]
    assert json.loads(secrets.get_secret_value(SecretId=arn)["SecretString"]) == {"username": "ann", "password": "p"}
    assert secrets.describe_secret(SecretId=arn)["OwningService"] == "events"
    assert refusal(secrets.put_secret_value, SecretId=arn, SecretString="x")[0] == "InvalidRequestException"
    parameters["BasicAuthParameters"]["Password"] = "q"
    events.update_connection(Name="c", AuthParameters=parameters)
    assert json.loads(secrets.get_secret_value(SecretId=arn)["SecretString"])["password"] == "q"
    events.delete_connection(Name="c")
    assert refusal(secrets.describe_secret, SecretId=arn)[0] == "ResourceNotFoundException"


def test_what_is_left_out_says_so(secrets: Any) -> None:
    assert refusal(secrets.stop_replication_to_replica, SecretId="s")[0] == "NotImplemented"
    code, message = refusal(secrets.create_secret, Name="s", AddReplicaRegions=[{"Region": "eu-west-1"}])
    assert (code, "AddReplicaRegions" in message) == ("NotImplemented", True)


@pytest.mark.parametrize("one", [{"Key": "name"}, {"Values": ["a"]}, {}])
def test_a_filter_needs_a_key_and_values(secrets: Any, one: dict[str, Any]) -> None:
    with pytest.raises(ClientError) as error:
        secrets.list_secrets(Filters=[one])
    assert error.value.response["Error"]["Code"] == "InvalidParameterException"


def test_a_tag_needs_a_key(secrets: Any) -> None:
    with pytest.raises(ClientError) as error:
        secrets.create_secret(Name="s", SecretString="x", Tags=[{"Value": "v"}])
    assert error.value.response["Error"]["Code"] == "InvalidParameterException"
    assert secrets.list_secrets()["SecretList"] == []


def test_values_of_filtered_secrets_come_in_pages(secrets: Any) -> None:
    for name in ("batch/a", "batch/b", "batch/c", "other"):
        secrets.create_secret(Name=name, SecretString=name, Tags=[{"Key": "of", "Value": name[:5]}])
    named = [{"Key": "name", "Values": ["batch/"]}]
    first = secrets.batch_get_secret_value(Filters=named, MaxResults=2)
    second = secrets.batch_get_secret_value(Filters=named, MaxResults=2, NextToken=first["NextToken"])
    values = [one["SecretString"] for one in first["SecretValues"] + second["SecretValues"]]
    assert (values, "NextToken" in second) == (["batch/a", "batch/b", "batch/c"], False)
    by_tag = secrets.batch_get_secret_value(Filters=[{"Key": "tag-value", "Values": ["other"]}])
    assert [one["Name"] for one in by_tag["SecretValues"]] == ["other"]
    for params in ({}, {"SecretIdList": ["other"], "Filters": named}, {"SecretIdList": ["other"], "MaxResults": 1}):
        assert refusal(secrets.batch_get_secret_value, **params)[0] == "InvalidParameterException"


def test_policies_are_validated(secrets: Any) -> None:
    def policy(**more: Any) -> str:
        one = {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": "*", **more}
        return json.dumps({"Version": "2012-10-17", "Statement": [one]})

    secrets.create_secret(Name="checked", SecretString="x")
    account = {"AWS": "arn:aws:iam::000000000000:root"}
    assert secrets.validate_resource_policy(ResourcePolicy=policy(Principal=account))["PolicyValidationPassed"]
    public = secrets.validate_resource_policy(SecretId="checked", ResourcePolicy=policy(Principal="*"))
    assert (public["PolicyValidationPassed"], len(public["ValidationErrors"])) == (False, 1)
    put = {"SecretId": "checked", "ResourcePolicy": policy(Principal={"AWS": "*"})}
    assert refusal(secrets.put_resource_policy, **put, BlockPublicPolicy=True)[0] == "PublicPolicyException"
    secrets.put_resource_policy(**put)
    assert refusal(secrets.validate_resource_policy, ResourcePolicy="{")[0] == "MalformedPolicyDocumentException"
    assert refusal(secrets.validate_resource_policy, SecretId="none", ResourcePolicy=policy(Principal="*"))[0] == (
        "ResourceNotFoundException"
    )
